/*
 * Flows found by an index, in lists by last use: see flow_table.h.
 *
 * The index doubles as flows are added, so that a small capture touches little memory.
 */
#include "rtt/flow_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "rtt/flow_store.h"

#define FIRST_BUCKETS 64u
#define CACHE_LINE    64u
#define SECOND_NS     INT64_C(1000000000)

struct flow_table *flow_table_new(const struct flow_table_options *options)
{
	struct flow_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->options = *options;
	table->noted = calloc(FLOW_NOTED, sizeof(*table->noted));
	if (!table->noted || flow_index_init(&table->index, FIRST_BUCKETS) < 0 ||
	    flow_store_init(table) < 0) {
		flow_table_free(table);
		return NULL;
	}
	table->expiry = (struct flow_expiry){.looked_ns = INT64_MIN, .next_ns = INT64_MIN};
	return table;
}

void flow_table_free(struct flow_table *table)
{
	if (!table)
		return;
	flow_index_done(&table->index);
	flow_store_done(table);
	free(table->noted);
	free(table);
}

void flow_table_id(const struct flow_table *table, const struct flow *flow, struct tcpm_flow_id *id)
{
	if (flow->key.long_key) {
		memcpy(id, pool_at(&table->long_keys, flow->key.long_key), sizeof(*id));
		return;
	}
	flow_key_id(&flow->key, id);
	id->interface = flow->interface;
	if (flow->interface == UINT16_MAX)
		id->interface = flow_table_cold_if(table, flow)->interface;
}

void flow_table_name(const struct flow_table *table, const struct flow *flow,
		     struct tcpm_flow_id *id, struct flow_name *name)
{
	flow_table_id(table, flow, id);
	flow_name_of(table->options.seed, id, name);
}

static bool same_long_key(const struct flow_table *table, const struct flow *flow,
			  const struct flow_name *name)
{
	return flow->key.long_key &&
	       memcmp(&flow->key, &name->key, offsetof(struct flow_key, long_key)) == 0 &&
	       memcmp(pool_at(&table->long_keys, flow->key.long_key), name->id, FLOW_ID_BYTES) == 0;
}

static inline bool is_named(const struct flow_table *table, const struct flow *flow,
			    const struct flow_name *name)
{
	return name->key.long_key ? same_long_key(table, flow, name)
				  : flow_key_same(&flow->key, &name->key);
}

void flow_table_prefetch_bucket(const struct flow_table *table, uint64_t hash)
{
	__builtin_prefetch(index_bucket_of(&table->index, hash));
}

static void prefetch_flow(const struct flow *flow)
{
	const char *from = (const char *)flow;

	for (size_t at = 0; at < sizeof(struct flow); at += CACHE_LINE)
		__builtin_prefetch(from + at, 1);
	__builtin_prefetch(from + sizeof(struct flow) - 1, 1);
}

struct flow *flow_table_prefetch_flow(const struct flow_table *table, uint64_t hash)
{
	struct index_search search;
	uint32_t place;
	struct flow *flow;

	index_search_begin(&search, &table->index, hash);
	place = index_search_next(&search, &table->index);
	if (!place)
		return NULL;
	flow = flow_at(table, place);
	prefetch_flow(flow);
	return flow;
}

void flow_table_prefetch_id(const struct flow_table *table, const struct flow *flow)
{
	/* Where it has none, of the first one: never used, but fetched without a branch. */
	const char *id = pool_at(&table->long_keys, flow->key.long_key | !flow->key.long_key);

	__builtin_prefetch(id);
	__builtin_prefetch(id + FLOW_ID_BYTES - 1);
}

struct flow *flow_table_find(const struct flow_table *table, const struct flow_name *name)
{
	struct index_search search;
	uint32_t place;

	index_search_begin(&search, &table->index, name->hash);
	while ((place = index_search_next(&search, &table->index))) {
		struct flow *flow = flow_at(table, place);

		if (!is_named(table, flow, name))
			continue;
		if (flow->state == FLOW_ALIAS)
			return flow_at(table, flow_table_cold_if(table, flow)->real);
		return flow;
	}
	return NULL;
}

/*
 * Flows whose SYN was seen.
 */

/* The endpoints of an id, without its labels. */
#define ENDPOINT_BYTES offsetof(struct tcpm_flow_id, label_kind)

static uint32_t *noted_place(const struct flow_table *table, const struct tcpm_flow_id *id)
{
	uint64_t hash = hash_bytes(id, ENDPOINT_BYTES, table->options.seed);

	return &table->noted[hash & (FLOW_NOTED - 1)];
}

static uint32_t *noted_place_of(const struct flow_table *table, const struct flow *flow)
{
	struct tcpm_flow_id id;

	flow_table_id(table, flow, &id);
	return noted_place(table, &id);
}

void flow_table_note_syn(struct flow_table *table, struct flow *flow)
{
	*noted_place_of(table, flow) = place_of(table, flow);
	flow->flags |= FLOW_SYN_NOTED;
}

/* Another place instead of one that may be noted; 0: none. */
void flow_table_renote(struct flow_table *table, const struct flow *flow, uint32_t from,
		       uint32_t to)
{
	uint32_t *noted;

	if (!(flow->flags & FLOW_SYN_NOTED))
		return;
	noted = noted_place_of(table, flow);
	if (*noted == from)
		*noted = to;
}

struct flow *flow_table_noted(const struct flow_table *table, const struct tcpm_flow_id *id)
{
	uint32_t place = *noted_place(table, id);
	struct tcpm_flow_id found;

	if (!place)
		return NULL;
	flow_table_id(table, flow_at(table, place), &found);
	return memcmp(&found, id, ENDPOINT_BYTES) == 0 ? flow_at(table, place) : NULL;
}

/*
 * Lists by last use.
 */

static void use_list_remove(struct flow_table *table, struct flow *flow)
{
	struct use_list *list = &table->lists[flow->state];

	if (flow->newer)
		flow_at(table, flow->newer)->older = flow->older;
	else
		list->newest = flow->older;
	if (flow->older)
		flow_at(table, flow->older)->newer = flow->newer;
	else
		list->oldest = flow->newer;
}

static void use_list_add(struct flow_table *table, struct flow *flow)
{
	struct use_list *list = &table->lists[flow->state];
	uint32_t place = place_of(table, flow);

	flow->newer = 0;
	flow->older = list->newest;
	if (list->newest)
		flow_at(table, list->newest)->newer = place;
	else
		list->oldest = place;
	list->newest = place;
}

static void unlink_flow(struct flow_table *table, struct flow *flow)
{
	flow_index_change(&table->index, flow_hash(table, flow), place_of(table, flow), 0);
	flow->flags &= (uint8_t)~FLOW_LINKED;
}

static void remove_alias(struct flow_table *table, struct flow *flow)
{
	const struct flow_cold *cold = flow_table_cold_if(table, flow);
	struct flow *alias;

	if (!cold || !cold->alias)
		return;
	alias = flow_at(table, cold->alias);
	unlink_flow(table, alias);
	flow_store_give(table, alias);
	flow_table_cold(table, flow)->alias = 0;
}

static void remove_one(struct flow_table *table, struct flow *flow)
{
	struct flow *challenged = flow_table_challenged(table, flow);

	remove_alias(table, flow);
	flow_table_renote(table, flow, place_of(table, flow), 0);
	if (challenged)
		flow_table_cold(table, challenged)->challenger = 0;
	if (flow->flags & FLOW_LINKED)
		unlink_flow(table, flow);
	use_list_remove(table, flow);
	table->options.closed(table->options.user, flow);
	flow_store_give(table, flow);
}

/* The connection that was to take a flow's place lives on by itself. */
static void inherit(struct flow_table *table, struct flow *flow, struct flow *challenger)
{
	struct flow_cold *left = flow_table_cold(table, flow);
	struct flow_cold *right = flow_table_cold(table, challenger);

	right->challenged = 0;
	right->alias = left->alias;
	if (left->alias)
		flow_table_cold(table, flow_at(table, left->alias))->real =
			place_of(table, challenger);
	left->challenger = 0;
	left->alias = 0;
}

void flow_table_remove(struct flow_table *table, struct flow *flow)
{
	struct flow *challenger = flow_table_challenger(table, flow);

	if (challenger)
		inherit(table, flow, challenger);
	remove_one(table, flow);
	if (challenger)
		flow_table_link(table, challenger);
}

/* The next to go for want of room; never `keep` nor its challenger. */
static struct flow *victim(struct flow_table *table, const struct flow *keep)
{
	static const enum flow_state order[] = {FLOW_CLOSED, FLOW_HALF_OPEN, FLOW_ESTABLISHED};
	const struct flow *challenger = keep ? flow_table_challenger(table, keep) : NULL;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		uint32_t place = table->lists[order[i]].oldest;

		while (place) {
			struct flow *flow = flow_at(table, place);

			if (!keep || (flow != keep && flow != challenger))
				return flow;
			place = flow->newer;
		}
	}
	return NULL;
}

/* Flows that expire follow one another in a list, and none of them has been in the cache for long.
 * The next one was brought there when the one before it went; now comes what else its end will
 * need, and the one behind it. */
static void prefetch_next(const struct flow_table *table, const struct flow *flow)
{
	const struct flow *next;

	if (!flow->newer)
		return;
	next = flow_at(table, flow->newer);
	flow_table_prefetch_bucket(table, flow_hash(table, next));
	if (table->options.closing)
		table->options.closing(table->options.user, next);
	if (next->newer)
		prefetch_flow(flow_at(table, next->newer));
}

bool flow_table_evict(struct flow_table *table, const struct flow *keep)
{
	struct flow *oldest = victim(table, keep);

	if (!oldest)
		return false;
	prefetch_next(table, oldest);
	flow_table_remove(table, oldest);
	table->evicted++;
	return true;
}

/* A place in memory, made free if need be. NULL: nothing else could go. */
static struct flow *take_place(struct flow_table *table, const struct flow *keep)
{
	struct flow *flow = flow_store_take(table);

	if (!flow && flow_table_evict(table, keep))
		flow = flow_store_take(table);
	return flow;
}

/* Stores the key of the flow that has the place. */
static void set_name(struct flow_table *table, struct flow *flow, const struct flow_name *name)
{
	flow->key = name->key;
	if (name->key.long_key) {
		struct tcpm_flow_id *id;

		flow->key.long_key = pool_take(&table->long_keys);
		id = pool_at(&table->long_keys, flow->key.long_key);
		*id = *name->id;
		id->interface = name->interface;
	}
	flow->interface = (uint16_t)name->interface;
	if (name->interface >= UINT16_MAX) {
		flow->interface = UINT16_MAX;
		flow_table_cold(table, flow)->interface = name->interface;
	}
}

struct flow *flow_table_add(struct flow_table *table, const struct flow_name *name, int64_t now_ns,
			    const struct flow *keep)
{
	struct flow *flow = take_place(table, keep);

	if (!flow)
		return NULL;
	memset(flow, 0, sizeof(*flow));
	flow->last_used_ns = now_ns;
	flow->state = FLOW_HALF_OPEN;
	set_name(table, flow, name);
	table->count++;
	table->opened++;
	use_list_add(table, flow);
	return flow;
}

/* Twice the buckets. Without memory for them the places lie farther apart, and in the end
 * there is room for no more. */
static void widen(struct flow_table *table)
{
	struct flow_index wider;

	if (flow_index_init(&wider, (table->index.mask + 1) * 2) < 0)
		return;
	for (uint32_t place = 1; place <= table->high; place++) {
		const struct flow *flow = flow_at(table, place);

		if (flow->flags & FLOW_LINKED)
			flow_index_add(&wider, flow_hash(table, flow), place);
	}
	flow_index_done(&table->index);
	table->index = wider;
}

void flow_table_link(struct flow_table *table, struct flow *flow)
{
	const struct flow *keep = flow;

	if (flow->state == FLOW_ALIAS)
		keep = flow_at(table, flow_table_cold_if(table, flow)->real);
	if (flow_index_crowded(&table->index))
		widen(table);
	while (flow_index_full(&table->index) && flow_table_evict(table, keep))
		;
	flow_index_add(&table->index, flow_hash(table, flow), place_of(table, flow));
	flow->flags |= FLOW_LINKED;
}

void flow_table_add_alias(struct flow_table *table, struct flow *flow, const struct flow_name *name)
{
	struct flow *alias;

	remove_alias(table, flow);
	alias = take_place(table, flow);
	if (!alias)
		return;
	memset(alias, 0, sizeof(*alias));
	alias->state = FLOW_ALIAS;
	set_name(table, alias, name);
	table->count++;
	flow_table_cold(table, alias)->real = place_of(table, flow);
	flow_table_cold(table, flow)->alias = place_of(table, alias);
	flow_table_link(table, alias);
}

struct flow *flow_table_challenger(const struct flow_table *table, const struct flow *flow)
{
	const struct flow_cold *cold = flow_table_cold_if(table, flow);

	return cold && cold->challenger ? flow_at(table, cold->challenger) : NULL;
}

struct flow *flow_table_challenged(const struct flow_table *table, const struct flow *flow)
{
	const struct flow_cold *cold = flow_table_cold_if(table, flow);

	return cold && cold->challenged ? flow_at(table, cold->challenged) : NULL;
}

void flow_table_challenge(struct flow_table *table, struct flow *old, struct flow *flow)
{
	struct flow *earlier = flow_table_challenger(table, old);

	if (earlier)
		remove_one(table, earlier);
	flow_table_cold(table, old)->challenger = place_of(table, flow);
	flow_table_cold(table, flow)->challenged = place_of(table, old);
}

void flow_table_succeed(struct flow_table *table, struct flow *challenger)
{
	flow_table_remove(table, flow_table_challenged(table, challenger));
}

void flow_table_move_up(struct flow_table *table, struct flow *flow, int64_t now_ns)
{
	flow->last_used_ns = now_ns;
	use_list_remove(table, flow);
	use_list_add(table, flow);
}

void flow_table_set_state(struct flow_table *table, struct flow *flow, enum flow_state state,
			  int64_t now_ns)
{
	use_list_remove(table, flow);
	flow->state = (uint8_t)state;
	flow->last_used_ns = now_ns;
	use_list_add(table, flow);
}

bool flow_table_is_idle(const struct flow_table *table, const struct flow *flow, int64_t now_ns)
{
	int64_t idle_ns;

	if (__builtin_sub_overflow(now_ns, flow->last_used_ns, &idle_ns))
		return now_ns > flow->last_used_ns;
	return idle_ns > table->options.timeout_ns[flow->state];
}

static void expire(struct flow_table *table, struct flow *flow)
{
	prefetch_next(table, flow);
	flow_table_remove(table, flow);
}

const struct flow_expiry *flow_table_expiry(const struct flow_table *table)
{
	return &table->expiry;
}

/* The whole second that a time lies in. */
static int64_t second_of(int64_t time_ns)
{
	int64_t rest_ns = time_ns % SECOND_NS;

	return time_ns - (rest_ns < 0 ? rest_ns + SECOND_NS : rest_ns);
}

void flow_table_expire(struct flow_table *table, int64_t now_ns)
{
	int64_t look_ns = second_of(now_ns);

	table->expiry.looked_ns = look_ns;
	table->expiry.next_ns = look_ns > INT64_MAX - SECOND_NS ? INT64_MAX : look_ns + SECOND_NS;
	for (unsigned state = 0; state < FLOW_STATES; state++) {
		while (table->lists[state].oldest) {
			struct flow *flow = flow_at(table, table->lists[state].oldest);

			/* One used in the future was used before time stepped back: its
			 * idleness counts from now, and it must not keep those behind it
			 * from being looked at. */
			if (flow->last_used_ns > now_ns)
				flow_table_move_up(table, flow, now_ns);
			else if (flow_table_is_idle(table, flow, look_ns))
				expire(table, flow);
			else
				break;
		}
	}
}

struct flow *flow_table_revalidate(struct flow_table *table, struct flow *flow,
				   const struct flow_name *name, int64_t now_ns)
{
	struct flow *challenger = flow_table_challenger(table, flow);

	if (challenger && flow_table_is_idle(table, challenger, now_ns))
		expire(table, challenger);
	if (!flow_table_is_idle(table, flow, now_ns))
		return flow;
	/* Where it goes, its challenger comes. */
	expire(table, flow);
	return flow_table_find(table, name);
}

void flow_table_clear(struct flow_table *table)
{
	/* In the order of their places: nothing is found, linked or moved any more. */
	for (uint32_t place = 1; place <= table->high; place++) {
		struct flow *flow = flow_at(table, place);

		if (flow->state < FLOW_STATES)
			table->options.closed(table->options.user, flow);
	}
	memset(table->lists, 0, sizeof(table->lists));
	memset(table->noted, 0, FLOW_NOTED * sizeof(*table->noted));
	flow_index_clear(&table->index);
	flow_store_clear(table);
}

uint32_t flow_table_count(const struct flow_table *table)
{
	return table->count;
}

uint64_t flow_table_opened(const struct flow_table *table)
{
	return table->opened;
}

uint64_t flow_table_evicted(const struct flow_table *table)
{
	return table->evicted;
}
