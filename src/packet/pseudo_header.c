/*
 * What a system's own taps put in front of a packet: the firewalls' logs (PFLOG, NFLOG),
 * OpenBSD's and FreeBSD's IPsec tap (ENC), macOS' tap of several interfaces (PKTAP).
 *
 * Formats: the link types' pages at https://www.tcpdump.org/linktypes.html.
 */
#include "packet/layers.h"

/* Length, address family, ...; the length leaves out what fills it up to a multiple of
 * four. */
enum tcpm_decode tap_pflog(struct walk *walk)
{
	uint8_t length, family;

	if (!cursor_peek8(&walk->cursor, 0, &length) || !cursor_peek8(&walk->cursor, 1, &family))
		return TCPM_DECODE_TRUNCATED;
	if (length < 4)
		return TCPM_DECODE_MALFORMED;
	if (!walk_skip(walk, (length + 3u) & ~3u))
		return TCPM_DECODE_TRUNCATED;
	return link_family(walk, family);
}

/* The attribute that is the packet, and how many may come before it: there are about
 * twenty kinds. */
enum {
	NFLOG_PAYLOAD = 9,
	NFLOG_MAX_ATTRIBUTES = 64,
};

/* Reads an attribute's length and type. They are in the order of the machine that
 * captured; the types are below 256, so the byte that is not zero tells it. */
static bool read_attribute(const struct cursor *cursor, uint16_t *length, uint16_t *type)
{
	if (!cursor_peek16_le(cursor, 0, length) || !cursor_peek16_le(cursor, 2, type))
		return false;
	if (*type > UINT8_MAX) {
		*type = __builtin_bswap16(*type);
		*length = __builtin_bswap16(*length);
	}
	return true;
}

/* Family, version (0), resource; then attributes, each a length (these four bytes with
 * it), a type and contents, filled up to a multiple of four. */
enum tcpm_decode tap_nflog(struct walk *walk)
{
	uint8_t family, version;
	uint16_t length, type;

	if (!cursor_peek8(&walk->cursor, 0, &family) || !cursor_peek8(&walk->cursor, 1, &version) ||
	    !walk_skip(walk, 4))
		return TCPM_DECODE_TRUNCATED;
	if (version != 0)
		return TCPM_DECODE_MALFORMED;
	for (unsigned i = 0; i < NFLOG_MAX_ATTRIBUTES; i++) {
		if (!read_attribute(&walk->cursor, &length, &type))
			return TCPM_DECODE_TRUNCATED;
		if (length < 4)
			return TCPM_DECODE_MALFORMED;
		if (type == NFLOG_PAYLOAD && walk_skip(walk, 4))
			return link_family(walk, family);
		if (!walk_skip(walk, (length + 3u) & ~3u))
			return TCPM_DECODE_TRUNCATED;
	}
	return TCPM_DECODE_MALFORMED;
}

/* Address family in the order of the machine that captured, security parameters index,
 * flags: four bytes each. The packet is as it was before encryption. */
enum tcpm_decode tap_enc(struct walk *walk)
{
	uint32_t family;

	if (!cursor_peek32(&walk->cursor, 0, &family) || !walk_skip(walk, 12))
		return TCPM_DECODE_TRUNCATED;
	if (family > UINT16_MAX)
		family = __builtin_bswap32(family);
	return link_family(walk, family);
}

/* Length of the header, kind of record (1: a packet), link type, ...: four bytes each,
 * little-endian as all machines of that system are. */
enum tcpm_decode tap_pktap(struct walk *walk)
{
	uint32_t length, kind, linktype;

	if (!cursor_peek32_le(&walk->cursor, 0, &length) ||
	    !cursor_peek32_le(&walk->cursor, 4, &kind) ||
	    !cursor_peek32_le(&walk->cursor, 8, &linktype))
		return TCPM_DECODE_TRUNCATED;
	if (length < 12)
		return TCPM_DECODE_MALFORMED;
	if (kind != 1)
		return TCPM_DECODE_NOT_IP;
	if (!walk_skip(walk, length))
		return TCPM_DECODE_TRUNCATED;
	return walk_on_linktype(walk, linktype);
}
