/*
 * How a frame is walked: one layer after another, each decoder telling the next.
 *
 * packet_decode starts with the layer that the link type names and continues until
 * a decoder stops it, TCP ends it, or PACKET_MAX_LAYERS have been walked. A
 * decoder takes its header off the front of the walk, writes what it learned
 * into walk->packet and sets walk->next.
 *
 * A link type is a row in linktype.h, a tunnel in UDP one in udp_tunnel.h. Any other
 * layer is: a value of enum layer, a decoder declared here, a case in packet.c's loop,
 * and a way in (an EtherType in link.c, a protocol number in ip.c). Nothing else
 * changes: an inner IP header overwrites the addresses and the length of the outer one,
 * and depth stays bounded by the loop.
 */
#ifndef PACKET_LAYERS_H
#define PACKET_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/cursor.h"
#include "packet/linktype.h"
#include "packet/packet.h"
#include "packet/udp_tunnel.h"
#include "tcpmetro.h"

enum layer {
	LAYER_NONE,
	LAYER_LINKTYPE, /* what walk->linktype decodes */
	LAYER_ETHERNET,
	LAYER_RAW_IP, /* IP of the version that its first four bits tell */
	LAYER_VLAN,
	LAYER_LLC,
	LAYER_CISCO_HDLC,
	LAYER_MPLS,
	LAYER_PPPOE,
	LAYER_PPP,
	LAYER_WLAN,
	LAYER_AVS,
	LAYER_IPV4,
	LAYER_IPV6,
	LAYER_EXTENSION, /* an IPv6 header of the common form (RFC 6564) */
	LAYER_ROUTING,
	LAYER_FRAGMENT,
	LAYER_AUTHENTICATION,
	LAYER_GRE,
	LAYER_ETHERIP,
	LAYER_UDP,
	LAYER_TCP,
};

struct walk {
	struct cursor cursor; /* what was captured of the layers still to come */
	/* What they were on the wire: by the innermost IP header walked so far, or by
	 * the frame while there was none. Never less than cursor.left. */
	uint32_t wire;
	enum layer next;
	layer_decoder *linktype; /* with LAYER_LINKTYPE */
	struct packet *packet;
	const struct packet_ports *ports;

	/* Inside a tunnel over IP: */
	bool tunnelled;
	bool guessed; /* recognised by a UDP port: all that is inside must fit */
	bool cut;     /* the capture cut off some of the outer packet */
	bool partial; /* some of it is in other fragments */
	/* Inner lengths may exceed the outer one: a mirror that keeps the first bytes of
	 * each packet, or an outer IP header that tells no length. */
	bool loose;

	uint8_t wlan; /* how an 802.11 header is written, WLAN_ values */
};

enum {
	WLAN_PADDED = 1,  /* the header is filled up to a multiple of four bytes */
	WLAN_SWAPPED = 2, /* the two bytes of frame control change places */
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

/* Continues with the layer. */
static inline enum tcpm_decode walk_on(struct walk *walk, enum layer next)
{
	walk->next = next;
	return TCPM_DECODE_TCP;
}

/* Skips a header of count bytes and continues. */
static inline enum tcpm_decode walk_past(struct walk *walk, size_t count, enum layer next)
{
	return walk_skip(walk, count) ? walk_on(walk, next) : TCPM_DECODE_TRUNCATED;
}

/* Continues with the outermost header of a link type (LINKTYPE_ value); TCPM_DECODE_LINKTYPE if it
 * is not decoded. */
static inline enum tcpm_decode walk_on_linktype(struct walk *walk, uint32_t linktype)
{
	walk->linktype = linktype_decoder(linktype);
	walk->next = LAYER_LINKTYPE;
	return walk->linktype ? TCPM_DECODE_TCP : TCPM_DECODE_LINKTYPE;
}

/*
 * The decoders. Each returns TCPM_DECODE_TCP to continue with walk->next, or the
 * reason to stop. Those of link types are declared in linktype.h, of tunnels in UDP in
 * udp_tunnel.h.
 */

/* link.c: what precedes IP. */
enum tcpm_decode link_vlan(struct walk *walk);
/* What an EtherType names; one below 0x0600 is none, and NOT_IP. */
enum tcpm_decode link_ethertype(struct walk *walk, uint16_t ethertype);
/* What a system's number for an address family names. */
enum tcpm_decode link_family(struct walk *walk, uint32_t family);

/* hdlc.c: IEEE 802.2 LLC and its relatives on serial lines. */
enum tcpm_decode hdlc_cisco(struct walk *walk);

/* ip.c: IPv4 (RFC 791), IPv6 (RFC 8200) and what is between them and TCP. */
/* Either of them inside a tunnel, where it has to fit. Apart, so that the plain case pays
 * nothing for it. */
enum tcpm_decode ip_inner(struct walk *walk);
enum tcpm_decode ip_extension(struct walk *walk);
enum tcpm_decode ip_routing(struct walk *walk);
enum tcpm_decode ip_fragment(struct walk *walk);
enum tcpm_decode ip_authentication(struct walk *walk);

/* gre.c */
enum tcpm_decode gre_header(struct walk *walk);
enum tcpm_decode gre_etherip(struct walk *walk);

/* udp.c: a UDP header, and the tunnel that its ports may name. */
enum tcpm_decode udp_header(struct walk *walk);

/* tcp.c: the last one (RFC 9293 3.1); TCPM_DECODE_TCP: walk->packet is complete. */
enum tcpm_decode tcp_header(struct walk *walk);
/* The header's options, cursor over what was captured of them; what they may set is zero
 * before. */
static inline void tcp_options(struct cursor cursor, struct packet *packet);

/* The same, one option after the other. */
void tcp_each_option(struct cursor cursor, struct packet *packet);

/* NOP, NOP, timestamps of length 10: how nearly every segment's options begin. */
#define TCP_USUAL_TIMESTAMPS 0x0101080au

static inline void tcp_options(struct cursor cursor, struct packet *packet)
{
	uint32_t first;

	if (cursor_has(&cursor, 12) && cursor_peek32(&cursor, 0, &first) &&
	    first == TCP_USUAL_TIMESTAMPS && cursor_peek32(&cursor, 4, &packet->tsval) &&
	    cursor_peek32(&cursor, 8, &packet->tsecr)) {
		packet->has_timestamps = true;
		cursor_skip(&cursor, 12);
	}
	if (cursor.left > 0)
		tcp_each_option(cursor, packet);
}

/*
 * tunnel.c: what all tunnels share.
 */

/* Notes that what follows is inside a tunnel over the IP header walked last. Before the
 * tunnel's own header limits the walk. */
void tunnel_enter(struct walk *walk);

/* Adds a label; what has no room is mixed into the last one. */
void tunnel_label(struct walk *walk, enum tcpm_label kind, uint32_t value);

/* Labels a tunnel that has no number with its two ends, whichever way the packet goes:
 * the addresses of the IP header walked last. */
void tunnel_label_ends(struct walk *walk);

/*
 * Whether an IPv4 packet inside a tunnel, at whose header the walk is, fits: its length
 * into the outer packet, and where the tunnel was guessed, its checksum. Of a header
 * that is not all there, or none at all, nothing is said: ip_v4 sees to that.
 */
bool tunnel_holds_ipv4(const struct walk *walk);

/* The same for IPv6, which has no checksum: by the length and the source. */
bool tunnel_holds_ipv6(const struct walk *walk);

/* IP directly inside a guessed tunnel, and nothing behind it: the inner length must be
 * exactly the outer one. Goes on, or says why not. */
enum tcpm_decode tunnel_exact_ip(struct walk *walk);

/* Ethernet directly inside a guessed tunnel: no frame is sent by a group address. */
enum tcpm_decode tunnel_ethernet(struct walk *walk);

/* Whether length bytes of IPv4 header, all captured, add up (RFC 1071), or carry no
 * checksum because the sending host leaves it to the network card. */
bool tunnel_ipv4_checksum(struct cursor header, uint32_t length);

#endif
