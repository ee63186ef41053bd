/*
 * Places for flows, and what hardly any flow has: see flow_store.h.
 */
#include "rtt/flow_store.h"

#include <errno.h>
#include <string.h>

/* How many places are worth having address space for. */
static uint32_t places_within(const struct flow_table_options *options)
{
	size_t max = options->max_memory / sizeof(struct flow);

	if (max < FLOW_FEWEST)
		max = FLOW_FEWEST;
	return options->max_flows < max ? options->max_flows : (uint32_t)max;
}

static void begin_front(struct flow_table *table)
{
	table->front = (struct pages_front){.begin = table->flows.base, .size = table->flows.size};
}

int flow_store_init(struct flow_table *table)
{
	table->places = places_within(&table->options);
	if (region_init(&table->flows, table->places * sizeof(struct flow)) < 0 ||
	    pool_init(&table->long_keys, sizeof(struct tcpm_flow_id), table->places) < 0 ||
	    pool_init(&table->cold, sizeof(struct flow_cold), table->places) < 0)
		return -ENOMEM;
	begin_front(table);
	return 0;
}

void flow_store_done(struct flow_table *table)
{
	region_done(&table->flows);
	pool_done(&table->long_keys);
	pool_done(&table->cold);
}

void flow_store_clear(struct flow_table *table)
{
	region_give_back(&table->flows, 0, table->high * sizeof(struct flow));
	begin_front(table);
	pool_clear(&table->long_keys);
	pool_clear(&table->cold);
	table->high = table->free_list = table->count = 0;
}

size_t flow_table_memory(const struct flow_table *table)
{
	return table->high * sizeof(struct flow) + pool_memory(&table->long_keys) +
	       pool_memory(&table->cold) + flow_index_memory(&table->index) +
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

	flow->state = FLOW_FREE;
	flow->flags = 0;
	flow->newer = 0;
	flow->older = table->free_list;
	if (table->free_list)
		flow_at(table, table->free_list)->newer = place;
	table->free_list = place;
}

void flow_store_claim(struct flow_table *table, struct flow *flow)
{
	if (flow->newer)
		flow_at(table, flow->newer)->older = flow->older;
	else
		table->free_list = flow->older;
	if (flow->older)
		flow_at(table, flow->older)->newer = flow->newer;
}

struct flow *flow_store_take(struct flow_table *table)
{
	if (table->free_list) {
		struct flow *flow = flow_at(table, table->free_list);

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
	if (flow->cold)
		pool_give(&table->cold, flow->cold);
	if (flow->key.long_key)
		pool_give(&table->long_keys, flow->key.long_key);
	spare_add(table, flow);
	table->count--;
}

struct flow_cold *flow_table_cold(struct flow_table *table, struct flow *flow)
{
	if (!flow->cold) {
		/* There are as many places as flows. */
		flow->cold = pool_take(&table->cold);
		memset(pool_at(&table->cold, flow->cold), 0, sizeof(struct flow_cold));
	}
	return pool_at(&table->cold, flow->cold);
}

const struct flow_cold *flow_table_cold_if(const struct flow_table *table, const struct flow *flow)
{
	return flow->cold ? pool_at(&table->cold, flow->cold) : NULL;
}
