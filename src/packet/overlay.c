/*
 * The overlays of data centres: VXLAN, VXLAN-GPE, GENEVE.
 *
 * Each names its virtual network with 24 bits, which are the flow's label. Cloud
 * providers mirror packets in them and may keep only each packet's first bytes
 * (walk->loose); the header, the EtherType and the inner checksum are proof enough.
 */
#include "packet/layers.h"

/* VXLAN: I, the network identifier is there (RFC 7348 section 5); G, a group is too,
 * with the bits D and A (draft-smith-vxlan-group-policy, as Linux sends it). */
enum {
	VXLAN_NETWORK = 0x08,
	VXLAN_GROUP = 0x80,
	VXLAN_GROUP_BITS = 0x48,
};

/* VXLAN-GPE's first byte (draft-ietf-nvo3-vxlan-gpe 3.1): two bits are reserved, two
 * the version (0), P: a next protocol is named, O: for management. */
enum {
	GPE_FIXED = 0xf0 | VXLAN_NETWORK | 0x01,
	GPE_NEXT = 0x04,
	GPE_IPV4 = 1,
	GPE_IPV6 = 2,
	GPE_ETHERNET = 3,
	GPE_MPLS = 5,
};

enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_TRANSPARENT = 0x6558,
};

/* Behind a header of count bytes whose last four are the network and a zero byte. */
static enum tcpm_decode follow_network(struct walk *walk, enum tcpm_label kind, uint32_t network,
				       enum tcpm_decode decode)
{
	if (decode == TCPM_DECODE_TCP)
		tunnel_label(walk, kind, network >> 8);
	return decode;
}

static enum tcpm_decode follow_ethernet(struct walk *walk)
{
	walk->loose = true;
	return tunnel_ethernet(walk);
}

enum tcpm_decode overlay_vxlan(struct walk *walk)
{
	uint8_t flags, more;
	uint16_t group;
	uint32_t network;

	if (!cursor_peek8(&walk->cursor, 0, &flags) || !cursor_peek8(&walk->cursor, 1, &more) ||
	    !cursor_peek16(&walk->cursor, 2, &group) ||
	    !cursor_peek32(&walk->cursor, 4, &network) || !walk_skip(walk, 8))
		return walk_missing(walk, 8);
	if ((flags & ~(unsigned)VXLAN_GROUP) != VXLAN_NETWORK || network & 0xff)
		return TCPM_DECODE_NOT_TCP;
	if (flags & VXLAN_GROUP ? more & ~(unsigned)VXLAN_GROUP_BITS : more | group)
		return TCPM_DECODE_NOT_TCP;
	return follow_network(walk, TCPM_LABEL_VXLAN, network, follow_ethernet(walk));
}

static enum tcpm_decode follow_gpe(struct walk *walk, unsigned protocol)
{
	switch (protocol) {
	case GPE_IPV4:
	case GPE_IPV6:
		return tunnel_exact_ip(walk);
	case GPE_ETHERNET:
		return follow_ethernet(walk);
	case GPE_MPLS:
		return walk_on(walk, LAYER_MPLS);
	default:
		return TCPM_DECODE_NOT_TCP;
	}
}

enum tcpm_decode overlay_vxlan_gpe(struct walk *walk)
{
	uint8_t flags, protocol;
	uint16_t reserved;
	uint32_t network;

	if (!cursor_peek8(&walk->cursor, 0, &flags) ||
	    !cursor_peek16(&walk->cursor, 1, &reserved) ||
	    !cursor_peek8(&walk->cursor, 3, &protocol) ||
	    !cursor_peek32(&walk->cursor, 4, &network) || !walk_skip(walk, 8))
		return walk_missing(walk, 8);
	if ((flags & GPE_FIXED) != VXLAN_NETWORK || reserved != 0 || network & 0xff)
		return TCPM_DECODE_NOT_TCP;
	/* Without P the header is VXLAN's, and the protocol reserved. */
	if (!(flags & GPE_NEXT))
		protocol = protocol == 0 ? GPE_ETHERNET : 0;
	return follow_network(walk, TCPM_LABEL_VXLAN, network, follow_gpe(walk, protocol));
}

/* Whether options of the given length fill it (RFC 8926 3.5): each is four bytes, the
 * last of which tells in five bits how many times four follow. */
static bool geneve_options(struct cursor cursor, size_t length)
{
	uint8_t last;

	for (size_t at = 0; at < length; at += 4 + (last & 0x1fu) * 4) {
		if (!cursor_peek8(&cursor, at + 3, &last) || last & 0xe0 ||
		    at + 4 + (last & 0x1fu) * 4 > length)
			return false;
	}
	return true;
}

/* Version (0) and the options' length in units of four; O: for control, C: critical
 * options, six bits reserved; EtherType; network, reserved (RFC 8926 3.4). */
enum tcpm_decode overlay_geneve(struct walk *walk)
{
	const struct cursor cursor = walk->cursor;
	uint8_t length, flags;
	uint16_t protocol;
	uint32_t network;

	if (!cursor_peek8(&cursor, 0, &length) || !cursor_peek8(&cursor, 1, &flags) ||
	    !cursor_peek16(&cursor, 2, &protocol) || !cursor_peek32(&cursor, 4, &network))
		return walk_missing(walk, 8);
	size_t options = (length & 0x3fu) * 4;
	if (length >> 6 != 0 || flags & 0xbf || network & 0xff)
		return TCPM_DECODE_NOT_TCP;
	if (!walk_skip(walk, 8 + options))
		return walk_missing(walk, 8 + options);
	if (!geneve_options((struct cursor){cursor.at + 8, options}, options))
		return TCPM_DECODE_NOT_TCP;

	enum tcpm_decode decode = TCPM_DECODE_NOT_TCP;
	if (protocol == ETHERTYPE_TRANSPARENT)
		decode = follow_ethernet(walk);
	else if (protocol == ETHERTYPE_IPV4 || protocol == ETHERTYPE_IPV6)
		decode = tunnel_exact_ip(walk);
	return follow_network(walk, TCPM_LABEL_GENEVE, network, decode);
}
