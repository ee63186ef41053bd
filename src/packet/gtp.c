/*
 * GTP-U, the tunnels of mobile networks (3GPP TS 29.281 section 5).
 *
 * Only G-PDUs carry users' packets. The tunnel endpoint id in the header is the
 * receiver's own, another one for each direction, so the label is the tunnel's two
 * ends.
 */
#include "packet/layers.h"

/* First byte: version 1, protocol type 1 (GTP), a spare bit, then three that announce
 * an extension header, a sequence number and an N-PDU number; any one brings four bytes. */
enum {
	GTP_FIXED = 0xf8,
	GTP_VERSION_1 = 0x30,
	GTP_EXTENSION = 0x04,
	GTP_OPTIONAL = 0x07,
	GTP_G_PDU = 255,
};

/*
 * Moves *header over the extension headers, the first of which the byte before it
 * names: each starts with its length in units of four bytes and ends with the type of
 * the next, 0 behind the last (5.2.1). Work is bounded by the bytes captured.
 */
static enum tcpm_decode skip_extensions(const struct walk *walk, size_t *header)
{
	uint8_t type, length;

	for (;;) {
		if (!cursor_peek8(&walk->cursor, *header - 1, &type))
			return walk_missing(walk, *header);
		if (type == 0)
			return TCPM_DECODE_TCP;
		if (!cursor_peek8(&walk->cursor, *header, &length))
			return walk_missing(walk, *header + 1);
		if (length == 0)
			return TCPM_DECODE_NOT_TCP;
		*header += length * 4u;
	}
}

enum tcpm_decode gtp_user(struct walk *walk)
{
	uint8_t flags, type;
	uint16_t length;
	size_t header = 8;

	if (!cursor_peek8(&walk->cursor, 0, &flags) || !cursor_peek8(&walk->cursor, 1, &type) ||
	    !cursor_peek16(&walk->cursor, 2, &length))
		return walk_missing(walk, 4);
	if ((flags & GTP_FIXED) != GTP_VERSION_1 || type != GTP_G_PDU || length + 8u != walk->wire)
		return TCPM_DECODE_NOT_TCP;
	if (flags & GTP_OPTIONAL)
		header += 4;
	if (flags & GTP_EXTENSION) {
		enum tcpm_decode decode = skip_extensions(walk, &header);
		if (decode != TCPM_DECODE_TCP)
			return decode;
	}
	if (!walk_skip(walk, header))
		return walk_missing(walk, header);

	enum tcpm_decode decode = tunnel_exact_ip(walk);
	if (decode == TCPM_DECODE_TCP)
		tunnel_label_ends(walk);
	return decode;
}
