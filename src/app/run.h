/*
 * One run over captures: sources -> filter -> engine -> groups -> output.
 */
#ifndef APP_RUN_H
#define APP_RUN_H

#include "config/options.h"

/* How the program ends (man page, EXIT STATUS). */
enum exit_status {
	EXIT_ALL_DONE = 0,
	EXIT_NOT_ALL = 1,
	EXIT_USAGE = 2,
};

/* Measures what the options name, prints the result to standard output and complaints to
 * standard error. */
enum exit_status run(const struct options *options);

#endif
