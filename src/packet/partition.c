/*
 * Which frames an engine keeps of those that several share: see partition.h.
 */
#include "packet/partition.h"

#include <string.h>

/* Whether no time is before the one of the frame before it, nor beyond all that is used. */
static bool times_advance(const struct tcpm_frame *frames, size_t count)
{
	int64_t last_ns = 0;
	bool back = false;

	for (size_t i = 0; i < count; i++) {
		back |= frames[i].time_ns < last_ns;
		last_ns = frames[i].time_ns;
	}
	return !back && last_ns <= PARTITION_FARTHEST_NS;
}

/* Moves the frames that are kept of some whose times advance to `kept`, at or before their own
 * place. Which partition owns a frame is an unpredictable branch, so there is none. */
static size_t keep(const struct partition *partition, const struct tcpm_frame *frames, size_t count,
		   struct tcpm_frame *kept, struct partition_gap *gaps)
{
	int64_t before_ns = 0;
	size_t n = 0;
	size_t next = 0;

	for (size_t i = 0; i < count; i++) {
		enum partition_owner owner = partition_of_frame(partition, &frames[i]);

		kept[n] = frames[i];
		gaps[n] = (struct partition_gap){.before_ns = before_ns,
						 .skipped = (uint8_t)(i - next),
						 .owner = (uint8_t)owner};
		before_ns = kept[n].time_ns;
		bool stays = (owner != PARTITION_OTHER) | (i == 0) | (i == count - 1);

		next = stays ? i + 1 : next;
		n += stays;
	}
	return n;
}

size_t partition_frames(const struct partition *partition, struct tcpm_frame *frames,
			struct partition_gap *gaps, size_t count)
{
	size_t kept = 0;

	for (size_t at = 0; at < count; at += PARTITION_FRAMES) {
		size_t n = count - at < PARTITION_FRAMES ? count - at : PARTITION_FRAMES;

		if (times_advance(&frames[at], n)) {
			kept += keep(partition, &frames[at], n, &frames[kept], &gaps[kept]);
		} else {
			memmove(&frames[kept], &frames[at], n * sizeof(*frames));
			memset(&gaps[kept], 0, n * sizeof(*gaps));
			kept += n;
		}
	}
	return kept;
}
