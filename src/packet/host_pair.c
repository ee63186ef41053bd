/*
 * Two addresses to a number: see hosts.h.
 */
#include "packet/host_pair.h"

struct address {
	uint64_t high, low; /* as they lie in memory */
};

static inline uint64_t fold(const struct address *address)
{
	return address->high + address->low * HOST_PAIR_SPREAD;
}

static inline uint32_t number_of(const struct address *one, const struct address *other)
{
	return (uint32_t)((fold(one) + fold(other)) * HOST_PAIR_SPREAD >> 32);
}

uint32_t host_pair(const struct packet *packet)
{
	struct address source, target;
	uint32_t source_v4, target_v4;

	if (packet->version == 4) {
		memcpy(&source_v4, packet->source, sizeof(source_v4));
		memcpy(&target_v4, packet->target, sizeof(target_v4));
		return host_pair_ipv4(source_v4, target_v4);
	}
	memcpy(&source, packet->source, sizeof(source));
	memcpy(&target, packet->target, sizeof(target));
	return number_of(&source, &target);
}

int64_t host_pair_peek_other(const uint8_t *bytes, size_t captured)
{
	const struct cursor cursor = {.at = bytes, .left = captured};
	struct address source, target;
	uint32_t kind;
	uint8_t protocol;

	if (!cursor_peek32(&cursor, 12, &kind) || (kind & 0xfffff000u) != 0x86dd6000u ||
	    !cursor_peek8(&cursor, 20, &protocol) || protocol != 6 ||
	    !cursor_copy(&cursor, 22, &source, 16) || !cursor_copy(&cursor, 38, &target, 16))
		return -1;
	return number_of(&source, &target);
}
