/*
 * How results reach a person or another program: one object and a few verbs,
 * whatever the format.
 *
 * An output prints each sample, or a summary of the groups: at the end, after each
 * interval, or again and again over a terminal's screen. Both exist in each format:
 *
 *   table  for people. Samples: a line each. Summary: a table of the groups. Below
 *          either: what was read, what was measured, and what was not and why.
 *   csv    RFC 4180, but lines end in LF. The first line names the columns.
 *   json   an object a line (RFC 8259). The names are the CSV's. What does not exist
 *          is left out, never null.
 *
 * In csv and json, hosts are always addresses and times whole nanoseconds, so that
 * results of different runs can be joined; names and units are for the table.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "stats/endpoint.h"
#include "stats/group_key.h"
#include "stats/groups.h"
#include "stats/ranking.h"
#include "stats/run_totals.h"
#include "tcpmetro.h"

struct report_settings {
	int fd;                         /* where to; stays the caller's */
	bool samples;                   /* print samples, not groups */
	struct ranking_options ranking; /* "other" is printed beyond its limit */
	bool intervals;                 /* report_interval will be called */
	struct endpoint_names names;    /* host names are asked for by the table only */
};

/* A terminal's window. */
struct terminal_window {
	unsigned rows;
	unsigned columns;
};

struct report;

/* The formats, for messages: "table, csv, json". */
const char *report_formats(void);

/* A new output. Settings are copied. 0; -EINVAL: no such format, *error names it;
 * -ENOMEM. On error *output is untouched. Nothing is written before the first
 * report_flush, report_close or 64 KiB of samples. */
int report_open(const char *format, const struct report_settings *settings, struct report **output,
		struct error *error);

/* Prints a sample, if the output prints samples; one of GROUP_SIDE_LOCAL only if both
 * sides are asked for. Returns 0, or the first error there was in writing (-EPIPE: the
 * reader went away), which stays: nothing more will be written. */
int report_sample(struct report *output, const struct tcpm_sample *sample, enum group_side side);

/* Prints the groups of an interval that ended at end_ns, if the output prints groups.
 * Returns as report_sample; -ENOMEM is possible. */
int report_interval(struct report *output, const struct groups *groups, int64_t end_ns);

/* Draws over a terminal's screen: the groups since the start, as many as fit, with the
 * median of the interval that ended last (its groups; NULL: there was none). For the
 * table only. Returns as report_groups. The caller opens and closes the screen. */
int report_screen(struct report *output, const struct groups *groups, const struct groups *interval,
		  const struct run_totals *facts, const struct terminal_window *window);

/* The sequences that open and close a screen of its own on a terminal, beside which what
 * stood there before is kept. */
extern const char report_screen_open[];
extern const char report_screen_close[];

/* Prints the groups, or, if the output prints samples, what belongs below them.
 * Returns as report_sample; -ENOMEM is possible. */
int report_groups(struct report *output, const struct groups *groups,
		  const struct run_totals *facts);

/* What helps where flows were forgotten for want of room. Which of the limits it was is not
 * counted, and where one is made larger, the other may be next. */
#define REPORT_EVICTION_ADVICE "increase --max-memory and --max-flows"

/* How many flows were forgotten for want of room, by the facts of report_groups, if the
 * format could not tell: csv and json hold rows or samples alone. Somebody else should. */
uint64_t report_hidden_evictions(const struct report *output);

/* Hands over to the descriptor what is still held back, as a live display must. Returns
 * as report_sample. */
int report_flush(struct report *output);

/* Flushes and frees. Returns as report_sample. NULL is fine: 0. */
int report_close(struct report *output);

#endif
