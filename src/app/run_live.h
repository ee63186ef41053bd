/*
 * One run on interfaces: packets as they pass -> measure -> output, until a signal.
 */
#ifndef APP_RUN_LIVE_H
#define APP_RUN_LIVE_H

#include "config/options.h"
#include "system/exit_status.h"

/* Captures on the interfaces that the options name, prints to standard output and
 * complaints to standard error. Gives up every right before the first packet is looked
 * at. */
enum exit_status run_live(const struct options *options);

/* Prints the interfaces that can be captured on. */
enum exit_status list_interfaces(void);

#endif
