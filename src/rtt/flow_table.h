/*
 * All flows, by their id, within bounds of number and memory.
 *
 * A hash table keyed by a secret finds them; three lists, one a state, order them
 * by last use. Whoever has been idle too long for its state goes; when there is no
 * room, the flow longest unused goes first: ended ones before half-open ones
 * before established ones, so that a flood of SYNs cannot push out a live flow.
 */
#ifndef RTT_FLOW_TABLE_H
#define RTT_FLOW_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtt/flow.h"

struct flow_table;

/* How often a flow moves in its list by last use (LRU). */
#define FLOW_TOUCH_NS INT64_C(1000000000)

struct flow_table_options {
	uint32_t max_flows; /* 1 or more */
	size_t max_memory;  /* bytes; see flow_table_fit */
	uint64_t seed;
	int64_t timeout_ns[FLOW_STATES];
	/* Called with each flow that goes, before it is freed, whatever the cause. */
	void (*closed)(void *user, struct flow *flow);
	/* Called with one that will likely go next: to bring into the cache what `closed` will
	 * need beside the flow. May be NULL. */
	void (*closing)(void *user, const struct flow *flow);
	void *user;
};

/* NULL: no memory. options are copied. */
struct flow_table *flow_table_new(const struct flow_table_options *options);

/* Frees the flows without telling. NULL is fine. */
void flow_table_free(struct flow_table *table);

/* Begin to bring into the cache what a look-up by this hash will need: its place in the
 * table; and, once that has come, the flow that will likely be found, and the rings of it. */
void flow_table_prefetch_bucket(const struct flow_table *table, uint64_t hash);
struct flow *flow_table_prefetch_flow(const struct flow_table *table, uint64_t hash);

/* The same for what else finding this flow will need, if its name is wide. */
void flow_table_prefetch_id(const struct flow_table *table, const struct flow *flow);

/* Is a flow, or what was one when it was prefetched, surely the one of this name? */
static inline bool flow_table_is_found(const struct flow *flow, const struct flow_name *name)
{
	return flow && !name->key.long_key && flow_key_same(&flow->key, &name->key) &&
	       (flow->flags & FLOW_LINKED) && flow->state < FLOW_STATES;
}

/* The flow of this name, or NULL. */
struct flow *flow_table_find(const struct flow_table *table, const struct flow_name *name);

/* Its id, as that of the frame that made it; and the name of that, which *id must outlive. */
void flow_table_id(const struct flow_table *table, const struct flow *flow,
		   struct tcpm_flow_id *id);
void flow_table_name(const struct flow_table *table, const struct flow *flow,
		     struct tcpm_flow_id *id, struct flow_name *name);

/*
 * A new half-open flow, all else zero but its id and last_used_ns; not in the
 * hash table until flow_table_link. Makes room by evicting others if need be (so
 * a flow pointer held across this call may be stale, except `keep`, which stays).
 * NULL: nothing else that could go.
 */
struct flow *flow_table_add(struct flow_table *table, const struct flow_name *name, int64_t now_ns,
			    const struct flow *keep);

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

/* Lets flow_table_find find the flow by this name too, by which none is found yet, and by no
 * earlier such one. Takes the place of a flow in the count. Without room, nothing happens. */
void flow_table_add_alias(struct flow_table *table, struct flow *flow,
			  const struct flow_name *name);

/* The challenger of a flow, and the flow that it challenges; NULL: none. */
struct flow *flow_table_challenger(const struct flow_table *table, const struct flow *flow);
struct flow *flow_table_challenged(const struct flow_table *table, const struct flow *flow);

/* Makes `flow` the challenger of `old`; an earlier challenger goes. */
void flow_table_challenge(struct flow_table *table, struct flow *old, struct flow *flow);

/* The challenger takes the place of the flow it challenged, which goes. */
void flow_table_succeed(struct flow_table *table, struct flow *challenger);

/* Moves it to the front of its list by last use. */
void flow_table_move_up(struct flow_table *table, struct flow *flow, int64_t now_ns);

/* Whether its position in the LRU list is to be updated if it is used now: once a second, or if
 * time went back. */
static inline bool flow_table_moves(const struct flow *flow, int64_t now_ns)
{
	return now_ns < flow->last_used_ns || now_ns >= flow->last_used_ns + FLOW_TOUCH_NS;
}

/* Marks it used now. */
static inline void flow_table_touch(struct flow_table *table, struct flow *flow, int64_t now_ns)
{
	if (flow_table_moves(flow, now_ns))
		flow_table_move_up(table, flow, now_ns);
}

/* It is used now, too. */
void flow_table_set_state(struct flow_table *table, struct flow *flow, enum flow_state state,
			  int64_t now_ns);

/* What few flows have; made, all zero, if there is none. */
struct flow_cold *flow_table_cold(struct flow_table *table, struct flow *flow);

/* The same, NULL if there is none. */
const struct flow_cold *flow_table_cold_if(const struct flow_table *table, const struct flow *flow);

/* Takes a flow out of the table and frees it. Its challenger, if it has one, takes its
 * place. */
void flow_table_remove(struct flow_table *table, struct flow *flow);

/* Whether a flow has been idle for too long by now: it ends as soon as it is looked at. */
bool flow_table_is_idle(const struct flow_table *table, const struct flow *flow, int64_t now_ns);

/* A flow that was found by its name, unless it, or its challenger, has been idle for too long by
 * now and only was not looked at yet: then that one goes. So when a flow ends for idleness does
 * not depend on the others. Returns the flow that the name has now, NULL if there is none. */
struct flow *flow_table_revalidate(struct flow_table *table, struct flow *flow,
				   const struct flow_name *name, int64_t now_ns);

/* When flow_table_expire looked last, and when it is to look again. */
struct flow_expiry {
	int64_t looked_ns;
	int64_t next_ns;
};

/* The table's own. */
const struct flow_expiry *flow_table_expiry(const struct flow_table *table);

/* Is there anything to do for flow_table_expire? Time may have been set back. */
static inline bool flow_expiry_due(const struct flow_expiry *expiry, int64_t now_ns)
{
	return now_ns >= expiry->next_ns || now_ns < expiry->looked_ns;
}

/* Removes what has been idle too long. To be called when it is due. */
void flow_table_expire(struct flow_table *table, int64_t now_ns);

/* Removes all. */
void flow_table_clear(struct flow_table *table);

/*
 * Holds the flows' memory within max_memory, of which `elsewhere` bytes are used by
 * others: evicts flows if need be, moves others (no pointer to a flow survives this call) and
 * gives the system its memory back. A few flows may always stay. Until the next call, new
 * flows keep within the bound too; the few that are cold may pass it by some bytes each.
 * True: it is done, or no more can be. False: some flows went, and with them what they had
 * elsewhere; to be called again.
 */
bool flow_table_fit(struct flow_table *table, size_t elsewhere);

/* Bytes of memory taken. */
size_t flow_table_memory(const struct flow_table *table);

/* Flows now, flows ever added, and flows that went for want of room. */
uint32_t flow_table_count(const struct flow_table *table);
uint64_t flow_table_opened(const struct flow_table *table);
uint64_t flow_table_evicted(const struct flow_table *table);

#endif
