/*
 * What is known of many samples: exact where a sum can be exact (count, least,
 * largest, mean, last, jitter), a histogram for the quantiles. Network and response
 * samples (see enum tcpm_class) are never mixed: a summary holds a series of each.
 */
#ifndef STATS_SUMMARY_H
#define STATS_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "stats/histogram.h"
#include "tcpmetro.h"

struct block_alloc;

/* Times in ns. All zero bytes are an empty series. What each sample changes lies in the first
 * 64 bytes, the rest, unless values spread far, in the next 64. */
struct series {
	uint64_t count;
	int64_t min_ns; /* the next three: only if count */
	int64_t max_ns;
	int64_t last_ns;
	int64_t last_at_ns;   /* when that one was; 0 where nobody said */
	uint64_t sum_low;     /* see series_sum */
	uint64_t changes_low; /* see series_changes */
	struct histogram histogram;
	uint64_t pairs; /* samples that have one before them in their flow */
	uint32_t sum_high;
	uint32_t changes_high;
};

/* Frees the histogram. An empty series stays behind. blocks here and below: where the
 * histogram has its memory from; NULL: malloc. Always the same for a series. */
void series_done(struct series *series, struct block_alloc *blocks);

/* Adds a sample; previous_ns is the one before it in its flow, direction and class,
 * negative if there is none. 0, or -ENOMEM: added, but not to the histogram. */
int series_add(struct series *series, int64_t rtt_ns, int64_t previous_ns,
	       struct block_alloc *blocks);

/* Adds the samples of another series; the later of the two last ones is the last. 0, or
 * -ENOMEM: added, but not to the histogram. */
int series_merge(struct series *into, const struct series *from, struct block_alloc *blocks);

/* Of the samples; exact below 2^96, which are 2,000 million years of waiting. */
unsigned __int128 series_sum(const struct series *series);
/* Of |sample - the one before|, over the pairs. */
unsigned __int128 series_changes(const struct series *series);

/* Each of these returns ns, rounded to the nearest, or -1 if there is nothing to tell
 * from (no sample, no pair of samples). */
int64_t series_min(const struct series *series);
int64_t series_max(const struct series *series);
int64_t series_last(const struct series *series);
int64_t series_mean(const struct series *series);
/* The mean absolute difference of consecutive samples of a flow. */
int64_t series_jitter(const struct series *series);
/* As histogram_quantile, never outside [min, max], and exact where it is one of the two. */
int64_t series_quantile(const struct series *series, unsigned per_mille);

struct summary {
	struct tcpm_totals totals;
	uint64_t flows;        /* that ended; see groups_closed */
	uint32_t interface;    /* of the first sample */
	bool interfaces_mixed; /* there were samples of others */
	bool sampled;          /* there was a sample */
	struct series series[TCPM_CLASSES];
};

/* Of the histograms. */
void summary_done(struct summary *summary, struct block_alloc *blocks);

/* As series_add, of the sample's class. */
int summary_add(struct summary *summary, const struct tcpm_sample *sample,
		struct block_alloc *blocks);

/* Adds all of another summary. 0, or -ENOMEM: a histogram misses what was added. */
int summary_merge(struct summary *into, const struct summary *from, struct block_alloc *blocks);

/* Of both classes. */
uint64_t summary_samples(const struct summary *summary);

void totals_add(struct tcpm_totals *into, const struct tcpm_totals *totals);
/* What was added before. */
void totals_subtract(struct tcpm_totals *from, const struct tcpm_totals *totals);

/* The share of segments that were sent again, in millionths, rounded to the nearest;
 * -1: no segments. */
int64_t summary_loss(const struct summary *summary);

#endif
