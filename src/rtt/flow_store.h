/*
 * Where flows lie: what flow_table.c, flow_store.c and flow_fit.c share.
 *
 * Flows are in a region and known by their places in it, from 1. They never move but in
 * flow_table_fit; freed places are in a list both ways, so that any of them can be taken out
 * of it.
 */
#ifndef RTT_FLOW_STORE_H
#define RTT_FLOW_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/page_prefault.h"
#include "base/pool.h"
#include "base/region.h"
#include "rtt/flow_index.h"
#include "rtt/flow_table.h"

#define FLOW_NOTED  16384u /* SYNs; a power of two */
#define FLOW_FEWEST 64u    /* flows that fit any bound of memory */

/* The newest and the oldest place by last use; 0: none. */
struct use_list {
	uint32_t newest;
	uint32_t oldest;
};

struct flow_table {
	struct flow_table_options options;
	struct flow_index index;
	struct region flows;
	struct pages_front front; /* of the flows */
	struct pool long_keys;    /* struct tcpm_flow_id */
	struct pool cold;         /* struct flow_cold */
	uint32_t places;          /* that the region has */
	uint32_t high;            /* that were ever taken, but for those given back */
	uint32_t free_list;       /* the first free one below */
	uint32_t count;
	uint32_t *noted; /* places by endpoints; FLOW_NOTED of them */
	struct use_list lists[FLOW_STATES];
	size_t elsewhere;
	uint64_t opened;
	uint64_t evicted;
	struct flow_expiry expiry;
};

static inline struct flow *flow_at(const struct flow_table *table, uint32_t place)
{
	return (struct flow *)(void *)table->flows.base + (place - 1);
}

static inline uint32_t place_of(const struct flow_table *table, const struct flow *flow)
{
	return (uint32_t)(flow - (struct flow *)(void *)table->flows.base) + 1;
}

/* For the table's max_flows and max_memory. 0, or -ENOMEM. */
int flow_store_init(struct flow_table *table);
void flow_store_done(struct flow_table *table);

/* Frees all places, and gives the system its memory back. */
void flow_store_clear(struct flow_table *table);

/* A place for a flow, its content unspecified. NULL: there is no room. */
struct flow *flow_store_take(struct flow_table *table);

/* Frees a flow's place, and what it has elsewhere. */
void flow_store_give(struct flow_table *table, struct flow *flow);

/* Takes a free place out of the list of such. */
void flow_store_claim(struct flow_table *table, struct flow *flow);

static inline uint64_t flow_hash(const struct flow_table *table, const struct flow *flow)
{
	return flow_key_hash(table->options.seed, &flow->key);
}

/* flow_table.c: forgets the flow longest unused, counted; never `keep`. False: there is none. */
bool flow_table_evict(struct flow_table *table, const struct flow *keep);

/* flow_table.c: another place instead of one that may be noted for its SYN; 0: none. */
void flow_table_renote(struct flow_table *table, const struct flow *flow, uint32_t from,
		       uint32_t to);

#endif
