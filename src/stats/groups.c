/*
 * A hash table with open addressing over an array of groups. An entry holds 32 bits
 * of the key's hash beside the group's number, so a probe touches a group only when it
 * is almost surely the right one, and growing touches none.
 */
#include "stats/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
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

_Static_assert(sizeof(struct group_key) == 5 * TCPM_MAX_LABELS + 2 * 2 + 2 * 17 + 2, "no padding");

static const char *const by_names[GROUPS_BYS] = {
	[GROUPS_BY_HOSTS] = "hosts",
	[GROUPS_BY_FLOW] = "flow",
	[GROUPS_BY_RECEIVER] = "receiver",
	[GROUPS_BY_PREFIX] = "prefix",
};

const char *groups_by_name(unsigned by)
{
	return by < GROUPS_BYS ? by_names[by] : "?";
}

int groups_by_parse(const char *name, enum groups_by *by)
{
	for (unsigned i = 0; i < GROUPS_BYS; i++) {
		if (strcmp(name, by_names[i]) == 0) {
			*by = (enum groups_by)i;
			return 0;
		}
	}
	return -EINVAL;
}

int groups_new(const struct groups_options *options, struct groups **groups)
{
	if (options->by >= GROUPS_BYS || options->prefix_v4 > 32 || options->prefix_v6 > 128 ||
	    options->max_groups > LARGEST_MAX)
		return -EINVAL;

	struct groups *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->options = *options;
	if (made->options.max_groups == 0)
		made->options.max_groups = GROUPS_DEFAULT_MAX;
	*groups = made;
	return 0;
}

void groups_free(struct groups *groups)
{
	if (!groups)
		return;
	for (size_t i = 0; i < groups->count; i++) {
		summary_done(&groups->all[i]->summary);
		free(groups->all[i]);
	}
	summary_done(&groups->other.summary);
	free(groups->all);
	free(groups->entries);
	free(groups);
}

const struct groups_options *groups_options(const struct groups *groups)
{
	return &groups->options;
}

static void mask_network(const struct groups *groups, struct tcpm_address *address)
{
	address_mask(address,
		     address->version == 4 ? groups->options.prefix_v4 : groups->options.prefix_v6);
}

/* The key of the group that a direction of a flow belongs to. */
static struct group_key make_key(const struct groups *groups, const struct tcpm_flow_id *flow,
				 unsigned sender)
{
	struct group_key key;

	memset(&key, 0, sizeof(key)); /* it is hashed and compared as bytes */
	key.receiver = flow->address[!sender];
	switch (groups->options.by) {
	case GROUPS_BY_FLOW:
		key.sender_port = flow->port[sender];
		key.receiver_port = flow->port[!sender];
		memcpy(key.label_kind, flow->label_kind, sizeof(key.label_kind));
		memcpy(key.label, flow->label, sizeof(key.label));
		key.sender = flow->address[sender];
		break;
	case GROUPS_BY_RECEIVER:
		break;
	case GROUPS_BY_PREFIX:
		key.sender = flow->address[sender];
		mask_network(groups, &key.sender);
		mask_network(groups, &key.receiver);
		break;
	case GROUPS_BY_HOSTS:
	default:
		key.sender = flow->address[sender];
	}
	return key;
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
	groups->all[groups->count++] = group;
	insert(groups->entries, groups->mask,
	       (struct entry){.hash = hash, .number = (uint32_t)groups->count});
	return group;
}

/* The group of a direction's first sample. */
static struct group *find_or_add(struct groups *groups, const struct tcpm_sample *sample)
{
	struct group_key key = make_key(groups, sample->flow, sample->sender);
	uint32_t hash = hash_key(groups, &key);
	struct group *group = find(groups, &key, hash);

	if (!group && groups->count < groups->options.max_groups)
		group = add(groups, &key, hash);
	return group ? group : &groups->other;
}

void groups_sample(struct groups *groups, const struct tcpm_sample *sample)
{
	struct group *group = *sample->slot;

	if (!group) {
		group = find_or_add(groups, sample);
		*sample->slot = group;
	}
	if (group == &groups->other) {
		if (groups->count >= groups->options.max_groups)
			groups->tally.other_for_cap++;
		else
			groups->tally.other_for_memory++;
	}
	if (summary_add(&group->summary, sample))
		groups->tally.without_histogram++;
}

static void add_totals(struct tcpm_totals *into, const struct tcpm_totals *totals)
{
	into->segments += totals->segments;
	into->retransmitted += totals->retransmitted;
	into->out_of_order += totals->out_of_order;
}

void groups_closed(struct groups *groups, const struct tcpm_closed *closed)
{
	struct group *joined[2];

	for (unsigned sender = 0; sender < 2; sender++) {
		struct group *group = closed->slot[sender];

		if (!group) {
			struct group_key key = make_key(groups, closed->flow, sender);

			group = find(groups, &key, hash_key(groups, &key));
		}
		add_totals(group ? &group->summary.totals : &groups->tally.totals,
			   &closed->totals[sender]);
		joined[sender] = group;
	}
	if (joined[0])
		joined[0]->summary.flows++;
	if (joined[1] && joined[1] != joined[0])
		joined[1]->summary.flows++;
	if (!joined[0] && !joined[1])
		groups->tally.flows++;
}

struct group *const *groups_all(const struct groups *groups, size_t *count)
{
	*count = groups->count;
	return groups->all;
}

const struct group *groups_other(const struct groups *groups)
{
	const struct groups_tally *tally = &groups->tally;

	return tally->other_for_cap + tally->other_for_memory ? &groups->other : NULL;
}

bool group_is_other(const struct group *group)
{
	return group->key.receiver.version == 0;
}

const struct groups_tally *groups_tally(const struct groups *groups)
{
	return &groups->tally;
}
