/*
 * Strict numbers: what is taken, what is refused and as what, nothing half-done.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/number.h"

static void test_u64(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t min, max;
		int result;
		uint64_t value;
	} cases[] = {
		{"0", 0, 9, 0, 0},
		{"007", 0, 9, 0, 7},
		{"9", 0, 9, 0, 9},
		{"10", 0, 9, -ERANGE, 0},
		{"3", 4, 9, -ERANGE, 0},
		{"18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX},
		{"18446744073709551616", 0, UINT64_MAX, -ERANGE, 0},
		{"184467440737095516150", 0, UINT64_MAX, -ERANGE, 0},
		{"99999999999999999999x", 0, UINT64_MAX, -EINVAL, 0},
		{"", 0, 9, -EINVAL, 0},
		{"-1", 0, UINT64_MAX, -EINVAL, 0},
		{"+1", 0, 9, -EINVAL, 0},
		{" 1", 0, 9, -EINVAL, 0},
		{"1 ", 0, 9, -EINVAL, 0},
		{"1\n", 0, 9, -EINVAL, 0},
		{"0x1", 0, 9, -EINVAL, 0},
		{"1.0", 0, 9, -EINVAL, 0},
		{"1k", 0, 9, -EINVAL, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 4711;

		assert_int_equal(parse_u64(cases[i].text, cases[i].min, cases[i].max, &value),
				 cases[i].result);
		assert_int_equal(value, cases[i].result ? 4711 : cases[i].value);
	}
}

static void test_duration(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int result;
		int64_t value;
	} cases[] = {
		{"0s", 0, 0},
		{"7ns", 0, 7},
		{"7us", 0, 7000},
		{"500ms", 0, 500000000},
		{"2s", 0, 2000000000},
		{"1m", 0, 60000000000},
		{"24h", 0, 86400000000000},
		{"25h", -ERANGE, 0},
		{"9223372037s", -ERANGE, 0},
		{"18446744073709551616ns", -ERANGE, 0},
		{"18446744073709551616", -EINVAL, 0},
		{"5", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"5 s", -EINVAL, 0},
		{"5s ", -EINVAL, 0},
		{"5S", -EINVAL, 0},
		{"-5s", -EINVAL, 0},
		{"1.5s", -EINVAL, 0},
		{"1m30s", -EINVAL, 0},
		{"", -EINVAL, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t value = -3;

		assert_int_equal(parse_duration(cases[i].text, 0, 86400000000000, &value),
				 cases[i].result);
		assert_int_equal(value, cases[i].result ? -3 : cases[i].value);
	}
}

static void test_size(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int result;
		uint64_t value;
	} cases[] = {
		{"16M", 0, UINT64_C(16) << 20},
		{"016MB", 0, UINT64_C(16) << 20},
		{"16MiB", 0, UINT64_C(16) << 20},
		{"16384K", 0, UINT64_C(16) << 20},
		{"16385KiB", 0, (UINT64_C(16) << 20) + 1024},
		{"3G", 0, UINT64_C(3) << 30},
		{"3GB", 0, UINT64_C(3) << 30},
		{"1T", 0, UINT64_C(1) << 40},
		{"1TiB", 0, UINT64_C(1) << 40},
		{"16383K", -ERANGE, 0},
		{"15M", -ERANGE, 0},
		{"0M", -ERANGE, 0},
		{"2T", -ERANGE, 0},
		{"1025G", -ERANGE, 0},
		{"16777216T", -ERANGE, 0}, /* 2^64 */
		{"16777217T", -ERANGE, 0}, /* beyond, it would be 1T */
		{"18446744073709551616K", -ERANGE, 0},
		{"18446744073709551616", -EINVAL, 0},
		{"16777216", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"M", -EINVAL, 0},
		{"16B", -EINVAL, 0},
		{"16m", -EINVAL, 0},
		{"16mb", -EINVAL, 0},
		{"16MI", -EINVAL, 0},
		{"16Mi", -EINVAL, 0},
		{"16MBs", -EINVAL, 0},
		{"16MM", -EINVAL, 0},
		{"16P", -EINVAL, 0},
		{"16 M", -EINVAL, 0},
		{" 16M", -EINVAL, 0},
		{"16M ", -EINVAL, 0},
		{"-16M", -EINVAL, 0},
		{"+16M", -EINVAL, 0},
		{"0x10M", -EINVAL, 0},
		{"1.5G", -EINVAL, 0},
		{"1G512M", -EINVAL, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 4711;

		assert_int_equal(
			parse_size(cases[i].text, UINT64_C(16) << 20, UINT64_C(1) << 40, &value),
			cases[i].result);
		assert_int_equal(value, cases[i].result ? 4711 : cases[i].value);
	}
	uint64_t value = 4711;

	assert_int_equal(parse_size("16777215T", 0, UINT64_MAX, &value), 0);
	assert_int_equal(value, UINT64_C(16777215) << 40);
	assert_int_equal(parse_size("0K", 0, UINT64_MAX, &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(parse_size("16777216T", 0, UINT64_MAX, &value), -ERANGE);
	assert_int_equal(value, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
