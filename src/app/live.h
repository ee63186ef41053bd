/*
 * One run on interfaces: packets as they pass -> measure -> output, until a signal.
 */
#ifndef APP_LIVE_H
#define APP_LIVE_H

#include "app/exit_status.h"
#include "config/options.h"

/* Captures on the interfaces that the options name, prints to standard output and
 * complaints to standard error. Gives up every right before the first packet is looked
 * at. */
enum exit_status run_live(const struct options *options);

/* Prints the interfaces that can be captured on. */
enum exit_status list_interfaces(void);

#endif
