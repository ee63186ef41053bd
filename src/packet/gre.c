/*
 * GRE and what rides on it: IP, Ethernet, PPTP, ERSPAN.
 *
 * References: RFC 2784 and 2890 (version 0), RFC 7637 (NVGRE), RFC 2637 (version 1,
 * PPTP), draft-foschiano-erspan (ERSPAN types I, II and III); RFC 3378 (EtherIP), its
 * small cousin.
 */
#include "packet/layers.h"

/* First 16 bits. */
enum {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000, /* RFC 1701: a list of unknown length follows */
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_STRICT = 0x0800,
	GRE_ACKNOWLEDGEMENT = 0x0080, /* version 1 */
	GRE_VERSION = 0x0007,
};

/* Protocol types that are not everybody's EtherTypes. */
enum {
	GRE_ETHERNET = 0x6558,
	GRE_PPP = 0x880b,
	GRE_ERSPAN_2 = 0x88be, /* also type I, which has no sequence number */
	GRE_ERSPAN_3 = 0x22eb,
};

/* Virtual subnets of NVGRE start here; those below are reserved (RFC 7637 3.3). */
#define NVGRE_FIRST_SUBNET 0x1000u

/*
 * NVGRE's key is a subnet (24 bits) and a flow id, which each direction may choose
 * for itself. A plain Ethernet tunnel's key is one number, in practice a small one.
 */
static uint32_t key_label(uint16_t flags, uint16_t protocol, uint32_t key)
{
	bool nvgre = protocol == GRE_ETHERNET && !(flags & (GRE_CHECKSUM | GRE_SEQUENCE)) &&
		     key >> 8 >= NVGRE_FIRST_SUBNET;

	return nvgre ? key >> 8 : key;
}

static enum tcpm_decode follow_session(struct walk *walk, uint16_t session, size_t header,
				       enum layer next)
{
	if (!walk_skip(walk, header))
		return walk_missing(walk, header);
	tunnel_label(walk, TCPM_LABEL_ERSPAN, session & 0x03ffu);
	return walk_on(walk, next);
}

/* Version (4 bits: 1), VLAN, ..., session (the last 10 bits of 32), index: eight bytes. */
static enum tcpm_decode follow_erspan_2(struct walk *walk)
{
	uint16_t version, session;

	if (!cursor_peek16(&walk->cursor, 0, &version) ||
	    !cursor_peek16(&walk->cursor, 2, &session))
		return walk_missing(walk, 4);
	if (version >> 12 != 1)
		return TCPM_DECODE_NOT_TCP;
	return follow_session(walk, session, 8, LAYER_ETHERNET);
}

/* Version (2), as before up to the session, a time, a group tag, the frame's type (0:
 * Ethernet, 2: IP), and a bit that announces eight bytes more: twelve bytes. */
static enum tcpm_decode follow_erspan_3(struct walk *walk)
{
	uint16_t version, session, type;

	if (!cursor_peek16(&walk->cursor, 0, &version) ||
	    !cursor_peek16(&walk->cursor, 2, &session) || !cursor_peek16(&walk->cursor, 10, &type))
		return walk_missing(walk, 12);
	unsigned frame_type = type >> 10 & 0x1f;
	if (version >> 12 != 2 || (frame_type != 0 && frame_type != 2))
		return TCPM_DECODE_NOT_TCP;
	return follow_session(walk, session, type & 1 ? 20 : 12,
			      frame_type == 0 ? LAYER_ETHERNET : LAYER_RAW_IP);
}

/* A mirror: it may have kept the first bytes of each frame only. */
static enum tcpm_decode follow_erspan(struct walk *walk, uint16_t flags, uint16_t protocol)
{
	walk->loose = true;
	if (protocol == GRE_ERSPAN_3)
		return follow_erspan_3(walk);
	if (flags & GRE_SEQUENCE)
		return follow_erspan_2(walk);
	tunnel_label_ends(walk);
	return walk_on(walk, LAYER_ETHERNET);
}

static enum tcpm_decode follow_version_0(struct walk *walk, uint16_t flags, uint16_t protocol)
{
	uint32_t key;
	size_t header = 4, key_at;

	if (flags & (GRE_ROUTING | GRE_STRICT))
		return TCPM_DECODE_NOT_TCP;
	header += flags & GRE_CHECKSUM ? 4 : 0;
	key_at = header;
	header += flags & GRE_KEY ? 4 : 0;
	header += flags & GRE_SEQUENCE ? 4 : 0;

	const struct cursor cursor = walk->cursor;
	if (!walk_skip(walk, header))
		return walk_missing(walk, header);
	bool mirror = protocol == GRE_ERSPAN_2 || protocol == GRE_ERSPAN_3;
	if (flags & GRE_KEY && cursor_peek32(&cursor, key_at, &key))
		tunnel_label(walk, TCPM_LABEL_GRE, key_label(flags, protocol, key));
	else if (!mirror)
		tunnel_label_ends(walk);
	return mirror ? follow_erspan(walk, flags, protocol) : link_ethertype(walk, protocol);
}

/*
 * PPTP: the key field is the payload's length and a call id, which is the receiver's
 * own and so differs by direction (RFC 2637 4.1). Without a sequence number there is
 * no payload.
 */
static enum tcpm_decode follow_version_1(struct walk *walk, uint16_t flags, uint16_t protocol)
{
	size_t header = flags & GRE_ACKNOWLEDGEMENT ? 16 : 12;

	if (protocol != GRE_PPP || !(flags & GRE_KEY) || !(flags & GRE_SEQUENCE) ||
	    flags & (GRE_CHECKSUM | GRE_ROUTING | GRE_STRICT))
		return TCPM_DECODE_NOT_TCP;
	if (!walk_skip(walk, header))
		return walk_missing(walk, header);
	tunnel_label_ends(walk);
	return walk_on(walk, LAYER_PPP);
}

enum tcpm_decode gre_header(struct walk *walk)
{
	uint16_t flags, protocol;

	tunnel_enter(walk);
	if (!cursor_peek16(&walk->cursor, 0, &flags) || !cursor_peek16(&walk->cursor, 2, &protocol))
		return walk_missing(walk, 4);
	switch (flags & GRE_VERSION) {
	case 0:
		return follow_version_0(walk, flags, protocol);
	case 1:
		return follow_version_1(walk, flags, protocol);
	default:
		return TCPM_DECODE_NOT_TCP;
	}
}

/* Version (3) and twelve bits of zero, then Ethernet (RFC 3378 section 2). */
enum tcpm_decode gre_etherip(struct walk *walk)
{
	uint16_t version;

	tunnel_enter(walk);
	if (!cursor_peek16(&walk->cursor, 0, &version) || !walk_skip(walk, 2))
		return walk_missing(walk, 2);
	if (version != 0x3000)
		return TCPM_DECODE_NOT_TCP;
	tunnel_label_ends(walk);
	return walk_on(walk, LAYER_ETHERNET);
}
