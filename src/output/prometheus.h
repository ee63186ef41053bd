/*
 * Results as Prometheus' text format, version 0.0.4.
 *
 * The names and units follow Prometheus' conventions: seconds, counters end in _total.
 * Histograms have fixed bounds, so that sums over pairs are possible; the bounds are some
 * of our own buckets' bounds, so counts are exact.
 */
#ifndef OUTPUT_PROMETHEUS_H
#define OUTPUT_PROMETHEUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "output/datagram.h"
#include "output/output.h"
#include "stats/groups.h"

/* What one capture point has measured since the start. */
struct prometheus_point {
	const char *interface; /* label; the groups' own, where they have one by names */
	const struct groups *groups;
	const struct output_facts *facts;
	const char *const *tags; /* "key:value": further labels, the key cleaned to a label's */
	size_t tag_count;
	/* host_name and interface_name may be NULL, and so may it. */
	const struct output_settings *names;
};

struct prometheus_facts {
	const struct prometheus_point *points;
	size_t count;
	size_t max_pairs; /* of all points; the rest is summed up with dst="other" */
	bool both_sides;
	const struct datagram_counts *statsd; /* NULL: nothing is sent */
	uint64_t reloads;
	uint64_t reloads_failed;
	int64_t start_ns;        /* of the process, since the epoch */
	uint64_t resident_bytes; /* memory; 0: not known */
	double cpu_seconds;
	uint64_t open_fds;
};

/* Appends all of it. 0, or -ENOMEM (which the text keeps, too). */
int prometheus_write(struct text *text, const struct prometheus_facts *facts);

/* The Content-Type of that text. */
extern const char prometheus_content_type[];

#endif
