/*
 * A direction's key: see group_key.h.
 */
#include "stats/group_key.h"

#include <errno.h>
#include <string.h>

#include "base/address.h"

_Static_assert(sizeof(struct group_key) == 5 * TCPM_MAX_LABELS + 4 + 2 * 2 + 2 * 17 + 2,
	       "no padding");

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

const char *group_side_name(unsigned side)
{
	static const char *const names[GROUP_SIDES] = {
		[GROUP_SIDE_NONE] = "",
		[GROUP_SIDE_REMOTE] = "remote",
		[GROUP_SIDE_LOCAL] = "local",
		[GROUP_SIDE_INSIDE] = "inside",
	};

	return side < GROUP_SIDES ? names[side] : "?";
}

static enum group_side side_of(const struct prefixes *local, const struct tcpm_address *sender,
			       const struct tcpm_address *receiver)
{
	if (local->count == 0)
		return GROUP_SIDE_NONE;
	if (prefixes_contain(local, sender))
		return prefixes_contain(local, receiver) ? GROUP_SIDE_INSIDE : GROUP_SIDE_REMOTE;
	return prefixes_contain(local, receiver) ? GROUP_SIDE_LOCAL : GROUP_SIDE_NONE;
}

static void mask_network(const struct group_by *by, struct tcpm_address *address)
{
	address_mask(address, address->version == 4 ? by->prefix_v4 : by->prefix_v6);
}

struct group_key group_key_of(const struct group_by *by, const struct prefixes *local,
			      const struct tcpm_flow_id *flow, unsigned sender, uint32_t interface)
{
	struct group_key key;

	memset(&key, 0, sizeof(key)); /* it is hashed and compared as bytes */
	key.receiver = flow->address[!sender];
	key.side = (uint8_t)side_of(local, &flow->address[sender], &key.receiver);
	if (by->interface)
		key.interface = interface;
	if (by->tunnel || by->hosts == GROUPS_BY_FLOW) {
		memcpy(key.label_kind, flow->label_kind, sizeof(key.label_kind));
		memcpy(key.label, flow->label, sizeof(key.label));
	}
	switch (by->hosts) {
	case GROUPS_BY_FLOW:
		key.sender_port = flow->port[sender];
		key.receiver_port = flow->port[!sender];
		key.sender = flow->address[sender];
		break;
	case GROUPS_BY_RECEIVER:
		break;
	case GROUPS_BY_PREFIX:
		key.sender = flow->address[sender];
		mask_network(by, &key.sender);
		mask_network(by, &key.receiver);
		break;
	case GROUPS_BY_HOSTS:
	default:
		key.sender = flow->address[sender];
	}
	return key;
}
