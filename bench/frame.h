/*
 * The bytes of a TCP segment on Ethernet, written from a prepared template.
 *
 * What stays the same in one direction of a connection (addresses, ports, the sum of
 * both) is prepared once; a segment is then one copy and a few patched fields. All
 * segments share one payload, of which every prefix's sum is known, so checksums are
 * right and cost next to nothing.
 */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ethernet's 1,500 bytes without IPv4's, TCP's and the timestamps' headers. */
#define FRAME_PAYLOAD_MAX 1448

/* Of IPv6, whose header is longer. */
#define FRAME_PAYLOAD_MAX_V6 1428

/* Ethernet, IPv6, and a SYN's TCP header with its options. */
#define FRAME_HEAD_MAX 94

#define FRAME_FIN 0x01
#define FRAME_SYN 0x02
#define FRAME_PSH 0x08
#define FRAME_ACK 0x10

/* One direction of a connection. */
struct frame_template {
	uint8_t head[FRAME_HEAD_MAX];
	bool ipv6;
	uint32_t ip_sum;  /* IPv4's header without length, identification, checksum */
	uint32_t tcp_sum; /* the pseudo-header without the length */
};

/* What differs from segment to segment. */
struct frame_segment {
	uint32_t seq;
	uint32_t ack;
	uint32_t tsval;
	uint32_t tsecr;
	size_t payload; /* at most FRAME_PAYLOAD_MAX */
	uint16_t id;    /* IPv4's identification */
	uint8_t flags;  /* with FRAME_SYN, a SYN's options are written */
};

/* An end of a connection. Its address on the wire follows from `host`. */
struct frame_end {
	uint16_t host;
	uint16_t port;
	bool server;
};

/* Must be called once, before anything is written. */
void frame_init(void);

/* The payload of all segments, FRAME_PAYLOAD_MAX bytes; of a segment, its beginning. */
const uint8_t *frame_payload(void);

/* Prepares the direction from one end to the other. Addresses are those set aside for
 * benchmarks: 198.18.0.0/15 (RFC 2544) and 2001:2::/48 (RFC 5180). */
void frame_prepare(struct frame_template *template, bool ipv6, const struct frame_end *from,
		   const struct frame_end *to);

/* Writes the headers of a segment to `head`, and returns their length; the payload is
 * to follow them. */
size_t frame_write(uint8_t head[FRAME_HEAD_MAX], const struct frame_template *template,
		   const struct frame_segment *segment);

#endif
