/*
 * Samples to groups: a summary for each pair of hosts, flow, receiver or pair of
 * networks.
 *
 * A sample's way is short: the engine keeps a word for each direction of a flow,
 * and the group's number is put there once, so only a direction's first sample
 * is hashed and looked up. The word also holds the groups' generation: when an
 * interval ends, all groups go at once, and no word has to be touched.
 *
 * The number of groups has a cap that traffic cannot move. What comes beyond it,
 * or finds no memory, is summed up in one more group, "other": nothing is lost
 * from the sums, only told apart no longer.
 *
 * Memory: a group takes 384 bytes, its place in the table about 30. Its two histograms are
 * in it while their times are within a factor of two and no counter is over 255; else each
 * takes 64 bytes and more: as a rule 128 while samples are few, up to 800 when they are many
 * and spread over a factor of 50. So it is 400 to 700 bytes in all for most groups.
 */
#ifndef STATS_GROUPS_H
#define STATS_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/group_key.h"
#include "stats/summary.h"
#include "tcpmetro.h"

#define GROUPS_DEFAULT_MAX 100000

struct groups_options {
	struct group_by by;
	size_t max_groups; /* below 2^30; 0: GROUPS_DEFAULT_MAX */
	/* Bytes of memory beyond which no group is made, as if there were none; 0: no bound.
	 * Histograms of the groups that there are may still grow. */
	size_t max_memory;
	uint64_t seed; /* secret, random: keys the table */
	/* Whose addresses are local. NULL: nobody's. The caller's; must live and stay as it
	 * is until groups_free or groups_set_local. */
	const struct prefix_set *local;
	/* Written to the engine's user data. Groups that take each other's place under one engine
	 * must each have a number of their own; see groups_reset. */
	uint32_t generation;
	bool part; /* of what groups_join will put together */
};

struct group {
	struct group_key key;
	uint32_t number; /* of its groups', from 0 in the order of their first samples */
	uint32_t silent; /* of a part's, see groups_join; private */
	uint64_t order;  /* of its first sample, see tcpm_sample */
	uint32_t unused[2];
	struct summary summary; /* its series begin on a cache line, as the group does */
};

/* What is in no group, or not in the one it belongs to. */
struct groups_tally {
	uint64_t flows;             /* that ended while neither direction had a group */
	struct tcpm_totals totals;  /* of directions that had no group when they ended */
	uint64_t other_for_cap;     /* samples in "other", because of the cap */
	uint64_t other_for_memory;  /* samples in "other", for want of memory */
	uint64_t without_histogram; /* samples that quantiles do not count, for want of memory */
};

struct groups;

/* 0, or -ENOMEM, -EINVAL (an option out of range): *groups is untouched. */
int groups_new(const struct groups_options *options, struct groups **groups);

/* NULL is fine. */
void groups_free(struct groups *groups);

const struct groups_options *groups_options(const struct groups *groups);

/* Which addresses are local from now on; see groups_options. Groups that exist, and
 * directions that have had a sample in this generation, keep their side. */
void groups_set_local(struct groups *groups, const struct prefix_set *local);

/* Adds a sample, and what was sent since the one before it, to its group, which is made
 * if there is none yet. Returns the side of the sample's direction. */
enum group_side groups_sample(struct groups *groups, const struct tcpm_sample *sample);

/* Whether a sample's word alone tells its group: then it needs no flow, if it is added before the
 * groups are reset or replaced. */
bool groups_know(const struct groups *groups, const struct tcpm_sample *sample);

/* As groups_sample of each, in order, at most GROUPS_SAMPLES; sides[i] is what it returns for
 * samples[i]. What they touch is fetched from memory side by side. */
#define GROUPS_SAMPLES 32

void groups_samples(struct groups *groups, const struct tcpm_sample *samples, size_t count,
		    enum group_side sides[static GROUPS_SAMPLES]);

/*
 * Adds what a flow's two directions sent since their last samples to their groups, and
 * counts the flow, in each of the groups once (in "other" once for each that it would have been
 * in). A direction that never had a sample joins a
 * group that others made, but makes none (a scan of a million ports must not make a million
 * groups); if there is none at that moment, it goes to the tally.
 */
void groups_closed(struct groups *groups, const struct tcpm_closed *closed);

/* Forgets all groups, "other" and the tally; the engine's user data that points to them is
 * known by their generation, and looked up anew. The new generation must be one that
 * the engine's user data has not held. */
void groups_reset(struct groups *groups, uint32_t generation);

/* Adds all groups of `from` (made by the same options), "other" and the tally. What has
 * no room goes to "other". */
void groups_merge(struct groups *groups, const struct groups *from);

/* The same, without the groups that are not wanted ("other" and the tally always are). *key is
 * the group's, and what it is when `wanted` returns is what the group is merged under, with all
 * others of that key; the receiver must stay. */
void groups_merge_if(struct groups *groups, const struct groups *from,
		     bool (*wanted)(void *user, const struct group *group, struct group_key *key),
		     void *user);

/*
 * Puts together what several engines measured that share a capture's flows (see
 * tcpm_options.partitions): the same groups, "other" and tally as if one had measured all, unless
 * the memory was bounded; only which sample of "other" was the last may differ, where several
 * were at one time or time stepped back. Of the groups of all parts those stay whose first
 * samples came first; what is beyond max_groups goes to "other". groups and all parts were made
 * by the same options, the parts with `part`, and none of them holds a group of the same key as
 * another; groups is empty, and will hold no groups of its own but only show those of the parts,
 * which must stay as they are. It may then be looked at by groups_all, groups_other, groups_tally
 * and groups_options alone, and freed. 0, or -ENOMEM: groups is empty still.
 */
int groups_join(struct groups *groups, struct groups *const *parts, size_t count);

/* Forgets the groups that are not wanted: room for others. Not of groups that an engine's
 * user data points to; those that stay may lie elsewhere afterwards. "Other" stays. 0, or -ENOMEM:
 * nothing has changed. */
int groups_keep(struct groups *groups, bool (*wanted)(void *user, const struct group *group),
		void *user);

/* The group of a key, or NULL. */
const struct group *groups_find(const struct groups *groups, const struct group_key *key);

/* The groups in the order of their first samples, without "other". Valid until the
 * next sample. */
struct group *const *groups_all(const struct groups *groups, size_t *count);

/* Begins to bring all of a group into the cache, its histograms apart. */
static inline void group_prefetch(const struct group *group)
{
	for (size_t at = 0; at < sizeof(*group); at += 64)
		__builtin_prefetch((const char *)group + at);
}

/* The group of what has no group of its own; NULL if there is no such thing. It may hold
 * the end of a flow and no sample. */
const struct group *groups_other(const struct groups *groups);

bool group_is_other(const struct group *group);

const struct groups_tally *groups_tally(const struct groups *groups);

/* Bytes that the groups, their table and their histograms hold from the system now, what is
 * held for the next ones included. A plain sum of four numbers. */
size_t groups_memory(const struct groups *groups);

#endif
