/*
 * Groups that are kept over many intervals: some merged, some forgotten.
 */
#include "groups_helper.h"

static bool odd_receiver(void *user, const struct group *group)
{
	(*(unsigned *)user)++;
	return group->key.receiver.bytes[3] % 2 == 1;
}

static bool odd_receiver_as_it_is(void *user, const struct group *group, struct group_key *key)
{
	assert_memory_equal(&group->key, key, sizeof(*key));
	return odd_receiver(user, group);
}

/* Without sides, and the senders of all one. */
static bool any_side(void *user, const struct group *group, struct group_key *key)
{
	(void)user;
	(void)group;
	key->side = GROUP_SIDE_NONE;
	key->sender = v4(7, 7);
	return true;
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

static void keeps_selected_groups(void **state)
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

static void merges_selected_groups(void **state)
{
	unsigned asked = 0;
	struct groups *groups = fill(0, 0);
	struct groups *more = fill(10, 4);
	size_t count;

	(void)state;
	groups_merge_if(groups, more, odd_receiver_as_it_is, &asked);
	assert_int_equal(asked, 4);
	groups_all(groups, &count);
	assert_int_equal(count, 2);
	assert_non_null(group_of(groups, 1));
	assert_null(group_of(groups, 2));
	assert_int_equal(groups_other(groups)->summary.series[0].count, 6);
	groups_free(groups);
	groups_free(more);
}

/* Groups that the key makes one are one: all that was in them is found under it, also when it
 * comes again, and what it came from is as it was. */
static void merges_under_another_key(void **state)
{
	const struct prefix own = {.bits = 32, .address = v4(9, 9)};
	const struct prefix_set local = {.all = (struct prefix *)(uintptr_t)&own, .count = 1};
	struct test_flow first = make_flow(v4(0, 1), 1000, v4(9, 9), 80);
	struct test_flow again = make_flow(v4(0, 1), 1001, v4(9, 9), 80);
	struct test_flow other = make_flow(v4(0, 1), 1002, v4(8, 8), 80);
	struct groups *groups = make_groups((struct groups_options){0});
	struct groups *more = make_groups((struct groups_options){0});
	const struct group_key one = {.sender = v4(7, 7), .receiver = v4(0, 1)};
	size_t count;

	(void)state;
	give(more, &first, 1, 1000);
	groups_set_local(more, &local);
	give(more, &again, 1, 3000);
	give(more, &other, 1, 8000);
	groups_all(more, &count);
	assert_int_equal(count, 3);
	for (unsigned round = 1; round <= 2; round++) {
		groups_merge_if(groups, more, any_side, NULL);
		groups_all(groups, &count);
		assert_int_equal(count, 1);
		assert_non_null(groups_find(groups, &one));
		assert_int_equal(groups_find(groups, &one)->summary.series[0].count, 3 * round);
		assert_int_equal(series_sum(&groups_find(groups, &one)->summary.series[0]),
				 12000 * round);
	}
	groups_all(more, &count);
	assert_int_equal(count, 3);
	assert_null(groups_find(more, &one));
	groups_free(groups);
	groups_free(more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_selected_groups),
		cmocka_unit_test(makes_room_at_the_cap),
		cmocka_unit_test(nothing_to_keep),
		cmocka_unit_test(merges_selected_groups),
		cmocka_unit_test(merges_under_another_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
