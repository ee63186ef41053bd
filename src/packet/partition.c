/*
 * Frames of one's part: see partition.h.
 */
#include "packet/partition.h"

#include <string.h>

static bool only_go_on(const struct tcpm_frame *frames, size_t count)
{
	int64_t last_ns = 0;
	bool odd = false;

	for (size_t i = 0; i < count; i++) {
		odd |= frames[i].time_ns < last_ns;
		last_ns = frames[i].time_ns;
	}
	return !odd && last_ns <= PARTITION_FARTHEST_NS;
}

/* Of frames whose times only go on, puts those to be kept at the given place, which is theirs or
 * before it. Whose a frame is cannot be foreseen, so nothing depends on it by a jump. */
static size_t keep(const struct partition *partition, const struct tcpm_frame *frames, size_t count,
		   struct tcpm_frame *kept)
{
	int64_t before_ns = 0;
	size_t most = 0;
	size_t next = 0;

	for (size_t i = 0; i < count; i++) {
		enum partition_owner whose = partition_of_frame(partition, &frames[i]);

		kept[most] = frames[i];
		kept[most].skipped = (uint8_t)(i - next);
		kept[most].owner = (uint8_t)whose;
		kept[most].before_ns = before_ns;
		before_ns = kept[most].time_ns;
		bool stays = (whose != PARTITION_OTHER) | (i == 0) | (i == count - 1);

		next = stays ? i + 1 : next;
		most += stays;
	}
	return most;
}

size_t partition_frames(const struct partition *partition, struct tcpm_frame *frames, size_t count)
{
	struct tcpm_frame *kept = frames;

	for (size_t at = 0; at < count; at += PARTITION_FRAMES) {
		size_t some = count - at < PARTITION_FRAMES ? count - at : PARTITION_FRAMES;

		if (only_go_on(&frames[at], some)) {
			kept += keep(partition, &frames[at], some, kept);
		} else {
			memmove(kept, &frames[at], some * sizeof(*frames));
			kept += some;
		}
	}
	return (size_t)(kept - frames);
}
