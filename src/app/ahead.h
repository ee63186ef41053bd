/*
 * Reading ahead: a capture's frames, decoded before they are asked for.
 *
 * Reading and decoding are nearly half of the work and touch nothing of the engine that
 * changes. So they can have a thread of their own, which is
 * ahead by a few parts: few enough that what it decoded is still in a cache when it is
 * measured. Otherwise the same is done when a part is asked for.
 *
 *	ahead_begin(ahead, source);
 *	while (ahead_next(ahead, &part, &error) > 0)
 *		...
 *	ahead_end(ahead);
 */
#ifndef APP_AHEAD_H
#define APP_AHEAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/intake.h"
#include "capture/source.h"
#include "tcpmetro.h"

/* Frames of a part, and parts that may be ready at once. */
#define AHEAD_FRAMES 256
#define AHEAD_PARTS  8

/* Some frames, decoded, and how things stood behind the last of them. */
struct ahead_part {
	struct tcpm_batch *batch;
	struct intake_facts facts;
	struct source_progress progress;
	bool apart; /* they continue none of the flows before: flush the engine first */
	bool pause; /* the source had no more at hand; it may be a pipe that waits */
};

/* All is private. */
struct ahead {
	struct intake *intake;
	struct source *source;
	uint64_t limit;     /* of records, in all sources; 0: none */
	bool first;         /* nothing of the source has been read */
	bool wanted_thread; /* it may have one */
	unsigned made;      /* parts there are */
	struct ahead_part parts[AHEAD_PARTS];

	bool held; /* the part behind those that were taken is in use */
	bool threaded;
	pthread_t thread;
	atomic_bool stop;  /* read no more, of any source, */
	atomic_bool leave; /* or of this one */
	pthread_mutex_t lock;
	pthread_cond_t room, ready;     /* what the reader, and the other side, wait for */
	bool reader_waits, taker_waits; /* with the lock, as the rest */
	unsigned filled;                /* parts, since the source began */
	unsigned taken;                 /* of these, by the other side, which is done with them */
	bool ended;                     /* the reader has: */
	int result;                     /* as source_next */
	struct error error;
};

/* Readies for sources whose frames go through the intake to the engine, which both outlive
 * it. limit: so many records are read of all sources; 0: all. threaded: in a thread of its
 * own. -ENOMEM: nothing is left to free. */
int ahead_init(struct ahead *ahead, const struct tcpm_engine *engine, struct intake *intake,
	       uint64_t limit, bool threaded);

/* Frees all. */
void ahead_done(struct ahead *ahead);

/* Begins with a source, which nobody else uses until ahead_end. If a thread cannot be had,
 * it goes without. */
void ahead_begin(struct ahead *ahead, struct source *source);

/* 1: the next part, valid until the next call for this ahead. Otherwise as source_next; all
 * that was read before has been handed out. */
int ahead_next(struct ahead *ahead, const struct ahead_part **part, struct error *error);

/* Ends with the source, read to its end or not. */
void ahead_end(struct ahead *ahead);

/* Nothing more is read, of this source or another; what was read is still handed out. Any
 * thread and any signal's handler may. */
void ahead_stop(struct ahead *ahead);

#endif
