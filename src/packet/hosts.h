/*
 * Which two hosts a packet passes between, as a number: what frames are shared out by, see
 * tcpm_options.shares.
 *
 * The number is the same for both directions, whatever ports, labels and tunnels there are, and
 * always the same for the same hosts. It is no defence: who chooses addresses can make all
 * numbers equal.
 */
#ifndef PACKET_HOSTS_H
#define PACKET_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/cursor.h"
#include "packet/packet.h"

/* Of a packet that was decoded. Spread over all 32 bits. */
uint32_t packet_hosts(const struct packet *packet);

/* The same of a frame that is not decoded, where a look is enough: plain Ethernet and IP, of
 * the first one, with TCP behind it. False: decode it. True: packet_decode may find that it is
 * no sound TCP packet after all; if it is one, its hosts are these. */
static inline bool packet_hosts_peek(const struct tcpm_frame *frame, uint32_t *hosts);

/* ---- how ---- */

/* Odd, with about as many ones as zeros: 2^64 divided by the golden ratio. */
#define PACKET_HOSTS_SPREAD UINT64_C(0x9e3779b97f4a7c15)

/* Of frames that are not IPv4. */
bool packet_hosts_peek_v6(const struct tcpm_frame *frame, uint32_t *hosts);

static inline __attribute__((always_inline)) bool packet_hosts_peek(const struct tcpm_frame *frame,
								    uint32_t *hosts)
{
	const struct cursor cursor = {.at = frame->bytes, .left = frame->captured};
	uint32_t kind, source, target;
	uint16_t fragment, protocol;

	if (frame->linktype != PACKET_LINKTYPE_ETHERNET || !cursor_has(&cursor, 34) ||
	    !cursor_peek32(&cursor, 12, &kind) || !cursor_peek16(&cursor, 20, &fragment) ||
	    !cursor_peek16(&cursor, 22, &protocol) || !cursor_copy(&cursor, 26, &source, 4) ||
	    !cursor_copy(&cursor, 30, &target, 4))
		return false;
	/* EtherType, and the first byte of the IP header. */
	if ((kind & 0xffffff00u) != 0x08004500u)
		return packet_hosts_peek_v6(frame, hosts);
	*hosts = (uint32_t)(((uint64_t)source + target) * PACKET_HOSTS_SPREAD >> 32);
	return (protocol & 0xff) == 6 && (fragment & 0x3fff) == 0;
}

#endif
