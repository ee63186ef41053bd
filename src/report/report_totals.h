/*
 * What stands below the table: what was read, what was measured, what was not and why.
 */
#ifndef REPORT_REPORT_TOTALS_H
#define REPORT_REPORT_TOTALS_H

#include "base/text.h"
#include "report/report.h"

/* Appends it, a fact a line. What did not happen is left out. groups may be NULL. */
void report_totals_append(struct text *text, const struct groups *groups,
			  const struct run_totals *facts);

#endif
