/*
 * Groups by key and by number: a hash table with open addressing over groups that lie in
 * blocks.
 *
 * An entry holds 32 bits of the key's hash beside the group's number, so a probe touches a
 * group only when it is almost surely the right one, and growing touches none. Where a group
 * lies follows from its number.
 */
#ifndef STATS_GROUP_TABLE_H
#define STATS_GROUP_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/block_alloc.h"
#include "stats/groups.h"

/* How many groups lie one behind the other. */
#define GROUP_TABLE_RUN 32u

struct group_entry {
	uint32_t hash;   /* group_key_hash */
	uint32_t number; /* of the group, plus one; 0: free */
};

/* All zero bytes, but for by and seed: an empty table. */
struct group_table {
	struct group_by by;
	uint64_t seed;
	struct group **runs; /* group n is runs[n / GROUP_TABLE_RUN][n % GROUP_TABLE_RUN] */
	struct group **all;  /* group n is all[n] */
	size_t count;
	size_t run_count;
	size_t room; /* in all; runs has as much as that needs, entries are at least 4/3 of it */
	struct group_entry *entries;
	size_t mask; /* entries - 1 */
	struct block_alloc blocks;
};

/* Frees all; an empty table stays behind. again: it will soon be filled again, so some
 * memory may be kept for that. */
void group_table_clear(struct group_table *table, bool again);

uint32_t group_table_hash(const struct group_table *table, const struct group_key *key);

/* The group of a key of this hash, or NULL. */
struct group *group_table_find(const struct group_table *table, const struct group_key *key,
			       uint32_t hash);

/* false: there is surely no group of a key of this hash, and none of the opposite direction,
 * in whatever order the hash tells the two. */
bool group_table_may_hold(const struct group_table *table, uint32_t hash);

/* A new group of a key that has none. NULL: no memory, nothing has changed. */
struct group *group_table_add(struct group_table *table, const struct group_key *key,
			      uint32_t hash);

/* As groups_keep. */
int group_table_keep(struct group_table *table,
		     bool (*wanted)(void *user, const struct group *group), void *user);

/* Bytes that are held from the system. */
size_t group_table_memory(const struct group_table *table);

/* Group `number`, which is below count. */
static inline struct group *group_table_at(const struct group_table *table, uint32_t number)
{
	return &table->runs[number / GROUP_TABLE_RUN][number % GROUP_TABLE_RUN];
}

#endif
