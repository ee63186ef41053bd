/*
 * Lines of samples that are printed later: several threads make them, each of its own samples,
 * and one prints them all in the order of the capture.
 */
#ifndef OUTPUT_LINES_H
#define OUTPUT_LINES_H

#include <stddef.h>

#include "output/output.h"

struct sample_lines;

/* Empty; for samples of an output that prints them, which outlives the lines. NULL: no memory. */
struct sample_lines *sample_lines_new(const struct output *output);

/* NULL is fine. */
void sample_lines_free(struct sample_lines *lines);

/* What output_sample would print of it. In the order of the samples; where memory is wanting,
 * the output they are printed to fails with -ENOMEM. Calls what the output's settings name, in
 * this thread. */
void sample_lines_add(struct sample_lines *lines, const struct tcpm_sample *sample,
		      enum group_side side);

/* Prints the lines of all to the output, by the order of their samples (see tcpm_sample; no two
 * of different lines have the same), and empties them. Returns as output_sample. */
int sample_lines_print(struct sample_lines *const *lines, size_t count, struct output *output);

#endif
