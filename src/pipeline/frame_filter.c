/*
 * Frames before they are decoded: see intake.h.
 */
#include "pipeline/frame_filter.h"

static bool matches(struct frame_filter *frame_filter, const struct tcpm_frame *frame)
{
	struct error error;
	int result;

	if (frame_filter->filter_tagged && !filter_is_tagged(frame))
		return true;
	result = filter_match(frame_filter->filter, frame, &error);
	/* Frames of a link type that the expression does not fit cannot match. */
	if (result < 0 && !frame_filter->facts.refused) {
		frame_filter->refusal = error;
		frame_filter->facts.refused = true;
	}
	return result > 0;
}

int frame_filter_apply(struct frame_filter *frame_filter, const struct source *source,
		       struct tcpm_frame *frames, int count)
{
	int kept = 0;

	frame_filter->facts.records += (uint64_t)count;
	interface_numbers_translate(&frame_filter->interfaces, source, frames, (size_t)count);
	if (!frame_filter->filter)
		return count;
	for (int i = 0; i < count; i++)
		if (matches(frame_filter, &frames[i]))
			frames[kept++] = frames[i];
	return kept;
}

static void note_time(struct frame_filter_counts *facts, int64_t time_ns)
{
	if (time_ns == TCPM_NO_TIME)
		return;
	if (!facts->any_time || time_ns < facts->first_ns)
		facts->first_ns = time_ns;
	if (!facts->any_time || time_ns > facts->last_ns)
		facts->last_ns = time_ns;
	facts->any_time = true;
}

static void note_times(struct frame_filter_counts *facts, const struct tcpm_frame *frames,
		       int count)
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

void frame_filter_count(struct frame_filter *frame_filter, const struct tcpm_frame *frames,
			int count)
{
	uint64_t bytes = 0;

	for (int i = 0; i < count; i++)
		bytes += frames[i].wire_length;
	frame_filter->facts.wire_bytes += bytes;
	note_times(&frame_filter->facts, frames, count);
}

void frame_filter_count_partition(struct frame_filter *frame_filter, const struct source *source,
				  struct tcpm_frame *frames, size_t count,
				  const struct source_partition *owned)
{
	frame_filter->facts.records += count;
	frame_filter->facts.wire_bytes += owned->wire_bytes;
	interface_numbers_translate(&frame_filter->interfaces, source, frames, owned->kept);
	note_times(&frame_filter->facts, frames, (int)owned->kept);
}

void frame_filter_replace(struct frame_filter *frame_filter, struct filter *filter)
{
	filter_free(frame_filter->filter);
	frame_filter->filter = filter;
	frame_filter->facts.refused = false;
}

void frame_filter_done(struct frame_filter *frame_filter)
{
	filter_free(frame_filter->filter);
	interface_numbers_clear(&frame_filter->interfaces);
	*frame_filter = (struct frame_filter){0};
}
