/*
 * The output that the options ask for, on standard output, and how its end is told.
 */
#ifndef APP_PRINTING_H
#define APP_PRINTING_H

#include <stdbool.h>

#include "app/interfaces.h"
#include "app/names.h"
#include "config/options.h"
#include "output/output.h"

struct printing {
	struct output *output;
	struct interfaces *interfaces;
	struct names *names; /* NULL: hosts are addresses */
};

/* intervals: there will be output_interval. threads: so many may work on the rows of a report,
 * which is the same with any number; 1 is fine. On error *printing is empty; -EINVAL: the
 * user asked for something wrong. */
int printing_init(struct printing *printing, const struct options *options,
		  struct interfaces *interfaces, bool intervals, unsigned threads,
		  struct error *error);

/* Flushes, and complains if that, or anything before, could not be written; that a reader
 * went away (head, a closed terminal) is no news to the user. Tells of forgotten flows where
 * the format could not. Returns as output_close. */
int printing_end(struct printing *printing);

/* Frees all without a word. An empty one stays behind. */
void printing_done(struct printing *printing);

#endif
