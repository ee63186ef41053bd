/*
 * What groups say they hold, against what malloc and the system say; and what becomes of
 * samples when there is no memory.
 */
#include "groups_helper.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { HOSTS = 256 };

/* Address space of this process, in bytes. */
static size_t address_space(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu", &pages), 1);
	fclose(file);
	return pages * 4096;
}

/* In use of malloc's, and what was mapped by others. */
static size_t in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + (address_space() - info.arena);
}

/* Sanitizers and valgrind have a malloc of their own, of which nothing is known here. */
static bool malloc_is_known(void)
{
	size_t before = mallinfo2().uordblks;
	void *volatile some = malloc(10000);
	size_t after = mallinfo2().uordblks;

	free(some);
	address_space(); /* what reading a file leaves behind is there before all measurements */
	return after >= before + 10000;
}

/* If not, says so: what asks is to be skipped. */
static bool need_known_malloc(void)
{
	if (malloc_is_known())
		return true;
	print_message("malloc is another than glibc's, as under a sanitizer\n");
	return false;
}

/* Samples of flow number `number`, spread over a factor of `spread`. */
static void give_some(struct groups *groups, unsigned number, unsigned samples, unsigned spread)
{
	struct test_flow flow = make_flow(v4(number / HOSTS % HOSTS, number % HOSTS), 1000,
					  v4(255 - number / HOSTS / HOSTS, 255), 80);

	for (unsigned i = 0; i < samples; i++)
		give(groups, &flow, 0,
		     1000000 + 1000000 * (int64_t)((i * 37 % 101) * spread) / 100);
}

static void assert_memory_is_right(const struct groups *groups, size_t before)
{
	size_t truth = in_use() - before;

	assert_in_range(groups_memory(groups), truth / 100 * 98, truth / 100 * 102 + 16384);
}

static void counts_what_it_holds(void **state)
{
	static const struct {
		unsigned count;
		unsigned samples;
		unsigned spread;
	} cases[] = {{0, 0, 0},    {1, 1, 0},        {40, 10, 1},   {500, 60, 30},
		     {3000, 1, 0}, {3000, 600, 100}, {70000, 3, 1}, {20000, 50, 20}};

	(void)state;
	if (!need_known_malloc())
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t before = in_use();
		struct groups *groups = make_groups((struct groups_options){0});

		for (unsigned k = 0; k < cases[i].count; k++)
			give_some(groups, k, cases[i].samples, cases[i].spread);
		assert_int_equal(group_count(groups), cases[i].count);
		assert_memory_is_right(groups, before);
		groups_free(groups);
		assert_in_range(in_use(), before - 16384, before + 16384);
	}
}

static bool first_half(void *user, const struct group *group)
{
	return group->number < *(const unsigned *)user;
}

static void counts_what_is_left(void **state)
{
	struct groups *groups;
	struct groups *more = make_groups((struct groups_options){0});
	unsigned half = 5000;
	size_t before;

	(void)state;
	if (!need_known_malloc()) {
		groups_free(more);
		skip();
	}
	for (unsigned i = 0; i < 10000; i++)
		give_some(more, i + 3000, 20, 100);
	before = in_use();
	groups = make_groups((struct groups_options){0});
	for (unsigned i = 0; i < 10000; i++)
		give_some(groups, i, 20, 10);
	groups_merge(groups, more);
	assert_int_equal(group_count(groups), 13000);
	assert_memory_is_right(groups, before);
	assert_int_equal(groups_keep(groups, first_half, &half), 0);
	assert_memory_is_right(groups, before);
	groups_reset(groups, 1);
	assert_memory_is_right(groups, before);
	assert_in_range(groups_memory(groups), 1, 3 << 20);
	groups_free(groups);
	groups_free(more);
}

/* What is in the first groups goes, the others take its place: nothing more is needed. */
static void keeping_makes_room(void **state)
{
	struct groups *groups = make_groups((struct groups_options){.max_groups = 4000});
	unsigned none = 0;
	size_t held = 0;

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < 4000; i++)
			give_some(groups, i + round * 100, 20, 50);
		assert_int_equal(group_count(groups), 4000);
		if (round == 0)
			held = groups_memory(groups);
		assert_int_equal(groups_keep(groups, first_half, &none), 0);
	}
	assert_in_range(groups_memory(groups), 1, held);
	groups_free(groups);
}

/* Of 50 samples that are spread over a factor of 20. */
static void is_small(void **state)
{
	struct groups *groups = make_groups((struct groups_options){0});

	(void)state;
	for (unsigned i = 0; i < 98304; i++) /* the table is full then: the best case */
		give_some(groups, i, 50, 20);
	assert_in_range(groups_memory(groups) / 98304, 384, 620);
	groups_free(groups);
}

static void set_limit(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
}

static void without_memory_samples_are_other(void **state)
{
	enum { COUNT = 50000 };
	struct groups *groups;
	struct rlimit limit;
	uint64_t samples = 0;
	size_t made;

	(void)state;
	if (!need_known_malloc())
		skip();
	assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
	groups = make_groups((struct groups_options){.max_groups = 2 * COUNT});
	give_some(groups, 0, 1, 0);
	set_limit(address_space() + (1 << 20));
	for (unsigned i = 1; i < COUNT; i++)
		give_some(groups, i, 2, 1);
	set_limit(limit.rlim_cur);
	made = group_count(groups);
	assert_in_range(made, 1, COUNT - 1);
	for (size_t i = 0; i < made; i++) {
		samples += network_count(group_at(groups, i));
		assert_ptr_equal(groups_find(groups, &group_at(groups, i)->key),
				 group_at(groups, i));
	}
	assert_non_null(groups_other(groups));
	assert_int_equal(network_count(groups_other(groups)),
			 groups_tally(groups)->other_for_memory);
	assert_int_equal(groups_tally(groups)->other_for_cap, 0);
	assert_int_equal(samples + groups_tally(groups)->other_for_memory, 2 * COUNT - 1);
	/* With memory again, those that come find room. */
	for (unsigned i = 0; i < COUNT; i++)
		give_some(groups, i, 1, 0);
	assert_int_equal(group_count(groups), COUNT);
	groups_free(groups);
}

static void without_memory_quantiles_miss_samples(void **state)
{
	struct groups *groups = make_groups((struct groups_options){0});
	struct test_flow narrow = make_flow(v4(1, 1), 1, v4(1, 2), 2);
	const struct series *series;
	struct rlimit limit;

	(void)state;
	if (!need_known_malloc()) {
		groups_free(groups);
		skip();
	}
	assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
	give(groups, &narrow, 0, 1000000);
	/* Until there is no room for a window: of some group's growing ones. */
	set_limit(address_space());
	for (unsigned i = 0; groups_tally(groups)->without_histogram < 1000; i++)
		give_some(groups, i % 20, 1 + i, i);
	give(groups, &narrow, 0, 1000000);
	give(groups, &narrow, 0, INT64_MAX / 4);
	set_limit(limit.rlim_cur);
	series = &group_at(groups, 0)->summary.series[TCPM_CLASS_NETWORK];
	assert_int_equal(series->count, 3);
	assert_int_equal(series_max(series), INT64_MAX / 4);
	assert_true(series->histogram.incomplete);
	assert_int_equal(histogram_count(&series->histogram), 2);
	assert_int_equal(series_quantile(series, 500), 1000000);
	/* What is merged is still incomplete. */
	struct groups *sum = make_groups((struct groups_options){0});
	const struct series *merged;

	groups_merge(sum, groups);
	assert_int_equal(groups_tally(sum)->without_histogram,
			 groups_tally(groups)->without_histogram);
	merged = &group_at(sum, 0)->summary.series[TCPM_CLASS_NETWORK];
	assert_series_same(merged, series);
	groups_free(sum);
	groups_free(groups);
}

/* Beyond the bound no group is made; all samples are there, and those of groups that there
 * are go on to be told apart. */
static void bound_of_memory(void **state)
{
	const size_t bound = (size_t)256 << 10;
	struct groups *groups = make_groups((struct groups_options){.max_memory = bound});
	uint64_t samples = 0;
	size_t count;

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 5000; i++) {
			struct test_flow flow =
				make_flow(v4(i / 250, i % 250 + 1), 1000, v4(255, 1), 80);

			give_on(groups, &flow, 0, 1000 + i, 0);
		}
	}
	groups_all(groups, &count);
	assert_true(count > 100 && count < 1000);
	/* The last chunk, as large as those before, may pass it. */
	assert_true(groups_memory(groups) <= 3 * bound);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(summary_samples(&group_at(groups, i)->summary), 2);
		samples += 2;
	}
	assert_int_equal(groups_tally(groups)->other_for_memory, 10000 - samples);
	assert_int_equal(groups_tally(groups)->other_for_cap, 0);
	assert_int_equal(summary_samples(&groups_other(groups)->summary), 10000 - samples);
	groups_free(groups);
}

/* What a busy interval held beyond the bound does not keep the next one from having groups. */
static void bound_after_a_busy_interval(void **state)
{
	struct groups *groups = make_groups((struct groups_options){.max_memory = 128 << 10});
	size_t count;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		struct test_flow flow = make_flow(v4(i % 40, i % 200 + 1), 1000, v4(255, 1), 80);

		/* Histograms grow, whatever the bound on groups. */
		give_on(groups, &flow, 0, 1 + (int64_t)(i * UINT64_C(7919) % 1000003) * i, 0);
	}
	assert_true(groups_memory(groups) > 128 << 10);
	groups_reset(groups, 1);
	for (unsigned i = 0; i < 10; i++) {
		struct test_flow flow = make_flow(v4(1, i + 1), 1000, v4(255, 1), 80);

		give_on(groups, &flow, 0, 1000, 0);
	}
	groups_all(groups, &count);
	assert_int_equal(count, 10);
	groups_free(groups);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_what_it_holds),
		cmocka_unit_test(counts_what_is_left),
		cmocka_unit_test(keeping_makes_room),
		cmocka_unit_test(is_small),
		cmocka_unit_test(bound_of_memory),
		cmocka_unit_test(bound_after_a_busy_interval),
		cmocka_unit_test(without_memory_samples_are_other),
		cmocka_unit_test(without_memory_quantiles_miss_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
