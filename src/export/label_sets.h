/*
 * Groups as metrics tell them: at most one for each set of labels, and at most so many.
 *
 * A metric has one value for a set of labels. Several groups may have the same: a host's
 * name stands for all its addresses. Such groups are summed up, exactly, and so are those
 * beyond the most that are wanted, in "other".
 */
#ifndef EXPORT_LABEL_SETS_H
#define EXPORT_LABEL_SETS_H

#include <stdbool.h>
#include <stddef.h>

#include "stats/endpoint.h"
#include "stats/groups.h"

struct label_sets_options {
	size_t max;      /* the first so many, by samples; the rest goes to "other" */
	bool both_sides; /* as ranking_options */
	bool interface;  /* groups of several interfaces, by their names, stay apart */
	/* As endpoint_sender takes it. */
	const struct endpoint_names *names;
};

/* In the order of RANKING_BY_SAMPLES; "other", which holds that of the groups, too, comes
 * last, if there is such a thing, beyond max. */
struct label_sets {
	const struct group **all;
	size_t count;
	bool incomplete; /* a histogram misses something, for want of memory */
	/* Private: those that were summed up. */
	struct group *summed;
	size_t summed_count;
};

/* 0, or -ENOMEM: *pairs is untouched. The groups must stay as they are until label_sets_done. */
int label_sets_make(struct label_sets *pairs, const struct groups *groups,
		    const struct label_sets_options *options);

void label_sets_done(struct label_sets *pairs);

#endif
