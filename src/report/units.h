/*
 * Quantities for people: three significant digits and the unit that fits. All
 * arithmetic is in whole numbers, rounded half up.
 */
#ifndef REPORT_UNITS_H
#define REPORT_UNITS_H

#include <stdint.h>

#include "base/text.h"

/* A duration, not negative: "0.8 us", "42.1 us", "1.23 ms", "980 ms", "12.4 s",
 * "1800 s". Below 1 us with one decimal, below 0.1 us with three. */
void units_duration(struct text *text, int64_t duration_ns);

/* A number of bytes: "512 bytes", "1.50 kB", "23.4 MB" (powers of ten). */
void units_bytes(struct text *text, uint64_t bytes);

/* part of whole, which is not zero, as a percentage with two decimals: "0.12%". 0% and
 * 100% are said only where they are exact; next to them: "<0.01%", ">99.99%". */
void units_percent(struct text *text, uint64_t part, uint64_t whole);

#endif
