/*
 * The groups of all capture points by their labels: at most so many sets of labels, no set
 * twice. Inside of output/ only.
 *
 * Nothing is summed up here: groups that share their labels stand together, and whoever
 * writes them adds them up.
 */
#ifndef EXPORT_PROMETHEUS_PAIRS_H
#define EXPORT_PROMETHEUS_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#include "export/prometheus.h"

/* A group, and its labels. */
struct prometheus_row {
	uint64_t hash; /* of the labels */
	size_t label;  /* where they begin in the text of labels */
	uint32_t label_size;
	uint32_t point;
	const struct group *group;
	bool other; /* it is in "other" of its point */
};

/* Groups with the same labels: rows from first to first + count - 1. */
struct prometheus_pair {
	size_t first;
	size_t count;
	uint64_t samples[TCPM_CLASSES];
};

struct prometheus_pairs {
	struct text labels;
	struct prometheus_row *rows;
	size_t row_count;
	struct prometheus_pair *pairs; /* in the order of their labels */
	size_t count;
};

/* 0, or -ENOMEM. The groups must stay as they are until prometheus_pairs_done, which is due
 * after an error, too. */
int prometheus_pairs_make(struct prometheus_pairs *pairs, const struct prometheus_facts *facts);

void prometheus_pairs_done(struct prometheus_pairs *pairs);

#endif
