/*
 * Summaries on numbers small enough to check by hand; and merged from random parts, which
 * must give what all samples give together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "summary_compare.h"

static void test_empty_series_invents_nothing(void **state)
{
	(void)state;
	struct series series = {0};

	assert_int_equal(series_min(&series), -1);
	assert_int_equal(series_max(&series), -1);
	assert_int_equal(series_last(&series), -1);
	assert_int_equal(series_mean(&series), -1);
	assert_int_equal(series_jitter(&series), -1);
	assert_int_equal(series_quantile(&series, 500), -1);
	series_done(&series, NULL);
}

static void test_series(void **state)
{
	(void)state;
	struct series series = {0};

	assert_int_equal(series_add(&series, 1000, -1, NULL), 0);
	assert_int_equal(series_jitter(&series), -1);
	assert_int_equal(series_quantile(&series, 500), 1000); /* held within min and max */
	assert_int_equal(series_add(&series, 3000, 1000, NULL), 0);
	assert_int_equal(series_add(&series, 2001, 3000, NULL), 0);
	assert_int_equal(series_add(&series, 2001, 0, NULL), 0); /* a previous one of zero counts */
	assert_int_equal(series.count, 4);
	assert_int_equal(series_min(&series), 1000);
	assert_int_equal(series_max(&series), 3000);
	assert_int_equal(series_last(&series), 2001);
	assert_int_equal(series_mean(&series), 2001);   /* 2000.5 */
	assert_int_equal(series_jitter(&series), 1667); /* (2000 + 999 + 2001) / 3 = 1666.7 */
	assert_int_equal(series_quantile(&series, 0), 1000);
	assert_int_equal(series_quantile(&series, 1000), 3000);
	assert_in_range(series_quantile(&series, 500), 1979, 2023);
	assert_int_equal(series_quantile(&series, 250), 1000);
	assert_int_equal(series_quantile(&series, 751), 3000);
	series_done(&series, NULL);
	assert_int_equal(series_mean(&series), -1);
}

static void test_zero_is_a_value(void **state)
{
	(void)state;
	struct series series = {0};

	assert_int_equal(series_add(&series, 0, 0, NULL), 0);
	assert_int_equal(series_min(&series), 0);
	assert_int_equal(series_mean(&series), 0);
	assert_int_equal(series_jitter(&series), 0);
	assert_int_equal(series_quantile(&series, 990), 0);
	series_done(&series, NULL);
}

static void test_large_sums_are_exact(void **state)
{
	(void)state;
	struct series series = {0};

	for (int i = 0; i < 10; i++) {
		assert_int_equal(series_add(&series, INT64_MAX, i ? 0 : -1, NULL), 0);
		assert_int_equal(series_mean(&series), INT64_MAX);
	}
	assert_int_equal(series_jitter(&series), INT64_MAX);
	series_done(&series, NULL);
}

static void test_summary(void **state)
{
	(void)state;
	struct summary summary = {0};
	struct tcpm_sample sample = {
		.rtt_ns = 5, .previous_ns = -1, .interface = 3, .class_ = TCPM_CLASS_RESPONSE};

	assert_int_equal(summary_loss(&summary), -1);
	assert_int_equal(summary_add(&summary, &sample, NULL), 0);
	assert_int_equal(summary.interface, 3);
	sample.class_ = TCPM_CLASS_NETWORK;
	sample.rtt_ns = 7;
	assert_int_equal(summary_add(&summary, &sample, NULL), 0);
	assert_false(summary.interfaces_mixed);
	sample.interface = 4;
	assert_int_equal(summary_add(&summary, &sample, NULL), 0);
	assert_true(summary.interfaces_mixed);
	assert_int_equal(summary.interface, 3);
	assert_int_equal(summary.series[TCPM_CLASS_NETWORK].count, 2);
	assert_int_equal(series_max(&summary.series[TCPM_CLASS_RESPONSE]), 5);
	summary.totals.segments = 3;
	assert_int_equal(summary_loss(&summary), 0);
	summary.totals.retransmitted = 2;
	assert_int_equal(summary_loss(&summary), 666667);
	summary_done(&summary, NULL);
}

static struct tcpm_sample sample_at(int64_t time_ns, int64_t rtt_ns)
{
	return (struct tcpm_sample){.time_ns = time_ns, .rtt_ns = rtt_ns, .previous_ns = -1};
}

static void test_sent_adds_up(void **state)
{
	(void)state;
	struct summary summary = {0};
	struct tcpm_sample sample = sample_at(0, 1);

	sample.sent = (struct tcpm_totals){10, 2, 1};
	assert_int_equal(summary_add(&summary, &sample, NULL), 0);
	sample.class_ = TCPM_CLASS_RESPONSE;
	sample.sent = (struct tcpm_totals){5, 1, 4};
	assert_int_equal(summary_add(&summary, &sample, NULL), 0);
	assert_totals_same(&summary.totals, &(struct tcpm_totals){15, 3, 5});
	assert_int_equal(summary_loss(&summary), 200000);
	totals_add(&summary.totals, &(struct tcpm_totals){UINT32_MAX, 1, 0});
	assert_totals_same(&summary.totals, &(struct tcpm_totals){UINT64_C(4294967310), 4, 5});
	summary_done(&summary, NULL);
}

/* The last one by time, whichever is merged into which; times before 1970 as well. */
static void test_the_last_by_time(void **state)
{
	static const int64_t times[][2] = {{5, 9}, {-9, -5}, {-1, 1}, {INT64_MIN + 1, INT64_MAX}};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		for (unsigned turned = 0; turned < 2; turned++) {
			struct summary early = {0};
			struct summary late = {0};
			struct tcpm_sample sample = sample_at(times[i][0], 111);
			struct summary *into = turned ? &late : &early;

			assert_int_equal(summary_add(&early, &sample, NULL), 0);
			sample = sample_at(times[i][1], 222);
			assert_int_equal(summary_add(&late, &sample, NULL), 0);
			assert_int_equal(summary_merge(into, turned ? &early : &late, NULL), 0);
			assert_int_equal(series_last(&into->series[TCPM_CLASS_NETWORK]), 222);
			assert_int_equal(series_last(&into->series[TCPM_CLASS_RESPONSE]), -1);
			/* It is known by its time later on, too. */
			struct summary more = {0};

			sample = sample_at(times[i][0], 333);
			assert_int_equal(summary_add(&more, &sample, NULL), 0);
			assert_int_equal(summary_merge(into, &more, NULL), 0);
			assert_int_equal(series_last(&into->series[TCPM_CLASS_NETWORK]), 222);
			summary_done(&early, NULL);
			summary_done(&late, NULL);
			summary_done(&more, NULL);
		}
	}
}

static void test_merging_nothing_changes_nothing(void **state)
{
	(void)state;
	struct summary summary = {0};
	struct summary alike = {0};
	const struct summary empty = {0};
	struct tcpm_sample sample = sample_at(-3, 7);

	sample.interface = 4;
	assert_int_equal(summary_add(&summary, &sample, NULL), 0);
	assert_int_equal(summary_add(&alike, &sample, NULL), 0);
	assert_int_equal(summary_merge(&summary, &empty, NULL), 0);
	assert_summary_same(&summary, &alike);
	assert_int_equal(series_merge(&summary.series[0], &empty.series[0], NULL), 0);
	assert_summary_same(&summary, &alike);
	summary_done(&summary, NULL);

	struct summary into = {0};

	assert_int_equal(summary_merge(&into, &alike, NULL), 0);
	assert_summary_same(&into, &alike);
	assert_int_equal(into.interface, 4);
	summary_done(&into, NULL);
	summary_done(&alike, NULL);
}

/* Of an interval in which flows only ended: no samples, but what they sent. */
static void test_merging_only_totals(void **state)
{
	(void)state;
	struct summary ended = {.flows = 3, .totals = {30, 20, 10}};
	struct summary into = {0};
	struct tcpm_sample sample = sample_at(0, 7);

	sample.interface = 4;
	assert_int_equal(summary_merge(&into, &ended, NULL), 0);
	assert_int_equal(summary_samples(&into), 0);
	assert_int_equal(summary_add(&into, &sample, NULL), 0);
	assert_int_equal(summary_merge(&into, &ended, NULL), 0);
	assert_int_equal(into.flows, 6);
	assert_totals_same(&into.totals, &(struct tcpm_totals){60, 40, 20});
	assert_int_equal(into.interface, 4);
	assert_false(into.interfaces_mixed);
	summary_done(&into, NULL);
}

static void test_interfaces_of_merged_ones(void **state)
{
	(void)state;
	struct summary one = {0};
	struct summary two = {0};
	struct summary both = {0};
	struct tcpm_sample sample = sample_at(0, 1);

	sample.interface = 1;
	assert_int_equal(summary_add(&one, &sample, NULL), 0);
	sample.interface = 2;
	assert_int_equal(summary_add(&two, &sample, NULL), 0);
	assert_int_equal(summary_merge(&both, &one, NULL), 0);
	assert_int_equal(summary_merge(&both, &one, NULL), 0);
	assert_false(both.interfaces_mixed);
	assert_int_equal(both.interface, 1);
	assert_int_equal(summary_merge(&both, &two, NULL), 0);
	assert_true(both.interfaces_mixed);
	/* Mixed remains mixed, also in what it is merged into. */
	assert_int_equal(summary_merge(&both, &one, NULL), 0);
	assert_true(both.interfaces_mixed);
	assert_int_equal(summary_merge(&one, &both, NULL), 0);
	assert_true(one.interfaces_mixed);

	struct summary empty = {0};

	assert_int_equal(summary_merge(&empty, &both, NULL), 0);
	assert_true(empty.interfaces_mixed);
	summary_done(&one, NULL);
	summary_done(&two, NULL);
	summary_done(&both, NULL);
	summary_done(&empty, NULL);
}

/* xorshift64*, so that each run sees the same values. */
static uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

/* Of any size from 0 to 9 s, so that histograms differ in their windows. */
static struct tcpm_sample random_sample(uint64_t *seed, int64_t time_ns, unsigned interfaces)
{
	uint64_t size = 1 + (random_next(seed) >> (random_next(seed) % 33) >> 31);

	return (struct tcpm_sample){
		.time_ns = time_ns,
		.rtt_ns = (int64_t)(random_next(seed) % size),
		.previous_ns = (int64_t)(random_next(seed) % size) - 1,
		.sent = {random_next(seed) % 100, random_next(seed) % 10, random_next(seed) % 5},
		.interface = (uint32_t)(random_next(seed) % interfaces),
		.class_ =
			(uint8_t)(random_next(seed) % 3 ? TCPM_CLASS_NETWORK : TCPM_CLASS_RESPONSE),
	};
}

#define MOST_PARTS 7

/* Merges the parts in a random order, two by two, until one is left. */
static struct summary *merge_all(struct summary *parts, size_t count, uint64_t *seed)
{
	struct summary *left[MOST_PARTS];

	for (size_t i = 0; i < count; i++)
		left[i] = &parts[i];
	while (count > 1) {
		size_t into = random_next(seed) % count;
		size_t from = (into + 1 + random_next(seed) % (count - 1)) % count;

		assert_int_equal(summary_merge(left[into], left[from], NULL), 0);
		left[from] = left[--count];
	}
	return left[0];
}

/* Samples that went to random parts, some of which may be empty: capturing threads. Or
 * each to the part of its time: intervals. */
static void test_random_parts_are_the_whole(void **state)
{
	uint64_t seed = 17;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct summary whole = {0};
		struct summary parts[MOST_PARTS] = {0};
		size_t part_count = 1 + random_next(&seed) % MOST_PARTS;
		size_t samples = random_next(&seed) % 200;
		unsigned interfaces = 1 + round % 3;
		bool intervals = random_next(&seed) % 2;
		int64_t start_ns = (int64_t)(random_next(&seed) % 100) - 50;

		for (size_t i = 0; i < samples; i++) {
			struct tcpm_sample sample =
				random_sample(&seed, start_ns + (int64_t)i, interfaces);
			size_t part = intervals ? i * part_count / samples
						: random_next(&seed) % part_count;

			assert_int_equal(summary_add(&whole, &sample, NULL), 0);
			assert_int_equal(summary_add(&parts[part], &sample, NULL), 0);
		}
		for (size_t i = 0; i < part_count; i++) {
			uint64_t flows = random_next(&seed) % 3;

			parts[i].flows += flows;
			whole.flows += flows;
		}
		assert_summary_same(merge_all(parts, part_count, &seed), &whole);
		summary_done(&whole, NULL);
		for (size_t i = 0; i < part_count; i++)
			summary_done(&parts[i], NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_series_invents_nothing),
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_zero_is_a_value),
		cmocka_unit_test(test_large_sums_are_exact),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_sent_adds_up),
		cmocka_unit_test(test_the_last_by_time),
		cmocka_unit_test(test_merging_nothing_changes_nothing),
		cmocka_unit_test(test_merging_only_totals),
		cmocka_unit_test(test_interfaces_of_merged_ones),
		cmocka_unit_test(test_random_parts_are_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
