/*
 * What is left of a capture when the data that nobody looks at is left out: a frame that is
 * trimmed decodes as the whole one; records, and all that is none, are the same as a naive
 * reference has them, wherever the pieces end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/snap_records.h"
#include "capture_builder.h"
#include "packet/header_span.h"
#include "packet/host_pair.h"
#include "wrappings.h"

#define MAX_PACKET 262144u

static uint64_t random_below(uint64_t *state, uint64_t limit)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state >> 11) % limit;
}

/* ---- frames ---- */

static void assert_same_packet(const struct tcpm_frame *whole, const struct tcpm_frame *cut)
{
	struct packet of_whole, of_cut;
	uint32_t hosts = 0, cut_hosts = 0;
	bool peeked = host_pair_peek(whole, &hosts);
	enum tcpm_decode result;

	memset(&of_whole, 0, sizeof(of_whole));
	memset(&of_cut, 0, sizeof(of_cut));
	result = packet_decode(whole, &of_whole);
	assert_int_equal(result, packet_decode(cut, &of_cut));
	if (result == TCPM_DECODE_TCP)
		assert_memory_equal(&of_whole, &of_cut, sizeof(of_whole));
	assert_int_equal(peeked, host_pair_peek(cut, &cut_hosts));
	if (peeked)
		assert_int_equal(hosts, cut_hosts);
}

/* Whether something was left out. */
static bool check_frame(struct tcpm_frame frame, size_t captured)
{
	/* Exactly what there is, so that a byte too far would be noticed. */
	uint8_t *bytes = malloc(captured ? captured : 1);
	struct tcpm_frame cut;
	bool shorter = false;

	assert_non_null(bytes);
	memcpy(bytes, frame.bytes, captured);
	frame.bytes = bytes;
	frame.captured = (uint32_t)captured;
	cut = frame;
	if (header_span_ethernet(bytes, captured) && captured > HEADER_SPAN_ENOUGH) {
		cut.captured = HEADER_SPAN_ENOUGH;
		cut.bytes = memcpy(malloc(HEADER_SPAN_ENOUGH), bytes, HEADER_SPAN_ENOUGH);
		assert_same_packet(&frame, &cut);
		free((void *)cut.bytes);
		shorter = true;
	}
	free(bytes);
	return shorter;
}

/* Ethernet, tags, IP with options or not, TCP with as many options as it has room for. */
static struct tcpm_frame tcp_frame(struct frame_builder *b, uint64_t *seed)
{
	static const uint32_t edges[] = {100, 200, 300, 400, 500, 600};
	uint64_t tags = random_below(seed, 4);

	frame_begin(b, FRAME_ETHERNET);
	for (uint64_t i = 0; i < tags; i++)
		frame_vlan(b, random_below(seed, 2) ? 0x8100 : 0x88a8, 5);
	if (random_below(seed, 3) == 0)
		frame_ipv6(b, "2001:db8::1", "2001:db8:ffff::2");
	else
		frame_ipv4_options(b, "192.0.2.1", "198.51.100.2",
				   (unsigned)random_below(seed, 2) * 40);
	frame_tcp(b, (struct frame_tcp){.source_port = 40000, .target_port = 80, .flags = TCP_ACK});
	if (random_below(seed, 2))
		frame_timestamps(b, 5, 6);
	if (random_below(seed, 2))
		frame_sack(b, edges, 3);
	frame_data(b, random_below(seed, 400));
	return frame_end(b);
}

static void tcp_is_enough(void **state)
{
	struct frame_builder b;
	uint64_t seed = 21;
	unsigned shorter = 0;
	(void)state;

	for (unsigned round = 0; round < 200000; round++) {
		struct tcpm_frame frame = tcp_frame(&b, &seed);
		size_t captured = frame.captured;

		for (uint64_t i = random_below(&seed, 4); i; i--)
			frame_set8(&b, random_below(&seed, 90) % captured,
				   (unsigned)random_below(&seed, 256));
		if (random_below(&seed, 4) == 0)
			frame.wire_length += 5000;
		if (random_below(&seed, 3) == 0)
			captured = random_below(&seed, captured + 1);
		shorter += check_frame(frame, captured);
	}
	assert_in_range(shorter, 20000, 180000);
}

/* What is inside a tunnel is not enough by a look at the outside. */
static void tunnels_stay_whole(void **state)
{
	struct frame_builder b;
	uint64_t seed = 22;
	(void)state;

	for (unsigned round = 0; round < 200 * WRAPPINGS; round++) {
		const struct wrapping *wrapping = &wrappings[round % WRAPPINGS];
		const struct wrapped_packet packet = {.flags = TCP_ACK, .data = 300};
		struct tcpm_frame frame;

		wrapping->begin(&b);
		frame = wrapped_end(&b, wrapping->version == 3 ? 2 : 0, &packet);
		for (unsigned i = 0; i < round % 4; i++)
			frame_set8(&b, random_below(&seed, 60), (unsigned)random_below(&seed, 256));
		frame.linktype = FRAME_ETHERNET;
		check_frame(frame, frame.captured);
	}
}

/* ---- records ---- */

/* Ethernet, IPv4, and TCP or something else, filled up. */
static void put_record(struct builder *builder, uint64_t *seed, size_t size)
{
	uint8_t *frame = malloc(size + 64);
	uint32_t wire = (uint32_t)(size + random_below(seed, 3) * 700);

	for (size_t i = 0; i < size; i++)
		frame[i] = (uint8_t)random_below(seed, 256);
	memcpy(frame + 12, "\x08\x00\x45", 3);
	frame[23] = random_below(seed, 3) ? 6 : 17;
	/* Contradicts itself: more was captured than there was. */
	if (random_below(seed, 10) == 0)
		wire = (uint32_t)size / 2;
	pcap_record_header(builder, (uint32_t)builder->size, 5, (uint32_t)size, wire);
	put_bytes(builder, frame, size);
	free(frame);
}

static size_t some_size(uint64_t *seed)
{
	switch (random_below(seed, 20)) {
	case 0:
		return random_below(seed, 40);
	case 1: /* around what is kept */
		return HEADER_SPAN_ENOUGH - 4 + random_below(seed, 40);
	case 2: /* around what is trimmed at all */
		return SNAP_RECORDS_LONGEST - 30 + random_below(seed, 60);
	case 3:
		return random_below(seed, 200) ? 1500 : MAX_PACKET - random_below(seed, 3);
	default:
		return random_below(seed, 1500);
	}
}

static uint32_t number_at(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* What is to come of a capture. */
static void trim_naively(const uint8_t *bytes, size_t size, struct builder *out)
{
	size_t at = 24;

	put_bytes(out, bytes, size < 24 ? size : 24);
	while (at + 16 <= size && number_at(bytes + at + 8) <= MAX_PACKET &&
	       at + 16 + number_at(bytes + at + 8) <= size) {
		uint32_t captured = number_at(bytes + at + 8);
		uint32_t wire = number_at(bytes + at + 12);

		if (captured > 144 && captured <= SNAP_RECORDS_LONGEST &&
		    bytes[at + 16 + 23] == 6) {
			put_bytes(out, bytes + at, 8);
			put32(out, 142);
			put32(out, wire > captured ? wire : captured);
			put_bytes(out, bytes + at + 16, 142);
		} else {
			put_bytes(out, bytes + at, captured + 16);
		}
		at += captured + 16;
	}
	if (at < size)
		put_bytes(out, bytes + at, size - at);
}

/* In pieces of up to `largest` bytes, of which some are empty. */
static void trim_in_pieces(const uint8_t *bytes, size_t size, size_t largest, uint64_t *seed,
			   struct builder *out)
{
	struct snap_records *trim = malloc(sizeof(*trim));
	uint8_t *piece = malloc(SNAP_RECORDS_BEFORE + largest);
	uint8_t *to = malloc(largest + SNAP_RECORDS_MORE);
	size_t given;

	snap_records_init(trim, MAX_PACKET);
	for (size_t at = 0; at < size;) {
		size_t count = random_below(seed, largest + 1);

		if (count > size - at)
			count = size - at;
		memcpy(piece + SNAP_RECORDS_BEFORE, bytes + at, count);
		given = snap_records_bytes(trim, piece + SNAP_RECORDS_BEFORE, count, false, to);
		at += count;
		put_bytes(out, to, given);
		assert_true(snap_records_left(trim) <= at &&
			    snap_records_left(trim) < SNAP_RECORDS_BEFORE);
	}
	given = snap_records_bytes(trim, piece + SNAP_RECORDS_BEFORE, 0, true, to);
	put_bytes(out, to, given);
	assert_int_equal(snap_records_left(trim), 0);
	free(to);
	free(piece);
	free(trim);
}

static void compare(const struct builder *capture, uint64_t *seed)
{
	static const size_t largest[] = {1, 20, 300, 5000, 70000, 1 << 20};
	struct builder expected = {0};

	trim_naively(capture->bytes, capture->size, &expected);
	for (size_t i = 0; i < sizeof(largest) / sizeof(*largest); i++) {
		struct builder got = {0};

		/* A byte at a time takes long. */
		if (largest[i] == 1 && capture->size > 100000)
			continue;
		trim_in_pieces(capture->bytes, capture->size, largest[i], seed, &got);
		assert_int_equal(got.size, expected.size);
		assert_memory_equal(got.bytes, expected.bytes, got.size);
		builder_done(&got);
	}
	builder_done(&expected);
}

static void make_capture(struct builder *builder, uint64_t *seed, unsigned records)
{
	*builder = (struct builder){0};
	pcap_header_of(builder, PCAP_MICRO, 2, 4, MAX_PACKET, 1);
	for (unsigned i = 0; i < records; i++)
		put_record(builder, seed, some_size(seed));
}

static void records_are_trimmed(void **state)
{
	struct builder builder;
	uint64_t seed = 23;
	(void)state;

	for (unsigned round = 0; round < 60; round++) {
		make_capture(&builder, &seed, round % 3 ? 12 : 400);
		compare(&builder, &seed);
		/* It ends within a record, or within a header. */
		builder.size -= random_below(&seed, builder.size);
		compare(&builder, &seed);
		builder_done(&builder);
	}
}

/* Behind damage nothing is looked at, though records follow. */
static void damage_stays(void **state)
{
	struct builder builder;
	uint64_t seed = 24;
	(void)state;

	for (unsigned round = 0; round < 60; round++) {
		make_capture(&builder, &seed, 20);
		pcap_record_header(&builder, 1, 2, MAX_PACKET + 1, 60);
		for (unsigned i = 0; i < 20; i++)
			put_record(&builder, &seed, some_size(&seed));
		compare(&builder, &seed);
		builder_done(&builder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_is_enough),
		cmocka_unit_test(tunnels_stay_whole),
		cmocka_unit_test(records_are_trimmed),
		cmocka_unit_test(damage_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
