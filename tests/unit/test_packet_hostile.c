/*
 * Frames that are cut at every length, mutated, or noise: the answer is a reason or a
 * packet that the headers bear out, whatever the bytes.
 */
#include "packet_helper.h"

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

/* What does not depend on how much of the options was captured. */
static void assert_same_fixed_fields(const struct packet *a, const struct packet *b)
{
	assert_int_equal(a->version, b->version);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->vlan_count, b->vlan_count);
	assert_memory_equal(a->vlan, b->vlan, sizeof(a->vlan));
	assert_int_equal(a->more_data, b->more_data);
	assert_memory_equal(a->source, b->source, sizeof(a->source));
	assert_memory_equal(a->target, b->target, sizeof(a->target));
	assert_int_equal(a->source_port, b->source_port);
	assert_int_equal(a->target_port, b->target_port);
	assert_int_equal(a->ip_id, b->ip_id);
	assert_int_equal(a->checksum, b->checksum);
	assert_int_equal(a->window, b->window);
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->ack, b->ack);
	assert_int_equal(a->length, b->length);
}

static void assert_same_options(const struct packet *a, const struct packet *b)
{
	assert_int_equal(a->has_timestamps, b->has_timestamps);
	assert_int_equal(a->tsval, b->tsval);
	assert_int_equal(a->tsecr, b->tsecr);
	assert_int_equal(a->has_mss, b->has_mss);
	assert_int_equal(a->mss, b->mss);
	assert_int_equal(a->has_window_scale, b->has_window_scale);
	assert_int_equal(a->window_scale, b->window_scale);
	assert_int_equal(a->sack_permitted, b->sack_permitted);
	assert_int_equal(a->sack_count, b->sack_count);
	assert_memory_equal(a->sack, b->sack, a->sack_count * sizeof(*a->sack));
}

/* Each option of the cut frame is the whole frame's, or is not there. */
static void assert_options_of(const struct packet *cut, const struct packet *whole)
{
	if (cut->has_timestamps) {
		assert_true(whole->has_timestamps);
		assert_int_equal(cut->tsval, whole->tsval);
		assert_int_equal(cut->tsecr, whole->tsecr);
	}
	if (cut->has_mss)
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

/* What holds for every packet, whatever the bytes were. */
static void assert_plausible(const struct tcpm_frame *frame, const struct packet *packet)
{
	uint32_t wire = frame->wire_length > frame->captured ? frame->wire_length : frame->captured;

	assert_true(packet->version == 4 || packet->version == 6);
	assert_true(packet->length <= PACKET_MAX_LENGTH);
	/* The IP header's 16 bits bound it, or the frame does. */
	assert_true(packet->length <= UINT16_MAX - 20 || packet->length <= wire - 40);
	assert_true(packet->sack_count <= PACKET_MAX_SACK);
	assert_true(packet->window_scale <= 14);
	assert_true(packet->vlan_count <= TCPM_MAX_VLANS);
	for (size_t i = 0; i < TCPM_MAX_VLANS; i++) {
		if (i < packet->vlan_count)
			assert_in_range(packet->vlan[i], 1, 4095);
		else
			assert_int_equal(packet->vlan[i], 0);
	}
	for (size_t i = 4; packet->version == 4 && i < 16; i++) {
		assert_int_equal(packet->source[i], 0);
		assert_int_equal(packet->target[i], 0);
	}
	assert_true(packet->has_timestamps || (packet->tsval == 0 && packet->tsecr == 0));
	assert_true(packet->has_mss || packet->mss == 0);
	assert_true(packet->has_window_scale || packet->window_scale == 0);
}

/* Decodes twice, into packets of different rubbish: a field that shows through, or an
 * answer that depends on it, was not set. */
static enum tcpm_decode assert_sound(const struct tcpm_frame *frame)
{
	struct packet first, second;
	uint8_t *copy = malloc(frame->captured);
	struct tcpm_frame exact = *frame;

	assert_true(copy || frame->captured == 0);
	if (frame->captured > 0)
		memcpy(copy, frame->bytes, frame->captured);
	exact.bytes = copy;
	memset(&first, 0, sizeof(first));
	memset(&second, 1, sizeof(second));
	enum tcpm_decode decode = packet_decode(&exact, &first);
	assert_int_equal(packet_decode(&exact, &second), decode);
	free(copy);
	assert_true(decode < TCPM_DECODES);
	if (decode == TCPM_DECODE_TCP) {
		assert_plausible(&exact, &first);
		assert_same_fixed_fields(&first, &second);
		assert_same_options(&first, &second);
	}
	return decode;
}

/* xorshift32: the same numbers on each run. */
static uint32_t next_random(uint32_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 17;
	*random ^= *random << 5;
	return *random;
}

/* Changes up to four bytes, mostly to values at which something turns. */
static void mutate(struct frame_builder *b, uint32_t *random)
{
	static const uint8_t turns[] = {0,  1,    2,    4,    5,    6,    8,
					10, 0x40, 0x45, 0x60, 0x7f, 0x80, 0xff};

	for (unsigned count = next_random(random) % 5; count > 0; count--) {
		size_t at = next_random(random) % b->length;
		uint32_t value = next_random(random);

		b->bytes[at] = value & 0x100 ? turns[value % sizeof(turns)] : (uint8_t)value;
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

static void test_noise(void **state)
{
	static const uint16_t linktypes[] = {0, 1, 12, 14, 101, 108, 113, 228, 229, 276};
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
			.linktype = linktypes[round / 8 % 10],
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
		cmocka_unit_test(test_noise),
	};
	return cmocka_run_group_tests_name("packet: hostile bytes", tests, NULL, NULL);
}
