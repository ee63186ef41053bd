/*
 * What tells one group of samples from another.
 */
#ifndef STATS_GROUP_KEY_H
#define STATS_GROUP_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/prefix_set.h"
#include "tcpmetro.h"

enum groups_by {
	GROUPS_BY_HOSTS,    /* sender and receiver, by address */
	GROUPS_BY_FLOW,     /* sender and receiver, by address and port; labels */
	GROUPS_BY_RECEIVER, /* the receiver's address: whoever acknowledged */
	GROUPS_BY_PREFIX,   /* sender's and receiver's networks */
	GROUPS_BYS
};

/* Where a direction leads, as seen from the hosts that are called local. */
enum group_side {
	GROUP_SIDE_NONE,   /* neither end is local: a router, a mirror port */
	GROUP_SIDE_REMOTE, /* a local host sends, a remote one acknowledges: the network */
	GROUP_SIDE_LOCAL,  /* a remote host sends, a local one acknowledges: our own stack */
	GROUP_SIDE_INSIDE, /* both are local */
	GROUP_SIDES
};

struct group_by {
	enum groups_by hosts;
	bool interface;     /* and by the interface of the sample */
	bool tunnel;        /* and by the flow's labels; a flow's group always is */
	unsigned prefix_v4; /* bits of an address that tell the network; 0 to 32 */
	unsigned prefix_v6; /* 0 to 128 */
};

/* What does not take part is zero (an address of version 0); in "other", everything is. */
struct group_key {
	uint32_t label[TCPM_MAX_LABELS];
	uint8_t label_kind[TCPM_MAX_LABELS];
	uint32_t interface;
	uint16_t sender_port;
	uint16_t receiver_port;
	struct tcpm_address sender;
	struct tcpm_address receiver;
	uint8_t side; /* enum group_side */
	uint8_t zero; /* keys are hashed and compared as bytes: no padding */
};

/* The key of a direction of a flow, on an interface. local: whose addresses are local. */
struct group_key group_key_of(const struct group_by *by, const struct prefix_set *local,
			      const struct tcpm_flow_id *flow, unsigned sender, uint32_t interface);

/*
 * A hash of what a key holds, but for the side, keyed by the seed. The bit GROUP_KEY_TURNED
 * tells two opposite directions apart; all other bits are the same for both, so that one look
 * into a table tells that there is neither.
 */
#define GROUP_KEY_TURNED (UINT32_C(1) << 31)
uint32_t group_key_hash(const struct group_by *by, const struct group_key *key, uint64_t seed);

/* The hash of the key that group_key_of would make, which is not made. */
uint32_t group_key_hash_of(const struct group_by *by, const struct tcpm_flow_id *flow,
			   unsigned sender, uint32_t interface, uint64_t seed);

/* "hosts", "flow", "receiver", "prefix"; "?" if out of range. */
const char *groups_by_name(unsigned by);

/* The value of a name. 0, or -EINVAL: no such name, *by is untouched. */
int groups_by_parse(const char *name, enum groups_by *by);

/* "", "remote", "local", "inside"; "?" if out of range. */
const char *group_side_name(unsigned side);

#endif
