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
#ifndef OUTPUT_OUTPUT_H
#define OUTPUT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "stats/group_key.h"
#include "stats/groups.h"
#include "stats/ranking.h"
#include "tcpmetro.h"

struct output_settings {
	int fd;                         /* where to; stays the caller's */
	bool samples;                   /* print samples, not groups */
	struct ranking_options ranking; /* "other" is printed beyond its limit */
	bool intervals;                 /* output_interval will be called */
	/* The name of an interface, or NULL if it has none. May be NULL itself. */
	const char *(*interface_name)(void *user, uint32_t interface);
	/* The name of a host, or NULL if it has none; valid until the next call. Is asked
	 * for the table only. May be NULL itself. */
	const char *(*host_name)(void *user, const struct tcpm_address *address);
	void *user; /* first argument of both */
};

/* What was read and done, for the lines below the table. */
struct output_facts {
	const struct tcpm_counters *counters;
	uint64_t records;    /* packets in the capture; more than the engine's frames if a
			      * filter left some out */
	uint64_t wire_bytes; /* of the engine's frames, as long as they were on the wire */
	int64_t first_ns;    /* the first and the last time of these frames */
	int64_t last_ns;
	/* Of a live capture: packets that were lost, for want of room in the kernel's buffer,
	 * and by the interface or its driver. */
	bool live;
	uint64_t dropped;
	uint64_t interface_dropped;
	bool interface_unknown; /* nobody tells of that */
	const char *notice;     /* of something that happened, for the screen; may be NULL */
};

/* A terminal's window. */
struct output_window {
	unsigned rows;
	unsigned columns;
};

struct output;

/* The formats, for messages: "table, csv, json". */
const char *output_formats(void);

/* A new output. Settings are copied. 0; -EINVAL: no such format, *error names it;
 * -ENOMEM. On error *output is untouched. Nothing is written before the first
 * output_flush, output_close or 64 KiB of samples. */
int output_open(const char *format, const struct output_settings *settings, struct output **output,
		struct error *error);

/* Prints a sample, if the output prints samples; one of GROUP_SIDE_LOCAL only if both
 * sides are asked for. Returns 0, or the first error there was in writing (-EPIPE: the
 * reader went away), which stays: nothing more will be written. */
int output_sample(struct output *output, const struct tcpm_sample *sample, enum group_side side);

/* Prints the groups of an interval that ended at end_ns, if the output prints groups.
 * Returns as output_sample; -ENOMEM is possible. */
int output_interval(struct output *output, const struct groups *groups, int64_t end_ns);

/* Draws over a terminal's screen: the groups since the start, as many as fit, with the
 * median of the interval that ended last (its groups; NULL: there was none). For the
 * table only. Returns as output_report. The caller opens and closes the screen. */
int output_screen(struct output *output, const struct groups *groups, const struct groups *interval,
		  const struct output_facts *facts, const struct output_window *window);

/* The sequences that open and close a screen of its own on a terminal, beside which what
 * stood there before is kept. */
extern const char output_screen_open[];
extern const char output_screen_close[];

/* Prints the groups, or, if the output prints samples, what belongs below them.
 * Returns as output_sample; -ENOMEM is possible. */
int output_report(struct output *output, const struct groups *groups,
		  const struct output_facts *facts);

/* What helps where flows were forgotten for want of room. Which of the limits it was is not
 * counted, and where one is made larger, the other may be next. */
#define OUTPUT_MORE_ROOM "larger --max-memory and --max-flows keep more"

/* How many flows were forgotten for want of room, by the facts of output_report, if the
 * format could not tell: csv and json hold rows or samples alone. Somebody else should. */
uint64_t output_untold_evictions(const struct output *output);

/* Hands over to the descriptor what is still held back, as a live display must. Returns
 * as output_sample. */
int output_flush(struct output *output);

/* Flushes and frees. Returns as output_sample. NULL is fine: 0. */
int output_close(struct output *output);

#endif
