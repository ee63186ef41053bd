/*
 * What the tests of the outputs share: a few hosts and groups, and what an output wrote.
 */
#ifndef UNIT_OUTPUT_HELPER_H
#define UNIT_OUTPUT_HELPER_H

#include "report/report.h"
#include "stats/groups.h"

/* An address from text; its version by whether there is a colon. */
struct tcpm_address helper_address(const char *text);

/* A sample of flow a:1000 -> b:80 to groups, then the flow's end with that many
 * segments of a, some of them sent again. */
void helper_flow(struct groups *groups, const char *a, const char *b, unsigned class_,
		 const int64_t *rtts, size_t count, uint64_t segments, uint64_t retransmitted);

struct groups *helper_groups(enum groups_by by, size_t max);

/* Opens an output whose text helper_written returns. */
struct report *helper_open(const char *format, struct report_settings settings);

/* Closes the output and returns all that it wrote; valid until the next call. */
const char *helper_written(struct report *output);

#endif
