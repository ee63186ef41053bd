/*
 * CAPWAP's data channel: what access points send to their controller (RFC 5415 4.3,
 * RFC 5416 for 802.11).
 *
 * Controllers often run it encrypted (DTLS), which ends the walk.
 */
#include "packet/layers.h"

/* The first 32 bits: preamble (8, zero unless encrypted), header length in units of
 * four bytes (5), radio (5), binding (5), and bits. */
enum {
	CAPWAP_NATIVE = 0x100, /* 802.11, else 802.3 */
	CAPWAP_FRAGMENT = 0x080,
	CAPWAP_WIRELESS = 0x020,  /* wireless information: its length, and that */
	CAPWAP_RADIO_MAC = 0x010, /* the radio's address: its length, and that */
	CAPWAP_KEEP_ALIVE = 0x008,
	CAPWAP_RESERVED = 0x007,
	CAPWAP_802_11 = 1,
};

/* Adds an optional field: a byte that tells how many follow, filled up to four. */
static bool add_field(const struct walk *walk, size_t *length)
{
	uint8_t count;

	if (!cursor_peek8(&walk->cursor, *length, &count))
		return false;
	*length += (1u + count + 3u) & ~(size_t)3;
	return true;
}

/* Cisco's access points write frame control the other way round. A data frame's first
 * byte ends in 8, and so cannot the other one in a frame of an access point. */
static uint8_t frame_form(const struct walk *walk)
{
	uint16_t control;

	if (!cursor_peek16(&walk->cursor, 0, &control))
		return 0;
	return (control >> 8 & 0x0f) != 0x08 && (control & 0x0f) == 0x08 ? WLAN_SWAPPED : 0;
}

enum tcpm_decode capwap_data(struct walk *walk)
{
	uint32_t first;
	uint16_t offset;
	size_t length = 8;

	if (!cursor_peek32(&walk->cursor, 0, &first) || !cursor_peek16(&walk->cursor, 6, &offset))
		return walk_missing(walk, 8);
	size_t header = (first >> 19 & 0x1f) * 4;
	if (first >> 24 != 0 || header < 8 || (first >> 9 & 0x1f) != CAPWAP_802_11 ||
	    first & (CAPWAP_KEEP_ALIVE | CAPWAP_RESERVED) || offset & 7)
		return TCPM_DECODE_NOT_TCP;
	if ((first & CAPWAP_RADIO_MAC && !add_field(walk, &length)) ||
	    (first & CAPWAP_WIRELESS && !add_field(walk, &length)))
		return walk_missing(walk, length + 1);
	if (length != header)
		return TCPM_DECODE_NOT_TCP;
	if (!walk_skip(walk, header))
		return walk_missing(walk, header);
	if (first & CAPWAP_FRAGMENT) {
		if (offset != 0)
			return TCPM_DECODE_FRAGMENT;
		walk->partial = true;
	}
	if (first & CAPWAP_NATIVE) {
		walk->wlan = frame_form(walk);
		walk->next = LAYER_WLAN;
	} else if (tunnel_ethernet(walk) != TCPM_DECODE_TCP) {
		return TCPM_DECODE_NOT_TCP;
	}
	tunnel_label_ends(walk);
	return TCPM_DECODE_TCP;
}
