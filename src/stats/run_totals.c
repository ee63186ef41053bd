/*
 * Adding up what several threads have read.
 */
#include "stats/run_totals.h"

#include <stddef.h>

_Static_assert(sizeof(struct tcpm_counters) % sizeof(uint64_t) == 0, "counters are all alike");

void counters_add(struct tcpm_counters *into, const struct tcpm_counters *counters)
{
	uint64_t *sums = (uint64_t *)into;
	const uint64_t *more = (const uint64_t *)counters;

	for (size_t i = 0; i < sizeof(*into) / sizeof(uint64_t); i++)
		sums[i] += more[i];
}

void run_totals_add(struct run_totals *into, struct tcpm_counters *counters,
		    const struct run_totals *facts)
{
	if (facts->counters->frames) {
		if (!counters->frames || facts->first_ns < into->first_ns)
			into->first_ns = facts->first_ns;
		if (!counters->frames || facts->last_ns > into->last_ns)
			into->last_ns = facts->last_ns;
	}
	counters_add(counters, facts->counters);
	into->records += facts->records;
	into->wire_bytes += facts->wire_bytes;
	into->dropped += facts->dropped;
	into->interface_dropped += facts->interface_dropped;
	into->interface_unknown &= facts->interface_unknown;
}
