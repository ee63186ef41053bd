/*
 * IEEE 802.2 LLC, and its relatives on serial lines: Cisco HDLC and frame relay.
 *
 * All descend from HDLC: an address, a control byte of 3 (unnumbered information), and
 * then something that ends in an EtherType or names IP by a number of its own.
 */
#include "packet/layers.h"

enum {
	CONTROL_UI = 0x03,
	/* LLC addresses (IEEE 802). */
	LSAP_IP = 0x06,
	LSAP_SNAP = 0xaa,
	/* Cisco HDLC's first byte (RFC 1547 4.3.1). */
	CISCO_UNICAST = 0x0f,
	CISCO_MULTICAST = 0x8f,
	/* Network layer protocol ids (ISO/IEC TR 9577, RFC 2427). */
	NLPID_SNAP = 0x80,
	NLPID_IPV6 = 0x8e,
	NLPID_IPV4 = 0xcc,
	NLPID_PPP = 0xcf,
};

/* Organisations whose protocol numbers are EtherTypes (RFC 1042, IEEE 802.1H). */
enum {
	OUI_ETHERTYPE = 0x000000,
	OUI_BRIDGE_TUNNEL = 0x0000f8,
};

/* Five bytes at the offset: organisation and its protocol number (IEEE 802 10.3). */
static enum tcpm_decode follow_snap(struct walk *walk, size_t offset)
{
	uint32_t organisation;
	uint16_t protocol;

	if (!cursor_peek32(&walk->cursor, offset, &organisation) ||
	    !cursor_peek16(&walk->cursor, offset + 3, &protocol) || !walk_skip(walk, offset + 5))
		return TCPM_DECODE_TRUNCATED;
	organisation >>= 8;
	if (organisation != OUI_ETHERTYPE && organisation != OUI_BRIDGE_TUNNEL)
		return TCPM_DECODE_NOT_IP;
	return link_ethertype(walk, protocol);
}

/* Destination, source, control (IEEE 802.2). Only unnumbered information carries IP. */
enum tcpm_decode hdlc_llc(struct walk *walk)
{
	uint8_t target, source, control;

	if (!cursor_peek8(&walk->cursor, 0, &target) || !cursor_peek8(&walk->cursor, 1, &source) ||
	    !cursor_peek8(&walk->cursor, 2, &control))
		return TCPM_DECODE_TRUNCATED;
	if (control != CONTROL_UI || target != source)
		return TCPM_DECODE_NOT_IP;
	if (target == LSAP_IP)
		return walk_past(walk, 3, LAYER_IPV4);
	return target == LSAP_SNAP ? follow_snap(walk, 3) : TCPM_DECODE_NOT_IP;
}

/* Address, control (0), EtherType (RFC 1547 4.3.1). */
enum tcpm_decode hdlc_cisco(struct walk *walk)
{
	uint16_t protocol;

	if (!cursor_peek16(&walk->cursor, 2, &protocol) || !walk_skip(walk, 4))
		return TCPM_DECODE_TRUNCATED;
	return link_ethertype(walk, protocol);
}

enum tcpm_decode hdlc_any(struct walk *walk)
{
	uint8_t first;

	if (!cursor_peek8(&walk->cursor, 0, &first))
		return TCPM_DECODE_TRUNCATED;
	return walk_on(walk, first == CISCO_UNICAST || first == CISCO_MULTICAST ? LAYER_CISCO_HDLC
										: LAYER_PPP);
}

/*
 * An address of two to four bytes, of which the last one is odd (ITU-T Q.922 3.3); then
 * control, sometimes a pad, and a protocol id (RFC 2427 section 4), or, as Cisco's
 * routers do, an EtherType.
 */
enum tcpm_decode hdlc_frame_relay(struct walk *walk)
{
	size_t at = 0;
	uint8_t byte;
	uint16_t ethertype;

	do {
		if (!cursor_peek8(&walk->cursor, at, &byte))
			return TCPM_DECODE_TRUNCATED;
		at++;
	} while (!(byte & 1) && at < 4);
	if (at < 2 || !(byte & 1))
		return TCPM_DECODE_NOT_IP;

	if (!cursor_peek8(&walk->cursor, at, &byte))
		return TCPM_DECODE_TRUNCATED;
	if (byte != CONTROL_UI) {
		if (!cursor_peek16(&walk->cursor, at, &ethertype) || !walk_skip(walk, at + 2))
			return TCPM_DECODE_TRUNCATED;
		return link_ethertype(walk, ethertype);
	}
	if (!cursor_peek8(&walk->cursor, ++at, &byte))
		return TCPM_DECODE_TRUNCATED;
	if (byte == 0 && !cursor_peek8(&walk->cursor, ++at, &byte))
		return TCPM_DECODE_TRUNCATED;
	switch (byte) {
	case NLPID_IPV4:
		return walk_past(walk, at + 1, LAYER_IPV4);
	case NLPID_IPV6:
		return walk_past(walk, at + 1, LAYER_IPV6);
	case NLPID_PPP: /* RFC 1973 */
		return walk_past(walk, at + 1, LAYER_PPP);
	case NLPID_SNAP:
		return follow_snap(walk, at + 1);
	default:
		return TCPM_DECODE_NOT_IP;
	}
}
