/*
 * A run over captures, by one thread or by several that share the flows.
 *
 * Each share steps over all records of each capture and measures the flows that are its part (see
 * tcpm_options.partitions): to do that twice costs less than handing frames from one processor to
 * another. The bytes are read once for all (capture/shared_file.h), large records without their
 * data. Nothing else is shared while packets are measured. The shares go through a capture in
 * stretches of some ten thousand records, and none is ahead of another by more than a few of them:
 * so the samples' lines that wait to be printed in the order of the capture are few, and after a
 * stop all end behind the same record. The first share is the caller's thread, which prints.
 *
 *	partitioned_run_init(&shares, ...);
 *	for each capture
 *		partitioned_run_read(&shares, path, &error);
 *	partitioned_run_finish(&shares, &groups, &facts, &error);
 *	... report_groups ...
 *	partitioned_run_done(&shares);
 */
#ifndef PIPELINE_PARTITIONED_RUN_H
#define PIPELINE_PARTITIONED_RUN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "capture/shared_file.h"
#include "pipeline/batch_reader.h"
#include "pipeline/pipeline.h"
#include "pipeline/sample_output.h"

#define PARTITIONS_MAX 64

/* How many stretches a share may be ahead of what is done by all, and printed. */
#define SHARES_AHEAD 3

struct partitioned_run;

/* Is told how far the reading of each capture has come, in the thread of partitioned_run_read. */
struct run_progress {
	void *user; /* first argument of all */
	void (*begin)(void *user);
	void (*step)(void *user, const struct source *source, const char *path);
	void (*end)(void *user);
};

/* All is private. */
struct partition_thread {
	struct partitioned_run *run;
	unsigned number;
	struct pipeline pipeline;
	struct batch_reader reader;
	struct source *source;
	/* The samples of the stretches that are not printed yet, in turn. NULL where they are
	 * printed at once, or not at all. */
	void *lines[SHARES_AHEAD];
	bool threaded; /* it has a thread */
	pthread_t thread;
	int result; /* how the capture ended, as source_next */
	struct error error;
	uint64_t finished; /* stretches of this capture; with the lock */
	bool ended;        /* there are no more; with the lock */
};

struct partitioned_run {
	const struct options *options;
	const struct sample_output *output;
	unsigned count;
	struct partition_thread *all;
	atomic_bool stop; /* read no more */
	atomic_bool write_failed;
	const char *path;
	struct shared_file
		*file; /* where the sources' bytes come from; NULL: each reads the file */
	const struct run_progress *progress; /* NULL: nobody asks */
	struct groups *joined;

	pthread_mutex_t lock;
	pthread_cond_t changed; /* any of what follows, or of a share's */
	uint64_t begun;         /* stretches of this capture that any share has begun, */
	uint64_t printed;       /* and those that all have finished, and that are printed */
	void (*job)(struct partition_thread *partition);
	unsigned turn;    /* of jobs */
	unsigned pending; /* threads that are not done with theirs */
	bool leave;       /* threads: end */
};

/* How many shares a run had best have: as many as asked for (options->shares), or as many as
 * help; 1 where its captures cannot be read several times or its groups would be torn apart. */
unsigned partition_count(const struct options *options);

/* Readies for a run. output: where samples are printed as they come, if the options ask for it.
 * All arguments outlive the shares. If there is no room for so many, there will be one. On
 * error nothing is left to free; -EINVAL: the user asked for something wrong. */
int partitioned_run_init(struct partitioned_run *run, const struct options *options, unsigned count,
			 struct interface_names *names, const struct prefix_set *local,
			 const struct sample_output *output, const struct run_progress *progress,
			 struct error *error);

/* Reads a capture to its end, or until partitioned_run_stop, or until samples cannot be written
 * (write_failed). 0; a negative errno: it could not be opened (*opened is false), or it is
 * damaged; what came before that has been measured. *error says it. */
int partitioned_run_read(struct partitioned_run *run, const char *path, bool *opened,
			 struct error *error);

/* Nothing more is read of this capture or another; what was read is still measured. Any thread
 * and any signal's handler may. */
void partitioned_run_stop(struct partitioned_run *run);

/* Ends all flows. What was measured by all: *groups are valid until partitioned_run_done, *facts
 * has its counters in *counters. 0 or -ENOMEM. */
int partitioned_run_finish(struct partitioned_run *run, const struct groups **groups,
			   struct run_totals *facts, struct tcpm_counters *counters,
			   struct error *error);

/* Whether frames were left out since the filter does not fit their link type. */
bool partitioned_run_filter_refused(const struct partitioned_run *run);

/* Frees all. Fine for one that is all zero. */
void partitioned_run_done(struct partitioned_run *run);

#endif
