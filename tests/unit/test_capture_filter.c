/*
 * Filter expressions over hand-written frames of several link types, tagged and
 * not.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "capture/filter.h"
#include "capture_builder.h"

#define ETHERNET 1
#define RAW      101
#define SLL      113
#define SLL2     276

/* An IPv4 TCP packet 10.0.0.1:40000 -> 10.0.0.2:port, with `data` bytes of data. */
static void put_tcp(struct builder *frame, unsigned port, size_t data)
{
	const unsigned length = (unsigned)(40 + data);
	const uint8_t ip[20] = {0x45,
				0,
				(uint8_t)(length >> 8),
				(uint8_t)length,
				0,
				1,
				0x40,
				0,
				64,
				6,
				0,
				0,
				10,
				0,
				0,
				1,
				10,
				0,
				0,
				2};
	const uint8_t tcp[20] = {
		0x9c, 0x40, (uint8_t)(port >> 8), (uint8_t)port, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x10,
		1,    0};

	put_bytes(frame, ip, sizeof(ip));
	put_bytes(frame, tcp, sizeof(tcp));
	put_fill(frame, 'd', data);
}

static void put_be16(struct builder *frame, unsigned value)
{
	put8(frame, value >> 8);
	put8(frame, value & 0xff);
}

/* An Ethernet frame with these tags (TPID, TCI pairs, ended by 0) before IPv4. */
static void put_ethernet(struct builder *frame, const uint16_t *tags, unsigned port, size_t data)
{
	put_fill(frame, 2, 12);
	for (; *tags; tags += 2) {
		put_be16(frame, tags[0]);
		put_be16(frame, tags[1]);
	}
	put_be16(frame, 0x0800);
	put_tcp(frame, port, data);
}

static int match_of(const char *expression, const struct builder *bytes, uint16_t linktype,
		    struct error *error)
{
	const struct tcpm_frame frame = {
		.bytes = bytes->bytes,
		.captured = (uint32_t)bytes->size,
		.wire_length = (uint32_t)bytes->size,
		.linktype = linktype,
	};
	struct filter *filter = NULL;
	int result = filter_new(expression, &filter, error);

	if (result < 0)
		fail_msg("%s", error->text);
	result = filter_match(filter, &frame, error);
	/* Again, from the compiled program. */
	assert_int_equal(filter_match(filter, &frame, NULL), result);
	filter_free(filter);
	return result;
}

static void expect(const char *expression, const struct builder *frame, uint16_t linktype,
		   int wanted)
{
	struct error error = {0};
	const int result = match_of(expression, frame, linktype, &error);

	if (result != wanted)
		fail_msg("\"%s\": %d, not %d (%s)", expression, result, wanted, error.text);
}

static const uint16_t untagged[] = {0};
static const uint16_t one_tag[] = {0x8100, 0x0007, 0};
static const uint16_t two_tags[] = {0x88a8, 0x0064, 0x8100, 0x0007, 0};

static void plain(void **state)
{
	(void)state;
	struct builder frame = {0};

	put_ethernet(&frame, untagged, 443, 100);
	expect("port 443", &frame, ETHERNET, 1);
	expect("tcp and host 10.0.0.2", &frame, ETHERNET, 1);
	expect("", &frame, ETHERNET, 1);
	expect("port 80", &frame, ETHERNET, 0);
	expect("not port 443", &frame, ETHERNET, 0);
	expect("udp", &frame, ETHERNET, 0);
	expect("greater 154", &frame, ETHERNET, 1);
	expect("greater 155", &frame, ETHERNET, 0);
	expect("vlan", &frame, ETHERNET, 0);
	builder_done(&frame);
}

static void tagged(void **state)
{
	(void)state;
	static const uint16_t *const tags[] = {one_tag, two_tags};

	for (size_t i = 0; i < 2; i++) {
		struct builder frame = {0};
		put_ethernet(&frame, tags[i], 443, 100);
		expect("port 443", &frame, ETHERNET, 1);
		expect("not port 443", &frame, ETHERNET, 0);
		expect("port 80", &frame, ETHERNET, 0);
		expect("ip", &frame, ETHERNET, 1);
		expect("tcp[20] = 0x64", &frame, ETHERNET, 1);
		/* Lengths are those of the frame without its tags. */
		expect("greater 154", &frame, ETHERNET, 1);
		expect("greater 155", &frame, ETHERNET, 0);
		/* The expression's own word for it. */
		expect("vlan", &frame, ETHERNET, 1);
		expect("vlan 7", &frame, ETHERNET, i == 0);
		expect("vlan 100 and vlan 7 and port 443", &frame, ETHERNET, i == 1);
		expect("vlan and port 80", &frame, ETHERNET, 0);
		expect("ether[12:2] = 0x8100 or ether[12:2] = 0x88a8", &frame, ETHERNET, 1);
		builder_done(&frame);
	}
}

/* Every cut of a tagged frame: read within its bytes, and no match without a port. */
static void tagged_and_cut(void **state)
{
	(void)state;
	struct builder frame = {0};

	put_ethernet(&frame, two_tags, 443, 20);
	for (size_t cut = 0; cut <= frame.size; cut++) {
		struct builder copy = {0};
		put_bytes(&copy, frame.bytes, cut);
		expect("dst port 443", &copy, ETHERNET, cut >= 22 + 24);
		builder_done(&copy);
	}
	builder_done(&frame);
}

/* More tags than anyone has, and a frame larger than the copy. */
static void extremes(void **state)
{
	(void)state;
	static uint16_t many[2 * 1000 + 1];
	struct builder frame = {0};

	for (size_t i = 0; i < 1000; i++)
		many[2 * i] = 0x8100;
	put_ethernet(&frame, many, 443, 30000);
	expect("port 443", &frame, ETHERNET, 1);
	expect("greater 30054", &frame, ETHERNET, 1);
	expect("greater 30055", &frame, ETHERNET, 0);
	builder_done(&frame);
}

static void link_types(void **state)
{
	(void)state;
	struct builder frame = {0};

	put_tcp(&frame, 443, 10);
	expect("port 443", &frame, RAW, 1);
	expect("port 80", &frame, RAW, 0);
	expect("port 443", &frame, 12, 1);
	expect("port 443", &frame, 14, 1);
	builder_done(&frame);

	for (int with_tag = 0; with_tag < 2; with_tag++) {
		/* Packet type, ARPHRD, address length and address, protocol. */
		put_be16(&frame, 0);
		put_be16(&frame, 1);
		put_be16(&frame, 6);
		put_fill(&frame, 2, 8);
		if (with_tag) {
			put_be16(&frame, 0x8100);
			put_be16(&frame, 7);
		}
		put_be16(&frame, 0x0800);
		put_tcp(&frame, 443, 10);
		expect("port 443", &frame, SLL, 1);
		expect("port 80", &frame, SLL, 0);
		builder_done(&frame);

		/* Protocol, reserved, interface, ARPHRD, packet type, address. */
		put_be16(&frame, with_tag ? 0x8100 : 0x0800);
		put_fill(&frame, 0, 6);
		put_be16(&frame, 1);
		put_fill(&frame, 6, 10);
		if (with_tag) {
			put_be16(&frame, 7);
			put_be16(&frame, 0x0800);
		}
		put_tcp(&frame, 443, 10);
		expect("port 443", &frame, SLL2, 1);
		expect("port 80", &frame, SLL2, 0);
		builder_done(&frame);
	}
}

/* One filter over frames whose link types take turns, more than are kept compiled. */
static void many_link_types(void **state)
{
	(void)state;
	struct builder raw = {0};
	struct builder ethernet = {0};
	struct filter *filter = NULL;
	struct error error;

	put_tcp(&raw, 443, 10);
	put_ethernet(&ethernet, untagged, 443, 10);
	assert_int_equal(filter_new("port 443", &filter, &error), 0);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned linktype = 0; linktype < 300; linktype++) {
			struct tcpm_frame frame = {
				.bytes = raw.bytes,
				.captured = (uint32_t)raw.size,
				.wire_length = (uint32_t)raw.size,
				.linktype = (uint16_t)linktype,
			};
			const int result = filter_match(filter, &frame, &error);
			assert_true(result <= 1);
			if (linktype == RAW)
				assert_int_equal(result, 1);
			if (result < 0)
				assert_memory_equal(error.text, "filter \"port 443\": ", 19);
			frame.bytes = ethernet.bytes;
			frame.captured = frame.wire_length = (uint32_t)ethernet.size;
			frame.linktype = ETHERNET;
			assert_int_equal(filter_match(filter, &frame, &error), 1);
		}
	}
	filter_free(filter);
	builder_done(&raw);
	builder_done(&ethernet);
}

static void refused(void **state)
{
	(void)state;
	struct filter *filter = NULL;
	struct error error;
	char expression[3000];

	assert_int_equal(filter_new("tcp prot 80", &filter, &error), -EINVAL);
	assert_memory_equal(error.text, "filter \"tcp prot 80\": ", 22);
	assert_non_null(strstr(error.text, "syntax error"));
	assert_non_null(strstr(error.text, "; see pcap-filter(7) for the syntax"));
	assert_int_equal(filter_new("port 99999", &filter, &error), -EINVAL);
	assert_int_equal(filter_new("ip and ip6", &filter, &error), -EINVAL);
	assert_non_null(strstr(error.text, "rejects all packets"));
	memset(expression, '(', sizeof(expression));
	expression[2999] = '\0';
	assert_int_equal(filter_new(expression, &filter, &error), -EINVAL);
	assert_non_null(strstr(error.text, "((...\": "));
	assert_non_null(strstr(error.text, "pcap-filter(7)"));
	assert_null(filter);
	filter_free(NULL);
}

/* An expression for other links: accepted, and an error at an Ethernet frame only. */
static void other_links_only(void **state)
{
	(void)state;
	struct builder frame = {0};
	struct error error = {0};

	put_ethernet(&frame, untagged, 443, 10);
	assert_int_equal(match_of("wlan type data", &frame, ETHERNET, &error), -EINVAL);
	assert_memory_equal(error.text, "filter \"wlan type data\": ", 25);
	builder_done(&frame);
	/* What can match nothing on a link type just matches nothing. */
	put_tcp(&frame, 443, 10);
	expect("vlan 7 or port 443", &frame, RAW, -EINVAL);
	expect("arp", &frame, RAW, 0);
	builder_done(&frame);
}

/* Words that are no names, and such as may be. */
static void reports_names(void **state)
{
	static const char *const sure[] = {
		"",
		"tcp port 443",
		"host 10.0.0.1 and not (udp or icmp6)",
		"net 10.0.0.0/8 and portrange 8000-9000",
		"src host 2001:db8::beef or dst host fe80::1",
		"ether host 02:00:5e:ab:cd:ef",
		"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and ip[8] < 0x1f",
		"vlan 42 && port https",
	};
	static const char *const unsure[] = {
		"host example.com",
		"host 1e100.net",
		"host cafe",
		"host db1",
		"src face.de",
		"port nosuch",
		"ip6 host ::1 or net lab",
		"host 0xg",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sure) / sizeof(sure[0]); i++)
		if (filter_may_ask(sure[i]))
			fail_msg("\"%s\" holds no name", sure[i]);
	for (size_t i = 0; i < sizeof(unsure) / sizeof(unsure[0]); i++)
		if (!filter_may_ask(unsure[i]))
			fail_msg("\"%s\" may hold a name", unsure[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports_names),    cmocka_unit_test(plain),
		cmocka_unit_test(tagged),           cmocka_unit_test(tagged_and_cut),
		cmocka_unit_test(extremes),         cmocka_unit_test(link_types),
		cmocka_unit_test(many_link_types),  cmocka_unit_test(refused),
		cmocka_unit_test(other_links_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
