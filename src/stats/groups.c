/*
 * A hash table with open addressing over an array of groups. An entry holds 32 bits
 * of the key's hash beside the group's number, so a probe touches a group only when it
 * is almost surely the right one, and growing touches none.
 */
#include "stats/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define FIRST_ENTRIES 64U /* a power of two */
#define LARGEST_MAX   ((size_t)1 << 30)

struct entry {
	uint32_t hash;
	uint32_t number; /* index into all, plus one; 0: free */
};

struct groups {
	struct groups_options options;
	struct group **all;
	size_t count;
	size_t room; /* in all; the table has at least 4/3 as many entries */
	struct entry *entries;
	size_t mask; /* entries - 1 */
	struct group other;
	struct groups_tally tally;
};

int groups_new(const struct groups_options *options, struct groups **groups)
{
	if (options->by.hosts >= GROUPS_BYS || options->by.prefix_v4 > 32 ||
	    options->by.prefix_v6 > 128 || options->max_groups > LARGEST_MAX)
		return -EINVAL;

	struct groups *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->options = *options;
	if (made->options.max_groups == 0)
		made->options.max_groups = GROUPS_DEFAULT_MAX;
	groups_set_local(made, options->local);
	*groups = made;
	return 0;
}

static void free_all(struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		summary_done(&groups->all[i]->summary);
		free(groups->all[i]);
	}
	groups->count = 0;
	summary_done(&groups->other.summary);
	free(groups->all);
	free(groups->entries);
	groups->all = NULL;
	groups->entries = NULL;
	groups->room = 0;
	groups->mask = 0;
}

void groups_free(struct groups *groups)
{
	if (!groups)
		return;
	free_all(groups);
	free(groups);
}

void groups_reset(struct groups *groups, uint32_t generation)
{
	free_all(groups);
	groups->other = (struct group){0};
	groups->tally = (struct groups_tally){0};
	groups->options.generation = generation;
}

void groups_set_local(struct groups *groups, const struct prefixes *local)
{
	static const struct prefixes nobody = {0};

	groups->options.local = local ? local : &nobody;
}

const struct groups_options *groups_options(const struct groups *groups)
{
	return &groups->options;
}

static uint32_t hash_key(const struct groups *groups, const struct group_key *key)
{
	return (uint32_t)hash_bytes(key, sizeof(*key), groups->options.seed);
}

/* The group of a key, or NULL. */
static struct group *find(const struct groups *groups, const struct group_key *key, uint32_t hash)
{
	if (!groups->entries)
		return NULL;
	for (size_t i = hash & groups->mask; groups->entries[i].number;
	     i = (i + 1) & groups->mask) {
		if (groups->entries[i].hash != hash)
			continue;

		struct group *group = groups->all[groups->entries[i].number - 1];

		if (memcmp(&group->key, key, sizeof(*key)) == 0)
			return group;
	}
	return NULL;
}

static void insert(struct entry *entries, size_t mask, struct entry entry)
{
	size_t i = entry.hash & mask;

	while (entries[i].number)
		i = (i + 1) & mask;
	entries[i] = entry;
}

/* Doubles the array and the table. On -ENOMEM both still hold what they held. */
static int grow(struct groups *groups)
{
	size_t entry_count = groups->entries ? 2 * (groups->mask + 1) : FIRST_ENTRIES;
	size_t room = entry_count / 4 * 3;
	struct group **all = realloc(groups->all, room * sizeof(*all));

	if (!all)
		return -ENOMEM;
	groups->all = all;

	struct entry *entries = calloc(entry_count, sizeof(*entries));

	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; groups->entries && i <= groups->mask; i++)
		if (groups->entries[i].number)
			insert(entries, entry_count - 1, groups->entries[i]);
	free(groups->entries);
	groups->entries = entries;
	groups->mask = entry_count - 1;
	groups->room = room;
	return 0;
}

static struct group *add(struct groups *groups, const struct group_key *key, uint32_t hash)
{
	if (groups->count == groups->room && grow(groups))
		return NULL;

	struct group *group = calloc(1, sizeof(*group));

	if (!group)
		return NULL;
	group->key = *key;
	group->number = (uint32_t)groups->count;
	groups->all[groups->count++] = group;
	insert(groups->entries, groups->mask,
	       (struct entry){.hash = hash, .number = (uint32_t)groups->count});
	return group;
}

/* The group of a key, made if there is none, or "other". */
static struct group *find_or_add(struct groups *groups, const struct group_key *key)
{
	uint32_t hash = hash_key(groups, key);
	struct group *group = find(groups, key, hash);

	if (!group && groups->count < groups->options.max_groups)
		group = add(groups, key, hash);
	return group ? group : &groups->other;
}

/* Counts samples that have no group of their own. */
static void note_other(struct groups *groups, uint64_t count)
{
	if (groups->count >= groups->options.max_groups)
		groups->tally.other_for_cap += count;
	else
		groups->tally.other_for_memory += count;
}

/*
 * The engine's word for a direction: the generation, and which group it is. Where a
 * pointer has no room for both, it only tells that the direction has had a sample.
 */
#define SLOT_OTHER   UINT32_MAX
#define SLOT_CACHES  (UINTPTR_MAX > UINT32_MAX)
#define SLOT_UNKNOWN ((void *)1)

static void *slot_of(const struct groups *groups, const struct group *group)
{
#if SLOT_CACHES
	uint32_t number = group == &groups->other ? SLOT_OTHER : group->number;

	/* Generations count from 1 here, so no word is NULL. */
	return (void *)(((uintptr_t)groups->options.generation + 1) << 32 | number);
#else
	(void)groups;
	(void)group;
	return SLOT_UNKNOWN;
#endif
}

/* The group that a word tells, if it is of this generation; else NULL. */
static struct group *group_in_slot(struct groups *groups, const void *slot)
{
#if SLOT_CACHES
	uintptr_t word = (uintptr_t)slot;
	uint32_t number = (uint32_t)word;

	if (word >> 32 != (uintptr_t)groups->options.generation + 1)
		return NULL;
	return number == SLOT_OTHER ? &groups->other : groups->all[number];
#else
	(void)groups;
	(void)slot;
	return NULL;
#endif
}

#define CACHE_LINE 64u

void groups_prefetch(struct groups *groups, const struct tcpm_sample *sample,
		     enum groups_prefetch step)
{
#if SLOT_CACHES
	uint32_t number = (uint32_t)(uintptr_t)*sample->slot;

	if (step == GROUPS_PREFETCH_NOTE) {
		if (number < groups->count)
			__builtin_prefetch(&groups->all[number]);
		return;
	}
#endif
	const struct group *group = group_in_slot(groups, *sample->slot);

	if (!group)
		return;
	if (step == GROUPS_PREFETCH_GROUP) {
		for (size_t at = 0; at < sizeof(*group); at += CACHE_LINE)
			__builtin_prefetch((const char *)group + at, 1);
	} else if (step == GROUPS_PREFETCH_HISTOGRAM) {
		histogram_prefetch(&group->summary.series[sample->class_].histogram,
				   sample->rtt_ns);
	}
}

static enum group_side side_of_sample(const struct groups *groups, const struct tcpm_sample *sample)
{
	return (enum group_side)group_key_of(&groups->options.by, groups->options.local,
					     sample->flow, sample->sender, sample->interface)
		.side;
}

enum group_side groups_sample(struct groups *groups, const struct tcpm_sample *sample)
{
	const struct groups_options *options = &groups->options;
	struct group *group = group_in_slot(groups, *sample->slot);

	/* "other" is of no interface: on this one there may be a group. */
	if (!group || (options->by.interface &&
		       (group == &groups->other || group->key.interface != sample->interface))) {
		struct group_key key = group_key_of(&options->by, options->local, sample->flow,
						    sample->sender, sample->interface);

		group = find_or_add(groups, &key);
		*sample->slot = slot_of(groups, group);
	}
	if (group == &groups->other)
		note_other(groups, 1);
	if (summary_add(&group->summary, sample))
		groups->tally.without_histogram++;
	/* "other" has no side; the sample has one all the same. */
	return group == &groups->other ? side_of_sample(groups, sample)
				       : (enum group_side)group->key.side;
}

/* The group of a direction that ends, or NULL: only one that had a sample makes one. */
static struct group *group_of_closed(struct groups *groups, const struct tcpm_closed *closed,
				     unsigned sender)
{
	struct group *group = group_in_slot(groups, closed->slot[sender]);

	if (group)
		return group;

	struct group_key key = group_key_of(&groups->options.by, groups->options.local,
					    closed->flow, sender, closed->flow->interface);

	if (closed->slot[sender])
		return find_or_add(groups, &key);
	return find(groups, &key, hash_key(groups, &key));
}

void groups_closed(struct groups *groups, const struct tcpm_closed *closed)
{
	struct group *joined[2];

	for (unsigned sender = 0; sender < 2; sender++) {
		joined[sender] = group_of_closed(groups, closed, sender);
		if (joined[sender] && summary_samples(&joined[sender]->summary) == 0)
			joined[sender]->summary.interface = closed->flow->interface;
		totals_add(joined[sender] ? &joined[sender]->summary.totals : &groups->tally.totals,
			   &closed->totals[sender]);
	}
	if (joined[0])
		joined[0]->summary.flows++;
	if (joined[1] && joined[1] != joined[0])
		joined[1]->summary.flows++;
	if (!joined[0] && !joined[1])
		groups->tally.flows++;
}

static void merge_group(struct groups *groups, struct group *into, const struct group *from)
{
	uint64_t samples = summary_samples(&from->summary);

	if (into == &groups->other && from->key.receiver.version)
		note_other(groups, samples);
	if (summary_merge(&into->summary, &from->summary))
		groups->tally.without_histogram += samples;
}

void groups_merge_if(struct groups *groups, const struct groups *from,
		     bool (*wanted)(void *user, const struct group *group, struct group_key *key),
		     void *user)
{
	struct groups_tally *tally = &groups->tally;

	for (size_t i = 0; i < from->count; i++) {
		struct group_key key = from->all[i]->key;

		if (wanted(user, from->all[i], &key))
			merge_group(groups, find_or_add(groups, &key), from->all[i]);
	}
	merge_group(groups, &groups->other, &from->other);
	tally->flows += from->tally.flows;
	totals_add(&tally->totals, &from->tally.totals);
	tally->other_for_cap += from->tally.other_for_cap;
	tally->other_for_memory += from->tally.other_for_memory;
	tally->without_histogram += from->tally.without_histogram;
}

static bool everything(void *user, const struct group *group, struct group_key *key)
{
	(void)user;
	(void)group;
	(void)key;
	return true;
}

void groups_merge(struct groups *groups, const struct groups *from)
{
	groups_merge_if(groups, from, everything, NULL);
}

int groups_keep(struct groups *groups, bool (*wanted)(void *user, const struct group *group),
		void *user)
{
	size_t entry_count = groups->entries ? groups->mask + 1 : 0;
	struct entry *entries = calloc(entry_count ? entry_count : 1, sizeof(*entries));
	size_t kept = 0;

	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < groups->count; i++) {
		struct group *group = groups->all[i];

		if (!wanted(user, group)) {
			summary_done(&group->summary);
			free(group);
			continue;
		}
		group->number = (uint32_t)kept;
		groups->all[kept++] = group;
		insert(entries, groups->mask,
		       (struct entry){.hash = hash_key(groups, &group->key),
				      .number = (uint32_t)kept});
	}
	groups->count = kept;
	free(groups->entries);
	groups->entries = entry_count ? entries : NULL;
	if (!entry_count)
		free(entries);
	return 0;
}

const struct group *groups_find(const struct groups *groups, const struct group_key *key)
{
	return find(groups, key, hash_key(groups, key));
}

struct group *const *groups_all(const struct groups *groups, size_t *count)
{
	*count = groups->count;
	return groups->all;
}

const struct group *groups_other(const struct groups *groups)
{
	const struct summary *summary = &groups->other.summary;

	return summary_samples(summary) || summary->flows ? &groups->other : NULL;
}

bool group_is_other(const struct group *group)
{
	return group->key.receiver.version == 0;
}

const struct groups_tally *groups_tally(const struct groups *groups)
{
	return &groups->tally;
}
