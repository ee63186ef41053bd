/*
 * Memory for groups and the windows of their histograms: blocks of a few sizes, cut
 * from chunks.
 *
 * Many groups are made at once, all of them go at once, and a window goes when a larger
 * one takes its place. So blocks are cut one behind the other, what is given back is kept
 * for the next one of its size, and the chunks go to the system together. The first chunk
 * is small, each next one as large as all before it, up to 2 MiB; those lie on such a
 * boundary, and the system is asked to make each one page: a sample finds its group with
 * fewer misses, and there are fewer faults.
 */
#ifndef STATS_BLOCKS_H
#define STATS_BLOCKS_H

#include <stddef.h>

#include "base/pages.h"

#define BLOCKS_LARGEST 12288
#define BLOCKS_SIZES   17

/* All zero bytes: nothing is held. */
struct blocks {
	struct blocks_chunk *chunks; /* the newest first */
	char *next;                  /* what is not cut yet of the newest one, up to end */
	char *end;
	char *clean;               /* from here on it is zero: never used */
	struct pages_front front;  /* of the newest one */
	void *spare[BLOCKS_SIZES]; /* given back; each holds the address of the next */
	size_t held;
	size_t spared; /* bytes in spare */
};

/* Gives all to the system; blocks that were taken are gone. Nothing is held then. */
void blocks_done(struct blocks *blocks);

/* Forgets all blocks that were taken, too, but keeps the newest chunk for the next ones. */
void blocks_clear(struct blocks *blocks);

/* The size of the block that holds so many bytes, from 1 to BLOCKS_LARGEST: a multiple of 64,
 * at most half as much again above 256. */
size_t blocks_size(size_t bytes);

/* A block of a size that blocks_size returns, zeroed, on a boundary of 64 bytes, or of 128 if
 * that divides its size; NULL: no memory. Where blocks is NULL, it is a piece of malloc's. */
void *blocks_take(struct blocks *blocks, size_t size);

/* Gives a block back. NULL as blocks_take's, if it came from there; block NULL is fine. */
void blocks_give(struct blocks *blocks, void *block, size_t size);

/* Bytes held from the system now, whether taken or not. */
static inline size_t blocks_memory(const struct blocks *blocks)
{
	return blocks->held;
}

/* Of these, bytes that the next blocks can be of. */
static inline size_t blocks_free(const struct blocks *blocks)
{
	return blocks->spared + (size_t)(blocks->end - blocks->next);
}

#endif
