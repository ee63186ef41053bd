/*
 * Summaries on numbers small enough to check by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/summary.h"

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
	series_done(&series);
}

static void test_series(void **state)
{
	(void)state;
	struct series series = {0};

	assert_int_equal(series_add(&series, 1000, -1), 0);
	assert_int_equal(series_jitter(&series), -1);
	assert_int_equal(series_quantile(&series, 500), 1000); /* held within min and max */
	assert_int_equal(series_add(&series, 3000, 1000), 0);
	assert_int_equal(series_add(&series, 2001, 3000), 0);
	assert_int_equal(series_add(&series, 2001, 0), 0); /* a previous one of zero counts */
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
	series_done(&series);
	assert_int_equal(series_mean(&series), -1);
}

static void test_zero_is_a_value(void **state)
{
	(void)state;
	struct series series = {0};

	assert_int_equal(series_add(&series, 0, 0), 0);
	assert_int_equal(series_min(&series), 0);
	assert_int_equal(series_mean(&series), 0);
	assert_int_equal(series_jitter(&series), 0);
	assert_int_equal(series_quantile(&series, 990), 0);
	series_done(&series);
}

static void test_large_sums_are_exact(void **state)
{
	(void)state;
	struct series series = {0};

	for (int i = 0; i < 10; i++) {
		assert_int_equal(series_add(&series, INT64_MAX, i ? 0 : -1), 0);
		assert_int_equal(series_mean(&series), INT64_MAX);
	}
	assert_int_equal(series_jitter(&series), INT64_MAX);
	series_done(&series);
}

static void test_summary(void **state)
{
	(void)state;
	struct summary summary = {0};
	struct tcpm_sample sample = {
		.rtt_ns = 5, .previous_ns = -1, .interface = 3, .class_ = TCPM_CLASS_RESPONSE};

	assert_int_equal(summary_loss(&summary), -1);
	assert_int_equal(summary_add(&summary, &sample), 0);
	assert_int_equal(summary.interface, 3);
	sample.class_ = TCPM_CLASS_NETWORK;
	sample.rtt_ns = 7;
	assert_int_equal(summary_add(&summary, &sample), 0);
	assert_false(summary.interfaces_mixed);
	sample.interface = 4;
	assert_int_equal(summary_add(&summary, &sample), 0);
	assert_true(summary.interfaces_mixed);
	assert_int_equal(summary.interface, 3);
	assert_int_equal(summary.series[TCPM_CLASS_NETWORK].count, 2);
	assert_int_equal(series_max(&summary.series[TCPM_CLASS_RESPONSE]), 5);
	summary.totals.segments = 3;
	assert_int_equal(summary_loss(&summary), 0);
	summary.totals.retransmitted = 2;
	assert_int_equal(summary_loss(&summary), 666667);
	summary_done(&summary);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_series_invents_nothing),
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_zero_is_a_value),
		cmocka_unit_test(test_large_sums_are_exact),
		cmocka_unit_test(test_summary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
