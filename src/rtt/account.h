/*
 * What a direction of a flow has sent, and its last samples, until its handler is told.
 */
#ifndef RTT_ACCOUNT_H
#define RTT_ACCOUNT_H

#include "rtt/flow_table.h"
#include "rtt/match.h"

/* What the account holds goes to where there is more room. */
void account_move_on(struct flow_table *table, struct flow *flow, unsigned sender);

/* Counts a segment that was neither a copy nor implausible. */
static inline void account_segment(struct flow_table *table, struct flow *flow, unsigned sender,
				   enum segment_kind kind)
{
	struct account *account = &flow->account[sender];

	/* None of the others is larger. */
	if (account->segments == UINT16_MAX)
		account_move_on(table, flow, sender);
	account->segments++;
	if (kind == SEGMENT_RESENT)
		account->retransmitted++;
	if (kind == SEGMENT_LATE)
		account->out_of_order++;
}

/* What was sent since the last sample. */
struct tcpm_totals account_totals(const struct flow_table *table, const struct flow *flow,
				  unsigned sender);

/* The last sample of a class; -1: there was none. */
int64_t account_last_rtt_ns(const struct account *account, unsigned class_);

/* A sample: the next one counts from here. rtt_ns: 0 to MATCH_MAX_RTT_NS. */
void account_sample(struct flow_table *table, struct flow *flow, unsigned sender, unsigned class_,
		    int64_t rtt_ns);

/* Forgets the last samples: another connection begins. */
void account_restart(struct account *account);

#endif
