/*
 * Lines of samples, kept and merged: see lines.h.
 */
#include "report/sample_buffer.h"

#include <errno.h>
#include <stdlib.h>

#include "report/format.h"

#define FIRST_MARKS 1024U

/* Where a sample's line ends. */
struct mark {
	uint64_t order; /* the sample's */
	size_t end;
};

struct sample_buffer {
	struct report output; /* with a text of its own, of which nothing is flushed */
	struct mark *marks;
	size_t count;
	size_t room;
	/* While they are printed: what is printed so far. */
	size_t printed;
	size_t at;
};

struct sample_buffer *sample_buffer_new(const struct report *output)
{
	struct sample_buffer *lines = calloc(1, sizeof(*lines));

	if (!lines)
		return NULL;
	lines->output.ops = output->ops;
	lines->output.settings = output->settings;
	text_init(&lines->output.text);
	return lines;
}

void sample_buffer_free(struct sample_buffer *lines)
{
	if (!lines)
		return;
	text_done(&lines->output.text);
	free(lines->marks);
	free(lines);
}

static bool has_room(struct sample_buffer *lines)
{
	size_t room = lines->room ? lines->room * 2 : FIRST_MARKS;
	struct mark *marks;

	if (lines->count < lines->room)
		return true;
	marks = realloc(lines->marks, room * sizeof(*marks));
	if (!marks)
		return false;
	lines->marks = marks;
	lines->room = room;
	return true;
}

void sample_buffer_add(struct sample_buffer *lines, const struct tcpm_sample *sample,
		       enum group_side side)
{
	struct text *text = &lines->output.text;
	size_t before = text->used;

	if (!has_room(lines)) {
		text_fail(text, -ENOMEM);
		return;
	}
	report_sample_append(&lines->output, sample, side);
	if (text->used != before)
		lines->marks[lines->count++] =
			(struct mark){.order = sample->order, .end = text->used};
}

/* The lines whose next one comes first, and in *limit the order from which on others come
 * before the one after that. NULL: all are printed. */
static struct sample_buffer *next_lines(struct sample_buffer *const *lines, size_t count,
					uint64_t *limit)
{
	struct sample_buffer *first = NULL;

	*limit = UINT64_MAX;
	for (size_t i = 0; i < count; i++) {
		uint64_t order;

		if (lines[i]->printed == lines[i]->count)
			continue;
		order = lines[i]->marks[lines[i]->printed].order;
		if (!first || order < first->marks[first->printed].order) {
			if (first)
				*limit = first->marks[first->printed].order;
			first = lines[i];
		} else if (order < *limit) {
			*limit = order;
		}
	}
	return first;
}

/* Takes all lines off that come before the limit, at least one. */
static void print_run(struct sample_buffer *lines, uint64_t limit, struct report *output)
{
	size_t start = lines->at;

	do
		lines->at = lines->marks[lines->printed++].end;
	while (lines->printed < lines->count && lines->marks[lines->printed].order < limit);
	text_bytes(&output->text, lines->output.text.bytes + start, lines->at - start);
}

int sample_buffer_print(struct sample_buffer *const *lines, size_t count, struct report *output)
{
	struct sample_buffer *next;
	uint64_t limit;

	for (size_t i = 0; i < count; i++)
		lines[i]->printed = lines[i]->at = 0;
	while ((next = next_lines(lines, count, &limit)) != NULL) {
		print_run(next, limit, output);
		report_flush_full(output);
	}
	for (size_t i = 0; i < count; i++) {
		text_fail(&output->text, lines[i]->output.text.error);
		text_clear(&lines[i]->output.text);
		lines[i]->count = 0;
	}
	return output->text.error;
}
