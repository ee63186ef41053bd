/*
 * Samples' way to their groups, and what becomes of what has none. The groups themselves are
 * in a table (group_table.h).
 */
#include "stats/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stats/group_table.h"

/* What directions without a sample brought to a group of a part. Had there been no room for the
 * group, they would have found none, and it would have gone to the tally. */
struct silent {
	struct tcpm_totals totals;
	uint64_t flows; /* of which none but such directions are in this group; */
	uint64_t alone; /* those that have no sample at all and no group with a lower order */
};

struct groups {
	struct groups_options options;
	struct group_table table;
	struct silent *silents; /* of a part's groups that have any: group->silent, from 1 */
	uint32_t silent_count;
	uint32_t silent_room;
	struct group other;
	struct groups_tally tally;
};

#define FIRST_SILENTS 64U

/* The bits of user data that hold a group's number; see user_data_of. */
#define NUMBER_BITS  ((UINT32_C(1) << 30) - 1)
#define NUMBER_OTHER NUMBER_BITS

int groups_new(const struct groups_options *options, struct groups **groups)
{
	if (options->by.hosts >= GROUPS_BYS || options->by.prefix_v4 > 32 ||
	    options->by.prefix_v6 > 128 || options->max_groups > NUMBER_BITS)
		return -EINVAL;

	struct groups *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->options = *options;
	if (made->options.max_groups == 0)
		made->options.max_groups = GROUPS_DEFAULT_MAX;
	made->table.by = options->by;
	made->table.seed = options->seed;
	groups_set_local(made, options->local);
	*groups = made;
	return 0;
}

void groups_free(struct groups *groups)
{
	if (!groups)
		return;
	group_table_clear(&groups->table, false);
	free(groups->silents);
	free(groups);
}

void groups_reset(struct groups *groups, uint32_t generation)
{
	group_table_clear(&groups->table, true);
	groups->other = (struct group){0};
	groups->tally = (struct groups_tally){0};
	groups->silent_count = 0;
	groups->options.generation = generation;
}

void groups_set_local(struct groups *groups, const struct prefix_set *local)
{
	static const struct prefix_set nobody = {0};

	groups->options.local = local ? local : &nobody;
}

const struct groups_options *groups_options(const struct groups *groups)
{
	return &groups->options;
}

/* What is held but free is there for new groups: after a busy interval it may be all. */
static bool has_memory(const struct groups *groups)
{
	return groups->options.max_memory == 0 ||
	       groups_memory(groups) - block_alloc_free(&groups->table.blocks) <
		       groups->options.max_memory;
}

/* The group of a key, made if there is none, or "other". order: see tcpm_sample; if it is made
 * for one. */
static struct group *find_or_add(struct groups *groups, const struct group_key *key, uint64_t order)
{
	uint32_t hash = group_table_hash(&groups->table, key);
	struct group *group = group_table_find(&groups->table, key, hash);

	if (group)
		return group;
	if (groups->table.count < groups->options.max_groups && has_memory(groups))
		group = group_table_add(&groups->table, key, hash);
	if (!group)
		return &groups->other;
	group->order = order;
	return group;
}

/* Counts samples that have no group of their own. */
static void note_other(struct groups *groups, uint64_t count)
{
	if (groups->table.count >= groups->options.max_groups)
		groups->tally.other_for_cap += count;
	else
		groups->tally.other_for_memory += count;
}

/* A direction's user data: the generation, counted from 1, its side (two bits), and which group it
 * is in. */
_Static_assert(GROUP_SIDES <= 4, "a side fits two bits");

static uint64_t user_data_of(const struct groups *groups, const struct group *group, unsigned side)
{
	uint32_t number = group == &groups->other ? NUMBER_OTHER : group->number;

	return ((uint64_t)groups->options.generation + 1) << 32 | (uint64_t)side << 30 | number;
}

static bool is_of_generation(const struct groups *groups, uint64_t user_data)
{
	return user_data >> 32 == (uint64_t)groups->options.generation + 1;
}

/* The group in user data, if it is of this generation; else NULL. */
static struct group *group_in(struct groups *groups, uint64_t user_data)
{
	uint32_t number = (uint32_t)user_data & NUMBER_BITS;

	if (!is_of_generation(groups, user_data))
		return NULL;
	return number == NUMBER_OTHER ? &groups->other : group_table_at(&groups->table, number);
}

static enum group_side side_in(uint64_t user_data)
{
	return (enum group_side)(user_data >> 30 & 3);
}

/* The group in a sample's user data; NULL: it must be looked up. */
static struct group *group_of_sample(struct groups *groups, const struct tcpm_sample *sample)
{
	struct group *group = group_in(groups, *sample->user_data);

	/* "other" is of no interface: on this one there may be a group. */
	if (group && groups->options.by.interface &&
	    (group == &groups->other || group->key.interface != sample->interface))
		return NULL;
	return group;
}

enum group_side groups_sample(struct groups *groups, const struct tcpm_sample *sample)
{
	struct group *group = group_of_sample(groups, sample);
	enum group_side side = side_in(*sample->user_data);

	if (!group) {
		const struct groups_options *options = &groups->options;
		struct group_key key = group_key_of(&options->by, options->local, sample->flow,
						    sample->sender, sample->interface);

		group = find_or_add(groups, &key, sample->order);
		side = (enum group_side)key.side;
		*sample->user_data = user_data_of(groups, group, side);
	}
	if (group == &groups->other)
		note_other(groups, 1);
	if (summary_add(&group->summary, sample, &groups->table.blocks))
		groups->tally.without_histogram++;
	return side; /* "other" has none; the sample has one all the same */
}

/* Where groups are told apart by interface, a direction's user data may become another group's by
 * the samples before this one. */
bool groups_know(const struct groups *groups, const struct tcpm_sample *sample)
{
	return !groups->options.by.interface && is_of_generation(groups, *sample->user_data);
}

void groups_samples(struct groups *groups, const struct tcpm_sample *samples, size_t count,
		    enum group_side sides[static GROUPS_SAMPLES])
{
	struct group *found[GROUPS_SAMPLES];

	/* Of a group what all samples change, and what those of a class do; then the place in
	 * its histogram, which that tells. */
	for (size_t i = 0; i < count; i++) {
		const struct series *series;

		found[i] = group_of_sample(groups, &samples[i]);
		if (!found[i])
			continue;
		series = &found[i]->summary.series[samples[i].class_];
		__builtin_prefetch(&found[i]->summary, 1);
		__builtin_prefetch(series, 1);
		__builtin_prefetch(&series->pairs, 1); /* the series' other line */
	}
	for (size_t i = 0; i < count; i++)
		if (found[i])
			histogram_prefetch(&found[i]->summary.series[samples[i].class_].histogram,
					   samples[i].rtt_ns);
	/* What was found may not be so any more: the ones before made groups, and changed words. */
	for (size_t i = 0; i < count; i++)
		sides[i] = groups_sample(groups, &samples[i]);
}

/* Whether there may be a group of one of the directions of a flow; false is certain. */
static bool may_have_group(const struct groups *groups, const struct tcpm_flow_id *flow)
{
	const struct group_by *by = &groups->options.by;
	bool may = false;

	/* The two directions have one hash, but where the receiver alone makes the group. */
	for (unsigned sender = 0; !may && sender < (by->hosts == GROUPS_BY_RECEIVER ? 2 : 1);
	     sender++)
		may = group_table_may_hold(
			&groups->table,
			group_key_hash_of(by, flow, sender, flow->interface, groups->options.seed));
	return may;
}

/* The group of a direction that ends, or NULL: only one that had a sample makes one. */
static struct group *group_of_closed(struct groups *groups, const struct tcpm_closed *closed,
				     unsigned sender)
{
	struct group *group = group_in(groups, *closed->user_data[sender]);

	if (group)
		return group;

	struct group_key key = group_key_of(&groups->options.by, groups->options.local,
					    closed->flow, sender, closed->flow->interface);

	if (*closed->user_data[sender])
		return find_or_add(groups, &key, 0);
	return group_table_find(&groups->table, &key, group_table_hash(&groups->table, &key));
}

/* Whether both directions of a flow would have been in one group. */
static bool same_group(const struct groups *groups, const struct tcpm_flow_id *flow)
{
	struct group_key keys[2];

	for (unsigned sender = 0; sender < 2; sender++)
		keys[sender] = group_key_of(&groups->options.by, groups->options.local, flow,
					    sender, flow->interface);
	return memcmp(&keys[0], &keys[1], sizeof(keys[0])) == 0;
}

/* NULL: there is no memory. */
static struct silent *silent_of(struct groups *groups, struct group *group)
{
	uint32_t room = groups->silent_room ? groups->silent_room * 2 : FIRST_SILENTS;
	struct silent *silents;

	if (group->silent)
		return &groups->silents[group->silent - 1];
	if (groups->silent_count == groups->silent_room) {
		silents = realloc(groups->silents, room * sizeof(*silents));
		if (!silents)
			return NULL;
		groups->silents = silents;
		groups->silent_room = room;
	}
	group->silent = ++groups->silent_count;
	groups->silents[group->silent - 1] = (struct silent){0};
	return &groups->silents[group->silent - 1];
}

/* Notes of a flow that ended what only directions without a sample brought to a group. joined:
 * the groups of its directions. */
static void note_silent(struct groups *groups, const struct tcpm_closed *closed,
			struct group *const joined[2])
{
	const struct group *first = NULL;

	for (unsigned sender = 0; sender < 2; sender++) {
		struct group *group = joined[sender];
		bool twice = joined[0] == joined[1];
		struct silent *silent;

		if (!group || group == &groups->other || *closed->user_data[sender])
			continue;
		silent = silent_of(groups, group);
		if (!silent)
			continue;
		totals_add(&silent->totals, &closed->totals[sender]);
		if (!twice || (sender == 0 && !*closed->user_data[1]))
			silent->flows++;
		if (!first || group->order < first->order)
			first = group;
	}
	if (first && !*closed->user_data[0] && !*closed->user_data[1])
		groups->silents[first->silent - 1].alone++;
}

void groups_closed(struct groups *groups, const struct tcpm_closed *closed)
{
	struct group *joined[2];

	/* Most flows of a scan end here. */
	if (!*closed->user_data[0] && !*closed->user_data[1] &&
	    !may_have_group(groups, closed->flow)) {
		totals_add(&groups->tally.totals, &closed->totals[0]);
		totals_add(&groups->tally.totals, &closed->totals[1]);
		groups->tally.flows++;
		return;
	}
	for (unsigned sender = 0; sender < 2; sender++) {
		joined[sender] = group_of_closed(groups, closed, sender);
		if (joined[sender] && !joined[sender]->summary.sampled)
			joined[sender]->summary.interface = closed->flow->interface;
		totals_add(joined[sender] ? &joined[sender]->summary.totals : &groups->tally.totals,
			   &closed->totals[sender]);
	}
	if (joined[0])
		joined[0]->summary.flows++;
	if (joined[1] && (joined[1] != joined[0] ||
			  (joined[1] == &groups->other && !same_group(groups, closed->flow))))
		joined[1]->summary.flows++;
	if (!joined[0] && !joined[1])
		groups->tally.flows++;
	if (groups->options.part)
		note_silent(groups, closed, joined);
}

static void merge_group(struct groups *groups, struct group *into, const struct group *from)
{
	uint64_t samples = summary_samples(&from->summary);

	if (into == &groups->other && from->key.receiver.version)
		note_other(groups, samples);
	if (summary_merge(&into->summary, &from->summary, &groups->table.blocks))
		groups->tally.without_histogram += samples;
}

static void add_tally(struct groups_tally *into, const struct groups_tally *from)
{
	into->flows += from->flows;
	totals_add(&into->totals, &from->totals);
	into->other_for_cap += from->other_for_cap;
	into->other_for_memory += from->other_for_memory;
	into->without_histogram += from->without_histogram;
}

void groups_merge_if(struct groups *groups, const struct groups *from,
		     bool (*wanted)(void *user, const struct group *group, struct group_key *key),
		     void *user)
{
	for (size_t i = 0; i < from->table.count; i++) {
		struct group_key key = from->table.all[i]->key;

		if (wanted(user, from->table.all[i], &key))
			merge_group(groups, find_or_add(groups, &key, 0), from->table.all[i]);
	}
	merge_group(groups, &groups->other, &from->other);
	add_tally(&groups->tally, &from->tally);
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

/* ---- parts ---- */

/* A group of a part for which there is no room: what is in it goes where it had gone without
 * it. */
static void spill(struct groups *groups, const struct groups *part, const struct group *group)
{
	struct group rest = *group;

	if (group->silent) {
		const struct silent *silent = &part->silents[group->silent - 1];

		rest.summary.flows -= silent->flows;
		totals_subtract(&rest.summary.totals, &silent->totals);
		groups->tally.flows += silent->alone;
		totals_add(&groups->tally.totals, &silent->totals);
	}
	merge_group(groups, &groups->other, &rest);
}

/* Groups are fetched from memory so many before they are looked at. */
#define JOIN_AHEAD 8

/* The part whose next group, by `next`, had its first sample first; count: there is none. */
static size_t earliest(struct groups *const *parts, size_t count, const size_t *next)
{
	size_t best = count;

	for (size_t i = 0; i < count; i++)
		if (next[i] < parts[i]->table.count &&
		    (best == count || parts[i]->table.all[next[i]]->order <
					      parts[best]->table.all[next[best]]->order))
			best = i;
	return best;
}

int groups_join(struct groups *groups, struct groups *const *parts, size_t count)
{
	struct group_table *table = &groups->table;
	size_t *next = calloc(count, sizeof(*next));
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += parts[i]->table.count;
	table->all = malloc((total ? total : 1) * sizeof(struct group *));
	if (!next || !table->all) {
		free(next);
		free(table->all);
		table->all = NULL;
		return -ENOMEM;
	}
	for (size_t left = total; left > 0; left--) {
		size_t part = earliest(parts, count, next);
		const struct group_table *from = &parts[part]->table;
		struct group *group = from->all[next[part]++];

		if (next[part] + JOIN_AHEAD < from->count)
			__builtin_prefetch(&from->all[next[part] + JOIN_AHEAD]->order);
		if (table->count < groups->options.max_groups)
			table->all[table->count++] = group;
		else
			spill(groups, parts[part], group);
	}
	free(next);
	for (size_t i = 0; i < count; i++) {
		merge_group(groups, &groups->other, &parts[i]->other);
		add_tally(&groups->tally, &parts[i]->tally);
	}
	return 0;
}

int groups_keep(struct groups *groups, bool (*wanted)(void *user, const struct group *group),
		void *user)
{
	return group_table_keep(&groups->table, wanted, user);
}

const struct group *groups_find(const struct groups *groups, const struct group_key *key)
{
	return group_table_find(&groups->table, key, group_table_hash(&groups->table, key));
}

struct group *const *groups_all(const struct groups *groups, size_t *count)
{
	*count = groups->table.count;
	return groups->table.all;
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

size_t groups_memory(const struct groups *groups)
{
	return sizeof(*groups) + group_table_memory(&groups->table) +
	       groups->silent_room * sizeof(*groups->silents);
}
