/*
 * How a frame is walked: one layer after another, each decoder telling the next.
 *
 * packet_decode starts with the layer that the link type names and goes on until
 * a decoder stops it, TCP ends it, or PACKET_MAX_LAYERS have been walked. A
 * decoder takes its header off the front of the walk, writes what it learned
 * into walk->packet and sets walk->next.
 *
 * A further layer is: a value of enum layer, a decoder declared here, a case in
 * packet.c's loop, and a way in (an EtherType in link.c, a protocol number in ip.c,
 * a port in udp.c, a link type in packet.c). Nothing else changes: an inner IP
 * header overwrites the addresses and the length of the outer one, and depth stays
 * bounded by the loop.
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
	LAYER_NONE,
	LAYER_ETHERNET,
	LAYER_LINUX_SLL,
	LAYER_LINUX_SLL2,
	LAYER_LOOPBACK, /* four bytes of address family, then IP */
	LAYER_RAW_IP,   /* IP of the version that its first four bits tell */
	LAYER_VLAN,
	LAYER_LLC,
	LAYER_CISCO_HDLC,
	LAYER_HDLC, /* Cisco's or PPP's, as the first byte tells */
	LAYER_FRAME_RELAY,
	LAYER_MPLS,
	LAYER_PPPOE,
	LAYER_PPP,
	LAYER_PPP_DIRECTION, /* a byte for the direction, then PPP */
	LAYER_WLAN,
	LAYER_RADIOTAP,
	LAYER_PPI,
	LAYER_PRISM,
	LAYER_AVS,
	LAYER_PFLOG,
	LAYER_NFLOG,
	LAYER_ENC,
	LAYER_PKTAP,
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

/* Goes on with the layer. */
static inline enum tcpm_decode walk_on(struct walk *walk, enum layer next)
{
	walk->next = next;
	return TCPM_DECODE_TCP;
}

/* Skips a header of count bytes and goes on. */
static inline enum tcpm_decode walk_past(struct walk *walk, size_t count, enum layer next)
{
	return walk_skip(walk, count) ? walk_on(walk, next) : TCPM_DECODE_TRUNCATED;
}

/* packet.c: the outermost layer of a link type (LINKTYPE_ value); false if there is no
 * decoder for it. */
bool walk_first_layer(uint32_t linktype, enum layer *layer);

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
/* What an EtherType names; one below 0x0600 is none, and NOT_IP. */
enum tcpm_decode link_ethertype(struct walk *walk, uint16_t ethertype);
/* What a system's number for an address family names. */
enum tcpm_decode link_family(struct walk *walk, uint32_t family);

/* hdlc.c: IEEE 802.2 LLC and its relatives on serial lines. */
enum tcpm_decode hdlc_llc(struct walk *walk);
enum tcpm_decode hdlc_cisco(struct walk *walk);
enum tcpm_decode hdlc_any(struct walk *walk);
enum tcpm_decode hdlc_frame_relay(struct walk *walk);

/* mpls.c: one entry of the label stack. */
enum tcpm_decode mpls_entry(struct walk *walk);

/* ppp.c */
enum tcpm_decode ppp_over_ethernet(struct walk *walk);
enum tcpm_decode ppp_frame(struct walk *walk);
enum tcpm_decode ppp_direction(struct walk *walk);

/* wlan.c: IEEE 802.11 data frames. */
enum tcpm_decode wlan_data(struct walk *walk);

/* radio.c: what drivers put in front of 802.11 frames. */
enum tcpm_decode radio_radiotap(struct walk *walk);
enum tcpm_decode radio_ppi(struct walk *walk);
enum tcpm_decode radio_prism(struct walk *walk);
enum tcpm_decode radio_avs(struct walk *walk);

/* tap.c: what a system's own taps (firewall, IPsec) put in front. */
enum tcpm_decode tap_pflog(struct walk *walk);
enum tcpm_decode tap_nflog(struct walk *walk);
enum tcpm_decode tap_enc(struct walk *walk);
enum tcpm_decode tap_pktap(struct walk *walk);

/* ip.c: IPv4 (RFC 791), IPv6 (RFC 8200) and what stands between them and TCP. */
enum tcpm_decode ip_v4(struct walk *walk);
enum tcpm_decode ip_v6(struct walk *walk);
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

/*
 * The tunnels in UDP, called by udp_header with the walk behind the UDP header and its
 * end where that header says. NOT_TCP or MALFORMED: it is something else; packet is
 * then as it was, so they label last.
 */
enum tcpm_decode overlay_vxlan(struct walk *walk);
enum tcpm_decode overlay_vxlan_gpe(struct walk *walk);
enum tcpm_decode overlay_geneve(struct walk *walk);
enum tcpm_decode gtp_user(struct walk *walk);
enum tcpm_decode teredo_header(struct walk *walk);
enum tcpm_decode capwap_data(struct walk *walk);
enum tcpm_decode l2tp_data(struct walk *walk);

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
