/*
 * Reading, filtering, sifting: see parts.h.
 */
#include "pipeline/batch_reader.h"

/* Frames that begin so long before the ones read so far were taken elsewhere. */
#define OVERLAP_NS INT64_C(1000000000)

void batch_reader_init(struct batch_reader *reader, const struct partition *partition,
		       struct frame_filter *frame_filter, uint64_t limit)
{
	*reader = (struct batch_reader){
		.partition = *partition, .frame_filter = frame_filter, .limit = limit};
}

void batch_reader_begin(struct batch_reader *reader, struct source *source)
{
	reader->source = source;
	reader->first = true;
	interface_numbers_clear(&reader->frame_filter->interfaces);
}

/* A file that begins before the one before it ended was taken elsewhere, or at
 * another time: its packets continue none of the flows seen so far. A second's
 * overlap is the disorder of a capture that was cut into files. */
static bool is_apart(const struct frame_filter_counts *before, const struct tcpm_frame *first)
{
	return before->any_time && first->time_ns != TCPM_NO_TIME &&
	       first->time_ns < before->last_ns - OVERLAP_NS;
}

/* How many frames may still be read at once. */
static size_t room(const struct batch_reader *reader, size_t most)
{
	uint64_t left = reader->limit - reader->frame_filter->facts.records;

	if (most > BATCH_READER_FRAMES)
		most = BATCH_READER_FRAMES;
	return reader->limit && left < most ? (size_t)left : most;
}

/* Whether the source is to sift: if it can, and if all of its frames match. */
static bool source_sifts(const struct batch_reader *reader)
{
	return reader->partition.count > 1 && reader->source->partitions &&
	       !reader->frame_filter->filter;
}

/* Through the intake, after the source has owned. */
static void take_owned(struct batch_reader *reader, int count, const struct source_partition *owned)
{
	frame_filter_count_partition(reader->frame_filter, reader->source, reader->frames,
				     (size_t)count, owned);
	reader->count = (int)owned->kept;
}

static void take(struct batch_reader *reader, int count)
{
	reader->count =
		frame_filter_apply(reader->frame_filter, reader->source, reader->frames, count);
	frame_filter_count(reader->frame_filter, reader->frames, reader->count);
	if (reader->partition.count > 1)
		reader->count = (int)partition_frames(&reader->partition, reader->frames,
						      reader->gaps, (size_t)reader->count);
}

int batch_reader_next(struct batch_reader *reader, size_t most, struct error *error)
{
	const bool sifts = source_sifts(reader);
	struct source_partition owned;
	int count = 0;

	most = room(reader, most);
	if (most > 0 && sifts)
		count = source_next_partition(reader->source, &reader->partition, reader->frames,
					      reader->gaps, most, &owned, error);
	else if (most > 0)
		count = source_next(reader->source, reader->frames, most, error);
	if (count <= 0)
		return count;
	reader->apart = reader->first && is_apart(&reader->frame_filter->facts, &reader->frames[0]);
	reader->pause = (size_t)count < most;
	reader->first = false;
	if (sifts)
		take_owned(reader, count, &owned);
	else
		take(reader, count);
	return count;
}
