/*
 * Addresses: text against inet_ntop(3), which knows RFC 5952; order; prefixes.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/address.h"

static struct tcpm_address parse(const char *text)
{
	struct tcpm_address address = {.version = strchr(text, ':') ? 6 : 4};

	assert_int_equal(inet_pton(address.version == 6 ? AF_INET6 : AF_INET, text, address.bytes),
			 1);
	return address;
}

static void assert_text(const struct tcpm_address *address, const char *expected)
{
	char text[ADDRESS_TEXT_MAX];

	memset(text, 'x', sizeof(text));
	assert_int_equal(address_format(address, text), strlen(expected));
	assert_string_equal(text, expected);
}

static void test_text(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"0.0.0.0",
		"255.255.255.255",
		"10.0.100.9",
		"::",
		"::1",
		"1::",
		"2001:db8::1",
		"2001:db8:0:1:1:1:1:1",
		"2001:0:0:1::1",
		"2001:db8::1:0:0:1",
		"fe80::a:b:c:d",
		"0:0:1::",
		"::ffff:192.0.2.1",
		"::192.0.2.1",
		"64:ff9b::c000:201",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct tcpm_address address = parse(texts[i]);

		assert_text(&address, texts[i]);
	}
	assert_text(&(struct tcpm_address){0}, "");
	assert_text(&(struct tcpm_address){.version = 5}, "?");
}

/* Each of the 256 patterns of zero groups, with short and long groups between. */
static void test_text_like_inet_ntop(void **state)
{
	(void)state;
	static const uint16_t values[] = {1, 0x10, 0xabc, 0xffff};

	for (unsigned pattern = 0; pattern < 256; pattern++) {
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			struct tcpm_address address = {.version = 6};
			char expected[INET6_ADDRSTRLEN];

			for (unsigned i = 0; i < 8; i++) {
				if (!(pattern >> i & 1))
					continue;
				address.bytes[2 * i] = (uint8_t)(values[v] >> 8);
				address.bytes[2 * i + 1] = (uint8_t)values[v];
			}
			assert_non_null(
				inet_ntop(AF_INET6, address.bytes, expected, sizeof(expected)));
			assert_text(&address, expected);
		}
	}
}

static void test_order(void **state)
{
	(void)state;
	static const char *const ascending[] = {"1.2.3.4", "1.2.4.3", "200.0.0.0",
						"::",      "::1",     "ff00::"};
	struct tcpm_address none = {0};
	struct tcpm_address first = parse(ascending[0]);

	assert_true(address_compare(&none, &first) < 0);
	for (size_t i = 0; i < 6; i++) {
		for (size_t j = 0; j < 6; j++) {
			struct tcpm_address a = parse(ascending[i]);
			struct tcpm_address b = parse(ascending[j]);
			int order = address_compare(&a, &b);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
			assert_int_equal(address_equal(&a, &b), i == j);
		}
	}
}

static void assert_masked(const char *text, unsigned prefix, const char *expected)
{
	struct tcpm_address address = parse(text);

	address_mask(&address, prefix);
	assert_text(&address, expected);
}

static void test_mask(void **state)
{
	(void)state;
	assert_masked("10.11.12.255", 24, "10.11.12.0");
	assert_masked("10.11.12.255", 25, "10.11.12.128");
	assert_masked("10.11.12.255", 31, "10.11.12.254");
	assert_masked("10.11.12.255", 32, "10.11.12.255");
	assert_masked("10.11.12.255", 128, "10.11.12.255");
	assert_masked("10.11.12.255", 200, "10.11.12.255");
	assert_masked("255.11.12.255", 1, "128.0.0.0");
	assert_masked("10.11.12.255", 0, "0.0.0.0");
	assert_masked("2001:db8:ffff:ffff::1", 48, "2001:db8:ffff::");
	assert_masked("2001:db8:ffff:ffff::1", 49, "2001:db8:ffff:8000::");
	assert_masked("2001:db8:ffff:ffff::3", 127, "2001:db8:ffff:ffff::2");
	assert_masked("2001:db8:ffff:ffff::3", 128, "2001:db8:ffff:ffff::3");
	assert_masked("2001:db8:ffff:ffff::3", 0, "::");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_like_inet_ntop),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_mask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
