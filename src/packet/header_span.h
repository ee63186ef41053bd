/*
 * How much of a frame is looked at, where its first bytes tell: a reader may leave out the data
 * behind it.
 */
#ifndef PACKET_HEADER_SPAN_H
#define PACKET_HEADER_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/cursor.h"

/* Ethernet with two VLAN tags, and IPv4 and TCP with all options that their headers have room for.
 */
#define HEADER_SPAN_ENOUGH 142

/* Whether an Ethernet frame's first HEADER_SPAN_ENOUGH bytes (or all, if it has less) are enough:
 * packet_decode and host_pair_peek say the same with these alone, if the frame's wire_length
 * stays what it was, and was not below `captured`. False: a look does not tell. */
static inline bool header_span_ethernet(const uint8_t *bytes, size_t captured)
{
	struct cursor cursor = {.at = bytes, .left = captured};
	uint32_t kind = 0;
	uint8_t protocol = 0;

	for (unsigned tags = 0; cursor_peek32(&cursor, 12, &kind); tags++) {
		if (tags == 2 || (kind >> 16 != 0x8100 && kind >> 16 != 0x88a8))
			break;
		cursor_skip(&cursor, 4);
	}
	/* EtherType, and the version of IP. */
	if ((kind & 0xfffff000u) == 0x08004000u)
		return cursor_peek8(&cursor, 23, &protocol) && protocol == 6;
	if ((kind & 0xfffff000u) == 0x86dd6000u)
		return cursor_peek8(&cursor, 20, &protocol) && protocol == 6;
	return false;
}

#endif
