/*
 * Groups as metrics tell them: at most one for each set of labels, and at most so many.
 *
 * A metric has one value for a set of labels. Several groups may have the same: a host's
 * name stands for all its addresses. Such groups are summed up, exactly, and so are those
 * beyond the most that are wanted, in "other".
 */
#ifndef OUTPUT_PAIRS_H
#define OUTPUT_PAIRS_H

#include <stdbool.h>
#include <stddef.h>

#include "output/output.h"
#include "stats/groups.h"

struct pairs_options {
	size_t max;      /* the first so many, by samples; the rest goes to "other" */
	bool both_sides; /* as ranking_options */
	bool interface;  /* groups of several interfaces, by their names, stay apart */
	/* As endpoint_sender takes it. */
	const struct output_settings *names;
};

/* In the order of RANKING_BY_SAMPLES; "other", which holds that of the groups, too, comes
 * last, if there is such a thing, beyond max. */
struct pairs {
	const struct group **all;
	size_t count;
	bool incomplete; /* a histogram misses something, for want of memory */
	/* Private: those that were summed up. */
	struct group *summed;
	size_t summed_count;
};

/* 0, or -ENOMEM: *pairs is untouched. The groups must stay as they are until pairs_done. */
int pairs_make(struct pairs *pairs, const struct groups *groups,
	       const struct pairs_options *options);

void pairs_done(struct pairs *pairs);

#endif
