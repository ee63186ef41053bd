/* The TCP header and its options. */
#include "packet_helper.h"

/* Ethernet, IPv4, frame_some_tcp; options and data are the test's. */
static void begin(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_ipv4(b, "192.0.2.1", "198.51.100.2");
	frame_some_tcp(b);
}

static void assert_no_options(const struct packet *packet)
{
	assert_false(packet->has_timestamps);
	assert_false(packet->has_window_scale);
	assert_false(packet->sack_permitted);
	assert_int_equal(packet->sack_count, 0);
	assert_int_equal(packet->mss, 0);
	assert_int_equal(packet->window_scale, 0);
	assert_int_equal(packet->tsval, 0);
	assert_int_equal(packet->tsecr, 0);
}

static void assert_timestamps(const struct packet *packet, uint32_t tsval, uint32_t tsecr)
{
	assert_true(packet->has_timestamps);
	assert_int_equal(packet->tsval, tsval);
	assert_int_equal(packet->tsecr, tsecr);
}

static void test_fields(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	begin(&b);
	frame_data(&b, 1);
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
	assert_some_tcp(&packet);
	assert_int_equal(packet.length, 1);
	assert_no_options(&packet);
}

static void test_flags(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (unsigned flags = 0; flags < 256; flags++) {
		begin(&b);
		frame_end(&b);
		frame_set8(&b, b.tcp_at + 13, flags);
		assert_int_equal(decode_whole(frame_whole(&b), &packet), TCPM_DECODE_TCP);
		assert_int_equal(packet.flags, flags);
		assert_int_equal(packet.length, 0);
	}
}

static void test_data_offset(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	begin(&b);
	frame_data(&b, 30);
	frame_end(&b);
	for (unsigned words = 0; words < 16; words++) {
		unsigned header = words * 4;

		/* The reserved bits below it do not matter. */
		frame_set8(&b, b.tcp_at + 12, words << 4 | (words & 0xf));
		if (header < 20 || header > 50) {
			assert_int_equal(decode_whole(frame_whole(&b), &packet),
					 TCPM_DECODE_MALFORMED);
			continue;
		}
		assert_int_equal(decode_whole(frame_whole(&b), &packet), TCPM_DECODE_TCP);
		assert_int_equal(packet.length, 50 - header);
	}
}

static void test_handshake_options(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	begin(&b);
	frame_mss(&b, 1460);
	frame_sack_permitted(&b);
	frame_bare_timestamps(&b, 0xfffffff0, 0);
	frame_nop(&b, 1);
	frame_window_scale(&b, 7);
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
	assert_some_tcp(&packet);
	assert_int_equal(packet.length, 0);
	assert_int_equal(packet.mss, 1460);
	assert_true(packet.sack_permitted);
	assert_timestamps(&packet, 0xfffffff0, 0);
	assert_true(packet.has_window_scale);
	assert_int_equal(packet.window_scale, 7);
	assert_int_equal(packet.sack_count, 0);
}

static void test_window_scale(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (unsigned scale = 0; scale < 256; scale++) {
		begin(&b);
		frame_window_scale(&b, scale);
		assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
		assert_true(packet.has_window_scale);
		assert_int_equal(packet.window_scale, scale < 14 ? scale : 14);
	}
}

/* Alone, not aligned, at the end, behind an unknown option: always found. */
static void test_timestamps_anywhere(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (unsigned before = 0; before <= 30; before++) {
		begin(&b);
		frame_nop(&b, before);
		frame_bare_timestamps(&b, 0x01020304, 0x05060708);
		frame_data(&b, 5);
		assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
		assert_timestamps(&packet, 0x01020304, 0x05060708);
		assert_int_equal(packet.length, 5);
	}
	begin(&b);
	frame_option(&b, 253, "experiment", 10);
	frame_option(&b, 30, NULL, 0);
	frame_timestamps(&b, 1, 2);
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
	assert_timestamps(&packet, 1, 2);
}

/* An option of another length than its kind has ends the walk: nothing of it, and
 * nothing behind it, is used. */
static void test_wrong_lengths(void **state)
{
	static const uint8_t bytes[38];
	static const struct {
		unsigned kind, right;
	} kinds[] = {{2, 4}, {3, 3}, {4, 2}, {8, 10}};
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (size_t i = 0; i < 4; i++) {
		for (size_t length = 2; length <= 20; length++) {
			begin(&b);
			frame_option(&b, kinds[i].kind, bytes, length - 2);
			frame_option(&b, 5, bytes, 8);
			frame_data(&b, 9);
			assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
			assert_some_tcp(&packet);
			assert_int_equal(packet.length, 9);
			if (length == kinds[i].right)
				assert_int_equal(packet.sack_count, 1);
			else
				assert_no_options(&packet);
		}
	}
}

/* Lengths that would stand still, step back, or leave the header. */
static void test_hostile_lengths(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (unsigned kind = 2; kind < 256; kind++) {
		for (unsigned length = 0; length < 256; length++) {
			if (length >= 2 && length <= 13)
				continue;
			begin(&b);
			frame_mss(&b, 1000);
			size_t at = b.length;
			frame_option(&b, kind, NULL, 0);
			frame_set8(&b, at + 1, length);
			frame_nop(&b, 1);
			frame_bare_timestamps(&b, 1, 2);
			frame_data(&b, 300);
			assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
			assert_int_equal(packet.length, 300);
			assert_int_equal(packet.mss, 1000);
			assert_false(packet.has_timestamps);
			assert_int_equal(packet.sack_count, 0);
		}
	}
	/* A kind that is the header's last byte. */
	begin(&b);
	frame_nop(&b, 3);
	frame_bytes(&b, "\x08", 1);
	frame_data(&b, 100);
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
	assert_no_options(&packet);
}

static void test_end_of_options(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	begin(&b);
	frame_mss(&b, 900);
	/* It has no length; if the byte behind it were one, the next would be found. */
	frame_bytes(&b, "\0\2", 2);
	frame_bare_timestamps(&b, 1, 2);
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.mss, 900);
	assert_false(packet.has_timestamps);
}

/* What looks like an option behind the header is data. */
static void test_data_is_not_options(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	begin(&b);
	frame_timestamps(&b, 1, 2);
	frame_end(&b);
	frame_set8(&b, b.tcp_at + 12, 0x50);
	assert_int_equal(decode_whole(frame_whole(&b), &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.length, 12);
	assert_no_options(&packet);

	/* The same with the option half in, half out. */
	frame_set8(&b, b.tcp_at + 12, 0x70);
	assert_int_equal(decode_whole(frame_whole(&b), &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.length, 4);
	assert_no_options(&packet);
}

static void test_sack(void **state)
{
	static const uint32_t edges[] = {10, 20, 0xfffffff0, 5, 30, 40, 70, 90};
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (size_t count = 1; count <= 4; count++) {
		begin(&b);
		if (count <= 3)
			frame_timestamps(&b, 1, 2);
		frame_nop(&b, 2);
		frame_sack(&b, edges, count);
		assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
		assert_int_equal(packet.has_timestamps, count <= 3);
		assert_int_equal(packet.sack_count, count);
		assert_int_equal(packet.length, 0);
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(packet.sack[i].left, edges[2 * i]);
			assert_int_equal(packet.sack[i].right, edges[2 * i + 1]);
		}
	}
}

static void test_sack_lengths(void **state)
{
	static const uint8_t bytes[38];
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (size_t length = 2; length <= 40; length++) {
		begin(&b);
		frame_option(&b, 5, bytes, length - 2);
		frame_data(&b, 9);
		assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
		assert_int_equal(packet.length, 9);
		assert_int_equal(packet.sack_count,
				 length == 10 || length == 18 || length == 26 || length == 34
					 ? (length - 2) / 8
					 : 0);
	}
}

/* The capture ends within the TCP header. */
static void test_cut_header(void **state)
{
	static const uint32_t edges[] = {10, 20, 30, 40};
	struct frame_builder b;
	struct packet packet;
	(void)state;

	begin(&b);
	frame_timestamps(&b, 1, 2);
	frame_nop(&b, 2);
	frame_sack(&b, edges, 2);
	frame_data(&b, 700);
	struct tcpm_frame frame = frame_end(&b);
	for (size_t header = 0; header <= 52; header++) {
		enum tcpm_decode decode = decode_cut(frame, b.tcp_at + header, &packet);

		if (header < 20) {
			assert_int_equal(decode, TCPM_DECODE_TRUNCATED);
			continue;
		}
		assert_int_equal(decode, TCPM_DECODE_TCP);
		assert_some_tcp(&packet);
		assert_int_equal(packet.length, 700);
		assert_int_equal(packet.has_timestamps, header >= 32);
		assert_int_equal(packet.sack_count, header >= 52 ? 2 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),         cmocka_unit_test(test_flags),
		cmocka_unit_test(test_data_offset),    cmocka_unit_test(test_handshake_options),
		cmocka_unit_test(test_window_scale),   cmocka_unit_test(test_timestamps_anywhere),
		cmocka_unit_test(test_wrong_lengths),  cmocka_unit_test(test_hostile_lengths),
		cmocka_unit_test(test_end_of_options), cmocka_unit_test(test_data_is_not_options),
		cmocka_unit_test(test_sack),           cmocka_unit_test(test_sack_lengths),
		cmocka_unit_test(test_cut_header),
	};
	return cmocka_run_group_tests_name("packet: tcp", tests, NULL, NULL);
}
