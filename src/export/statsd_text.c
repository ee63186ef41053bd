/*
 * Words are cleaned character by character; numbers are made without printf, whose decimal
 * point is the locale's.
 */
#include "export/statsd_text.h"

#include <stdbool.h>
#include <string.h>

#include "export/statsd.h"

/* The length of the character (RFC 3629 section 3) that a NUL-terminated string starts
 * with, and its code point; 0: it starts with none. */
static size_t character(const char *string, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *bytes = (const unsigned char *)string;
	size_t length = 1;

	if (bytes[0] >= 0xf0 && bytes[0] < 0xf8)
		length = 4;
	else if (bytes[0] >= 0xe0)
		length = 3;
	else if (bytes[0] >= 0xc0)
		length = 2;
	if (bytes[0] >= 0xf8 || (bytes[0] >= 0x80 && length == 1))
		return 0;
	*code = length == 1 ? bytes[0] : bytes[0] & (0x7fU >> length);
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (bytes[i] & 0x3fU);
	}
	if (*code < least[length] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return length;
}

static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/* Appends a word; of what may stand there but once, such as a tag's ':', the first stays. */
static void clean(struct text *text, const char *string, const char *never, const char *once)
{
	bool seen = false;

	while (*string) {
		uint32_t code = 0;
		size_t length = character(string, &code);
		bool again = length == 1 && strchr(once, *string);

		if (length == 0 || is_control(code) || (length == 1 && strchr(never, *string)) ||
		    (again && seen))
			text_char(text, '_');
		else
			text_bytes(text, string, length);
		seen |= again;
		string += length ? length : 1;
	}
}

void statsd_clean(struct text *text, const char *string)
{
	clean(text, string, "|,#", ":");
}

void statsd_clean_name(struct text *text, const char *string)
{
	clean(text, string, "|,#:@", "");
}

void statsd_clean_from(struct text *text, size_t start)
{
	for (size_t i = start; i < text->used; i++)
		if (strchr("|,#", text->bytes[i]))
			text->bytes[i] = '_';
}

/* Appends a fraction of so many digits without the zeros at its end; nothing if it is 0. */
static void append_fraction(struct text *text, uint64_t fraction, unsigned digits)
{
	if (fraction == 0)
		return;
	while (fraction % 10 == 0) {
		fraction /= 10;
		digits--;
	}
	text_char(text, '.');
	text_u64_zeros(text, fraction, digits);
}

void statsd_ms(struct text *text, int64_t time_ns)
{
	text_u64(text, (uint64_t)time_ns / 1000000);
	append_fraction(text, (uint64_t)time_ns % 1000000, 6);
}

/* With 13 digits, 1/rate is off by at most times^2 / 10^13: 0.1. */
#define RATE_DIGITS 13
#define RATE_ONE    UINT64_C(10000000000000)

void statsd_rate(struct text *text, uint64_t times)
{
	double inverse = 1.0 / (double)times;
	bool exact = RATE_ONE % times == 0 && 1.0 / inverse >= (double)times;

	text_char(text, '0');
	append_fraction(text, exact ? RATE_ONE / times : (RATE_ONE - 1) / times, RATE_DIGITS);
}
