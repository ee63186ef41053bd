/*
 * Chained hash table with lists by last use: see flow_table.h.
 *
 * Flows live in chunks that are never moved or given back before the end; freed
 * ones wait in a list. Buckets double as flows are added, so that a small capture
 * touches little memory.
 */
#include "rtt/flow_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define FIRST_BUCKETS 1024u
#define CHUNK_FLOWS   256u
#define CACHE_LINE    64u
#define SECOND_NS     INT64_C(1000000000)
#define NOTED_SYNS    16384u /* a power of two */

struct chunk {
	struct chunk *next;
	struct flow flows[CHUNK_FLOWS];
};

/* newest and oldest by last use. */
struct use_list {
	struct flow *newest;
	struct flow *oldest;
};

struct flow_table {
	struct flow_table_options options;
	struct flow **buckets;
	size_t bucket_mask;
	struct flow **noted; /* by endpoints; NOTED_SYNS of them */
	struct use_list lists[FLOW_STATES];
	struct flow *spare;
	struct chunk *chunks;
	uint32_t chunk_used;
	uint32_t count;
	uint64_t opened;
	uint64_t evicted;
	int64_t next_expiry_ns;
	int64_t looked_ns;
};

/* What the hash and the comparison see of an id: all before its interface. */
#define ID_BYTES offsetof(struct tcpm_flow_id, interface)

/* Ids are made from zeroed memory, so what lies between their fields is equal too. */
_Static_assert(ID_BYTES == 2 * 17 + 2 * 2 + TCPM_MAX_LABELS + 2 + 4 * TCPM_MAX_LABELS,
	       "nothing unexpected in what is compared");

struct flow_table *flow_table_new(const struct flow_table_options *options)
{
	struct flow_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->options = *options;
	table->buckets = calloc(FIRST_BUCKETS, sizeof(struct flow *));
	table->noted = calloc(NOTED_SYNS, sizeof(struct flow *));
	if (!table->buckets || !table->noted) {
		flow_table_free(table);
		return NULL;
	}
	table->bucket_mask = FIRST_BUCKETS - 1;
	table->next_expiry_ns = INT64_MIN;
	table->looked_ns = INT64_MIN;
	return table;
}

void flow_table_free(struct flow_table *table)
{
	if (!table)
		return;
	while (table->chunks) {
		struct chunk *chunk = table->chunks;

		table->chunks = chunk->next;
		free(chunk);
	}
	free(table->buckets);
	free(table->noted);
	free(table);
}

uint64_t flow_table_hash(uint64_t seed, const struct tcpm_flow_id *id)
{
	return hash_bytes(id, ID_BYTES, seed);
}

void flow_table_prefetch_bucket(const struct flow_table *table, uint64_t hash)
{
	__builtin_prefetch(&table->buckets[hash & table->bucket_mask]);
}

void flow_table_prefetch_flow(const struct flow_table *table, uint64_t hash)
{
	const char *flow = (const char *)table->buckets[hash & table->bucket_mask];

	for (size_t line = 0; flow && line < sizeof(struct flow); line += CACHE_LINE)
		__builtin_prefetch(flow + line);
}

struct flow *flow_table_find(struct flow_table *table, const struct tcpm_flow_id *id, uint64_t hash)
{
	struct flow *flow = table->buckets[hash & table->bucket_mask];

	while (flow && (flow->hash != hash || memcmp(&flow->id, id, ID_BYTES) != 0))
		flow = flow->next;
	return flow && flow->real ? flow->real : flow;
}

/* The endpoints of an id, without its labels. */
#define ENDPOINT_BYTES offsetof(struct tcpm_flow_id, label_kind)

static struct flow **noted_place(const struct flow_table *table, const struct tcpm_flow_id *id)
{
	uint64_t hash = hash_bytes(id, ENDPOINT_BYTES, table->options.seed);

	return &table->noted[hash & (NOTED_SYNS - 1)];
}

void flow_table_note_syn(struct flow_table *table, struct flow *flow)
{
	struct flow **place = noted_place(table, &flow->id);

	if (*place)
		(*place)->syn_noted = false;
	*place = flow;
	flow->syn_noted = true;
}

struct flow *flow_table_noted(const struct flow_table *table, const struct tcpm_flow_id *id)
{
	struct flow *flow = *noted_place(table, id);

	return flow && memcmp(&flow->id, id, ENDPOINT_BYTES) == 0 ? flow : NULL;
}

static void use_list_remove(struct flow_table *table, struct flow *flow)
{
	struct use_list *list = &table->lists[flow->state];

	if (flow->newer)
		flow->newer->older = flow->older;
	else
		list->newest = flow->older;
	if (flow->older)
		flow->older->newer = flow->newer;
	else
		list->oldest = flow->newer;
}

static void use_list_add(struct flow_table *table, struct flow *flow)
{
	struct use_list *list = &table->lists[flow->state];

	flow->newer = NULL;
	flow->older = list->newest;
	if (list->newest)
		list->newest->newer = flow;
	else
		list->oldest = flow;
	list->newest = flow;
}

static void unlink_bucket(struct flow_table *table, struct flow *flow)
{
	struct flow **link = &table->buckets[flow->hash & table->bucket_mask];

	while (*link && *link != flow)
		link = &(*link)->next;
	if (*link)
		*link = flow->next;
}

static void give_back(struct flow_table *table, struct flow *flow)
{
	flow->next = table->spare;
	table->spare = flow;
	table->count--;
}

static void remove_alias(struct flow_table *table, struct flow *flow)
{
	if (!flow->alias)
		return;
	unlink_bucket(table, flow->alias);
	give_back(table, flow->alias);
	flow->alias = NULL;
}

static void remove_one(struct flow_table *table, struct flow *flow)
{
	remove_alias(table, flow);
	if (flow->syn_noted)
		*noted_place(table, &flow->id) = NULL;
	if (flow->challenged)
		flow->challenged->challenger = NULL;
	else
		unlink_bucket(table, flow);
	use_list_remove(table, flow);
	table->options.closed(table->options.user, flow);
	give_back(table, flow);
}

void flow_table_remove(struct flow_table *table, struct flow *flow)
{
	struct flow *challenger = flow->challenger;

	if (challenger) {
		/* The connection that was to take its place lives on by itself. */
		flow->challenger = NULL;
		challenger->challenged = NULL;
		challenger->alias = flow->alias;
		if (flow->alias)
			flow->alias->real = challenger;
		flow->alias = NULL;
		remove_one(table, flow);
		flow_table_link(table, challenger);
	} else {
		remove_one(table, flow);
	}
}

/* The next to go for want of room; never `keep` nor its challenger. */
static struct flow *victim(struct flow_table *table, const struct flow *keep)
{
	static const enum flow_state order[] = {FLOW_CLOSED, FLOW_HALF_OPEN, FLOW_ESTABLISHED};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct flow *flow = table->lists[order[i]].oldest;

		while (flow && keep && (flow == keep || flow->challenged == keep))
			flow = flow->newer;
		if (flow)
			return flow;
	}
	return NULL;
}

static struct flow *take(struct flow_table *table)
{
	if (table->spare) {
		struct flow *flow = table->spare;

		table->spare = flow->next;
		return flow;
	}
	if (!table->chunks || table->chunk_used == CHUNK_FLOWS) {
		struct chunk *chunk = malloc(sizeof(*chunk));

		if (!chunk)
			return NULL;
		chunk->next = table->chunks;
		table->chunks = chunk;
		table->chunk_used = 0;
	}
	return &table->chunks->flows[table->chunk_used++];
}

static struct flow *make_room(struct flow_table *table, const struct flow *keep)
{
	struct flow *oldest = victim(table, keep);

	if (!oldest)
		return NULL;
	flow_table_remove(table, oldest);
	table->evicted++;
	return take(table);
}

/* A place in memory, made free if need be. NULL: no memory, or nothing else could go. */
static struct flow *take_place(struct flow_table *table, const struct flow *keep)
{
	struct flow *flow = table->count < table->options.max_flows ? take(table) : NULL;

	return flow ? flow : make_room(table, keep);
}

struct flow *flow_table_add(struct flow_table *table, const struct tcpm_flow_id *id, uint64_t hash,
			    int64_t now_ns, const struct flow *keep)
{
	struct flow *flow = take_place(table, keep);

	if (!flow)
		return NULL;
	*flow = (struct flow){
		.touched_ns = now_ns,
		.hash = hash,
		.state = FLOW_HALF_OPEN,
		.id = *id,
	};
	table->count++;
	table->opened++;
	use_list_add(table, flow);
	return flow;
}

/* Twice the buckets; without memory for them the chains just grow longer. */
static void widen(struct flow_table *table)
{
	size_t buckets = (table->bucket_mask + 1) * 2;
	struct flow **wider = calloc(buckets, sizeof(*wider));

	if (!wider)
		return;
	for (size_t i = 0; i <= table->bucket_mask; i++) {
		struct flow *flow = table->buckets[i];

		while (flow) {
			struct flow *next = flow->next;

			flow->next = wider[flow->hash & (buckets - 1)];
			wider[flow->hash & (buckets - 1)] = flow;
			flow = next;
		}
	}
	free(table->buckets);
	table->buckets = wider;
	table->bucket_mask = buckets - 1;
}

void flow_table_link(struct flow_table *table, struct flow *flow)
{
	if (table->count > table->bucket_mask)
		widen(table);
	struct flow **bucket = &table->buckets[flow->hash & table->bucket_mask];

	flow->next = *bucket;
	*bucket = flow;
}

void flow_table_add_alias(struct flow_table *table, struct flow *flow,
			  const struct tcpm_flow_id *id, uint64_t hash)
{
	struct flow *alias;

	remove_alias(table, flow);
	alias = take_place(table, flow);
	if (!alias)
		return;
	*alias = (struct flow){.hash = hash, .id = *id, .real = flow};
	table->count++;
	flow->alias = alias;
	flow_table_link(table, alias);
}

void flow_table_challenge(struct flow_table *table, struct flow *old, struct flow *flow)
{
	if (old->challenger)
		remove_one(table, old->challenger);
	old->challenger = flow;
	flow->challenged = old;
}

void flow_table_succeed(struct flow_table *table, struct flow *challenger)
{
	flow_table_remove(table, challenger->challenged);
}

void flow_table_touch(struct flow_table *table, struct flow *flow, int64_t now_ns)
{
	if (now_ns >= flow->touched_ns && now_ns < flow->touched_ns + SECOND_NS)
		return;
	flow->touched_ns = now_ns;
	use_list_remove(table, flow);
	use_list_add(table, flow);
}

void flow_table_set_state(struct flow_table *table, struct flow *flow, enum flow_state state)
{
	use_list_remove(table, flow);
	flow->state = (uint8_t)state;
	use_list_add(table, flow);
}

static bool idle_too_long(const struct flow_table *table, const struct flow *flow, int64_t now_ns)
{
	int64_t idle_ns;

	if (__builtin_sub_overflow(now_ns, flow->touched_ns, &idle_ns))
		return now_ns > flow->touched_ns;
	return idle_ns > table->options.timeout_ns[flow->state];
}

/* A flow used in the future was used before time stepped back: its idleness counts from
 * now, and it must not keep those behind it from being looked at. */
static void stamp_anew(struct flow_table *table, struct flow *flow, int64_t now_ns)
{
	flow->touched_ns = now_ns;
	use_list_remove(table, flow);
	use_list_add(table, flow);
}

void flow_table_expire(struct flow_table *table, int64_t now_ns)
{
	if (now_ns < table->next_expiry_ns && now_ns >= table->looked_ns)
		return;
	table->looked_ns = now_ns;
	table->next_expiry_ns = now_ns > INT64_MAX - SECOND_NS ? INT64_MAX : now_ns + SECOND_NS;
	for (unsigned state = 0; state < FLOW_STATES; state++) {
		struct flow *flow;

		while ((flow = table->lists[state].oldest)) {
			if (flow->touched_ns > now_ns)
				stamp_anew(table, flow, now_ns);
			else if (idle_too_long(table, flow, now_ns))
				flow_table_remove(table, flow);
			else
				break;
		}
	}
}

void flow_table_clear(struct flow_table *table)
{
	for (unsigned state = 0; state < FLOW_STATES; state++)
		while (table->lists[state].oldest)
			flow_table_remove(table, table->lists[state].oldest);
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
