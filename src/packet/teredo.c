/*
 * Teredo: IPv6 in UDP through address translators (RFC 4380).
 *
 * One of the two inner addresses is always a Teredo address, which is what tells it
 * from anything else on its port.
 */
#include "packet/layers.h"

/* Indicators in front of IPv6 (RFC 4380 5.1.1). */
enum {
	TEREDO_ORIGIN = 0x0000,
	TEREDO_AUTHENTICATION = 0x0001,
};

/* 2001:0::/32 (RFC 4380 2.6). */
#define TEREDO_PREFIX 0x20010000u

/* The indicators' length: an authentication (two lengths, what they tell, nonce and
 * confirmation), then the eight bytes of an origin; either may be missing. */
static enum tcpm_decode skip_indicators(const struct walk *walk, size_t *header)
{
	uint16_t indicator;
	uint8_t client, value;

	*header = 0;
	if (!cursor_peek16(&walk->cursor, 0, &indicator))
		return walk_missing(walk, 2);
	if (indicator == TEREDO_AUTHENTICATION) {
		if (!cursor_peek8(&walk->cursor, 2, &client) ||
		    !cursor_peek8(&walk->cursor, 3, &value))
			return walk_missing(walk, 4);
		*header = 4u + client + value + 9u;
		if (!cursor_peek16(&walk->cursor, *header, &indicator))
			return walk_missing(walk, *header + 2);
	}
	if (indicator == TEREDO_ORIGIN)
		*header += 8;
	return TCPM_DECODE_TCP;
}

enum tcpm_decode teredo_header(struct walk *walk)
{
	uint32_t source, target;
	size_t header;
	enum tcpm_decode decode = skip_indicators(walk, &header);

	if (decode != TCPM_DECODE_TCP)
		return decode;
	if (!walk_skip(walk, header))
		return walk_missing(walk, header);
	if (!cursor_peek32(&walk->cursor, 8, &source) || !cursor_peek32(&walk->cursor, 24, &target))
		return walk_missing(walk, 40);
	if (source != TEREDO_PREFIX && target != TEREDO_PREFIX)
		return TCPM_DECODE_NOT_TCP;
	decode = tunnel_exact_ip(walk);
	if (decode != TCPM_DECODE_TCP || walk->next != LAYER_IPV6)
		return TCPM_DECODE_NOT_TCP;
	tunnel_label_ends(walk);
	return TCPM_DECODE_TCP;
}
