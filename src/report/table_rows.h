/*
 * The rows of the table for people: groups to columns that fit what is in them.
 *
 * All cells are written into texts first, each behind its length, while the widest of each
 * column is noted; then they are laid out. Where there are many rows, several threads write
 * the cells, each those of some rows. Inside of output/ only.
 */
#ifndef REPORT_TABLE_ROWS_H
#define REPORT_TABLE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "report/report.h"

enum table_column {
	TABLE_TIME,
	TABLE_SENDER,
	TABLE_RECEIVER,
	TABLE_INTERFACE,
	TABLE_TUNNEL,
	TABLE_SIDE,
	TABLE_NOW,
	TABLE_SAMPLES,
	TABLE_MIN,
	TABLE_P50,
	TABLE_P95,
	TABLE_P99,
	TABLE_MAX,
	TABLE_JITTER,
	TABLE_LOSS,
	TABLE_RESPONSE,
	TABLE_COLUMNS
};

/* How wide each column is, and whether it is shown. All zero: nothing is known yet. */
struct table_layout {
	size_t width[TABLE_COLUMNS];
	bool shown[TABLE_COLUMNS];
};

/* At most so many threads write cells, of so many parts of the rows. */
#define TABLE_THREADS 8
#define TABLE_PARTS   64

/* The cells that one thread has written, part after part. */
struct table_cells {
	struct text text;
	struct table_layout layout; /* that they need */
	bool has_bound;             /* a row shows an upper bound */
};

/* Where the cells of some rows are that follow one another. */
struct table_part {
	unsigned thread; /* who has written them, */
	size_t begin;    /* and where they begin in its text */
	size_t rows;
};

struct table {
	const struct report_settings *settings;
	const struct groups *interval; /* for the column "now"; NULL: it is not shown */
	bool timed;                    /* the column "time" is shown, */
	int64_t time_ns;               /* and holds this time of the day, in local time */
	/* What follows is of the rows that were collected. */
	struct table_layout layout;
	size_t rows;
	bool has_bound;
	struct ranking ranking; /* its numbers; its groups are gone */
	struct table_cells cells[TABLE_THREADS];
	struct table_part parts[TABLE_PARTS];
};

/* Collects the rows that the options want. 0; -ENOMEM: there are none. */
int table_collect(struct table *table, const struct groups *groups,
		  const struct ranking_options *options);

/* Makes a layout at least as wide as another one, and shows what that one shows. Returns
 * whether it was more than that one already: whether titles must be printed anew, if the other
 * one's stand above. */
bool table_widen(struct table_layout *layout, const struct table_layout *other);

void table_print_titles(struct text *text, const struct table *table);
/* output: the one whose text it is, which is flushed when it is full; NULL: nothing is. */
void table_print_rows(struct text *text, const struct table *table, struct report *output);

/* Says what the rows leave out, and what is to be known of them, a line each. */
void table_print_notes(struct text *text, const struct table *table);

void table_done(struct table *table);

#endif
