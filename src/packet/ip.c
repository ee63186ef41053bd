/*
 * IPv4, IPv6, and the headers that may stand between them and TCP or a tunnel.
 *
 * The IP header is the authority on where the packet ends: frames are padded,
 * and captures are cut. Only where it says zero (a packet that the sending host
 * hands to its network card to be cut up, or a jumbogram) is the frame asked.
 */
#include "packet/layers.h"

/* Protocol numbers (IANA). Those not named here end the walk, among them ESP (50)
 * and "no next header" (59). */
enum {
	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_IPV4 = 4, /* RFC 2003, RFC 2473 */
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_IPV6 = 41, /* RFC 4213, RFC 2473 */
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_GRE = 47,
	PROTOCOL_AUTHENTICATION = 51,
	PROTOCOL_DESTINATION = 60,
	PROTOCOL_ETHERIP = 97,
	PROTOCOL_MOBILITY = 135,
	PROTOCOL_MPLS = 137, /* RFC 4023 */
	PROTOCOL_HIP = 139,
	PROTOCOL_SHIM6 = 140,
};

/* Headers that exist in IPv6 only. */
static enum tcpm_decode follow_extension(struct walk *walk, uint8_t protocol)
{
	switch (protocol) {
	case PROTOCOL_HOP_BY_HOP:
	case PROTOCOL_DESTINATION:
	case PROTOCOL_MOBILITY:
	case PROTOCOL_HIP:
	case PROTOCOL_SHIM6:
		return walk_on(walk, LAYER_EXTENSION);
	case PROTOCOL_ROUTING:
		return walk_on(walk, LAYER_ROUTING);
	case PROTOCOL_FRAGMENT:
		return walk_on(walk, LAYER_FRAGMENT);
	default:
		return TCPM_DECODE_NOT_TCP;
	}
}

/* A tunnel whose own number, if it has any, tells nothing of the network inside. */
static enum tcpm_decode enter(struct walk *walk, enum layer next)
{
	tunnel_enter(walk);
	tunnel_label_ends(walk);
	return walk_on(walk, next);
}

static enum tcpm_decode follow_other(struct walk *walk, uint8_t protocol)
{
	switch (protocol) {
	case PROTOCOL_UDP:
		return walk_on(walk, LAYER_UDP);
	case PROTOCOL_AUTHENTICATION:
		return walk_on(walk, LAYER_AUTHENTICATION);
	case PROTOCOL_GRE:
		return walk_on(walk, LAYER_GRE);
	case PROTOCOL_ETHERIP:
		return walk_on(walk, LAYER_ETHERIP);
	case PROTOCOL_IPV4:
		return enter(walk, LAYER_IPV4);
	case PROTOCOL_IPV6:
		return enter(walk, LAYER_IPV6);
	case PROTOCOL_MPLS:
		return enter(walk, LAYER_MPLS);
	default:
		return walk->packet->version == 6 ? follow_extension(walk, protocol)
						  : TCPM_DECODE_NOT_TCP;
	}
}

static inline enum tcpm_decode follow_protocol(struct walk *walk, uint8_t protocol)
{
	if (protocol == PROTOCOL_TCP)
		return walk_on(walk, LAYER_TCP);
	return follow_other(walk, protocol);
}

/* What a fragment without its packet's start is, by what would follow: of UDP it is not
 * known whether it was a tunnel, and most is not. */
static enum tcpm_decode later_fragment(const struct walk *walk, enum tcpm_decode decode)
{
	if (decode != TCPM_DECODE_TCP)
		return decode;
	return walk->next == LAYER_UDP ? TCPM_DECODE_NOT_TCP : TCPM_DECODE_FRAGMENT;
}

/* RFC 791 3.1. */
enum tcpm_decode ip_v4(struct walk *walk)
{
	const struct cursor cursor = walk->cursor;
	struct packet *packet = walk->packet;
	uint8_t first, protocol;
	uint16_t total, id, fragment;

	if (!cursor_has(&cursor, 20) || !cursor_peek8(&cursor, 0, &first) ||
	    !cursor_peek16(&cursor, 2, &total) || !cursor_peek16(&cursor, 4, &id) ||
	    !cursor_peek16(&cursor, 6, &fragment) || !cursor_peek8(&cursor, 9, &protocol) ||
	    !cursor_copy(&cursor, 12, packet->source, 4) ||
	    !cursor_copy(&cursor, 16, packet->target, 4))
		return TCPM_DECODE_TRUNCATED;

	uint32_t header = (first & 0x0fu) * 4;
	if (first >> 4 != 4 || header < 20 || (total != 0 && total < header))
		return TCPM_DECODE_MALFORMED;
	if (!walk_skip(walk, header))
		return TCPM_DECODE_TRUNCATED;
	if (total != 0)
		walk_limit(walk, total - header);
	else
		walk->loose = true;

	packet->version = 4;
	packet->ip_id = id;
	packet->more_data = (fragment & 0x2000) != 0;
	memset(packet->source + 4, 0, sizeof(packet->source) - 4);
	memset(packet->target + 4, 0, sizeof(packet->target) - 4);

	enum tcpm_decode decode = follow_protocol(walk, protocol);
	return (fragment & 0x1fff) != 0 ? later_fragment(walk, decode) : decode;
}

/* RFC 8200 section 3. */
enum tcpm_decode ip_v6(struct walk *walk)
{
	const struct cursor cursor = walk->cursor;
	struct packet *packet = walk->packet;
	uint8_t first, protocol;
	uint16_t payload;

	if (!cursor_has(&cursor, 40) || !cursor_peek8(&cursor, 0, &first) ||
	    !cursor_peek16(&cursor, 4, &payload) || !cursor_peek8(&cursor, 6, &protocol) ||
	    !cursor_copy(&cursor, 8, packet->source, 16) ||
	    !cursor_copy(&cursor, 24, packet->target, 16) || !walk_skip(walk, 40))
		return TCPM_DECODE_TRUNCATED;
	if (first >> 4 != 6)
		return TCPM_DECODE_MALFORMED;
	if (payload != 0)
		walk_limit(walk, payload);
	else
		walk->loose = true;

	packet->version = 6;
	packet->ip_id = 0;
	packet->more_data = false;
	return follow_protocol(walk, protocol);
}

enum tcpm_decode ip_inner(struct walk *walk)
{
	if (walk->next == LAYER_IPV4)
		return tunnel_holds_ipv4(walk) ? ip_v4(walk) : TCPM_DECODE_MALFORMED;
	return tunnel_holds_ipv6(walk) ? ip_v6(walk) : TCPM_DECODE_MALFORMED;
}

/* A header of the common form: the next protocol, then its own length in units of
 * eight bytes, the first eight not counted (RFC 8200 4.3, RFC 6564 section 4). */
enum tcpm_decode ip_extension(struct walk *walk)
{
	uint8_t protocol, length;

	if (!cursor_peek8(&walk->cursor, 0, &protocol) || !cursor_peek8(&walk->cursor, 1, &length))
		return walk_missing(walk, 2);

	size_t header = (length + 1u) * 8;
	if (!walk_skip(walk, header))
		return walk_missing(walk, header);
	return follow_protocol(walk, protocol);
}

/*
 * As long as segments are left, the packet is addressed to a stop on its way; the
 * connection is with the last one (RFC 8200 8.1), which stands at the end of the
 * list, or with segment routing at its start (RFC 8754 section 2). Types whose list
 * is packed otherwise keep the address of the IP header.
 */
enum tcpm_decode ip_routing(struct walk *walk)
{
	const struct cursor cursor = walk->cursor;
	uint8_t length, type, left;

	if (!cursor_peek8(&cursor, 1, &length) || !cursor_peek8(&cursor, 2, &type) ||
	    !cursor_peek8(&cursor, 3, &left))
		return walk_missing(walk, 4);

	size_t header = (length + 1u) * 8;
	enum tcpm_decode decode = ip_extension(walk);
	if (decode == TCPM_DECODE_TCP && left > 0 && header >= 24) {
		uint8_t *target = walk->packet->target;
		if (type == 0 || type == 2)
			cursor_copy(&cursor, header - 16, target, 16);
		else if (type == 4)
			cursor_copy(&cursor, 8, target, 16);
	}
	return decode;
}

/* RFC 8200 4.5. Offset zero and no more fragments is a whole packet (RFC 6946). */
enum tcpm_decode ip_fragment(struct walk *walk)
{
	uint8_t protocol;
	uint16_t fragment;

	if (!cursor_peek8(&walk->cursor, 0, &protocol) ||
	    !cursor_peek16(&walk->cursor, 2, &fragment) || !walk_skip(walk, 8))
		return walk_missing(walk, 8);
	if (fragment & 1)
		walk->packet->more_data = true;

	enum tcpm_decode decode = follow_protocol(walk, protocol);
	return fragment >> 3 != 0 ? later_fragment(walk, decode) : decode;
}

/* Its length is in units of four bytes, the first eight not counted (RFC 4302 2.2). */
enum tcpm_decode ip_authentication(struct walk *walk)
{
	uint8_t protocol, length;

	if (!cursor_peek8(&walk->cursor, 0, &protocol) || !cursor_peek8(&walk->cursor, 1, &length))
		return walk_missing(walk, 2);

	size_t header = (length + 2u) * 4;
	if (!walk_skip(walk, header))
		return walk_missing(walk, header);
	return follow_protocol(walk, protocol);
}
