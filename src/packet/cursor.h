/*
 * The one way to read captured bytes: a cursor that never leaves them.
 *
 * Every read says whether the bytes were there; nothing in packet/ touches a
 * frame's bytes otherwise.
 */
#ifndef PACKET_CURSOR_H
#define PACKET_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *at;
	size_t left;
};

/* Whether count bytes are there. Asked first for a header of fixed size, it lets the
 * compiler see that the reads after it need no check of their own. */
static inline __attribute__((always_inline)) bool cursor_has(const struct cursor *cursor,
							     size_t count)
{
	return count <= cursor->left;
}

/* Moves over count bytes; false, and the cursor unmoved, if they are not there. */
static inline __attribute__((always_inline)) bool cursor_skip(struct cursor *cursor, size_t count)
{
	if (count > cursor->left)
		return false;
	cursor->at += count;
	cursor->left -= count;
	return true;
}

/* Keeps at most count bytes, dropping the rest (padding). */
static inline __attribute__((always_inline)) void cursor_limit(struct cursor *cursor, size_t count)
{
	if (cursor->left > count)
		cursor->left = count;
}

/* Reads without moving, at an offset from the cursor; false if not there. */
static inline __attribute__((always_inline)) bool cursor_peek8(const struct cursor *cursor,
							       size_t offset, uint8_t *value)
{
	if (offset >= cursor->left)
		return false;
	*value = cursor->at[offset];
	return true;
}

static inline __attribute__((always_inline)) bool cursor_peek16(const struct cursor *cursor,
								size_t offset, uint16_t *value)
{
	if (cursor->left < 2 || offset > cursor->left - 2)
		return false;
	const uint8_t *p = cursor->at + offset;
	*value = (uint16_t)(p[0] << 8 | p[1]);
	return true;
}

static inline __attribute__((always_inline)) bool cursor_peek32(const struct cursor *cursor,
								size_t offset, uint32_t *value)
{
	if (cursor->left < 4 || offset > cursor->left - 4)
		return false;
	const uint8_t *p = cursor->at + offset;
	*value = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	return true;
}

/* The same for the few headers that are written in the order of the machine that
 * captured, or by a little-endian standard. */
static inline __attribute__((always_inline)) bool cursor_peek16_le(const struct cursor *cursor,
								   size_t offset, uint16_t *value)
{
	if (!cursor_peek16(cursor, offset, value))
		return false;
	*value = __builtin_bswap16(*value);
	return true;
}

static inline __attribute__((always_inline)) bool cursor_peek32_le(const struct cursor *cursor,
								   size_t offset, uint32_t *value)
{
	if (!cursor_peek32(cursor, offset, value))
		return false;
	*value = __builtin_bswap32(*value);
	return true;
}

/* Copies count bytes from an offset; false if they are not all there. */
static inline __attribute__((always_inline)) bool cursor_copy(const struct cursor *cursor,
							      size_t offset, void *to, size_t count)
{
	if (count > cursor->left || offset > cursor->left - count)
		return false;
	memcpy(to, cursor->at + offset, count);
	return true;
}

#endif
