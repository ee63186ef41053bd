/*
 * One run over captures: files -> measure -> output.
 */
#ifndef APP_RUN_FILES_H
#define APP_RUN_FILES_H

#include "config/options.h"
#include "system/exit_status.h"

/* Measures the captures that the options name, prints the result to standard output and
 * complaints to standard error. */
enum exit_status run_files(const struct options *options);

#endif
