/*
 * Which two hosts a packet passes between, as a number: what frames are shared out by, see
 * tcpm_options.partitions.
 *
 * The number is the same for both directions, whatever ports, labels and tunnels there are, and
 * always the same for the same hosts. It is no defence: who chooses addresses can make all
 * numbers equal.
 */
#ifndef PACKET_HOST_PAIR_H
#define PACKET_HOST_PAIR_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>

#include "packet/cursor.h"
#include "packet/packet.h"

/* Of a packet that was decoded. Spread over all 32 bits. */
uint32_t host_pair(const struct packet *packet);

/* The same of a frame that is not decoded, where a look is enough: plain Ethernet and IP, of
 * the first one, with TCP behind it. False: decode it. True: packet_decode may find that it is
 * no sound TCP packet after all; if it is one, its hosts are these. */
static inline bool host_pair_peek(const struct tcpm_frame *frame, uint32_t *hosts);

/* ---- how ---- */

/* Odd, with about as many ones as zeros: 2^64 divided by the golden ratio. */
#define HOST_PAIR_SPREAD UINT64_C(0x9e3779b97f4a7c15)

/* Of two IPv4 addresses, as they lie in memory. */
static inline uint32_t host_pair_ipv4(uint32_t source, uint32_t target)
{
	return (uint32_t)(((uint64_t)source + target) * HOST_PAIR_SPREAD >> 32);
}

/* Of Ethernet frames that are not plain IPv4: the number; -1: a look is not enough. */
int64_t host_pair_peek_other(const uint8_t *bytes, size_t captured);

/* Of Ethernet frames; as host_pair_peek. */
static inline __attribute__((always_inline)) bool packet_hosts_peek_ethernet(const uint8_t *bytes,
									     size_t captured,
									     uint32_t *hosts)
{
	/* Of the eight bytes from the packet's length on: the fragment's offset and "more", and the
	 * protocol. */
	const uint64_t rest = UINT64_C(0x3fff00ff), tcp = 6;
	const struct cursor cursor = {.at = bytes, .left = captured};
	uint64_t middle, addresses;
	uint32_t kind;
	int64_t number;

	if (!cursor_has(&cursor, 34) || !cursor_peek32(&cursor, 12, &kind) ||
	    !cursor_copy(&cursor, 16, &middle, 8) || !cursor_copy(&cursor, 26, &addresses, 8))
		return false;
	/* EtherType, and the first byte of the IP header. */
	if ((kind & 0xffffff00u) == 0x08004500u) {
		*hosts = host_pair_ipv4((uint32_t)addresses, (uint32_t)(addresses >> 32));
		return (middle & htobe64(rest)) == htobe64(tcp);
	}
	number = host_pair_peek_other(bytes, captured);
	*hosts = (uint32_t)number;
	return number >= 0;
}

static inline __attribute__((always_inline)) bool host_pair_peek(const struct tcpm_frame *frame,
								 uint32_t *hosts)
{
	return frame->linktype == PACKET_LINKTYPE_ETHERNET &&
	       packet_hosts_peek_ethernet(frame->bytes, frame->captured, hosts);
}

#endif
