/*
 * The walk over a frame's layers.
 *
 * A loop with a switch, not a chain of calls: how deep it goes is one count. The usual case
 * (Ethernet, IP, TCP) is seen to before it.
 */
#include "packet/packet.h"

#include <string.h>

#include "packet/fast_path.h"
#include "packet/layers.h"

/* Values of the registry at https://www.tcpdump.org/linktypes.html. */
enum {
	LINKTYPE_NULL = 0,
	LINKTYPE_PPP = 9,
	LINKTYPE_RAW_BSD = 12, /* the same as RAW, under the number that a system uses itself */
	LINKTYPE_RAW_OPENBSD = 14,
	LINKTYPE_PPP_HDLC = 50,
	LINKTYPE_PPP_ETHER = 51,
	LINKTYPE_ATM_RFC1483 = 100, /* LLC (RFC 2684) */
	LINKTYPE_RAW = 101,
	LINKTYPE_C_HDLC = 104,
	LINKTYPE_IEEE802_11 = 105,
	LINKTYPE_FRELAY = 107,
	LINKTYPE_LOOP = 108,
	LINKTYPE_ENC = 109,
	LINKTYPE_LINUX_SLL = 113,
	LINKTYPE_PFLOG = 117,
	LINKTYPE_IEEE802_11_PRISM = 119,
	LINKTYPE_IEEE802_11_RADIOTAP = 127,
	LINKTYPE_IEEE802_11_AVS = 163,
	LINKTYPE_PPP_PPPD = 166,
	LINKTYPE_PPI = 192,
	LINKTYPE_PPP_WITH_DIR = 204,
	LINKTYPE_MPLS = 219,
	LINKTYPE_IPV4 = 228,
	LINKTYPE_IPV6 = 229,
	LINKTYPE_NFLOG = 239,
	LINKTYPE_PKTAP = 258,
	LINKTYPE_LINUX_SLL2 = 276,
};

/* The outermost layer of each; LAYER_NONE of all others. */
static const uint8_t first_layers[] = {
	[LINKTYPE_NULL] = LAYER_LOOPBACK,
	[PACKET_LINKTYPE_ETHERNET] = LAYER_ETHERNET,
	[LINKTYPE_PPP] = LAYER_PPP,
	[LINKTYPE_RAW_BSD] = LAYER_RAW_IP,
	[LINKTYPE_RAW_OPENBSD] = LAYER_RAW_IP,
	[LINKTYPE_PPP_HDLC] = LAYER_HDLC,
	[LINKTYPE_PPP_ETHER] = LAYER_PPPOE,
	[LINKTYPE_ATM_RFC1483] = LAYER_LLC,
	[LINKTYPE_RAW] = LAYER_RAW_IP,
	[LINKTYPE_C_HDLC] = LAYER_HDLC,
	[LINKTYPE_IEEE802_11] = LAYER_WLAN,
	[LINKTYPE_FRELAY] = LAYER_FRAME_RELAY,
	[LINKTYPE_LOOP] = LAYER_LOOPBACK,
	[LINKTYPE_ENC] = LAYER_ENC,
	[LINKTYPE_LINUX_SLL] = LAYER_LINUX_SLL,
	[LINKTYPE_PFLOG] = LAYER_PFLOG,
	[LINKTYPE_IEEE802_11_PRISM] = LAYER_PRISM,
	[LINKTYPE_IEEE802_11_RADIOTAP] = LAYER_RADIOTAP,
	[LINKTYPE_IEEE802_11_AVS] = LAYER_AVS,
	[LINKTYPE_PPP_PPPD] = LAYER_PPP_DIRECTION,
	[LINKTYPE_PPI] = LAYER_PPI,
	[LINKTYPE_PPP_WITH_DIR] = LAYER_PPP_DIRECTION,
	[LINKTYPE_MPLS] = LAYER_MPLS,
	[LINKTYPE_IPV4] = LAYER_IPV4,
	[LINKTYPE_IPV6] = LAYER_IPV6,
	[LINKTYPE_NFLOG] = LAYER_NFLOG,
	[LINKTYPE_PKTAP] = LAYER_PKTAP,
	[LINKTYPE_LINUX_SLL2] = LAYER_LINUX_SLL2,
};

bool walk_first_layer(uint32_t linktype, enum layer *layer)
{
	if (linktype >= sizeof(first_layers) || first_layers[linktype] == LAYER_NONE)
		return false;
	*layer = first_layers[linktype];
	return true;
}

static inline enum tcpm_decode decode_layer(struct walk *walk)
{
	switch (walk->next) {
	case LAYER_ETHERNET:
		return link_ethernet(walk);
	case LAYER_LINUX_SLL:
		return link_linux_sll(walk);
	case LAYER_LINUX_SLL2:
		return link_linux_sll2(walk);
	case LAYER_LOOPBACK:
		return link_loopback(walk);
	case LAYER_RAW_IP:
		return link_raw_ip(walk);
	case LAYER_VLAN:
		return link_vlan(walk);
	case LAYER_LLC:
		return hdlc_llc(walk);
	case LAYER_CISCO_HDLC:
		return hdlc_cisco(walk);
	case LAYER_HDLC:
		return hdlc_any(walk);
	case LAYER_FRAME_RELAY:
		return hdlc_frame_relay(walk);
	case LAYER_MPLS:
		return mpls_entry(walk);
	case LAYER_PPPOE:
		return ppp_over_ethernet(walk);
	case LAYER_PPP:
		return ppp_frame(walk);
	case LAYER_PPP_DIRECTION:
		return ppp_direction(walk);
	case LAYER_WLAN:
		return wlan_data(walk);
	case LAYER_RADIOTAP:
		return radio_radiotap(walk);
	case LAYER_PPI:
		return radio_ppi(walk);
	case LAYER_PRISM:
		return radio_prism(walk);
	case LAYER_AVS:
		return radio_avs(walk);
	case LAYER_PFLOG:
		return tap_pflog(walk);
	case LAYER_NFLOG:
		return tap_nflog(walk);
	case LAYER_ENC:
		return tap_enc(walk);
	case LAYER_PKTAP:
		return tap_pktap(walk);
	case LAYER_IPV4:
		return walk->tunnelled ? ip_inner(walk) : ip_v4(walk);
	case LAYER_IPV6:
		return walk->tunnelled ? ip_inner(walk) : ip_v6(walk);
	case LAYER_EXTENSION:
		return ip_extension(walk);
	case LAYER_ROUTING:
		return ip_routing(walk);
	case LAYER_FRAGMENT:
		return ip_fragment(walk);
	case LAYER_AUTHENTICATION:
		return ip_authentication(walk);
	case LAYER_GRE:
		return gre_header(walk);
	case LAYER_ETHERIP:
		return gre_etherip(walk);
	case LAYER_UDP:
		return udp_header(walk);
	case LAYER_NONE:
	case LAYER_TCP:
		break;
	}
	return TCPM_DECODE_NOT_TCP;
}

/* What a reason to stop means inside a tunnel. */
static enum tcpm_decode stop_in_tunnel(const struct walk *walk, enum tcpm_decode decode)
{
	/* All of the outer packet was captured, so it is not the capture that lacks more. */
	if (decode == TCPM_DECODE_TRUNCATED && !walk->cut && !walk->loose)
		decode = walk->partial ? TCPM_DECODE_FRAGMENT : TCPM_DECODE_MALFORMED;
	if (decode == TCPM_DECODE_NOT_IP || (decode == TCPM_DECODE_MALFORMED && walk->guessed))
		decode = TCPM_DECODE_NOT_TCP;
	return decode;
}

/* Any frame. */
static enum tcpm_decode decode_any(const struct packet_ports *ports, const struct tcpm_frame *frame,
				   struct packet *packet)
{
	struct walk walk = {
		.cursor = {.at = frame->bytes, .left = frame->captured},
		/* A capture may say that less was on the wire than is there. */
		.wire = frame->wire_length > frame->captured ? frame->wire_length : frame->captured,
		.packet = packet,
		.ports = ports,
	};
	enum tcpm_decode decode = TCPM_DECODE_TCP;

	if (!walk_first_layer(frame->linktype, &walk.next))
		return TCPM_DECODE_LINKTYPE;
	packet->label_count = 0;
	memset(packet->label_kind, 0, sizeof(packet->label_kind));
	memset(packet->label, 0, sizeof(packet->label));
	for (int depth = 0; walk.next != LAYER_TCP; depth++) {
		if (depth == PACKET_MAX_LAYERS)
			return TCPM_DECODE_TOO_DEEP;
		decode = decode_layer(&walk);
		if (decode != TCPM_DECODE_TCP)
			break;
	}
	if (decode == TCPM_DECODE_TCP)
		decode = tcp_header(&walk);
	if (decode != TCPM_DECODE_TCP && walk.tunnelled)
		return stop_in_tunnel(&walk, decode);
	return decode;
}

/* Apart, so that the most usual ones do not pay for what it needs. */
static __attribute__((noinline)) enum tcpm_decode decode_other(const struct packet_ports *ports,
							       const struct tcpm_frame *frame,
							       struct packet *packet)
{
	return fast_path_ipv6(frame, packet) ? TCPM_DECODE_TCP : decode_any(ports, frame, packet);
}

enum tcpm_decode packet_decode_with(const struct packet_ports *ports,
				    const struct tcpm_frame *frame, struct packet *packet)
{
	return fast_path_ipv4(frame, packet) ? TCPM_DECODE_TCP : decode_other(ports, frame, packet);
}

enum tcpm_decode packet_decode(const struct tcpm_frame *frame, struct packet *packet)
{
	return packet_decode_with(&packet_default_ports, frame, packet);
}
