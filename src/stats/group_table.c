/*
 * The table of groups: see group_table.h.
 */
#include "stats/group_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ENTRIES 64U /* a power of two */
#define RUN_SIZE      (GROUP_TABLE_RUN * sizeof(struct group))

_Static_assert(sizeof(struct group) % 128 == 0, "groups begin on a pair of cache lines");
_Static_assert(offsetof(struct group, summary.series) % 128 == 0, "and so do series");
_Static_assert(offsetof(struct group, summary.series) - offsetof(struct group, number) == 64,
	       "the line before them has what samples of both classes change");
_Static_assert(RUN_SIZE == BLOCK_ALLOC_LARGEST, "a run fills a block");

void group_table_clear(struct group_table *table, bool again)
{
	struct block_alloc blocks = table->blocks;

	if (again)
		block_alloc_clear(&blocks);
	else
		block_alloc_done(&blocks);
	free(table->runs);
	free(table->all);
	free(table->entries);
	*table = (struct group_table){.by = table->by, .seed = table->seed, .blocks = blocks};
}

uint32_t group_table_hash(const struct group_table *table, const struct group_key *key)
{
	return group_key_hash(&table->by, key, table->seed);
}

/* The turned bit is the highest, and a table is never so large that it takes part here: both
 * directions begin at one place. */
static size_t first_place(size_t mask, uint32_t hash)
{
	return hash & ~GROUP_KEY_TURNED & mask;
}

struct group *group_table_find(const struct group_table *table, const struct group_key *key,
			       uint32_t hash)
{
	if (!table->entries)
		return NULL;
	for (size_t i = first_place(table->mask, hash); table->entries[i].number;
	     i = (i + 1) & table->mask) {
		struct group *group;

		if (table->entries[i].hash != hash)
			continue;
		group = group_table_at(table, table->entries[i].number - 1);
		if (memcmp(&group->key, key, sizeof(*key)) == 0)
			return group;
	}
	return NULL;
}

bool group_table_may_hold(const struct group_table *table, uint32_t hash)
{
	if (!table->entries)
		return false;
	for (size_t i = first_place(table->mask, hash); table->entries[i].number;
	     i = (i + 1) & table->mask)
		if (((table->entries[i].hash ^ hash) & ~GROUP_KEY_TURNED) == 0)
			return true;
	return false;
}

static void insert(struct group_entry *entries, size_t mask, struct group_entry entry)
{
	size_t i = first_place(mask, entry.hash);

	while (entries[i].number)
		i = (i + 1) & mask;
	entries[i] = entry;
}

/* Doubles the arrays and the table. On -ENOMEM all still hold what they held. */
static int grow(struct group_table *table)
{
	size_t entry_count = table->entries ? 2 * (table->mask + 1) : FIRST_ENTRIES;
	size_t room = entry_count / 4 * 3;
	size_t run_room = (room + GROUP_TABLE_RUN - 1) / GROUP_TABLE_RUN;
	struct group **all = realloc(table->all, room * sizeof(*all));
	struct group **runs;
	struct group_entry *entries;

	if (!all)
		return -ENOMEM;
	table->all = all;
	runs = realloc(table->runs, run_room * sizeof(*runs));
	if (!runs)
		return -ENOMEM;
	table->runs = runs;
	entries = calloc(entry_count, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; table->entries && i <= table->mask; i++)
		if (table->entries[i].number)
			insert(entries, entry_count - 1, table->entries[i]);
	free(table->entries);
	table->entries = entries;
	table->mask = entry_count - 1;
	table->room = room;
	return 0;
}

struct group *group_table_add(struct group_table *table, const struct group_key *key, uint32_t hash)
{
	struct group *group;

	if (table->count == table->room && grow(table))
		return NULL;
	if (table->count == table->run_count * GROUP_TABLE_RUN) {
		struct group *run = block_alloc_take(&table->blocks, RUN_SIZE);

		if (!run)
			return NULL;
		table->runs[table->run_count++] = run;
	}
	group = group_table_at(table, (uint32_t)table->count);
	*group = (struct group){.key = *key, .number = (uint32_t)table->count};
	table->all[table->count++] = group;
	insert(table->entries, table->mask,
	       (struct group_entry){.hash = hash, .number = (uint32_t)table->count});
	return group;
}

/* Gives back the runs that hold no group any longer. */
static void give_runs(struct group_table *table)
{
	size_t needed = (table->count + GROUP_TABLE_RUN - 1) / GROUP_TABLE_RUN;

	while (table->run_count > needed)
		block_alloc_give(&table->blocks, table->runs[--table->run_count], RUN_SIZE);
}

int group_table_keep(struct group_table *table,
		     bool (*wanted)(void *user, const struct group *group), void *user)
{
	struct group_entry *entries;
	size_t count = table->count;

	if (!table->entries)
		return 0;
	entries = calloc(table->mask + 1, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	table->count = 0;
	for (size_t i = 0; i < count; i++) {
		struct group *group = table->all[i];
		struct group *place = table->all[table->count];

		if (!wanted(user, group)) {
			summary_done(&group->summary, &table->blocks);
			continue;
		}
		if (place != group)
			*place = *group;
		place->number = (uint32_t)table->count++;
		insert(entries, table->mask,
		       (struct group_entry){.hash = group_table_hash(table, &place->key),
					    .number = (uint32_t)table->count});
	}
	free(table->entries);
	table->entries = entries;
	give_runs(table);
	return 0;
}

size_t group_table_memory(const struct group_table *table)
{
	size_t memory = block_alloc_memory(&table->blocks);

	if (table->entries)
		memory += (table->mask + 1) * sizeof(*table->entries) +
			  table->room * sizeof(*table->all) +
			  (table->room / GROUP_TABLE_RUN + 1) * sizeof(*table->runs);
	return memory;
}
