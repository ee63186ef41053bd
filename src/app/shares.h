/*
 * A run over captures, by one thread or by several that share the flows.
 *
 * Each share steps over all records of each capture and measures the flows that are its part (see
 * tcpm_options.shares): to do that twice costs less than handing frames from one processor to
 * another. The bytes are read once for all (capture/file_share.h), large records without their
 * data. Nothing else is shared while packets are measured. The shares go through a capture in
 * stretches of some ten thousand records, and none is ahead of another by more than a few of them:
 * so the samples' lines that wait to be printed in the order of the capture are few, and after a
 * stop all end behind the same record. The first share is the caller's thread, which prints.
 *
 *	shares_init(&shares, ...);
 *	for each capture
 *		shares_read(&shares, path, &error);
 *	shares_finish(&shares, &groups, &facts, &error);
 *	... output_report ...
 *	shares_done(&shares);
 */
#ifndef APP_SHARES_H
#define APP_SHARES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/measure.h"
#include "app/parts.h"
#include "app/progress.h"
#include "capture/file_share.h"
#include "output/lines.h"
#include "output/output.h"

#define SHARES_MAX 64

/* How many stretches a share may be ahead of what is done by all, and printed. */
#define SHARES_AHEAD 3

struct shares;

/* All is private. */
struct share {
	struct shares *shares;
	unsigned number;
	struct measure measure;
	struct parts parts;
	struct source *source;
	/* The samples of the stretches that are not printed yet, in turn. NULL where they are
	 * printed at once, or not at all. */
	struct sample_lines *lines[SHARES_AHEAD];
	bool threaded; /* it has a thread */
	pthread_t thread;
	int result; /* how the capture ended, as source_next */
	struct error error;
	uint64_t finished; /* stretches of this capture; with the lock */
	bool ended;        /* there are no more; with the lock */
};

struct shares {
	const struct options *options;
	struct output *output;
	unsigned count;
	struct share *all;
	atomic_bool stop; /* read no more */
	atomic_bool write_failed;
	const char *path;
	struct file_share *file; /* where the sources' bytes come from; NULL: each reads the file */
	struct progress progress; /* the first share's */
	struct groups *joined;

	pthread_mutex_t lock;
	pthread_cond_t changed; /* any of what follows, or of a share's */
	uint64_t begun;         /* stretches of this capture that any share has begun, */
	uint64_t printed;       /* and those that all have finished, and that are printed */
	void (*job)(struct share *share);
	unsigned turn;    /* of jobs */
	unsigned pending; /* threads that are not done with theirs */
	bool leave;       /* threads: end */
};

/* How many shares a run had best have: as many as asked for (options->shares), or as many as
 * help; 1 where its captures cannot be read several times or its groups would be torn apart. */
unsigned shares_wanted(const struct options *options);

/* Readies for a run. output: where samples are printed as they come, if the options ask for it.
 * All arguments outlive the shares. If there is no room for so many, there will be one. On
 * error nothing is left to free; -EINVAL: the user asked for something wrong. */
int shares_init(struct shares *shares, const struct options *options, unsigned count,
		struct interfaces *names, const struct prefixes *local, struct output *output,
		struct error *error);

/* Reads a capture to its end, or until shares_stop, or until samples cannot be written
 * (write_failed). 0; a negative errno: it could not be opened (*opened is false), or it is
 * damaged; what came before that has been measured. *error says it. */
int shares_read(struct shares *shares, const char *path, bool *opened, struct error *error);

/* Nothing more is read of this capture or another; what was read is still measured. Any thread
 * and any signal's handler may. */
void shares_stop(struct shares *shares);

/* Ends all flows. What was measured by all: *groups are valid until shares_done, *facts has its
 * counters in *counters. 0 or -ENOMEM. */
int shares_finish(struct shares *shares, const struct groups **groups, struct output_facts *facts,
		  struct tcpm_counters *counters, struct error *error);

/* Whether frames were left out since the filter does not fit their link type. */
bool shares_refused(const struct shares *shares);

/* Frees all. Fine for one that is all zero. */
void shares_done(struct shares *shares);

#endif
