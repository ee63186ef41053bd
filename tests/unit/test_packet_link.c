/* Link headers and VLAN tags: every link type ends in the same TCP packet. */
#include "packet_helper.h"

static void test_ethernet(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	frame_begin(&b, FRAME_ETHERNET);
	frame_some_ipv4(&b);
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.version, 4);
	assert_address(packet.source, "192.0.2.1");
	assert_address(packet.target, "198.51.100.2");
	assert_some_tcp(&packet);
	assert_int_equal(packet.length, 100);
	assert_int_equal(packet.label_count, 0);

	frame_begin(&b, FRAME_ETHERNET);
	frame_some_ipv6(&b);
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.version, 6);
	assert_address(packet.source, "2001:db8::1");
	assert_address(packet.target, "2001:db8:0:1::2");
	assert_some_tcp(&packet);
	assert_int_equal(packet.length, 100);
}

/* Decodes an Ethernet frame with the given tags (0x8100 each) and compares the ids kept. */
static void assert_vlans(const uint16_t *tags, size_t count, const uint16_t *ids, size_t kept)
{
	struct frame_builder b;
	struct packet packet;

	frame_begin(&b, FRAME_ETHERNET);
	for (size_t i = 0; i < count; i++)
		frame_vlan(&b, 0x8100, tags[i]);
	frame_some_ipv4(&b);
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
	assert_some_tcp(&packet);
	assert_int_equal(packet.length, 100);
	assert_int_equal(packet.label_count, kept);
	for (size_t i = 0; i + 1 < PACKET_MAX_LABELS; i++) {
		assert_int_equal(packet.label_kind[i], i < kept ? TCPM_LABEL_VLAN : 0);
		assert_int_equal(packet.label[i], i < kept ? ids[i] : 0);
	}
}

static void test_vlan_ids(void **state)
{
	(void)state;
	assert_vlans(NULL, 0, NULL, 0);
	assert_vlans((uint16_t[]){42}, 1, (uint16_t[]){42}, 1);
	assert_vlans((uint16_t[]){4095}, 1, (uint16_t[]){4095}, 1);
	assert_vlans((uint16_t[]){10, 20}, 2, (uint16_t[]){10, 20}, 2);
	/* Priority and drop eligibility stand in the upper four bits. */
	assert_vlans((uint16_t[]){0xf02a}, 1, (uint16_t[]){42}, 1);
	/* A priority tag names no network. */
	assert_vlans((uint16_t[]){0xe000}, 1, NULL, 0);
	assert_vlans((uint16_t[]){0, 7, 0x6000, 8}, 4, (uint16_t[]){7, 8}, 2);
	assert_vlans((uint16_t[]){1, 2, 3, 4}, 4, (uint16_t[]){1, 2, 3, 4}, 4);
	assert_vlans((uint16_t[]){1, 2, 3, 4, 5, 6}, 6, (uint16_t[]){1, 2, 3, 4}, 4);
}

static void test_vlan_ethertypes(void **state)
{
	static const unsigned outer[] = {0x8100, 0x88a8, 0x9100};
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (size_t i = 0; i < 3; i++) {
		frame_begin(&b, FRAME_ETHERNET);
		frame_vlan(&b, outer[i], 10);
		frame_vlan(&b, 0x8100, 20);
		frame_some_ipv6(&b);
		assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
		assert_some_tcp(&packet);
		assert_int_equal(packet.label_count, 2);
		assert_int_equal(packet.label[0], 10);
		assert_int_equal(packet.label[1], 20);
	}
}

/* The link, the IP header and 14 tags are PACKET_MAX_LAYERS; one more is too deep. */
static void test_vlan_depth(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (unsigned tags = PACKET_MAX_LAYERS - 2; tags < 40; tags++) {
		frame_begin(&b, FRAME_ETHERNET);
		for (unsigned i = 0; i < tags; i++)
			frame_vlan(&b, 0x8100, i + 1);
		frame_some_ipv4(&b);
		assert_int_equal(decode_end(&b, &packet), tags == PACKET_MAX_LAYERS - 2
								  ? TCPM_DECODE_TCP
								  : TCPM_DECODE_TOO_DEEP);
	}
}

static void test_not_ip(void **state)
{
	/* LLC by length, the largest such length, ARP, EAPOL, LLDP */
	static const unsigned ethertypes[] = {0x0026, 0x05ff, 0x0806, 0x888e, 0x88cc};
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (size_t i = 0; i < 5; i++) {
		frame_begin(&b, FRAME_ETHERNET);
		frame_announce(&b, ethertypes[i], 0, 0);
		frame_data(&b, 46);
		assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_NOT_IP);

		frame_begin(&b, FRAME_ETHERNET);
		frame_vlan(&b, 0x8100, 5);
		frame_announce(&b, ethertypes[i], 0, 0);
		frame_data(&b, 46);
		assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_NOT_IP);
	}
}

static void test_cooked(void **state)
{
	static const uint16_t linktypes[] = {FRAME_SLL, FRAME_SLL2};
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		frame_begin(&b, linktypes[i]);
		frame_some_ipv4(&b);
		assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
		assert_some_tcp(&packet);
		assert_int_equal(packet.length, 100);

		frame_begin(&b, linktypes[i]);
		frame_some_ipv6(&b);
		assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
		assert_some_tcp(&packet);

		frame_begin(&b, linktypes[i]);
		frame_vlan(&b, 0x88a8, 100);
		frame_vlan(&b, 0x8100, 200);
		frame_some_ipv4(&b);
		assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
		assert_some_tcp(&packet);
		assert_int_equal(packet.label_count, 2);
		assert_int_equal(packet.label[0], 100);
		assert_int_equal(packet.label[1], 200);

		frame_begin(&b, linktypes[i]);
		frame_announce(&b, 0x0806, 0, 0);
		frame_data(&b, 28);
		assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_NOT_IP);
	}
}

/* Frame relay, radiotap, netlink: the protocol field is not an EtherType. */
static void test_cooked_devices(void **state)
{
	static const unsigned devices[] = {770, 803, 824};
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (size_t i = 0; i < 3; i++) {
		frame_begin(&b, FRAME_SLL);
		frame_set16(&b, 2, devices[i]);
		frame_some_ipv4(&b);
		assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_NOT_IP);

		frame_begin(&b, FRAME_SLL2);
		frame_set16(&b, 8, devices[i]);
		frame_some_ipv4(&b);
		assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_NOT_IP);
	}
}

static void test_loopback(void **state)
{
	static const unsigned ipv6_families[] = {10, 24, 28, 30};
	static const unsigned other_families[] = {0, 7, 23, 0x0800, 0x20002};
	static const uint16_t linktypes[] = {FRAME_NULL, FRAME_LOOP};
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (size_t l = 0; l < 2; l++) {
		frame_begin(&b, linktypes[l]);
		frame_some_ipv4(&b);
		assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
		assert_int_equal(packet.version, 4);
		assert_some_tcp(&packet);

		for (size_t i = 0; i < 4; i++) {
			frame_begin(&b, linktypes[l]);
			frame_some_ipv6(&b);
			frame_set32(&b, 0, ipv6_families[i]);
			assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
			assert_some_tcp(&packet);
			frame_set32(&b, 0, ipv6_families[i] << 24);
			assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
			assert_int_equal(packet.version, 6);
			assert_some_tcp(&packet);
		}
		for (size_t i = 0; i < 5; i++) {
			frame_set32(&b, 0, other_families[i]);
			assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_NOT_IP);
		}
	}
}

static void test_raw_ip(void **state)
{
	static const uint16_t linktypes[] = {12, 14, 101};
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (size_t i = 0; i < 3; i++) {
		frame_begin(&b, linktypes[i]);
		frame_some_ipv4(&b);
		assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
		assert_int_equal(packet.version, 4);
		assert_some_tcp(&packet);

		frame_begin(&b, linktypes[i]);
		frame_some_ipv6(&b);
		assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
		assert_int_equal(packet.version, 6);
		assert_some_tcp(&packet);

		frame_set8(&b, 0, 0x50);
		assert_int_equal(decode_whole(frame_whole(&b), &packet), TCPM_DECODE_NOT_IP);
	}
}

/* The link type names the version, and the header must agree. */
static void test_raw_version(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	frame_begin(&b, FRAME_IPV4);
	frame_some_ipv4(&b);
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
	assert_some_tcp(&packet);
	b.linktype = FRAME_IPV6;
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_MALFORMED);

	frame_begin(&b, FRAME_IPV6);
	frame_some_ipv6(&b);
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
	assert_some_tcp(&packet);
	b.linktype = FRAME_IPV4;
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_MALFORMED);
}

/* Every link type there is: those decoded want more bytes, the others say so at once. */
static void test_every_linktype(void **state)
{
	static const uint16_t decoded[] = {0,   1,   9,   12,  14,  50,  51,  100, 101, 104,
					   105, 107, 108, 109, 113, 117, 119, 127, 163, 166,
					   192, 204, 219, 228, 229, 239, 258, 276};
	struct packet packet;
	(void)state;

	for (unsigned linktype = 0; linktype <= UINT16_MAX; linktype++) {
		struct tcpm_frame frame = {.linktype = (uint16_t)linktype, .wire_length = 60};
		enum tcpm_decode expected = TCPM_DECODE_LINKTYPE;

		for (size_t i = 0; i < sizeof(decoded) / sizeof(*decoded); i++) {
			if (decoded[i] == linktype)
				expected = TCPM_DECODE_TRUNCATED;
		}
		assert_int_equal(packet_decode(&frame, &packet), expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ethernet),        cmocka_unit_test(test_vlan_ids),
		cmocka_unit_test(test_vlan_ethertypes), cmocka_unit_test(test_vlan_depth),
		cmocka_unit_test(test_not_ip),          cmocka_unit_test(test_cooked),
		cmocka_unit_test(test_cooked_devices),  cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_raw_ip),          cmocka_unit_test(test_raw_version),
		cmocka_unit_test(test_every_linktype),
	};
	return cmocka_run_group_tests_name("packet: link", tests, NULL, NULL);
}
