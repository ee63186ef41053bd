/*
 * Groups in an order that a person asked for, as many as they want to see.
 *
 * Groups that are equal in it are ordered by their addresses, so the same capture
 * always prints the same report.
 */
#ifndef STATS_RANKING_H
#define STATS_RANKING_H

#include <stdbool.h>
#include <stddef.h>

#include "stats/groups.h"

/* What to order by: numbers from the largest down, groups without the number last;
 * addresses up. Times are those of class network unless they say otherwise. */
enum ranking_by {
	RANKING_BY_SAMPLES, /* of class network; where equal, of class response */
	RANKING_BY_MIN,
	RANKING_BY_P50,
	RANKING_BY_P95,
	RANKING_BY_P99,
	RANKING_BY_MAX,
	RANKING_BY_MEAN,
	RANKING_BY_LAST,
	RANKING_BY_JITTER,
	RANKING_BY_LOSS, /* retransmitted share of segments */
	RANKING_BY_RETRANSMITTED,
	RANKING_BY_SEGMENTS,
	RANKING_BY_FLOWS,
	RANKING_BY_RESPONSE, /* median of class response */
	RANKING_BY_SRC,
	RANKING_BY_DST,
	RANKING_BYS
};

struct ranking_options {
	enum ranking_by by;
	size_t limit;    /* keep the first so many; 0: all */
	bool both_sides; /* keep groups of GROUP_SIDE_LOCAL too */
	/* So many threads may work on it at once; 0 and 1: only this one. The order is the same. */
	unsigned threads;
};

struct ranking {
	const struct group **groups; /* not "other"; NULL if there are none */
	size_t count;
	size_t left_out; /* beyond the limit */
	size_t hidden;   /* of GROUP_SIDE_LOCAL, not asked for */
};

/* Orders the groups and keeps those that are asked for. 0, or -ENOMEM: *ranking is
 * untouched. Valid until the next sample; ranking_done frees it. */
int ranking_make(struct ranking *ranking, const struct groups *groups,
		 const struct ranking_options *options);

void ranking_done(struct ranking *ranking);

/* "samples", "min", "p50", ..., "src", "dst"; "?" if out of range. */
const char *ranking_by_name(unsigned by);

/* The value of a name. 0, or -EINVAL: no such name, *by is untouched. */
int ranking_by_parse(const char *name, enum ranking_by *by);

#endif
