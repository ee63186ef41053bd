/*
 * The numbers of a summary, by the names that CSV and JSON share. The names and their
 * order are fixed: people's programs read them.
 */
#ifndef REPORT_FIELDS_H
#define REPORT_FIELDS_H

#include <stdint.h>

#include "stats/summary.h"

/* How many there are; they follow src, dst and interface. */
#define FIELDS 21

/* The name of a field, from 0 to FIELDS - 1: "flows", "network_samples", ... */
const char *fields_name(unsigned field);

/* Its value in a summary; -1: it does not exist. */
int64_t fields_value(const struct summary *summary, unsigned field);

#endif
