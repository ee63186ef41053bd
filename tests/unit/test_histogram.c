/*
 * The histogram against exact arithmetic (its bounds, by whole numbers of any
 * length) and against a naive reference (sorted values, random by a fixed seed).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stats/block_alloc.h"
#include "stats/histogram.h"

/* An unsigned number, limbs of 32 bits, least first: enough for (2^44)^32 * 2^956. */
#define LIMBS 80
struct big {
	uint32_t limb[LIMBS];
};

static void big_multiply(struct big *big, uint64_t factor)
{
	unsigned __int128 carry = 0;

	for (int i = 0; i < LIMBS; i++) {
		carry += (unsigned __int128)big->limb[i] * factor;
		big->limb[i] = (uint32_t)carry;
		carry >>= 32;
	}
	assert_true(carry == 0);
}

static int big_compare(const struct big *a, const struct big *b)
{
	for (int i = LIMBS - 1; i >= 0; i--)
		if (a->limb[i] != b->limb[i])
			return a->limb[i] < b->limb[i] ? -1 : 1;
	return 0;
}

/* 2^shift * value^32 */
static struct big power32(uint64_t value, int shift)
{
	struct big big = {{1}};

	for (int i = 0; i < 32; i++)
		big_multiply(&big, value);
	for (; shift >= 32; shift -= 32)
		big_multiply(&big, 1ULL << 32);
	big_multiply(&big, 1ULL << shift);
	return big;
}

/* Whether value ns <= 2^(n/32) s, n = index - 956: value^32 <= 10^(9 * 32) * 2^n. */
static bool not_above_bound(int64_t value, unsigned index)
{
	int n = (int)index - HISTOGRAM_ONE_SECOND;
	struct big bound = power32(1000000000, n > 0 ? n : 0);
	struct big power = power32((uint64_t)value, n < 0 ? -n : 0);

	return big_compare(&power, &bound) <= 0;
}

static void test_bounds_are_exact(void **state)
{
	(void)state;
	for (unsigned index = 0; index < HISTOGRAM_BUCKETS - 1; index++) {
		int64_t upper = histogram_upper_ns(index);

		assert_true(not_above_bound(upper, index));
		assert_false(not_above_bound(upper + 1, index));
		/* Upper-inclusive: the bound itself is in, the next one is not. Below
		 * 46 ns a bucket may be too narrow for a whole number. */
		assert_true(histogram_index(upper) <= index);
		assert_true(histogram_index(upper + 1) > index);
		if (upper > 46)
			assert_int_equal(histogram_index(upper), index);
	}
}

static void test_bounds_that_people_know(void **state)
{
	(void)state;
	assert_int_equal(histogram_index(1), 0);
	assert_int_equal(histogram_index(1000000000), HISTOGRAM_ONE_SECOND);
	assert_int_equal(histogram_index(1000000001), HISTOGRAM_ONE_SECOND + 1);
	assert_int_equal(histogram_index(999999999), HISTOGRAM_ONE_SECOND);
	assert_int_equal(histogram_index(500000000), HISTOGRAM_ONE_SECOND - 32);
	assert_int_equal(histogram_index(500000001), HISTOGRAM_ONE_SECOND - 31);
	assert_int_equal(histogram_index(HISTOGRAM_MAX_NS), HISTOGRAM_BUCKETS - 1);
	assert_int_equal(histogram_upper_ns(HISTOGRAM_ONE_SECOND), 1000000000);
	assert_int_equal(histogram_upper_ns(HISTOGRAM_BUCKETS - 1), HISTOGRAM_MAX_NS);
}

/* xorshift64*, so that each run sees the same values. */
static uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

/* A value of any size up to 2^43, small ones as likely as large ones. */
static int64_t random_value(uint64_t *state)
{
	return (int64_t)(random_next(state) >> (21 + random_next(state) % 43));
}

static int compare_values(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void assert_close(int64_t estimate, int64_t exact)
{
	double difference = (double)(estimate > exact ? estimate - exact : exact - estimate);

	assert_true(difference <= 0.011 * (double)exact + 0.5);
}

static void test_quantiles_same_as_reference(void **state)
{
	(void)state;
	enum { ROUNDS = 300, MOST = 2000 };
	static int64_t values[MOST];
	uint64_t seed = 1;

	for (int round = 0; round < ROUNDS; round++) {
		struct histogram histogram = {0};
		size_t count = 1 + random_next(&seed) % (round < 50 ? 5 : MOST);

		for (size_t i = 0; i < count; i++) {
			values[i] = random_value(&seed);
			assert_int_equal(histogram_add(&histogram, values[i], NULL), 0);
		}
		qsort(values, count, sizeof(values[0]), compare_values);
		assert_int_equal(histogram_count(&histogram), count);
		for (unsigned q = 0; q <= 1000; q++) {
			size_t rank = (count * q + 999) / 1000;

			assert_close(histogram_quantile(&histogram, q, 0, HISTOGRAM_MAX_NS),
				     values[rank ? rank - 1 : 0]);
		}
		histogram_done(&histogram, NULL);
	}
}

static void test_quantile_error_at_both_ends_of_each_bucket(void **state)
{
	(void)state;
	for (unsigned index = 0; index < HISTOGRAM_BUCKETS; index++) {
		int64_t ends[2] = {index ? histogram_upper_ns(index - 1) + 1 : 1,
				   histogram_upper_ns(index)};

		if (ends[0] > ends[1]) /* no whole number in it */
			continue;
		for (int i = 0; i < 2; i++) {
			struct histogram histogram = {0};

			assert_int_equal(histogram_add(&histogram, ends[i], NULL), 0);
			assert_int_equal(histogram_bucket(&histogram, index), 1);
			assert_close(histogram_quantile(&histogram, 500, 0, HISTOGRAM_MAX_NS),
				     ends[i]);
			histogram_done(&histogram, NULL);
		}
	}
}

static void test_empty_and_extremes(void **state)
{
	(void)state;
	struct histogram histogram = {0};

	assert_int_equal(histogram_quantile(&histogram, 500, 0, HISTOGRAM_MAX_NS), -1);
	assert_int_equal(histogram_bucket(&histogram, 5), 0);
	assert_int_equal(histogram_add(&histogram, 0, NULL), 0);
	assert_int_equal(histogram_add(&histogram, -7, NULL), 0);
	assert_int_equal(histogram.zeros, 2);
	assert_null(histogram.window);
	assert_int_equal(histogram_quantile(&histogram, 1000, 0, HISTOGRAM_MAX_NS), 0);
	assert_int_equal(histogram_add(&histogram, INT64_MAX, NULL), 0);
	assert_int_equal(histogram_bucket(&histogram, HISTOGRAM_BUCKETS - 1), 1);
	assert_int_equal(histogram_add(&histogram, 1, NULL), 0);
	assert_int_equal(histogram_bucket(&histogram, 0), 1);
	assert_int_equal(histogram_quantile(&histogram, 500, 0, HISTOGRAM_MAX_NS), 0);
	assert_int_equal(histogram_quantile(&histogram, 750, 0, HISTOGRAM_MAX_NS), 1);
	assert_close(histogram_quantile(&histogram, 1000, 0, HISTOGRAM_MAX_NS), HISTOGRAM_MAX_NS);
	histogram_done(&histogram, NULL);
	assert_int_equal(histogram_count(&histogram), 0);
	histogram_done(&histogram, NULL);
}

/* What is known of the values narrows the answer, and never leaves the bucket. */
static void test_quantile_within_limits(void **state)
{
	(void)state;
	struct histogram histogram = {0};

	assert_int_equal(histogram_add(&histogram, 1000000, NULL), 0);
	assert_int_equal(histogram_add(&histogram, 1000100, NULL), 0);
	assert_int_equal(histogram_quantile(&histogram, 500, 1000000, 1000100), 1000050);
	assert_int_equal(histogram_quantile(&histogram, 500, 1000000, 1000000), 1000000);
	assert_close(histogram_quantile(&histogram, 500, 1, 2000000), 1000000);
	histogram_done(&histogram, NULL);
	assert_int_equal(histogram_add(&histogram, HISTOGRAM_MAX_NS * 3, NULL), 0);
	assert_int_equal(histogram_add(&histogram, HISTOGRAM_MAX_NS * 5, NULL), 0);
	assert_int_equal(
		histogram_quantile(&histogram, 500, HISTOGRAM_MAX_NS * 3, HISTOGRAM_MAX_NS * 5),
		HISTOGRAM_MAX_NS * 4);
	histogram_done(&histogram, NULL);
}

static size_t window_bytes(const struct histogram *histogram)
{
	return histogram->window ? (size_t)histogram->length << histogram->width : 0;
}

static void test_window_stays_small(void **state)
{
	(void)state;
	struct histogram histogram = {0};
	int64_t value_ns = 20000000;

	/* Within a factor of two, upwards or downwards, nothing is taken ... */
	for (int i = 0; i < 200; i++) {
		assert_int_equal(histogram_add(&histogram, value_ns, NULL), 0);
		assert_int_equal(histogram_add(&histogram, value_ns * 2, NULL), 0);
	}
	assert_int_equal(window_bytes(&histogram), 0);
	histogram_done(&histogram, NULL);
	assert_int_equal(histogram_add(&histogram, value_ns * 2, NULL), 0);
	assert_int_equal(histogram_add(&histogram, value_ns, NULL), 0);
	assert_int_equal(window_bytes(&histogram), 0);
	/* ... then a byte for each bucket, while counts are small. */
	assert_int_equal(histogram_add(&histogram, value_ns / 2 * 5, NULL), 0);
	assert_int_equal(window_bytes(&histogram), 64);
	assert_int_equal(histogram_add(&histogram, value_ns * 8, NULL), 0);
	assert_int_equal(window_bytes(&histogram), 128);
	assert_int_equal(histogram_add(&histogram, 1, NULL), 0);
	assert_int_equal(window_bytes(&histogram), 1024);
	assert_int_equal(histogram_add(&histogram, HISTOGRAM_MAX_NS, NULL), 0);
	assert_int_equal(window_bytes(&histogram), 1536);
	assert_int_equal(histogram_count(&histogram), 6);
	histogram_done(&histogram, NULL);
}

/* What is outside the window asked for, in any order of two values. */
static void test_window_moves_to_where_values_are(void **state)
{
	(void)state;
	for (unsigned first = 0; first < HISTOGRAM_BUCKETS; first += 7) {
		for (unsigned second = 0; second < HISTOGRAM_BUCKETS; second += 11) {
			struct histogram histogram = {0};
			unsigned indexes[2] = {histogram_index(histogram_upper_ns(first)),
					       histogram_index(histogram_upper_ns(second))};
			unsigned low = indexes[0] < indexes[1] ? indexes[0] : indexes[1];
			unsigned from;
			unsigned to;

			assert_false(histogram_range(&histogram, &from, &to));
			histogram_add(&histogram, histogram_upper_ns(first), NULL);
			histogram_add(&histogram, histogram_upper_ns(second), NULL);
			assert_true(histogram_range(&histogram, &from, &to));
			assert_int_equal(from, low);
			assert_int_equal(to, indexes[0] + indexes[1] - low);
			assert_int_equal(histogram_bucket(&histogram, indexes[0]),
					 1 + (indexes[0] == indexes[1]));
			assert_int_equal(histogram_count(&histogram), 2);
			histogram_done(&histogram, NULL);
		}
	}
}

static void assert_same(const struct histogram *a, const struct histogram *b)
{
	assert_int_equal(histogram_count(a), histogram_count(b));
	assert_int_equal(a->zeros, b->zeros);
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		assert_int_equal(histogram_bucket(a, i), histogram_bucket(b, i));
}

static void fill(struct histogram *histogram, uint64_t *seed, uint64_t count)
{
	int64_t around = random_value(seed);

	for (uint64_t i = 0; i < count; i++)
		assert_int_equal(histogram_add(histogram, around + random_value(seed) / 1024, NULL),
				 0);
}

static void merge(struct histogram *into, const struct histogram *from)
{
	assert_int_equal(histogram_merge(into, from, NULL), 0);
}

static void test_merge_is_associative_and_loses_nothing(void **state)
{
	(void)state;
	uint64_t seed = 99;

	for (int round = 0; round < 200; round++) {
		struct histogram part[3] = {0};
		struct histogram left = {0};  /* (0 + 1) + 2 */
		struct histogram right = {0}; /* 0 + (1 + 2), backwards */
		struct histogram all = {0};
		uint64_t seeds[3] = {random_next(&seed), random_next(&seed), random_next(&seed)};

		for (int i = 0; i < 3; i++) {
			uint64_t count = round % 5 == i ? 0 : random_next(&seed) % 200;
			uint64_t again = seeds[i];

			fill(&part[i], &seeds[i], count);
			fill(&all, &again, count);
		}
		merge(&left, &part[0]);
		merge(&left, &part[1]);
		merge(&left, &part[2]);
		merge(&right, &part[2]);
		merge(&part[1], &right);
		merge(&part[1], &part[0]);
		assert_same(&left, &all);
		assert_same(&part[1], &all);
		for (int i = 0; i < 3; i++)
			histogram_done(&part[i], NULL);
		histogram_done(&left, NULL);
		histogram_done(&right, NULL);
		histogram_done(&all, NULL);
	}
}

/* Doubling by merges fills counters without four thousand million calls. */
static void test_counters_grow_to_64_bits(void **state)
{
	(void)state;
	struct histogram histogram = {0};
	struct histogram copy = {0};

	assert_int_equal(histogram_add(&histogram, 1000, NULL), 0);
	assert_int_equal(histogram_add(&histogram, 5000, NULL), 0);
	for (int bits = 1; bits < 40; bits++) {
		merge(&copy, &histogram);
		merge(&histogram, &copy);
		histogram_done(&copy, NULL);
		assert_int_equal(histogram.width, bits < 8 ? 0 : bits < 16 ? 1 : bits < 32 ? 2 : 3);
		assert_int_equal(histogram_bucket(&histogram, histogram_index(1000)), 1ULL << bits);
		assert_int_equal(histogram_bucket(&histogram, histogram_index(5000)), 1ULL << bits);
	}
	assert_int_equal(histogram_count(&histogram), 1ULL << 40);
	assert_close(histogram_quantile(&histogram, 500, 0, HISTOGRAM_MAX_NS), 1000);
	assert_close(histogram_quantile(&histogram, 501, 0, HISTOGRAM_MAX_NS), 5000);
	histogram_done(&histogram, NULL);
}

/* And one at a time: in the histogram itself, and in each width. */
static void test_full_counters_are_widened(void **state)
{
	(void)state;
	struct histogram histogram = {0};
	unsigned index = histogram_index(1000);

	for (int i = 0; i < 70000; i++)
		assert_int_equal(histogram_add(&histogram, 1000, NULL), 0);
	assert_int_equal(histogram.width, 2);
	assert_int_equal(histogram_bucket(&histogram, index), 70000);
	((uint32_t *)histogram.window)[index - histogram.first] = UINT32_MAX;
	assert_int_equal(histogram_add(&histogram, 1000, NULL), 0);
	assert_int_equal(histogram.width, 3);
	assert_int_equal(histogram_bucket(&histogram, index), 1ULL << 32);
	histogram_done(&histogram, NULL);
	for (int i = 0; i < 255; i++)
		assert_int_equal(histogram_add(&histogram, 1000, NULL), 0);
	assert_null(histogram.window);
	assert_int_equal(histogram_add(&histogram, 1000, NULL), 0);
	assert_int_equal(histogram.width, 1);
	assert_int_equal(histogram_bucket(&histogram, index), 256);
	histogram_done(&histogram, NULL);
}

/* Random histograms of many sizes take blocks from one another, and one stays right. */
static void test_blocks_are_shared(void **state)
{
	(void)state;
	enum { HISTOGRAMS = 40, ROUNDS = 40000 };
	static uint64_t counts[HISTOGRAMS][HISTOGRAM_BUCKETS];
	struct histogram histograms[HISTOGRAMS] = {{0}};
	struct block_alloc blocks = {0};
	uint64_t seed = 5;

	memset(counts, 0, sizeof(counts));
	for (int round = 0; round < ROUNDS; round++) {
		unsigned i = (unsigned)(random_next(&seed) % HISTOGRAMS);
		unsigned j = (unsigned)(random_next(&seed) % HISTOGRAMS);
		unsigned what = (unsigned)(random_next(&seed) % 100);
		int64_t value_ns = 1 + random_value(&seed) / (1 + i * 1000);

		if (what == 0) {
			histogram_done(&histograms[i], &blocks);
			memset(counts[i], 0, sizeof(counts[i]));
		} else if (what == 1 && i != j) {
			assert_int_equal(histogram_merge(&histograms[i], &histograms[j], &blocks),
					 0);
			for (unsigned k = 0; k < HISTOGRAM_BUCKETS; k++)
				counts[i][k] += counts[j][k];
		} else {
			assert_int_equal(histogram_add(&histograms[i], value_ns, &blocks), 0);
			counts[i][histogram_index(value_ns)]++;
		}
	}
	for (unsigned i = 0; i < HISTOGRAMS; i++)
		for (unsigned k = 0; k < HISTOGRAM_BUCKETS; k++)
			assert_int_equal(histogram_bucket(&histograms[i], k), counts[i][k]);
	block_alloc_done(&blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds_are_exact),
		cmocka_unit_test(test_bounds_that_people_know),
		cmocka_unit_test(test_quantiles_same_as_reference),
		cmocka_unit_test(test_quantile_error_at_both_ends_of_each_bucket),
		cmocka_unit_test(test_empty_and_extremes),
		cmocka_unit_test(test_quantile_within_limits),
		cmocka_unit_test(test_window_stays_small),
		cmocka_unit_test(test_window_moves_to_where_values_are),
		cmocka_unit_test(test_merge_is_associative_and_loses_nothing),
		cmocka_unit_test(test_counters_grow_to_64_bits),
		cmocka_unit_test(test_full_counters_are_widened),
		cmocka_unit_test(test_blocks_are_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
