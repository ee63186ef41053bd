/*
 * What several engines measured of one capture, put together: held in every number against
 * groups that were given all of it. Each pair of hosts is of one part, as it is with shares.
 */
#include "groups_helper.h"

enum { PARTS_MOST = 3 };

/* The one that sees all, and the parts. */
struct twins {
	struct groups *one;
	struct groups *parts[PARTS_MOST];
	size_t count;
	uint64_t order; /* of the frame that was last */
	uint64_t seed;
};

/* A flow, with an engine's words for the one and for its part. */
struct twin_flow {
	struct test_flow one;
	struct test_flow part;
	int64_t previous[2][TCPM_CLASSES];
};

/* Events, the same ones whenever they are played. */
typedef void script(struct twins *twins);

static void start(struct twins *twins, struct groups_options options, size_t count)
{
	*twins = (struct twins){.count = count, .seed = 4711};
	options.part = false;
	twins->one = make_groups(options);
	options.part = true;
	for (size_t i = 0; i < count; i++)
		twins->parts[i] = make_groups(options);
}

static void stop(struct twins *twins)
{
	groups_free(twins->one);
	for (size_t i = 0; i < twins->count; i++)
		groups_free(twins->parts[i]);
}

static struct twin_flow open_flow(unsigned a, unsigned port_a, unsigned b, unsigned port_b)
{
	struct twin_flow flow = {
		.one = make_flow(v4(0, a), (uint16_t)port_a, v4(0, b), (uint16_t)port_b)};

	flow.part = flow.one;
	memset(flow.previous, -1, sizeof(flow.previous));
	return flow;
}

/* The part of two hosts, whichever of them sends. */
static struct groups *part_of(const struct twins *twins, const struct twin_flow *flow)
{
	const struct tcpm_address *hosts = flow->one.id.address;

	return twins->parts[(hosts[0].bytes[3] + hosts[1].bytes[3]) % twins->count];
}

static void measure_on(struct twins *twins, struct twin_flow *flow, unsigned sender, int64_t rtt_ns,
		       unsigned class_, uint32_t interface)
{
	struct tcpm_sample sample = {
		.time_ns = (int64_t)++twins->order * 1000,
		.rtt_ns = rtt_ns,
		.previous_ns = flow->previous[sender][class_],
		.order = twins->order,
		.flow = &flow->one.id,
		.user_data = &flow->one.user_data[sender],
		.sent = {1 + twins->order % 5, twins->order % 3, twins->order % 2},
		.interface = interface,
		.sender = (uint8_t)sender,
		.class_ = (uint8_t)class_,
	};
	enum group_side side = groups_sample(twins->one, &sample);

	sample.flow = &flow->part.id;
	sample.user_data = &flow->part.user_data[sender];
	assert_int_equal(groups_sample(part_of(twins, flow), &sample), side);
	flow->previous[sender][class_] = rtt_ns;
}

static void measure(struct twins *twins, struct twin_flow *flow, unsigned sender, int64_t rtt_ns)
{
	measure_on(twins, flow, sender, rtt_ns, TCPM_CLASS_NETWORK, flow->one.id.interface);
}

static void end(struct twins *twins, const struct twin_flow *flow, uint64_t segments0,
		uint64_t segments1)
{
	twins->order++;
	finish(twins->one, &flow->one, segments0, segments1);
	finish(part_of(twins, flow), &flow->part, segments0, segments1);
}

/* A flow without any sample, from its beginning to its end. */
static void silent(struct twins *twins, unsigned a, unsigned b)
{
	const struct twin_flow flow = open_flow(a, 1, b, 2);

	end(twins, &flow, 100, 200);
}

/* ---- comparison ---- */

static void assert_view(const struct groups *view, const struct groups *one)
{
	const struct group *other = groups_other(view);

	assert_int_equal(group_count(view), group_count(one));
	for (size_t i = 0; i < group_count(one); i++) {
		const struct group *group = group_at(view, i);

		assert_memory_equal(&group->key, &group_at(one, i)->key, sizeof(group->key));
		assert_summary_same(&group->summary, &group_at(one, i)->summary);
		assert_false(group_is_other(group));
	}
	assert_int_equal(other != NULL, groups_other(one) != NULL);
	if (other) {
		assert_summary_same(&other->summary, &groups_other(one)->summary);
		assert_true(group_is_other(other));
	}
	assert_tally_same(groups_tally(view), groups_tally(one));
	assert_int_equal(groups_options(view)->max_groups, groups_options(one)->max_groups);
}

/* Twice, as the parts must stay as they are. */
static void assert_joined(const struct twins *twins)
{
	for (int times = 0; times < 2; times++) {
		struct groups *view = make_groups(*groups_options(twins->parts[0]));

		assert_int_equal(groups_join(view, twins->parts, twins->count), 0);
		assert_view(view, twins->one);
		groups_free(view);
	}
}

static void play_with(struct groups_options options, script *play)
{
	struct twins twins;

	for (size_t count = 1; count <= PARTS_MOST; count++) {
		start(&twins, options, count);
		play(&twins);
		assert_joined(&twins);
		stop(&twins);
	}
}

/* With every cap, and without one that is reached. */
static void play_all(script *play)
{
	static const size_t caps[] = {0, 1, 2, 3, 7, 50};
	static const struct group_by bys[] = {
		{.hosts = GROUPS_BY_HOSTS},
		{.hosts = GROUPS_BY_FLOW},
		{.hosts = GROUPS_BY_HOSTS, .interface = true},
	};

	for (size_t i = 0; i < sizeof(bys) / sizeof(bys[0]); i++)
		for (size_t j = 0; j < sizeof(caps) / sizeof(caps[0]); j++)
			play_with((struct groups_options){.by = bys[i], .max_groups = caps[j]},
				  play);
}

/* ---- scripts ---- */

static void nothing(struct twins *twins)
{
	(void)twins;
}

static void nothing_but_silence(struct twins *twins)
{
	silent(twins, 1, 2);
	silent(twins, 1, 3);
	silent(twins, 4, 4);
}

/* All but one of the parts are empty. */
static void one_pair(struct twins *twins)
{
	struct twin_flow flow = open_flow(1, 10, 2, 20);

	measure(twins, &flow, 0, 1000);
	measure(twins, &flow, 1, 2000);
	measure(twins, &flow, 0, 500000);
	end(twins, &flow, 7, 9);
}

/* First samples by turns in all the parts, and later ones in another order. */
static void pairs_by_turns(struct twins *twins)
{
	struct twin_flow flows[9];

	for (unsigned i = 0; i < 9; i++) {
		flows[i] = open_flow(1, i, 10 + i % 5, 20);
		measure(twins, &flows[i], i % 2, 1000 + i);
		measure(twins, &flows[i], i % 2, 9000 + i);
	}
	for (unsigned i = 9; i-- > 0;) {
		measure(twins, &flows[i], i % 3 == 0, 70000 * i);
		end(twins, &flows[i], i, 100 + i);
	}
}

/* Only one direction of a pair has samples: of the first pairs, of those beyond the cap. */
static void one_direction(struct twins *twins)
{
	for (unsigned i = 0; i < 12; i++) {
		struct twin_flow flow = open_flow(i, 10, i + 1 + i % 2, 20);
		struct twin_flow again = open_flow(i, 11, i + 1 + i % 2, 20);

		measure(twins, &flow, i / 2 % 2, 1000 * (int64_t)i);
		measure(twins, &again, i / 2 % 2, 3000 * (int64_t)i);
		end(twins, &flow, 3, 5);
		end(twins, &again, 30, 50);
	}
}

/* The first direction of a pair comes early and the second one late, beyond the cap; what ends
 * without a sample, before and after each. */
static void two_directions_apart(struct twins *twins)
{
	for (unsigned turned = 0; turned < 2; turned++) {
		for (unsigned i = 0; i < 5; i++) {
			unsigned a = 20 * turned + i;
			unsigned b = a + 10 + i % 2;
			struct twin_flow flow = open_flow(a, 10, b, 20);
			struct twin_flow rest = open_flow(a, 11, b, 20);

			silent(twins, a, b);
			measure(twins, &flow, turned, 1000);
			silent(twins, a, b);
			silent(twins, b, a);
			measure(twins, &rest, !turned, 2000);
			silent(twins, a, b);
			silent(twins, b, a);
			end(twins, &flow, 11, 13);
			end(twins, &rest, 17, 19);
		}
	}
}

/* Flows without a sample: of pairs that have no group yet, one, or two, in the order of their
 * groups or against it. By flow, it is the same flow once more that finds a group. */
static void ends_without_a_sample(struct twins *twins)
{
	for (unsigned i = 0; i < 10; i++) {
		struct twin_flow flow = open_flow(i, 1, 30 + 2 * i, 2);
		const struct twin_flow same = flow;
		const struct twin_flow back = open_flow(30 + 2 * i, 2, i, 1);

		end(twins, &same, 1, 2);
		measure(twins, &flow, i % 2, 5000);
		end(twins, &same, 10, 20);
		end(twins, &back, 100, 200);
		measure(twins, &flow, !(i % 2), 6000);
		end(twins, &same, 1000, 2000);
		end(twins, &back, 10000, 20000);
		end(twins, &flow, 100000, 200000);
	}
}

/* A host that talks to itself: grouped by hosts, both directions are one group. */
static void loopback(struct twins *twins)
{
	for (unsigned i = 0; i < 8; i++) {
		struct twin_flow flow = open_flow(i, 1, i, 2);
		struct twin_flow first = open_flow(i, 3, i, 2);
		struct twin_flow second = open_flow(i, 4, i, 2);
		const struct twin_flow same = flow;

		silent(twins, i, i);
		measure(twins, &flow, i % 2, 1000);
		end(twins, &same, 2, 3);
		measure(twins, &flow, !(i % 2), 2000);
		measure(twins, &first, 0, 3000);
		measure(twins, &second, 1, 4000);
		end(twins, &same, 20, 30);
		end(twins, &flow, 200, 300);
		end(twins, &first, 2000, 3000);
		end(twins, &second, 20000, 30000);
	}
}

/* ---- a stream of chance ---- */

static unsigned chance(struct twins *twins, unsigned below)
{
	return (unsigned)(random_next(&twins->seed) % below);
}

/* Few hosts talk to many, many to few; some to themselves. Few ports: names come again. */
static struct twin_flow any_flow(struct twins *twins)
{
	unsigned a = chance(twins, 1 + chance(twins, 15));
	unsigned b = chance(twins, 15);
	unsigned port = chance(twins, 3);
	struct twin_flow flow = open_flow(a, port, b, 5 + chance(twins, 2));

	flow.one.id.interface = a % 4 == 0;
	if (chance(twins, 4) == 0) {
		flow.one.id.label_kind[0] = TCPM_LABEL_VLAN;
		flow.one.id.label[0] = 7;
	}
	flow.part.id = flow.one.id;
	return flow;
}

/* Of the flows, a third stay silent and a third have samples in one direction. A loopback flow
 * is seen on one interface, others now and then on another one. */
static void any_sample(struct twins *twins, struct twin_flow *flow, unsigned kind)
{
	const struct tcpm_flow_id *id = &flow->one.id;
	unsigned sender = kind % 3 == 1 ? kind / 3 % 2 : chance(twins, 2);
	bool loops = id->address[0].bytes[3] == id->address[1].bytes[3];
	uint32_t interface = !loops && chance(twins, 30) == 0 ? 2 : id->interface;
	int64_t rtt_ns = (int64_t)(random_next(&twins->seed) >> 30);
	unsigned class_ = chance(twins, 3) ? TCPM_CLASS_NETWORK : TCPM_CLASS_RESPONSE;

	rtt_ns >>= chance(twins, 30);
	if (kind % 3)
		measure_on(twins, flow, sender, rtt_ns, class_, interface);
}

static void stream(struct twins *twins)
{
	enum { OPEN = 40 };
	struct twin_flow flows[OPEN];
	unsigned kinds[OPEN];

	for (unsigned i = 0; i < OPEN; i++) {
		flows[i] = any_flow(twins);
		kinds[i] = chance(twins, 6);
	}
	for (int events = 0; events < 8000; events++) {
		unsigned i = chance(twins, OPEN);

		if (chance(twins, 5)) {
			any_sample(twins, &flows[i], kinds[i]);
			continue;
		}
		end(twins, &flows[i], i, chance(twins, 50));
		flows[i] = any_flow(twins);
		kinds[i] = chance(twins, 6);
	}
	for (unsigned i = 0; i < OPEN; i++)
		end(twins, &flows[i], i, chance(twins, 50));
}

/* The stream has all that is looked for in it. */
static void assert_stream_worth(const struct groups *one, size_t max)
{
	const struct groups_tally *tally = groups_tally(one);

	assert_int_equal(groups_other(one) != NULL, max != 0);
	assert_true(tally->flows > 10);
	assert_true(tally->totals.segments > tally->flows);
	if (max) {
		assert_int_equal(group_count(one), max);
		assert_true(groups_other(one)->summary.flows > 100);
		assert_true(tally->other_for_cap > 500);
	} else {
		assert_true(group_count(one) > 150); /* origins have had to grow */
	}
}

/* ---- tests ---- */

static void empty_parts(void **state)
{
	(void)state;
	play_all(nothing);
	play_all(nothing_but_silence);
	play_all(one_pair);
}

static void order_of_groups(void **state)
{
	(void)state;
	play_all(pairs_by_turns);
}

static void directions_beyond_the_cap(void **state)
{
	(void)state;
	play_all(one_direction);
	play_all(two_directions_apart);
}

static void flows_without_a_sample(void **state)
{
	(void)state;
	play_all(ends_without_a_sample);
}

static void hosts_that_talk_to_themselves(void **state)
{
	(void)state;
	play_all(loopback);
}

static void streams_of_chance(void **state)
{
	struct twins twins;

	(void)state;
	play_all(stream);
	for (size_t max = 0; max <= 50; max += 10) {
		start(&twins, (struct groups_options){.max_groups = max}, 3);
		stream(&twins);
		assert_stream_worth(twins.one, max);
		stop(&twins);
	}
}

/* The numbers themselves: "other" has a flow once for each row it would have been in, and what
 * had no sample there goes to the tally. */
static void numbers_of_other(void **state)
{
	struct groups_options options = {.max_groups = 1};
	struct twin_flow kept = open_flow(1, 1, 2, 2);
	struct twin_flow both = open_flow(3, 1, 4, 2);
	struct twin_flow loops = open_flow(5, 1, 5, 2);
	struct groups *view = make_groups(options);
	struct twins twins;

	(void)state;
	start(&twins, options, 2);
	measure(&twins, &kept, 0, 1000);
	measure(&twins, &both, 0, 2000);
	measure(&twins, &both, 1, 4000);
	measure(&twins, &loops, 0, 3000);
	silent(&twins, 2, 1); /* joins the group that is kept, and is in no other row */
	silent(&twins, 3, 4); /* has no group, as those of its part go */
	end(&twins, &both, 5, 6);
	end(&twins, &loops, 7, 8); /* one row; its second direction has had no sample */
	assert_int_equal(groups_join(view, twins.parts, 2), 0);
	assert_int_equal(group_count(view), 1);
	assert_int_equal(group_at(view, 0)->summary.flows, 1);
	assert_int_equal(groups_other(view)->summary.flows, 3);
	assert_int_equal(network_count(groups_other(view)), 3);
	assert_int_equal(series_last(&groups_other(view)->summary.series[0]), 3000);
	assert_int_equal(groups_tally(view)->flows, 1);
	assert_int_equal(groups_tally(view)->totals.segments, 100 + 100 + 200 + 8);
	assert_int_equal(groups_tally(view)->other_for_cap, 3);
	groups_free(view);
	stop(&twins);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_parts),
		cmocka_unit_test(order_of_groups),
		cmocka_unit_test(directions_beyond_the_cap),
		cmocka_unit_test(flows_without_a_sample),
		cmocka_unit_test(hosts_that_talk_to_themselves),
		cmocka_unit_test(streams_of_chance),
		cmocka_unit_test(numbers_of_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
