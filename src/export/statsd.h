/*
 * Groups to DogStatsD's text protocol (version 1.1), by go-metro's names.
 *
 * One value a pair and metric: gauges in ms, with the tags src, dst, tunnel (of groups that
 * are made by it), the caller's, and iface. Groups with the same tags, such as a host's
 * several addresses that share its name, are summed up in one (export/label_sets.h). The lines are
 * packed into datagrams, each whole within one.
 */
#ifndef EXPORT_STATSD_H
#define EXPORT_STATSD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "export/datagram.h"
#include "export/srtt.h"
#include "stats/endpoint.h"
#include "stats/groups.h"

/* Lines on their way into datagrams. */
struct statsd {
	struct datagram *datagram; /* the caller's */
	struct text tags;          /* of the lines in the making, */
	struct text line;          /* the one in the making, */
	struct text packet;        /* the datagram in the making, */
	uint64_t points;           /* and the lines in it */
	uint64_t too_long; /* lines left out since the start: no datagram had room for one */
	int error;         /* of statsd_groups */
};

/* What is sent of each group. Metrics, by name:
 *
 *   system.net.tcp.rtt         gauge: the last sample, class network
 *   system.net.tcp.rtt.avg     gauge: the mean
 *   system.net.tcp.rtt.jitter  gauge: see series_jitter; not sent where there is none
 *   system.net.tcp.rtt.last    as the first one; only with last
 *
 * with details also .min .p50 .p95 .p99 (gauges), .samples and .retransmits (counts of the
 * interval, sent if they are zero, too), and system.net.tcp.response with the same suffixes
 * but .retransmits, of class response, where there is a sample of it; with distributions
 * also system.net.tcp.rtt.distribution, whose values are the histogram's, each with the
 * rate that tells how many it stands for. A group without a sample of class network has its
 * smallest response as .rtt and .avg (and .last; and .min, with details), with the tag
 * bound:upper; one without any sample, the end of a flow, has at most .retransmits. */
struct statsd_options {
	bool last;
	bool details;
	bool distributions;
	size_t max_pairs;  /* groups beyond the first so many, by samples, are summed up in one
			    * with src:other,dst:other, with what was there of that kind already;
			    * 0: all groups are */
	bool both_sides;   /* as ranking_options */
	struct srtt *srtt; /* .avg of class network is smoothed by it, the caller's; NULL:
			    * .avg is the mean */
	const char *const *tags; /* of each line: "key:value"; cleaned when they are written */
	size_t tag_count;
	const char *interface; /* for the tag iface; NULL: the group's own, by names */
	/* Its host_name and interface_name may be NULL, and so may it. */
	const struct endpoint_names *names;
};

/* All zero but for datagram is a fresh one. Frees what it holds; what was not flushed is
 * not sent. */
void statsd_done(struct statsd *statsd);

/* Sends the groups of an interval, but for what is left in the datagram in the making. 0,
 * or -ENOMEM: some of it is missing. */
int statsd_groups(struct statsd *statsd, const struct statsd_options *options,
		  const struct groups *groups);

/* Sends one line about ourselves: tcpmetro.<name>, a gauge (g) or a count (c), with the
 * options' tags and interface. */
void statsd_own(struct statsd *statsd, const struct statsd_options *options, const char *name,
		uint64_t value, char type);

/* Sends the datagram in the making. */
void statsd_flush(struct statsd *statsd);

/* Appends a tag with what would break the protocol as '_': '|', ',', '#', control
 * characters (line ends among them), ':' where it is not the tag's first, and bytes that
 * are not UTF-8. */
void statsd_clean(struct text *text, const char *string);

#endif
