/*
 * The TCP header and its options.
 *
 * The first 20 bytes are all that a round-trip time needs; the options make it
 * better. So a header is used as soon as those are there, and whatever is wrong
 * with the options costs only the options from there on.
 */
#include "packet/layers.h"

enum {
	HEADER_MIN = 20,
};

/* Option kinds (RFC 9293 3.2, RFC 7323, RFC 2018). */
enum {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_WINDOW_SCALE = 3,
	OPTION_SACK_PERMITTED = 4,
	OPTION_SACK = 5,
	OPTION_TIMESTAMPS = 8,
};

/* A scale above it is used as if it were this (RFC 7323 2.3). */
#define WINDOW_SCALE_MAX 14

static inline bool read_timestamps(const struct cursor *cursor, size_t offset,
				   struct packet *packet)
{
	uint32_t tsval, tsecr;

	if (!cursor_peek32(cursor, offset, &tsval) || !cursor_peek32(cursor, offset + 4, &tsecr))
		return false;
	packet->has_timestamps = true;
	packet->tsval = tsval;
	packet->tsecr = tsecr;
	return true;
}

/* The option is length bytes at the cursor. */
static bool read_sack(const struct cursor *cursor, size_t length, struct packet *packet)
{
	size_t count = (length - 2) / 8;

	if (count < 1 || count > PACKET_MAX_SACK || length != 2 + count * 8)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!cursor_peek32(cursor, 2 + i * 8, &packet->sack[i].left) ||
		    !cursor_peek32(cursor, 6 + i * 8, &packet->sack[i].right))
			return false;
	}
	packet->sack_count = (uint8_t)count;
	return true;
}

/* One option that has a length; false ends the walk over them. All of it is there. */
static bool read_option(const struct cursor *cursor, uint8_t kind, size_t length,
			struct packet *packet)
{
	switch (kind) {
	case OPTION_MSS:
		return length == 4 && cursor_peek16(cursor, 2, &packet->mss);
	case OPTION_WINDOW_SCALE:
		if (length != 3 || !cursor_peek8(cursor, 2, &packet->window_scale))
			return false;
		packet->has_window_scale = true;
		if (packet->window_scale > WINDOW_SCALE_MAX)
			packet->window_scale = WINDOW_SCALE_MAX;
		return true;
	case OPTION_SACK_PERMITTED:
		if (length != 2)
			return false;
		packet->sack_permitted = true;
		return true;
	case OPTION_SACK:
		return read_sack(cursor, length, packet);
	case OPTION_TIMESTAMPS:
		return length == 10 && read_timestamps(cursor, 2, packet);
	default:
		return true;
	}
}

void tcp_each_option(struct cursor cursor, struct packet *packet)
{
	uint8_t kind, length;

	while (cursor_peek8(&cursor, 0, &kind) && kind != OPTION_END) {
		if (kind == OPTION_NOP) {
			cursor_skip(&cursor, 1);
			continue;
		}
		if (!cursor_peek8(&cursor, 1, &length) || length < 2 || length > cursor.left ||
		    !read_option(&cursor, kind, length, packet))
			return;
		cursor_skip(&cursor, length);
	}
}

enum tcpm_decode tcp_header(struct walk *walk)
{
	struct cursor cursor = walk->cursor;
	struct packet *packet = walk->packet;
	uint32_t header;
	uint8_t offset;

	if (!cursor_has(&cursor, HEADER_MIN) || !cursor_peek16(&cursor, 0, &packet->source_port) ||
	    !cursor_peek16(&cursor, 2, &packet->target_port) ||
	    !cursor_peek32(&cursor, 4, &packet->seq) || !cursor_peek32(&cursor, 8, &packet->ack) ||
	    !cursor_peek8(&cursor, 12, &offset) || !cursor_peek8(&cursor, 13, &packet->flags) ||
	    !cursor_peek16(&cursor, 14, &packet->window) ||
	    !cursor_peek16(&cursor, 16, &packet->checksum) || !cursor_skip(&cursor, HEADER_MIN))
		return walk_missing(walk, HEADER_MIN);

	header = (offset >> 4) * 4u;
	if (header < HEADER_MIN)
		return TCPM_DECODE_MALFORMED;
	if (header <= walk->wire)
		packet->length = walk->wire - header;
	else if (packet->more_data)
		packet->length = 0; /* the options go on in the next fragment */
	else
		return TCPM_DECODE_MALFORMED;
	if (packet->length > PACKET_MAX_LENGTH)
		return TCPM_DECODE_MALFORMED;

	packet->sack_count = 0;
	packet->has_timestamps = false;
	packet->has_window_scale = false;
	packet->sack_permitted = false;
	packet->mss = 0;
	packet->window_scale = 0;
	packet->tsval = 0;
	packet->tsecr = 0;

	packet->options_cut = cursor.left < header - HEADER_MIN;
	cursor_limit(&cursor, header - HEADER_MIN);
	tcp_options(cursor, packet);
	return TCPM_DECODE_TCP;
}
