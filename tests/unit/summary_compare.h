/*
 * Two summaries are the same in every number: what tests of merging compare by.
 */
#ifndef UNIT_SUMMARY_COMPARE_H
#define UNIT_SUMMARY_COMPARE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/summary.h"

static inline void assert_series_same(const struct series *a, const struct series *b)
{
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->pairs, b->pairs);
	assert_true(series_sum(a) == series_sum(b));
	assert_true(series_changes(a) == series_changes(b));
	assert_int_equal(series_min(a), series_min(b));
	assert_int_equal(series_max(a), series_max(b));
	assert_int_equal(series_last(a), series_last(b));
	assert_int_equal(series_mean(a), series_mean(b));
	assert_int_equal(series_jitter(a), series_jitter(b));
	for (unsigned per_mille = 0; per_mille <= 1000; per_mille += 50)
		assert_int_equal(series_quantile(a, per_mille), series_quantile(b, per_mille));
	assert_int_equal(histogram_count(&a->histogram), histogram_count(&b->histogram));
	assert_int_equal(a->histogram.zeros, b->histogram.zeros);
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (histogram_bucket(&a->histogram, i) != histogram_bucket(&b->histogram, i))
			fail_msg("bucket %u differs", i);
}

static inline void assert_totals_same(const struct tcpm_totals *a, const struct tcpm_totals *b)
{
	assert_int_equal(a->segments, b->segments);
	assert_int_equal(a->retransmitted, b->retransmitted);
	assert_int_equal(a->out_of_order, b->out_of_order);
}

/* The interface counts only where all samples are of one: of several, the first one is a
 * matter of the order. */
static inline void assert_summary_same(const struct summary *a, const struct summary *b)
{
	for (unsigned i = 0; i < TCPM_CLASSES; i++)
		assert_series_same(&a->series[i], &b->series[i]);
	assert_int_equal(a->flows, b->flows);
	assert_totals_same(&a->totals, &b->totals);
	assert_int_equal(summary_loss(a), summary_loss(b));
	assert_int_equal(a->interfaces_mixed, b->interfaces_mixed);
	if (!a->interfaces_mixed && summary_samples(a))
		assert_int_equal(a->interface, b->interface);
}

#endif
