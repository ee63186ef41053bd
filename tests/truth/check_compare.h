/*
 * Compares samples with the truth: what share of what should be measured was
 * measured exactly, and what was claimed that is not true.
 */
#ifndef TRUTH_CHECK_COMPARE_H
#define TRUTH_CHECK_COMPARE_H

#include "check_read.h"

/* What is wrong with a sample, or with its absence. */
enum fault {
	FAULT_EXTRA,   /* its frame acknowledges nothing new */
	FAULT_TWICE,   /* its frame has a sample already */
	FAULT_GROSS,   /* off by more than 1 ms and more than 10 % */
	FAULT_INEXACT, /* off by less */
	FAULT_MISSED,  /* unambiguous or resolvable, and no sample */
	FAULTS
};

struct finding {
	enum fault fault;
	uint64_t frame;
	int64_t rtt_ns;     /* claimed; -1: no sample */
	int64_t off_ns;     /* how far from the truth; the larger, the worse */
	struct truth truth; /* frame 0: none */
	size_t pair;        /* the caller's number of the two files */
};

struct tally {
	uint64_t due, sampled, exact; /* acknowledgements; with a sample; with the true one */
};

struct result {
	struct tally by[KINDS][STATUSES];
	uint64_t samples, faults[FAULTS], negative;

	/* class network against the path, in parts per million of it */
	uint32_t *errors; /* ascending */
	size_t error_count;
	uint64_t network, held; /* samples of class network; of them, held over 10 ms */
	struct tally prompt;    /* prompt, full-sized: due, with a sample, of class network */

	struct finding *findings; /* worst first within a fault */
	size_t finding_count, finding_room;
};

/* On a shorter path the microseconds of the host itself weigh more than the bound
 * that is checked; at the receiver there is no path at all.
 * Such samples are left out of the errors. */
#define SHORTEST_PATH_NS 300000

/* Adds one run's samples to *result, which starts out as zeros. keep: whether to collect
 * the findings; pair: for them. Ends the program when memory is out. */
void compare(struct result *result, struct truths *truths, const struct samples *samples, bool keep,
	     size_t pair);

/* Orders errors and findings, after the last compare() and before they are read. */
void result_finish(struct result *result);
void result_done(struct result *result);

/* The sum of the tallies of kinds first..last with that status. */
struct tally tally_of(const struct result *result, enum kind first, enum kind last,
		      enum status status);

/* Parts in a hundred; 100 where nothing was due. */
double share(uint64_t part, uint64_t whole);

/* The given quantile of the network errors, in percent; 0 where there are none. */
double error_quantile(const struct result *result, double quantile);

#endif
