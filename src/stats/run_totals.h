/*
 * What a run has read and measured, beside its groups.
 */
#ifndef STATS_RUN_TOTALS_H
#define STATS_RUN_TOTALS_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpmetro.h"

/* What was read and done, for the lines below the table. */
struct run_totals {
	const struct tcpm_counters *counters;
	uint64_t records;    /* packets in the capture; more than the engine's frames if a
			      * filter left some out */
	uint64_t wire_bytes; /* of the engine's frames, as long as they were on the wire */
	int64_t first_ns;    /* the first and the last time of these frames */
	int64_t last_ns;
	/* Of a live capture: packets that were lost, for want of room in the kernel's buffer,
	 * and by the interface or its driver. */
	bool live;
	uint64_t dropped;
	uint64_t interface_dropped;
	bool interface_unknown; /* nobody tells of that */
	const char *notice;     /* of something that happened, for the screen; may be NULL */
};

/* Adds all of the counters. */
void counters_add(struct tcpm_counters *into, const struct tcpm_counters *counters);

/* Adds what another thread read. */
void run_totals_add(struct run_totals *into, struct tcpm_counters *counters,
		    const struct run_totals *facts);

#endif
