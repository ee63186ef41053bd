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
#ifndef STATS_BLOCK_ALLOC_H
#define STATS_BLOCK_ALLOC_H

#include <stddef.h>

#include "base/page_prefault.h"

#define BLOCK_ALLOC_LARGEST 12288
#define BLOCK_ALLOC_SIZES   17

/* All zero bytes: nothing is held. */
struct block_alloc {
	struct blocks_chunk *chunks; /* the newest first */
	char *next;                  /* what is not cut yet of the newest one, up to end */
	char *end;
	char *clean;                    /* from here on it is zero: never used */
	struct pages_front front;       /* of the newest one */
	void *spare[BLOCK_ALLOC_SIZES]; /* given back; each holds the address of the next */
	size_t held;
	size_t spared; /* bytes in spare */
};

/* Gives all to the system; blocks that were taken are gone. Nothing is held then. */
void block_alloc_done(struct block_alloc *blocks);

/* Forgets all blocks that were taken, too, but keeps the newest chunk for the next ones. */
void block_alloc_clear(struct block_alloc *blocks);

/* The size of the block that holds so many bytes, from 1 to BLOCK_ALLOC_LARGEST: a multiple of 64,
 * at most half as much again above 256. */
size_t block_alloc_size(size_t bytes);

/* A block of a size that block_alloc_size returns, zeroed, on a boundary of 64 bytes, or of 128 if
 * that divides its size; NULL: no memory. Where blocks is NULL, it is a piece of malloc's. */
void *block_alloc_take(struct block_alloc *blocks, size_t size);

/* Gives a block back. NULL as block_alloc_take's, if it came from there; block NULL is fine. */
void block_alloc_give(struct block_alloc *blocks, void *block, size_t size);

/* Bytes held from the system now, whether taken or not. */
static inline size_t block_alloc_memory(const struct block_alloc *blocks)
{
	return blocks->held;
}

/* Of these, bytes that the next blocks can be of. */
static inline size_t block_alloc_free(const struct block_alloc *blocks)
{
	return blocks->spared + (size_t)(blocks->end - blocks->next);
}

#endif
