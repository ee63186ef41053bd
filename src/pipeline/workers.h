/*
 * All workers of a run: one for each interface and thread, and for each capture.
 */
#ifndef PIPELINE_WORKERS_H
#define PIPELINE_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

#include "pipeline/worker.h"

struct workers {
	struct workers_common common;
	struct worker *all;
	size_t count;
	uint32_t generation; /* of the groups that they fill now */
	bool asked;          /* for a handover */
};

/* Opens the interfaces and the captures that the options name; nothing runs yet. names and local
 * outlive the workers (local: or until a handover brings another set); output: where samples are
 * printed, or NULL. On error what was opened is there for workers_done; -EINVAL: the user
 * asked for something wrong. */
int workers_open(struct workers *workers, const struct options *options,
		 struct interface_names *names, const struct prefix_set *local,
		 const struct sample_output *output, struct error *error);

/* Starts them all. */
int workers_start(struct workers *workers, struct error *error);

/* Asks each for its groups since the last time. local is the set from now on. */
void workers_ask(struct workers *workers, const struct prefix_set *local);

/* See worker_set_local. */
void workers_set_local(struct workers *workers, const struct prefix_set *local);

/* See worker_refilter. */
int workers_refilter(struct workers *workers, const char *expression, struct error *error);

/* Whether all groups that were asked for are there. */
bool workers_answered(struct workers *workers);

/* After that: puts them together in interval, which is emptied before, and the facts of
 * the whole run in *facts, whose counters will be *counters. */
void workers_collect(struct workers *workers, struct groups *interval, struct run_totals *facts,
		     struct tcpm_counters *counters);

/* How much of the budget of memory is used for their results by whoever collects them, from
 * now on: their flows make room for it. While nothing is asked for. */
void workers_reserve(struct workers *workers, size_t bytes);

bool workers_all_ended(const struct workers *workers);

/* Makes them look at common.stop at once. */
void workers_wake(struct workers *workers);

/* Waits for the end of all. Returns whether one of them could not do all it was to. */
bool workers_join(struct workers *workers);

/* Frees all. */
void workers_done(struct workers *workers);

#endif
