/*
 * A thread that captures and measures; others may have its results now and then.
 *
 * Nobody shares anything with a worker while it works: no lock is on the packets' way.
 * Who wants its results asks for them; between two batches the worker puts new groups in
 * the place of its own and hands those over, with its counters as they stand.
 */
#ifndef PIPELINE_WORKER_H
#define PIPELINE_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "capture/live.h"
#include "pipeline/pipeline.h"
#include "pipeline/sample_output.h"

/* What all workers of a run share. */
struct workers_common {
	atomic_bool stop;          /* end, after what is at hand */
	atomic_bool write_failed;  /* samples cannot be written: all end */
	bool limited;              /* end after so many packets in all: */
	atomic_llong packets_left; /* to be asked for */
	atomic_llong packets_due;  /* to be measured */
	int answers;               /* an eventfd: a worker has answered, or has ended */
	pthread_mutex_t printing;  /* held to print samples; NULL output: none are printed */
	const struct sample_output *output;
};

/* In how many sets of groups what a worker measures may be at once: its own, those handed
 * over, and up to three of whoever collects them. */
#define WORKER_SETS 5

/* What is handed over. */
struct handover {
	struct groups *groups; /* to the worker: new ones; back: its own until now */
	const struct prefix_set *local;
	struct run_totals facts; /* since the start; counters points below */
	struct tcpm_counters counters;
};

enum handover_state {
	HANDOVER_NONE,
	HANDOVER_ASKED,
	HANDOVER_ANSWERED,
};

/* An expression that is to take the place of the one there is. */
struct worker_filter {
	char *expression;
	struct filter *compiled;
};

struct worker {
	struct workers_common *common;
	struct source *source;
	bool live;     /* the source is an interface, not a file */
	char name[64]; /* of the interface */
	struct pipeline pipeline;
	pthread_t thread;
	bool started;
	int wake;      /* an eventfd */
	bool gone;     /* the interface is */
	bool paused;   /* between two windows, see struct sampling_windows */
	bool silent;   /* another one speaks of the interface */
	bool failed;   /* it ended before its time; it was complained of */
	unsigned told; /* how often the interface was spoken of since told_ms */
	int64_t told_ms;
	uint64_t batches;
	_Atomic(const struct prefix_set *) local; /* for the present groups; NULL: nothing new */
	_Atomic(struct worker_filter *) filter;   /* to be taken; NULL: nothing new */
	struct handover handover;
	atomic_int state; /* enum handover_state, of the handover */
	atomic_bool ended;
};

/* Readies a worker for a source, which it owns from now on; on error that is closed. live:
 * it is an interface's. */
int worker_init(struct worker *worker, struct workers_common *common, struct source *source,
		bool live, const char *name, struct error *error);

/* Makes what it measures with; see pipeline_init. local outlives the worker, or is replaced
 * by a handover. */
int worker_measures(struct worker *worker, const struct options *options,
		    struct interface_names *names, const struct prefix_set *local, unsigned run,
		    struct error *error);

/* Starts the thread; signals that are blocked are so there too. */
int worker_start(struct worker *worker, struct error *error);

/* Asks for a handover; worker->handover.groups and .local are set. */
void worker_ask(struct worker *worker);

/* Has the present groups take another set of local addresses, too. The one before stays in
 * use until the next handover has brought this one. */
void worker_set_local(struct worker *worker, const struct prefix_set *local);

/* Has it look at what matches an expression (NULL: everything), from the next batch on. 0; -EINVAL:
 * libpcap refuses it, -ENOMEM: *error filled, the one before stays. */
int worker_refilter(struct worker *worker, const char *expression, struct error *error);

/* Whether the handover that was asked for is there. Of a worker that has ended, it is. */
bool worker_answered(struct worker *worker);

/* Makes it look at common->stop at once. */
void worker_wake(struct worker *worker);

/* Waits for its end. */
void worker_join(struct worker *worker);

/* Frees all. */
void worker_done(struct worker *worker);

#endif
