/*
 * Reading, filtering, sifting: see parts.h.
 */
#include "app/parts.h"

/* Frames that begin so long before the ones read so far were taken elsewhere. */
#define OVERLAP_NS INT64_C(1000000000)

void parts_init(struct parts *parts, const struct sift *sift, struct intake *intake, uint64_t limit)
{
	*parts = (struct parts){.sift = *sift, .intake = intake, .limit = limit};
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

/* Whether the source is to sift: if it can, and if all of its frames match. */
static bool source_sifts(const struct parts *parts)
{
	return parts->sift.shares > 1 && parts->source->sifts && !parts->intake->filter;
}

/* Through the intake, after the source has sifted. */
static void take_sifted(struct parts *parts, int count, const struct source_sifted *sifted)
{
	intake_sifted(parts->intake, parts->source, parts->frames, (size_t)count, sifted);
	parts->count = (int)sifted->kept;
}

static void take(struct parts *parts, int count)
{
	parts->count = intake_take(parts->intake, parts->source, parts->frames, count);
	intake_note(parts->intake, parts->frames, parts->count);
	if (parts->sift.shares > 1)
		parts->count = (int)sift_frames(&parts->sift, parts->frames, (size_t)parts->count);
}

int parts_next(struct parts *parts, size_t most, struct error *error)
{
	const bool sifts = source_sifts(parts);
	struct source_sifted sifted;
	int count = 0;

	most = room(parts, most);
	if (most > 0 && sifts)
		count = source_next_sifted(parts->source, &parts->sift, parts->frames, most,
					   &sifted, error);
	else if (most > 0)
		count = source_next(parts->source, parts->frames, most, error);
	if (count <= 0)
		return count;
	parts->apart = parts->first && is_apart(&parts->intake->facts, &parts->frames[0]);
	parts->pause = (size_t)count < most;
	parts->first = false;
	if (sifts)
		take_sifted(parts, count, &sifted);
	else
		take(parts, count);
	return count;
}
