/*
 * What the tests of grouping share: flows with an engine's user data, samples and ends of them,
 * and the comparison of groups in every number.
 */
#ifndef UNIT_GROUPS_HELPER_H
#define UNIT_GROUPS_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stats/groups.h"
#include "summary_compare.h"

/* A flow as the engine keeps it: with a word for each direction. */
struct test_flow {
	struct tcpm_flow_id id;
	uint64_t user_data[2];
};

static inline struct tcpm_address v4(unsigned third, unsigned last)
{
	return (struct tcpm_address){.version = 4, .bytes = {10, 0, (uint8_t)third, (uint8_t)last}};
}

static inline struct test_flow make_flow(struct tcpm_address a, uint16_t port_a,
					 struct tcpm_address b, uint16_t port_b)
{
	return (struct test_flow){.id = {.address = {a, b}, .port = {port_a, port_b}}};
}

static inline struct groups *make_groups(struct groups_options options)
{
	struct groups *groups = NULL;

	options.seed = 42;
	assert_int_equal(groups_new(&options, &groups), 0);
	return groups;
}

/* A sample of class network of one direction. */
static inline enum group_side give_on(struct groups *groups, struct test_flow *flow,
				      unsigned sender, int64_t rtt_ns, uint32_t interface)
{
	const struct tcpm_sample sample = {
		.rtt_ns = rtt_ns,
		.previous_ns = -1,
		.flow = &flow->id,
		.user_data = &flow->user_data[sender],
		.sent = {.segments = 1},
		.interface = interface,
		.sender = (uint8_t)sender,
	};

	return groups_sample(groups, &sample);
}

static inline enum group_side give(struct groups *groups, struct test_flow *flow, unsigned sender,
				   int64_t rtt_ns)
{
	return give_on(groups, flow, sender, rtt_ns, flow->id.interface);
}

/* The flow's end; what each direction sent since its last sample. */
static inline void finish(struct groups *groups, const struct test_flow *flow, uint64_t segments0,
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

static inline const struct group *group_at(const struct groups *groups, size_t index)
{
	size_t count;
	struct group *const *all = groups_all(groups, &count);

	assert_true(index < count);
	return all[index];
}

static inline size_t group_count(const struct groups *groups)
{
	size_t count;

	groups_all(groups, &count);
	return count;
}

static inline uint64_t network_count(const struct group *group)
{
	return group->summary.series[TCPM_CLASS_NETWORK].count;
}

static inline void assert_tally_same(const struct groups_tally *a, const struct groups_tally *b)
{
	assert_int_equal(a->flows, b->flows);
	assert_totals_same(&a->totals, &b->totals);
	assert_int_equal(a->other_for_cap, b->other_for_cap);
	assert_int_equal(a->other_for_memory, b->other_for_memory);
	assert_int_equal(a->without_histogram, b->without_histogram);
}

/* The same groups, in any order, with the same numbers; "other" and the tally, too. */
static inline void assert_groups_same(const struct groups *a, const struct groups *b)
{
	assert_int_equal(group_count(a), group_count(b));
	for (size_t i = 0; i < group_count(a); i++) {
		const struct group *group = group_at(a, i);
		const struct group *same = groups_find(b, &group->key);

		assert_non_null(same);
		assert_summary_same(&group->summary, &same->summary);
	}
	assert_int_equal(groups_other(a) != NULL, groups_other(b) != NULL);
	if (groups_other(a))
		assert_summary_same(&groups_other(a)->summary, &groups_other(b)->summary);
	assert_tally_same(groups_tally(a), groups_tally(b));
}

/* xorshift64*, so that each run sees the same values. */
static inline uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

#endif
