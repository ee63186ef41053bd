/* IPv4, IPv6 and their extension headers: whose packet it is, and how long. */
#include "packet_helper.h"

/* The frame of most tests here: raw IPv4 with frame_some_tcp's header and 100 bytes. */
static void begin_ipv4(struct frame_builder *b)
{
	frame_begin(b, FRAME_RAW);
	frame_some_ipv4(b);
	frame_end(b);
}

static void begin_ipv6(struct frame_builder *b)
{
	frame_begin(b, FRAME_RAW);
	frame_some_ipv6(b);
	frame_end(b);
}

static enum tcpm_decode decode_now(const struct frame_builder *b, struct packet *packet)
{
	return decode_whole(frame_whole(b), packet);
}

static void test_ipv4_fields(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	begin_ipv4(&b);
	frame_set16(&b, b.ip_at + 4, 0xcafe);
	frame_set16(&b, b.ip_at + 6, 0x4000); /* do not fragment */
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.version, 4);
	assert_int_equal(packet.ip_id, 0xcafe);
	assert_false(packet.more_data);
	assert_address(packet.source, "192.0.2.1");
	assert_address(packet.target, "198.51.100.2");
	assert_some_tcp(&packet);
	assert_int_equal(packet.length, 100);
}

static void test_ipv4_options(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (unsigned options = 4; options <= 40; options += 4) {
		frame_begin(&b, FRAME_RAW);
		frame_ipv4_options(&b, "192.0.2.1", "198.51.100.2", options);
		frame_some_tcp(&b);
		frame_data(&b, 10);
		assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
		assert_some_tcp(&packet);
		assert_int_equal(packet.length, 10);
	}
}

static void test_ipv4_malformed(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (unsigned words = 0; words < 5; words++) {
		begin_ipv4(&b);
		frame_set8(&b, b.ip_at, 0x40 + words);
		assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_MALFORMED);
	}
	begin_ipv4(&b);
	b.linktype = FRAME_IPV4;
	frame_set8(&b, b.ip_at, 0x65);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_MALFORMED);

	/* A total length that does not hold the header; one that holds no more than it. */
	begin_ipv4(&b);
	frame_set16(&b, b.ip_at + 2, 1);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_MALFORMED);
	frame_set16(&b, b.ip_at + 2, 19);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_MALFORMED);
	frame_set16(&b, b.ip_at + 2, 20);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_MALFORMED);
	/* One byte too few for the TCP header, then just enough. */
	frame_set16(&b, b.ip_at + 2, 39);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_MALFORMED);
	frame_set16(&b, b.ip_at + 2, 40);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.length, 0);
}

static void test_padding_is_not_data(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	frame_begin(&b, FRAME_ETHERNET);
	frame_ipv4(&b, "192.0.2.1", "198.51.100.2");
	frame_some_tcp(&b);
	frame_end(&b);
	frame_grow(&b, 6);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.length, 0);

	/* Nor is it a header that the IP length does not hold. */
	frame_set16(&b, b.ip_at + 2, 36);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_MALFORMED);

	frame_begin(&b, FRAME_ETHERNET);
	frame_ipv6(&b, "2001:db8::1", "2001:db8::2");
	frame_some_tcp(&b);
	frame_end(&b);
	frame_grow(&b, 100);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.length, 0);
}

/* Bytes cut off, by the snap length or by the writer, count all the same. */
static void test_length_of_cut_frame(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	frame_begin(&b, FRAME_ETHERNET);
	frame_ipv4(&b, "192.0.2.1", "198.51.100.2");
	frame_some_tcp(&b);
	frame_timestamps(&b, 1, 2);
	frame_data(&b, 1448);
	struct tcpm_frame frame = frame_end(&b);
	assert_int_equal(decode_cut(frame, 120, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.length, 1448);
	frame.wire_length = 120;
	assert_int_equal(decode_cut(frame, 120, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.length, 1448);
	frame.wire_length = 0;
	assert_int_equal(decode_cut(frame, 120, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.length, 1448);
}

/* Total length 0: the sending host's network card will cut it into packets. */
static void test_ipv4_offload(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	frame_begin(&b, FRAME_ETHERNET);
	frame_vlan(&b, 0x8100, 9);
	frame_ipv4_options(&b, "192.0.2.1", "198.51.100.2", 8);
	frame_some_tcp(&b);
	frame_timestamps(&b, 1, 2);
	frame_data(&b, 66000);
	frame_end(&b);
	frame_set16(&b, b.ip_at + 2, 0);
	struct tcpm_frame frame = frame_whole(&b);
	assert_int_equal(decode_whole(frame, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.length, 66000);
	assert_int_equal(decode_cut(frame, 96, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.length, 66000);

	/* A capture that says less was on the wire than is there. */
	frame.wire_length = 10;
	assert_int_equal(decode_whole(frame, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.length, 66000);
}

/* No frame can claim more data than TCP could ever have under way. */
static void test_length_limit(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	begin_ipv4(&b);
	frame_set16(&b, b.ip_at + 2, 0);
	struct tcpm_frame frame = frame_whole(&b);
	frame.wire_length = 40 + PACKET_MAX_LENGTH;
	assert_int_equal(decode_whole(frame, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.length, PACKET_MAX_LENGTH);
	frame.wire_length++;
	assert_int_equal(decode_whole(frame, &packet), TCPM_DECODE_MALFORMED);
	frame.wire_length = UINT32_MAX;
	assert_int_equal(decode_whole(frame, &packet), TCPM_DECODE_MALFORMED);
}

static void test_ipv4_fragments(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	/* Later fragments hold no TCP header, whatever their bytes look like. */
	static const unsigned later[] = {0x0001, 0x2001, 0x0100, 0x1000, 0x1fff, 0x3fff};
	for (size_t i = 0; i < 6; i++) {
		begin_ipv4(&b);
		frame_set16(&b, b.ip_at + 6, later[i]);
		assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_FRAGMENT);
	}

	/* The first one surely holds this much. */
	begin_ipv4(&b);
	frame_set16(&b, b.ip_at + 6, 0x2000);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_TCP);
	assert_true(packet.more_data);
	assert_int_equal(packet.length, 100);
	assert_some_tcp(&packet);

	/* A fragment of something else. */
	frame_set8(&b, b.ip_at + 9, 17);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_NOT_TCP);
	frame_set16(&b, b.ip_at + 6, 0x0010);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_NOT_TCP);
}

/* The TCP header itself is spread over fragments. */
static void test_ipv4_tiny_fragments(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	frame_begin(&b, FRAME_ETHERNET);
	frame_ipv4(&b, "192.0.2.1", "198.51.100.2");
	frame_some_tcp(&b);
	frame_mss(&b, 1460);
	frame_timestamps(&b, 7, 8);
	frame_data(&b, 100);
	frame_end(&b);
	frame_set16(&b, b.ip_at + 6, 0x2000);
	for (unsigned payload = 0; payload <= 48; payload += 8) {
		frame_set16(&b, b.ip_at + 2, 20 + payload);
		if (payload < 20) {
			assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_FRAGMENT);
			continue;
		}
		/* All that is needed is there; the data is not, or not surely. */
		assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_TCP);
		assert_some_tcp(&packet);
		assert_true(packet.more_data);
		assert_int_equal(packet.length, payload > 36 ? payload - 36 : 0);
		assert_int_not_equal(packet.mss, 0);
		assert_int_equal(packet.has_timestamps, payload >= 36);
	}
}

static void test_other_protocols(void **state)
{
	/* ICMP, UDP, ESP, ICMPv6, no next header, SCTP, unassigned */
	static const unsigned protocols[] = {1, 17, 50, 58, 59, 132, 200, 255};
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (size_t i = 0; i < 8; i++) {
		begin_ipv4(&b);
		frame_set8(&b, b.ip_at + 9, protocols[i]);
		assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_NOT_TCP);
		begin_ipv6(&b);
		frame_set8(&b, b.ip_at + 6, protocols[i]);
		assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_NOT_TCP);
	}
	/* IPv6's extension headers mean nothing in IPv4. */
	static const unsigned extensions[] = {0, 43, 44, 60, 135, 139, 140};
	for (size_t i = 0; i < 7; i++) {
		begin_ipv4(&b);
		frame_set8(&b, b.ip_at + 9, extensions[i]);
		assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_NOT_TCP);
	}
}

/* An ICMP error quotes the packet it is about; that is not the packet. */
static void test_icmp_quote(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	frame_begin(&b, FRAME_ETHERNET);
	frame_ipv4(&b, "203.0.113.1", "192.0.2.1");
	frame_announce(&b, 0, 1, 0);
	frame_bytes(&b, "\x03\x04\0\0\0\0\x05\xb4", 8);
	b.next = FRAME_NEXT_NONE;
	frame_some_ipv4(&b);
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_NOT_TCP);
}

static void test_ipv6_fields(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	begin_ipv6(&b);
	frame_set32(&b, b.ip_at, 0x6fffffff); /* traffic class and flow label */
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.version, 6);
	assert_int_equal(packet.ip_id, 0);
	assert_false(packet.more_data);
	assert_address(packet.source, "2001:db8::1");
	assert_address(packet.target, "2001:db8:0:1::2");
	assert_some_tcp(&packet);
	assert_int_equal(packet.length, 100);

	b.linktype = FRAME_IPV6;
	frame_set8(&b, b.ip_at, 0x40);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_MALFORMED);
}

static void test_extensions(void **state)
{
	static const unsigned protocols[] = {0, 43, 60, 51, 135, 139, 140};
	static const unsigned sizes[] = {8, 16, 24, 2048};
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (size_t i = 0; i < 7; i++) {
		for (size_t s = 0; s < 4; s++) {
			unsigned size = protocols[i] == 51 && sizes[s] == 2048 ? 1028 : sizes[s];

			frame_begin(&b, FRAME_ETHERNET);
			frame_ipv6(&b, "2001:db8::1", "2001:db8:0:1::2");
			frame_extension(&b, protocols[i], size);
			frame_some_tcp(&b);
			frame_data(&b, 100);
			assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
			assert_some_tcp(&packet);
			assert_int_equal(packet.length, 100);
			assert_address(packet.target, "2001:db8:0:1::2");

			/* It does not fit the IP length, then the capture. */
			frame_set16(&b, b.ip_at + 4, size - 1);
			assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_MALFORMED);
			frame_end(&b);
			assert_int_equal(decode_cut(frame_whole(&b), 14 + 40 + size - 1, &packet),
					 TCPM_DECODE_TRUNCATED);
		}
	}
}

/* Authentication is the one header of these that IPv4 has too. */
static void test_ipv4_authentication(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	frame_begin(&b, FRAME_ETHERNET);
	frame_ipv4(&b, "192.0.2.1", "198.51.100.2");
	frame_extension(&b, 51, 24);
	frame_some_tcp(&b);
	frame_data(&b, 100);
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
	assert_some_tcp(&packet);
	assert_int_equal(packet.length, 100);
}

static void test_extension_chain(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	frame_begin(&b, FRAME_SLL2);
	frame_ipv6(&b, "2001:db8::1", "2001:db8:0:1::2");
	frame_extension(&b, 0, 8);
	frame_extension(&b, 60, 16);
	frame_extension(&b, 43, 24);
	frame_fragment(&b, 0, false);
	frame_extension(&b, 51, 20);
	frame_extension(&b, 60, 8);
	frame_some_tcp(&b);
	frame_data(&b, 100);
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
	assert_some_tcp(&packet);
	assert_int_equal(packet.length, 100);
	assert_false(packet.more_data);
}

/* The link, the IP header and 14 extensions are PACKET_MAX_LAYERS. */
static void test_extension_depth(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (unsigned count = PACKET_MAX_LAYERS - 2; count < 100; count++) {
		frame_begin(&b, FRAME_ETHERNET);
		frame_ipv6(&b, "2001:db8::1", "2001:db8:0:1::2");
		for (unsigned i = 0; i < count; i++)
			frame_extension(&b, 60, 8);
		frame_some_tcp(&b);
		assert_int_equal(decode_end(&b, &packet), count == PACKET_MAX_LAYERS - 2
								  ? TCPM_DECODE_TCP
								  : TCPM_DECODE_TOO_DEEP);
	}
}

static void test_ipv6_fragments(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	/* Atomic: whole. */
	frame_begin(&b, FRAME_ETHERNET);
	frame_ipv6(&b, "2001:db8::1", "2001:db8:0:1::2");
	frame_fragment(&b, 0, false);
	frame_some_tcp(&b);
	frame_data(&b, 100);
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
	assert_some_tcp(&packet);
	assert_false(packet.more_data);
	assert_int_equal(packet.length, 100);

	/* The two reserved bits below the offset say nothing. */
	frame_set16(&b, b.extension_at + 2, 6);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_TCP);
	assert_false(packet.more_data);

	/* First of several. */
	frame_set16(&b, b.extension_at + 2, 1);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_TCP);
	assert_some_tcp(&packet);
	assert_true(packet.more_data);
	assert_int_equal(packet.length, 100);

	/* Its header continues in the next one. */
	frame_set16(&b, b.ip_at + 4, 8 + 16);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_FRAGMENT);
	frame_end(&b);

	/* Later ones, middle and last. */
	frame_set16(&b, b.extension_at + 2, 8 + 1);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_FRAGMENT);
	frame_set16(&b, b.extension_at + 2, 0xfff8);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_FRAGMENT);
	/* Of something else. */
	frame_set8(&b, b.extension_at, 17);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_NOT_TCP);
}

/* Payload length 0: a jumbogram (RFC 2675), or segmentation offload. */
static void test_ipv6_length_zero(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	frame_begin(&b, FRAME_ETHERNET);
	frame_ipv6(&b, "2001:db8::1", "2001:db8:0:1::2");
	frame_extension(&b, 0, 8);
	frame_set32(&b, b.extension_at + 2, 0xc2040001); /* jumbo payload option */
	frame_some_tcp(&b);
	frame_data(&b, 68000);
	frame_end(&b);
	frame_set16(&b, b.ip_at + 4, 0);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.length, 68000);
	assert_int_equal(decode_cut(frame_whole(&b), 96, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.length, 68000);

	begin_ipv6(&b);
	frame_set16(&b, b.ip_at + 4, 0);
	assert_int_equal(decode_now(&b, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.length, 100);
}

/* While segments are left, the connection is with the last stop on the way. */
static void test_routing_target(void **state)
{
	static const struct {
		unsigned type, left;
		const char *target;
	} cases[] = {
		{0, 0, "2001:db8:0:1::2"}, {0, 1, "2001:db8::ffff"},    {2, 1, "2001:db8::ffff"},
		{4, 0, "2001:db8:0:1::2"}, {4, 1, "2001:db8::aaaa"},    {3, 1, "2001:db8:0:1::2"},
		{0, 9, "2001:db8::ffff"},  {253, 1, "2001:db8:0:1::2"},
	};
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		frame_begin(&b, FRAME_ETHERNET);
		frame_ipv6(&b, "2001:db8::1", "2001:db8:0:1::2");
		frame_extension(&b, 43, 8 + 2 * 16);
		frame_set8(&b, b.extension_at + 2, cases[i].type);
		frame_set8(&b, b.extension_at + 3, cases[i].left);
		inet_pton(AF_INET6, "2001:db8::aaaa", b.bytes + b.extension_at + 8);
		inet_pton(AF_INET6, "2001:db8::ffff", b.bytes + b.extension_at + 24);
		frame_some_tcp(&b);
		assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
		assert_some_tcp(&packet);
		assert_address(packet.source, "2001:db8::1");
		assert_address(packet.target, cases[i].target);
	}

	/* Segments left, but no room for an address. */
	frame_begin(&b, FRAME_ETHERNET);
	frame_ipv6(&b, "2001:db8::1", "2001:db8:0:1::2");
	frame_extension(&b, 43, 16);
	frame_set8(&b, b.extension_at + 3, 1);
	frame_some_tcp(&b);
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
	assert_address(packet.target, "2001:db8:0:1::2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4_fields),
		cmocka_unit_test(test_ipv4_options),
		cmocka_unit_test(test_ipv4_malformed),
		cmocka_unit_test(test_padding_is_not_data),
		cmocka_unit_test(test_length_of_cut_frame),
		cmocka_unit_test(test_ipv4_offload),
		cmocka_unit_test(test_length_limit),
		cmocka_unit_test(test_ipv4_fragments),
		cmocka_unit_test(test_ipv4_tiny_fragments),
		cmocka_unit_test(test_other_protocols),
		cmocka_unit_test(test_icmp_quote),
		cmocka_unit_test(test_ipv6_fields),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_ipv4_authentication),
		cmocka_unit_test(test_extension_chain),
		cmocka_unit_test(test_extension_depth),
		cmocka_unit_test(test_ipv6_fragments),
		cmocka_unit_test(test_ipv6_length_zero),
		cmocka_unit_test(test_routing_target),
	};
	return cmocka_run_group_tests_name("packet: ip", tests, NULL, NULL);
}
