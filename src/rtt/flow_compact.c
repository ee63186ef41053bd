/*
 * The table gives memory back: see flow_table_fit in flow_table.h.
 *
 * The highest places are freed: a flow there moves to a free place below, and all that refer to it
 * by its place are updated.
 */
#include <string.h>

#include "rtt/flow_store.h"

/* More than what is asked for is given back at once, so that it is not asked for each time. */
#define FIT_MORE ((size_t)256 << 10)
/* Less is not worth a look at all flows. */
#define TIGHTEN_LEAST ((size_t)64 << 10)
/* And not more than this, before it is looked at what else went with the flows. */
#define FIT_MOST ((size_t)2 << 20)

/* Whoever knows a flow by its place learns of another one. */
static void change_place(struct flow_table *table, struct flow *flow, uint32_t from, uint32_t to)
{
	const struct flow_cold *cold = flow_table_cold_if(table, flow);

	if (flow->flags & FLOW_LINKED)
		flow_index_change(&table->index, flow_hash(table, flow), from, to);
	flow_table_renote(table, flow, from, to);
	if (cold && cold->challenger)
		flow_table_cold(table, flow_at(table, cold->challenger))->challenged = to;
	if (cold && cold->challenged)
		flow_table_cold(table, flow_at(table, cold->challenged))->challenger = to;
	if (cold && cold->alias)
		flow_table_cold(table, flow_at(table, cold->alias))->real = to;
	if (flow->state == FLOW_ALIAS) {
		flow_table_cold(table, flow_at(table, cold->real))->alias = to;
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

	if (flow->state == FLOW_FREE) {
		flow_store_claim(table, flow);
	} else {
		struct flow *to = flow_at(table, table->free_list);

		flow_store_claim(table, to);
		change_place(table, flow, table->high, place_of(table, to));
		*to = *flow;
	}
	table->high--;
}

static uint32_t *long_key_of(struct flow *flow)
{
	return &flow->key.long_key;
}

static uint32_t *cold_of(struct flow *flow)
{
	return &flow->cold;
}

/* What flows that went had in a pool is given back. */
static void tighten(struct flow_table *table, struct pool *pool,
		    uint32_t *(*number_of)(struct flow *flow))
{
	uint32_t level;

	if ((size_t)(pool->high - pool->taken) * pool->size < TIGHTEN_LEAST)
		return;
	level = pool_level(pool);
	for (uint32_t place = 1; place <= table->high; place++) {
		struct flow *flow = flow_at(table, place);
		uint32_t *number = number_of(flow);
		uint32_t to;

		if (flow->state == FLOW_FREE || *number <= level)
			continue;
		to = pool_take(pool);
		memcpy(pool_at(pool, to), pool_at(pool, *number), pool->size);
		pool_drop(pool);
		*number = to;
	}
	pool_lower(pool, level);
}

static size_t excess_of(const struct flow_table *table)
{
	size_t memory = flow_table_memory(table) + table->elsewhere;

	return memory > table->options.max_memory ? memory - table->options.max_memory : 0;
}

/* Gives back the memory behind the first `bytes` bytes of the flows. */
static void give_back_behind(struct flow_table *table, size_t end)
{
	if (end >= table->front.touched)
		return;
	region_give_back(&table->flows, end, table->front.touched);
	table->front.touched = end;
}

/* So many places fewer, if there are as many. */
static void lower_by(struct flow_table *table, size_t fewer)
{
	uint32_t before = table->high;
	uint32_t level = FLOW_FEWEST;

	if (before <= FLOW_FEWEST)
		return;
	if (fewer < before - FLOW_FEWEST)
		level = before - (uint32_t)fewer;
	while (table->count > level && flow_table_evict(table, NULL))
		;
	while (table->high > level && table->free_list)
		lower(table);
	give_back_behind(table, table->high * sizeof(struct flow));
}

bool flow_table_fit(struct flow_table *table, size_t elsewhere)
{
	size_t excess;
	uint32_t before = table->count;

	table->elsewhere = elsewhere;
	if (!excess_of(table))
		return true;
	tighten(table, &table->long_keys, long_key_of);
	tighten(table, &table->cold, cold_of);
	excess = excess_of(table);
	if (!excess)
		return true;
	if (excess > FIT_MOST)
		excess = FIT_MOST;
	lower_by(table, (excess + FIT_MORE) / sizeof(struct flow) + 1);
	return !excess_of(table) || table->count == before;
}
