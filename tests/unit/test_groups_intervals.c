/*
 * Groups that take turns under the same flows, as in a live capture: generations, what ends
 * in a later interval than its samples, and random traffic cut into intervals and threads,
 * which must merge into what one set of groups has of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "groups_helper.h"

static void user_data_of_an_earlier_generation(void **state)
{
	struct groups *groups = make_groups((struct groups_options){0});
	struct test_flow flows[100];

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		flows[i] = make_flow(v4(1, i), 1, v4(2, i), 2);
		give(groups, &flows[i], 0, 1000 + i);
		give(groups, &flows[i], 1, 2000 + i);
	}
	assert_int_equal(group_count(groups), 200);
	groups_reset(groups, 1);
	assert_int_equal(group_count(groups), 0);
	assert_int_equal(groups_options(groups)->generation, 1);

	/* Another order than before, so that an old number would be another group. */
	for (unsigned i = 100; i-- > 50;) {
		give(groups, &flows[i], 0, i);
		give(groups, &flows[i], 0, i);
	}
	assert_int_equal(group_count(groups), 50);
	for (unsigned i = 0; i < 50; i++) {
		const struct group *group = group_at(groups, i);

		assert_int_equal(group->key.sender.bytes[3], 99 - i);
		assert_int_equal(group->number, i);
		assert_int_equal(network_count(group), 2);
		assert_int_equal(series_max(&group->summary.series[TCPM_CLASS_NETWORK]), 99 - i);
	}
	/* And their ends, with user data of this generation and of the one before. */
	for (unsigned i = 0; i < 100; i++)
		finish(groups, &flows[i], 4, 8);
	assert_int_equal(group_count(groups), 200);
	for (size_t i = 0; i < 200; i++) {
		const struct group *group = group_at(groups, i);
		bool sampled = i < 50;

		assert_int_equal(network_count(group), sampled ? 2 : 0);
		assert_int_equal(group->summary.flows, 1);
		assert_int_equal(group->summary.totals.segments,
				 (sampled ? 2u : 0u) + (group->key.sender.bytes[2] == 1 ? 4u : 8u));
	}
	groups_free(groups);
}

static void reset_forgets_all(void **state)
{
	struct groups *groups = make_groups((struct groups_options){.max_groups = 1});
	struct test_flow one = make_flow(v4(1, 1), 1, v4(2, 1), 2);
	struct test_flow two = make_flow(v4(1, 2), 1, v4(2, 1), 2);
	struct test_flow never = make_flow(v4(1, 3), 1, v4(2, 1), 2);

	(void)state;
	give(groups, &one, 0, 5);
	give(groups, &two, 0, 7);
	finish(groups, &never, 10, 20);
	assert_int_equal(network_count(groups_other(groups)), 1);
	assert_int_equal(groups_tally(groups)->flows, 1);
	groups_reset(groups, 9);
	assert_int_equal(group_count(groups), 0);
	assert_null(groups_other(groups));
	assert_null(groups_find(groups, &(struct group_key){0}));
	assert_tally_same(groups_tally(groups), &(struct groups_tally){0});
	/* What was in "other" may now be the one group, and the other way round. */
	give(groups, &two, 0, 7);
	give(groups, &one, 0, 5);
	assert_int_equal(group_at(groups, 0)->key.sender.bytes[3], 2);
	assert_int_equal(network_count(group_at(groups, 0)), 1);
	assert_int_equal(network_count(groups_other(groups)), 1);
	assert_int_equal(series_max(&groups_other(groups)->summary.series[TCPM_CLASS_NETWORK]), 5);
	/* Twice, and of no groups, is fine. */
	groups_reset(groups, 10);
	groups_reset(groups, 11);
	groups_free(groups);
}

/* The generations that count. */
static void first_and_last_generation(void **state)
{
	static const uint32_t generations[] = {0, 1, INT32_MAX, UINT32_MAX - 1, UINT32_MAX, 7};
	struct groups *groups = make_groups((struct groups_options){0});
	struct test_flow one = make_flow(v4(1, 1), 1, v4(2, 1), 2);
	struct test_flow two = make_flow(v4(1, 2), 1, v4(2, 1), 2);

	(void)state;
	for (size_t i = 0; i < sizeof(generations) / sizeof(generations[0]); i++) {
		groups_reset(groups, generations[i]);
		for (unsigned j = 0; j < 3; j++) {
			give(groups, i % 2 ? &two : &one, 0, 5);
			give(groups, i % 2 ? &one : &two, 0, 5);
		}
		assert_int_equal(group_count(groups), 2);
		assert_int_equal(network_count(group_at(groups, 0)), 3);
		assert_int_equal(network_count(group_at(groups, 1)), 3);
		assert_int_equal(group_at(groups, 0)->key.sender.bytes[3], i % 2 ? 2 : 1);
	}
	groups_free(groups);
}

/* Two objects of different generations under one set of flows: never does one see a word
 * of the other's. */
static void two_take_turns(void **state)
{
	struct groups *groups[2] = {make_groups((struct groups_options){.generation = 0}),
				    make_groups((struct groups_options){.generation = 1})};
	struct test_flow flows[20];

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		flows[i] = make_flow(v4(1, i), 1, v4(2, 1), 2);
	/* The second one holds other flows, and fewer, under the same numbers. */
	for (unsigned i = 0; i < 20; i++)
		give(groups[0], &flows[i], 0, 1);
	for (unsigned i = 20; i-- > 15;)
		give(groups[1], &flows[i], 0, 2);
	for (unsigned round = 0; round < 10; round++)
		for (unsigned i = 0; i < 20; i++)
			give(groups[(round + i) % 2], &flows[i], 0, 3);
	for (unsigned turn = 0; turn < 2; turn++) {
		assert_int_equal(group_count(groups[turn]), 20);
		for (unsigned i = 0; i < 20; i++) {
			const struct group *group = group_at(groups[turn], i);
			bool first = turn == 0 || group->key.sender.bytes[3] >= 15;

			assert_int_equal(network_count(group), first ? 6 : 5);
		}
		groups_free(groups[turn]);
	}
}

/* What a flow's end adds to: its group of now, a new one if its sample was before, the
 * group of others if it never had one, or else the tally. */
static void ends_in_a_later_interval(void **state)
{
	struct groups *groups = make_groups((struct groups_options){0});
	struct test_flow before = make_flow(v4(1, 1), 1, v4(2, 1), 2);
	struct test_flow never = make_flow(v4(1, 1), 2, v4(2, 1), 2);
	struct test_flow alone = make_flow(v4(1, 9), 2, v4(2, 9), 2);

	(void)state;
	give(groups, &before, 0, 5);
	finish(groups, &never, 1, 2);
	assert_int_equal(group_at(groups, 0)->summary.flows, 1);
	assert_int_equal(group_at(groups, 0)->summary.totals.segments, 2);
	assert_int_equal(groups_tally(groups)->totals.segments, 2);
	assert_int_equal(groups_tally(groups)->flows, 0);

	groups_reset(groups, 1);
	finish(groups, &never, 10, 20); /* nobody's group is there in this interval */
	assert_int_equal(group_count(groups), 0);
	assert_int_equal(groups_tally(groups)->flows, 1);
	assert_int_equal(groups_tally(groups)->totals.segments, 30);
	finish(groups, &before, 100, 200); /* had a sample once: makes a group, one way */
	assert_int_equal(group_count(groups), 1);
	assert_int_equal(summary_samples(&group_at(groups, 0)->summary), 0);
	assert_int_equal(group_at(groups, 0)->summary.flows, 1);
	assert_int_equal(group_at(groups, 0)->summary.totals.segments, 100);
	assert_int_equal(groups_tally(groups)->flows, 1);
	assert_int_equal(groups_tally(groups)->totals.segments, 230);
	finish(groups, &never, 1000, 2000); /* joins it */
	assert_int_equal(group_count(groups), 1);
	assert_int_equal(group_at(groups, 0)->summary.flows, 2);
	assert_int_equal(group_at(groups, 0)->summary.totals.segments, 1100);
	assert_int_equal(groups_tally(groups)->totals.segments, 2230);
	finish(groups, &alone, 1, 1);
	assert_int_equal(groups_tally(groups)->flows, 2);
	groups_free(groups);
}

/* At the cap such an end goes to "other", which is there then, without a sample. */
static void ends_at_the_cap_are_not_lost(void **state)
{
	struct groups *groups = make_groups((struct groups_options){.max_groups = 1});
	struct groups *total = make_groups((struct groups_options){.max_groups = 1});
	struct test_flow one = make_flow(v4(1, 1), 1, v4(2, 1), 2);
	struct test_flow two = make_flow(v4(1, 2), 1, v4(2, 2), 2);

	(void)state;
	give(groups, &one, 0, 5);
	groups_reset(groups, 1);
	give(groups, &two, 0, 5);
	assert_null(groups_other(groups));
	finish(groups, &one, 40, 0);
	assert_int_equal(group_count(groups), 1);
	assert_non_null(groups_other(groups));
	assert_int_equal(groups_other(groups)->summary.flows, 1);
	assert_int_equal(groups_other(groups)->summary.totals.segments, 40);
	assert_int_equal(summary_samples(&groups_other(groups)->summary), 0);
	assert_int_equal(groups_tally(groups)->other_for_cap, 0);
	groups_merge(total, groups);
	assert_groups_same(total, groups);
	groups_free(groups);
	groups_free(total);
}

static void merging_into_nothing_copies(void **state)
{
	struct groups *from = make_groups((struct groups_options){.max_groups = 2});
	struct groups *into = make_groups((struct groups_options){.max_groups = 2});
	struct groups *empty = make_groups((struct groups_options){.max_groups = 2});
	struct test_flow flow;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		flow = make_flow(v4(1, i), 1, v4(2, 1), 2);
		give(from, &flow, 0, 100 * i);
		finish(from, &flow, i, 10);
	}
	groups_merge(into, from);
	assert_groups_same(into, from);
	assert_int_equal(groups_tally(into)->other_for_cap, 3);
	assert_int_equal(groups_tally(into)->totals.segments, 50);
	assert_ptr_not_equal(group_at(into, 0), group_at(from, 0));
	groups_merge(into, empty);
	assert_groups_same(into, from);
	/* What was merged stays when its source goes. */
	groups_reset(from, 1);
	groups_free(from);
	assert_int_equal(series_max(&group_at(into, 1)->summary.series[TCPM_CLASS_NETWORK]), 100);
	assert_int_equal(network_count(groups_other(into)), 3);
	groups_free(into);
	groups_free(empty);
}

/* Groups for which there is no room are counted, with all their samples, as "other". */
static void merging_beyond_the_cap(void **state)
{
	struct groups *from = make_groups((struct groups_options){.max_groups = 10});
	struct groups *into = make_groups((struct groups_options){.max_groups = 3});
	struct test_flow flow;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		flow = make_flow(v4(1, i), 1, v4(2, 1), 2);
		give(into, &flow, 0, 5);
	}
	for (unsigned i = 1; i < 6; i++) {
		flow = make_flow(v4(1, i), 1, v4(2, 1), 2);
		for (unsigned j = 0; j < i; j++)
			give(from, &flow, 0, 5);
		finish(from, &flow, 100, 0);
	}
	groups_merge(into, from);
	assert_int_equal(group_count(into), 3);
	assert_int_equal(network_count(group_at(into, 1)), 1 + 1);
	assert_int_equal(network_count(group_at(into, 2)), 2);
	assert_int_equal(network_count(groups_other(into)), 3 + 4 + 5);
	assert_int_equal(groups_other(into)->summary.totals.segments, 3 * 100 + 3 + 4 + 5);
	assert_int_equal(groups_other(into)->summary.flows, 3);
	assert_int_equal(groups_tally(into)->other_for_cap, 12);
	assert_int_equal(groups_tally(into)->other_for_memory, 0);
	groups_free(from);
	groups_free(into);
}

/* ---- random traffic ---- */

#define FLOWS       60
#define MOST_SHARES 3

/* A capturing thread: its flows, and groups that take turns (src/pipeline/worker.c). */
struct partition_thread {
	struct test_flow flows[FLOWS];
	struct groups *now;
	struct groups *next;
};

/* All of a live run (src/app/run_live.c), beside groups that get everything by themselves. */
struct world {
	struct groups_options options;
	struct partition_thread shares[MOST_SHARES];
	size_t share_count;
	struct test_flow alike[MOST_SHARES][FLOWS]; /* the same flows, for `whole` */
	struct groups *interval;
	struct groups *total;
	struct groups *whole;
	uint32_t generation;
	uint64_t seed;
	int64_t now_ns;
	/* Counted apart. */
	uint64_t samples;
	struct tcpm_totals sent;
};

static void world_init(struct world *world, struct groups_options options, size_t shares,
		       uint64_t seed)
{
	memset(world, 0, sizeof(*world));
	world->options = options;
	world->share_count = shares;
	world->seed = seed;
	world->interval = make_groups(options);
	world->total = make_groups(options);
	world->whole = make_groups(options);
	for (size_t i = 0; i < shares; i++) {
		world->shares[i].now = make_groups(options);
		world->shares[i].next = make_groups(options);
	}
}

static void world_done(struct world *world)
{
	for (size_t i = 0; i < world->share_count; i++) {
		groups_free(world->shares[i].now);
		groups_free(world->shares[i].next);
	}
	groups_free(world->interval);
	groups_free(world->total);
	groups_free(world->whole);
}

static struct tcpm_totals random_totals(struct world *world)
{
	struct tcpm_totals totals = {.segments = random_next(&world->seed) % 50};

	totals.retransmitted = totals.segments / 3;
	totals.out_of_order = totals.segments / 7;
	totals_add(&world->sent, &totals);
	return totals;
}

static void world_sample(struct world *world, size_t share, unsigned number, unsigned sender)
{
	struct test_flow *flow = &world->shares[share].flows[number];
	struct test_flow *alike = &world->alike[share][number];
	struct tcpm_sample sample = {
		.time_ns = ++world->now_ns,
		.rtt_ns = (int64_t)(random_next(&world->seed) % 1000000),
		.previous_ns = (int64_t)(random_next(&world->seed) % 1000) - 1,
		.flow = &flow->id,
		.user_data = &flow->user_data[sender],
		.sent = random_totals(world),
		.interface = flow->id.interface,
		.sender = (uint8_t)sender,
		.class_ = random_next(&world->seed) % 3 ? TCPM_CLASS_NETWORK : TCPM_CLASS_RESPONSE,
	};

	groups_sample(world->shares[share].now, &sample);
	sample.flow = &alike->id;
	sample.user_data = &alike->user_data[sender];
	groups_sample(world->whole, &sample);
	world->samples++;
}

static void world_close(struct world *world, size_t share, unsigned number)
{
	struct test_flow *flow = &world->shares[share].flows[number];
	struct test_flow *alike = &world->alike[share][number];
	struct tcpm_closed closed = {
		.flow = &flow->id,
		.totals = {random_totals(world), random_totals(world)},
		.user_data = {&flow->user_data[0], &flow->user_data[1]},
	};

	groups_closed(world->shares[share].now, &closed);
	closed.flow = &alike->id;
	closed.user_data[0] = &alike->user_data[0];
	closed.user_data[1] = &alike->user_data[1];
	groups_closed(world->whole, &closed);
}

/* The same flow for the share and for `whole`; it has had no sample. */
static void world_open(struct world *world, size_t share, unsigned number, struct test_flow flow)
{
	world->shares[share].flows[number] = flow;
	world->alike[share][number] = flow;
}

/* An interval ends: each share puts its next groups in the place of those of now, which go
 * to the interval, and by it to the total. */
static void world_turn(struct world *world)
{
	world->generation++;
	groups_reset(world->interval, 0);
	for (size_t i = 0; i < world->share_count; i++) {
		struct partition_thread *share = &world->shares[i];
		struct groups *handed = share->now;

		groups_reset(share->next, world->generation);
		share->now = share->next;
		share->next = handed;
		groups_merge(world->interval, handed);
	}
	groups_merge(world->total, world->interval);
}

/* A flow between few hosts, of either version, maybe in a network of its own. */
static struct test_flow random_flow(struct world *world, unsigned hosts)
{
	uint64_t *seed = &world->seed;
	unsigned third = (unsigned)(random_next(seed) % 3);
	struct test_flow flow =
		make_flow(v4(third, (unsigned)(random_next(seed) % hosts)),
			  (uint16_t)(1000 + random_next(seed) % 3),
			  v4(third + 3, (unsigned)(random_next(seed) % hosts)), 443);

	if (random_next(seed) % 3 == 0)
		flow.id.address[0].version = flow.id.address[1].version = 6;
	if (random_next(seed) % 3 == 0) {
		flow.id.label_kind[0] = TCPM_LABEL_VLAN;
		flow.id.label[0] = 1 + (uint32_t)(random_next(seed) % 2);
	}
	flow.id.interface = (uint32_t)(random_next(seed) % 2);
	return flow;
}

/* Flows of which both directions have samples, then end, some of them much later; and a
 * scan of hosts that nobody else speaks with. Whoever never had a sample would, in one set
 * of groups, join those of intervals long past: that is the one difference there may be,
 * and here there are none. */
static void run_world(struct world *world, unsigned steps, unsigned hosts)
{
	for (size_t i = 0; i < world->share_count; i++) {
		for (unsigned j = 0; j < FLOWS; j++) {
			world_open(world, i, j, random_flow(world, hosts));
			world_sample(world, i, j, 0);
			world_sample(world, i, j, 1);
		}
	}
	for (unsigned step = 0; step < steps; step++) {
		size_t share = random_next(&world->seed) % world->share_count;
		unsigned number = (unsigned)(random_next(&world->seed) % FLOWS);
		struct test_flow scan = random_flow(world, hosts);

		switch (random_next(&world->seed) % 20) {
		case 0:
			world_turn(world);
			break;
		case 1:
			scan.id.address[1].bytes[1] = 99;
			scan.id.address[0].bytes[1] = 98;
			world_close(world, share, number);
			world_open(world, share, number, scan);
			world_close(world, share, number);
			/* fall through */
		case 2:
			if (world->shares[share].flows[number].user_data[0])
				world_close(world, share, number);
			world_open(world, share, number, random_flow(world, hosts));
			world_sample(world, share, number, 0);
			world_sample(world, share, number, 1);
			break;
		default:
			world_sample(world, share, number,
				     (unsigned)(random_next(&world->seed) % 2));
		}
	}
	world_turn(world);
}

/* Nothing is lost or doubled: samples and segments of all groups, "other" and the tally. */
static void assert_sums(const struct groups *groups, const struct world *world)
{
	const struct group *other = groups_other(groups);
	struct tcpm_totals sent = groups_tally(groups)->totals;
	uint64_t samples = 0;

	for (size_t i = 0; i < group_count(groups); i++) {
		samples += summary_samples(&group_at(groups, i)->summary);
		totals_add(&sent, &group_at(groups, i)->summary.totals);
	}
	if (other) {
		samples += summary_samples(&other->summary);
		totals_add(&sent, &other->summary.totals);
		assert_int_equal(summary_samples(&other->summary),
				 groups_tally(groups)->other_for_cap);
	}
	assert_int_equal(groups_tally(groups)->other_for_memory, 0);
	assert_int_equal(groups_tally(groups)->without_histogram, 0);
	assert_int_equal(samples, world->samples);
	assert_totals_same(&sent, &world->sent);
}

static void intervals_of_each_grouping(void **state)
{
	(void)state;
	for (unsigned by = 0; by < 4 * GROUPS_BYS; by++) {
		const struct groups_options options = {
			.by = {.hosts = (enum groups_by)(by % GROUPS_BYS),
			       .interface = by / GROUPS_BYS & 1,
			       .tunnel = by / GROUPS_BYS & 2,
			       .prefix_v4 = 25,
			       .prefix_v6 = 26},
		};

		for (size_t shares = 1; shares <= MOST_SHARES; shares++) {
			struct world world;

			world_init(&world, options, shares, 1 + by);
			run_world(&world, 3000, 40);
			assert_true(world.generation > 50);
			assert_true(group_count(world.whole) > 2);
			assert_true(groups_tally(world.whole)->flows > 20);
			assert_groups_same(world.total, world.whole);
			assert_sums(world.total, &world);
			assert_sums(world.whole, &world);
			world_done(&world);
		}
	}
}

/* Samples of local hosts and remote ones, which are the same in all intervals. */
static void intervals_with_sides(void **state)
{
	const struct prefix all[] = {{.bits = 24, .address = v4(0, 0)},
				     {.bits = 25, .address = v4(4, 0)}};
	struct prefix_set local;

	(void)state;
	assert_int_equal(prefix_set_init(&local, all, 2), 0);
	for (unsigned by = 0; by < GROUPS_BYS; by++) {
		struct world world;
		unsigned sides[GROUP_SIDES] = {0};

		world_init(&world,
			   (struct groups_options){.by = {.hosts = (enum groups_by)by,
							  .prefix_v4 = 25,
							  .prefix_v6 = 25},
						   .local = &local},
			   2, 77);
		run_world(&world, 3000, 256);
		assert_groups_same(world.total, world.whole);
		for (size_t i = 0; i < group_count(world.total); i++)
			sides[group_at(world.total, i)->key.side]++;
		assert_true(sides[GROUP_SIDE_NONE] && sides[GROUP_SIDE_REMOTE] &&
			    sides[GROUP_SIDE_LOCAL]);
		world_done(&world);
	}
	prefix_set_done(&local);
}

/* Hosts come and go, so that few have samples in an interval, but many in all: only the
 * total is at its cap, and the same hosts as without intervals find room. One way only,
 * for a flow with both ways in "other" is one flow, but two of an interval's groups. */
static void intervals_at_the_cap_of_the_total(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, (struct groups_options){.max_groups = 100}, 1, 5);
	for (unsigned interval = 0; interval < 60; interval++) {
		for (unsigned i = 0; i < 20; i++) {
			unsigned host = (interval * 5 + i) % 250;

			world_open(&world, 0, i, make_flow(v4(1, host), 1, v4(2, 1), 2));
			for (uint64_t n = random_next(&world.seed) % 4; n <= 4; n++)
				world_sample(&world, 0, i, 0);
			if (i % 2)
				world_close(&world, 0, i);
		}
		world_turn(&world);
		/* The others end in the next interval, without a sample in it. */
		for (unsigned i = 0; i < 20; i += 2)
			world_close(&world, 0, i);
	}
	world_turn(&world);
	assert_int_equal(group_count(world.total), 100);
	assert_true(groups_tally(world.total)->other_for_cap > 1000);
	assert_groups_same(world.total, world.whole);
	/* In the same order, too. */
	for (size_t i = 0; i < 100; i++)
		assert_memory_equal(&group_at(world.total, i)->key, &group_at(world.whole, i)->key,
				    sizeof(struct group_key));
	assert_sums(world.total, &world);
	assert_sums(world.whole, &world);
	world_done(&world);
}

/* All at the cap, flows with samples one way, both or none: who is told apart depends on
 * the order, but nothing is lost. */
static void sums_at_any_cap(void **state)
{
	(void)state;
	for (size_t cap = 1; cap < 200; cap = cap * 3 / 2 + 1) {
		struct world world;

		world_init(&world, (struct groups_options){.max_groups = cap}, MOST_SHARES, cap);
		for (size_t i = 0; i < MOST_SHARES; i++)
			for (unsigned j = 0; j < FLOWS; j++)
				world_open(&world, i, j, random_flow(&world, 60));
		for (unsigned step = 0; step < 5000; step++) {
			size_t share = random_next(&world.seed) % MOST_SHARES;
			unsigned number = (unsigned)(random_next(&world.seed) % FLOWS);
			uint64_t what = random_next(&world.seed) % 30;

			if (what == 0) {
				world_turn(&world);
			} else if (what < 6) {
				world_close(&world, share, number);
				world_open(&world, share, number, random_flow(&world, 60));
			} else {
				world_sample(&world, share, number, what % 4 == 0);
			}
		}
		world_turn(&world);
		assert_in_range(group_count(world.total), 1, cap);
		assert_sums(world.total, &world);
		assert_sums(world.whole, &world);
		world_done(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(user_data_of_an_earlier_generation),
		cmocka_unit_test(reset_forgets_all),
		cmocka_unit_test(first_and_last_generation),
		cmocka_unit_test(two_take_turns),
		cmocka_unit_test(ends_in_a_later_interval),
		cmocka_unit_test(ends_at_the_cap_are_not_lost),
		cmocka_unit_test(merging_into_nothing_copies),
		cmocka_unit_test(merging_beyond_the_cap),
		cmocka_unit_test(intervals_of_each_grouping),
		cmocka_unit_test(intervals_with_sides),
		cmocka_unit_test(intervals_at_the_cap_of_the_total),
		cmocka_unit_test(sums_at_any_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
