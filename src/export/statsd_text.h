/*
 * The small parts of StatsD's lines: cleaned words, times, rates.
 */
#ifndef EXPORT_STATSD_TEXT_H
#define EXPORT_STATSD_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* Appends the name of a metric: as statsd_clean, and every ':' and '@' is '_', too. */
void statsd_clean_name(struct text *text, const char *string);

/* Makes '|', ',' and '#' to '_' in what was appended since text->used was start: printable
 * ASCII, such as an end of a group. ':' stays, for the sake of IPv6 addresses: a tag's value
 * may hold it. */
void statsd_clean_from(struct text *text, size_t start);

/* A time in ns, not negative, as ms: exact, without trailing zeros ("0.000001", "12.5"). */
void statsd_ms(struct text *text, int64_t time_ns);

/* So many times one value may stand for; the rate of more would lose digits. */
#define STATSD_MAX_TIMES 1000000

/*
 * The sample rate of a value that stands for `times` (2 to STATSD_MAX_TIMES): "0.5". Agents
 * take 1/rate, and round it or cut it off: both give times. So the text is a little less
 * than 1/times where this has no end in decimals or a double makes less than times of it.
 */
void statsd_rate(struct text *text, uint64_t times);

#endif
