/*
 * The buffer, its growth and its way out; numbers are made two digits at a time.
 */
#include "base/text.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "base/page_prefault.h"

/* The first allocation; large enough for most things that are printed at once. */
#define TEXT_FIRST_SIZE 4096

/* The longest 64-bit decimal number. */
#define U64_DIGITS 20

void text_init(struct text *text)
{
	*text = (struct text){0};
}

void text_done(struct text *text)
{
	free(text->bytes);
	text_init(text);
}

void text_clear(struct text *text)
{
	text->used = 0;
}

void text_fail(struct text *text, int error)
{
	if (!text->error)
		text->error = error;
}

/* Waits until a descriptor that was set non-blocking (by a process that shares it) takes
 * bytes again. */
static int wait_writable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

	if (poll(&poll_fd, 1, -1) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

int text_flush(struct text *text, int fd)
{
	size_t done = 0;

	while (!text->error && done < text->used) {
		ssize_t written = write(fd, text->bytes + done, text->used - done);

		if (written >= 0)
			done += (size_t)written;
		else if (errno == EAGAIN)
			text->error = wait_writable(fd);
		else if (errno != EINTR)
			text->error = -errno;
	}
	text->used = 0;
	return text->error;
}

static bool grow(struct text *text, size_t count)
{
	size_t size = text->size ? text->size : TEXT_FIRST_SIZE;
	size_t needed;

	if (__builtin_add_overflow(text->used, count, &needed) || needed > SIZE_MAX / 2)
		return false;
	while (size < needed)
		size *= 2;

	char *bytes = realloc(text->bytes, size);

	if (!bytes)
		return false;
	text->bytes = bytes;
	text->size = size;
	pages_huge(bytes, size);
	return true;
}

char *text_reserve_slowly(struct text *text, size_t count)
{
	if (text->error)
		return NULL;
	if (!grow(text, count)) {
		text->error = -ENOMEM;
		return NULL;
	}
	return text->bytes + text->used;
}

void text_bytes(struct text *text, const void *bytes, size_t count)
{
	char *at = text_reserve(text, count);

	if (!at || !count)
		return;
	memcpy(at, bytes, count);
	text->used += count;
}

void text_string(struct text *text, const char *string)
{
	text_bytes(text, string, strlen(string));
}

void text_repeat(struct text *text, char c, size_t count)
{
	char *at = text_reserve(text, count);

	if (!at)
		return;
	memset(at, c, count);
	text->used += count;
}

/* Writes the digits of value so that they end before end; returns where they begin. */
static char *digits_before(char *end, uint64_t value)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";

	while (value >= 100) {
		end -= 2;
		memcpy(end, pairs + value % 100 * 2, 2);
		value /= 100;
	}
	if (value >= 10) {
		end -= 2;
		memcpy(end, pairs + value * 2, 2);
	} else {
		*--end = (char)('0' + value);
	}
	return end;
}

void text_u64(struct text *text, uint64_t value)
{
	char digits[U64_DIGITS];
	char *start = digits_before(digits + U64_DIGITS, value);

	text_bytes(text, start, (size_t)(digits + U64_DIGITS - start));
}

/* The absolute value, also of the lowest number. */
static uint64_t magnitude(int64_t value)
{
	return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

void text_i64(struct text *text, int64_t value)
{
	if (value < 0)
		text_char(text, '-');
	text_u64(text, magnitude(value));
}

void text_u64_zeros(struct text *text, uint64_t value, unsigned width)
{
	char digits[U64_DIGITS];
	char *start = digits_before(digits + U64_DIGITS, value);

	while (start > digits && digits + U64_DIGITS - start < (ptrdiff_t)width)
		*--start = '0';
	text_bytes(text, start, (size_t)(digits + U64_DIGITS - start));
}

void text_u64_grouped(struct text *text, uint64_t value)
{
	char digits[U64_DIGITS];
	const char *end = digits + U64_DIGITS;

	for (const char *at = digits_before(digits + U64_DIGITS, value); at < end; at++) {
		text_char(text, *at);
		if (at + 1 < end && (end - at - 1) % 3 == 0)
			text_char(text, ',');
	}
}

void text_seconds(struct text *text, int64_t time_ns)
{
	uint64_t size = magnitude(time_ns);

	if (time_ns < 0)
		text_char(text, '-');
	text_u64(text, size / 1000000000);
	text_char(text, '.');
	text_u64_zeros(text, size % 1000000000, 9);
}

void text_address(struct text *text, const struct tcpm_address *address)
{
	char *at = text_reserve(text, ADDRESS_TEXT_MAX);

	if (at)
		text->used += address_format(address, at);
}

void text_endpoint(struct text *text, const struct tcpm_address *address, uint16_t port)
{
	if (address->version == 6)
		text_char(text, '[');
	text_address(text, address);
	if (address->version == 6)
		text_char(text, ']');
	text_char(text, ':');
	text_u64(text, port);
}

void text_align(struct text *text, size_t start, size_t width, bool right)
{
	if (text->error || start > text->used)
		return;

	size_t length = text->used - start;

	if (length >= width)
		return;
	text_repeat(text, ' ', width - length);
	if (right && !text->error) {
		memmove(text->bytes + start + width - length, text->bytes + start, length);
		memset(text->bytes + start, ' ', width - length);
	}
}
