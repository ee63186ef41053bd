/*
 * All of wrappings.h: TCP is found in each, is the same in each, has the labels that
 * both directions share, and is not found in what is cut short.
 */
#include "packet_sound.h"
#include "wrappings.h"

static const char *const sources[] = {"192.0.2.1", "2001:db8::1", "2001:0:4136:e378::1"};
static const char *const targets[] = {"198.51.100.2", "2001:db8:0:1::2", "2001:db8::2"};

/* Builds the wrapping around IPv4 (0), IPv6 (1) or a Teredo address (2); with the inner
 * and all outer IP headers' addresses exchanged, if backward. */
static void build(struct frame_builder *b, const struct wrapping *wrapping, int inner,
		  bool backward)
{
	wrapping->begin(b);
	if (inner == 0)
		frame_ipv4(b, sources[0], targets[0]);
	else
		frame_ipv6(b, sources[inner], targets[inner]);
	frame_some_tcp(b);
	frame_timestamps(b, 0x11223344, 0x55667788);
	frame_data(b, 50);
	for (size_t i = 0; backward && i < b->ip_count; i++) {
		size_t count = b->bytes[b->ip_all[i]] >> 4 == 6 ? 16 : 4;
		uint8_t *address = b->bytes + b->ip_all[i] + (count == 16 ? 8 : 12);
		uint8_t other[16];

		memcpy(other, address, count);
		memcpy(address, address + count, count);
		memcpy(address + count, other, count);
	}
	frame_end(b);
}

/* Whether the wrapping is made for what is inside. */
static bool holds(const struct wrapping *wrapping, int inner)
{
	static const int versions[] = {4, 6, 3};

	return wrapping->version == 0 ? inner < 2 : wrapping->version == versions[inner];
}

static void assert_labels(const struct packet *packet, const struct wrapping *wrapping)
{
	for (size_t i = 0; i < PACKET_MAX_LABELS; i++) {
		assert_int_equal(packet->label_kind[i], wrapping->kinds[i]);
		if (wrapping->kinds[i] != TCPM_LABEL_TUNNEL)
			assert_int_equal(packet->label[i], wrapping->labels[i]);
		assert_int_equal(wrapping->kinds[i] != 0, i < packet->label_count);
	}
}

static void test_found(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	for (size_t i = 0; i < WRAPPINGS; i++) {
		for (int inner = 0; inner < 3; inner++) {
			if (!holds(&wrappings[i], inner))
				continue;
			build(&b, &wrappings[i], inner, false);
			enum tcpm_decode decode = decode_whole(frame_whole(&b), &packet);
			if (decode != TCPM_DECODE_TCP)
				fail_msg("%s, inner %d: %d", wrappings[i].name, inner, decode);
			assert_some_tcp(&packet);
			assert_int_equal(packet.length, 50);
			assert_int_equal(packet.version, inner == 0 ? 4 : 6);
			assert_address(packet.source, sources[inner]);
			assert_address(packet.target, targets[inner]);
			assert_true(packet.has_timestamps);
			assert_labels(&packet, &wrappings[i]);
		}
	}
}

static void test_both_directions(void **state)
{
	struct frame_builder b;
	struct packet there, back;
	(void)state;

	for (size_t i = 0; i < WRAPPINGS; i++) {
		for (int inner = 0; inner < 3; inner++) {
			if (!holds(&wrappings[i], inner))
				continue;
			build(&b, &wrappings[i], inner, false);
			assert_int_equal(decode_whole(frame_whole(&b), &there), TCPM_DECODE_TCP);
			build(&b, &wrappings[i], inner, true);
			assert_int_equal(decode_whole(frame_whole(&b), &back), TCPM_DECODE_TCP);
			assert_memory_equal(there.source, back.target, 16);
			assert_memory_equal(there.label, back.label, sizeof(there.label));
			assert_memory_equal(there.label_kind, back.label_kind,
					    sizeof(there.label_kind));
		}
	}
}

/* What a cut frame is: of UDP whose ports are cut off, nobody knows what it was. */
static enum tcpm_decode expected_of_cut(const struct frame_builder *b, size_t captured)
{
	if (captured >= b->tcp_at + 20)
		return TCPM_DECODE_TCP;
	for (size_t i = 0; i < b->length_count; i++) {
		size_t udp = b->lengths[i].from;

		if (b->lengths[i].at == udp + 4 && b->udp_at != 0 && udp >= 34 && captured >= udp &&
		    captured < udp + 8 && b->bytes[udp - 20] >> 4 == 4)
			return TCPM_DECODE_NOT_TCP;
	}
	return TCPM_DECODE_TRUNCATED;
}

static void assert_cut_everywhere(const struct frame_builder *b, const char *name)
{
	struct tcpm_frame frame = frame_whole(b);
	struct packet whole, cut;

	assert_int_equal(decode_whole(frame, &whole), TCPM_DECODE_TCP);
	for (size_t captured = 0; captured <= b->length; captured++) {
		enum tcpm_decode decode = decode_cut(frame, captured, &cut);
		enum tcpm_decode expected = expected_of_cut(b, captured);

		if (decode != expected)
			fail_msg("%s cut at %zu of %zu: %d", name, captured, b->length, decode);
		if (decode == TCPM_DECODE_TCP)
			assert_same_fixed_fields(&cut, &whole);
	}
}

static void test_every_truncation(void **state)
{
	struct frame_builder b;
	(void)state;

	for (size_t i = 0; i < WRAPPINGS; i++) {
		/* A UDP header behind IPv6 is left to the mutations. */
		if (wrappings[i].begin == wrap_nested)
			continue;
		for (int inner = 0; inner < 3; inner++) {
			if (!holds(&wrappings[i], inner))
				continue;
			build(&b, &wrappings[i], inner, false);
			assert_cut_everywhere(&b, wrappings[i].name);
		}
	}
}

static void test_mutated(void **state)
{
	static struct frame_builder originals[WRAPPINGS][2];
	static struct frame_builder b;
	uint32_t random = 20250131;
	unsigned outcomes[TCPM_DECODES] = {0};
	(void)state;

	for (size_t i = 0; i < WRAPPINGS; i++) {
		int first = holds(&wrappings[i], 2) ? 2 : holds(&wrappings[i], 0) ? 0 : 1;

		build(&originals[i][0], &wrappings[i], first, false);
		build(&originals[i][1], &wrappings[i], holds(&wrappings[i], 1) ? 1 : first, true);
	}
	for (unsigned round = 0; round < 300000; round++) {
		const struct frame_builder *original =
			&originals[round % WRAPPINGS][round / WRAPPINGS % 2];

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
	for (unsigned decode = 0; decode < TCPM_DECODES; decode++) {
		if (decode != TCPM_DECODE_TOO_DEEP)
			assert_true(outcomes[decode] > 20);
	}
}

/* Wrappings in wrappings: what stands behind one's outer Ethernet header is put where
 * the IP header of another would be, if that one ends in Ethernet. */
static void test_nested(void **state)
{
	static struct frame_builder inner, outer;
	struct packet packet;
	unsigned found = 0;
	(void)state;

	for (size_t i = 0; i < WRAPPINGS; i++) {
		for (size_t j = 0; j < WRAPPINGS; j++) {
			build(&inner, &wrappings[j], holds(&wrappings[j], 2) ? 2 : 0, false);
			wrappings[i].begin(&outer);
			if (inner.linktype != FRAME_ETHERNET ||
			    outer.next != FRAME_NEXT_ETHERTYPE || outer.length < 14)
				continue;
			frame_set16(&outer, outer.next_at, frame_get16(&inner, 12));
			frame_bytes(&outer, inner.bytes + 14, inner.length - 14);
			frame_end(&outer);
			enum tcpm_decode decode = decode_whole(frame_whole(&outer), &packet);
			if (decode == TCPM_DECODE_TCP) {
				assert_some_tcp(&packet);
				assert_int_equal(packet.length, 50);
				found++;
			}
			assert_true(decode == TCPM_DECODE_TCP || decode == TCPM_DECODE_NOT_IP ||
				    decode == TCPM_DECODE_NOT_TCP);
		}
	}
	assert_true(found > 900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_both_directions),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_mutated),
		cmocka_unit_test(test_nested),
	};
	return cmocka_run_group_tests_name("packet: wrappings", tests, NULL, NULL);
}
