/*
 * L2TP version 2: PPP in UDP (RFC 2661 3.1).
 *
 * Tunnel and session ids are the receiver's own, so the label is the tunnel's two ends.
 */
#include "packet/layers.h"

/* First 16 bits: T (0: data), length, sequence numbers, offset and priority; the rest is
 * reserved but for the version, 2. */
enum {
	L2TP_LENGTH = 0x4000,
	L2TP_SEQUENCE = 0x0800,
	L2TP_OFFSET = 0x0200,
	L2TP_PRIORITY = 0x0100,
	L2TP_FIXED = 0xffff & ~(L2TP_LENGTH | L2TP_SEQUENCE | L2TP_OFFSET | L2TP_PRIORITY),
	L2TP_VERSION_2 = 0x0002,
};

enum tcpm_decode l2tp_data(struct walk *walk)
{
	uint16_t flags, length, offset;
	size_t header = 6;

	if (!cursor_peek16(&walk->cursor, 0, &flags) || !cursor_peek16(&walk->cursor, 2, &length))
		return walk_missing(walk, 4);
	if ((flags & L2TP_FIXED) != L2TP_VERSION_2)
		return TCPM_DECODE_NOT_TCP;
	if (flags & L2TP_LENGTH) {
		if (length != walk->wire)
			return TCPM_DECODE_NOT_TCP;
		header += 2;
	}
	if (flags & L2TP_SEQUENCE)
		header += 4;
	if (flags & L2TP_OFFSET) {
		if (!cursor_peek16(&walk->cursor, header, &offset))
			return walk_missing(walk, header + 2);
		header += 2u + offset;
	}
	if (!walk_skip(walk, header))
		return walk_missing(walk, header);
	tunnel_label_ends(walk);
	return walk_on(walk, LAYER_PPP);
}
