/*
 * Smoothed round-trip times of pairs, over intervals.
 *
 * RFC 6298 section 2 has each sample R change the smoothed time: SRTT <- 7/8 SRTT + 1/8 R.
 * Of an interval only the number of samples and their mean are left; the smoothed time after
 * them is taken as if each had been the mean: it then lies (7/8)^n of the way back to where
 * it was. Exact where the samples of an interval are alike; where they are not, off by less
 * than they differ.
 */
#ifndef EXPORT_SRTT_H
#define EXPORT_SRTT_H

#include <stddef.h>
#include <stdint.h>

/* All zero but for max and seed is an empty one. */
struct srtt {
	size_t max;    /* pairs that are remembered; of those beyond, each interval's mean is
			* told */
	uint64_t seed; /* secret, random: keys the table */
	struct smooth_entry *entries;
	size_t count;
	size_t mask; /* entries - 1; a power of two of them */
	uint32_t interval;
};

/* An interval begins. Pairs that had no sample in the last SRTT_KEPT_INTERVALS are forgotten. */
#define SRTT_KEPT_INTERVALS 20

void srtt_begin(struct srtt *srtt);

/* The smoothed time of a pair, known by a text of its own, after count samples (more than 0)
 * with that mean; ns. */
int64_t srtt_add(struct srtt *srtt, const void *pair, size_t size, int64_t mean_ns, uint64_t count);

/* Frees the memory. An empty one stays behind. */
void srtt_done(struct srtt *srtt);

#endif
