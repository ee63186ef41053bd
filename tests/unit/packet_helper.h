/*
 * What the tests of packet/ share: decoding a copy that is exactly as large as the
 * capture, so that AddressSanitizer sees any read behind it, into a packet that was
 * full of rubbish, so that a field which is not set shows.
 */
#ifndef UNIT_PACKET_HELPER_H
#define UNIT_PACKET_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "frame_builder.h"
#include "packet/packet.h"

#define RUBBISH 0xa5

/* Decodes the frame as a capture of its first `captured` bytes. */
static inline enum tcpm_decode decode_cut(struct tcpm_frame frame, size_t captured,
					  struct packet *packet)
{
	uint8_t *copy = malloc(captured);

	assert_true(copy || captured == 0);
	if (captured > 0)
		memcpy(copy, frame.bytes, captured);
	memset(packet, RUBBISH, sizeof(*packet));
	frame.bytes = copy;
	frame.captured = (uint32_t)captured;
	enum tcpm_decode decode = packet_decode(&frame, packet);
	free(copy);
	return decode;
}

static inline enum tcpm_decode decode_whole(struct tcpm_frame frame, struct packet *packet)
{
	return decode_cut(frame, frame.captured, packet);
}

/* Completes the frame and decodes it. */
static inline enum tcpm_decode decode_end(struct frame_builder *b, struct packet *packet)
{
	return decode_whole(frame_end(b), packet);
}

/* A TCP header that differs from another. */
static inline void frame_some_tcp(struct frame_builder *b)
{
	frame_tcp(b, (struct frame_tcp){.source_port = 40000,
					.target_port = 443,
					.seq = 0x89abcdef,
					.ack = 0x76543210,
					.flags = TCP_ACK | TCP_PSH,
					.window = 501,
					.checksum = 0xbeef});
}

/* The same as seen through IPv4, with 100 bytes of data. */
static inline void frame_some_ipv4(struct frame_builder *b)
{
	frame_ipv4(b, "192.0.2.1", "198.51.100.2");
	frame_some_tcp(b);
	frame_data(b, 100);
}

static inline void frame_some_ipv6(struct frame_builder *b)
{
	frame_ipv6(b, "2001:db8::1", "2001:db8:0:1::2");
	frame_some_tcp(b);
	frame_data(b, 100);
}

/* What frame_some_tcp wrote is there. */
static inline void assert_some_tcp(const struct packet *packet)
{
	assert_int_equal(packet->source_port, 40000);
	assert_int_equal(packet->target_port, 443);
	assert_int_equal(packet->seq, 0x89abcdef);
	assert_int_equal(packet->ack, 0x76543210);
	assert_int_equal(packet->flags, TCP_ACK | TCP_PSH);
	assert_int_equal(packet->window, 501);
	assert_int_equal(packet->checksum, 0xbeef);
}

static inline void assert_address(const uint8_t address[16], const char *text)
{
	uint8_t expected[16] = {0};

	assert_int_equal(inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, expected), 1);
	assert_memory_equal(address, expected, sizeof(expected));
}

#endif
