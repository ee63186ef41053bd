/*
 * What stands in front of IP: link headers and VLAN tags.
 *
 * Nearly all of them end in an EtherType, so they differ only in how many bytes
 * come before it.
 */
#include "packet/layers.h"

/* IEEE 802 EtherTypes. A value below 0x0600 is a length, and LLC follows: not decoded. */
enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_VLAN = 0x8100, /* 802.1Q */
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_PROVIDER = 0x88a8, /* 802.1ad: the outer tag of two */
	ETHERTYPE_VLAN_OLD = 0x9100, /* the same, before there was a standard */
};

/* Linux device types whose cooked header holds no EtherType. */
enum {
	ARPHRD_FRAME_RELAY = 770,
	ARPHRD_RADIOTAP = 803,
	ARPHRD_NETLINK = 824,
};

static enum tcpm_decode follow_ethertype(struct walk *walk, uint16_t ethertype)
{
	switch (ethertype) {
	case ETHERTYPE_IPV4:
		walk->next = LAYER_IPV4;
		return TCPM_DECODE_TCP;
	case ETHERTYPE_IPV6:
		walk->next = LAYER_IPV6;
		return TCPM_DECODE_TCP;
	case ETHERTYPE_VLAN:
	case ETHERTYPE_PROVIDER:
	case ETHERTYPE_VLAN_OLD:
		walk->next = LAYER_VLAN;
		return TCPM_DECODE_TCP;
	default:
		return TCPM_DECODE_NOT_IP;
	}
}

/* Target and source address, six bytes each, EtherType. */
enum tcpm_decode link_ethernet(struct walk *walk)
{
	uint16_t ethertype;

	if (!cursor_peek16(&walk->cursor, 12, &ethertype) || !walk_skip(walk, 14))
		return TCPM_DECODE_TRUNCATED;
	return follow_ethertype(walk, ethertype);
}

/* Priority and id of the tag whose EtherType was in front, then the next EtherType
 * (IEEE 802.1Q 9.6). */
enum tcpm_decode link_vlan(struct walk *walk)
{
	struct packet *packet = walk->packet;
	uint16_t tag, ethertype;

	if (!cursor_peek16(&walk->cursor, 0, &tag) ||
	    !cursor_peek16(&walk->cursor, 2, &ethertype) || !walk_skip(walk, 4))
		return TCPM_DECODE_TRUNCATED;
	tag &= 0x0fff;
	if (tag != 0 && packet->vlan_count < TCPM_MAX_VLANS)
		packet->vlan[packet->vlan_count++] = tag;
	return follow_ethertype(walk, ethertype);
}

static enum tcpm_decode follow_cooked(struct walk *walk, uint16_t device, uint16_t protocol)
{
	if (device == ARPHRD_FRAME_RELAY || device == ARPHRD_RADIOTAP || device == ARPHRD_NETLINK)
		return TCPM_DECODE_NOT_IP;
	return follow_ethertype(walk, protocol);
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
 * zero tells the order. AF_INET is 2 everywhere; AF_INET6 differs by system.
 */
enum tcpm_decode link_loopback(struct walk *walk)
{
	uint32_t family;

	if (!cursor_peek32(&walk->cursor, 0, &family) || !walk_skip(walk, 4))
		return TCPM_DECODE_TRUNCATED;
	if (family > UINT16_MAX)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2:
		walk->next = LAYER_IPV4;
		return TCPM_DECODE_TCP;
	case 10: /* Linux */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* macOS */
		walk->next = LAYER_IPV6;
		return TCPM_DECODE_TCP;
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
		walk->next = LAYER_IPV4;
		return TCPM_DECODE_TCP;
	case 6:
		walk->next = LAYER_IPV6;
		return TCPM_DECODE_TCP;
	default:
		return TCPM_DECODE_NOT_IP;
	}
}
