/*
 * A capture in parts: some frames at a time, through the intake and sifted.
 *
 *	parts_begin(parts, source);
 *	while ((result = parts_next(parts, PARTS_FRAMES, &error)) > 0)
 *		... parts->frames ...
 */
#ifndef APP_PARTS_H
#define APP_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/intake.h"
#include "capture/source.h"
#include "packet/sift.h"
#include "tcpmetro.h"

/* Frames of a part, at most. */
#define PARTS_FRAMES SIFT_FRAMES

struct parts {
	/* Those of the last part that match, without the ones of other shares. */
	struct tcpm_frame frames[PARTS_FRAMES];
	int count;
	bool apart; /* they continue none of the flows before: flush the engine first */
	bool pause; /* the source had no more at hand; it may be a pipe that waits */

	/* The rest is private. */
	struct sift sift;
	struct intake *intake;
	struct source *source;
	uint64_t limit; /* of records, in all sources; 0: none */
	bool first;     /* nothing of the source has been read */
};

/* Readies for sources whose frames go through the intake, which outlives it, to one who measures
 * this share of them. limit: so many records are read of all sources; 0: all. */
void parts_init(struct parts *parts, const struct sift *sift, struct intake *intake,
		uint64_t limit);

/* Begins with a source; what was read of the one before stays. */
void parts_begin(struct parts *parts, struct source *source);

/* Reads the next part, of at most so many records (at least 1), and returns how many they were,
 * whether they matched or not; 0: the end, or the limit. Otherwise as source_next. */
int parts_next(struct parts *parts, size_t most, struct error *error);

#endif
