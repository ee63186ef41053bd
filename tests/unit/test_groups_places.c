/*
 * Where traffic was seen, and whose it is: groups by interface, by tunnel, by side, and
 * which of them a ranking shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "groups_helper.h"
#include "stats/ranking.h"

static const struct groups_options by_interface = {.by.interface = true};

static void a_direction_on_two_interfaces(void **state)
{
	struct groups *groups = make_groups(by_interface);
	struct groups *together = make_groups((struct groups_options){0});
	struct test_flow flow = make_flow(v4(1, 1), 1, v4(1, 2), 2);
	struct test_flow same = flow;

	(void)state;
	for (unsigned i = 0; i < 30; i++) {
		give_on(groups, &flow, 0, 100 + i, i % 3);
		give_on(together, &same, 0, 100 + i, i % 3);
	}
	assert_int_equal(group_count(groups), 3);
	for (unsigned i = 0; i < 3; i++) {
		const struct group *group = group_at(groups, i);

		assert_int_equal(group->key.interface, i);
		assert_int_equal(group->summary.interface, i);
		assert_false(group->summary.interfaces_mixed);
		assert_int_equal(network_count(group), 10);
		assert_int_equal(series_min(&group->summary.series[TCPM_CLASS_NETWORK]), 100 + i);
	}
	assert_int_equal(group_count(together), 1);
	assert_int_equal(group_at(together, 0)->key.interface, 0);
	assert_true(group_at(together, 0)->summary.interfaces_mixed);
	assert_int_equal(network_count(group_at(together, 0)), 30);

	/* What it sent last belongs where its last sample was. */
	finish(groups, &flow, 1000, 0);
	assert_int_equal(group_at(groups, 0)->summary.totals.segments, 10);
	assert_int_equal(group_at(groups, 2)->summary.totals.segments, 1010);
	assert_int_equal(group_at(groups, 2)->summary.flows, 1);
	assert_int_equal(group_at(groups, 0)->summary.flows, 0);
	groups_free(groups);
	groups_free(together);
}

/* A direction goes to its own group again after "other" took it on another interface. */
static void other_on_one_interface_only(void **state)
{
	(void)state;
	for (uint32_t known = 0; known < 2; known++) {
		struct groups_options options = by_interface;
		struct test_flow flow = make_flow(v4(1, 1), 1, v4(1, 2), 2);

		options.max_groups = 1;
		struct groups *groups = make_groups(options);

		for (int i = 0; i < 3; i++) {
			give_on(groups, &flow, 0, 5, known);
			give_on(groups, &flow, 0, 5, !known);
		}
		assert_int_equal(group_at(groups, 0)->key.interface, known);
		assert_int_equal(network_count(group_at(groups, 0)), 3);
		assert_int_equal(network_count(groups_other(groups)), 3);
		assert_int_equal(groups_tally(groups)->other_for_cap, 3);
		groups_free(groups);
	}
}

/* Of a group without a sample, too, the interface is known. */
static void interface_of_a_flow_that_only_ended(void **state)
{
	struct groups *groups = make_groups(by_interface);
	struct groups *together = make_groups((struct groups_options){0});
	struct groups *merged = make_groups(by_interface);
	struct test_flow flow = make_flow(v4(1, 1), 1, v4(1, 2), 2);
	struct test_flow same;

	(void)state;
	flow.id.interface = 3;
	same = flow;
	give(groups, &flow, 0, 5);
	give(together, &same, 0, 5);
	groups_reset(groups, 1);
	groups_reset(together, 1);
	finish(groups, &flow, 8, 0);
	finish(together, &same, 8, 0);
	assert_int_equal(group_count(groups), 1);
	assert_int_equal(group_at(groups, 0)->key.interface, 3);
	assert_int_equal(group_at(groups, 0)->summary.interface, 3);
	assert_int_equal(group_at(together, 0)->key.interface, 0);
	assert_int_equal(group_at(together, 0)->summary.interface, 3);
	groups_merge(merged, groups);
	assert_int_equal(group_at(merged, 0)->summary.interface, 3);
	groups_free(groups);
	groups_free(together);
	groups_free(merged);
}

static struct test_flow in_vlan(struct test_flow flow, uint32_t vlan)
{
	flow.id.label_kind[0] = vlan ? TCPM_LABEL_VLAN : TCPM_LABEL_NONE;
	flow.id.label[0] = vlan;
	return flow;
}

static void each_grouping_by_tunnel(void **state)
{
	const struct test_flow plain = make_flow(v4(1, 1), 1, v4(1, 2), 2);
	const struct test_flow port = make_flow(v4(1, 1), 3, v4(1, 2), 2);

	(void)state;
	for (unsigned by = 0; by < GROUPS_BYS; by++) {
		for (unsigned tunnel = 0; tunnel < 2; tunnel++) {
			struct groups *groups = make_groups(
				(struct groups_options){.by = {.hosts = (enum groups_by)by,
							       .tunnel = tunnel,
							       .prefix_v4 = 24}});
			struct test_flow flows[] = {plain, in_vlan(plain, 1), in_vlan(plain, 2),
						    in_vlan(port, 2), plain};
			bool apart = tunnel || by == GROUPS_BY_FLOW;

			flows[4].id.label_kind[0] = TCPM_LABEL_VXLAN; /* the number of a VLAN */
			flows[4].id.label[0] = 2;
			for (size_t i = 0; i < 5; i++)
				give(groups, &flows[i], 0, 5);
			assert_int_equal(group_count(groups), by == GROUPS_BY_FLOW ? 5
							      : apart              ? 4
										   : 1);
			assert_int_equal(group_at(groups, 0)->key.label_kind[0], TCPM_LABEL_NONE);
			if (apart) {
				assert_int_equal(group_at(groups, 2)->key.label_kind[0],
						 TCPM_LABEL_VLAN);
				assert_int_equal(group_at(groups, 2)->key.label[0], 2);
				assert_int_equal(network_count(group_at(groups, 2)),
						 by == GROUPS_BY_FLOW ? 1 : 2);
			}
			groups_free(groups);
		}
	}
}

/* All four labels tell networks apart, the deepest as well as the outermost. */
static void deep_labels(void **state)
{
	struct groups *groups = make_groups((struct groups_options){.by.tunnel = true});
	struct test_flow flow = make_flow(v4(1, 1), 1, v4(1, 2), 2);

	(void)state;
	for (unsigned depth = 0; depth < TCPM_MAX_LABELS; depth++) {
		flow.id.label_kind[depth] = TCPM_LABEL_VLAN;
		flow.id.label[depth] = 7;
		flow.user_data[0] = 0;
		give(groups, &flow, 0, 5);
	}
	assert_int_equal(group_count(groups), TCPM_MAX_LABELS);
	for (unsigned depth = 0; depth < TCPM_MAX_LABELS; depth++) {
		struct test_flow other = flow;

		other.user_data[0] = 0;
		other.id.label[depth] = 8;
		give(groups, &other, 0, 5);
	}
	assert_int_equal(group_count(groups), 2 * TCPM_MAX_LABELS);
	groups_free(groups);
}

/* Networks 1 and 2 are local, 3 and 4 remote. */
static void local_networks(struct prefix_set *local)
{
	const struct prefix all[] = {{.bits = 24, .address = v4(1, 0)},
				     {.bits = 24, .address = v4(2, 0)}};

	assert_int_equal(prefix_set_init(local, all, 2), 0);
}

static void sides_of_each_grouping(void **state)
{
	static const struct {
		unsigned sender, receiver;
		enum group_side side;
	} cases[] = {{1, 3, GROUP_SIDE_REMOTE},
		     {3, 1, GROUP_SIDE_LOCAL},
		     {1, 2, GROUP_SIDE_INSIDE},
		     {3, 4, GROUP_SIDE_NONE}};
	struct prefix_set local;

	(void)state;
	local_networks(&local);
	for (unsigned by = 0; by < GROUPS_BYS; by++) {
		struct groups *groups = make_groups((struct groups_options){
			.by = {.hosts = (enum groups_by)by, .prefix_v4 = 16}, .local = &local});

		for (size_t i = 0; i < 4; i++) {
			struct test_flow flow =
				make_flow(v4(cases[i].sender, 9), 1, v4(cases[i].receiver, 9), 2);
			struct test_flow back =
				make_flow(v4(cases[i].receiver, 9), 2, v4(cases[i].sender, 9), 1);

			for (int again = 0; again < 2; again++) {
				assert_int_equal(give(groups, &flow, 0, 5), cases[i].side);
				/* The sender is the second of the flow's ends. */
				assert_int_equal(give(groups, &back, 1, 5), cases[i].side);
			}
			assert_int_equal(group_count(groups), i + 1);
			assert_int_equal(group_at(groups, i)->key.side, cases[i].side);
			assert_int_equal(network_count(group_at(groups, i)), 4);
		}
		/* Networks that hold local hosts and others are distinguished by side. */
		if (by == GROUPS_BY_PREFIX)
			for (size_t i = 1; i < 4; i++)
				assert_memory_equal(&group_at(groups, i)->key.sender,
						    &group_at(groups, 0)->key.sender,
						    sizeof(struct tcpm_address));
		groups_free(groups);
	}
	prefix_set_done(&local);
}

/* A receiver hears from local hosts and from others: two groups. */
static void a_receiver_on_two_sides(void **state)
{
	struct prefix_set local;
	struct groups *groups;
	struct test_flow inside = make_flow(v4(1, 1), 1, v4(2, 9), 2);
	struct test_flow outside = make_flow(v4(3, 1), 1, v4(2, 9), 2);

	(void)state;
	local_networks(&local);
	groups = make_groups(
		(struct groups_options){.by.hosts = GROUPS_BY_RECEIVER, .local = &local});
	assert_int_equal(give(groups, &inside, 0, 5), GROUP_SIDE_INSIDE);
	assert_int_equal(give(groups, &outside, 0, 5), GROUP_SIDE_LOCAL);
	assert_int_equal(group_count(groups), 2);
	groups_free(groups);
	prefix_set_done(&local);
}

/* At the cap a sample has its side, though its group has none. */
static void sides_beyond_the_cap(void **state)
{
	(void)state;
	struct prefix_set local;
	struct groups *groups;
	struct test_flow first = make_flow(v4(2, 1), 1, v4(3, 1), 2);
	struct test_flow own = make_flow(v4(1, 1), 1, v4(3, 1), 2);

	local_networks(&local);
	groups = make_groups((struct groups_options){.max_groups = 1, .local = &local});
	give_on(groups, &first, 0, 1, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(give_on(groups, &own, 0, 1, 0), GROUP_SIDE_REMOTE);
		assert_int_equal(give_on(groups, &own, 1, 1, 0), GROUP_SIDE_LOCAL);
	}
	assert_int_equal(groups_tally(groups)->other_for_cap, 4);
	groups_free(groups);
	prefix_set_done(&local);
}

static void no_host_is_local_by_default(void **state)
{
	const struct prefix_set empty = {0};
	const struct prefix_set *const nobody[] = {NULL, &empty};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct groups *groups = make_groups((struct groups_options){.local = nobody[i]});
		struct test_flow flow = make_flow(v4(1, 1), 1, v4(3, 1), 2);

		assert_int_equal(give(groups, &flow, 0, 5), GROUP_SIDE_NONE);
		assert_int_equal(give(groups, &flow, 1, 5), GROUP_SIDE_NONE);
		groups_free(groups);
	}
}

/* A direction that has had a sample keeps its side until the next interval. */
static void other_networks_in_between(void **state)
{
	struct prefix_set local;
	struct prefix_set none = {0};
	struct groups *groups;
	struct test_flow flow = make_flow(v4(1, 1), 1, v4(3, 1), 2);
	struct test_flow later = make_flow(v4(1, 1), 7, v4(3, 1), 2);

	(void)state;
	local_networks(&local);
	groups = make_groups((struct groups_options){.local = &none});
	assert_int_equal(give(groups, &flow, 0, 5), GROUP_SIDE_NONE);
	groups_set_local(groups, &local);
	assert_ptr_equal(groups_options(groups)->local, &local);
	assert_int_equal(give(groups, &flow, 0, 5), GROUP_SIDE_NONE);
	assert_int_equal(give(groups, &flow, 1, 5), GROUP_SIDE_LOCAL);
	assert_int_equal(give(groups, &later, 0, 5), GROUP_SIDE_REMOTE);
	assert_int_equal(group_count(groups), 3);
	finish(groups, &flow, 100, 1000);
	assert_int_equal(group_at(groups, 0)->summary.totals.segments, 102);
	assert_int_equal(group_at(groups, 1)->summary.totals.segments, 1001);
	assert_int_equal(group_at(groups, 2)->summary.totals.segments, 1);

	groups_reset(groups, 1);
	assert_int_equal(give(groups, &flow, 0, 5), GROUP_SIDE_REMOTE);
	assert_int_equal(give(groups, &later, 0, 5), GROUP_SIDE_REMOTE);
	assert_int_equal(group_count(groups), 1);
	groups_set_local(groups, NULL);
	assert_int_equal(give(groups, &flow, 0, 5), GROUP_SIDE_REMOTE);
	assert_int_equal(give(groups, &flow, 1, 5), GROUP_SIDE_NONE);
	/* The set that went is no longer looked at. */
	prefix_set_done(&local);
	groups_reset(groups, 2);
	assert_int_equal(give(groups, &flow, 0, 5), GROUP_SIDE_NONE);
	groups_free(groups);
}

/* ---- what a ranking shows ---- */

static void assert_shown(const struct groups *groups, struct ranking_options options, size_t count,
			 size_t left_out, size_t hidden)
{
	struct ranking ranking;

	options.by = RANKING_BY_MAX;
	assert_int_equal(ranking_make(&ranking, groups, &options), 0);
	assert_int_equal(ranking.count, count);
	assert_int_equal(ranking.left_out, left_out);
	assert_int_equal(ranking.hidden, hidden);
	for (size_t i = 0; i < count; i++) {
		if (!options.both_sides)
			assert_int_not_equal(ranking.groups[i]->key.side, GROUP_SIDE_LOCAL);
		if (i)
			assert_true(ranking.groups[i - 1]->summary.series[0].max_ns >=
				    ranking.groups[i]->summary.series[0].max_ns);
	}
	ranking_done(&ranking);
}

static void rankings_hide_own_answers(void **state)
{
	struct prefix_set local;
	struct groups *groups;

	(void)state;
	local_networks(&local);
	groups = make_groups((struct groups_options){.local = &local});
	assert_shown(groups, (struct ranking_options){0}, 0, 0, 0);
	/* Only own answers: nothing is shown, whatever the limit. */
	for (unsigned i = 0; i < 6; i++) {
		struct test_flow flow = make_flow(v4(3, i), 1, v4(1, 1), 2);

		give(groups, &flow, 0, 1000 + i);
	}
	assert_shown(groups, (struct ranking_options){0}, 0, 0, 6);
	assert_shown(groups, (struct ranking_options){.limit = 2}, 0, 0, 6);
	assert_shown(groups, (struct ranking_options){.both_sides = true}, 6, 0, 0);
	/* Four each of the other sides, smaller all of them. */
	for (unsigned i = 0; i < 4; i++) {
		struct test_flow flows[] = {make_flow(v4(1, i), 1, v4(3, 1), 2),
					    make_flow(v4(1, i), 1, v4(2, 1), 2),
					    make_flow(v4(3, i), 1, v4(4, 1), 2)};

		for (unsigned j = 0; j < 3; j++)
			give(groups, &flows[j], 0, 10 * i + j);
	}
	assert_shown(groups, (struct ranking_options){0}, 12, 0, 6);
	assert_shown(groups, (struct ranking_options){.limit = 5}, 5, 7, 6);
	assert_shown(groups, (struct ranking_options){.limit = 11}, 11, 1, 6);
	assert_shown(groups, (struct ranking_options){.limit = 12}, 12, 0, 6);
	assert_shown(groups, (struct ranking_options){.limit = 13}, 12, 0, 6);
	assert_shown(groups, (struct ranking_options){.limit = 18}, 12, 0, 6);
	assert_shown(groups, (struct ranking_options){.limit = 1000}, 12, 0, 6);
	assert_shown(groups, (struct ranking_options){.both_sides = true}, 18, 0, 0);
	assert_shown(groups, (struct ranking_options){.both_sides = true, .limit = 5}, 5, 13, 0);
	groups_free(groups);
	prefix_set_done(&local);
}

/* Rows alike but for where they were seen stand in the same order each time. */
static void rankings_order_places(void **state)
{
	struct groups *groups =
		make_groups((struct groups_options){.by = {.interface = true, .tunnel = true}});
	struct ranking ranking;

	(void)state;
	for (unsigned i = 9; i-- > 0;) {
		struct test_flow flow = in_vlan(make_flow(v4(1, 1), 1, v4(1, 2), 2), i / 3);

		give_on(groups, &flow, 0, 5, i % 3);
	}
	assert_int_equal(ranking_make(&ranking, groups, &(struct ranking_options){0}), 0);
	assert_int_equal(ranking.count, 9);
	for (unsigned i = 0; i < 9; i++) {
		assert_int_equal(ranking.groups[i]->key.label[0], i / 3);
		assert_int_equal(ranking.groups[i]->key.interface, i % 3);
	}
	ranking_done(&ranking);
	groups_free(groups);
}

static void names_of_sides(void **state)
{
	(void)state;
	assert_string_equal(group_side_name(GROUP_SIDE_NONE), "");
	assert_string_equal(group_side_name(GROUP_SIDE_REMOTE), "remote");
	assert_string_equal(group_side_name(GROUP_SIDE_LOCAL), "local");
	assert_string_equal(group_side_name(GROUP_SIDE_INSIDE), "inside");
	assert_string_equal(group_side_name(GROUP_SIDES), "?");
}

/* Samples that come together are as those that come one after the other, whatever the words of
 * their directions tell before: those of a direction are of several interfaces in turn. */
static void test_together_as_one_by_one(void **state)
{
	const struct groups_options options = {.by = {.interface = true}, .max_groups = 9};
	struct groups *together = make_groups(options);
	struct groups *alone = make_groups(options);
	struct test_flow flows[2][8];
	uint64_t seed = 5;

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		flows[0][i] = flows[1][i] = make_flow(v4(1, i / 2), 1000, v4(2, 9), (uint16_t)i);
	for (unsigned round = 0; round < 300; round++) {
		struct tcpm_sample samples[GROUPS_SAMPLES];
		enum group_side sides[GROUPS_SAMPLES];
		unsigned count = 1 + (unsigned)(random_next(&seed) % GROUPS_SAMPLES);

		for (unsigned i = 0; i < count; i++) {
			unsigned flow = (unsigned)(random_next(&seed) % 8);
			unsigned sender = (unsigned)(random_next(&seed) % 2);
			uint32_t interface = (uint32_t)(random_next(&seed) % 3);
			int64_t rtt_ns = 1 + (int64_t)(random_next(&seed) % 1000000);

			samples[i] = (struct tcpm_sample){
				.rtt_ns = rtt_ns,
				.previous_ns = -1,
				.flow = &flows[0][flow].id,
				.user_data = &flows[0][flow].user_data[sender],
				.sent = {.segments = 1},
				.interface = interface,
				.sender = (uint8_t)sender,
			};
			give_on(alone, &flows[1][flow], sender, rtt_ns, interface);
		}
		groups_samples(together, samples, count, sides);
		for (unsigned i = 0; i < 8; i++)
			assert_memory_equal(flows[0][i].user_data, flows[1][i].user_data,
					    sizeof(flows[0][i].user_data));
	}
	for (unsigned i = 0; i < 8; i++) {
		finish(together, &flows[0][i], i, 1);
		finish(alone, &flows[1][i], i, 1);
	}
	assert_groups_same(together, alone);
	groups_free(together);
	groups_free(alone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_together_as_one_by_one),
		cmocka_unit_test(a_direction_on_two_interfaces),
		cmocka_unit_test(other_on_one_interface_only),
		cmocka_unit_test(interface_of_a_flow_that_only_ended),
		cmocka_unit_test(each_grouping_by_tunnel),
		cmocka_unit_test(deep_labels),
		cmocka_unit_test(sides_of_each_grouping),
		cmocka_unit_test(a_receiver_on_two_sides),
		cmocka_unit_test(sides_beyond_the_cap),
		cmocka_unit_test(no_host_is_local_by_default),
		cmocka_unit_test(other_networks_in_between),
		cmocka_unit_test(rankings_hide_own_answers),
		cmocka_unit_test(rankings_order_places),
		cmocka_unit_test(names_of_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
