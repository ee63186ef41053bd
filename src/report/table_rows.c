/*
 * Cells and columns: see table_rows.h.
 */
#include "report/table_rows.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/parallel.h"
#include "report/format.h"
#include "report/units.h"
#include "stats/endpoint.h"

static const struct {
	const char *title;
	const char *before; /* what parts it from the column on its left */
	bool right;
} columns[TABLE_COLUMNS] = {
	[TABLE_TIME] = {"time", "", false},
	[TABLE_SENDER] = {"sender", "  ", false},
	[TABLE_RECEIVER] = {"receiver", " -> ", false},
	[TABLE_INTERFACE] = {"interface", "  ", false},
	[TABLE_TUNNEL] = {"tunnel", "  ", false},
	[TABLE_SIDE] = {"side", "  ", false},
	[TABLE_SAMPLES] = {"samples", "  ", true},
	[TABLE_MIN] = {"min", "  ", true},
	[TABLE_P50] = {"p50", "  ", true},
	[TABLE_P95] = {"p95", "  ", true},
	[TABLE_P99] = {"p99", "  ", true},
	[TABLE_MAX] = {"max", "  ", true},
	[TABLE_JITTER] = {"jitter", "  ", true},
	[TABLE_LOSS] = {"loss", "  ", true},
	[TABLE_RESPONSE] = {"resp p50", "  ", true},
	[TABLE_NOW] = {"now", "  ", true},
};

/* Bytes of a row's cells, more than most have. */
#define USUAL_ROW 160

/* A cell begins with the length of what follows. */
typedef uint16_t cell_length;

static void append_duration(struct text *text, int64_t duration_ns)
{
	if (duration_ns < 0)
		text_char(text, '-');
	else
		units_duration(text, duration_ns);
}

/* The smallest network sample, or "<=" and the smallest response. */
static void append_min(struct table_cells *cells, const struct summary *summary)
{
	struct text *text = &cells->text;
	int64_t min = series_min(&summary->series[TCPM_CLASS_NETWORK]);

	if (min < 0) {
		min = series_min(&summary->series[TCPM_CLASS_RESPONSE]);
		if (min >= 0) {
			text_string(text, "<= ");
			cells->has_bound = true;
		}
	}
	append_duration(text, min);
}

static void append_loss(struct text *text, const struct summary *summary)
{
	if (summary->totals.segments)
		units_percent(text, summary->totals.retransmitted, summary->totals.segments);
	else
		text_char(text, '-');
}

/* The median of class network in the interval. */
static void append_now(struct text *text, const struct table *table, const struct group *group)
{
	const struct group *now = groups_find(table->interval, &group->key);

	append_duration(text,
			now ? series_quantile(&now->summary.series[TCPM_CLASS_NETWORK], 500) : -1);
}

static void append_time(struct text *text, int64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / INT64_C(1000000000));
	struct tm local;

	if (!localtime_r(&seconds, &local))
		return;
	text_u64_zeros(text, (uint64_t)local.tm_hour, 2);
	text_char(text, ':');
	text_u64_zeros(text, (uint64_t)local.tm_min, 2);
	text_char(text, ':');
	text_u64_zeros(text, (uint64_t)local.tm_sec, 2);
}

static void append_interface(struct text *text, const struct table *table,
			     const struct group *group)
{
	const char *name = endpoint_interface(&table->settings->names, group);

	if (name)
		text_printable(text, name);
}

static void append_measure(struct table_cells *cells, const struct group *group,
			   enum table_column column)
{
	struct text *text = &cells->text;
	const struct series *network = &group->summary.series[TCPM_CLASS_NETWORK];
	const struct series *response = &group->summary.series[TCPM_CLASS_RESPONSE];

	switch (column) {
	case TABLE_SAMPLES:
		text_u64_grouped(text, network->count);
		break;
	case TABLE_MIN:
		append_min(cells, &group->summary);
		break;
	case TABLE_P50:
		append_duration(text, series_quantile(network, 500));
		break;
	case TABLE_P95:
		append_duration(text, series_quantile(network, 950));
		break;
	case TABLE_P99:
		append_duration(text, series_quantile(network, 990));
		break;
	case TABLE_MAX:
		append_duration(text, series_max(network));
		break;
	case TABLE_JITTER:
		append_duration(text, series_jitter(network));
		break;
	case TABLE_LOSS:
		append_loss(text, &group->summary);
		break;
	case TABLE_RESPONSE:
	default:
		append_duration(text, series_quantile(response, 500));
	}
}

static void append_cell(struct table_cells *cells, const struct table *table,
			const struct groups_options *options, const struct group *group,
			enum table_column column)
{
	struct text *text = &cells->text;

	switch (column) {
	case TABLE_TIME:
		append_time(text, table->time_ns);
		break;
	case TABLE_SENDER:
		endpoint_sender(text, options, group, &table->settings->names);
		break;
	case TABLE_RECEIVER:
		endpoint_receiver(text, options, group, &table->settings->names);
		break;
	case TABLE_INTERFACE:
		append_interface(text, table, group);
		break;
	case TABLE_TUNNEL:
		endpoint_labels(text, group->key.label_kind, group->key.label);
		break;
	case TABLE_SIDE:
		text_string(text, group_side_name(group->key.side));
		break;
	case TABLE_NOW:
		append_now(text, table, group);
		break;
	default:
		append_measure(cells, group, column);
	}
}

/* Whether a column has a place in this table; whether it is shown may also depend on
 * what is in it. */
static bool wanted(const struct table *table, const struct groups_options *options,
		   enum table_column column)
{
	switch (column) {
	case TABLE_TIME:
		return table->timed;
	case TABLE_SENDER:
		return options->by.hosts != GROUPS_BY_RECEIVER;
	case TABLE_INTERFACE:
		return options->by.interface;
	case TABLE_SIDE:
		return table->settings->ranking.both_sides;
	case TABLE_NOW:
		return table->interval != NULL;
	default:
		return true;
	}
}

/* Returns where what is in it begins. */
static size_t begin_cell(struct text *text)
{
	cell_length none = 0;

	text_bytes(text, &none, sizeof(none));
	return text->used;
}

static void end_cell(struct text *text, size_t start)
{
	cell_length length = (cell_length)(text->used - start);

	if (!text->error)
		memcpy(text->bytes + start - sizeof(length), &length, sizeof(length));
}

/* What is collected of a part. */
struct collecting {
	const struct table *table;
	struct table_cells *cells;
	size_t rows;
};

static void add_row(void *user, const struct groups *groups, const struct group *group)
{
	struct collecting *collecting = user;
	const struct table *table = collecting->table;
	const struct groups_options *options = groups_options(groups);
	struct table_cells *cells = collecting->cells;
	struct text *text = &cells->text;

	/* In an interval, flows may only have ended. */
	if (table->timed && summary_samples(&group->summary) == 0)
		return;
	for (unsigned i = 0; i < TABLE_COLUMNS; i++) {
		size_t start = begin_cell(text);

		if (wanted(table, options, i)) {
			append_cell(cells, table, options, group, (enum table_column)i);
			/* Tunnels and sides have a column only where there are any. */
			if ((i != TABLE_TUNNEL && i != TABLE_SIDE) || text->used > start)
				cells->layout.shown[i] = true;
		}
		end_cell(text, start);
		if (text->used - start > cells->layout.width[i])
			cells->layout.width[i] = text->used - start;
	}
	collecting->rows++;
}

/* So many rows are worth a thread, and so many a part. */
#define WORTH_ROWS 4096
#define PART_ROWS  1024

/* What all threads collect. */
struct collection {
	struct table *table;
	const struct groups *groups;
	unsigned threads;
	unsigned parts;
};

static void collect_part(void *user, unsigned number, unsigned thread)
{
	const struct collection *collection = user;
	struct table *table = collection->table;
	const struct ranking *ranking = &table->ranking;
	struct collecting collecting = {.table = table, .cells = &table->cells[thread]};
	struct text *text = &collecting.cells->text;
	size_t begin = parallel_begin(ranking->count, collection->parts, number);
	size_t end = parallel_begin(ranking->count, collection->parts, number + 1);
	struct table_part *part = &table->parts[number];

	part->thread = thread;
	part->begin = text->used;
	/* The first time for a fair share of all at once: growing to that by and by would move it
	 * again and again. */
	text_reserve(text,
		     (ranking->count / (text->used ? collection->parts : collection->threads) + 2) *
			     USUAL_ROW);
	report_rows(collection->groups, ranking, begin, end, add_row, &collecting);
	part->rows = collecting.rows;
}

bool table_widen(struct table_layout *layout, const struct table_layout *other)
{
	bool more = false;

	for (unsigned i = 0; i < TABLE_COLUMNS; i++) {
		if (layout->width[i] > other->width[i] || layout->shown[i] > other->shown[i])
			more = true;
		if (other->width[i] > layout->width[i])
			layout->width[i] = other->width[i];
		layout->shown[i] |= other->shown[i];
	}
	return more;
}

int table_collect(struct table *table, const struct groups *groups,
		  const struct ranking_options *options)
{
	struct collection collection = {.table = table, .groups = groups};
	/* Whoever knows hosts' names is asked by one thread. */
	unsigned threads = table->settings->names.host_name ? 1 : options->threads;
	int result = ranking_make(&table->ranking, groups, options);
	size_t count = table->ranking.count;

	if (result < 0)
		return result;
	if (threads > TABLE_THREADS)
		threads = TABLE_THREADS;
	threads = collection.threads = parallel_parts(threads, count, WORTH_ROWS);
	collection.parts = threads > 1 ? parallel_parts(TABLE_PARTS, count, PART_ROWS) : 1;
	for (unsigned i = 0; i < TABLE_COLUMNS; i++)
		table->layout.width[i] = strlen(columns[i].title);
	parallel_run(threads, collection.parts, collect_part, &collection);
	free(table->ranking.groups);
	table->ranking.groups = NULL;
	for (unsigned i = 0; i < collection.parts; i++)
		table->rows += table->parts[i].rows;
	for (unsigned i = 0; i < threads; i++) {
		const struct table_cells *cells = &table->cells[i];

		table_widen(&table->layout, &cells->layout);
		table->has_bound |= cells->has_bound;
		if (cells->text.error)
			result = cells->text.error;
	}
	if (result < 0)
		table->rows = 0;
	return result;
}

void table_done(struct table *table)
{
	for (unsigned i = 0; i < TABLE_THREADS; i++)
		text_done(&table->cells[i].text);
}

/* A line without its cells, its end included, and where each column begins in it. */
struct line {
	struct text empty;
	size_t begins[TABLE_COLUMNS];
};

static void make_line(struct line *line, const struct table *table)
{
	struct text *empty = &line->empty;

	*line = (struct line){0};
	for (unsigned i = 0; i < TABLE_COLUMNS; i++) {
		if (!table->layout.shown[i])
			continue;
		if (empty->used > 0)
			text_string(empty, columns[i].before);
		line->begins[i] = empty->used;
		text_repeat(empty, ' ', table->layout.width[i]);
	}
	text_char(empty, '\n');
}

/* A line to write cells into, behind what is in the text; NULL: there is no memory. */
static char *put_line(struct text *text, const struct line *line)
{
	char *at = text_reserve(text, line->empty.used);

	if (!at)
		return NULL;
	memcpy(at, line->empty.bytes, line->empty.used);
	text->used += line->empty.used;
	return at;
}

static void put_cell(char *at, const struct line *line, const struct table *table, unsigned column,
		     const char *cell, size_t length)
{
	size_t padding = columns[column].right ? table->layout.width[column] - length : 0;

	memcpy(at + line->begins[column] + padding, cell, length);
}

void table_print_titles(struct text *text, const struct table *table)
{
	struct line line;
	char *at;

	make_line(&line, table);
	text_fail(text, line.empty.error);
	at = put_line(text, &line);
	for (unsigned i = 0; at && i < TABLE_COLUMNS; i++)
		if (table->layout.shown[i])
			put_cell(at, &line, table, i, columns[i].title, strlen(columns[i].title));
	text_done(&line.empty);
}

/* Puts a row's cells into a line; returns where the next row's are. */
static const char *put_row(char *at, const struct line *line, const struct table *table,
			   const char *cell)
{
	for (unsigned i = 0; i < TABLE_COLUMNS; i++) {
		cell_length length;

		memcpy(&length, cell, sizeof(length));
		cell += sizeof(length);
		if (table->layout.shown[i])
			put_cell(at, line, table, i, cell, length);
		cell += length;
	}
	return cell;
}

static void print_part(struct text *text, const struct line *line, const struct table *table,
		       const struct table_part *part, struct report *output)
{
	const char *cell = table->cells[part->thread].text.bytes + part->begin;

	for (size_t row = 0; row < part->rows; row++) {
		char *at = put_line(text, line);

		if (!at)
			return;
		cell = put_row(at, line, table, cell);
		if (output)
			report_flush_full(output);
	}
}

void table_print_rows(struct text *text, const struct table *table, struct report *output)
{
	const struct table_part *part = table->parts;
	struct line line;

	make_line(&line, table);
	text_fail(text, line.empty.error);
	for (size_t left = table->rows; left > 0; left -= (part++)->rows)
		print_part(text, &line, table, part, output);
	text_done(&line.empty);
}

static void print_number_of_rows(struct text *text, size_t count, const char *what)
{
	if (!count)
		return;
	text_u64_grouped(text, count);
	text_string(text, count == 1 ? " more row" : " more rows");
	text_string(text, what);
	text_char(text, '\n');
}

void table_print_notes(struct text *text, const struct table *table)
{
	print_number_of_rows(text, table->ranking.left_out, " beyond the limit");
	print_number_of_rows(text, table->ranking.hidden,
			     " with a local receiver (--both-sides shows them)");
	text_char(text, '\n');
	if (table->has_bound)
		text_string(text,
			    "<=: no network sample; the smallest response is an upper bound\n");
	text_string(text,
		    "loss: retransmitted segments; resp p50: median response, which may hold a "
		    "delayed ACK or think time\n");
}
