/*
 * How results reach a person or another program: one object and a few verbs,
 * whatever the format.
 *
 * An output either prints each sample, or a summary of the groups at the end. Both
 * exist in each format:
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
#include "stats/groups.h"
#include "stats/ranking.h"
#include "tcpmetro.h"

struct output_settings {
	int fd;       /* where to; stays the caller's */
	bool samples; /* print samples, not groups */
	enum ranking_by sort;
	size_t limit; /* groups to print; 0: all. "other" is printed beyond it */
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
};

struct output;

/* The formats, for messages: "table, csv, json". */
const char *output_formats(void);

/* A new output. Settings are copied. 0; -EINVAL: no such format, *error names it;
 * -ENOMEM. On error *output is untouched. Nothing is written before the first
 * output_flush, output_close or 64 KiB of samples. */
int output_open(const char *format, const struct output_settings *settings, struct output **output,
		struct error *error);

/* Prints a sample, if the output prints samples. Returns 0, or the first error there
 * was in writing (-EPIPE: the reader went away), which stays: nothing more will be
 * written. */
int output_sample(struct output *output, const struct tcpm_sample *sample);

/* Prints the groups, or, if the output prints samples, what belongs below them.
 * Returns as output_sample; -ENOMEM is possible. */
int output_report(struct output *output, const struct groups *groups,
		  const struct output_facts *facts);

/* Hands over to the descriptor what is still held back, as a live display must. Returns
 * as output_sample. */
int output_flush(struct output *output);

/* Flushes and frees. Returns as output_sample. NULL is fine: 0. */
int output_close(struct output *output);

#endif
