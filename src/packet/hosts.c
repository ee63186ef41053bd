/*
 * Two addresses to a number: see hosts.h.
 */
#include "packet/hosts.h"

#include "packet/cursor.h"

/* Odd, with about as many ones as zeros: 2^64 divided by the golden ratio. */
#define SPREAD UINT64_C(0x9e3779b97f4a7c15)

struct address {
	uint64_t high, low; /* as they lie in memory */
};

static inline uint64_t fold(const struct address *address)
{
	return address->high + address->low * SPREAD;
}

static inline uint32_t number_of(const struct address *one, const struct address *other)
{
	return (uint32_t)((fold(one) + fold(other)) * SPREAD >> 32);
}

uint32_t packet_hosts(const struct packet *packet)
{
	struct address source, target;

	memcpy(&source, packet->source, sizeof(source));
	memcpy(&target, packet->target, sizeof(target));
	return number_of(&source, &target);
}

/* IPv4 addresses, as they lie in memory: what `number_of` makes of them. */
static inline uint32_t number_of_v4(uint32_t source, uint32_t target)
{
	return (uint32_t)(((uint64_t)source + target) * SPREAD >> 32);
}

static bool peek_v6(const struct cursor *cursor, uint32_t *hosts)
{
	struct address source, target;
	uint8_t protocol;

	if (!cursor_peek8(cursor, 20, &protocol) || protocol != 6 ||
	    !cursor_copy(cursor, 22, &source, 16) || !cursor_copy(cursor, 38, &target, 16))
		return false;
	*hosts = number_of(&source, &target);
	return true;
}

bool packet_hosts_peek(const struct tcpm_frame *frame, uint32_t *hosts)
{
	const struct cursor cursor = {.at = frame->bytes, .left = frame->captured};
	uint32_t kind, source, target;
	uint16_t fragment;
	uint8_t protocol;

	if (frame->linktype != PACKET_LINKTYPE_ETHERNET || !cursor_has(&cursor, 34) ||
	    !cursor_peek32(&cursor, 12, &kind) || !cursor_peek16(&cursor, 20, &fragment) ||
	    !cursor_peek8(&cursor, 23, &protocol) || !cursor_copy(&cursor, 26, &source, 4) ||
	    !cursor_copy(&cursor, 30, &target, 4))
		return false;
	/* EtherType, and the first byte of the IP header. */
	if ((kind & 0xffffff00u) != 0x08004500u)
		return (kind & 0xfffff000u) == 0x86dd6000u && peek_v6(&cursor, hosts);
	*hosts = number_of_v4(source, target);
	return protocol == 6 && (fragment & 0x3fff) == 0;
}
