/*
 * What all tunnels share: labels, and whether the packet inside fits.
 *
 * A header that names its payload (IP in IP, GRE) is believed as far as the lengths
 * agree. A UDP port names nothing, so there the packet inside must also bear itself
 * out; what does not is somebody else's UDP.
 */
#include "packet/layers.h"

/* The finaliser of splitmix64: each bit of the result hangs on each bit of x. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

void tunnel_enter(struct walk *walk)
{
	walk->tunnelled = true;
	if (walk->packet->more_data)
		walk->partial = true;
	if (walk->cursor.left < walk->wire)
		walk->cut = true;
}

void tunnel_label(struct walk *walk, enum tcpm_label kind, uint32_t value)
{
	struct packet *packet = walk->packet;

	if (packet->label_count < PACKET_MAX_LABELS) {
		packet->label_kind[packet->label_count] = (uint8_t)kind;
		packet->label[packet->label_count++] = value;
		return;
	}
	uint32_t *last = &packet->label[PACKET_MAX_LABELS - 1];
	*last = (uint32_t)mix(mix((uint64_t)*last + 1) + ((uint64_t)kind << 32 | value));
}

static uint64_t mix_address(const uint8_t address[16])
{
	uint64_t half[2];

	memcpy(half, address, sizeof(half));
	return mix(mix(half[0] + 1) + half[1]);
}

void tunnel_label_ends(struct walk *walk)
{
	const struct packet *packet = walk->packet;
	/* A sum does not tell which of the two came first. */
	uint64_t ends = mix_address(packet->source) + mix_address(packet->target);

	tunnel_label(walk, TCPM_LABEL_TUNNEL, (uint32_t)mix(ends));
}

bool tunnel_ipv4_checksum(struct cursor header, uint32_t length)
{
	uint16_t word, checksum;
	uint32_t sum = 0;

	if (!cursor_peek16(&header, 10, &checksum))
		return false;
	if (checksum == 0)
		return true;
	for (uint32_t at = 0; at < length; at += 2) {
		if (!cursor_peek16(&header, at, &word))
			return false;
		sum += word;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff || sum == 0x1fffe;
}

/* Whether a packet of count bytes can be what is left of the outer one. */
static bool fits(const struct walk *walk, uint32_t count)
{
	return count <= walk->wire || walk->loose || walk->partial;
}

bool tunnel_holds_ipv4(const struct walk *walk)
{
	const struct cursor *cursor = &walk->cursor;
	uint8_t first;
	uint16_t total;

	if (!cursor_peek8(cursor, 0, &first) || !cursor_peek16(cursor, 2, &total))
		return true;
	uint32_t length = (first & 0x0fu) * 4;
	if (length < 20 || !cursor_has(cursor, length))
		return true;
	if (!fits(walk, total))
		return false;
	return !walk->guessed || (total != 0 && tunnel_ipv4_checksum(*cursor, length));
}

bool tunnel_holds_ipv6(const struct walk *walk)
{
	const struct cursor *cursor = &walk->cursor;
	uint16_t payload;
	uint8_t source;

	if (!cursor_has(cursor, 40) || !cursor_peek16(cursor, 4, &payload) ||
	    !cursor_peek8(cursor, 8, &source))
		return true;
	if (!fits(walk, payload + 40u))
		return false;
	if (!walk->guessed)
		return true;
	/* No checksum, so: next to nothing behind it but padding, and no multicast address
	 * as the source (RFC 4291 2.7). */
	bool close = walk->loose || walk->partial || payload + 40u + 64u >= walk->wire;
	return close && payload != 0 && source != 0xff;
}

enum tcpm_decode tunnel_exact_ip(struct walk *walk)
{
	uint16_t length;
	uint8_t first;

	if (!cursor_peek8(&walk->cursor, 0, &first))
		return walk_missing(walk, 1);
	switch (first >> 4) {
	case 4:
		if (!cursor_peek16(&walk->cursor, 2, &length))
			return walk_missing(walk, 4);
		return length == walk->wire ? walk_on(walk, LAYER_IPV4) : TCPM_DECODE_NOT_TCP;
	case 6:
		if (!cursor_peek16(&walk->cursor, 4, &length))
			return walk_missing(walk, 6);
		return length + 40u == walk->wire ? walk_on(walk, LAYER_IPV6) : TCPM_DECODE_NOT_TCP;
	default:
		return TCPM_DECODE_NOT_TCP;
	}
}

enum tcpm_decode tunnel_ethernet(struct walk *walk)
{
	uint8_t source;

	if (cursor_peek8(&walk->cursor, 6, &source) && (source & 1))
		return TCPM_DECODE_NOT_TCP;
	return walk_on(walk, LAYER_ETHERNET);
}
