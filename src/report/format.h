/*
 * What a format is to output.c: a few functions that append to a text. Inside of
 * output/ only.
 */
#ifndef REPORT_FORMAT_H
#define REPORT_FORMAT_H

#include "base/text.h"
#include "report/report.h"
#include "report/table_rows.h"

/* Prints one group; user is the second argument of report_rows. */
typedef void report_row(void *user, const struct groups *groups, const struct group *group);

struct report_ops {
	/* Each may be NULL. They append to output->text; errors stay in it. */
	void (*begin)(struct report *output);
	void (*sample)(struct report *output, const struct tcpm_sample *sample,
		       enum group_side side);
	/* A format that only has a line for each group has this alone (user: the output);
	 * others have the two that follow. */
	report_row *row;
	void (*interval)(struct report *output, const struct groups *groups, int64_t end_ns);
	void (*report)(struct report *output, const struct groups *groups,
		       const struct run_totals *facts);
};

struct report {
	const struct report_ops *ops;
	struct report_settings settings;
	struct text text;
	int64_t interval_end_ns;    /* of the rows that are being printed; with intervals */
	struct table_layout layout; /* of the table's intervals so far */
	uint64_t untold_evictions;  /* see report_hidden_evictions */
};

extern const struct report_ops table_report_ops;
extern const struct report_ops table_samples_ops;
extern const struct report_ops csv_report_ops;
extern const struct report_ops csv_samples_ops;
extern const struct report_ops json_report_ops;
extern const struct report_ops json_samples_ops;

/* report_sample without the flush. */
void report_sample_append(struct report *output, const struct tcpm_sample *sample,
			  enum group_side side);

/* Flushes if 64 KiB are there. Returns as report_sample. */
int report_flush_full(struct report *output);

/* Calls row for the groups of a ranking from the begin-th to before the end-th, in their order;
 * behind the last of all, for "other", if there is one. */
void report_rows(const struct groups *groups, const struct ranking *ranking, size_t begin,
		 size_t end, report_row *row, void *user);

#endif
