/*
 * Frames that are cut at every length, mutated, or noise: the answer is a reason or a
 * packet that the headers bear out, whatever the bytes.
 */
#include "packet_sound.h"

static void build_ethernet(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_some_ipv4(b);
}

static void build_bare(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_ipv4(b, "192.0.2.1", "198.51.100.2");
	frame_some_tcp(b);
}

static void build_timestamps(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_vlan(b, 0x88a8, 10);
	frame_vlan(b, 0x8100, 0xe014);
	frame_ipv4_options(b, "192.0.2.1", "198.51.100.2", 12);
	frame_some_tcp(b);
	frame_timestamps(b, 0x11223344, 0x55667788);
	frame_data(b, 64);
}

static void build_sack(struct frame_builder *b)
{
	static const uint32_t edges[] = {1000, 2000, 3000, 4000, 5000, 6000};

	frame_begin(b, FRAME_SLL);
	frame_some_ipv6(b);
	b->length = b->tcp_at + 20;
	b->has_data = false;
	frame_timestamps(b, 0x11223344, 0x55667788);
	frame_nop(b, 2);
	frame_sack(b, edges, 3);
}

static void build_syn(struct frame_builder *b)
{
	frame_begin(b, FRAME_SLL2);
	frame_vlan(b, 0x8100, 77);
	frame_ipv4(b, "192.0.2.1", "198.51.100.2");
	frame_some_tcp(b);
	frame_mss(b, 1460);
	frame_sack_permitted(b);
	frame_bare_timestamps(b, 0x11223344, 0);
	frame_nop(b, 1);
	frame_window_scale(b, 7);
}

static void build_extensions(struct frame_builder *b)
{
	frame_begin(b, FRAME_NULL);
	frame_ipv6(b, "2001:db8::1", "2001:db8::2");
	frame_extension(b, 0, 8);
	frame_extension(b, 43, 24);
	frame_set8(b, b->extension_at + 3, 1);
	inet_pton(AF_INET6, "2001:db8::3", b->bytes + b->extension_at + 8);
	frame_extension(b, 51, 24);
	frame_fragment(b, 0, false);
	frame_extension(b, 60, 16);
	frame_some_tcp(b);
	frame_timestamps(b, 0x11223344, 0x55667788);
	frame_data(b, 30);
}

static void build_first_fragment(struct frame_builder *b)
{
	frame_begin(b, FRAME_RAW);
	frame_ipv6(b, "2001:db8::1", "2001:db8::2");
	frame_fragment(b, 0, true);
	frame_some_tcp(b);
	frame_data(b, 80);
}

static void build_many_tags(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	for (unsigned i = 0; i < 8; i++)
		frame_vlan(b, 0x8100, i % 3);
	frame_some_ipv6(b);
}

static void build_loop(struct frame_builder *b)
{
	frame_begin(b, FRAME_LOOP);
	frame_some_ipv4(b);
}

static void (*const builders[])(struct frame_builder *b) = {
	build_ethernet,       build_timestamps, build_sack, build_syn,  build_extensions,
	build_first_fragment, build_many_tags,  build_loop, build_bare,
};

#define BUILDERS (sizeof(builders) / sizeof(*builders))

/* Each option of the cut frame is the whole frame's, or is not there. */
static void assert_options_of(const struct packet *cut, const struct packet *whole)
{
	if (cut->has_timestamps) {
		assert_true(whole->has_timestamps);
		assert_int_equal(cut->tsval, whole->tsval);
		assert_int_equal(cut->tsecr, whole->tsecr);
	}
	if (cut->mss)
		assert_int_equal(cut->mss, whole->mss);
	if (cut->has_window_scale)
		assert_int_equal(cut->window_scale, whole->window_scale);
	if (cut->sack_permitted)
		assert_true(whole->sack_permitted);
	if (cut->sack_count > 0) {
		assert_int_equal(cut->sack_count, whole->sack_count);
		assert_memory_equal(cut->sack, whole->sack, cut->sack_count * sizeof(*cut->sack));
	}
}

static void assert_cut_everywhere(const struct frame_builder *b)
{
	struct tcpm_frame frame = frame_whole(b);
	struct packet whole, cut;

	assert_int_equal(decode_whole(frame, &whole), TCPM_DECODE_TCP);
	for (size_t captured = 0; captured <= b->length; captured++) {
		enum tcpm_decode decode = decode_cut(frame, captured, &cut);

		if (captured < b->tcp_at + 20) {
			assert_int_equal(decode, TCPM_DECODE_TRUNCATED);
			continue;
		}
		assert_int_equal(decode, TCPM_DECODE_TCP);
		assert_same_fixed_fields(&cut, &whole);
		assert_options_of(&cut, &whole);
		if (captured >= b->data_at)
			assert_same_options(&cut, &whole);
	}
}

static void test_every_truncation(void **state)
{
	struct frame_builder b;
	(void)state;

	for (size_t i = 0; i < BUILDERS; i++) {
		builders[i](&b);
		frame_end(&b);
		assert_cut_everywhere(&b);
	}
}

/* The same where the length comes from the frame. */
static void test_every_truncation_of_offload(void **state)
{
	struct frame_builder b;
	(void)state;

	for (size_t i = 0; i < BUILDERS; i++) {
		builders[i](&b);
		frame_end(&b);
		frame_set16(&b, b.ip_at + (b.bytes[b.ip_at] >> 4 == 6 ? 4 : 2), 0);
		assert_cut_everywhere(&b);
	}
}

/* Frames cut by somebody who set the wire length to what he left: the IP header still
 * tells the truth. */
static void test_every_truncation_of_wire(void **state)
{
	struct frame_builder b;
	struct packet whole, cut;
	(void)state;

	for (size_t i = 0; i < BUILDERS; i++) {
		builders[i](&b);
		struct tcpm_frame frame = frame_end(&b);

		assert_int_equal(decode_whole(frame, &whole), TCPM_DECODE_TCP);
		for (size_t captured = 0; captured <= b.length; captured++) {
			frame.wire_length = (uint32_t)captured;
			enum tcpm_decode decode = decode_cut(frame, captured, &cut);

			assert_int_equal(decode, captured < b.tcp_at + 20 ? TCPM_DECODE_TRUNCATED
									  : TCPM_DECODE_TCP);
			if (decode == TCPM_DECODE_TCP)
				assert_same_fixed_fields(&cut, &whole);
		}
	}
}

static void test_mutated(void **state)
{
	static struct frame_builder originals[BUILDERS];
	struct frame_builder b;
	uint32_t random = 20240229;
	unsigned outcomes[TCPM_DECODES] = {0};
	(void)state;

	for (size_t i = 0; i < BUILDERS; i++) {
		builders[i](&originals[i]);
		frame_end(&originals[i]);
	}
	for (unsigned round = 0; round < 200000; round++) {
		const struct frame_builder *original = &originals[round % BUILDERS];

		b.length = original->length;
		b.linktype = original->linktype;
		memcpy(b.bytes, original->bytes, original->length);
		mutate(&b, &random);
		struct tcpm_frame frame = frame_whole(&b);
		if (next_random(&random) % 4 == 0)
			frame.captured = next_random(&random) % (frame.captured + 1);
		if (next_random(&random) % 8 == 0)
			frame.wire_length = next_random(&random) >> next_random(&random) % 32;
		outcomes[assert_sound(&frame)]++;
	}
	/* The test reached all that its frames can lead to. */
	for (unsigned decode = 0; decode < TCPM_DECODES; decode++) {
		if (decode != TCPM_DECODE_LINKTYPE && decode != TCPM_DECODE_TOO_DEEP)
			assert_true(outcomes[decode] > 100);
	}
}

/* IPv4 right behind Ethernet has a short cut of its own. What comes of it is what comes of the
 * same packet without the Ethernet header. */
static void test_short_cut(void **state)
{
	static struct frame_builder originals[2];
	struct frame_builder b;
	uint32_t random = 31337;
	unsigned outcomes[TCPM_DECODES] = {0};
	(void)state;

	build_ethernet(&originals[0]);
	build_bare(&originals[1]);
	for (size_t i = 0; i < 2; i++)
		frame_end(&originals[i]);
	for (unsigned round = 0; round < 200000; round++) {
		struct packet with, without;

		b = originals[round % 2];
		mutate(&b, &random);
		memcpy(b.bytes + 12, "\x08\0", 2);
		b.bytes[14] = (uint8_t)(0x40 | (b.bytes[14] & 0x0f));
		struct tcpm_frame frame = frame_whole(&b);
		if (next_random(&random) % 4 == 0)
			frame.captured = 14 + next_random(&random) % (frame.captured - 13);
		if (next_random(&random) % 8 == 0)
			frame.wire_length =
				14 + (next_random(&random) >> (8 + next_random(&random) % 24));
		struct tcpm_frame bare = frame;
		bare.bytes += 14;
		bare.captured -= 14;
		bare.wire_length -= 14;
		bare.linktype = FRAME_RAW;
		enum tcpm_decode decode = decode_whole(frame, &with);
		assert_int_equal(decode, bare.captured == 0 ? TCPM_DECODE_TRUNCATED
							    : decode_whole(bare, &without));
		outcomes[decode]++;
		if (decode != TCPM_DECODE_TCP)
			continue;
		assert_same_fixed_fields(&with, &without);
		assert_same_options(&with, &without);
	}
	assert_true(outcomes[TCPM_DECODE_TCP] > 10000);
	assert_true(outcomes[TCPM_DECODE_MALFORMED] > 100);
	assert_true(outcomes[TCPM_DECODE_TRUNCATED] > 100);
}

static void test_noise(void **state)
{
	static const uint16_t linktypes[] = {
		0,   1,   12,  14,  101, 108, 113, 228, 229, 276, 9,   50,  51,  100,
		104, 105, 107, 109, 117, 119, 127, 163, 166, 192, 204, 219, 239, 258,
	};
	uint8_t bytes[256];
	uint32_t random = 19700101;
	(void)state;

	for (unsigned round = 0; round < 100000; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)next_random(&random);
		/* Lead some of it past the first gate. */
		if (round & 1)
			bytes[0] = (uint8_t)((round & 2 ? 0x60 : 0x40) | (bytes[0] & 0x0f));
		if (round & 4)
			memcpy(bytes + 12, round & 2 ? "\x86\xdd\x60" : "\x08\0\x45", 3);
		struct tcpm_frame frame = {
			.bytes = bytes,
			.captured = next_random(&random) % (sizeof(bytes) + 1),
			.wire_length = next_random(&random),
			.linktype = linktypes[round / 8 % (sizeof(linktypes) / sizeof(*linktypes))],
		};
		assert_sound(&frame);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_every_truncation_of_offload),
		cmocka_unit_test(test_every_truncation_of_wire),
		cmocka_unit_test(test_mutated),
		cmocka_unit_test(test_short_cut),
		cmocka_unit_test(test_noise),
	};
	return cmocka_run_group_tests_name("packet: hostile bytes", tests, NULL, NULL);
}
