/*
 * Grouping: who shares a group and who does not, what becomes of flows without a
 * sample, the cap, and the order of a ranking.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stats/groups.h"
#include "stats/ranking.h"

/* A flow of the tests: 10.0.A.a:pa and 10.0.B.b:pb, with its user data. */
struct test_flow {
	struct tcpm_flow_id id;
	uint64_t user_data[2];
};

static struct tcpm_address v4(unsigned third, unsigned last)
{
	return (struct tcpm_address){.version = 4, .bytes = {10, 0, (uint8_t)third, (uint8_t)last}};
}

static struct test_flow make_flow(struct tcpm_address a, uint16_t port_a, struct tcpm_address b,
				  uint16_t port_b)
{
	return (struct test_flow){.id = {.address = {a, b}, .port = {port_a, port_b}}};
}

static void give(struct groups *groups, struct test_flow *flow, unsigned sender, unsigned class_,
		 int64_t rtt_ns)
{
	const struct tcpm_sample sample = {
		.rtt_ns = rtt_ns,
		.previous_ns = -1,
		.flow = &flow->id,
		.user_data = &flow->user_data[sender],
		.sender = (uint8_t)sender,
		.class_ = (uint8_t)class_,
	};

	groups_sample(groups, &sample);
}

static void finish(struct groups *groups, const struct test_flow *flow, uint64_t segments0,
		   uint64_t segments1)
{
	const struct tcpm_closed closed = {
		.flow = &flow->id,
		.totals = {{segments0, segments0 / 2, segments0 / 4},
			   {segments1, segments1 / 2, segments1 / 4}},
		.user_data = {&flow->user_data[0], &flow->user_data[1]},
	};

	groups_closed(groups, &closed);
}

static struct groups *make_groups(enum groups_by by, size_t max)
{
	const struct groups_options options = {
		.by = {.hosts = by, .prefix_v4 = 24, .prefix_v6 = 48},
		.max_groups = max,
		.seed = 42,
	};
	struct groups *groups = NULL;

	assert_int_equal(groups_new(&options, &groups), 0);
	return groups;
}

static const struct group *group_at(const struct groups *groups, size_t index)
{
	size_t count;
	struct group *const *all = groups_all(groups, &count);

	assert_true(index < count);
	return all[index];
}

static size_t group_count(const struct groups *groups)
{
	size_t count;

	groups_all(groups, &count);
	return count;
}

static void test_hosts(void **state)
{
	(void)state;
	struct groups *groups = make_groups(GROUPS_BY_HOSTS, 0);
	struct test_flow one = make_flow(v4(1, 1), 1000, v4(1, 2), 80);
	struct test_flow two = make_flow(v4(1, 1), 1001, v4(1, 2), 80);

	give(groups, &one, 0, TCPM_CLASS_NETWORK, 100);
	give(groups, &one, 0, TCPM_CLASS_NETWORK, 200);
	give(groups, &two, 0, TCPM_CLASS_RESPONSE, 300);
	give(groups, &two, 1, TCPM_CLASS_NETWORK, 400);
	assert_int_equal(group_count(groups), 2);

	const struct group *forth = group_at(groups, 0);
	const struct group *back = group_at(groups, 1);

	assert_int_equal(forth->summary.series[TCPM_CLASS_NETWORK].count, 2);
	assert_int_equal(forth->summary.series[TCPM_CLASS_RESPONSE].count, 1);
	assert_int_equal(back->summary.series[TCPM_CLASS_NETWORK].count, 1);
	/* A direction's word is set by its first sample, and leads the next ones to the same
	 * group. */
	assert_int_not_equal(one.user_data[0], 0);
	assert_int_not_equal(two.user_data[0], 0);
	assert_int_not_equal(two.user_data[1], 0);
	assert_int_equal(one.user_data[1], 0);
	give(groups, &one, 0, TCPM_CLASS_RESPONSE, 500);
	give(groups, &two, 0, TCPM_CLASS_RESPONSE, 600);
	give(groups, &two, 1, TCPM_CLASS_RESPONSE, 700);
	assert_int_equal(group_count(groups), 2);
	assert_int_equal(forth->summary.series[TCPM_CLASS_RESPONSE].count, 3);
	assert_int_equal(series_max(&forth->summary.series[TCPM_CLASS_RESPONSE]), 600);
	assert_int_equal(back->summary.series[TCPM_CLASS_RESPONSE].count, 1);
	assert_int_equal(series_max(&back->summary.series[TCPM_CLASS_RESPONSE]), 700);
	assert_int_equal(back->key.sender.bytes[3], 2);
	assert_int_equal(back->key.receiver.bytes[3], 1);
	assert_int_equal(back->key.sender_port, 0);

	/* `one` has no sample of its own on the way back, but joins the group. */
	finish(groups, &one, 8, 4);
	finish(groups, &two, 80, 40);
	assert_int_equal(forth->summary.flows, 2);
	assert_int_equal(forth->summary.totals.segments, 88);
	assert_int_equal(forth->summary.totals.retransmitted, 44);
	assert_int_equal(forth->summary.totals.out_of_order, 22);
	assert_int_equal(back->summary.flows, 2);
	assert_int_equal(back->summary.totals.segments, 44);
	assert_int_equal(groups_tally(groups)->flows, 0);
	assert_int_equal(groups_tally(groups)->totals.segments, 0);
	assert_null(groups_other(groups));
	groups_free(groups);
}

static void test_flows_without_a_sample_make_no_group(void **state)
{
	(void)state;
	struct groups *groups = make_groups(GROUPS_BY_HOSTS, 0);
	struct test_flow known = make_flow(v4(1, 1), 1, v4(1, 2), 2);

	for (unsigned i = 0; i < 1000; i++) {
		struct test_flow scan = make_flow(v4(2, 1), 1, v4(3, i % 250), (uint16_t)i);

		finish(groups, &scan, 1, 0);
	}
	assert_int_equal(group_count(groups), 0);
	assert_int_equal(groups_tally(groups)->flows, 1000);
	assert_int_equal(groups_tally(groups)->totals.segments, 1000);

	/* One direction with a group: the flow is that group's, the other direction's
	 * segments are told apart. */
	give(groups, &known, 0, TCPM_CLASS_NETWORK, 1);
	finish(groups, &known, 10, 20);
	assert_int_equal(group_at(groups, 0)->summary.flows, 1);
	assert_int_equal(groups_tally(groups)->flows, 1000);
	assert_int_equal(groups_tally(groups)->totals.segments, 1020);
	assert_int_equal(groups_tally(groups)->totals.retransmitted, 10);
	groups_free(groups);
}

static void test_flow(void **state)
{
	(void)state;
	struct groups *groups = make_groups(GROUPS_BY_FLOW, 0);
	struct test_flow one = make_flow(v4(1, 1), 1000, v4(1, 2), 80);
	struct test_flow port = make_flow(v4(1, 1), 1001, v4(1, 2), 80);
	struct test_flow vlan = one;
	struct test_flow again = one;

	vlan.id.label_kind[0] = TCPM_LABEL_VLAN;
	vlan.id.label[0] = 7;
	give(groups, &one, 0, TCPM_CLASS_NETWORK, 1);
	give(groups, &port, 0, TCPM_CLASS_NETWORK, 1);
	give(groups, &vlan, 0, TCPM_CLASS_NETWORK, 1);
	give(groups, &one, 1, TCPM_CLASS_NETWORK, 1);
	give(groups, &again, 0, TCPM_CLASS_NETWORK, 1);
	assert_int_equal(group_count(groups), 4);
	assert_int_equal(group_at(groups, 0)->summary.series[TCPM_CLASS_NETWORK].count, 2);
	assert_int_equal(group_at(groups, 1)->summary.series[TCPM_CLASS_NETWORK].count, 1);
	assert_int_equal(group_at(groups, 2)->summary.series[TCPM_CLASS_NETWORK].count, 1);
	assert_int_equal(group_at(groups, 3)->key.sender_port, 80);
	assert_int_equal(group_at(groups, 3)->key.receiver_port, 1000);
	groups_free(groups);
}

static void test_receiver(void **state)
{
	(void)state;
	struct groups *groups = make_groups(GROUPS_BY_RECEIVER, 0);
	struct test_flow one = make_flow(v4(1, 1), 1, v4(1, 9), 2);
	struct test_flow two = make_flow(v4(1, 2), 1, v4(1, 9), 2);

	give(groups, &one, 0, TCPM_CLASS_NETWORK, 1);
	give(groups, &two, 0, TCPM_CLASS_NETWORK, 1);
	assert_int_equal(group_count(groups), 1);
	assert_int_equal(group_at(groups, 0)->key.sender.version, 0);
	assert_int_equal(group_at(groups, 0)->key.receiver.bytes[3], 9);
	assert_false(group_is_other(group_at(groups, 0)));
	groups_free(groups);
}

static void test_prefix(void **state)
{
	(void)state;
	struct groups *groups = make_groups(GROUPS_BY_PREFIX, 0);
	struct test_flow one = make_flow(v4(1, 1), 1, v4(2, 1), 2);
	struct test_flow two = make_flow(v4(1, 200), 1, v4(2, 7), 2);
	struct test_flow inside = make_flow(v4(5, 1), 1, v4(5, 2), 2);
	struct tcpm_address a = {.version = 6, .bytes = {0x20, 1, 0xd, 0xb8, 0, 1, 0xff}};
	struct tcpm_address b = {.version = 6, .bytes = {0x20, 1, 0xd, 0xb8, 0, 2, [15] = 1}};
	struct test_flow six = make_flow(a, 1, b, 2);

	give(groups, &one, 0, TCPM_CLASS_NETWORK, 1);
	give(groups, &two, 0, TCPM_CLASS_NETWORK, 1);
	give(groups, &inside, 0, TCPM_CLASS_NETWORK, 1);
	give(groups, &inside, 1, TCPM_CLASS_NETWORK, 1);
	give(groups, &six, 1, TCPM_CLASS_NETWORK, 1);
	assert_int_equal(group_count(groups), 3);
	assert_int_equal(group_at(groups, 0)->key.sender.bytes[3], 0);
	assert_int_equal(group_at(groups, 0)->key.receiver.bytes[2], 2);
	assert_int_equal(group_at(groups, 2)->key.sender.bytes[5], 2);
	assert_int_equal(group_at(groups, 2)->key.sender.bytes[15], 0);
	assert_int_equal(group_at(groups, 2)->key.receiver.bytes[6], 0);

	/* Both directions are of one group: the flow counts once, its segments all. */
	finish(groups, &inside, 3, 4);
	assert_int_equal(group_at(groups, 1)->summary.flows, 1);
	assert_int_equal(group_at(groups, 1)->summary.totals.segments, 7);
	groups_free(groups);
}

static void test_cap(void **state)
{
	(void)state;
	struct groups *groups = make_groups(GROUPS_BY_HOSTS, 3);
	struct test_flow flows[10];

	for (unsigned i = 0; i < 10; i++) {
		flows[i] = make_flow(v4(1, i), 1, v4(2, 1), 2);
		give(groups, &flows[i], 0, TCPM_CLASS_NETWORK, 100 + i);
		give(groups, &flows[i], 0, TCPM_CLASS_NETWORK, 100 + i);
	}
	give(groups, &flows[1], 0, TCPM_CLASS_NETWORK, 101); /* an old one still grows */
	for (unsigned i = 0; i < 10; i++)
		finish(groups, &flows[i], 2, 0);
	assert_int_equal(group_count(groups), 3);
	assert_int_equal(group_at(groups, 1)->summary.series[TCPM_CLASS_NETWORK].count, 3);

	const struct group *other = groups_other(groups);

	assert_non_null(other);
	assert_true(group_is_other(other));
	assert_int_equal(other->summary.series[TCPM_CLASS_NETWORK].count, 14);
	assert_int_equal(series_min(&other->summary.series[TCPM_CLASS_NETWORK]), 103);
	assert_int_equal(other->summary.flows, 7);
	assert_int_equal(other->summary.totals.segments, 14);
	assert_int_equal(groups_tally(groups)->other_for_cap, 14);
	assert_int_equal(groups_tally(groups)->other_for_memory, 0);
	groups_free(groups);
}

/* xorshift64*, so that each run sees the same values. */
static uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

/* Random flows between 100 x 100 hosts against a plain matrix. */
static void test_table_same_as_reference(void **state)
{
	(void)state;
	enum { HOSTS = 100 };
	static uint64_t samples[HOSTS][HOSTS];
	static uint64_t closed[HOSTS][HOSTS];
	struct groups *groups = make_groups(GROUPS_BY_HOSTS, 0);
	uint64_t seed = 7;
	uint64_t expected_groups = 0;
	uint64_t without = 0;

	for (int i = 0; i < 60000; i++) {
		unsigned a = (unsigned)(random_next(&seed) % HOSTS);
		unsigned b = (unsigned)(random_next(&seed) % HOSTS);
		struct test_flow flow = make_flow(v4(0, a), 1, v4(1, b), 2);

		if (random_next(&seed) % 3) {
			expected_groups += samples[a][b] == 0;
			samples[a][b]++;
			give(groups, &flow, 0, TCPM_CLASS_NETWORK, 1 + a);
		}
		if (samples[a][b])
			closed[a][b]++;
		else
			without++;
		finish(groups, &flow, 1, 1);
	}
	assert_int_equal(group_count(groups), expected_groups);
	assert_true(expected_groups > 9000);
	assert_int_equal(groups_tally(groups)->flows, without);
	for (size_t i = 0; i < expected_groups; i++) {
		const struct group *group = group_at(groups, i);
		unsigned a = group->key.sender.bytes[3];
		unsigned b = group->key.receiver.bytes[3];

		assert_int_equal(group->summary.series[TCPM_CLASS_NETWORK].count, samples[a][b]);
		assert_int_equal(group->summary.flows, closed[a][b]);
		assert_int_equal(group->summary.totals.segments, closed[a][b]);
		samples[a][b] = 0; /* seen: no group may come twice */
	}
	groups_free(groups);
}

static void test_options_and_names(void **state)
{
	(void)state;
	struct groups *groups = NULL;
	enum groups_by by = GROUPS_BY_PREFIX;
	enum ranking_by ranking_by = RANKING_BY_DST;

	assert_int_equal(groups_new(&(struct groups_options){.by.prefix_v4 = 33}, &groups),
			 -EINVAL);
	assert_int_equal(groups_new(&(struct groups_options){.by.prefix_v6 = 129}, &groups),
			 -EINVAL);
	assert_int_equal(groups_new(&(struct groups_options){.by.hosts = GROUPS_BYS}, &groups),
			 -EINVAL);
	assert_null(groups);
	groups_free(NULL);
	assert_int_equal(groups_by_parse("host", &by), -EINVAL);
	assert_int_equal(by, GROUPS_BY_PREFIX);
	for (unsigned i = 0; i < GROUPS_BYS; i++) {
		assert_int_equal(groups_by_parse(groups_by_name(i), &by), 0);
		assert_int_equal(by, i);
	}
	assert_int_equal(ranking_by_parse("", &ranking_by), -EINVAL);
	for (unsigned i = 0; i < RANKING_BYS; i++) {
		assert_int_equal(ranking_by_parse(ranking_by_name(i), &ranking_by), 0);
		assert_int_equal(ranking_by, i);
	}
	assert_string_equal(ranking_by_name(RANKING_BYS), "?");
	assert_string_equal(groups_by_name(GROUPS_BYS), "?");
}

/* Checks a ranking, given as the last bytes of the senders. */
static void assert_ranking(const struct groups *groups, enum ranking_by by, size_t limit,
			   const char *expected, size_t left_out)
{
	struct ranking ranking;

	assert_int_equal(
		ranking_make(&ranking, groups, &(struct ranking_options){.by = by, .limit = limit}),
		0);
	assert_int_equal(ranking.count, strlen(expected));
	for (size_t i = 0; i < ranking.count; i++)
		assert_int_equal(ranking.groups[i]->key.sender.bytes[3], expected[i] - '0');
	assert_int_equal(ranking.left_out, left_out);
	ranking_done(&ranking);
}

static void test_ranking(void **state)
{
	(void)state;
	struct groups *groups = make_groups(GROUPS_BY_HOSTS, 0);
	struct test_flow flow[5];

	assert_ranking(groups, RANKING_BY_P50, 0, "", 0);
	/* Sender 1 to 4; receivers in the opposite order. Made in another order. */
	for (unsigned i = 4; i >= 1; i--)
		flow[i] = make_flow(v4(0, i), 1, v4(1, 9 - i), 2);
	give(groups, &flow[3], 0, TCPM_CLASS_NETWORK, 500);
	give(groups, &flow[1], 0, TCPM_CLASS_NETWORK, 500);
	give(groups, &flow[2], 0, TCPM_CLASS_NETWORK, 100);
	give(groups, &flow[2], 0, TCPM_CLASS_NETWORK, 900);
	give(groups, &flow[3], 0, TCPM_CLASS_RESPONSE, 50);
	give(groups, &flow[4], 0, TCPM_CLASS_RESPONSE, 70);
	give(groups, &flow[4], 0, TCPM_CLASS_RESPONSE, 70);
	for (unsigned i = 1; i <= 4; i++)
		finish(groups, &flow[i], i == 3 ? 100 : i, 0);

	assert_ranking(groups, RANKING_BY_SAMPLES, 0, "2314", 0);
	assert_ranking(groups, RANKING_BY_SAMPLES, 9, "2314", 0);
	assert_ranking(groups, RANKING_BY_SAMPLES, 3, "231", 1);
	assert_ranking(groups, RANKING_BY_MIN, 0, "1324", 0); /* ties: by address */
	assert_ranking(groups, RANKING_BY_MAX, 1, "2", 3);
	assert_ranking(groups, RANKING_BY_RESPONSE, 0, "4312", 0);
	assert_ranking(groups, RANKING_BY_SEGMENTS, 0, "3421", 0);
	assert_ranking(groups, RANKING_BY_LOSS, 0, "2341", 0);
	assert_ranking(groups, RANKING_BY_FLOWS, 0, "1234", 0);
	assert_ranking(groups, RANKING_BY_SRC, 0, "1234", 0);
	assert_ranking(groups, RANKING_BY_DST, 0, "4321", 0);
	groups_free(groups);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_flows_without_a_sample_make_no_group),
		cmocka_unit_test(test_flow),
		cmocka_unit_test(test_receiver),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_table_same_as_reference),
		cmocka_unit_test(test_options_and_names),
		cmocka_unit_test(test_ranking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
