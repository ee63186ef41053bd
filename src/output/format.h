/*
 * What a format is to output.c: a few functions that append to a text. Inside of
 * output/ only.
 */
#ifndef OUTPUT_FORMAT_H
#define OUTPUT_FORMAT_H

#include "base/text.h"
#include "output/output.h"
#include "output/table_rows.h"

/* Prints one group; user is the second argument of output_rows. */
typedef void output_row(void *user, const struct groups *groups, const struct group *group);

struct output_ops {
	/* Each may be NULL. They append to output->text; errors stay in it. */
	void (*begin)(struct output *output);
	void (*sample)(struct output *output, const struct tcpm_sample *sample,
		       enum group_side side);
	/* A format that only has a line for each group has this alone (user: the output);
	 * others have the two that follow. */
	output_row *row;
	void (*interval)(struct output *output, const struct groups *groups, int64_t end_ns);
	void (*report)(struct output *output, const struct groups *groups,
		       const struct output_facts *facts);
};

struct output {
	const struct output_ops *ops;
	struct output_settings settings;
	struct text text;
	int64_t interval_end_ns;    /* of the rows that are being printed; with intervals */
	struct table_layout layout; /* of the table's intervals so far */
	uint64_t untold_evictions;  /* see output_untold_evictions */
};

extern const struct output_ops table_report_ops;
extern const struct output_ops table_samples_ops;
extern const struct output_ops csv_report_ops;
extern const struct output_ops csv_samples_ops;
extern const struct output_ops json_report_ops;
extern const struct output_ops json_samples_ops;

/* output_sample without the flush. */
void output_sample_append(struct output *output, const struct tcpm_sample *sample,
			  enum group_side side);

/* Flushes if 64 KiB are there. Returns as output_sample. */
int output_flush_full(struct output *output);

/* Calls row for the groups of a ranking from the begin-th to before the end-th, in their order;
 * behind the last of all, for "other", if there is one. */
void output_rows(const struct groups *groups, const struct ranking *ranking, size_t begin,
		 size_t end, output_row *row, void *user);

#endif
