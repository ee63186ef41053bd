/*
 * Strings from outside (interface names, host names) made safe for where they go.
 * Names are short and rare, so this goes byte by byte.
 */
#include "base/text.h"

#include <string.h>

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

void text_printable(struct text *text, const char *string)
{
	for (; *string; string++) {
		unsigned char c = (unsigned char)*string;

		text_char(text, is_control(c) || c > 0x7f ? '?' : *string);
	}
}

void text_csv(struct text *text, const char *string)
{
	bool quoted = strpbrk(string, ",\"") != NULL;

	if (quoted)
		text_char(text, '"');
	for (; *string; string++) {
		if (*string == '"')
			text_char(text, '"');
		text_char(text, is_control((unsigned char)*string) ? '?' : *string);
	}
	if (quoted)
		text_char(text, '"');
}

/* The length of the UTF-8 sequence (RFC 3629 section 4) that the NUL-terminated
 * string starts with; 0 if it starts with none. */
static size_t utf8_length(const unsigned char *s)
{
	unsigned char low = 0x80;
	unsigned char high = 0xbf;
	size_t length;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		length = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		length = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		length = 4;
	else
		return 0;

	/* Overlong forms, surrogates and what lies beyond U+10FFFF. */
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;

	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return length;
}

static void json_escape(struct text *text, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	if (c == '"' || c == '\\') {
		text_char(text, '\\');
		text_char(text, (char)c);
		return;
	}
	text_string(text, "\\u00");
	text_char(text, digits[c >> 4]);
	text_char(text, digits[c & 15]);
}

void text_json(struct text *text, const char *string)
{
	const unsigned char *at = (const unsigned char *)string;

	text_char(text, '"');
	while (*at) {
		size_t length = utf8_length(at);

		if (length == 0) {
			text_string(text, "\\ufffd");
			at++;
			continue;
		}
		if (is_control(*at) || *at == '"' || *at == '\\')
			json_escape(text, *at);
		else
			text_bytes(text, at, length);
		at += length;
	}
	text_char(text, '"');
}
