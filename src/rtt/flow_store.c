/*
 * Places for flows, and what hardly any flow has: see flow_store.h.
 */
#include "rtt/flow_store.h"

#include <errno.h>
#include <string.h>

/* How many places are worth having address space for. */
static uint32_t places_within(const struct flow_table_options *options)
{
	size_t most = options->max_memory / sizeof(struct flow);

	if (most < FLOW_FEWEST)
		most = FLOW_FEWEST;
	return options->max_flows < most ? options->max_flows : (uint32_t)most;
}

static void begin_front(struct flow_table *table)
{
	table->front = (struct pages_front){.begin = table->flows.base, .size = table->flows.size};
}

int flow_store_init(struct flow_table *table)
{
	table->places = places_within(&table->options);
	if (region_init(&table->flows, table->places * sizeof(struct flow)) < 0 ||
	    pool_init(&table->wide, sizeof(struct tcpm_flow_id), table->places) < 0 ||
	    pool_init(&table->rare, sizeof(struct flow_rare), table->places) < 0)
		return -ENOMEM;
	begin_front(table);
	return 0;
}

void flow_store_done(struct flow_table *table)
{
	region_done(&table->flows);
	pool_done(&table->wide);
	pool_done(&table->rare);
}

void flow_store_clear(struct flow_table *table)
{
	region_give_back(&table->flows, 0, table->high * sizeof(struct flow));
	begin_front(table);
	pool_clear(&table->wide);
	pool_clear(&table->rare);
	table->high = table->spare = table->count = 0;
}

size_t flow_table_memory(const struct flow_table *table)
{
	return table->high * sizeof(struct flow) + pool_memory(&table->wide) +
	       pool_memory(&table->rare) + flow_index_memory(&table->index) +
	       FLOW_NOTED * sizeof(*table->noted);
}

static bool has_room(const struct flow_table *table)
{
	if (table->high >= table->places)
		return false;
	return table->high < FLOW_FEWEST ||
	       flow_table_memory(table) + table->elsewhere + sizeof(struct flow) <=
		       table->options.max_memory;
}

static void spare_add(struct flow_table *table, struct flow *flow)
{
	uint32_t place = place_of(table, flow);

	flow->state = FLOW_SPARE;
	flow->flags = 0;
	flow->newer = 0;
	flow->older = table->spare;
	if (table->spare)
		flow_at(table, table->spare)->newer = place;
	table->spare = place;
}

void flow_store_claim(struct flow_table *table, struct flow *flow)
{
	if (flow->newer)
		flow_at(table, flow->newer)->older = flow->older;
	else
		table->spare = flow->older;
	if (flow->older)
		flow_at(table, flow->older)->newer = flow->newer;
}

struct flow *flow_store_take(struct flow_table *table)
{
	if (table->spare) {
		struct flow *flow = flow_at(table, table->spare);

		flow_store_claim(table, flow);
		return flow;
	}
	if (!has_room(table))
		return NULL;
	pages_reach(&table->front, (table->high + 1) * sizeof(struct flow));
	return flow_at(table, ++table->high);
}

void flow_store_give(struct flow_table *table, struct flow *flow)
{
	if (flow->rare)
		pool_give(&table->rare, flow->rare);
	if (flow->key.wide)
		pool_give(&table->wide, flow->key.wide);
	spare_add(table, flow);
	table->count--;
}

struct flow_rare *flow_table_rare(struct flow_table *table, struct flow *flow)
{
	if (!flow->rare) {
		/* There are as many places as flows. */
		flow->rare = pool_take(&table->rare);
		memset(pool_at(&table->rare, flow->rare), 0, sizeof(struct flow_rare));
	}
	return pool_at(&table->rare, flow->rare);
}

const struct flow_rare *flow_table_rare_if(const struct flow_table *table, const struct flow *flow)
{
	return flow->rare ? pool_at(&table->rare, flow->rare) : NULL;
}
