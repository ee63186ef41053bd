/*
 * Builds frames for tests, layer by layer, outermost first:
 *
 *	struct frame_builder b;
 *	frame_begin(&b, FRAME_ETHERNET);
 *	frame_vlan(&b, 0x8100, 42);
 *	frame_ipv4(&b, "192.0.2.1", "192.0.2.2");
 *	frame_tcp(&b, (struct frame_tcp){.source_port = 40000, .target_port = 443, ...});
 *	frame_timestamps(&b, 100, 99);
 *	frame_data(&b, 1000);
 *	struct tcpm_frame frame = frame_end(&b);
 *
 * Each header is announced in the one before it (EtherType, protocol, family), and
 * frame_end fills in the lengths, the IPv4 checksums and the TCP data offset. To
 * build what is wrong, overwrite bytes afterwards: frame_set8, 16, 32 at the
 * offsets that the builder remembers (ip_at, extension_at, tcp_at).
 */
#ifndef UNIT_FRAME_BUILDER_H
#define UNIT_FRAME_BUILDER_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tcpmetro.h"

#define FRAME_MAX 70000

/* Link types (LINKTYPE_ values). */
enum {
	FRAME_NULL = 0,
	FRAME_ETHERNET = 1,
	FRAME_RAW = 101,
	FRAME_LOOP = 108,
	FRAME_SLL = 113,
	FRAME_IPV4 = 228,
	FRAME_IPV6 = 229,
	FRAME_SLL2 = 276,
};

/* How the last header names the one that follows it. */
enum frame_next {
	FRAME_NEXT_NONE,
	FRAME_NEXT_ETHERTYPE,
	FRAME_NEXT_PROTOCOL,
	FRAME_NEXT_FAMILY,        /* four bytes, network byte order */
	FRAME_NEXT_FAMILY_LITTLE, /* four bytes, the other one */
	FRAME_NEXT_FAMILY_BYTE,
	FRAME_NEXT_PPP,
	FRAME_NEXT_PPP_BYTE, /* its first byte left out */
	FRAME_NEXT_GPE,      /* VXLAN-GPE's own numbers, one byte */
	FRAME_NEXT_NLPID,    /* frame relay's */
};

/* A field of two bytes that holds how many bytes follow from a place on. */
struct frame_length {
	size_t at, from;
};

/* Bits of four bytes that are others in the other direction. */
struct frame_difference {
	size_t at;
	uint32_t mask;
};

#define FRAME_MAX_DIFFERENCES 32

struct frame_builder {
	uint8_t bytes[FRAME_MAX];
	size_t length;
	uint16_t linktype;
	enum frame_next next;
	size_t next_at;   /* where the last header names its successor */
	size_t ip_at;     /* the innermost IP header */
	size_t ip_all[8]; /* all of them, outermost first */
	size_t ip_count;
	struct frame_length lengths[8]; /* that frame_end fills in */
	size_t length_count;
	struct frame_difference differences[FRAME_MAX_DIFFERENCES]; /* for frame_turn */
	size_t difference_count;
	size_t udp_at;       /* the last UDP header; 0: none */
	size_t extension_at; /* the last extension header */
	size_t tcp_at;
	size_t data_at; /* where the TCP data starts, or would; set by frame_data or frame_end */
	bool has_tcp, has_data;
};

/* Fields of the TCP header; what is left out is 0. */
struct frame_tcp {
	uint16_t source_port, target_port;
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t window, checksum, urgent;
};

static inline void frame_set8(struct frame_builder *b, size_t at, unsigned value)
{
	b->bytes[at] = (uint8_t)value;
}

static inline void frame_set16(struct frame_builder *b, size_t at, unsigned value)
{
	frame_set8(b, at, value >> 8);
	frame_set8(b, at + 1, value & 0xff);
}

static inline void frame_set32(struct frame_builder *b, size_t at, uint32_t value)
{
	frame_set16(b, at, value >> 16);
	frame_set16(b, at + 2, value & 0xffff);
}

static inline unsigned frame_get16(const struct frame_builder *b, size_t at)
{
	return (unsigned)b->bytes[at] << 8 | b->bytes[at + 1];
}

/* Appends count zero bytes and returns where they start. */
static inline size_t frame_grow(struct frame_builder *b, size_t count)
{
	size_t at = b->length;

	if (count > FRAME_MAX - at)
		abort();
	memset(b->bytes + at, 0, count);
	b->length += count;
	return at;
}

static inline void frame_bytes(struct frame_builder *b, const void *bytes, size_t count)
{
	memcpy(b->bytes + frame_grow(b, count), bytes, count);
}

/* Notes which bits of the four bytes at `at` frame_turn inverts: what the two directions of
 * a connection have each for itself, as labels that each receiver chose, or ports that
 * change places. */
static inline void frame_differs(struct frame_builder *b, size_t at, uint32_t mask)
{
	if (b->difference_count == FRAME_MAX_DIFFERENCES)
		abort();
	b->differences[b->difference_count++] = (struct frame_difference){at, mask};
}

/* The same instead of what was noted last. */
static inline void frame_differs_instead(struct frame_builder *b, size_t at, uint32_t mask)
{
	b->difference_count--;
	frame_differs(b, at, mask);
}

/* A number by which something is known by its EtherType: IPv4, IPv6, MPLS, Ethernet. */
static inline unsigned frame_number(unsigned ethertype, unsigned ipv4, unsigned ipv6, unsigned mpls,
				    unsigned ethernet)
{
	switch (ethertype) {
	case 0x0800:
		return ipv4;
	case 0x86dd:
		return ipv6;
	case 0x8847:
		return mpls;
	default:
		return ethernet;
	}
}

/* Writes into the last header what follows it, in whichever way that header says so.
 * Also to be used alone, for what the builder cannot build: (b, 0x0806, 17, 7) makes the
 * frame ARP behind Ethernet, UDP behind IP, OSI behind a loopback header. */
static inline void frame_announce(struct frame_builder *b, unsigned ethertype, unsigned protocol,
				  unsigned family)
{
	switch (b->next) {
	case FRAME_NEXT_ETHERTYPE:
		frame_set16(b, b->next_at, ethertype);
		break;
	case FRAME_NEXT_PROTOCOL:
		frame_set8(b, b->next_at, protocol);
		break;
	case FRAME_NEXT_FAMILY:
		frame_set32(b, b->next_at, family);
		break;
	case FRAME_NEXT_FAMILY_LITTLE:
	case FRAME_NEXT_FAMILY_BYTE:
		frame_set8(b, b->next_at, family);
		break;
	case FRAME_NEXT_PPP:
		frame_set16(b, b->next_at, frame_number(ethertype, 0x21, 0x57, 0x281, 0x31));
		break;
	case FRAME_NEXT_PPP_BYTE:
		frame_set8(b, b->next_at, frame_number(ethertype, 0x21, 0x57, 0, 0));
		break;
	case FRAME_NEXT_GPE:
		frame_set8(b, b->next_at, frame_number(ethertype, 1, 2, 5, 3));
		break;
	case FRAME_NEXT_NLPID:
		frame_set8(b, b->next_at, frame_number(ethertype, 0xcc, 0x8e, 0, 0));
		break;
	case FRAME_NEXT_NONE:
		break;
	}
}

/* Starts a frame with the link header of its type (NULL: little-endian family). */
static inline void frame_begin(struct frame_builder *b, uint16_t linktype)
{
	b->length = 0;
	b->linktype = linktype;
	b->next = FRAME_NEXT_ETHERTYPE;
	b->next_at = b->ip_at = b->ip_count = b->extension_at = b->tcp_at = b->data_at = 0;
	b->length_count = b->difference_count = b->udp_at = 0;
	b->has_tcp = b->has_data = false;
	switch (linktype) {
	case FRAME_ETHERNET:
		b->next_at = frame_grow(b, 14) + 12;
		memcpy(b->bytes, "\x02\0\0\0\0\1\x02\0\0\0\0\2", 12);
		break;
	case FRAME_SLL:
		b->next_at = frame_grow(b, 16) + 14;
		frame_set16(b, 2, 1); /* an Ethernet device */
		frame_set16(b, 4, 6);
		frame_differs(b, 0, 4u << 16); /* to us, from us */
		break;
	case FRAME_SLL2:
		b->next_at = frame_grow(b, 20);
		frame_set32(b, 4, 2);
		frame_set16(b, 8, 1);
		frame_set8(b, 11, 6);
		frame_differs(b, 8, 4u << 8);
		break;
	case FRAME_NULL:
		b->next = FRAME_NEXT_FAMILY_LITTLE;
		b->next_at = frame_grow(b, 4);
		break;
	case FRAME_LOOP:
		b->next = FRAME_NEXT_FAMILY;
		b->next_at = frame_grow(b, 4);
		break;
	default:
		b->next = FRAME_NEXT_NONE;
		break;
	}
}

/* A VLAN tag: the EtherType it is announced by (0x8100, 0x88a8, ...), and its id with
 * the priority bits above it. */
static inline void frame_vlan(struct frame_builder *b, unsigned ethertype, unsigned tag)
{
	frame_announce(b, ethertype, 0, 0);
	size_t at = frame_grow(b, 4);
	frame_set16(b, at, tag);
	b->next = FRAME_NEXT_ETHERTYPE;
	b->next_at = at + 2;
}

/* An IPv4 header with options of the given length, a multiple of four (all NOP). */
static inline void frame_ipv4_options(struct frame_builder *b, const char *source,
				      const char *target, unsigned options)
{
	frame_announce(b, 0x0800, 4, 2);
	size_t at = frame_grow(b, 20 + options);
	frame_set8(b, at, 0x45 + options / 4);
	frame_set8(b, at + 8, 64);
	inet_pton(AF_INET, source, b->bytes + at + 12);
	inet_pton(AF_INET, target, b->bytes + at + 16);
	memset(b->bytes + at + 20, 1, options);
	b->ip_at = b->ip_all[b->ip_count++] = at;
	b->next = FRAME_NEXT_PROTOCOL;
	b->next_at = at + 9;
}

static inline void frame_ipv4(struct frame_builder *b, const char *source, const char *target)
{
	frame_ipv4_options(b, source, target, 0);
}

static inline void frame_ipv6(struct frame_builder *b, const char *source, const char *target)
{
	frame_announce(b, 0x86dd, 41, 30);
	size_t at = frame_grow(b, 40);
	frame_set8(b, at, 0x60);
	frame_set8(b, at + 7, 64);
	inet_pton(AF_INET6, source, b->bytes + at + 8);
	inet_pton(AF_INET6, target, b->bytes + at + 24);
	b->ip_at = b->ip_all[b->ip_count++] = at;
	b->next = FRAME_NEXT_PROTOCOL;
	b->next_at = at + 6;
}

/* A header that starts with the next protocol and a length: 0 hop-by-hop, 43 routing,
 * 60 destination options, 51 authentication, ... count: its bytes in all, a multiple of
 * eight (51: of four). */
static inline void frame_extension(struct frame_builder *b, unsigned protocol, unsigned count)
{
	frame_announce(b, 0, protocol, 0);
	size_t at = frame_grow(b, count);
	frame_set8(b, at + 1, protocol == 51 ? count / 4 - 2 : count / 8 - 1);
	b->next = FRAME_NEXT_PROTOCOL;
	b->next_at = b->extension_at = at;
}

/* An IPv6 fragment header. offset: in bytes, a multiple of eight. */
static inline void frame_fragment(struct frame_builder *b, unsigned offset, bool more)
{
	frame_announce(b, 0, 44, 0);
	size_t at = frame_grow(b, 8);
	frame_set16(b, at + 2, offset | more);
	frame_set32(b, at + 4, 0x1234);
	b->next = FRAME_NEXT_PROTOCOL;
	b->next_at = b->extension_at = at;
}

static inline void frame_tcp(struct frame_builder *b, struct frame_tcp tcp)
{
	frame_announce(b, 0, 6, 0);
	size_t at = frame_grow(b, 20);
	frame_set16(b, at, tcp.source_port);
	frame_set16(b, at + 2, tcp.target_port);
	frame_set32(b, at + 4, tcp.seq);
	frame_set32(b, at + 8, tcp.ack);
	frame_set8(b, at + 13, tcp.flags);
	frame_set16(b, at + 14, tcp.window);
	frame_set16(b, at + 16, tcp.checksum);
	frame_set16(b, at + 18, tcp.urgent);
	b->tcp_at = at;
	b->has_tcp = true;
	b->next = FRAME_NEXT_NONE;
}

/* TCP options, in any order, after frame_tcp and before frame_data. */
static inline void frame_nop(struct frame_builder *b, unsigned count)
{
	memset(b->bytes + frame_grow(b, count), 1, count);
}

/* Any option: its kind, and the bytes behind its length. */
static inline void frame_option(struct frame_builder *b, unsigned kind, const void *bytes,
				size_t count)
{
	size_t at = frame_grow(b, 2);
	frame_set8(b, at, kind);
	frame_set8(b, at + 1, (unsigned)count + 2);
	if (count > 0)
		frame_bytes(b, bytes, count);
}

static inline void frame_mss(struct frame_builder *b, unsigned mss)
{
	const uint8_t bytes[] = {(uint8_t)(mss >> 8), (uint8_t)mss};
	frame_option(b, 2, bytes, sizeof(bytes));
}

static inline void frame_window_scale(struct frame_builder *b, unsigned scale)
{
	const uint8_t byte = (uint8_t)scale;
	frame_option(b, 3, &byte, 1);
}

static inline void frame_sack_permitted(struct frame_builder *b)
{
	frame_option(b, 4, NULL, 0);
}

/* count blocks, edges[2 * i] the left and edges[2 * i + 1] the right one. */
static inline void frame_sack(struct frame_builder *b, const uint32_t *edges, size_t count)
{
	size_t at = frame_grow(b, 2 + 8 * count);
	frame_set8(b, at, 5);
	frame_set8(b, at + 1, (unsigned)(2 + 8 * count));
	for (size_t i = 0; i < 2 * count; i++)
		frame_set32(b, at + 2 + 4 * i, edges[i]);
}

/* The option alone, without the two NOPs that usually stand before it. */
static inline void frame_bare_timestamps(struct frame_builder *b, uint32_t tsval, uint32_t tsecr)
{
	size_t at = frame_grow(b, 10);
	frame_set8(b, at, 8);
	frame_set8(b, at + 1, 10);
	frame_set32(b, at + 2, tsval);
	frame_set32(b, at + 6, tsecr);
}

static inline void frame_timestamps(struct frame_builder *b, uint32_t tsval, uint32_t tsecr)
{
	frame_nop(b, 2);
	frame_bare_timestamps(b, tsval, tsecr);
}

/* Data: count bytes 'x'. Ends the options of a TCP header, filled up with zero to the
 * multiple of four bytes that a header must be. */
static inline void frame_data(struct frame_builder *b, size_t count)
{
	if (b->has_tcp && !b->has_data) {
		frame_grow(b, (4 - (b->length - b->tcp_at) % 4) % 4);
		b->data_at = b->length;
		b->has_data = true;
	}
	memset(b->bytes + frame_grow(b, count), 'x', count);
}

/* The checksum of an IPv4 header (RFC 1071); its own field must be zero. */
static inline unsigned frame_checksum(const struct frame_builder *b, size_t at, size_t count)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < count; i += 2)
		sum += frame_get16(b, at + i);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* The frame as it stands. It points into the builder. */
static inline struct tcpm_frame frame_whole(const struct frame_builder *b)
{
	return (struct tcpm_frame){
		.bytes = b->bytes,
		.captured = (uint32_t)b->length,
		.wire_length = (uint32_t)b->length,
		.linktype = b->linktype,
	};
}

/* Exchanges count bytes at `at` with those behind them. */
static inline void frame_exchange(struct frame_builder *b, size_t at, size_t count)
{
	uint8_t other[16];

	memcpy(other, b->bytes + at, count);
	memmove(b->bytes + at, b->bytes + at + count, count);
	memcpy(b->bytes + at + count, other, count);
}

/* Turns the frame round, before frame_end: the addresses of all IP headers change places,
 * and what differs by direction is that of the other one. TCP's header stays. */
static inline void frame_turn(struct frame_builder *b)
{
	for (size_t i = 0; i < b->ip_count; i++) {
		bool ipv6 = b->bytes[b->ip_all[i]] >> 4 == 6;

		frame_exchange(b, b->ip_all[i] + (ipv6 ? 8 : 12), ipv6 ? 16 : 4);
	}
	for (size_t i = 0; i < b->difference_count; i++)
		for (unsigned j = 0; j < 4; j++)
			b->bytes[b->differences[i].at + j] ^=
				(uint8_t)(b->differences[i].mask >> (24 - 8 * j));
}

/* Completes the headers. What is added after it (frame_grow) is padding, and frame_whole
 * then the frame. */
static inline struct tcpm_frame frame_end(struct frame_builder *b)
{
	if (b->has_tcp) {
		frame_data(b, 0);
		frame_set8(b, b->tcp_at + 12, (unsigned)(b->data_at - b->tcp_at) / 4 << 4);
	}
	for (size_t i = 0; i < b->ip_count; i++) {
		size_t at = b->ip_all[i];

		if (b->bytes[at] >> 4 == 6) {
			frame_set16(b, at + 4, (unsigned)(b->length - at - 40));
			continue;
		}
		frame_set16(b, at + 2, (unsigned)(b->length - at));
		frame_set16(b, at + 10, 0);
		frame_set16(b, at + 10, frame_checksum(b, at, (b->bytes[at] & 0x0fu) * 4));
	}
	for (size_t i = 0; i < b->length_count; i++)
		frame_set16(b, b->lengths[i].at, (unsigned)(b->length - b->lengths[i].from));
	return frame_whole(b);
}

#endif
