/*
 * All flows, by their id, within a fixed number.
 *
 * A hash table keyed by a secret finds them; three lists, one a state, order them
 * by last use. Whoever has been idle too long for its state goes; when there is no
 * room, the flow longest unused goes first: ended ones before half-open ones
 * before established ones, so that a flood of SYNs cannot push out a live flow.
 */
#ifndef RTT_FLOW_TABLE_H
#define RTT_FLOW_TABLE_H

#include <stdint.h>

#include "rtt/flow.h"

struct flow_table;

struct flow_table_options {
	uint32_t max_flows; /* 1 or more */
	uint64_t seed;
	int64_t timeout_ns[FLOW_STATES];
	/* Called with each flow that goes, before it is freed, whatever the cause. */
	void (*closed)(void *user, struct flow *flow);
	void *user;
};

/* NULL: no memory. options are copied. */
struct flow_table *flow_table_new(const struct flow_table_options *options);

/* Frees the flows without telling. NULL is fine. */
void flow_table_free(struct flow_table *table);

/* Of an id, under the table's seed. */
uint64_t flow_table_hash(uint64_t seed, const struct tcpm_flow_id *id);

/* Begin to bring into the cache what a look-up by this hash will need: its place in the
 * table; and, once that has come, the flow that stands there first. */
void flow_table_prefetch_bucket(const struct flow_table *table, uint64_t hash);
void flow_table_prefetch_flow(const struct flow_table *table, uint64_t hash);

/* The flow of this id (interface not compared), or NULL. */
struct flow *flow_table_find(struct flow_table *table, const struct tcpm_flow_id *id,
			     uint64_t hash);

/*
 * A new half-open flow, all else zero but its id, hash and touched_ns; not in the
 * hash table until flow_table_link. Makes room by evicting others if need be (so
 * a flow pointer held across this call may be stale, except `keep`, which stays).
 * NULL: no memory, or nothing else that could go.
 */
struct flow *flow_table_add(struct flow_table *table, const struct tcpm_flow_id *id, uint64_t hash,
			    int64_t now_ns, const struct flow *keep);

/* Lets flow_table_find find it. */
void flow_table_link(struct flow_table *table, struct flow *flow);

/*
 * The two directions of a connection may bear different labels (one VLAN each way, as
 * behind a router on a stick). So flows whose SYN was seen are noted, by their
 * endpoints alone, in a table of fixed size where the latest wins a place.
 */
void flow_table_note_syn(struct flow_table *table, struct flow *flow);

/* A flow noted for these endpoints, whatever its labels, or NULL. */
struct flow *flow_table_noted(const struct flow_table *table, const struct tcpm_flow_id *id);

/* Lets flow_table_find find the flow by this id too, instead of an earlier other one.
 * Takes the place of a flow in the count. Without memory, nothing happens. */
void flow_table_add_alias(struct flow_table *table, struct flow *flow,
			  const struct tcpm_flow_id *id, uint64_t hash);

/* Makes `flow` the challenger of `old`; an earlier challenger goes. */
void flow_table_challenge(struct flow_table *table, struct flow *old, struct flow *flow);

/* The challenger takes the place of the flow it challenged, which goes. */
void flow_table_succeed(struct flow_table *table, struct flow *challenger);

/* Marks it used now; its place in line moves only once a second. */
void flow_table_touch(struct flow_table *table, struct flow *flow, int64_t now_ns);

void flow_table_set_state(struct flow_table *table, struct flow *flow, enum flow_state state);

/* Takes a flow out of the table and frees it. Its challenger, if it has one, takes its
 * place. */
void flow_table_remove(struct flow_table *table, struct flow *flow);

/* Removes what has been idle too long. Cheap to call: looks once a second. */
void flow_table_expire(struct flow_table *table, int64_t now_ns);

/* Removes all. */
void flow_table_clear(struct flow_table *table);

/* Flows now, flows ever added, and flows that went for want of room. */
uint32_t flow_table_count(const struct flow_table *table);
uint64_t flow_table_opened(const struct flow_table *table);
uint64_t flow_table_evicted(const struct flow_table *table);

#endif
