/*
 * What stands in front of IP: link headers and VLAN tags.
 *
 * Nearly all of them end in an EtherType or a system's number for an address family, so
 * they differ only in how many bytes come before it.
 */
#include "packet/layers.h"

/* IEEE 802 EtherTypes. */
enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_TRANSPARENT = 0x6558, /* Ethernet in a tunnel (RFC 1701) */
	ETHERTYPE_VLAN = 0x8100,        /* 802.1Q */
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_PPP = 0x880b,
	ETHERTYPE_MPLS = 0x8847,           /* RFC 3032 */
	ETHERTYPE_MPLS_MULTICAST = 0x8848, /* or a label of the upstream router's (RFC 5332) */
	ETHERTYPE_PPPOE = 0x8864,          /* session (RFC 2516) */
	ETHERTYPE_PROVIDER = 0x88a8,       /* 802.1ad: the outer tag of two */
	ETHERTYPE_VLAN_9100 = 0x9100,      /* the same, before there was a standard */
	ETHERTYPE_VLAN_9200 = 0x9200,
	ETHERTYPE_VLAN_9300 = 0x9300,
};

/* In the place of an EtherType, a value up to this is the frame's length, and LLC
 * follows (IEEE 802.3 3.2.6). */
#define LENGTH_MAX 1500

/* Linux' number for LLC in a cooked header. */
#define COOKED_LLC 0x0004

/* Linux device types whose cooked header holds no EtherType. */
enum {
	ARPHRD_FRAME_RELAY = 770,
	ARPHRD_RADIOTAP = 803,
	ARPHRD_NETLINK = 824,
};

/* All but IP, which the callers have seen to. */
static enum tcpm_decode follow_other(struct walk *walk, uint16_t ethertype)
{
	switch (ethertype) {
	case ETHERTYPE_VLAN:
	case ETHERTYPE_PROVIDER:
	case ETHERTYPE_VLAN_9100:
	case ETHERTYPE_VLAN_9200:
	case ETHERTYPE_VLAN_9300:
		return walk_on(walk, LAYER_VLAN);
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_MULTICAST:
		return walk_on(walk, LAYER_MPLS);
	case ETHERTYPE_PPPOE:
		return walk_on(walk, LAYER_PPPOE);
	case ETHERTYPE_PPP:
		return walk_on(walk, LAYER_PPP);
	case ETHERTYPE_TRANSPARENT:
		return walk_on(walk, LAYER_ETHERNET);
	default:
		return TCPM_DECODE_NOT_IP;
	}
}

enum tcpm_decode link_ethertype(struct walk *walk, uint16_t ethertype)
{
	if (ethertype == ETHERTYPE_IPV4)
		return walk_on(walk, LAYER_IPV4);
	if (ethertype == ETHERTYPE_IPV6)
		return walk_on(walk, LAYER_IPV6);
	return follow_other(walk, ethertype);
}

/* The same where it may be a length. IP comes first: it is nearly all there is. */
static inline enum tcpm_decode follow_ethernet(struct walk *walk, uint16_t ethertype)
{
	if (ethertype == ETHERTYPE_IPV4)
		return walk_on(walk, LAYER_IPV4);
	if (ethertype == ETHERTYPE_IPV6)
		return walk_on(walk, LAYER_IPV6);
	if (ethertype <= LENGTH_MAX)
		return walk_on(walk, LAYER_LLC);
	return follow_other(walk, ethertype);
}

/* Target and source address, six bytes each, EtherType. */
enum tcpm_decode link_ethernet(struct walk *walk)
{
	uint16_t ethertype;

	if (!cursor_peek16(&walk->cursor, 12, &ethertype) || !walk_skip(walk, 14))
		return TCPM_DECODE_TRUNCATED;
	return follow_ethernet(walk, ethertype);
}

/* Priority and id of the tag whose EtherType was in front, then the next EtherType
 * (IEEE 802.1Q 9.6). */
enum tcpm_decode link_vlan(struct walk *walk)
{
	uint16_t tag, ethertype;

	if (!cursor_peek16(&walk->cursor, 0, &tag) ||
	    !cursor_peek16(&walk->cursor, 2, &ethertype) || !walk_skip(walk, 4))
		return TCPM_DECODE_TRUNCATED;
	tag &= 0x0fff;
	if (tag != 0)
		tunnel_label(walk, TCPM_LABEL_VLAN, tag);
	return follow_ethernet(walk, ethertype);
}

static enum tcpm_decode follow_cooked(struct walk *walk, uint16_t device, uint16_t protocol)
{
	if (device == ARPHRD_FRAME_RELAY || device == ARPHRD_RADIOTAP || device == ARPHRD_NETLINK)
		return TCPM_DECODE_NOT_IP;
	if (protocol == COOKED_LLC)
		return walk_on(walk, LAYER_LLC);
	return link_ethertype(walk, protocol);
}

/* Packet type, device type, address length (two bytes each), address (eight),
 * EtherType. */
enum tcpm_decode link_linux_sll(struct walk *walk)
{
	uint16_t device, protocol;

	if (!cursor_peek16(&walk->cursor, 2, &device) ||
	    !cursor_peek16(&walk->cursor, 14, &protocol) || !walk_skip(walk, 16))
		return TCPM_DECODE_TRUNCATED;
	return follow_cooked(walk, device, protocol);
}

/* EtherType, reserved (two bytes each), interface index (four), device type (two),
 * packet type, address length (one each), address (eight). */
enum tcpm_decode link_linux_sll2(struct walk *walk)
{
	uint16_t device, protocol;

	if (!cursor_peek16(&walk->cursor, 0, &protocol) ||
	    !cursor_peek16(&walk->cursor, 8, &device) || !walk_skip(walk, 20))
		return TCPM_DECODE_TRUNCATED;
	return follow_cooked(walk, device, protocol);
}

/*
 * The address family, in the byte order of the machine that captured (NULL) or of
 * the network (LOOP). No family needs more than 16 bits, so the half that is not
 * zero tells the order.
 */
enum tcpm_decode link_loopback(struct walk *walk)
{
	uint32_t family;

	if (!cursor_peek32(&walk->cursor, 0, &family) || !walk_skip(walk, 4))
		return TCPM_DECODE_TRUNCATED;
	if (family > UINT16_MAX)
		family = __builtin_bswap32(family);
	return link_family(walk, family);
}

/* AF_INET is 2 everywhere; AF_INET6 differs by system. */
enum tcpm_decode link_family(struct walk *walk, uint32_t family)
{
	switch (family) {
	case 2:
		return walk_on(walk, LAYER_IPV4);
	case 10: /* Linux */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* macOS */
		return walk_on(walk, LAYER_IPV6);
	default:
		return TCPM_DECODE_NOT_IP;
	}
}

enum tcpm_decode link_raw_ip(struct walk *walk)
{
	uint8_t first;

	if (!cursor_peek8(&walk->cursor, 0, &first))
		return TCPM_DECODE_TRUNCATED;
	switch (first >> 4) {
	case 4:
		return walk_on(walk, LAYER_IPV4);
	case 6:
		return walk_on(walk, LAYER_IPV6);
	default:
		return TCPM_DECODE_NOT_IP;
	}
}
