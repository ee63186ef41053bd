/*
 * Samples to groups: a summary for each pair of hosts, flow, receiver or pair of
 * networks.
 *
 * A sample's way is short: the engine keeps a word for each direction of a flow,
 * and the group's address is put there once, so only a direction's first sample
 * is hashed and looked up.
 *
 * The number of groups has a cap that traffic cannot move. What comes beyond it,
 * or finds no memory, is summed up in one more group, "other": nothing is lost
 * from the sums, only told apart no longer.
 *
 * Memory: a group is one allocation of 320 bytes, its place in the table takes about
 * 20, and each of its two histograms 128 for each factor of two that its times
 * spread over: 500 to 1,500 bytes in all, as a rule.
 */
#ifndef STATS_GROUPS_H
#define STATS_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/summary.h"
#include "tcpmetro.h"

#define GROUPS_DEFAULT_MAX 100000

enum groups_by {
	GROUPS_BY_HOSTS,    /* sender and receiver, by address */
	GROUPS_BY_FLOW,     /* sender and receiver, by address and port; labels */
	GROUPS_BY_RECEIVER, /* the receiver's address: whoever acknowledged */
	GROUPS_BY_PREFIX,   /* sender's and receiver's networks */
	GROUPS_BYS
};

struct groups_options {
	enum groups_by by;
	unsigned prefix_v4; /* bits of an address that tell the network; 0 to 32 */
	unsigned prefix_v6; /* 0 to 128 */
	size_t max_groups;  /* at most 2^30; 0: GROUPS_DEFAULT_MAX */
	uint64_t seed;      /* secret, random: keys the table */
};

/* What tells one group from another. What does not take part is zero (an address of
 * version 0); in "other", everything is. */
struct group_key {
	uint32_t label[TCPM_MAX_LABELS];
	uint8_t label_kind[TCPM_MAX_LABELS];
	uint16_t sender_port;
	uint16_t receiver_port;
	struct tcpm_address sender;
	struct tcpm_address receiver;
	uint16_t zero; /* keys are hashed and compared as bytes: no padding */
};

struct group {
	struct group_key key;
	struct summary summary;
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

/* NULL is fine. Not before the engine is freed or flushed: the engine's slots point
 * into the groups. */
void groups_free(struct groups *groups);

const struct groups_options *groups_options(const struct groups *groups);

/* Adds a sample to its group, which is made if there is none yet. Fits
 * tcpm_handler.sample but for the type of its first argument. */
void groups_sample(struct groups *groups, const struct tcpm_sample *sample);

/*
 * Adds what a flow's two directions sent to their groups, and counts the flow, in each
 * of the groups once. A direction without a sample joins a group that others made,
 * but makes none (a scan of a million ports must not make a million groups); if there
 * is none at that moment, it goes to the tally.
 */
void groups_closed(struct groups *groups, const struct tcpm_closed *closed);

/* The groups in the order of their first samples, without "other". Valid until the
 * next sample. */
struct group *const *groups_all(const struct groups *groups, size_t *count);

/* The group of what has no group of its own; NULL if it has no sample. */
const struct group *groups_other(const struct groups *groups);

bool group_is_other(const struct group *group);

const struct groups_tally *groups_tally(const struct groups *groups);

/* "hosts", "flow", "receiver", "prefix"; "?" if out of range. */
const char *groups_by_name(unsigned by);

/* The value of a name. 0, or -EINVAL: no such name, *by is untouched. */
int groups_by_parse(const char *name, enum groups_by *by);

#endif
