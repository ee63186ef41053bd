/*
 * MPLS (RFC 3032): a stack of labels, and what is under it.
 *
 * Nothing says what that is; both ends were told. The first four bits tell IPv4, IPv6
 * and a pseudowire's control word apart (RFC 4928, RFC 4385), but an Ethernet frame
 * without one may start with any bits. So what looks like IP must look like it in
 * more than four bits if the bytes could be an Ethernet frame as well.
 */
#include "packet/layers.h"

/* EtherTypes that an Ethernet frame under a label is believed by. */
enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_MPLS = 0x8847,
	ETHERTYPE_PPPOE = 0x8864,
	ETHERTYPE_PROVIDER = 0x88a8,
};

/* Whether an Ethernet frame with something of interest stands at the offset. */
static bool looks_like_ethernet(const struct cursor *cursor, size_t offset)
{
	uint8_t source, first;
	uint16_t ethertype;

	if (!cursor_peek8(cursor, offset + 6, &source) ||
	    !cursor_peek16(cursor, offset + 12, &ethertype) ||
	    !cursor_peek8(cursor, offset + 14, &first) || (source & 1))
		return false;
	switch (ethertype) {
	case ETHERTYPE_IPV4:
		return first >> 4 == 4;
	case ETHERTYPE_IPV6:
		return first >> 4 == 6;
	case ETHERTYPE_VLAN:
	case ETHERTYPE_PROVIDER:
	case ETHERTYPE_MPLS:
	case ETHERTYPE_PPPOE:
		return true;
	default:
		return ethertype <= 1500 && first == 0xaa;
	}
}

/* Whether the bytes are an IPv4 header beyond doubt. */
static bool surely_ipv4(const struct cursor *cursor)
{
	uint8_t first;

	if (!cursor_peek8(cursor, 0, &first))
		return false;
	uint32_t length = (first & 0x0fu) * 4;
	return length >= 20 && cursor_has(cursor, length) && tunnel_ipv4_checksum(*cursor, length);
}

/* Whether they are an IPv6 header: its length is that of the frame, or less by what an
 * Ethernet frame is padded. */
static bool surely_ipv6(const struct walk *walk)
{
	uint16_t payload;

	if (!cursor_peek16(&walk->cursor, 4, &payload))
		return false;
	return payload + 40u <= walk->wire && payload + 40u + 46u >= walk->wire;
}

/* Whether they are an Ethernet frame that holds IP beyond doubt. To an address that starts
 * with 6 and ends in a small number, it looks like a short IPv6 packet as well. */
static bool surely_ethernet(const struct walk *walk)
{
	struct walk inside = *walk;
	uint16_t ethertype;

	if (!cursor_peek16(&walk->cursor, 12, &ethertype) || !walk_skip(&inside, 14))
		return false;
	return ethertype == ETHERTYPE_IPV4 ? surely_ipv4(&inside.cursor)
					   : ethertype == ETHERTYPE_IPV6 && surely_ipv6(&inside);
}

static enum tcpm_decode follow_stack(struct walk *walk)
{
	const struct cursor *cursor = &walk->cursor;
	bool ethernet = looks_like_ethernet(cursor, 0);
	uint16_t first;

	if (!cursor_peek16(cursor, 0, &first))
		return TCPM_DECODE_TRUNCATED;
	if (walk->guessed && !ethernet && first >> 12 != 0)
		return tunnel_exact_ip(walk);
	if (first >> 12 == 4 && (!ethernet || surely_ipv4(cursor)))
		return walk_on(walk, LAYER_IPV4);
	if (first >> 12 == 6 && (!ethernet || (surely_ipv6(walk) && !surely_ethernet(walk))))
		return walk_on(walk, LAYER_IPV6);
	/* The control word of Ethernet: sixteen zero bits, a sequence number (RFC 4448 4.6). */
	if (first == 0 && looks_like_ethernet(cursor, 4))
		return walk_past(walk, 4, LAYER_ETHERNET);
	if (ethernet)
		return walk_on(walk, LAYER_ETHERNET);
	/* Another pseudowire, or one cut off before it could be known. */
	return cursor_has(cursor, 4 + 15) ? TCPM_DECODE_NOT_IP : TCPM_DECODE_TRUNCATED;
}

/* Label (20 bits), traffic class (3), bottom of the stack (1), time to live (8). The
 * label is the next router's word for one direction and so tells no network apart. */
enum tcpm_decode mpls_entry(struct walk *walk)
{
	uint32_t entry;

	if (!cursor_peek32(&walk->cursor, 0, &entry) || !walk_skip(walk, 4))
		return TCPM_DECODE_TRUNCATED;
	return entry & 0x100 ? follow_stack(walk) : walk_on(walk, LAYER_MPLS);
}

/* The labels follow the UDP header at once (RFC 7510 section 3). */
enum tcpm_decode mpls_in_udp(struct walk *walk)
{
	tunnel_label_ends(walk);
	return walk_on(walk, LAYER_MPLS);
}
