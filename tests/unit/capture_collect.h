/*
 * Reads a whole source for a test: what each frame said, and how it ended.
 *
 * Every byte of every frame is read when its batch arrives, so that a sanitizer
 * sees one that points outside the buffer, and each frame's number is checked.
 */
#ifndef UNIT_CAPTURE_COLLECT_H
#define UNIT_CAPTURE_COLLECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/source.h"
#include "capture_builder.h"

#define COLLECT_MAX 4096 /* frames that are kept; all are counted */

struct collected_frame {
	struct tcpm_frame frame; /* bytes is NULL */
	uint8_t first;           /* byte */
	bool counts_up;          /* the bytes are those of put_packet */
};

struct collected {
	int opened; /* what opening returned; the rest is zero if it failed */
	int end;    /* 0 or a negative errno */
	size_t count;
	struct error error;
	struct source_progress progress; /* at the end */
	struct collected_frame frames[COLLECT_MAX];
};

static inline void collect_frame(struct collected *all, const struct tcpm_frame *frame)
{
	struct collected_frame kept = {.frame = *frame, .counts_up = true};

	assert_int_equal(frame->number, all->count + 1);
	assert_true(frame->captured <= frame->wire_length);
	assert_true(frame->time_ns == TCPM_NO_TIME ||
		    (frame->time_ns >= 0 && frame->time_ns <= (int64_t)1 << 62));
	kept.frame.bytes = NULL;
	if (frame->captured > 0)
		kept.first = frame->bytes[0];
	for (uint32_t i = 0; i < frame->captured; i++)
		if (frame->bytes[i] != (uint8_t)(kept.first + i))
			kept.counts_up = false;
	if (all->count < COLLECT_MAX)
		all->frames[all->count] = kept;
	all->count++;
}

/* Reads from fd, which it closes, in batches of at most max. The caller frees. */
static inline struct collected *collect_fd(int fd, size_t max)
{
	struct collected *all = calloc(1, sizeof(*all));
	struct tcpm_frame *frames = calloc(max, sizeof(*frames));
	struct source *source = NULL;
	int count;

	assert_non_null(all);
	assert_non_null(frames);
	all->opened = file_source_open_fd(fd, "test", &source, &all->error);
	if (all->opened < 0) {
		assert_null(source);
		close(fd);
		free(frames);
		return all;
	}
	while ((count = source_next(source, frames, max, &all->error)) > 0) {
		assert_true((size_t)count <= max);
		for (int i = 0; i < count; i++)
			collect_frame(all, &frames[i]);
	}
	all->end = count;
	struct error again = {0};
	assert_int_equal(source_next(source, frames, max, &again), count);
	if (count < 0)
		assert_string_equal(again.text, all->error.text);
	source_progress(source, &all->progress);
	assert_int_equal(all->progress.records, all->count);
	source_close(source);
	free(frames);
	return all;
}

static inline struct collected *collect_bytes(const uint8_t *bytes, size_t size)
{
	return collect_fd(file_of(bytes, size), 64);
}

static inline struct collected *collect(const struct builder *builder)
{
	return collect_bytes(builder->bytes, builder->size);
}

/* The file has `count` frames and a clean end. */
static inline void assert_clean(const struct collected *all, size_t count)
{
	if (all->opened < 0 || all->end < 0)
		fail_msg("%s", all->error.text);
	assert_int_equal(all->count, count);
}

/* The file has `count` frames, then damage, reported with exactly this message. */
static inline void assert_damage(const struct collected *all, size_t count, const char *sentence)
{
	assert_int_equal(all->count, count);
	assert_true(all->opened < 0 || all->end < 0);
	assert_string_equal(all->error.text, sentence);
}

#endif
