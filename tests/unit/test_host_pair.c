/*
 * The number of two hosts: the same of a frame that is only looked at as of one that is decoded,
 * for both directions, and spread.
 */
#include <stdio.h>

#include "packet/host_pair.h"
#include "packet_helper.h"
#include "wrappings.h"

/* xorshift64*, so that each run sees the same values. */
static uint64_t random_below(uint64_t *state, uint64_t limit)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL % limit;
}

/* ---- what is looked at ---- */

/* Looks at a copy that is exactly as large as the first `captured` bytes. */
static bool peek_cut(struct tcpm_frame frame, size_t captured, uint32_t *hosts)
{
	uint8_t *copy = malloc(captured);
	bool peeked;

	assert_true(copy || captured == 0);
	if (captured > 0)
		memcpy(copy, frame.bytes, captured);
	frame.bytes = copy;
	frame.captured = (uint32_t)captured;
	peeked = host_pair_peek(&frame, hosts);
	free(copy);
	return peeked;
}

static bool peek(struct tcpm_frame frame)
{
	uint32_t hosts;

	return peek_cut(frame, frame.captured, &hosts);
}

/* If a look is enough and the frame is TCP, its hosts are those. Returns whether both are so. */
static bool check_cut(struct tcpm_frame frame, size_t captured)
{
	struct packet packet;
	uint32_t hosts = 0, again = 0;
	bool peeked = peek_cut(frame, captured, &hosts);

	if (!peeked || decode_cut(frame, captured, &packet) != TCPM_DECODE_TCP)
		return false;
	if (hosts != host_pair(&packet))
		fail_msg("%08x at a look, %08x decoded", hosts, host_pair(&packet));
	assert_true(peek_cut(frame, captured, &again));
	assert_int_equal(again, hosts);
	return true;
}

/* The number of a frame that is TCP. */
static uint32_t number_of(struct tcpm_frame frame)
{
	struct packet packet;

	assert_int_equal(decode_whole(frame, &packet), TCPM_DECODE_TCP);
	check_cut(frame, frame.captured);
	return host_pair(&packet);
}

/* A TCP packet over Ethernet, from or (back) to the host. */
static struct tcpm_frame plain(struct frame_builder *b, const char *host, const char *server,
			       bool back)
{
	const char *source = back ? server : host;
	const char *target = back ? host : server;

	frame_begin(b, FRAME_ETHERNET);
	if (strchr(host, ':'))
		frame_ipv6(b, source, target);
	else
		frame_ipv4(b, source, target);
	frame_some_tcp(b);
	frame_data(b, 30);
	return frame_end(b);
}

static const char *const pairs[][2] = {
	{"192.0.2.1", "198.51.100.2"},  {"10.0.0.1", "10.0.0.2"},
	{"0.0.0.0", "255.255.255.255"}, {"2001:db8::1", "2001:db8:0:1::2"},
	{"fe80::1", "fe80::1:0:0:1"},   {"::", "ffff::ffff"},
	{"192.0.2.1", "192.0.2.1"},     {"::1", "::1"},
};

#define PAIRS (sizeof(pairs) / sizeof(*pairs))

/* ---- tests ---- */

static void test_plain(void **state)
{
	struct frame_builder b;
	uint32_t there, back;
	(void)state;

	for (size_t i = 0; i < PAIRS; i++) {
		struct tcpm_frame frame = plain(&b, pairs[i][0], pairs[i][1], false);

		assert_true(check_cut(frame, frame.captured));
		there = number_of(frame);
		frame = plain(&b, pairs[i][0], pairs[i][1], true);
		assert_true(check_cut(frame, frame.captured));
		back = number_of(frame);
		assert_int_equal(there, back);
	}
}

/* Neither ports nor anything else but the addresses matters. */
static void test_only_addresses(void **state)
{
	struct frame_builder b;
	struct tcpm_frame frame;
	uint32_t hosts;
	(void)state;

	for (size_t i = 0; i < PAIRS; i++) {
		frame = plain(&b, pairs[i][0], pairs[i][1], false);
		hosts = number_of(frame);
		frame_set16(&b, b.tcp_at, 1);
		frame_set16(&b, b.tcp_at + 2, 2);
		frame_set32(&b, b.tcp_at + 4, 3);
		frame_set8(&b, b.tcp_at + 13, TCP_SYN);
		frame_set8(&b, 0, 4);
		frame_set8(&b, b.ip_at + 1, 5); /* traffic class */
		frame.interface = 6;
		frame.time_ns = 7;
		frame.number = 8;
		assert_true(check_cut(frame, frame.captured));
		assert_int_equal(number_of(frame), hosts);
	}
}

/* May not be fragmented (set) and reserved: the bits that do not make a fragment. */
static void test_not_a_fragment(void **state)
{
	struct frame_builder b;
	struct tcpm_frame frame = plain(&b, "192.0.2.1", "198.51.100.2", false);
	(void)state;

	frame_set16(&b, b.ip_at + 6, 0x4000);
	assert_true(check_cut(frame, frame.captured));
	frame_set16(&b, b.ip_at + 6, 0x8000);
	assert_true(peek(frame));
	for (unsigned bit = 0; bit < 14; bit++) {
		frame_set16(&b, b.ip_at + 6, 1u << bit | 0x4000);
		assert_false(peek(frame));
	}
}

/* Any way in which TCP is found: the innermost addresses decide, in both directions. */
static void test_wrappings(void **state)
{
	static const char *const hosts[][2] = {{"192.0.2.1", "198.51.100.2"},
					       {"2001:db8::1", "2001:db8:0:1::2"},
					       {"2001:0:4136:e378::1", "2001:db8::2"}};
	struct frame_builder b;
	(void)state;

	for (size_t i = 0; i < WRAPPINGS; i++)
		for (int inner = 0; inner < 3; inner++) {
			uint32_t expected;

			if (!wrapping_holds(&wrappings[i], inner))
				continue;
			expected = number_of(plain(&b, hosts[inner][0], hosts[inner][1], false));
			for (unsigned back = 0; back < 2; back++) {
				const struct wrapped_packet packet = {
					.by_server = back, .flags = TCP_ACK, .data = 50};
				struct tcpm_frame frame;

				wrappings[i].begin(&b);
				frame = wrapped_end(&b, inner, &packet);
				if (number_of(frame) != expected)
					fail_msg("%s, inner %d, back %u", wrappings[i].name, inner,
						 back);
				/* None of them is plain. */
				if (peek(frame))
					fail_msg("a look is enough for %s", wrappings[i].name);
			}
		}
}

static void test_links(void **state)
{
	static const uint16_t links[] = {FRAME_RAW,  FRAME_SLL,  FRAME_SLL2,
					 FRAME_NULL, FRAME_LOOP, FRAME_IPV4};
	struct frame_builder b;
	uint32_t expected = number_of(plain(&b, "192.0.2.1", "198.51.100.2", false));
	(void)state;

	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		struct tcpm_frame frame;

		frame_begin(&b, links[i]);
		frame_some_ipv4(&b);
		frame = frame_end(&b);
		assert_false(peek(frame));
		assert_int_equal(number_of(frame), expected);
		/* Ethernet's bytes under another link type. */
		frame = plain(&b, "192.0.2.1", "198.51.100.2", false);
		frame.linktype = links[i];
		assert_false(peek(frame));
	}
}

/* Not plain, or no TCP: to be decoded. */
static void test_not_enough(void **state)
{
	struct frame_builder b;
	(void)state;

	frame_begin(&b, FRAME_ETHERNET);
	frame_vlan(&b, 0x8100, 5);
	frame_some_ipv4(&b);
	assert_false(peek(frame_end(&b)));
	for (unsigned options = 4; options <= 40; options += 4) {
		frame_begin(&b, FRAME_ETHERNET);
		frame_ipv4_options(&b, "192.0.2.1", "198.51.100.2", options);
		frame_some_tcp(&b);
		assert_false(peek(frame_end(&b)));
	}
	frame_begin(&b, FRAME_ETHERNET);
	frame_ipv6(&b, "2001:db8::1", "2001:db8::2");
	frame_extension(&b, 60, 8);
	frame_some_tcp(&b);
	assert_false(peek(frame_end(&b)));
	frame_begin(&b, FRAME_ETHERNET);
	frame_ipv6(&b, "2001:db8::1", "2001:db8::2");
	frame_fragment(&b, 0, true);
	frame_some_tcp(&b);
	assert_false(peek(frame_end(&b)));
	for (unsigned i = 0; i < 2; i++) {
		frame_begin(&b, FRAME_ETHERNET);
		if (i)
			frame_ipv6(&b, "2001:db8::1", "2001:db8::2");
		else
			frame_ipv4(&b, "192.0.2.1", "198.51.100.2");
		frame_udp(&b, 1234, 53);
		frame_data(&b, 30);
		assert_false(peek(frame_end(&b)));
	}
	frame_begin(&b, FRAME_ETHERNET);
	frame_announce(&b, 0x0806, 0, 0); /* ARP */
	frame_grow(&b, 60);
	assert_false(peek(frame_end(&b)));
}

/* An EtherType and a version that contradict each other. */
static void test_contradictions(void **state)
{
	struct frame_builder b;
	struct tcpm_frame frame = plain(&b, "192.0.2.1", "198.51.100.2", false);
	(void)state;

	frame_set16(&b, 12, 0x86dd);
	assert_false(peek(frame));
	frame = plain(&b, "2001:db8::1", "2001:db8::2", false);
	frame_set16(&b, 12, 0x0800);
	assert_false(peek(frame));
	for (unsigned version = 0; version < 256; version++) {
		frame = plain(&b, "192.0.2.1", "198.51.100.2", false);
		frame_set8(&b, b.ip_at, version);
		assert_int_equal(peek(frame), version == 0x45);
		frame = plain(&b, "2001:db8::1", "2001:db8::2", false);
		frame_set8(&b, b.ip_at, version);
		assert_int_equal(peek(frame), version >> 4 == 6);
	}
}

/* As many bytes as both addresses take, at least. */
static void test_every_truncation(void **state)
{
	struct frame_builder b;
	uint32_t hosts;
	(void)state;

	for (size_t i = 0; i < PAIRS; i++) {
		struct tcpm_frame frame = plain(&b, pairs[i][0], pairs[i][1], i % 2);
		size_t enough = strchr(pairs[i][0], ':') ? 54 : 34;
		uint32_t whole = number_of(frame);

		for (size_t captured = 0; captured <= frame.captured; captured++) {
			assert_int_equal(peek_cut(frame, captured, &hosts), captured >= enough);
			if (captured >= enough)
				assert_int_equal(hosts, whole);
			assert_int_equal(check_cut(frame, captured), captured >= b.tcp_at + 20);
		}
	}
}

/* Cut and with some wrong bytes, mostly in the headers. */
static void test_mutations(void **state)
{
	struct frame_builder b;
	uint64_t seed = 11;
	unsigned both = 0;
	(void)state;

	for (unsigned round = 0; round < 200000; round++) {
		size_t pair = random_below(&seed, PAIRS);
		struct tcpm_frame frame =
			plain(&b, pairs[pair][0], pairs[pair][1], random_below(&seed, 2));
		size_t captured = frame.captured;

		for (uint64_t i = random_below(&seed, 4); i; i--) {
			uint64_t from = random_below(&seed, 2) ? 12 : 0;
			size_t at = from + random_below(&seed, from ? 12 : 60);

			frame_set8(&b, at, (unsigned)random_below(&seed, 256));
		}
		if (random_below(&seed, 2))
			captured = random_below(&seed, captured + 1);
		both += check_cut(frame, captured);
	}
	assert_in_range(both, 20000, 190000);
}

/* Mutations of the rest, too. */
static void test_mutated_wrappings(void **state)
{
	struct frame_builder b;
	uint64_t seed = 12;
	(void)state;

	for (unsigned round = 0; round < 300 * WRAPPINGS; round++) {
		const struct wrapping *wrapping = &wrappings[round % WRAPPINGS];
		const struct wrapped_packet packet = {.flags = TCP_ACK, .data = 20};
		struct tcpm_frame frame;

		wrapping->begin(&b);
		frame = wrapped_end(&b, wrapping->version == 3 ? 2 : 0, &packet);
		for (unsigned i = 0; i < 3; i++)
			frame_set8(&b, random_below(&seed, 40), (unsigned)random_below(&seed, 256));
		if (round % 3 == 0)
			frame.linktype = FRAME_ETHERNET;
		check_cut(frame, random_below(&seed, frame.captured + 1));
		check_cut(frame, frame.captured);
	}
}

/* How many of 256 hosts that follow one another are of each share. */
static void assert_spread(bool ipv6, unsigned partitions, unsigned fewest)
{
	struct frame_builder b;
	unsigned counts[8] = {0};

	for (unsigned host = 0; host < 256; host++) {
		char name[40];
		struct tcpm_frame frame;

		snprintf(name, sizeof(name), ipv6 ? "2001:db8::%x" : "10.1.2.%u", host);
		frame = plain(&b, name, ipv6 ? "2001:db8:ffff::1" : "192.0.2.1", host % 2);
		counts[(uint64_t)number_of(frame) * partitions >> 32]++;
	}
	for (unsigned i = 0; i < partitions; i++)
		if (counts[i] < fewest)
			fail_msg("partition %u of %u has %u of 256", i, partitions, counts[i]);
}

static void test_spread(void **state)
{
	(void)state;
	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		assert_spread(ipv6, 2, 77); /* 30 % */
		assert_spread(ipv6, 3, 50);
		assert_spread(ipv6, 5, 30);
		assert_spread(ipv6, 8, 15);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),          cmocka_unit_test(test_only_addresses),
		cmocka_unit_test(test_not_a_fragment), cmocka_unit_test(test_wrappings),
		cmocka_unit_test(test_links),          cmocka_unit_test(test_not_enough),
		cmocka_unit_test(test_contradictions), cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_mutations),      cmocka_unit_test(test_mutated_wrappings),
		cmocka_unit_test(test_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
