/*
 * A growing buffer of output text, without printf.
 *
 * Appending cannot fail in the caller's sight: the first error (no memory, a
 * failed write) is kept in text->error, everything after it is dropped, and the
 * caller looks once, at the end or when it flushes. So a line of output reads as
 * a list of its fields.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpmetro.h"

struct text {
	char *bytes; /* used of size are filled; not NUL-terminated */
	size_t used;
	size_t size;
	int error; /* 0, or the first error, a negative errno; it stays */
};

/* Makes an empty text, which owns no memory yet. All zero bytes are one, too. */
void text_init(struct text *text);

/* Frees the memory. An initialised text stays behind. */
void text_done(struct text *text);

/* Forgets the content, keeps the memory and the error. */
void text_clear(struct text *text);

/*
 * Writes the whole content to a file descriptor and clears it; waits where the
 * descriptor is not ready. Returns text->error: 0, or the first error there ever
 * was (-ENOMEM, -EPIPE, -ENOSPC, ...), after which nothing is written any more.
 * SIGPIPE must be ignored or blocked for EPIPE to be seen.
 */
int text_flush(struct text *text, int fd);

/* Keeps an error of somebody else (a negative errno; 0: none) as if it were the text's
 * own, unless there is one already. */
void text_fail(struct text *text, int error);

/* The rare part of text_reserve: an error there was, or the buffer must grow. */
char *text_reserve_slowly(struct text *text, size_t count);

/* Makes room for count more bytes and returns where they go; NULL on error. The
 * caller adds what it wrote to text->used. */
static inline char *text_reserve(struct text *text, size_t count)
{
	if (count < text->size - text->used && !text->error)
		return text->bytes + text->used;
	return text_reserve_slowly(text, count);
}

static inline void text_char(struct text *text, char c)
{
	char *at = text_reserve(text, 1);

	if (!at)
		return;
	*at = c;
	text->used++;
}

void text_bytes(struct text *text, const void *bytes, size_t count);
void text_string(struct text *text, const char *string);

/* Appends count times c. */
void text_repeat(struct text *text, char c, size_t count);

/* A decimal number. */
void text_u64(struct text *text, uint64_t value);
void text_i64(struct text *text, int64_t value);

/* A decimal number of at least width digits (at most 20), led by zeros. */
void text_u64_zeros(struct text *text, uint64_t value, unsigned width);

/* A decimal number in groups of three, "1,234,567". */
void text_u64_grouped(struct text *text, uint64_t value);

/* A time in ns as seconds with nine decimals: "1700000000.000000001", "-0.500000000". */
void text_seconds(struct text *text, int64_t time_ns);

/* "10.0.0.1", "2001:db8::1"; nothing for version 0. */
void text_address(struct text *text, const struct tcpm_address *address);

/* "10.0.0.1:80", "[2001:db8::1]:80" (RFC 5952 section 6). */
void text_endpoint(struct text *text, const struct tcpm_address *address, uint16_t port);

/* A string that must not harm a terminal: bytes other than printable ASCII become '?'. */
void text_printable(struct text *text, const char *string);

/* A CSV field (RFC 4180 section 2): quoted if it holds a comma or a quote. Control
 * characters, line ends among them, become '?', so that a record is always a line. */
void text_csv(struct text *text, const char *string);

/* A JSON string (RFC 8259 section 7) with its quotes. What is not UTF-8 becomes
 * U+FFFD. */
void text_json(struct text *text, const char *string);

/* Pads what was appended since text->used was start to width bytes with blanks: behind
 * it, or before it if right is set. A longer one stays as it is. */
void text_align(struct text *text, size_t start, size_t width, bool right);

#endif
