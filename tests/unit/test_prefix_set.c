/*
 * Sets of networks: what is a prefix and what is not, and random sets against a model that
 * looks at each prefix bit by bit.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/address.h"
#include "base/prefix_set.h"

/* A prefix from text that is one. */
static struct prefix prefix(const char *text)
{
	struct prefix parsed;

	if (prefix_parse(text, &parsed) != 0)
		fail_msg("\"%s\" is refused", text);
	return parsed;
}

static struct tcpm_address address(const char *text)
{
	return prefix(text).address;
}

static bool contains(const struct prefix_set *prefixes, const char *text)
{
	const struct tcpm_address sought = address(text);

	return prefix_set_contains(prefixes, &sought);
}

static void parsed_and_masked(void **state)
{
	static const struct {
		const char *text;
		unsigned bits;
		unsigned version;
		const char *network;
	} cases[] = {
		{"10.0.0.0/8", 8, 4, "10.0.0.0"},
		{"10.255.255.255/8", 8, 4, "10.0.0.0"},
		{"192.0.2.129/25", 25, 4, "192.0.2.128"},
		{"192.0.2.1", 32, 4, "192.0.2.1"},
		{"192.0.2.1/32", 32, 4, "192.0.2.1"},
		{"255.255.255.255/31", 31, 4, "255.255.255.254"},
		{"255.255.255.255/0", 0, 4, "0.0.0.0"},
		{"192.0.2.1/024", 24, 4, "192.0.2.0"},
		{"2001:db8::/32", 32, 6, "2001:db8::"},
		{"2001:db8:ffff::1/33", 33, 6, "2001:db8:8000::"},
		{"::1", 128, 6, "::1"},
		{"::1/127", 127, 6, "::"},
		{"ff::ff/0", 0, 6, "::"},
		{"2001:DB8::A", 128, 6, "2001:db8::a"},
		{"::ffff:192.0.2.1", 128, 6, "::ffff:192.0.2.1"},
		{"::ffff:192.0.2.1/120", 120, 6, "::ffff:192.0.2.0"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", 128, 6,
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct prefix parsed = prefix(cases[i].text);
		char text[ADDRESS_TEXT_MAX];

		assert_int_equal(parsed.bits, cases[i].bits);
		assert_int_equal(parsed.address.version, cases[i].version);
		address_format(&parsed.address, text);
		assert_string_equal(text, cases[i].network);
	}
}

static void bad_texts_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"/",
		"/8",
		"10",
		"10/8",
		"10.0.0",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/+8",
		"10.0.0.0/ 8",
		"10.0.0.0/8 ",
		"10.0.0.0/8/8",
		"10.0.0.0//8",
		"10.0.0.0/255.0.0.0",
		"10.0.0.0/18446744073709551624", /* 2^64 + 8 */
		"10.0.0.256",
		"10.0.0.1x",
		" 10.0.0.1",
		"10.0.0.1 ",
		"010.0.0.0.1/8",
		"0x0a000001",
		"2001:db8::/129",
		"2001:db8::/256",
		"2001:db8::1::2",
		"2001:db8",
		":::",
		"1:2:3:4:5:6:7:8:9",
		"fe80::1%eth0",
		"[::1]",
		"::ffff:192.0.2.1/129",
		"::ffff:300.0.2.1",
		"example.org",
		"fffff::",
		/* As long as the longest address, and longer. */
		"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555",
		"00000000000000000000000000000000000000000000000000000000000000000000000000000",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct prefix parsed;
		struct prefix before;

		memset(&parsed, 0x5a, sizeof(parsed));
		before = parsed;
		if (prefix_parse(bad[i], &parsed) != -EINVAL)
			fail_msg("\"%s\" is taken for a prefix", bad[i]);
		assert_memory_equal(&parsed, &before, sizeof(parsed));
	}
}

static void nothing_is_in_the_empty_set(void **state)
{
	struct prefix_set zero = {0};
	struct prefix_set made;
	const struct tcpm_address none = {0};

	(void)state;
	memset(&made, 0x5a, sizeof(made));
	assert_int_equal(prefix_set_init(&made, NULL, 0), 0);
	assert_int_equal(made.count, 0);
	assert_true(prefix_set_equal(&zero, &made));
	assert_false(contains(&zero, "0.0.0.0"));
	assert_false(contains(&made, "0.0.0.0"));
	assert_false(contains(&made, "::"));
	assert_false(prefix_set_contains(&made, &none));
	prefix_set_done(&made);
	prefix_set_done(&zero);
	prefix_set_done(&zero);
}

static void each_version_is_for_itself(void **state)
{
	const struct prefix all[] = {prefix("0.0.0.0/0"), prefix("::ffff:10.0.0.0/104")};
	const struct tcpm_address none = {0};
	struct prefix_set prefixes;

	(void)state;
	assert_int_equal(prefix_set_init(&prefixes, all, 2), 0);
	assert_true(contains(&prefixes, "0.0.0.0"));
	assert_true(contains(&prefixes, "255.255.255.255"));
	assert_false(contains(&prefixes, "::"));
	assert_false(contains(&prefixes, "2001:db8::1"));
	assert_true(contains(&prefixes, "::ffff:10.1.2.3"));
	assert_false(contains(&prefixes, "::ffff:11.1.2.3"));
	assert_false(contains(&prefixes, "::10.1.2.3"));
	assert_false(prefix_set_contains(&prefixes, &none));
	prefix_set_done(&prefixes);
	/* A mapped network holds no IPv4 address. */
	assert_int_equal(prefix_set_init(&prefixes, all + 1, 1), 0);
	assert_false(contains(&prefixes, "10.1.2.3"));
	prefix_set_done(&prefixes);
	assert_false(contains(&prefixes, "::ffff:10.1.2.3"));
}

static void order_and_duplicates_do_not_matter(void **state)
{
	const struct prefix one[] = {prefix("10.0.0.0/8"), prefix("::1"), prefix("10.0.0.0/9")};
	const struct prefix two[] = {
		prefix("::1/128"), prefix("10.1.0.0/9"),  prefix("::1"),
		prefix("::1"),     prefix("10.2.3.4/8"),  prefix("10.0.0.0/8"),
		prefix("::1"),     prefix("10.99.0.0/9"), prefix("10.0.0.0/9")};
	const struct prefix more[] = {prefix("10.0.0.0/8"), prefix("::1"), prefix("10.0.0.0/10")};
	struct prefix_set a, b, c, d;

	(void)state;
	assert_int_equal(prefix_set_init(&a, one, 3), 0);
	assert_int_equal(prefix_set_init(&b, two, 9), 0);
	assert_int_equal(prefix_set_init(&c, more, 3), 0);
	assert_int_equal(prefix_set_init(&d, one, 2), 0);
	assert_int_equal(a.count, 3);
	assert_int_equal(b.count, 3);
	assert_true(prefix_set_equal(&a, &b));
	assert_true(prefix_set_equal(&b, &a));
	assert_false(prefix_set_equal(&a, &c));
	assert_false(prefix_set_equal(&a, &d));
	assert_false(prefix_set_equal(&d, &a));
	prefix_set_done(&a);
	prefix_set_done(&b);
	prefix_set_done(&c);
	prefix_set_done(&d);
}

/* xorshift64*, so that each run sees the same values. */
static uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

static bool bit(const struct tcpm_address *address, unsigned at)
{
	return address->bytes[at / 8] >> (7 - at % 8) & 1;
}

static bool model_prefix_contains(const struct prefix *prefix, const struct tcpm_address *sought)
{
	if (prefix->address.version != sought->version)
		return false;
	for (unsigned i = 0; i < prefix->bits; i++)
		if (bit(&prefix->address, i) != bit(sought, i))
			return false;
	return true;
}

static bool model_contains(const struct prefix *all, size_t count,
			   const struct tcpm_address *sought)
{
	for (size_t i = 0; i < count; i++)
		if (model_prefix_contains(&all[i], sought))
			return true;
	return false;
}

/* IPv4, IPv6 or mapped; bytes of few values, so that prefixes and addresses meet. */
static struct tcpm_address random_address(uint64_t *seed)
{
	static const uint8_t values[] = {0x00, 0xff, 0x80, 0x01};
	struct tcpm_address made = {.version = random_next(seed) % 2 ? 4 : 6};
	unsigned length = made.version == 4 ? 4 : 16;

	for (unsigned i = 0; i < length; i++)
		made.bytes[i] = random_next(seed) % 4 ? 0 : values[random_next(seed) % 4];
	if (made.version == 6 && random_next(seed) % 3 == 0) {
		memset(made.bytes, 0, 10);
		memset(made.bytes + 10, 0xff, 2);
	}
	return made;
}

/* Few lengths or many; what is beyond them is cleared bit by bit. */
static struct prefix random_prefix(uint64_t *seed, unsigned lengths)
{
	struct prefix made = {.address = random_address(seed)};
	unsigned width = made.address.version == 4 ? 32 : 128;
	/* Mostly long ones: a short one would hold everything. */
	unsigned bits = width - (unsigned)(random_next(seed) % lengths) * width / lengths;

	made.bits = (uint8_t)(random_next(seed) % 50 ? bits : random_next(seed) % (width + 1));
	for (unsigned i = made.bits; i < width; i++)
		made.address.bytes[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
	return made;
}

/* Now and then the neighbours of a prefix, just inside and just outside of it. */
static struct tcpm_address random_question(uint64_t *seed, const struct prefix *all, size_t count)
{
	struct tcpm_address made = random_address(seed);
	unsigned width;

	if (!count || random_next(seed) % 2)
		return made;
	made = all[random_next(seed) % count].address;
	width = made.version == 4 ? 32 : 128;
	for (unsigned flips = (unsigned)(random_next(seed) % 3); flips; flips--) {
		unsigned at = (unsigned)(random_next(seed) % width);

		made.bytes[at / 8] ^= (uint8_t)(0x80u >> at % 8);
	}
	return made;
}

static void sets_same_as_model(void **state)
{
	enum { MOST = 300 };
	uint64_t seed = 11;
	unsigned inside = 0, outside = 0;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct prefix all[MOST];
		size_t count = (size_t)(random_next(&seed) % (round % 2 ? 6 : MOST));
		unsigned lengths = 1 + (unsigned)(random_next(&seed) % 16);
		struct prefix_set prefixes;

		for (size_t i = 0; i < count; i++)
			all[i] = random_prefix(&seed, lengths);
		assert_int_equal(prefix_set_init(&prefixes, all, count), 0);
		assert_true(prefixes.count <= count);
		for (int i = 0; i < 500; i++) {
			struct tcpm_address sought = random_question(&seed, all, count);
			bool expected = model_contains(all, count, &sought);

			assert_int_equal(prefix_set_contains(&prefixes, &sought), expected);
			inside += expected;
			outside += !expected;
		}
		prefix_set_done(&prefixes);
	}
	/* Both answers are tested. */
	assert_true(inside > 20000);
	assert_true(outside > 20000);
}

/* Any prefix as text, with bits beyond it set at random, is that prefix. */
static void texts_of_random_prefixes(void **state)
{
	uint64_t seed = 5;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct prefix expected = random_prefix(&seed, 16);
		struct prefix written = expected;
		unsigned width = expected.address.version == 4 ? 32 : 128;
		char text[ADDRESS_TEXT_MAX + 4];

		for (unsigned j = expected.bits; j < width; j++)
			if (random_next(&seed) % 2)
				written.address.bytes[j / 8] |= (uint8_t)(0x80u >> j % 8);
		size_t length = address_format(&written.address, text);

		snprintf(text + length, sizeof(text) - length, "/%u", expected.bits);
		struct prefix parsed = prefix(text);

		assert_memory_equal(&parsed, &expected, sizeof(parsed));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parsed_and_masked),
		cmocka_unit_test(bad_texts_are_refused),
		cmocka_unit_test(nothing_is_in_the_empty_set),
		cmocka_unit_test(each_version_is_for_itself),
		cmocka_unit_test(order_and_duplicates_do_not_matter),
		cmocka_unit_test(sets_same_as_model),
		cmocka_unit_test(texts_of_random_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
