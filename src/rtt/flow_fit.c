/*
 * The table gives memory back: see flow_table_fit in flow_table.h.
 *
 * The highest places are freed: who is there moves to a free place below, and whoever knew it
 * by its place is told.
 */
#include "rtt/flow_store.h"

/* More than what is asked for is given back at once, so that it is not asked for each time. */
#define FIT_MORE ((size_t)256 << 10)

/* Whoever knows a flow by its place learns of another one. */
static void change_place(struct flow_table *table, struct flow *flow, uint32_t from, uint32_t to)
{
	const struct flow_rare *rare = flow_table_rare_if(table, flow);

	if (flow->flags & FLOW_LINKED)
		flow_index_change(&table->index, flow_hash(table, flow), from, to);
	flow_table_renote(table, flow, from, to);
	if (rare && rare->challenger)
		flow_table_rare(table, flow_at(table, rare->challenger))->challenged = to;
	if (rare && rare->challenged)
		flow_table_rare(table, flow_at(table, rare->challenged))->challenger = to;
	if (rare && rare->alias)
		flow_table_rare(table, flow_at(table, rare->alias))->real = to;
	if (flow->state == FLOW_ALIAS) {
		flow_table_rare(table, flow_at(table, rare->real))->alias = to;
		return;
	}
	if (flow->newer)
		flow_at(table, flow->newer)->older = to;
	else
		table->lists[flow->state].newest = to;
	if (flow->older)
		flow_at(table, flow->older)->newer = to;
	else
		table->lists[flow->state].oldest = to;
}

/* Frees the highest place. There is a free one. */
static void lower(struct flow_table *table)
{
	struct flow *flow = flow_at(table, table->high);

	if (flow->state == FLOW_SPARE) {
		flow_store_claim(table, flow);
	} else {
		struct flow *to = flow_at(table, table->spare);

		flow_store_claim(table, to);
		change_place(table, flow, table->high, place_of(table, to));
		*to = *flow;
	}
	table->high--;
}

void flow_table_fit(struct flow_table *table, size_t elsewhere)
{
	uint32_t before = table->high;
	size_t memory = flow_table_memory(table) + elsewhere;
	size_t excess;
	uint32_t fewer;

	table->elsewhere = elsewhere;
	if (memory <= table->options.max_memory)
		return;
	excess = (memory - table->options.max_memory + FIT_MORE) / sizeof(struct flow) + 1;
	if (before <= FLOW_FEWEST)
		return;
	fewer = excess < before - FLOW_FEWEST ? (uint32_t)excess : before - FLOW_FEWEST;
	while (table->count > before - fewer && flow_table_evict(table, NULL))
		;
	while (table->high > before - fewer && table->spare)
		lower(table);
	region_give_back(&table->flows, table->high * sizeof(struct flow),
			 before * sizeof(struct flow));
}
