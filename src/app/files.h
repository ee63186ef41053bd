/*
 * One run over captures: files -> measure -> output.
 */
#ifndef APP_FILES_H
#define APP_FILES_H

#include "app/exit_status.h"
#include "config/options.h"

/* Measures the captures that the options name, prints the result to standard output and
 * complaints to standard error. */
enum exit_status run_files(const struct options *options);

#endif
