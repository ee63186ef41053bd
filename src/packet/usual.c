/*
 * Ethernet, IPv4, TCP: see usual.h.
 *
 * Whether all is there is asked once; what follows is loads and stores without a jump, up to the
 * options.
 */
#include "packet/usual.h"

#include "packet/cursor.h"
#include "packet/layers.h"

/* Where the headers begin, and their least lengths. */
#define IP_AT      14u
#define TCP_AT     34u
#define IP_HEADER  20u
#define TCP_HEADER 20u

/* How long the TCP header is; 0: the frame is not of the usual kind. */
static inline uint32_t look(const struct tcpm_frame *frame, const struct cursor *cursor,
			    uint32_t *length)
{
	uint32_t kind, header;
	uint16_t total, fragment;
	uint8_t protocol, offset;

	if (frame->linktype != PACKET_LINKTYPE_ETHERNET ||
	    !cursor_has(cursor, TCP_AT + TCP_HEADER) || !cursor_peek32(cursor, 12, &kind) ||
	    !cursor_peek16(cursor, IP_AT + 2, &total) ||
	    !cursor_peek16(cursor, IP_AT + 6, &fragment) ||
	    !cursor_peek8(cursor, IP_AT + 9, &protocol) ||
	    !cursor_peek8(cursor, TCP_AT + 12, &offset))
		return 0;
	header = (offset >> 4) * 4u;
	/* EtherType and version with length of header; the type of service may be any. */
	if ((kind & 0xffffff00u) != 0x08004500u || (fragment & 0x3fff) != 0 || protocol != 6 ||
	    header < TCP_HEADER || total < IP_HEADER + header || TCP_AT + header > cursor->left)
		return 0;
	*length = total - IP_HEADER - header;
	return header;
}

/* All but what every packet has. */
static inline void clear(struct packet *packet)
{
	packet->label_count = 0;
	packet->sack_count = 0;
	packet->has_timestamps = false;
	packet->has_mss = false;
	packet->has_window_scale = false;
	packet->sack_permitted = false;
	packet->more_data = false;
	packet->window_scale = 0;
	packet->mss = 0;
	packet->tsval = 0;
	packet->tsecr = 0;
	memset(packet->source, 0, sizeof(packet->source));
	memset(packet->target, 0, sizeof(packet->target));
	memset(packet->label_kind, 0, sizeof(packet->label_kind));
	memset(packet->label, 0, sizeof(packet->label));
}

bool packet_usual(const struct tcpm_frame *frame, struct packet *packet)
{
	struct cursor cursor = {.at = frame->bytes, .left = frame->captured};
	uint32_t length;
	uint32_t header = look(frame, &cursor, &length);

	if (header == 0 || !cursor_has(&cursor, TCP_AT + TCP_HEADER))
		return false;
	clear(packet);
	packet->version = 4;
	packet->length = length;
	if (!cursor_peek16(&cursor, IP_AT + 4, &packet->ip_id) ||
	    !cursor_copy(&cursor, IP_AT + 12, packet->source, 4) ||
	    !cursor_copy(&cursor, IP_AT + 16, packet->target, 4) ||
	    !cursor_peek16(&cursor, TCP_AT, &packet->source_port) ||
	    !cursor_peek16(&cursor, TCP_AT + 2, &packet->target_port) ||
	    !cursor_peek32(&cursor, TCP_AT + 4, &packet->seq) ||
	    !cursor_peek32(&cursor, TCP_AT + 8, &packet->ack) ||
	    !cursor_peek8(&cursor, TCP_AT + 13, &packet->flags) ||
	    !cursor_peek16(&cursor, TCP_AT + 14, &packet->window) ||
	    !cursor_peek16(&cursor, TCP_AT + 16, &packet->checksum))
		return false;
	cursor_skip(&cursor, TCP_AT + TCP_HEADER);
	cursor_limit(&cursor, header - TCP_HEADER);
	tcp_options(cursor, packet);
	return true;
}
