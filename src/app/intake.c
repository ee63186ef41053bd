/*
 * Frames before they are decoded: see intake.h.
 */
#include "app/intake.h"

static bool matches(struct intake *intake, const struct tcpm_frame *frame)
{
	struct error error;
	int result;

	if (intake->filter_tagged && !filter_is_tagged(frame))
		return true;
	result = filter_match(intake->filter, frame, &error);
	/* Frames of a link type that the expression does not fit cannot match. */
	if (result < 0 && !intake->facts.refused) {
		intake->refusal = error;
		intake->facts.refused = true;
	}
	return result > 0;
}

int intake_take(struct intake *intake, const struct source *source, struct tcpm_frame *frames,
		int count)
{
	int kept = 0;

	intake->facts.records += (uint64_t)count;
	interface_numbers_translate(&intake->interfaces, source, frames, (size_t)count);
	if (!intake->filter)
		return count;
	for (int i = 0; i < count; i++)
		if (matches(intake, &frames[i]))
			frames[kept++] = frames[i];
	return kept;
}

static void note_time(struct intake_facts *facts, int64_t time_ns)
{
	if (time_ns == TCPM_NO_TIME)
		return;
	if (!facts->any_time || time_ns < facts->first_ns)
		facts->first_ns = time_ns;
	if (!facts->any_time || time_ns > facts->last_ns)
		facts->last_ns = time_ns;
	facts->any_time = true;
}

static void note_times(struct intake_facts *facts, const struct tcpm_frame *frames, int count)
{
	int64_t last_ns = TCPM_NO_TIME + 1; /* none is like going back */
	bool odd = false;

	_Static_assert(TCPM_NO_TIME == INT64_MIN, "no time is before it");
	for (int i = 0; i < count; i++) {
		odd |= frames[i].time_ns < last_ns;
		last_ns = frames[i].time_ns;
	}
	/* As a rule the first one has the earliest time, and the last one the latest. */
	for (int i = 0; i < count; i += odd || i == count - 1 ? 1 : count - 1)
		note_time(facts, frames[i].time_ns);
}

void intake_note(struct intake *intake, const struct tcpm_frame *frames, int count)
{
	uint64_t bytes = 0;

	for (int i = 0; i < count; i++)
		bytes += frames[i].wire_length;
	intake->facts.wire_bytes += bytes;
	note_times(&intake->facts, frames, count);
}

void intake_sifted(struct intake *intake, const struct source *source, struct tcpm_frame *frames,
		   size_t count, const struct source_sifted *sifted)
{
	intake->facts.records += count;
	intake->facts.wire_bytes += sifted->wire_bytes;
	interface_numbers_translate(&intake->interfaces, source, frames, sifted->kept);
	note_times(&intake->facts, frames, (int)sifted->kept);
}

void intake_refilter(struct intake *intake, struct filter *filter)
{
	filter_free(intake->filter);
	intake->filter = filter;
	intake->facts.refused = false;
}

void intake_done(struct intake *intake)
{
	filter_free(intake->filter);
	interface_numbers_clear(&intake->interfaces);
	*intake = (struct intake){0};
}
