/*
 * The walk over a frame's layers.
 *
 * A loop with a switch, not a chain of calls: how deep it goes is one count, and
 * the plain case (Ethernet, IPv4, TCP) is three well-predicted turns.
 */
#include "packet/packet.h"

#include <string.h>

#include "packet/layers.h"

/* Values of the registry at https://www.tcpdump.org/linktypes.html. */
enum {
	LINKTYPE_NULL = 0,
	LINKTYPE_ETHERNET = 1,
	LINKTYPE_RAW_BSD = 12, /* the same as RAW, under the number that a system uses itself */
	LINKTYPE_RAW_OPENBSD = 14,
	LINKTYPE_RAW = 101,
	LINKTYPE_LOOP = 108,
	LINKTYPE_LINUX_SLL = 113,
	LINKTYPE_IPV4 = 228,
	LINKTYPE_IPV6 = 229,
	LINKTYPE_LINUX_SLL2 = 276,
};

/* The outermost layer of a link type; false if there is no decoder for it. */
static bool first_layer(uint16_t linktype, enum layer *layer)
{
	switch (linktype) {
	case LINKTYPE_ETHERNET:
		*layer = LAYER_ETHERNET;
		return true;
	case LINKTYPE_LINUX_SLL:
		*layer = LAYER_LINUX_SLL;
		return true;
	case LINKTYPE_LINUX_SLL2:
		*layer = LAYER_LINUX_SLL2;
		return true;
	case LINKTYPE_NULL:
	case LINKTYPE_LOOP:
		*layer = LAYER_LOOPBACK;
		return true;
	case LINKTYPE_RAW:
	case LINKTYPE_RAW_BSD:
	case LINKTYPE_RAW_OPENBSD:
		*layer = LAYER_RAW_IP;
		return true;
	case LINKTYPE_IPV4:
		*layer = LAYER_IPV4;
		return true;
	case LINKTYPE_IPV6:
		*layer = LAYER_IPV6;
		return true;
	default:
		return false;
	}
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
	case LAYER_IPV4:
		return ip_v4(walk);
	case LAYER_IPV6:
		return ip_v6(walk);
	case LAYER_EXTENSION:
		return ip_extension(walk);
	case LAYER_ROUTING:
		return ip_routing(walk);
	case LAYER_FRAGMENT:
		return ip_fragment(walk);
	case LAYER_AUTHENTICATION:
		return ip_authentication(walk);
	case LAYER_TCP:
		break;
	}
	return TCPM_DECODE_NOT_TCP;
}

enum tcpm_decode packet_decode(const struct tcpm_frame *frame, struct packet *packet)
{
	struct walk walk = {
		.cursor = {.at = frame->bytes, .left = frame->captured},
		/* A capture may say that less was on the wire than is there. */
		.wire = frame->wire_length > frame->captured ? frame->wire_length : frame->captured,
		.packet = packet,
	};

	if (!first_layer(frame->linktype, &walk.next))
		return TCPM_DECODE_LINKTYPE;
	packet->vlan_count = 0;
	memset(packet->vlan, 0, sizeof(packet->vlan));
	for (int depth = 0; walk.next != LAYER_TCP; depth++) {
		if (depth == PACKET_MAX_LAYERS)
			return TCPM_DECODE_TOO_DEEP;
		enum tcpm_decode decode = decode_layer(&walk);
		if (decode != TCPM_DECODE_TCP)
			return decode;
	}
	return tcp_header(&walk);
}
