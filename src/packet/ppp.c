/*
 * PPP (RFC 1661), in its framing for serial lines (RFC 1662) and over Ethernet
 * (RFC 2516).
 *
 * Peers may agree to leave out the address and control bytes, and the first byte of
 * the protocol. All can be told from the bytes: the address is 0xff, which no protocol
 * starts with, and a protocol's last byte is odd while all before it are even.
 */
#include "packet/layers.h"

#define PPP_ADDRESS_CONTROL 0xff03

/* IANA's PPP numbers. VJ-compressed TCP (0x2d, 0x2f), compressed or encrypted data
 * (0xfd) and multilink (0x3d) are not read. */
enum {
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	PPP_MPLS_UNICAST = 0x0281, /* RFC 3032 4.3 */
	PPP_MPLS_MULTICAST = 0x0283,
};

enum tcpm_decode ppp_frame(struct walk *walk)
{
	size_t at = 0;
	uint16_t protocol;
	uint8_t first;

	if (cursor_peek16(&walk->cursor, 0, &protocol) && protocol == PPP_ADDRESS_CONTROL)
		at = 2;
	if (!cursor_peek8(&walk->cursor, at, &first))
		return TCPM_DECODE_TRUNCATED;
	if (first == PPP_ADDRESS_CONTROL >> 8 && !cursor_has(&walk->cursor, 2))
		return TCPM_DECODE_TRUNCATED;
	if (first & 1) {
		protocol = first;
		at++;
	} else {
		if (!cursor_peek16(&walk->cursor, at, &protocol))
			return TCPM_DECODE_TRUNCATED;
		at += 2;
	}
	switch (protocol) {
	case PPP_IPV4:
		return walk_past(walk, at, LAYER_IPV4);
	case PPP_IPV6:
		return walk_past(walk, at, LAYER_IPV6);
	case PPP_MPLS_UNICAST:
	case PPP_MPLS_MULTICAST:
		return walk_past(walk, at, LAYER_MPLS);
	default:
		return TCPM_DECODE_NOT_IP;
	}
}

/* A byte for the direction in front of the frame (LINKTYPE_PPP_WITH_DIR), or in the
 * place of the address (LINKTYPE_PPP_PPPD), where the control byte then stands alone. */
enum tcpm_decode ppp_direction(struct walk *walk)
{
	uint8_t second;

	if (!cursor_peek8(&walk->cursor, 1, &second))
		return TCPM_DECODE_TRUNCATED;
	return walk_past(walk, second == (PPP_ADDRESS_CONTROL & 0xff) ? 2 : 1, LAYER_PPP);
}

/* Version and type (1 each), code (0: data), session, length (RFC 2516 section 4). The
 * length is not needed: what is inside tells its own. */
enum tcpm_decode ppp_over_ethernet(struct walk *walk)
{
	uint16_t kind, session;

	if (!cursor_peek16(&walk->cursor, 0, &kind) || !cursor_peek16(&walk->cursor, 2, &session) ||
	    !walk_skip(walk, 6))
		return TCPM_DECODE_TRUNCATED;
	if (kind != 0x1100)
		return TCPM_DECODE_NOT_IP;
	tunnel_label(walk, TCPM_LABEL_PPPOE, session);
	return walk_on(walk, LAYER_PPP);
}
