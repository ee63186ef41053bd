/*
 * Few bits for what is small nearly always: see flow_totals.h.
 */
#include "rtt/flow_totals.h"

void flow_totals_move_on(struct flow_table *table, struct flow *flow, unsigned sender)
{
	struct flow_totals *counts = &flow->totals[sender];
	struct tcpm_totals *totals = &flow_table_cold(table, flow)->totals[sender];

	totals->segments += counts->segments;
	totals->retransmitted += counts->retransmitted;
	totals->out_of_order += counts->out_of_order;
	counts->segments = counts->retransmitted = counts->out_of_order = 0;
}

struct tcpm_totals flow_totals_totals(const struct flow_table *table, const struct flow *flow,
				      unsigned sender)
{
	const struct flow_totals *counts = &flow->totals[sender];
	const struct flow_cold *cold = flow_table_cold_if(table, flow);
	struct tcpm_totals totals = cold ? cold->totals[sender] : (struct tcpm_totals){0};

	totals.segments += counts->segments;
	totals.retransmitted += counts->retransmitted;
	totals.out_of_order += counts->out_of_order;
	return totals;
}

int64_t flow_totals_last_rtt_ns(const struct flow_totals *counts, unsigned class_)
{
	return ((int64_t)counts->last_rtt_high[class_] << 32 | counts->last_rtt_low[class_]) - 1;
}

static void set_last_rtt(struct flow_totals *counts, unsigned class_, int64_t rtt_ns)
{
	counts->last_rtt_low[class_] = (uint32_t)(rtt_ns + 1);
	counts->last_rtt_high[class_] = (uint8_t)((rtt_ns + 1) >> 32);
}

void flow_totals_sample(struct flow_table *table, struct flow *flow, unsigned sender,
			unsigned class_, int64_t rtt_ns)
{
	struct flow_totals *counts = &flow->totals[sender];

	set_last_rtt(counts, class_, rtt_ns);
	counts->segments = counts->retransmitted = counts->out_of_order = 0;
	if (flow->cold)
		flow_table_cold(table, flow)->totals[sender] = (struct tcpm_totals){0};
}

void flow_totals_restart(struct flow_totals *counts)
{
	for (unsigned class_ = 0; class_ < TCPM_CLASSES; class_++)
		set_last_rtt(counts, class_, -1);
}
