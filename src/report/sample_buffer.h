/*
 * Lines of samples that are printed later: several threads make them, each of its own samples,
 * and one prints them all in the order of the capture.
 */
#ifndef REPORT_SAMPLE_BUFFER_H
#define REPORT_SAMPLE_BUFFER_H

#include <stddef.h>

#include "report/report.h"

struct sample_buffer;

/* Empty; for samples of an output that prints them, which outlives the lines. NULL: no memory. */
struct sample_buffer *sample_buffer_new(const struct report *output);

/* NULL is fine. */
void sample_buffer_free(struct sample_buffer *lines);

/* What report_sample would print of it. In the order of the samples; where memory is wanting,
 * the output they are printed to fails with -ENOMEM. Calls what the output's settings name, in
 * this thread. */
void sample_buffer_add(struct sample_buffer *lines, const struct tcpm_sample *sample,
		       enum group_side side);

/* Prints the lines of all to the output, by the order of their samples (see tcpm_sample; no two
 * of different lines have the same), and empties them. Returns as report_sample. */
int sample_buffer_print(struct sample_buffer *const *lines, size_t count, struct report *output);

#endif
