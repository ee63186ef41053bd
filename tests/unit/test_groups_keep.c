/*
 * Groups that are kept over many intervals: some merged, some forgotten.
 */
#include "groups_helper.h"

static bool odd_receiver(void *user, const struct group *group)
{
	(*(unsigned *)user)++;
	return group->key.receiver.bytes[3] % 2 == 1;
}

static bool nothing(void *user, const struct group *group)
{
	(void)user;
	(void)group;
	return false;
}

/* One sample of hosts 1 to count, each to 10.0.9.9: receivers are the hosts. */
static struct groups *fill(unsigned count, size_t max_groups)
{
	struct groups *groups = make_groups((struct groups_options){.max_groups = max_groups});

	for (unsigned i = 1; i <= count; i++) {
		struct test_flow flow = make_flow(v4(0, i), 1000, v4(9, 9), 80);

		give(groups, &flow, 1, 1000 * i);
	}
	return groups;
}

static const struct group *group_of(const struct groups *groups, unsigned host)
{
	struct group_key key = {.sender = v4(9, 9), .receiver = v4(0, host)};

	return groups_find(groups, &key);
}

static void keeps_what_is_wanted(void **state)
{
	unsigned asked = 0;
	struct groups *groups = fill(100, 0);
	struct groups *more = fill(100, 0);
	size_t count;

	(void)state;
	assert_int_equal(groups_keep(groups, odd_receiver, &asked), 0);
	assert_int_equal(asked, 100);
	groups_all(groups, &count);
	assert_int_equal(count, 50);
	for (unsigned host = 1; host <= 100; host++) {
		const struct group *group = group_of(groups, host);

		assert_int_equal(group != NULL, host % 2);
		if (group)
			assert_int_equal(series_min(&group->summary.series[0]), 1000 * host);
	}
	/* What went may come again, and what stayed is found. */
	groups_merge(groups, more);
	groups_all(groups, &count);
	assert_int_equal(count, 100);
	for (unsigned host = 1; host <= 100; host++)
		assert_int_equal(group_of(groups, host)->summary.series[0].count, 1 + host % 2);
	groups_free(groups);
	groups_free(more);
}

static void makes_room_at_the_cap(void **state)
{
	struct groups *groups = fill(10, 4);
	struct groups *more = fill(10, 0);
	size_t count;

	(void)state;
	assert_int_equal(groups_other(groups)->summary.series[0].count, 6);
	assert_int_equal(groups_keep(groups, nothing, NULL), 0);
	groups_all(groups, &count);
	assert_int_equal(count, 0);
	assert_int_equal(groups_other(groups)->summary.series[0].count, 6);
	groups_merge(groups, more);
	groups_all(groups, &count);
	assert_int_equal(count, 4);
	assert_int_equal(groups_other(groups)->summary.series[0].count, 12);
	groups_free(groups);
	groups_free(more);
}

static void nothing_to_keep(void **state)
{
	struct groups *groups = fill(0, 0);
	size_t count;

	(void)state;
	assert_int_equal(groups_keep(groups, nothing, NULL), 0);
	groups_all(groups, &count);
	assert_int_equal(count, 0);
	groups_free(groups);
}

static void merges_what_is_wanted(void **state)
{
	unsigned asked = 0;
	struct groups *groups = fill(0, 0);
	struct groups *more = fill(10, 4);
	size_t count;

	(void)state;
	groups_merge_if(groups, more, odd_receiver, &asked);
	assert_int_equal(asked, 4);
	groups_all(groups, &count);
	assert_int_equal(count, 2);
	assert_non_null(group_of(groups, 1));
	assert_null(group_of(groups, 2));
	assert_int_equal(groups_other(groups)->summary.series[0].count, 6);
	groups_free(groups);
	groups_free(more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_is_wanted),
		cmocka_unit_test(makes_room_at_the_cap),
		cmocka_unit_test(nothing_to_keep),
		cmocka_unit_test(merges_what_is_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
