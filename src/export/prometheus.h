/*
 * Results as Prometheus' text format, version 0.0.4.
 *
 * The names and units follow Prometheus' conventions: seconds, counters end in _total.
 * Histograms have fixed bounds, so that sums over pairs are possible; the bounds are some
 * of our own buckets' bounds, so counts are exact. They are 2^(n/2) s from 61 us to 4 s: a
 * quantile is within 41 % of the truth, from a round trip within a data centre, below which a
 * host's own delays weigh more than the network's, to the longest that is not an accident. That
 * is 34 lines for each pair and class; twice as fine would be twice as many, and a server pays
 * for each of them for as long as it keeps data.
 *
 * Labels are what a group has for good: addresses, which keep their meaning while names come
 * and go, ports, tunnel labels, the interface; all of its key but the side. Names are told by an
 * info metric, tcpmetro_host_info, to be joined to them.
 *
 * Groups with equal labels (of two sides, or of two capture points with the same labels) are
 * one series, exactly summed up. A counter must not run backwards: who forgets single groups
 * should have them merged under one side (groups_merge_if).
 */
#ifndef EXPORT_PROMETHEUS_H
#define EXPORT_PROMETHEUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "export/datagram.h"
#include "stats/endpoint.h"
#include "stats/groups.h"
#include "stats/run_totals.h"

/* What one capture point has measured since the start. */
struct prometheus_point {
	/* Label; NULL: none. Groups that are made by interface (group_by) have their own, if it
	 * has a name. */
	const char *interface;
	const struct groups *groups; /* NULL: none */
	const struct run_totals *facts;
	/* "key:value": further labels, the key cleaned to a label's, after "tag_" where it would
	 * be one of ours or Prometheus'. Without a key: a value of the label "tag". Values of one
	 * key are joined by commas. */
	const char *const *tags;
	size_t tag_count;
	/* interface_name, for groups made by interface, and host_name, for tcpmetro_host_info.
	 * Both may be NULL, and so may it. */
	const struct endpoint_names *names;
};

struct prometheus_facts {
	const struct prometheus_point *points;
	size_t count;
	/* Of all points, those with most samples, besides each point's "other". The rest joins
	 * the "other" of its point: which then may run backwards, as pairs overtake each other.
	 * Where the groups' own cap is enough, SIZE_MAX is better. */
	size_t max_pairs;
	bool both_sides;
	const struct datagram_counts *statsd; /* NULL: nothing is sent */
	uint64_t reloads;                     /* that went well */
	uint64_t reloads_failed;
	int64_t start_ns;        /* of the process, since the epoch; 0: not known */
	uint64_t resident_bytes; /* memory; 0: not known */
	double cpu_seconds;      /* negative: not known */
	uint64_t open_fds;       /* 0: not known */
};

/* Appends all of it. 0, or -ENOMEM (which the text keeps, too). */
int prometheus_write(struct text *text, const struct prometheus_facts *facts);

/* The Content-Type of that text. */
extern const char prometheus_content_type[];

#endif
