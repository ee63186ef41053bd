/*
 * A line on the terminal that tells how far a long read has come.
 */
#ifndef APP_PROGRESS_H
#define APP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/source.h"

struct progress {
	bool shown; /* standard error is a terminal, and nobody asked for quiet */
	bool drawn; /* the line stands on the terminal now */
	int64_t start_ns;
	int64_t next_ns;
};

/* Begins with a file. Draws nothing before half a second has passed. */
void progress_begin(struct progress *progress, bool quiet);

/* Draws the line, five times a second at most. Cheap to call for each batch. */
void progress_step(struct progress *progress, const struct source *source, const char *path);

/* Takes the line away. */
void progress_end(struct progress *progress);

#endif
