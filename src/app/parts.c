/*
 * Reading, filtering, decoding: see parts.h.
 */
#include "app/parts.h"

#include <errno.h>

/* Frames that begin so long before the ones read so far were taken elsewhere. */
#define OVERLAP_NS INT64_C(1000000000)

int parts_init(struct parts *parts, const struct tcpm_engine *engine, struct intake *intake,
	       uint64_t limit)
{
	*parts = (struct parts){.intake = intake, .limit = limit};
	parts->batch = tcpm_batch_new(engine, PARTS_FRAMES);
	return parts->batch ? 0 : -ENOMEM;
}

void parts_done(struct parts *parts)
{
	tcpm_batch_free(parts->batch);
	*parts = (struct parts){0};
}

void parts_begin(struct parts *parts, struct source *source)
{
	parts->source = source;
	parts->first = true;
	interface_numbers_clear(&parts->intake->interfaces);
}

/* A file that begins before the one before it ended was taken elsewhere, or at
 * another time: its packets continue none of the flows seen so far. A second's
 * overlap is the disorder of a capture that was cut into files. */
static bool is_apart(const struct intake_facts *before, const struct tcpm_frame *first)
{
	return before->any_time && first->time_ns != TCPM_NO_TIME &&
	       first->time_ns < before->last_ns - OVERLAP_NS;
}

/* How many frames may still be read at once. */
static size_t room(const struct parts *parts, size_t most)
{
	uint64_t left = parts->limit - parts->intake->facts.records;

	if (most > PARTS_FRAMES)
		most = PARTS_FRAMES;
	return parts->limit && left < most ? (size_t)left : most;
}

int parts_next(struct parts *parts, size_t most, struct error *error)
{
	struct tcpm_frame frames[PARTS_FRAMES];
	int count;
	int kept;

	most = room(parts, most);
	count = most ? source_next(parts->source, frames, most, error) : 0;
	if (count <= 0)
		return count;
	parts->apart = parts->first && is_apart(&parts->intake->facts, &frames[0]);
	parts->pause = (size_t)count < most;
	parts->first = false;
	kept = intake_take(parts->intake, parts->source, frames, count);
	intake_note(parts->intake, frames, kept);
	tcpm_batch_clear(parts->batch);
	tcpm_batch_add(parts->batch, frames, (size_t)kept);
	return count;
}
