/*
 * Quantities for people, to the letter, around each step and each rounding.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/units.h"

static void assert_content(struct text *text, const char *expected)
{
	text_char(text, '\0');
	assert_string_equal(text->bytes, expected);
	text_clear(text);
}

static void test_durations(void **state)
{
	(void)state;
	static const struct {
		int64_t ns;
		const char *expected;
	} cases[] = {
		{0, "0 us"},
		{1, "0.001 us"},
		{99, "0.099 us"},
		{100, "0.1 us"},
		{800, "0.8 us"},
		{849, "0.8 us"},
		{850, "0.9 us"},
		{949, "0.9 us"},
		{950, "1.00 us"},
		{1000, "1.00 us"},
		{1004, "1.00 us"},
		{1005, "1.01 us"},
		{9994, "9.99 us"},
		{9995, "10.0 us"},
		{42100, "42.1 us"},
		{99949, "99.9 us"},
		{99950, "100 us"},
		{999499, "999 us"},
		{999500, "1.00 ms"},
		{1234567, "1.23 ms"},
		{980000000, "980 ms"},
		{999500000, "1.00 s"},
		{12400000000, "12.4 s"},
		{999499999999, "999 s"},
		{1800000000000, "1800 s"},
		{INT64_MAX, "9223372037 s"},
	};
	struct text text = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		units_duration(&text, cases[i].ns);
		assert_content(&text, cases[i].expected);
	}
	text_done(&text);
}

static void test_bytes(void **state)
{
	(void)state;
	static const struct {
		uint64_t bytes;
		const char *expected;
	} cases[] = {
		{0, "0 bytes"},        {1, "1 byte"},           {999, "999 bytes"},
		{1000, "1.00 kB"},     {999499, "999 kB"},      {999500, "1.00 MB"},
		{23400000, "23.4 MB"}, {5000000000, "5.00 GB"}, {UINT64_MAX, "18447 PB"},
	};
	struct text text = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		units_bytes(&text, cases[i].bytes);
		assert_content(&text, cases[i].expected);
	}
	text_done(&text);
}

static void test_percentages(void **state)
{
	(void)state;
	static const struct {
		uint64_t part, whole;
		const char *expected;
	} cases[] = {
		{0, 7, "0%"},
		{7, 7, "100%"},
		{1, 100000, "<0.01%"},
		{1, 20000, "0.01%"},
		{12, 10000, "0.12%"},
		{1, 3, "33.33%"},
		{2, 3, "66.67%"},
		{9999, 10000, "99.99%"},
		{99999, 100000, ">99.99%"},
		{UINT64_MAX - 1, UINT64_MAX, ">99.99%"},
		{UINT64_MAX / 2, UINT64_MAX, "50.00%"},
		{3, 2, "150.00%"},
	};
	struct text text = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		units_percent(&text, cases[i].part, cases[i].whole);
		assert_content(&text, cases[i].expected);
	}
	text_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_percentages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
