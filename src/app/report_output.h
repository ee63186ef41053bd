/*
 * The output that the options ask for, on standard output, and how its end is told.
 */
#ifndef APP_REPORT_OUTPUT_H
#define APP_REPORT_OUTPUT_H

#include <stdbool.h>

#include "app/host_names.h"
#include "config/options.h"
#include "pipeline/interface_names.h"
#include "pipeline/sample_output.h"
#include "report/report.h"

struct report_output {
	struct report *output;
	struct interface_names *interfaces;
	struct host_names *names;     /* NULL: hosts are addresses */
	struct sample_output samples; /* prints to output */
};

/* intervals: there will be report_interval. threads: so many may work on the rows of a report,
 * which is the same with any number; 1 is fine. On error *printing is empty; -EINVAL: the
 * user asked for something wrong. */
int report_output_init(struct report_output *report_output, const struct options *options,
		       struct interface_names *interfaces, bool intervals, unsigned threads,
		       struct error *error);

/* Flushes, and complains if that, or anything before, could not be written; that a reader
 * went away (head, a closed terminal) is no news to the user. Tells of forgotten flows where
 * the format could not. Returns as report_close. */
int report_output_end(struct report_output *report_output);

/* Frees all without a word. An empty one stays behind. */
void report_output_done(struct report_output *report_output);

#endif
