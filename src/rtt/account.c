/*
 * Few bits for what is small nearly always: see account.h.
 */
#include "rtt/account.h"

void account_move_on(struct flow_table *table, struct flow *flow, unsigned sender)
{
	struct account *account = &flow->account[sender];
	struct tcpm_totals *totals = &flow_table_rare(table, flow)->totals[sender];

	totals->segments += account->segments;
	totals->retransmitted += account->retransmitted;
	totals->out_of_order += account->out_of_order;
	account->segments = account->retransmitted = account->out_of_order = 0;
}

struct tcpm_totals account_totals(const struct flow_table *table, const struct flow *flow,
				  unsigned sender)
{
	const struct account *account = &flow->account[sender];
	const struct flow_rare *rare = flow_table_rare_if(table, flow);
	struct tcpm_totals totals = rare ? rare->totals[sender] : (struct tcpm_totals){0};

	totals.segments += account->segments;
	totals.retransmitted += account->retransmitted;
	totals.out_of_order += account->out_of_order;
	return totals;
}

int64_t account_last_rtt_ns(const struct account *account, unsigned class_)
{
	return ((int64_t)account->last_rtt_high[class_] << 32 | account->last_rtt_low[class_]) - 1;
}

static void set_last_rtt(struct account *account, unsigned class_, int64_t rtt_ns)
{
	account->last_rtt_low[class_] = (uint32_t)(rtt_ns + 1);
	account->last_rtt_high[class_] = (uint8_t)((rtt_ns + 1) >> 32);
}

void account_sample(struct flow_table *table, struct flow *flow, unsigned sender, unsigned class_,
		    int64_t rtt_ns)
{
	struct account *account = &flow->account[sender];

	set_last_rtt(account, class_, rtt_ns);
	account->segments = account->retransmitted = account->out_of_order = 0;
	if (flow->rare)
		flow_table_rare(table, flow)->totals[sender] = (struct tcpm_totals){0};
}

void account_restart(struct account *account)
{
	for (unsigned class_ = 0; class_ < TCPM_CLASSES; class_++)
		set_last_rtt(account, class_, -1);
}
