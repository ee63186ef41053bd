/*
 * What a flow is looked up by: its id, in a short form, and a hash of it.
 */
#ifndef RTT_FLOW_NAME_H
#define RTT_FLOW_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tcpmetro.h"

/* What of an id tells one flow from another: all before its interface. Ids are made from
 * zeroed memory, so what lies between their fields is equal too. */
#define FLOW_ID_BYTES offsetof(struct tcpm_flow_id, interface)

_Static_assert(FLOW_ID_BYTES == 2 * 17 + 2 * 2 + TCPM_MAX_LABELS + 2 + 4 * TCPM_MAX_LABELS,
	       "nothing unexpected in what is compared");

/*
 * An id, short. Plain are IPv4 flows without labels: their addresses (in network byte order)
 * and ports are the whole id. Of others `long_key` is not 0, and a hash of the id is in place of
 * the addresses.
 */
struct flow_key {
	uint32_t address[2];
	uint16_t port[2];
	uint32_t long_key; /* where its id is kept, in a flow; any other than 0 in a name */
};

/* All of them, `long_key` too: of plain ones that is enough. */
static inline bool flow_key_same(const struct flow_key *a, const struct flow_key *b)
{
	uint64_t x[2];
	uint64_t y[2];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/* What a flow is looked up by. */
struct flow_name {
	uint64_t hash; /* of the key or of the id, under the table's seed */
	struct flow_key key;
	/* Only if key.long_key: the id, which is stored elsewhere and must outlive the name. */
	const struct tcpm_flow_id *id;
	uint32_t interface; /* takes no part in the comparison */
};

/* The name of an id, which must outlive it; `seed` is that of the table it is for. */
void flow_name_of(uint64_t seed, const struct tcpm_flow_id *id, struct flow_name *name);

/* The same for IPv4 endpoints without labels, lower endpoint first; addresses in network byte
 * order. */
void flow_name_plain(uint64_t seed, const uint32_t address[2], const uint16_t port[2],
		     uint32_t interface, struct flow_name *name);

/* The id of a name. */
void flow_name_id(const struct flow_name *name, struct tcpm_flow_id *id);

/* The id of a plain key, its interface 0. */
void flow_key_id(const struct flow_key *key, struct tcpm_flow_id *id);

/* The hash of the name that a key is of. */
uint64_t flow_key_hash(uint64_t seed, const struct flow_key *key);

#endif
