/*
 * What a direction of a flow has sent, and its last samples, since the last callback.
 */
#ifndef RTT_FLOW_TOTALS_H
#define RTT_FLOW_TOTALS_H

#include "rtt/flow_table.h"
#include "rtt/match.h"

/* What the account holds goes to where there is more room. */
void flow_totals_move_on(struct flow_table *table, struct flow *flow, unsigned sender);

/* Counts a segment that was neither a copy nor implausible. */
static inline void flow_totals_segment(struct flow_table *table, struct flow *flow, unsigned sender,
				       enum segment_kind kind)
{
	struct flow_totals *totals = &flow->totals[sender];

	/* None of the others is larger. */
	if (totals->segments == UINT16_MAX)
		flow_totals_move_on(table, flow, sender);
	totals->segments++;
	if (kind == SEGMENT_RESENT)
		totals->retransmitted++;
	if (kind == SEGMENT_LATE)
		totals->out_of_order++;
}

/* What was sent since the last sample. */
struct tcpm_totals flow_totals_totals(const struct flow_table *table, const struct flow *flow,
				      unsigned sender);

/* The last sample of a class; -1: there was none. */
int64_t flow_totals_last_rtt_ns(const struct flow_totals *totals, unsigned class_);

/* A sample: the next one counts from here. rtt_ns: 0 to MATCH_MAX_RTT_NS. */
void flow_totals_sample(struct flow_table *table, struct flow *flow, unsigned sender,
			unsigned class_, int64_t rtt_ns);

/* Forgets the last samples: another connection begins. */
void flow_totals_restart(struct flow_totals *totals);

#endif
