/*
 * Where samples go as they are measured: functions of the caller's, who knows how they are
 * printed.
 *
 * Threads that measure parts of one capture keep their samples in buffers; one thread prints
 * the buffers of all, in the order of the capture.
 */
#ifndef PIPELINE_SAMPLE_OUTPUT_H
#define PIPELINE_SAMPLE_OUTPUT_H

#include <stddef.h>

#include "stats/group_key.h"
#include "tcpmetro.h"

struct sample_output {
	void *user; /* first argument of print, flush, buffer_new and print_buffers */
	/* Prints a sample. 0, or a negative errno: samples cannot be written any longer. */
	int (*print)(void *user, const struct tcpm_sample *sample, enum group_side side);
	/* Writes out what is held back. Returns as print. */
	int (*flush)(void *user);
	/* An empty buffer; NULL: no memory. */
	void *(*buffer_new)(void *user);
	void (*buffer_free)(void *buffer);
	/* Adds a sample, in their order. May be called in any thread, for a buffer of its own. */
	void (*buffer_add)(void *buffer, const struct tcpm_sample *sample, enum group_side side);
	/* Prints the samples of several buffers by tcpm_sample.order, and empties them. Returns
	 * as print. */
	int (*print_buffers)(void *user, void *const *buffers, size_t count);
};

#endif
