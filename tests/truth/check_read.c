/*
 * A line is split at its commas in place; a table of wanted columns says where
 * each field goes.
 */
#include "check_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const kind_names[KINDS] = {"syn", "ack", "sack"};
const char *const status_names[STATUSES] = {
	"unambiguous", "resolvable", "copied",  "ambiguous", "partial", "reordered",
	"gap",         "unseen",     "foreign", "repeated",  "old",
};

enum { MAX_COLUMNS = 40 };

struct reader {
	const char *path;
	FILE *file;
	char *line;
	size_t room;
	uint64_t number;
	char *fields[MAX_COLUMNS];
	size_t count;
};

static void fail(const struct reader *reader, const char *what, const char *detail)
{
	fprintf(stderr, "check: %s, line %llu: %s%s%s\n", reader->path,
		(unsigned long long)reader->number, what, detail != NULL ? " " : "",
		detail != NULL ? detail : "");
	exit(2);
}

static void open_file(struct reader *reader, const char *path)
{
	*reader = (struct reader){.path = path};
	reader->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	if (reader->file == NULL) {
		fprintf(stderr, "check: cannot read %s: %s\n", path, strerror(errno));
		exit(2);
	}
}

static void close_file(struct reader *reader)
{
	if (ferror(reader->file))
		fail(reader, "reading failed", NULL);
	if (reader->file != stdin)
		fclose(reader->file);
	free(reader->line);
}

/* Reads and splits a line; false at the end. Lines that start with # are notes. */
static bool next_line(struct reader *reader)
{
	ssize_t length;
	char *at;

	do {
		length = getline(&reader->line, &reader->room, reader->file);
		if (length < 0)
			return false;
		reader->number++;
	} while (reader->line[0] == '#' || reader->line[0] == '\n');
	reader->line[strcspn(reader->line, "\r\n")] = '\0';
	reader->count = 0;
	for (at = reader->line; at != NULL && reader->count < MAX_COLUMNS;)
		reader->fields[reader->count++] = strsep(&at, ",");
	return true;
}

/* Finds the wanted columns in the header line. */
static void find_columns(struct reader *reader, const char *const *names, size_t *columns,
			 size_t count)
{
	if (!next_line(reader))
		fail(reader, "no header line", NULL);
	for (size_t i = 0; i < count; i++) {
		for (columns[i] = 0; columns[i] < reader->count; columns[i]++)
			if (strcmp(reader->fields[columns[i]], names[i]) == 0)
				break;
		if (columns[i] == reader->count)
			fail(reader, "no such column in the header:", names[i]);
	}
}

static int64_t number(const struct reader *reader, size_t column)
{
	char *end;
	long long value;

	if (column >= reader->count)
		fail(reader, "too few fields", NULL);
	errno = 0;
	value = strtoll(reader->fields[column], &end, 10);
	if (errno != 0 || end == reader->fields[column] || *end != '\0')
		fail(reader, "not a number:", reader->fields[column]);
	return value;
}

static uint8_t word(const struct reader *reader, size_t column, const char *const *words,
		    size_t count)
{
	size_t index = 0;

	if (column >= reader->count)
		fail(reader, "too few fields", NULL);
	while (index < count && strcmp(reader->fields[column], words[index]) != 0)
		index++;
	if (index == count)
		fail(reader, "unknown word:", reader->fields[column]);
	return (uint8_t)index;
}

static void *grown(void *rows, size_t *room, size_t size)
{
	*room = *room > 0 ? *room * 2 : 4096;
	rows = reallocarray(rows, *room, size);
	if (rows == NULL) {
		fprintf(stderr, "check: out of memory\n");
		exit(2);
	}
	return rows;
}

static uint16_t setting_index(struct truths *truths, const struct reader *reader, size_t column)
{
	size_t i = truths->setting_count;

	if (column >= reader->count)
		fail(reader, "too few fields", NULL);
	while (i > 0 && strcmp(truths->settings[i - 1], reader->fields[column]) != 0)
		i--;
	if (i > 0)
		return (uint16_t)(i - 1);
	if (truths->setting_count == MAX_SETTINGS)
		fail(reader, "too many settings", NULL);
	truths->settings[truths->setting_count] = strdup(reader->fields[column]);
	if (truths->settings[truths->setting_count] == NULL)
		fail(reader, "out of memory", NULL);
	return (uint16_t)truths->setting_count++;
}

void read_truths(struct truths *truths, const char *path)
{
	static const char *const names[] = {"frame", "trigger", "response_ns", "holding_ns",
					    "kind",  "status",  "bytes",       "prompt",
					    "full",  "flow",    "setting"};
	size_t at[sizeof names / sizeof *names];
	struct reader reader;
	uint64_t last = 0;

	*truths = (struct truths){0};
	open_file(&reader, path);
	find_columns(&reader, names, at, sizeof names / sizeof *names);
	while (next_line(&reader)) {
		struct truth *row;

		if (truths->count == truths->room)
			truths->rows = grown(truths->rows, &truths->room, sizeof *row);
		row = &truths->rows[truths->count++];
		*row = (struct truth){.frame = (uint64_t)number(&reader, at[0]),
				      .trigger = (uint64_t)number(&reader, at[1]),
				      .response_ns = number(&reader, at[2]),
				      .holding_ns = number(&reader, at[3]),
				      .kind = word(&reader, at[4], kind_names, KINDS),
				      .status = word(&reader, at[5], status_names, STATUSES),
				      .bytes = (uint64_t)number(&reader, at[6]),
				      .prompt = number(&reader, at[7]) != 0,
				      .full_sized = number(&reader, at[8]) != 0,
				      .flow = (uint64_t)number(&reader, at[9]),
				      .setting = setting_index(truths, &reader, at[10])};
		if (row->frame <= last || row->trigger >= row->frame)
			fail(&reader, "frames out of order", NULL);
		if (row->response_ns < 0 || row->holding_ns < 0 ||
		    row->holding_ns > row->response_ns)
			fail(&reader, "impossible times", NULL);
		last = row->frame;
	}
	close_file(&reader);
}

void read_samples(struct samples *samples, const char *path)
{
	static const char *const names[] = {"frame", "rtt_ns", "method", "class"};
	size_t at[sizeof names / sizeof *names];
	struct reader reader;

	*samples = (struct samples){0};
	open_file(&reader, path);
	find_columns(&reader, names, at, sizeof names / sizeof *names);
	while (next_line(&reader)) {
		struct sample *row;

		if (samples->count == samples->room)
			samples->rows = grown(samples->rows, &samples->room, sizeof *row);
		row = &samples->rows[samples->count++];
		row->frame = (uint64_t)number(&reader, at[0]);
		row->rtt_ns = number(&reader, at[1]);
		if (at[2] >= reader.count || at[3] >= reader.count)
			fail(&reader, "too few fields", NULL);
		row->sack = strcmp(reader.fields[at[2]], "sack") == 0;
		row->network = strcmp(reader.fields[at[3]], "network") == 0;
	}
	close_file(&reader);
}

void truths_drop_rows(struct truths *truths)
{
	free(truths->rows);
	truths->rows = NULL;
}

void truths_done(struct truths *truths)
{
	for (size_t i = 0; i < truths->setting_count; i++)
		free(truths->settings[i]);
	truths_drop_rows(truths);
	*truths = (struct truths){0};
}

void samples_done(struct samples *samples)
{
	free(samples->rows);
	*samples = (struct samples){0};
}

struct truth *find_truth(const struct truths *truths, uint64_t frame)
{
	size_t low = 0, high = truths->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (truths->rows[middle].frame < frame)
			low = middle + 1;
		else
			high = middle;
	}
	return low < truths->count && truths->rows[low].frame == frame ? &truths->rows[low] : NULL;
}
