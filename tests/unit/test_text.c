/*
 * The output buffer: each kind of field to the letter, and errors that stay.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"

/* Compares the content with a string and clears it. */
static void assert_content(struct text *text, const char *expected)
{
	text_char(text, '\0');
	assert_int_equal(text->error, 0);
	assert_string_equal(text->bytes, expected);
	text_clear(text);
}

static void test_numbers(void **state)
{
	(void)state;
	static const uint64_t values[] = {0,    1,     9,          10,         99,        100,
					  101,  999,   1000,       9999,       12345,     1000000,
					  5000, 10000, 4294967295, 4294967296, UINT64_MAX};
	struct text text = {0};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char expected[32];

		snprintf(expected, sizeof(expected), "%llu", (unsigned long long)values[i]);
		text_u64(&text, values[i]);
		assert_content(&text, expected);
	}
	text_i64(&text, INT64_MIN);
	text_char(&text, ' ');
	text_i64(&text, -1);
	text_char(&text, ' ');
	text_i64(&text, INT64_MAX);
	assert_content(&text, "-9223372036854775808 -1 9223372036854775807");
	text_u64_zeros(&text, 7, 3);
	text_u64_zeros(&text, 1234, 3);
	text_u64_zeros(&text, 0, 1);
	text_u64_zeros(&text, 5, 20);
	assert_content(&text, "0071234000000000000000000005");
	text_u64_grouped(&text, 0);
	text_char(&text, ' ');
	text_u64_grouped(&text, 999);
	text_char(&text, ' ');
	text_u64_grouped(&text, 1000);
	text_char(&text, ' ');
	text_u64_grouped(&text, 12345678);
	text_char(&text, ' ');
	text_u64_grouped(&text, UINT64_MAX);
	assert_content(&text, "0 999 1,000 12,345,678 18,446,744,073,709,551,615");
	text_done(&text);
}

static void test_seconds(void **state)
{
	(void)state;
	static const struct {
		int64_t time_ns;
		const char *expected;
	} cases[] = {
		{0, "0.000000000"},
		{1, "0.000000001"},
		{-1, "-0.000000001"},
		{-500000000, "-0.500000000"},
		{-1000000000, "-1.000000000"},
		{-1000000001, "-1.000000001"},
		{1700000000123456789, "1700000000.123456789"},
		{INT64_MAX, "9223372036.854775807"},
		{INT64_MIN, "-9223372036.854775808"},
	};
	struct text text = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_seconds(&text, cases[i].time_ns);
		assert_content(&text, cases[i].expected);
	}
	text_done(&text);
}

static void test_endpoints(void **state)
{
	(void)state;
	const struct tcpm_address v4 = {.version = 4, .bytes = {192, 0, 2, 1}};
	const struct tcpm_address v6 = {.version = 6, .bytes = {0x20, 1, 0xd, 0xb8, [15] = 1}};
	const struct tcpm_address none = {0};
	struct text text = {0};

	text_address(&text, &v4);
	text_char(&text, ' ');
	text_endpoint(&text, &v4, 443);
	text_char(&text, ' ');
	text_address(&text, &v6);
	text_char(&text, ' ');
	text_endpoint(&text, &v6, 65535);
	text_address(&text, &none);
	assert_content(&text, "192.0.2.1 192.0.2.1:443 2001:db8::1 [2001:db8::1]:65535");
	text_done(&text);
}

static void test_quoting(void **state)
{
	(void)state;
	static const struct {
		const char *string, *csv, *json, *printable;
	} cases[] = {
		{"", "", "\"\"", ""},
		{"eth0", "eth0", "\"eth0\"", "eth0"},
		{"a b", "a b", "\"a b\"", "a b"},
		{"a,b", "\"a,b\"", "\"a,b\"", "a,b"},
		{"say \"hi\"", "\"say \"\"hi\"\"\"", "\"say \\\"hi\\\"\"", "say \"hi\""},
		{"a\\b", "a\\b", "\"a\\\\b\"", "a\\b"},
		{"a\r\nb\033[1m\x7f", "a??b?[1m?", "\"a\\u000d\\u000ab\\u001b[1m\\u007f\"",
		 "a??b?[1m?"},
		{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
		 "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", "?????????"},
		/* Not UTF-8: a lone continuation, an overlong form, a surrogate, beyond
		 * U+10FFFF, cut short. */
		{"\x80", "\x80", "\"\\ufffd\"", "?"},
		{"\xc0\xaf", "\xc0\xaf", "\"\\ufffd\\ufffd\"", "??"},
		{"\xe0\x9f\xbf", "\xe0\x9f\xbf", "\"\\ufffd\\ufffd\\ufffd\"", "???"},
		{"\xed\xa0\x80", "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"", "???"},
		{"\xf4\x90\x80\x80", "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"",
		 "????"},
		{"a\xe2\x82", "a\xe2\x82", "\"a\\ufffd\\ufffd\"", "a??"},
	};
	struct text text = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_csv(&text, cases[i].string);
		assert_content(&text, cases[i].csv);
		text_json(&text, cases[i].string);
		assert_content(&text, cases[i].json);
		text_printable(&text, cases[i].string);
		assert_content(&text, cases[i].printable);
	}
	text_done(&text);
}

static void test_align(void **state)
{
	(void)state;
	struct text text = {0};
	size_t start;

	text_string(&text, "|");
	start = text.used;
	text_string(&text, "ab");
	text_align(&text, start, 5, true);
	text_string(&text, "|");
	start = text.used;
	text_string(&text, "ab");
	text_align(&text, start, 5, false);
	text_string(&text, "|");
	start = text.used;
	text_string(&text, "abcdef");
	text_align(&text, start, 5, true);
	start = text.used;
	text_align(&text, start, 2, true);
	assert_content(&text, "|   ab|ab   |abcdef  ");
	text_done(&text);
}

static void test_growth(void **state)
{
	(void)state;
	struct text text = {0};

	for (unsigned i = 0; i < 100000; i++)
		text_u64(&text, i % 10);
	text_repeat(&text, 'x', 70000);
	assert_int_equal(text.used, 170000);
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(text.bytes[i], '0' + i % 10);
	assert_int_equal(text.bytes[169999], 'x');
	text_done(&text);
	assert_int_equal(text.used, 0);
}

static void test_no_memory_is_kept(void **state)
{
	(void)state;
	struct text text = {0};

	text_string(&text, "a");
	assert_null(text_reserve(&text, SIZE_MAX));
	assert_int_equal(text.error, -ENOMEM);
	text_string(&text, "b");
	text_align(&text, 0, 10, true);
	assert_int_equal(text.used, 1);
	assert_int_equal(text_flush(&text, -1), -ENOMEM);
	text_done(&text);
}

static void test_flush(void **state)
{
	(void)state;
	int fds[2];
	char read_back[16] = "";
	struct text text = {0};

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(text_flush(&text, fds[1]), 0);
	text_string(&text, "one ");
	assert_int_equal(text_flush(&text, fds[1]), 0);
	text_string(&text, "two");
	assert_int_equal(text_flush(&text, fds[1]), 0);
	assert_int_equal(read(fds[0], read_back, sizeof(read_back)), 7);
	assert_string_equal(read_back, "one two");

	/* The reader goes away. */
	close(fds[0]);
	text_string(&text, "three");
	assert_int_equal(text_flush(&text, fds[1]), -EPIPE);
	assert_int_equal(text.used, 0);
	text_string(&text, "four");
	assert_int_equal(text_flush(&text, fds[1]), -EPIPE);
	close(fds[1]);
	text_done(&text);
}

/* A full non-blocking pipe is waited for: the child empties it. */
static void test_flush_waits(void **state)
{
	(void)state;
	enum { SIZE = 1 << 20 };
	int fds[2];
	struct text text = {0};

	assert_int_equal(pipe(fds), 0);
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		static char buffer[4096];
		size_t all = 0;
		ssize_t count;

		close(fds[1]);
		while ((count = read(fds[0], buffer, sizeof(buffer))) > 0)
			all += (size_t)count;
		_exit(all == SIZE ? 0 : 1);
	}
	close(fds[0]);
	assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	text_repeat(&text, 'x', SIZE);
	assert_int_equal(text_flush(&text, fds[1]), 0);
	close(fds[1]);

	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	text_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_quoting),
		cmocka_unit_test(test_align),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_no_memory_is_kept),
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_flush_waits),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
