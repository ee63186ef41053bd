/*
 * A base-2 exponential histogram of times, at scale 5: 32 buckets for each factor
 * of two, so a bucket is 2.2 % wide wherever it lies.
 *
 * The buckets are those of Prometheus' native histograms (schema 5) and of
 * OpenTelemetry's exponential histograms (scale 5) *of seconds*: their bounds are
 * 2^(n/32) s, n any integer, a value on a bound belongs to the bucket below it, and
 * zero is counted apart. Two histograms therefore merge without loss, wherever they
 * were taken, and leave for those systems without being cut up again. Values are
 * integer nanoseconds; finding the bucket is integer arithmetic and exact.
 *
 * Buckets are numbered from 0, whose upper bound is the first above 1 ns; bucket
 * index holds
 *     2^((index - 1 - HISTOGRAM_ONE_SECOND) / 32) s < value
 *         <= 2^((index - HISTOGRAM_ONE_SECOND) / 32) s.
 * index - HISTOGRAM_ONE_SECOND is Prometheus' bucket index, one less is
 * OpenTelemetry's.
 */
#ifndef STATS_HISTOGRAM_H
#define STATS_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_SCALE      5
#define HISTOGRAM_BUCKETS    1377               /* the last holds HISTOGRAM_MAX_NS */
#define HISTOGRAM_ONE_SECOND 956                /* the bucket whose upper bound is 1 s */
#define HISTOGRAM_MAX_NS     (INT64_C(1) << 43) /* 2.4 hours; longer times count as this */

/*
 * Only a window of buckets around the values seen is kept: none at first, then what
 * is needed, in 32-bit counters, which become 64-bit ones when one is full. All zero
 * bytes are an empty histogram.
 */
struct histogram {
	uint64_t count; /* values in all, zeros among them */
	uint64_t zeros;
	void *buckets;   /* uint32_t, or uint64_t if wide */
	uint16_t first;  /* index of the window's first bucket */
	uint16_t window; /* its buckets */
	bool wide;
};

/* Frees the buckets. An empty histogram stays behind. */
void histogram_done(struct histogram *histogram);

/* Counts a value; one below zero counts as zero. 0, or -ENOMEM: not counted. */
int histogram_add(struct histogram *histogram, int64_t value_ns);

/* Begins to bring the value's counter into the cache. */
void histogram_prefetch(const struct histogram *histogram, int64_t value_ns);

/* Adds what `from` holds. 0, or -ENOMEM: *into holds what it held. */
int histogram_merge(struct histogram *into, const struct histogram *from);

/*
 * The value that per_mille / 1000 of the values do not exceed (nearest rank; 500 is
 * the median, 0 the least): the middle of what its bucket and [min_ns, max_ns] have in
 * common, where the caller knows that all values lie (0 and HISTOGRAM_MAX_NS if it
 * knows nothing). Off by at most 1.1 %, and half a nanosecond of rounding. per_mille is
 * at most 1000. -1: the histogram is empty.
 */
int64_t histogram_quantile(const struct histogram *histogram, unsigned per_mille, int64_t min_ns,
			   int64_t max_ns);

/* Which of the values, in ascending order from 1, that quantile is. */
uint64_t histogram_rank(const struct histogram *histogram, unsigned per_mille);

/* The bucket of a value from 1 to HISTOGRAM_MAX_NS. */
unsigned histogram_index(int64_t value_ns);

/* The largest value that a bucket holds. */
int64_t histogram_upper_ns(unsigned index);

/* How many values a bucket (index below HISTOGRAM_BUCKETS) holds. */
uint64_t histogram_bucket(const struct histogram *histogram, unsigned index);

#endif
