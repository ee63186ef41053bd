/*
 * Ethernet, IP, TCP: see usual.h.
 *
 * Whether all is there is asked once; what follows is loads and stores without a branch, up to the
 * options.
 */
#include "packet/fast_path.h"

#include "packet/cursor.h"
#include "packet/layers.h"

/* Where the IP header begins, and least lengths of headers. */
#define IP_AT      14u
#define IP_HEADER  20u
#define IP6_HEADER 40u
#define TCP_HEADER 20u

#define TCP_AT  (IP_AT + IP_HEADER)
#define TCP6_AT (IP_AT + IP6_HEADER)

/* How long the TCP header is, and how much data follows it; 0: the frame is not IPv4 of the usual
 * kind, or what is to follow the IP header is not there. kind: EtherType, and two bytes more. */
static inline uint32_t look_v4(const struct cursor *cursor, uint32_t kind, uint32_t *length)
{
	uint32_t header;
	uint16_t total, fragment;
	uint8_t protocol, offset;

	if (!cursor_peek16(cursor, IP_AT + 2, &total) ||
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

/* The same of IPv6. */
static inline uint32_t look_v6(const struct cursor *cursor, uint32_t kind, uint32_t *length)
{
	uint32_t header;
	uint16_t payload;
	uint8_t protocol, offset;

	if (!cursor_peek16(cursor, IP_AT + 4, &payload) ||
	    !cursor_peek8(cursor, IP_AT + 6, &protocol) ||
	    !cursor_peek8(cursor, TCP6_AT + 12, &offset))
		return 0;
	header = (offset >> 4) * 4u;
	/* EtherType and version; the traffic class may be any. */
	if ((kind & 0xfffff000u) != 0x86dd6000u || protocol != 6 || header < TCP_HEADER ||
	    payload < header || TCP6_AT + header > cursor->left)
		return 0;
	*length = payload - header;
	return header;
}

/* All but what every packet has. */
static inline void clear(struct packet *packet)
{
	packet->label_count = 0;
	packet->sack_count = 0;
	packet->has_timestamps = false;
	packet->options_cut = false;
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

/* The TCP header, of which so much is there, and its options. */
static inline bool read_tcp(struct cursor cursor, uint32_t at, uint32_t header,
			    struct packet *packet)
{
	if (!cursor_peek16(&cursor, at, &packet->source_port) ||
	    !cursor_peek16(&cursor, at + 2, &packet->target_port) ||
	    !cursor_peek32(&cursor, at + 4, &packet->seq) ||
	    !cursor_peek32(&cursor, at + 8, &packet->ack) ||
	    !cursor_peek8(&cursor, at + 13, &packet->flags) ||
	    !cursor_peek16(&cursor, at + 14, &packet->window) ||
	    !cursor_peek16(&cursor, at + 16, &packet->checksum))
		return false;
	cursor_skip(&cursor, at + TCP_HEADER);
	cursor_limit(&cursor, header - TCP_HEADER);
	tcp_options(cursor, packet);
	return true;
}

/* Compiled twice: what differs between the two is decided then. */
static inline __attribute__((always_inline)) bool usual(const struct tcpm_frame *frame,
							struct packet *packet, bool six)
{
	const struct cursor cursor = {.at = frame->bytes, .left = frame->captured};
	const uint32_t tcp_at = six ? TCP6_AT : TCP_AT;
	uint32_t kind, length, header;

	if (frame->linktype != PACKET_LINKTYPE_ETHERNET ||
	    !cursor_has(&cursor, tcp_at + TCP_HEADER) || !cursor_peek32(&cursor, 12, &kind))
		return false;
	header = six ? look_v6(&cursor, kind, &length) : look_v4(&cursor, kind, &length);
	if (header == 0)
		return false;
	clear(packet);
	packet->version = six ? 6 : 4;
	packet->length = length;
	packet->ip_id = 0;
	if (six ? !cursor_copy(&cursor, IP_AT + 8, packet->source, 16) ||
			    !cursor_copy(&cursor, IP_AT + 24, packet->target, 16)
		: !cursor_peek16(&cursor, IP_AT + 4, &packet->ip_id) ||
			    !cursor_copy(&cursor, IP_AT + 12, packet->source, 4) ||
			    !cursor_copy(&cursor, IP_AT + 16, packet->target, 4))
		return false;
	return read_tcp(cursor, tcp_at, header, packet);
}

bool fast_path_ipv4(const struct tcpm_frame *frame, struct packet *packet)
{
	return usual(frame, packet, false);
}

bool fast_path_ipv6(const struct tcpm_frame *frame, struct packet *packet)
{
	return usual(frame, packet, true);
}
