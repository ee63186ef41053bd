/*
 * From ids to names and back: see flow_name.h.
 */
#include "rtt/flow_name.h"

#include "base/hash.h"

uint64_t flow_key_hash(uint64_t seed, const struct flow_key *key)
{
	uint64_t hash;

	if (!key->long_key)
		return hash_bytes(key, sizeof(*key), seed);
	memcpy(&hash, key->address, sizeof(hash));
	return hash;
}

/* As they lie in memory one behind the other. */
static inline uint64_t in_order(uint64_t first, uint64_t second, unsigned bits)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? second << bits | first
							 : first << bits | second;
}

void flow_name_plain(uint64_t seed, const uint32_t address[2], const uint16_t port[2],
		     uint32_t interface, struct flow_name *name)
{
	/* Written in the pieces that it is read in at once: else the reader must wait until they
	 * are in the cache. */
	const uint64_t words[2] = {
		in_order(address[0], address[1], 32),
		in_order(in_order(port[0], port[1], 16), 0, 32),
	};

	_Static_assert(sizeof(words) == sizeof(name->key), "all of it");
	memcpy(&name->key, words, sizeof(words));
	name->hash = flow_key_hash(seed, &name->key);
	name->interface = interface;
}

void flow_name_of(uint64_t seed, const struct tcpm_flow_id *id, struct flow_name *name)
{
	if (id->address[0].version == 4 && id->label_kind[0] == TCPM_LABEL_NONE) {
		uint32_t address[2];

		memcpy(&address[0], id->address[0].bytes, sizeof(address[0]));
		memcpy(&address[1], id->address[1].bytes, sizeof(address[1]));
		flow_name_plain(seed, address, id->port, id->interface, name);
		return;
	}
	name->id = id;
	name->hash = hash_bytes(id, FLOW_ID_BYTES, seed);
	name->key = (struct flow_key){.port = {id->port[0], id->port[1]}, .long_key = 1};
	memcpy(name->key.address, &name->hash, sizeof(name->hash));
	name->interface = id->interface;
}

void flow_key_id(const struct flow_key *key, struct tcpm_flow_id *id)
{
	memset(id, 0, sizeof(*id));
	for (unsigned i = 0; i < 2; i++) {
		id->address[i].version = 4;
		memcpy(id->address[i].bytes, &key->address[i], sizeof(key->address[i]));
		id->port[i] = key->port[i];
	}
}

void flow_name_id(const struct flow_name *name, struct tcpm_flow_id *id)
{
	if (name->key.long_key)
		*id = *name->id;
	else
		flow_key_id(&name->key, id);
	id->interface = name->interface;
}
