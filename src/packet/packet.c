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

static inline enum tcpm_decode decode_layer(struct walk *walk)
{
	switch (walk->next) {
	case LAYER_LINKTYPE:
		return walk->linktype(walk);
	case LAYER_ETHERNET:
		return link_ethernet(walk);
	case LAYER_RAW_IP:
		return link_raw_ip(walk);
	case LAYER_VLAN:
		return link_vlan(walk);
	case LAYER_LLC:
		return hdlc_llc(walk);
	case LAYER_CISCO_HDLC:
		return hdlc_cisco(walk);
	case LAYER_MPLS:
		return mpls_entry(walk);
	case LAYER_PPPOE:
		return ppp_over_ethernet(walk);
	case LAYER_PPP:
		return ppp_frame(walk);
	case LAYER_WLAN:
		return wlan_data(walk);
	case LAYER_AVS:
		return radio_avs(walk);
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

	if (walk_on_linktype(&walk, frame->linktype) != TCPM_DECODE_TCP)
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
