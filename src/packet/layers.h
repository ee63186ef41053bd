/*
 * How a frame is walked: one layer after another, each decoder telling the next.
 *
 * packet_decode starts with the layer that the link type names and goes on until
 * a decoder stops it, TCP ends it, or PACKET_MAX_LAYERS have been walked. A
 * decoder takes its header off the front of the walk, writes what it learned
 * into walk->packet and sets walk->next.
 *
 * A further layer (MPLS, PPPoE, GRE, VXLAN, IP in IP, ...) is: a value of enum
 * layer, a decoder declared here, a case in packet.c's loop, and a way in (an
 * EtherType in link.c, a protocol number in ip.c, or a port behind a UDP layer).
 * Nothing else changes: an inner IP header overwrites the addresses and the
 * length of the outer one, and depth stays bounded by the loop.
 */
#ifndef PACKET_LAYERS_H
#define PACKET_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/cursor.h"
#include "packet/packet.h"
#include "tcpmetro.h"

enum layer {
	LAYER_ETHERNET,
	LAYER_LINUX_SLL,
	LAYER_LINUX_SLL2,
	LAYER_LOOPBACK, /* four bytes of address family, then IP */
	LAYER_RAW_IP,   /* IP of the version that its first four bits tell */
	LAYER_VLAN,
	LAYER_IPV4,
	LAYER_IPV6,
	LAYER_EXTENSION, /* an IPv6 header of the common form (RFC 6564) */
	LAYER_ROUTING,
	LAYER_FRAGMENT,
	LAYER_AUTHENTICATION,
	LAYER_TCP,
};

struct walk {
	struct cursor cursor; /* what was captured of the layers still to come */
	/* What they were on the wire: by the innermost IP header walked so far, or by
	 * the frame while there was none. Never less than cursor.left. */
	uint32_t wire;
	enum layer next;
	struct packet *packet;
};

/* Takes count bytes off the front; false, and nothing changed, if they were not
 * captured. */
static inline bool walk_skip(struct walk *walk, size_t count)
{
	if (!cursor_skip(&walk->cursor, count))
		return false;
	walk->wire -= (uint32_t)count;
	return true;
}

/* What is still to come is length bytes, says a header: what was captured behind
 * them is padding, and what is missing of them was cut off. */
static inline void walk_limit(struct walk *walk, uint32_t length)
{
	walk->wire = length;
	cursor_limit(&walk->cursor, length);
}

/* Why a header of count bytes behind an IP header is not all there: the capture
 * cut it off, or it goes on in another fragment, or it does not fit the length
 * that the IP header tells. */
static inline enum tcpm_decode walk_missing(const struct walk *walk, size_t count)
{
	if (count <= walk->wire)
		return TCPM_DECODE_TRUNCATED;
	return walk->packet->more_data ? TCPM_DECODE_FRAGMENT : TCPM_DECODE_MALFORMED;
}

/*
 * The decoders. Each returns TCPM_DECODE_TCP to go on with walk->next, or the
 * reason to stop.
 */

/* link.c: what stands in front of IP. */
enum tcpm_decode link_ethernet(struct walk *walk);
enum tcpm_decode link_linux_sll(struct walk *walk);
enum tcpm_decode link_linux_sll2(struct walk *walk);
enum tcpm_decode link_loopback(struct walk *walk);
enum tcpm_decode link_raw_ip(struct walk *walk);
enum tcpm_decode link_vlan(struct walk *walk);

/* ip.c: IPv4 (RFC 791), IPv6 (RFC 8200) and what stands between them and TCP. */
enum tcpm_decode ip_v4(struct walk *walk);
enum tcpm_decode ip_v6(struct walk *walk);
enum tcpm_decode ip_extension(struct walk *walk);
enum tcpm_decode ip_routing(struct walk *walk);
enum tcpm_decode ip_fragment(struct walk *walk);
enum tcpm_decode ip_authentication(struct walk *walk);

/* tcp.c: the last one (RFC 9293 3.1); TCPM_DECODE_TCP: walk->packet is complete. */
enum tcpm_decode tcp_header(struct walk *walk);

#endif
