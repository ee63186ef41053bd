/*
 * Flows in a region, found by an index, in lists by last use: see flow_table.h.
 *
 * Flows never move but in flow_table_fit; freed places are in a list both ways, so that any
 * of them can be taken out of it. The index doubles as flows are added, so that a small
 * capture touches little memory.
 */
#include "rtt/flow_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/pool.h"
#include "base/region.h"
#include "rtt/flow_index.h"

#define FIRST_BUCKETS 64u
#define FEWEST_FLOWS  64u /* that fit any bound of memory */
#define CACHE_LINE    64u
#define SECOND_NS     INT64_C(1000000000)
#define NOTED_SYNS    16384u /* a power of two */
/* More than what is asked for is given back at once, so that it is not asked for each time. */
#define FIT_MORE ((size_t)256 << 10)

/* The newest and the oldest place by last use; 0: none. */
struct use_list {
	uint32_t newest;
	uint32_t oldest;
};

struct flow_table {
	struct flow_table_options options;
	struct flow_index index;
	struct region flows;
	struct pool wide; /* struct tcpm_flow_id */
	struct pool rare; /* struct flow_rare */
	uint32_t places;  /* that the region has */
	uint32_t high;    /* that were ever taken, but for those given back */
	uint32_t spare;   /* the first free one below */
	uint32_t count;
	uint32_t *noted; /* places by endpoints; NOTED_SYNS of them */
	struct use_list lists[FLOW_STATES];
	size_t elsewhere;
	uint64_t opened;
	uint64_t evicted;
	int64_t next_expiry_ns;
	int64_t looked_ns;
};

static struct flow *flow_at(const struct flow_table *table, uint32_t place)
{
	return (struct flow *)(void *)table->flows.base + (place - 1);
}

static uint32_t place_of(const struct flow_table *table, const struct flow *flow)
{
	return (uint32_t)(flow - (struct flow *)(void *)table->flows.base) + 1;
}

/* How many places are worth having address space for. */
static uint32_t places_within(const struct flow_table_options *options)
{
	size_t most = options->max_memory / sizeof(struct flow);

	if (most < FEWEST_FLOWS)
		most = FEWEST_FLOWS;
	return options->max_flows < most ? options->max_flows : (uint32_t)most;
}

struct flow_table *flow_table_new(const struct flow_table_options *options)
{
	struct flow_table *table = calloc(1, sizeof(*table));
	uint32_t places = places_within(options);

	if (!table)
		return NULL;
	table->options = *options;
	table->places = places;
	table->noted = calloc(NOTED_SYNS, sizeof(*table->noted));
	if (!table->noted || flow_index_init(&table->index, FIRST_BUCKETS) < 0 ||
	    region_init(&table->flows, places * sizeof(struct flow)) < 0 ||
	    pool_init(&table->wide, sizeof(struct tcpm_flow_id), places) < 0 ||
	    pool_init(&table->rare, sizeof(struct flow_rare), places) < 0) {
		flow_table_free(table);
		return NULL;
	}
	table->next_expiry_ns = INT64_MIN;
	table->looked_ns = INT64_MIN;
	return table;
}

void flow_table_free(struct flow_table *table)
{
	if (!table)
		return;
	flow_index_done(&table->index);
	region_done(&table->flows);
	pool_done(&table->wide);
	pool_done(&table->rare);
	free(table->noted);
	free(table);
}

/*
 * Names.
 */

void flow_name_plain(uint64_t seed, const uint32_t address[2], const uint16_t port[2],
		     uint32_t interface, struct flow_name *name)
{
	name->key = (struct flow_key){
		.address = {address[0], address[1]},
		.port = {port[0], port[1]},
	};
	name->hash = hash_bytes(&name->key, sizeof(name->key), seed);
	name->interface = interface;
}

void flow_name_of(uint64_t seed, const struct tcpm_flow_id *id, struct flow_name *name)
{
	if (id->address[0].version == 4 && id->label_kind[0] == TCPM_LABEL_NONE) {
		uint32_t address[2];

		memcpy(&address[0], id->address[0].bytes, sizeof(address[0]));
		memcpy(&address[1], id->address[1].bytes, sizeof(address[1]));
		flow_name_plain(seed, address, id->port, id->interface, name);
		return;
	}
	name->id = *id;
	name->hash = hash_bytes(id, FLOW_ID_BYTES, seed);
	name->key = (struct flow_key){.port = {id->port[0], id->port[1]}, .wide = 1};
	memcpy(name->key.address, &name->hash, sizeof(name->hash));
	name->interface = id->interface;
}

static uint64_t hash_of(const struct flow_table *table, const struct flow *flow)
{
	uint64_t hash;

	if (!flow->key.wide)
		return hash_bytes(&flow->key, sizeof(flow->key), table->options.seed);
	memcpy(&hash, flow->key.address, sizeof(hash));
	return hash;
}

static void plain_id(const struct flow_key *key, struct tcpm_flow_id *id)
{
	memset(id, 0, sizeof(*id));
	for (unsigned i = 0; i < 2; i++) {
		id->address[i].version = 4;
		memcpy(id->address[i].bytes, &key->address[i], sizeof(key->address[i]));
		id->port[i] = key->port[i];
	}
}

void flow_name_id(const struct flow_name *name, struct tcpm_flow_id *id)
{
	if (name->key.wide)
		*id = name->id;
	else
		plain_id(&name->key, id);
	id->interface = name->interface;
}

void flow_table_id(const struct flow_table *table, const struct flow *flow, struct tcpm_flow_id *id)
{
	if (flow->key.wide) {
		memcpy(id, pool_at(&table->wide, flow->key.wide), sizeof(*id));
		return;
	}
	plain_id(&flow->key, id);
	id->interface = flow->interface;
	if (flow->interface == UINT16_MAX)
		id->interface = flow_table_rare_if(table, flow)->interface;
}

void flow_table_name(const struct flow_table *table, const struct flow *flow,
		     struct flow_name *name)
{
	struct tcpm_flow_id id;

	flow_table_id(table, flow, &id);
	flow_name_of(table->options.seed, &id, name);
}

static bool same_wide(const struct flow_table *table, const struct flow *flow,
		      const struct flow_name *name)
{
	return flow->key.wide &&
	       memcmp(&flow->key, &name->key, offsetof(struct flow_key, wide)) == 0 &&
	       memcmp(pool_at(&table->wide, flow->key.wide), &name->id, FLOW_ID_BYTES) == 0;
}

static inline bool same_plain(const struct flow_key *a, const struct flow_key *b)
{
	uint64_t x[2];
	uint64_t y[2];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

static inline bool is_named(const struct flow_table *table, const struct flow *flow,
			    const struct flow_name *name)
{
	return name->key.wide ? same_wide(table, flow, name) : same_plain(&flow->key, &name->key);
}

void flow_table_prefetch_bucket(const struct flow_table *table, uint64_t hash)
{
	__builtin_prefetch(index_bucket_of(&table->index, hash));
}

struct flow *flow_table_prefetch_flow(const struct flow_table *table, uint64_t hash)
{
	struct index_search search;
	uint32_t place;
	char *flow;

	index_search_begin(&search, &table->index, hash);
	place = index_search_next(&search, &table->index);
	if (!place)
		return NULL;
	flow = (char *)flow_at(table, place);
	for (size_t at = 0; at < sizeof(struct flow); at += CACHE_LINE)
		__builtin_prefetch(flow + at, 1);
	__builtin_prefetch(flow + sizeof(struct flow) - 1, 1);
	return (struct flow *)(void *)flow;
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
			return flow_at(table, flow_table_rare_if(table, flow)->real);
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

	return &table->noted[hash & (NOTED_SYNS - 1)];
}

static uint32_t *noted_place_of(const struct flow_table *table, const struct flow *flow)
{
	struct tcpm_flow_id id;

	flow_table_id(table, flow, &id);
	return noted_place(table, &id);
}

void flow_table_note_syn(struct flow_table *table, struct flow *flow)
{
	uint32_t *noted = noted_place_of(table, flow);

	if (*noted)
		flow_at(table, *noted)->flags &= (uint8_t)~FLOW_SYN_NOTED;
	*noted = place_of(table, flow);
	flow->flags |= FLOW_SYN_NOTED;
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

/*
 * Places.
 */

size_t flow_table_memory(const struct flow_table *table)
{
	return table->high * sizeof(struct flow) + pool_memory(&table->wide) +
	       pool_memory(&table->rare) + flow_index_memory(&table->index) +
	       NOTED_SYNS * sizeof(*table->noted);
}

static bool has_room(const struct flow_table *table)
{
	if (table->high >= table->places)
		return false;
	return table->high < FEWEST_FLOWS ||
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

static void spare_remove(struct flow_table *table, struct flow *flow)
{
	if (flow->newer)
		flow_at(table, flow->newer)->older = flow->older;
	else
		table->spare = flow->older;
	if (flow->older)
		flow_at(table, flow->older)->newer = flow->newer;
}

static struct flow *take(struct flow_table *table)
{
	if (table->spare) {
		struct flow *flow = flow_at(table, table->spare);

		spare_remove(table, flow);
		return flow;
	}
	return has_room(table) ? flow_at(table, ++table->high) : NULL;
}

static void give_back(struct flow_table *table, struct flow *flow)
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

static void unlink_flow(struct flow_table *table, struct flow *flow)
{
	flow_index_change(&table->index, hash_of(table, flow), place_of(table, flow), 0);
	flow->flags &= (uint8_t)~FLOW_LINKED;
}

static void remove_alias(struct flow_table *table, struct flow *flow)
{
	const struct flow_rare *rare = flow_table_rare_if(table, flow);
	struct flow *alias;

	if (!rare || !rare->alias)
		return;
	alias = flow_at(table, rare->alias);
	unlink_flow(table, alias);
	give_back(table, alias);
	flow_table_rare(table, flow)->alias = 0;
}

static void remove_one(struct flow_table *table, struct flow *flow)
{
	struct flow *challenged = flow_table_challenged(table, flow);

	remove_alias(table, flow);
	if (flow->flags & FLOW_SYN_NOTED)
		*noted_place_of(table, flow) = 0;
	if (challenged)
		flow_table_rare(table, challenged)->challenger = 0;
	if (flow->flags & FLOW_LINKED)
		unlink_flow(table, flow);
	use_list_remove(table, flow);
	table->options.closed(table->options.user, flow);
	give_back(table, flow);
}

/* The connection that was to take a flow's place lives on by itself. */
static void inherit(struct flow_table *table, struct flow *flow, struct flow *challenger)
{
	struct flow_rare *left = flow_table_rare(table, flow);
	struct flow_rare *right = flow_table_rare(table, challenger);

	right->challenged = 0;
	right->alias = left->alias;
	if (left->alias)
		flow_table_rare(table, flow_at(table, left->alias))->real =
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

static void fetch(const struct flow *flow)
{
	const char *at = (const char *)flow;

	__builtin_prefetch(at, 1);
	__builtin_prefetch(at + sizeof(*flow) / 2, 1);
	__builtin_prefetch(at + sizeof(*flow) - 1, 1);
}

static bool evict(struct flow_table *table, const struct flow *keep)
{
	struct flow *oldest = victim(table, keep);

	if (!oldest)
		return false;
	/* The next one to go. */
	if (oldest->newer)
		fetch(flow_at(table, oldest->newer));
	flow_table_remove(table, oldest);
	table->evicted++;
	return true;
}

/* A place in memory, made free if need be. NULL: nothing else could go. */
static struct flow *take_place(struct flow_table *table, const struct flow *keep)
{
	struct flow *flow = take(table);

	if (!flow && evict(table, keep))
		flow = take(table);
	return flow;
}

/* Notes whose place it is. */
static void set_name(struct flow_table *table, struct flow *flow, const struct flow_name *name)
{
	flow->key = name->key;
	if (name->key.wide) {
		struct tcpm_flow_id *id;

		flow->key.wide = pool_take(&table->wide);
		id = pool_at(&table->wide, flow->key.wide);
		memcpy(id, &name->id, sizeof(*id));
		id->interface = name->interface;
	}
	flow->interface = (uint16_t)name->interface;
	if (name->interface >= UINT16_MAX) {
		flow->interface = UINT16_MAX;
		flow_table_rare(table, flow)->interface = name->interface;
	}
}

struct flow *flow_table_add(struct flow_table *table, const struct flow_name *name, int64_t now_ns,
			    const struct flow *keep)
{
	struct flow *flow = take_place(table, keep);

	if (!flow)
		return NULL;
	memset(flow, 0, sizeof(*flow));
	flow->touched_ns = now_ns;
	flow->state = FLOW_HALF_OPEN;
	set_name(table, flow, name);
	table->count++;
	table->opened++;
	use_list_add(table, flow);
	return flow;
}

/* Twice the buckets. Without memory for them the places just lie farther apart. */
static void widen(struct flow_table *table)
{
	struct flow_index wider;

	if (flow_index_init(&wider, (table->index.mask + 1) * 2) < 0)
		return;
	for (uint32_t place = 1; place <= table->high; place++) {
		const struct flow *flow = flow_at(table, place);

		if (flow->flags & FLOW_LINKED)
			flow_index_add(&wider, hash_of(table, flow), place);
	}
	flow_index_done(&table->index);
	table->index = wider;
}

void flow_table_link(struct flow_table *table, struct flow *flow)
{
	if (flow_index_crowded(&table->index))
		widen(table);
	flow_index_add(&table->index, hash_of(table, flow), place_of(table, flow));
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
	flow_table_rare(table, alias)->real = place_of(table, flow);
	flow_table_rare(table, flow)->alias = place_of(table, alias);
	flow_table_link(table, alias);
}

struct flow *flow_table_challenger(const struct flow_table *table, const struct flow *flow)
{
	const struct flow_rare *rare = flow_table_rare_if(table, flow);

	return rare && rare->challenger ? flow_at(table, rare->challenger) : NULL;
}

struct flow *flow_table_challenged(const struct flow_table *table, const struct flow *flow)
{
	const struct flow_rare *rare = flow_table_rare_if(table, flow);

	return rare && rare->challenged ? flow_at(table, rare->challenged) : NULL;
}

void flow_table_challenge(struct flow_table *table, struct flow *old, struct flow *flow)
{
	struct flow *earlier = flow_table_challenger(table, old);

	if (earlier)
		remove_one(table, earlier);
	flow_table_rare(table, old)->challenger = place_of(table, flow);
	flow_table_rare(table, flow)->challenged = place_of(table, old);
}

void flow_table_succeed(struct flow_table *table, struct flow *challenger)
{
	flow_table_remove(table, flow_table_challenged(table, challenger));
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
		while (table->lists[state].oldest) {
			struct flow *flow = flow_at(table, table->lists[state].oldest);

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
			flow_table_remove(table, flow_at(table, table->lists[state].oldest));
}

/*
 * Giving memory back.
 */

/* Whoever knows a flow by its place learns of another one. */
static void change_place(struct flow_table *table, struct flow *flow, uint32_t from, uint32_t to)
{
	const struct flow_rare *rare = flow_table_rare_if(table, flow);

	if (flow->flags & FLOW_LINKED)
		flow_index_change(&table->index, hash_of(table, flow), from, to);
	if (flow->flags & FLOW_SYN_NOTED)
		*noted_place_of(table, flow) = to;
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
		spare_remove(table, flow);
	} else {
		struct flow *to = flow_at(table, table->spare);

		spare_remove(table, to);
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
	if (before <= FEWEST_FLOWS)
		return;
	fewer = excess < before - FEWEST_FLOWS ? (uint32_t)excess : before - FEWEST_FLOWS;
	while (table->count > before - fewer && evict(table, NULL))
		;
	while (table->high > before - fewer && table->spare)
		lower(table);
	region_give_back(&table->flows, table->high * sizeof(struct flow),
			 before * sizeof(struct flow));
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
