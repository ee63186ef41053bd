/*
 * A direction's key: see group_key.h.
 */
#include "stats/group_key.h"

#include <errno.h>
#include <string.h>

#include "base/address.h"
#include "base/hash.h"

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

struct group_key group_key_sideless(const struct group_by *by, const struct tcpm_flow_id *flow,
				    unsigned sender, uint32_t interface)
{
	struct group_key key;

	memset(&key, 0, sizeof(key)); /* it is compared as bytes */
	key.receiver = flow->address[!sender];
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

struct group_key group_key_of(const struct group_by *by, const struct prefixes *local,
			      const struct tcpm_flow_id *flow, unsigned sender, uint32_t interface)
{
	struct group_key key = group_key_sideless(by, flow, sender, interface);

	key.side = (uint8_t)side_of(local, &flow->address[sender], &flow->address[!sender]);
	return key;
}

/* What is hashed: of the addresses only what may be there, so that it is short as a rule. */
struct hashed {
	uint8_t bytes[sizeof(struct group_key)];
	size_t used;
};

static void append(struct hashed *hashed, const void *bytes, size_t size)
{
	memcpy(hashed->bytes + hashed->used, bytes, size);
	hashed->used += size;
}

static void append_address(struct hashed *hashed, const struct tcpm_address *address)
{
	if (address->version == 4)
		append(hashed, address->bytes, 4);
	else
		append(hashed, address->bytes, sizeof(address->bytes));
}

/* Whether the sender is the higher one of the two ends. */
static bool is_turned(const struct group_key *key)
{
	int order = memcmp(&key->sender, &key->receiver, sizeof(key->sender));

	return order ? order > 0 : key->sender_port > key->receiver_port;
}

uint32_t group_key_hash(const struct group_by *by, const struct group_key *key, uint64_t seed)
{
	struct hashed hashed;
	bool two = key->sender.version != 0;
	bool turned = two && is_turned(key);
	uint32_t hash;

	hashed.used = 0;
	append_address(&hashed, turned || !two ? &key->receiver : &key->sender);
	if (two)
		append_address(&hashed, turned ? &key->sender : &key->receiver);
	if (by->hosts == GROUPS_BY_FLOW) {
		uint16_t ports[2] = {key->sender_port, key->receiver_port};

		if (turned) {
			ports[0] = key->receiver_port;
			ports[1] = key->sender_port;
		}
		append(&hashed, ports, sizeof(ports));
	}
	if (by->interface)
		append(&hashed, &key->interface, sizeof(key->interface));
	if (by->tunnel || by->hosts == GROUPS_BY_FLOW) {
		append(&hashed, key->label, sizeof(key->label));
		append(&hashed, key->label_kind, sizeof(key->label_kind));
	}
	hash = (uint32_t)hash_bytes(hashed.bytes, hashed.used, seed);
	return turned ? hash | GROUP_KEY_TURNED : hash & ~GROUP_KEY_TURNED;
}
