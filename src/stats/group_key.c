/*
 * A direction's key: see group_key.h.
 */
#include "stats/group_key.h"

#include <endian.h>
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

static enum group_side side_of(const struct prefix_set *local, const struct tcpm_address *sender,
			       const struct tcpm_address *receiver)
{
	if (local->count == 0)
		return GROUP_SIDE_NONE;
	if (prefix_set_contains(local, sender))
		return prefix_set_contains(local, receiver) ? GROUP_SIDE_INSIDE : GROUP_SIDE_REMOTE;
	return prefix_set_contains(local, receiver) ? GROUP_SIDE_LOCAL : GROUP_SIDE_NONE;
}

static bool has_labels(const struct group_by *by)
{
	return by->tunnel || by->hosts == GROUPS_BY_FLOW;
}

static void mask_network(const struct group_by *by, struct tcpm_address *address)
{
	address_mask(address, address->version == 4 ? by->prefix_v4 : by->prefix_v6);
}

struct group_key group_key_of(const struct group_by *by, const struct prefix_set *local,
			      const struct tcpm_flow_id *flow, unsigned sender, uint32_t interface)
{
	struct group_key key;

	memset(&key, 0, sizeof(key)); /* it is compared as bytes */
	key.receiver = flow->address[!sender];
	key.side = (uint8_t)side_of(local, &flow->address[sender], &key.receiver);
	if (by->interface)
		key.interface = interface;
	if (has_labels(by)) {
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

/* What a hash is of, wherever it lies. */
struct batch_reader {
	const struct tcpm_address *sender; /* NULL: takes no part */
	const struct tcpm_address *receiver;
	uint16_t sender_port;
	uint16_t receiver_port;
	uint32_t interface;
	const uint32_t *label;
	const uint8_t *label_kind;
};

/* Those bytes in a row, of the addresses only what may be there: it is short as a rule. */
struct row {
	uint8_t bytes[sizeof(struct group_key)];
	size_t used;
};

static inline void append(struct row *row, const void *bytes, size_t size)
{
	memcpy(row->bytes + row->used, bytes, size);
	row->used += size;
}

static inline void append_address(struct row *row, const struct tcpm_address *address)
{
	if (address->version == 4)
		append(row, address->bytes, 4);
	else
		append(row, address->bytes, sizeof(address->bytes));
}

/* Whether the sender is the higher one of the two ends. */
static inline bool is_turned(const struct batch_reader *parts)
{
	const struct tcpm_address *sender = parts->sender;
	const struct tcpm_address *receiver = parts->receiver;
	int order;

	if (sender->version != receiver->version)
		return sender->version > receiver->version;
	if (sender->version == 4)
		order = memcmp(sender->bytes, receiver->bytes, 4);
	else
		order = memcmp(sender->bytes, receiver->bytes, sizeof(sender->bytes));
	return order ? order > 0 : parts->sender_port > parts->receiver_port;
}

static uint32_t with_direction(uint64_t hash, bool turned)
{
	return ((uint32_t)hash & ~GROUP_KEY_TURNED) | (turned ? GROUP_KEY_TURNED : 0);
}

/* As hash_parts, for what is asked most often: two hosts of IPv4, and nothing else. */
static inline uint32_t hash_two(const struct batch_reader *parts, uint64_t seed)
{
	uint32_t sender;
	uint32_t receiver;
	bool turned;

	memcpy(&sender, parts->sender->bytes, sizeof(sender));
	memcpy(&receiver, parts->receiver->bytes, sizeof(receiver));
	turned = be32toh(sender) > be32toh(receiver);

	const uint32_t ends[2] = {turned ? receiver : sender, turned ? sender : receiver};

	return with_direction(hash_bytes(ends, sizeof(ends), seed), turned);
}

static inline uint32_t hash_parts(const struct group_by *by, const struct batch_reader *parts,
				  uint64_t seed)
{
	if (by->hosts == GROUPS_BY_HOSTS && !by->interface && !by->tunnel && parts->sender &&
	    parts->sender->version == 4 && parts->receiver->version == 4)
		return hash_two(parts, seed);

	bool turned = parts->sender && is_turned(parts);
	struct row row;

	row.used = 0;
	if (parts->sender)
		append_address(&row, turned ? parts->receiver : parts->sender);
	append_address(&row, turned ? parts->sender : parts->receiver);
	if (by->hosts == GROUPS_BY_FLOW) {
		const uint16_t ports[2] = {turned ? parts->receiver_port : parts->sender_port,
					   turned ? parts->sender_port : parts->receiver_port};

		append(&row, ports, sizeof(ports));
	}
	if (by->interface)
		append(&row, &parts->interface, sizeof(parts->interface));
	if (has_labels(by)) {
		append(&row, parts->label, TCPM_MAX_LABELS * sizeof(*parts->label));
		append(&row, parts->label_kind, TCPM_MAX_LABELS * sizeof(*parts->label_kind));
	}
	return with_direction(hash_bytes(row.bytes, row.used, seed), turned);
}

uint32_t group_key_hash(const struct group_by *by, const struct group_key *key, uint64_t seed)
{
	const struct batch_reader parts = {
		.sender = key->sender.version ? &key->sender : NULL,
		.receiver = &key->receiver,
		.sender_port = key->sender_port,
		.receiver_port = key->receiver_port,
		.interface = key->interface,
		.label = key->label,
		.label_kind = key->label_kind,
	};

	return hash_parts(by, &parts, seed);
}

uint32_t group_key_hash_of(const struct group_by *by, const struct tcpm_flow_id *flow,
			   unsigned sender, uint32_t interface, uint64_t seed)
{
	struct tcpm_address networks[2];
	struct batch_reader parts = {
		.sender = by->hosts == GROUPS_BY_RECEIVER ? NULL : &flow->address[sender],
		.receiver = &flow->address[!sender],
		.interface = interface,
		.label = flow->label,
		.label_kind = flow->label_kind,
	};

	if (by->hosts == GROUPS_BY_FLOW) {
		parts.sender_port = flow->port[sender];
		parts.receiver_port = flow->port[!sender];
	} else if (by->hosts == GROUPS_BY_PREFIX) {
		networks[0] = *parts.sender;
		networks[1] = *parts.receiver;
		mask_network(by, &networks[0]);
		mask_network(by, &networks[1]);
		parts.sender = &networks[0];
		parts.receiver = &networks[1];
	}
	return hash_parts(by, &parts, seed);
}
