/*
 * A capture in parts: some frames at a time, through the intake and decoded.
 *
 *	parts_begin(parts, source);
 *	while ((result = parts_next(parts, PARTS_FRAMES, &error)) > 0)
 *		... parts->batch ...
 */
#ifndef APP_PARTS_H
#define APP_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/intake.h"
#include "capture/source.h"
#include "tcpmetro.h"

/* Frames of a part, at most. */
#define PARTS_FRAMES 256

struct parts {
	struct tcpm_batch *batch; /* the frames of the last part that match */
	bool apart; /* they continue none of the flows before: flush the engine first */
	bool pause; /* the source had no more at hand; it may be a pipe that waits */

	/* The rest is private. */
	struct intake *intake;
	struct source *source;
	uint64_t limit; /* of records, in all sources; 0: none */
	bool first;     /* nothing of the source has been read */
};

/* Readies for sources whose frames go through the intake to the engine, which both outlive
 * it. limit: so many records are read of all sources; 0: all. -ENOMEM: nothing is left to
 * free. */
int parts_init(struct parts *parts, const struct tcpm_engine *engine, struct intake *intake,
	       uint64_t limit);

/* Frees all. */
void parts_done(struct parts *parts);

/* Begins with a source; what was read of the one before stays. */
void parts_begin(struct parts *parts, struct source *source);

/* Reads the next part, of at most so many records (at least 1), and returns how many they were,
 * whether they matched or not; 0: the end, or the limit. Otherwise as source_next. */
int parts_next(struct parts *parts, size_t most, struct error *error);

#endif
