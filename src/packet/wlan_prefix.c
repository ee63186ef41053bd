/*
 * What drivers put in front of 802.11 frames: radiotap, PPI, Prism and AVS headers.
 *
 * Each tells its own length. Of what else they tell, two things matter: a frame that
 * failed its checksum proves nothing, and some drivers pad the 802.11 header.
 */
#include "packet/layers.h"

/* Radiotap's flags field (radiotap.org). */
enum {
	RADIOTAP_PADDED = 0x20,
	RADIOTAP_BAD_CHECKSUM = 0x40,
	RADIOTAP_TSFT_PRESENT = 0x00000001,
	RADIOTAP_FLAGS_PRESENT = 0x00000002,
};

#define RADIOTAP_MORE_PRESENT 0x80000000u

/* The flags field of a radiotap header of the given length; 0 if it has none. Only a
 * time may stand in front of it, at the next multiple of eight. */
static uint8_t radiotap_flags(const struct cursor *cursor, size_t length)
{
	uint32_t present, more;
	uint8_t flags;
	size_t at = 8;

	if (!cursor_peek32_le(cursor, 4, &present) || !(present & RADIOTAP_FLAGS_PRESENT))
		return 0;
	for (more = present; more & RADIOTAP_MORE_PRESENT; at += 4) {
		if (at + 4 > length || !cursor_peek32_le(cursor, at, &more))
			return 0;
	}
	if (present & RADIOTAP_TSFT_PRESENT)
		at = ((at + 7) & ~(size_t)7) + 8;
	return at < length && cursor_peek8(cursor, at, &flags) ? flags : 0;
}

/* Version (0), pad, length, which fields are present; little-endian (radiotap.org). */
enum tcpm_decode radio_radiotap(struct walk *walk)
{
	const struct cursor cursor = walk->cursor;
	uint8_t version;
	uint16_t length;

	if (!cursor_peek8(&cursor, 0, &version) || !cursor_peek16_le(&cursor, 2, &length) ||
	    !cursor_has(&cursor, 8))
		return TCPM_DECODE_TRUNCATED;
	if (version != 0 || length < 8)
		return TCPM_DECODE_MALFORMED;
	if (!walk_skip(walk, length))
		return TCPM_DECODE_TRUNCATED;
	uint8_t flags = radiotap_flags(&cursor, length);
	if (flags & RADIOTAP_BAD_CHECKSUM)
		return TCPM_DECODE_MALFORMED;
	walk->wlan = flags & RADIOTAP_PADDED ? WLAN_PADDED : 0;
	return walk_on(walk, LAYER_WLAN);
}

/* PPI's field for 802.11, and its flag for a bad checksum (PPI specification 1.0, CACE
 * Technologies, 4.1.2). */
enum {
	PPI_COMMON = 2,
	PPI_BAD_CHECKSUM = 0x0004,
};

/* Whether the fields up to length (type, length, contents) say that the frame is bad.
 * Each has at least four bytes, so the work is bounded by the header. */
static bool ppi_bad(const struct cursor *cursor, size_t length)
{
	uint16_t type, count, flags;

	for (size_t at = 8; at + 4 <= length; at += 4u + count) {
		if (!cursor_peek16_le(cursor, at, &type) ||
		    !cursor_peek16_le(cursor, at + 2, &count))
			return false;
		if (type == PPI_COMMON)
			return count >= 10 && at + 14 <= length &&
			       cursor_peek16_le(cursor, at + 12, &flags) &&
			       flags & PPI_BAD_CHECKSUM;
	}
	return false;
}

/* Version (0), flags, length, link type of what follows; little-endian (PPI 3.1). */
enum tcpm_decode radio_ppi(struct walk *walk)
{
	const struct cursor cursor = walk->cursor;
	uint8_t version;
	uint16_t length;
	uint32_t linktype;

	if (!cursor_peek8(&cursor, 0, &version) || !cursor_peek16_le(&cursor, 2, &length) ||
	    !cursor_peek32_le(&cursor, 4, &linktype))
		return TCPM_DECODE_TRUNCATED;
	if (version != 0 || length < 8)
		return TCPM_DECODE_MALFORMED;
	if (!walk_skip(walk, length))
		return TCPM_DECODE_TRUNCATED;
	if (ppi_bad(&cursor, length))
		return TCPM_DECODE_MALFORMED;
	return walk_on_linktype(walk, linktype);
}

/* AVS: magic with a version in its last four bits, length, in network byte order (AVS
 * capture frame format 2.1.1). */
#define AVS_MAGIC 0x80211000u

enum tcpm_decode radio_avs(struct walk *walk)
{
	uint32_t magic, length;

	if (!cursor_peek32(&walk->cursor, 0, &magic) || !cursor_peek32(&walk->cursor, 4, &length))
		return TCPM_DECODE_TRUNCATED;
	if ((magic & 0xfffffff0u) != AVS_MAGIC || length < 8)
		return TCPM_DECODE_MALFORMED;
	return walk_past(walk, length, LAYER_WLAN);
}

/* Prism: fields of fixed size, 144 bytes in all (tcpdump.org, LINKTYPE_IEEE802_11_PRISM).
 * Some drivers write an AVS header under the same link type. */
enum tcpm_decode radio_prism(struct walk *walk)
{
	uint32_t magic;

	if (!cursor_peek32(&walk->cursor, 0, &magic))
		return TCPM_DECODE_TRUNCATED;
	if ((magic & 0xfffffff0u) == AVS_MAGIC)
		return walk_on(walk, LAYER_AVS);
	return walk_past(walk, 144, LAYER_WLAN);
}
