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

static uint64_t fold(const struct address *address)
{
	return address->high + address->low * SPREAD;
}

static uint32_t number_of(const struct address *one, const struct address *other)
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

bool packet_hosts_peek(const struct tcpm_frame *frame, uint32_t *hosts)
{
	const struct cursor cursor = {.at = frame->bytes, .left = frame->captured};
	struct address source = {0}, target = {0};
	uint8_t version = 0, protocol;
	uint16_t ethertype, fragment;

	if (frame->linktype != PACKET_LINKTYPE_ETHERNET || !cursor_has(&cursor, 34) ||
	    !cursor_peek16(&cursor, 12, &ethertype) || !cursor_peek8(&cursor, 14, &version))
		return false;
	if (ethertype == 0x0800 && version == 0x45) {
		if (!cursor_peek8(&cursor, 23, &protocol) ||
		    !cursor_peek16(&cursor, 20, &fragment) || (fragment & 0x3fff) != 0 ||
		    !cursor_copy(&cursor, 26, &source, 4) || !cursor_copy(&cursor, 30, &target, 4))
			return false;
	} else if (ethertype != 0x86dd || version >> 4 != 6 ||
		   !cursor_peek8(&cursor, 20, &protocol) ||
		   !cursor_copy(&cursor, 22, &source, 16) ||
		   !cursor_copy(&cursor, 38, &target, 16)) {
		return false;
	}
	*hosts = number_of(&source, &target);
	return protocol == 6;
}
