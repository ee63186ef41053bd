/*
 * Frames of one's part: see sift.h.
 */
#include "packet/sift.h"

#include <string.h>

static bool only_go_on(const struct tcpm_frame *frames, size_t count)
{
	int64_t last_ns = 0;
	bool odd = false;

	for (size_t i = 0; i < count; i++) {
		odd |= frames[i].time_ns < last_ns;
		last_ns = frames[i].time_ns;
	}
	return !odd && last_ns <= SIFT_FARTHEST_NS;
}

/* Of frames whose times only go on, puts those to be kept at the given place, which is theirs or
 * before it. Whose a frame is cannot be foreseen, so nothing depends on it by a jump. */
static size_t keep(const struct sift *sift, const struct tcpm_frame *frames, size_t count,
		   struct tcpm_frame *kept)
{
	int64_t before_ns = 0;
	size_t most = 0;
	size_t next = 0;

	for (size_t i = 0; i < count; i++) {
		enum sift_whose whose = sift_frame(sift, &frames[i]);

		kept[most] = frames[i];
		kept[most].skipped = (uint8_t)(i - next);
		kept[most].whose = (uint8_t)whose;
		kept[most].before_ns = before_ns;
		before_ns = kept[most].time_ns;
		bool stays = (whose != SIFT_OTHERS) | (i == 0) | (i == count - 1);

		next = stays ? i + 1 : next;
		most += stays;
	}
	return most;
}

size_t sift_frames(const struct sift *sift, struct tcpm_frame *frames, size_t count)
{
	struct tcpm_frame *kept = frames;

	for (size_t at = 0; at < count; at += SIFT_FRAMES) {
		size_t some = count - at < SIFT_FRAMES ? count - at : SIFT_FRAMES;

		if (only_go_on(&frames[at], some)) {
			kept += keep(sift, &frames[at], some, kept);
		} else {
			memmove(kept, &frames[at], some * sizeof(*frames));
			kept += some;
		}
	}
	return (size_t)(kept - frames);
}
