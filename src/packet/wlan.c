/*
 * IEEE 802.11 data frames (IEEE 802.11-2020 9.2 and 9.3.2).
 *
 * The header's length follows from frame control alone. What is encrypted over the air
 * stays so; behind an aggregate (A-MSDU) only the first packet is read, since a frame
 * proves one packet. A checksum at the end does no harm: lengths come from IP.
 */
#include "packet/layers.h"

/* Frame control, first byte: version (0), type (2: data), subtype. */
enum {
	WLAN_VERSION_TYPE = 0x0f,
	WLAN_DATA = 0x08,
	WLAN_NO_DATA = 0x40,
	WLAN_QOS = 0x80,
};

/* Second byte. */
enum {
	WLAN_TO_DS = 0x01,
	WLAN_FROM_DS = 0x02,
	WLAN_PROTECTED = 0x40,
	WLAN_HT_CONTROL = 0x80,
};

/* In the first byte of QoS control. */
#define WLAN_AGGREGATE 0x80

/* The bytes of the header; *qos_at is where QoS control stands in it, if it does. */
static size_t header_length(uint8_t type, uint8_t flags, size_t *qos_at)
{
	size_t length = 24;

	if (flags & WLAN_TO_DS && flags & WLAN_FROM_DS)
		length += 6;
	*qos_at = length;
	if (type & WLAN_QOS)
		length += flags & WLAN_HT_CONTROL ? 6 : 2;
	return length;
}

enum tcpm_decode wlan_data(struct walk *walk)
{
	const struct cursor cursor = walk->cursor;
	bool swapped = walk->wlan & WLAN_SWAPPED;
	uint8_t type, flags, qos;
	uint16_t sequence;
	size_t qos_at;

	if (!cursor_peek8(&cursor, swapped ? 1 : 0, &type) ||
	    !cursor_peek8(&cursor, swapped ? 0 : 1, &flags))
		return TCPM_DECODE_TRUNCATED;
	if ((type & WLAN_VERSION_TYPE) != WLAN_DATA || type & WLAN_NO_DATA ||
	    flags & WLAN_PROTECTED)
		return TCPM_DECODE_NOT_IP;

	size_t length = header_length(type, flags, &qos_at);
	size_t padded = walk->wlan & WLAN_PADDED ? (length + 3) & ~(size_t)3 : length;
	if (!cursor_peek16_le(&cursor, 22, &sequence) || !walk_skip(walk, padded))
		return TCPM_DECODE_TRUNCATED;
	if (sequence & 0x000f) /* a later fragment of a frame */
		return TCPM_DECODE_FRAGMENT;
	/* An aggregate's packets each have target, source and length in front. */
	if (type & WLAN_QOS && cursor_peek8(&cursor, qos_at, &qos) && qos & WLAN_AGGREGATE)
		return walk_past(walk, 14, LAYER_LLC);
	return walk_on(walk, LAYER_LLC);
}
