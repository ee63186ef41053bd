/*
 * A capture in parts: some frames at a time, through the intake and owned.
 *
 *	batch_reader_begin(parts, source);
 *	while ((result = batch_reader_next(parts, BATCH_READER_FRAMES, &error)) > 0)
 *		... parts->frames ...
 */
#ifndef PIPELINE_BATCH_READER_H
#define PIPELINE_BATCH_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/source.h"
#include "packet/partition.h"
#include "pipeline/frame_filter.h"
#include "tcpmetro.h"

/* Frames of a part, at most. */
#define BATCH_READER_FRAMES PARTITION_FRAMES

struct batch_reader {
	/* Those of the last part that match, without the ones of other shares. */
	struct tcpm_frame frames[BATCH_READER_FRAMES];
	struct partition_gap gaps[BATCH_READER_FRAMES]; /* of each of them */
	int count;
	bool apart; /* they continue none of the flows before: flush the engine first */
	bool pause; /* the source had no more at hand; it may be a pipe that waits */

	/* The rest is private. */
	struct partition partition;
	struct frame_filter *frame_filter;
	struct source *source;
	uint64_t limit; /* of records, in all sources; 0: none */
	bool first;     /* nothing of the source has been read */
};

/* Readies for sources whose frames go through the intake, which outlives it, to one who measures
 * this share of them. limit: so many records are read of all sources; 0: all. */
void batch_reader_init(struct batch_reader *reader, const struct partition *partition,
		       struct frame_filter *frame_filter, uint64_t limit);

/* Begins with a source; what was read of the one before stays. */
void batch_reader_begin(struct batch_reader *reader, struct source *source);

/* Reads the next part, of at most so many records (at least 1), and returns how many they were,
 * whether they matched or not; 0: the end, or the limit. Otherwise as source_next. */
int batch_reader_next(struct batch_reader *reader, size_t most, struct error *error);

#endif
