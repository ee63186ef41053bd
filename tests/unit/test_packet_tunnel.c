/*
 * Tunnels: what is refused, what fragments and short mirrors still prove, labels, ports.
 */
#include "packet_sound.h"
#include "wrappings.h"

/* The wrapping of that function around IPv4 (a Teredo one: IPv6) and some TCP. */
static void build(struct frame_builder *b, void (*begin)(struct frame_builder *b))
{
	begin(b);
	if (begin == wrap_teredo || begin == wrap_teredo_indicators)
		frame_ipv6(b, "2001:0:4136:e378::1", "2001:db8::2");
	else
		frame_ipv4(b, "192.0.2.1", "198.51.100.2");
	frame_some_tcp(b);
	frame_data(b, 50);
	frame_end(b);
}

static void assert_decode(const struct frame_builder *b, enum tcpm_decode expected)
{
	struct packet packet;

	assert_int_equal(decode_whole(frame_whole(b), &packet), expected);
}

/* One byte changed, counted from the start of the frame: Ethernet and IPv4 take 34, UDP
 * another 8. */
static void test_refused(void **state)
{
	static const struct {
		void (*begin)(struct frame_builder *b);
		size_t at;
		uint8_t value;
		uint8_t expected;
	} cases[] = {
		{wrap_vxlan, 42, 0x00, TCPM_DECODE_NOT_TCP}, /* no network */
		{wrap_vxlan, 42, 0x0c, TCPM_DECODE_NOT_TCP}, /* reserved bits */
		{wrap_vxlan, 43, 0x01, TCPM_DECODE_NOT_TCP},
		{wrap_vxlan, 45, 0x01, TCPM_DECODE_NOT_TCP},
		{wrap_vxlan, 49, 0x01, TCPM_DECODE_NOT_TCP},
		{wrap_vxlan, 56, 0x03, TCPM_DECODE_NOT_TCP}, /* sent by a group */
		{wrap_vxlan, 63, 0x06, TCPM_DECODE_NOT_TCP}, /* ARP */
		{wrap_vxlan, 39, 0x09, TCPM_DECODE_NOT_TCP}, /* the UDP length too small */
		{wrap_vxlan, 38, 0x01, TCPM_DECODE_NOT_TCP}, /* and too large */
		{wrap_vxlan, 37, 0x00, TCPM_DECODE_NOT_TCP}, /* the port */
		{wrap_vxlan, 64, 0x46, TCPM_DECODE_NOT_TCP}, /* the inner header: length, */
		{wrap_vxlan, 64, 0x44, TCPM_DECODE_NOT_TCP},
		{wrap_vxlan, 64, 0x55, TCPM_DECODE_NOT_TCP}, /* version, */
		{wrap_vxlan, 72, 0x01, TCPM_DECODE_NOT_TCP}, /* checksum */
		{wrap_vxlan, 96, 0x40, TCPM_DECODE_NOT_TCP}, /* the TCP header's length */
		{wrap_vxlan_group, 43, 0x49, TCPM_DECODE_NOT_TCP},
		{wrap_vxlan_gpe, 42, 0x0d, TCPM_DECODE_NOT_TCP}, /* for management */
		{wrap_vxlan_gpe, 42, 0x1c, TCPM_DECODE_NOT_TCP}, /* version */
		{wrap_vxlan_gpe, 42, 0x08, TCPM_DECODE_NOT_TCP}, /* protocol without P */
		{wrap_vxlan_gpe, 43, 0x01, TCPM_DECODE_NOT_TCP},
		{wrap_vxlan_gpe, 45, 0x04, TCPM_DECODE_NOT_TCP}, /* NSH */
		{wrap_vxlan_gpe, 49, 0x01, TCPM_DECODE_NOT_TCP},
		{wrap_vxlan_gpe, 50, 0x55, TCPM_DECODE_NOT_TCP},
		{wrap_vxlan_gpe, 53, 0x01, TCPM_DECODE_NOT_TCP}, /* the inner length */
		{wrap_geneve, 42, 0x40, TCPM_DECODE_NOT_TCP},    /* version */
		{wrap_geneve, 42, 0x05, TCPM_DECODE_NOT_TCP},    /* options cut short */
		{wrap_geneve, 43, 0x80, TCPM_DECODE_NOT_TCP},    /* control */
		{wrap_geneve, 43, 0x01, TCPM_DECODE_NOT_TCP},
		{wrap_geneve, 44, 0x66, TCPM_DECODE_NOT_TCP},
		{wrap_geneve, 49, 0x01, TCPM_DECODE_NOT_TCP},
		{wrap_geneve, 53, 0x1f, TCPM_DECODE_NOT_TCP}, /* an option's length */
		{wrap_geneve, 53, 0x20, TCPM_DECODE_NOT_TCP},
		{wrap_gtp, 42, 0x20, TCPM_DECODE_NOT_TCP}, /* GTP' */
		{wrap_gtp, 42, 0x50, TCPM_DECODE_NOT_TCP}, /* version */
		{wrap_gtp, 42, 0x38, TCPM_DECODE_NOT_TCP}, /* the spare bit */
		{wrap_gtp, 43, 0x01, TCPM_DECODE_NOT_TCP}, /* an echo request */
		{wrap_gtp, 45, 0x01, TCPM_DECODE_NOT_TCP}, /* length */
		{wrap_gtp, 50, 0x15, TCPM_DECODE_NOT_TCP},
		{wrap_gtp_extensions, 54, 0x00, TCPM_DECODE_NOT_TCP}, /* an extension of 0 */
		{wrap_gtp_extensions, 54, 0xff, TCPM_DECODE_NOT_TCP},
		{wrap_teredo, 51, 0x02, TCPM_DECODE_NOT_TCP}, /* no Teredo address */
		{wrap_teredo, 47, 0x01, TCPM_DECODE_NOT_TCP}, /* length */
		{wrap_teredo, 42, 0x45, TCPM_DECODE_NOT_TCP},
		{wrap_capwap, 42, 0x01, TCPM_DECODE_NOT_TCP}, /* encrypted */
		{wrap_capwap, 43, 0x00, TCPM_DECODE_NOT_TCP}, /* header length */
		{wrap_capwap, 43, 0xf8, TCPM_DECODE_NOT_TCP},
		{wrap_capwap, 44, 0x45, TCPM_DECODE_NOT_TCP}, /* binding */
		{wrap_capwap, 45, 0x08, TCPM_DECODE_NOT_TCP}, /* keep-alive */
		{wrap_capwap, 45, 0x01, TCPM_DECODE_NOT_TCP},
		{wrap_capwap, 45, 0x10, TCPM_DECODE_NOT_TCP}, /* an address without room */
		{wrap_capwap, 49, 0x01, TCPM_DECODE_NOT_TCP},
		{wrap_capwap, 51, 0x41, TCPM_DECODE_NOT_TCP},          /* 802.11: protected */
		{wrap_capwap_ethernet, 64, 0x03, TCPM_DECODE_NOT_TCP}, /* sent by a group */
		{wrap_l2tp, 42, 0x80, TCPM_DECODE_NOT_TCP},            /* control */
		{wrap_l2tp, 43, 0x03, TCPM_DECODE_NOT_TCP},            /* version */
		{wrap_l2tp, 42, 0x10, TCPM_DECODE_NOT_TCP},
		{wrap_l2tp, 51, 0x2d, TCPM_DECODE_NOT_TCP},     /* compressed TCP */
		{wrap_l2tp_all, 45, 0x09, TCPM_DECODE_NOT_TCP}, /* length */
		{wrap_l2tp_all, 55, 0xff, TCPM_DECODE_NOT_TCP}, /* offset */
		{wrap_mpls_in_udp, 50, 0x46, TCPM_DECODE_NOT_TCP},
		{wrap_mpls_in_udp, 53, 0x02, TCPM_DECODE_NOT_TCP}, /* the inner length */
		{wrap_gre, 34, 0x40, TCPM_DECODE_NOT_TCP},         /* routing */
		{wrap_gre, 34, 0x08, TCPM_DECODE_NOT_TCP},
		{wrap_gre, 35, 0x02, TCPM_DECODE_NOT_TCP},   /* version */
		{wrap_gre, 36, 0x00, TCPM_DECODE_NOT_TCP},   /* keep-alive */
		{wrap_gre, 41, 0xff, TCPM_DECODE_MALFORMED}, /* larger than what holds it */
		{wrap_gre, 38, 0x44, TCPM_DECODE_MALFORMED},
		{wrap_gre, 35, 0x01, TCPM_DECODE_NOT_TCP}, /* PPTP without its protocol */
		{wrap_gre_ethernet, 54, 0x88, TCPM_DECODE_NOT_TCP},
		{wrap_pptp, 34, 0x20, TCPM_DECODE_NOT_TCP}, /* without payload */
		{wrap_pptp, 34, 0x10, TCPM_DECODE_NOT_TCP}, /* without a call */
		{wrap_pptp, 34, 0xb0, TCPM_DECODE_NOT_TCP},
		{wrap_pptp, 49, 0xfd, TCPM_DECODE_NOT_TCP},     /* encrypted */
		{wrap_erspan_2, 42, 0x20, TCPM_DECODE_NOT_TCP}, /* version */
		{wrap_erspan_3, 42, 0x10, TCPM_DECODE_NOT_TCP},
		{wrap_erspan_3, 52, 0x84, TCPM_DECODE_NOT_TCP}, /* frame type */
		{wrap_etherip, 34, 0x40, TCPM_DECODE_NOT_TCP},
		{wrap_etherip, 35, 0x01, TCPM_DECODE_NOT_TCP},
		{wrap_ip_in_ipv4, 37, 0xff, TCPM_DECODE_MALFORMED},
	};
	struct frame_builder b;
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct packet packet;

		build(&b, cases[i].begin);
		assert_decode(&b, TCPM_DECODE_TCP);
		frame_set8(&b, cases[i].at, cases[i].value);
		enum tcpm_decode decode = decode_whole(frame_whole(&b), &packet);
		if (decode != cases[i].expected)
			fail_msg("case %zu: %d", i, decode);
	}
}

/* A host that leaves the inner checksum to its card. */
static void test_no_checksum(void **state)
{
	struct frame_builder b;
	(void)state;

	build(&b, wrap_vxlan);
	frame_set16(&b, b.ip_at + 10, 0);
	assert_decode(&b, TCPM_DECODE_TCP);
}

/* Random bytes, and DNS, behind each port: nothing is believed. */
static void test_wrong_guesses(void **state)
{
	static const uint8_t query[] = "\x08\0\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1";
	struct frame_builder b;
	struct packet packet;
	uint32_t random = 19870401;
	unsigned refused = 0;
	(void)state;

	for (unsigned round = 0; round < 100000; round++) {
		unsigned kind = round % TCPM_TUNNELS;
		unsigned port = packet_default_ports.port[kind][0];

		begin_outer(&b);
		frame_udp(&b, round & 8 ? port : 53, round & 8 ? 53 : port);
		size_t at = frame_grow(&b, 120);
		if (round < 100)
			frame_bytes(&b, query, sizeof(query) - 1);
		for (size_t i = 0; i < 120 && round >= 100; i++)
			frame_set8(&b, at + i, next_random(&random) & 0xff);
		/* Now and then with a valid header. */
		if (round & 16 && kind == TCPM_TUNNEL_VXLAN)
			memcpy(b.bytes + at, "\x08\0\0\0\1\2\3\0", 8);
		if (round & 16 && kind == TCPM_TUNNEL_GTP_U)
			memcpy(b.bytes + at, "\x30\xff\0\x70", 4);
		if (round & 16)
			frame_set16(&b, at + 20, 0x0800);
		if (round & 32)
			frame_set8(&b, at + (kind == TCPM_TUNNEL_VXLAN ? 22 : 8), 0x45);
		frame_end(&b);
		enum tcpm_decode decode = decode_whole(frame_whole(&b), &packet);
		assert_int_not_equal(decode, TCPM_DECODE_TCP);
		refused += decode == TCPM_DECODE_NOT_TCP;
	}
	assert_true(refused > 99000);
}

static void test_ports(void **state)
{
	struct packet_ports ports = {.port = {[TCPM_TUNNEL_VXLAN] = {1, 2, 3, 4, 5, 6, 7, 5000}}};
	struct frame_builder b;
	struct packet packet;
	(void)state;

	build(&b, wrap_vxlan);
	struct tcpm_frame frame = frame_whole(&b);
	assert_int_equal(packet_decode(&frame, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet_decode_with(&ports, &frame, &packet), TCPM_DECODE_NOT_TCP);
	frame_set16(&b, b.udp_at + 2, 5000);
	assert_int_equal(packet_decode(&frame, &packet), TCPM_DECODE_NOT_TCP);
	assert_int_equal(packet_decode_with(&ports, &frame, &packet), TCPM_DECODE_TCP);
	/* The target's port names another tunnel; the source's is correct. */
	frame_set16(&b, b.udp_at, 4789);
	frame_set16(&b, b.udp_at + 2, 2152);
	assert_int_equal(packet_decode(&frame, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.label_count, 1);
}

static void assert_ports_set(const struct tcpm_tunnel_port *asked, size_t count, bool expected)
{
	struct packet_ports ports;

	memset(&ports, RUBBISH, sizeof(ports));
	assert_int_equal(packet_ports_set(&ports, asked, count), expected);
}

/* A kind that is named has the ports that are named, and no others; the rest has the
 * defaults. */
static void test_ports_replaced(void **state)
{
	static const struct tcpm_tunnel_port asked[] = {
		{.port = 5000, .tunnel = TCPM_TUNNEL_VXLAN},
		{.port = 65535, .tunnel = TCPM_TUNNEL_MPLS},
		{.port = 1, .tunnel = TCPM_TUNNEL_VXLAN},
	};
	struct packet_ports expected = packet_default_ports;
	struct packet_ports ports;
	struct frame_builder b;
	struct packet packet;
	(void)state;

	memset(&ports, RUBBISH, sizeof(ports));
	assert_true(packet_ports_set(&ports, NULL, 0));
	assert_memory_equal(&ports, &packet_default_ports, sizeof(ports));
	assert_true(packet_ports_set(&ports, asked, 3));
	memset(expected.port[TCPM_TUNNEL_VXLAN], 0, sizeof(expected.port[TCPM_TUNNEL_VXLAN]));
	expected.port[TCPM_TUNNEL_VXLAN][0] = 5000;
	expected.port[TCPM_TUNNEL_VXLAN][1] = 1;
	expected.port[TCPM_TUNNEL_MPLS][0] = 65535;
	assert_memory_equal(&ports, &expected, sizeof(ports));
	/* One in the place of two. */
	expected = packet_default_ports;
	expected.port[TCPM_TUNNEL_VXLAN][0] = 5000;
	expected.port[TCPM_TUNNEL_VXLAN][1] = 0;
	assert_true(packet_ports_set(&ports, asked, 1));
	assert_memory_equal(&ports, &expected, sizeof(ports));
	assert_true(packet_ports_set(&ports, asked, 3));

	build(&b, wrap_vxlan);
	struct tcpm_frame frame = frame_whole(&b);
	assert_int_equal(packet_decode_with(&ports, &frame, &packet), TCPM_DECODE_NOT_TCP);
	frame_set16(&b, b.udp_at + 2, 5000);
	assert_int_equal(packet_decode_with(&ports, &frame, &packet), TCPM_DECODE_TCP);
	frame_set16(&b, b.udp_at + 2, 1);
	assert_int_equal(packet_decode_with(&ports, &frame, &packet), TCPM_DECODE_TCP);
	build(&b, wrap_geneve);
	frame = frame_whole(&b);
	assert_int_equal(packet_decode_with(&ports, &frame, &packet), TCPM_DECODE_TCP);
}

static void test_ports_that_cannot_be(void **state)
{
	struct tcpm_tunnel_port asked[PACKET_MAX_PORTS + 1];
	(void)state;

	/* As many of one kind as there is room for; and all of all kinds. */
	for (unsigned kind = 0; kind < TCPM_TUNNELS; kind++) {
		for (unsigned i = 0; i <= PACKET_MAX_PORTS; i++)
			asked[i] = (struct tcpm_tunnel_port){.port = (uint16_t)(1000 + i),
							     .tunnel = (uint8_t)kind};
		assert_ports_set(asked, PACKET_MAX_PORTS, true);
		assert_ports_set(asked, PACKET_MAX_PORTS + 1, false);
		asked[PACKET_MAX_PORTS].tunnel = (uint8_t)((kind + 1) % TCPM_TUNNELS);
		assert_ports_set(asked, PACKET_MAX_PORTS + 1, true);
	}
	asked[1].port = 0;
	assert_ports_set(asked, 2, false);
	asked[1] = (struct tcpm_tunnel_port){.port = 7, .tunnel = TCPM_TUNNELS};
	assert_ports_set(asked, 2, false);
	asked[1].tunnel = 255;
	assert_ports_set(asked, 2, false);
	asked[1].tunnel = TCPM_TUNNELS - 1;
	assert_ports_set(asked, 2, true);
}

/* Decodes IP in IP with the given outer addresses and returns the label. */
static uint32_t label_of(const char *source, const char *target)
{
	struct frame_builder b;
	struct packet packet;

	frame_begin(&b, FRAME_ETHERNET);
	frame_ipv4(&b, source, target);
	frame_some_ipv4(&b);
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.label_kind[0], TCPM_LABEL_TUNNEL);
	return packet.label[0];
}

static void test_label_of_ends(void **state)
{
	(void)state;
	assert_int_equal(label_of("10.0.0.1", "10.0.0.2"), label_of("10.0.0.2", "10.0.0.1"));
	assert_int_not_equal(label_of("10.0.0.1", "10.0.0.2"), label_of("10.0.0.1", "10.0.0.3"));
	assert_int_not_equal(label_of("10.0.0.1", "10.0.0.1"), label_of("10.0.0.2", "10.0.0.2"));
	assert_int_not_equal(label_of("10.0.0.1", "10.0.0.4"), label_of("10.0.0.2", "10.0.0.3"));
}

/* The labels of a frame with the given VLAN ids. */
static struct packet labels_of(const unsigned *tags, size_t count)
{
	struct frame_builder b;
	struct packet packet;

	frame_begin(&b, FRAME_ETHERNET);
	for (size_t i = 0; i < count; i++)
		frame_vlan(&b, 0x8100, tags[i]);
	frame_some_ipv4(&b);
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
	return packet;
}

static void test_more_labels_than_room(void **state)
{
	static const unsigned stacks[][6] = {
		{1, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 6, 5}, {1, 2, 3, 4, 5, 7}, {1, 2, 3, 5, 4, 6},
		{1, 2, 3, 4, 5, 0}, {1, 2, 3, 4, 0, 0}, {1, 2, 3, 4, 4, 0}, {1, 2, 3, 4, 4, 4},
	};
	(void)state;

	for (size_t i = 0; i < 8; i++) {
		struct packet a = labels_of(stacks[i], 6), again = labels_of(stacks[i], 6);

		assert_int_equal(a.label_count, PACKET_MAX_LABELS);
		assert_memory_equal(a.label, again.label, sizeof(a.label));
		for (size_t j = 0; j < i; j++) {
			struct packet other = labels_of(stacks[j], 6);
			assert_memory_not_equal(a.label, other.label, sizeof(a.label));
		}
	}
}

static void test_depth(void **state)
{
	struct frame_builder b;
	(void)state;

	for (unsigned tunnels = 0; tunnels < 7; tunnels++) {
		frame_begin(&b, FRAME_ETHERNET);
		for (unsigned i = 0; i < tunnels; i++) {
			frame_ipv4(&b, "203.0.113.1", "203.0.113.2");
			frame_gre(&b, 0, 0);
			frame_ethernet(&b);
		}
		frame_some_ipv4(&b);
		frame_end(&b);
		/* Three layers each, the link and the last IP header. */
		assert_decode(&b, tunnels * 3 + 2 <= PACKET_MAX_LAYERS ? TCPM_DECODE_TCP
								       : TCPM_DECODE_TOO_DEEP);
	}
}

static void test_innermost_id(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	build(&b, wrap_gre);
	frame_set16(&b, b.ip_all[0] + 4, 1111);
	frame_set16(&b, b.ip_all[1] + 4, 2222);
	assert_int_equal(decode_whole(frame_whole(&b), &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.ip_id, 2222);
}

/* The outer packet is a first fragment that holds what was built up to `count` bytes. */
static struct tcpm_frame first_fragment(struct frame_builder *b, size_t count)
{
	b->length = count;
	frame_set16(b, b->ip_all[0] + 2, (unsigned)(count - b->ip_all[0]));
	frame_set16(b, b->ip_all[0] + 6, 0x2000);
	return frame_whole(b);
}

static void test_first_fragments(void **state)
{
	static void (*const tunnels[])(struct frame_builder * b) = {
		wrap_gre,    wrap_gre_ethernet, wrap_ip_in_ipv4, wrap_vxlan, wrap_gtp,
		wrap_geneve, wrap_teredo,       wrap_capwap,     wrap_l2tp,  wrap_mpls_in_udp,
	};
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (size_t i = 0; i < sizeof(tunnels) / sizeof(*tunnels); i++) {
		build(&b, tunnels[i]);
		assert_int_equal(decode_whole(first_fragment(&b, b.tcp_at + 20), &packet),
				 TCPM_DECODE_TCP);
		assert_some_tcp(&packet);
		assert_int_equal(packet.length, 50);
		assert_false(packet.more_data);

		/* The TCP header continues in the next fragment; or was cut off. */
		build(&b, tunnels[i]);
		struct tcpm_frame frame = first_fragment(&b, b.tcp_at + 16);
		/* A mirror may have cut what is in VXLAN and GENEVE. */
		bool mirror = tunnels[i] == wrap_vxlan || tunnels[i] == wrap_geneve;
		assert_int_equal(decode_whole(frame, &packet),
				 mirror ? TCPM_DECODE_TRUNCATED : TCPM_DECODE_FRAGMENT);
		assert_int_equal(decode_cut(frame, b.tcp_at + 10, &packet), TCPM_DECODE_TRUNCATED);
	}
}

static void test_later_fragments(void **state)
{
	struct frame_builder b;
	(void)state;

	build(&b, wrap_gre);
	frame_set16(&b, b.ip_all[0] + 6, 100);
	assert_decode(&b, TCPM_DECODE_FRAGMENT);
	build(&b, wrap_ip_in_ipv4);
	frame_set16(&b, b.ip_all[0] + 6, 100);
	assert_decode(&b, TCPM_DECODE_FRAGMENT);
	build(&b, wrap_vxlan);
	frame_set16(&b, b.ip_all[0] + 6, 100);
	assert_decode(&b, TCPM_DECODE_NOT_TCP);
}

static void test_capwap_fragments(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	/* The first one has all headers; one byte of data. */
	build(&b, wrap_capwap);
	b.length = b.tcp_at + 21;
	frame_set8(&b, b.udp_at + 8 + 3, 0x80);
	frame_set16(&b, b.udp_at + 4, (unsigned)(b.length - b.udp_at));
	frame_set16(&b, b.ip_all[0] + 2, (unsigned)(b.length - b.ip_all[0]));
	assert_int_equal(decode_whole(frame_whole(&b), &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.length, 50);
	frame_set16(&b, b.udp_at + 8 + 6, 8);
	assert_decode(&b, TCPM_DECODE_FRAGMENT);
}

/* A mirror that keeps the first bytes, in an outer packet that is whole. */
static void test_short_mirrors(void **state)
{
	static void (*const mirrors[])(struct frame_builder * b) = {
		wrap_erspan_1, wrap_erspan_2, wrap_erspan_3, wrap_erspan_3_ip, wrap_vxlan,
	};
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (size_t i = 0; i < sizeof(mirrors) / sizeof(*mirrors); i++) {
		build(&b, mirrors[i]);
		b.length = b.tcp_at + 24;
		frame_set16(&b, b.ip_all[0] + 2, (unsigned)(b.length - b.ip_all[0]));
		if (b.udp_at)
			frame_set16(&b, b.udp_at + 4, (unsigned)(b.length - b.udp_at));
		assert_int_equal(decode_whole(frame_whole(&b), &packet), TCPM_DECODE_TCP);
		assert_int_equal(packet.length, 50);
		assert_int_equal(decode_cut(frame_whole(&b), b.tcp_at + 19, &packet),
				 TCPM_DECODE_TRUNCATED);
	}
}

/* The outer header tells no length, so the inner one is asked alone. */
static void test_outer_offload(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	build(&b, wrap_gre);
	frame_set16(&b, b.ip_all[0] + 2, 0);
	assert_int_equal(decode_cut(frame_whole(&b), b.tcp_at + 20, &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.length, 50);
	build(&b, wrap_vxlan);
	frame_set16(&b, b.ip_all[0] + 2, 0);
	frame_set16(&b, b.udp_at + 4, 0);
	assert_int_equal(decode_whole(frame_whole(&b), &packet), TCPM_DECODE_TCP);
	assert_int_equal(packet.length, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_checksum),
		cmocka_unit_test(test_wrong_guesses),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_ports_replaced),
		cmocka_unit_test(test_ports_that_cannot_be),
		cmocka_unit_test(test_label_of_ends),
		cmocka_unit_test(test_more_labels_than_room),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_innermost_id),
		cmocka_unit_test(test_first_fragments),
		cmocka_unit_test(test_later_fragments),
		cmocka_unit_test(test_capwap_fragments),
		cmocka_unit_test(test_short_mirrors),
		cmocka_unit_test(test_outer_offload),
	};
	return cmocka_run_group_tests_name("packet: tunnels", tests, NULL, NULL);
}
