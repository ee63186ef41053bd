/*
 * Blocks against what they promise: where they lie, that they are zero, that none overlaps
 * another, and that what is held is what the system gave.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stats/block_alloc.h"

static void test_sizes(void **state)
{
	size_t before = 0;

	(void)state;
	assert_int_equal(block_alloc_size(1), 64);
	for (size_t bytes = 1; bytes <= BLOCK_ALLOC_LARGEST; bytes++) {
		size_t size = block_alloc_size(bytes);

		assert_in_range(size, bytes, bytes < 256 ? bytes + 63 : bytes + bytes / 2);
		assert_int_equal(size % 64, 0);
		assert_true(size >= before);
		assert_int_equal(block_alloc_size(size), size);
		before = size;
	}
	assert_int_equal(before, BLOCK_ALLOC_LARGEST);
}

static void test_small_use_is_small(void **state)
{
	struct block_alloc blocks = {0};

	(void)state;
	assert_int_equal(block_alloc_memory(&blocks), 0);
	assert_non_null(block_alloc_take(&blocks, BLOCK_ALLOC_LARGEST));
	assert_non_null(block_alloc_take(&blocks, 64));
	assert_in_range(block_alloc_memory(&blocks), BLOCK_ALLOC_LARGEST, 32768);
	block_alloc_done(&blocks);
	assert_int_equal(block_alloc_memory(&blocks), 0);
	block_alloc_done(&blocks);
}

/* What is held stays near what is taken, whatever that comes to. */
static void test_held_follows_taken(void **state)
{
	struct block_alloc blocks = {0};
	size_t taken = 0;

	(void)state;
	for (size_t i = 0; i < 100000; i++) {
		size_t size = block_alloc_size(1 + i * 31 % 1000);
		size_t most = taken < (2 << 20) ? 2 * taken + 65536 : taken / 50 * 51 + (4 << 20);

		assert_non_null(block_alloc_take(&blocks, size));
		taken += size;
		assert_in_range(block_alloc_memory(&blocks), taken, most + size);
	}
	block_alloc_done(&blocks);
}

static uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

struct taken {
	unsigned char *bytes;
	size_t size;
	unsigned char mark;
};

static void check_and_give(struct block_alloc *blocks, struct taken *taken)
{
	for (size_t i = 0; i < taken->size; i++)
		assert_int_equal(taken->bytes[i], taken->mark);
	block_alloc_give(blocks, taken->bytes, taken->size);
	taken->bytes = NULL;
}

static void take_and_mark(struct block_alloc *blocks, struct taken *taken, size_t size)
{
	taken->size = size;
	taken->bytes = block_alloc_take(blocks, size);
	assert_non_null(taken->bytes);
	if (blocks)
		assert_int_equal((uintptr_t)taken->bytes % (size % 128 ? 64 : 128), 0);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(taken->bytes[i], 0);
	memset(taken->bytes, taken->mark, size);
}

/* Random taking and giving; a clear now and then. */
static void run(struct block_alloc *blocks, uint64_t seed)
{
	enum { PLACES = 300 };
	struct taken places[PLACES] = {{0}};

	for (int round = 0; round < 30000; round++) {
		struct taken *taken = &places[random_next(&seed) % PLACES];

		if (taken->bytes) {
			check_and_give(blocks, taken);
		} else {
			size_t bytes = 1 + random_next(&seed) % BLOCK_ALLOC_LARGEST;

			taken->mark = (unsigned char)(1 + random_next(&seed) % 255);
			take_and_mark(blocks, taken,
				      block_alloc_size(bytes >> random_next(&seed) % 14));
		}
		if (blocks && round % 7000 == 6999) {
			block_alloc_clear(blocks);
			assert_in_range(block_alloc_memory(blocks), 1, 2 << 20);
			memset(places, 0, sizeof(places));
		}
	}
	for (int i = 0; i < PLACES; i++)
		if (places[i].bytes)
			check_and_give(blocks, &places[i]);
}

static void test_blocks_are_zero_and_apart(void **state)
{
	struct block_alloc blocks = {0};

	(void)state;
	run(&blocks, 3);
	block_alloc_done(&blocks);
	run(NULL, 4); /* malloc's */
	block_alloc_give(&blocks, NULL, 64);
	block_alloc_give(NULL, NULL, 64);
	assert_int_equal(block_alloc_memory(&blocks), 0);
}

static void test_given_ones_are_taken_again(void **state)
{
	struct block_alloc blocks = {0};
	size_t held = 0;

	(void)state;
	for (int round = 0; round < 1000; round++) {
		void *some[40];

		for (int i = 0; i < 40; i++)
			some[i] = block_alloc_take(&blocks, block_alloc_size((size_t)i * 300 + 1));
		for (int i = 0; i < 40; i++)
			block_alloc_give(&blocks, some[i], block_alloc_size((size_t)i * 300 + 1));
		if (round == 0)
			held = block_alloc_memory(&blocks);
	}
	assert_int_equal(block_alloc_memory(&blocks), held);
	block_alloc_done(&blocks);
}

static void test_clear_of_nothing(void **state)
{
	struct block_alloc blocks = {0};

	(void)state;
	block_alloc_clear(&blocks);
	assert_int_equal(block_alloc_memory(&blocks), 0);
	assert_non_null(block_alloc_take(&blocks, 128));
	block_alloc_clear(&blocks);
	block_alloc_clear(&blocks);
	assert_non_null(block_alloc_take(&blocks, 128));
	block_alloc_done(&blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_small_use_is_small),
		cmocka_unit_test(test_held_follows_taken),
		cmocka_unit_test(test_blocks_are_zero_and_apart),
		cmocka_unit_test(test_given_ones_are_taken_again),
		cmocka_unit_test(test_clear_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
