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

/* Counters that lie in the histogram itself. */
#define HISTOGRAM_FEW 34

/*
 * Only a window of buckets around the values seen is kept. At first it is this small, of
 * 8-bit counters, and moves to where the values are. When they spread further, or a counter
 * is full, the window moves to a block of its own, of the size and the width of counters (8,
 * 16, 32 or 64 bits) that it needs. All zero bytes are an empty histogram.
 */
struct histogram {
	void *window;    /* counters in a block of their own; NULL: they are in few */
	uint64_t zeros;  /* values of zero */
	uint16_t first;  /* bucket of the window's first counter */
	uint16_t length; /* counters that the block has */
	uint8_t width;   /* of the block's counters: 2^width bytes */
	bool incomplete; /* a value was not counted, or a histogram not added, for want of memory */
	uint8_t few[HISTOGRAM_FEW];
};

struct block_alloc;

/*
 * blocks: where the window's block comes from and goes to; NULL: malloc. It must always be
 * the same one for a histogram.
 */

/* Frees the window. An empty histogram stays behind. */
void histogram_done(struct histogram *histogram, struct block_alloc *blocks);

/* Counts a value; one below zero counts as zero. 0, or -ENOMEM: not counted. */
int histogram_add(struct histogram *histogram, int64_t value_ns, struct block_alloc *blocks);

/* Begins to bring the value's counter into the cache, if it is not in the histogram itself. */
void histogram_prefetch(const struct histogram *histogram, int64_t value_ns);

/* Adds what `from` holds. 0, or -ENOMEM: *into holds what it held. */
int histogram_merge(struct histogram *into, const struct histogram *from,
		    struct block_alloc *blocks);

/* Values in all, zeros among them: added up, so not for the way of each sample. */
uint64_t histogram_count(const struct histogram *histogram);

/* The buckets outside [first, last] hold nothing. false: none holds anything. */
bool histogram_range(const struct histogram *histogram, unsigned *first, unsigned *last);

/*
 * The value that per_mille / 1000 of the values do not exceed (nearest rank; 500 is
 * the median, 0 the least): the middle of what its bucket and [min_ns, max_ns] have in
 * common, where the caller knows that all values lie (0 and HISTOGRAM_MAX_NS if it
 * knows nothing). Off by at most 1.1 %, and half a nanosecond of rounding. per_mille is
 * at most 1000. -1: the histogram is empty.
 */
int64_t histogram_quantile(const struct histogram *histogram, unsigned per_mille, int64_t min_ns,
			   int64_t max_ns);

/* Which of count values, in ascending order from 1, that quantile is. */
uint64_t histogram_rank(uint64_t count, unsigned per_mille);

/* The value of a rank, 1 to histogram_count; else as histogram_quantile. */
int64_t histogram_at_rank(const struct histogram *histogram, uint64_t rank, int64_t min_ns,
			  int64_t max_ns);

/* The bucket of a value from 1 to HISTOGRAM_MAX_NS. */
unsigned histogram_index(int64_t value_ns);

/* The largest value that a bucket holds. */
int64_t histogram_upper_ns(unsigned index);

/* How many values a bucket (index below HISTOGRAM_BUCKETS) holds. */
uint64_t histogram_bucket(const struct histogram *histogram, unsigned index);

#endif
