/*
 * Regions and pools: what is given back reads as zero and is the system's again, what is not
 * stays; numbers are used again, and none is given twice.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/pool.h"
#include "base/region.h"

#define PAGE ((size_t)4096)
#define HUGE ((size_t)2 << 20)

static uint64_t random_state = 3;

static uint32_t random_below(uint32_t bound)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % bound;
}

/* Pages of address space that this process has. */
static long address_space(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ld", &pages), 1);
	fclose(file);
	return pages;
}

/* Pages in [from, to) of a region that are in memory. */
static size_t resident(const struct region *region, size_t from, size_t to)
{
	size_t pages = (to - from) / PAGE;
	unsigned char *in = malloc(pages);
	size_t count = 0;

	assert_non_null(in);
	assert_int_equal(mincore(region->base + from, to - from, in), 0);
	for (size_t i = 0; i < pages; i++)
		count += in[i] & 1u;
	free(in);
	return count;
}

static void region_begins_at_a_boundary(void **state)
{
	static const size_t sizes[] = {1, 100, PAGE, PAGE + 1, HUGE, HUGE + 1, 5 * HUGE - 1};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct region region;

		assert_int_equal(region_init(&region, sizes[i]), 0);
		assert_int_equal((uintptr_t)region.base % HUGE, 0);
		assert_true(region.size >= sizes[i] && region.size < sizes[i] + PAGE);
		assert_int_equal(region.base[0], 0);
		/* All of it can be used. */
		memset(region.base, 1, region.size);
		region_done(&region);
		assert_null(region.base);
		assert_int_equal(region.size, 0);
		region_done(&region);
	}
}

static void impossible_regions_are_refused(void **state)
{
	struct region region;

	(void)state;
	memset(&region, 1, sizeof(region));
	assert_int_equal(region_init(&region, 0), -ENOMEM);
	assert_null(region.base);
	memset(&region, 1, sizeof(region));
	assert_int_equal(region_init(&region, SIZE_MAX), -ENOMEM);
	assert_null(region.base);
	memset(&region, 1, sizeof(region));
	assert_int_equal(region_init(&region, (size_t)1 << 60), -ENOMEM);
	assert_null(region.base);
	region_done(&region);
}

/* Address space is taken as it is asked for, and all of it comes back. */
static void address_space_comes_back(void **state)
{
	const long few = (long)(HUGE / 2 / PAGE);
	long before = address_space();

	(void)state;
	for (size_t i = 1; i <= 100; i++) {
		struct region region;
		size_t size = i * 10 * HUGE + i * PAGE;
		long more;

		assert_int_equal(region_init(&region, size), 0);
		more = address_space() - before - (long)(size / PAGE);
		assert_true(more >= 0 && more < few);
		region_done(&region);
	}
	assert_true(address_space() - before < few);
}

#define REGION_PAGES ((size_t)1500) /* more than 2 MiB, so that huge pages may be among them */

static void fill(uint8_t *bytes, uint8_t *model)
{
	for (size_t i = 0; i < REGION_PAGES * PAGE; i++)
		bytes[i] = model[i] = (uint8_t)(1 + i % 251);
}

/* Whole pages in the range read as zero, and nothing else changes. */
static void what_is_given_back_is_zero(void **state)
{
	uint8_t *model = malloc(REGION_PAGES * PAGE);
	struct region region;

	(void)state;
	assert_non_null(model);
	assert_int_equal(region_init(&region, REGION_PAGES * PAGE), 0);
	for (unsigned round = 0; round < 60; round++) {
		if (round % 20 == 0)
			fill(region.base, model);
		size_t from = random_below(REGION_PAGES * PAGE);
		size_t size = random_below(round % 2 ? 4 * PAGE : 100 * PAGE);
		/* Now and then on a page's edge, or nothing at all. */
		if (round % 5 == 0)
			from = from / PAGE * PAGE;
		if (round % 7 == 0)
			size = size / PAGE * PAGE;
		size_t to = from + size < region.size ? from + size : region.size;
		size_t first = (from + PAGE - 1) / PAGE;
		size_t end = to / PAGE;

		region_give_back(&region, from, to);
		if (first < end) {
			assert_int_equal(resident(&region, first * PAGE, end * PAGE), 0);
			memset(model + first * PAGE, 0, (end - first) * PAGE);
		}
		assert_memory_equal(region.base, model, REGION_PAGES * PAGE);
	}
	region_give_back(&region, 0, region.size);
	assert_int_equal(resident(&region, 0, region.size), 0);
	region_give_back(&region, region.size, region.size);
	region_give_back(&region, 5 * PAGE, 2 * PAGE);
	region_done(&region);
	free(model);
}

#define MOST 500u

/* What was put in a place, by its number; 0: it is free. */
struct model {
	uint32_t value[MOST + 1];
	uint32_t taken;
	uint32_t high;
};

static void set(const struct pool *pool, uint32_t number, uint32_t value)
{
	for (size_t i = 0; i < pool->size; i += sizeof(value))
		memcpy((uint8_t *)pool_at(pool, number) + i, &value, sizeof(value));
}

static void check_place(const struct pool *pool, uint32_t number, uint32_t value)
{
	for (size_t i = 0; i < pool->size; i += sizeof(value))
		assert_memory_equal((uint8_t *)pool_at(pool, number) + i, &value, sizeof(value));
}

static void take(struct pool *pool, struct model *model, uint32_t value)
{
	uint32_t number = pool_take(pool);

	if (model->taken == MOST) {
		assert_int_equal(number, 0);
		return;
	}
	assert_in_range(number, 1, MOST);
	assert_int_equal(model->value[number], 0);
	assert_int_equal((uintptr_t)pool_at(pool, number),
			 (uintptr_t)pool->region.base + (number - 1) * pool->size);
	model->value[number] = value;
	set(pool, number, value);
	model->taken++;
	if (model->taken > model->high)
		model->high = model->taken;
}

static void give(struct pool *pool, struct model *model, uint32_t number)
{
	if (!model->value[number])
		return;
	check_place(pool, number, model->value[number]);
	model->value[number] = 0;
	model->taken--;
	pool_give(pool, number);
}

static void random_takes_and_gives(size_t size)
{
	struct pool pool;
	struct model model = {0};
	unsigned bias = 0;

	assert_int_equal(pool_init(&pool, size, MOST), 0);
	assert_int_equal(pool_memory(&pool), 0);
	for (uint32_t step = 1; step <= 40000; step++) {
		/* It fills up and runs empty by turns. */
		if (step % 2000 == 1)
			bias = random_below(10);
		if (random_below(10) < bias)
			take(&pool, &model, step);
		else
			give(&pool, &model, 1 + random_below(MOST));
		/* Never more than were taken at once: those given back are used again. */
		assert_int_equal(pool_memory(&pool), model.high * size);
	}
	assert_int_equal(model.high, MOST);
	for (uint32_t number = 1; number <= MOST; number++)
		if (model.value[number])
			check_place(&pool, number, model.value[number]);
	pool_done(&pool);
	pool_done(&pool);
	assert_int_equal(pool_memory(&pool), 0);
}

static void pools_same_as_model(void **state)
{
	(void)state;
	random_takes_and_gives(4);
	random_takes_and_gives(76);
	random_takes_and_gives(8192);
}

static void a_cleared_pool_starts_over(void **state)
{
	const size_t size = 64;
	struct pool pool;

	(void)state;
	assert_int_equal(pool_init(&pool, size, MOST), 0);
	for (uint32_t round = 0; round < 3; round++) {
		struct model model = {0};

		for (uint32_t i = 0; i < MOST + 2; i++)
			take(&pool, &model, 7 + round);
		assert_int_equal(model.taken, MOST);
		for (uint32_t number = 1; number <= MOST; number += 3)
			give(&pool, &model, number);
		pool_clear(&pool);
		assert_int_equal(pool_memory(&pool), 0);
		/* But for the page that it shares with what was never taken. */
		assert_int_equal(resident(&pool.region, 0, MOST * size / PAGE * PAGE), 0);
		for (size_t i = 0; i < MOST * size / PAGE * PAGE; i++)
			assert_int_equal(pool.region.base[i], 0);
	}
	pool_done(&pool);
}

static void the_last_given_back_is_the_next(void **state)
{
	struct pool pool;

	(void)state;
	assert_int_equal(pool_init(&pool, 8, 1), 0);
	assert_int_equal(pool_take(&pool), 1);
	assert_int_equal(pool_take(&pool), 0);
	pool_give(&pool, 1);
	assert_int_equal(pool_take(&pool), 1);
	assert_int_equal(pool_take(&pool), 0);
	pool_done(&pool);

	/* Many places cost nothing until they are taken. */
	assert_int_equal(pool_init(&pool, 1024, 1u << 20), 0);
	for (uint32_t number = 1; number <= 4; number++)
		assert_int_equal(pool_take(&pool), number);
	assert_int_equal(pool_memory(&pool), 4096);
	assert_int_equal(resident(&pool.region, 0, pool.region.size), 0);
	pool_give(&pool, 2);
	pool_give(&pool, 3);
	assert_int_equal(pool_take(&pool), 3);
	assert_int_equal(pool_take(&pool), 2);
	assert_int_equal(pool_take(&pool), 5);
	pool_done(&pool);

	/* More than there can be, also where the product would come round to little. */
	assert_int_equal(pool_init(&pool, SIZE_MAX / 4, 1000), -ENOMEM);
	pool_done(&pool);
	assert_int_equal(pool_init(&pool, SIZE_MAX / 4 + 5, 4), -ENOMEM);
	pool_done(&pool);
}

/* Whoever is above the level moves below it, and is as it was. */
static void is_lowered(void **state)
{
	enum { MANY = 100000 };
	static uint32_t numbers[MANY];
	struct pool pool;
	uint32_t level;
	size_t before;

	(void)state;
	assert_int_equal(pool_init(&pool, 16, MANY), 0);
	for (uint32_t i = 0; i < MANY; i++) {
		numbers[i] = pool_take(&pool);
		memcpy(pool_at(&pool, numbers[i]), &i, sizeof(i));
	}
	for (uint32_t i = 0; i < MANY; i++) {
		if (i % 10) {
			pool_give(&pool, numbers[i]);
			numbers[i] = 0;
		}
	}
	before = pool_memory(&pool);
	level = pool_level(&pool);
	assert_int_equal(level, MANY / 10);
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t to;

		if (numbers[i] <= level)
			continue;
		to = pool_take(&pool);
		assert_in_range(to, 1, level);
		memcpy(pool_at(&pool, to), pool_at(&pool, numbers[i]), 16);
		pool_drop(&pool);
		numbers[i] = to;
	}
	pool_lower(&pool, level);
	assert_int_equal(pool_memory(&pool), before / 10);
	for (uint32_t i = 0; i < MANY; i += 10)
		assert_memory_equal(pool_at(&pool, numbers[i]), &i, sizeof(i));
	/* The next one is new. */
	assert_int_equal(pool_take(&pool), level + 1);
	pool_done(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(region_begins_at_a_boundary),
		cmocka_unit_test(impossible_regions_are_refused),
		cmocka_unit_test(address_space_comes_back),
		cmocka_unit_test(what_is_given_back_is_zero),
		cmocka_unit_test(pools_same_as_model),
		cmocka_unit_test(a_cleared_pool_starts_over),
		cmocka_unit_test(the_last_given_back_is_the_next),
		cmocka_unit_test(is_lowered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
