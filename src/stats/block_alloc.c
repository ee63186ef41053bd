/*
 * Chunks come from mmap, for they must begin on a page's boundary, and what malloc keeps
 * beside such a piece would be counted by nobody.
 */
#include "stats/block_alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define UNIT        ((size_t)64)
#define PAIR        (2 * UNIT)
#define FIRST_CHUNK ((size_t)32 << 10)
#define HUGE        ((size_t)2 << 20)

/* At the beginning of each chunk. */
struct blocks_chunk {
	struct blocks_chunk *next;
	size_t size;
};

static const uint16_t sizes[BLOCK_ALLOC_SIZES] = {64,
						  128,
						  192,
						  256,
						  320,
						  384,
						  512,
						  640,
						  768,
						  1024,
						  1536,
						  2048,
						  3072,
						  4096,
						  6144,
						  8192,
						  BLOCK_ALLOC_LARGEST};

_Static_assert(sizeof(struct blocks_chunk) <= PAIR, "the first blocks lie behind it");
_Static_assert(FIRST_CHUNK >= 2 * (size_t)BLOCK_ALLOC_LARGEST, "a chunk holds each size");

/* Which of the sizes is the least that holds so many bytes. */
static unsigned size_number(size_t bytes)
{
	unsigned number = 0;

	while (number < BLOCK_ALLOC_SIZES - 1 && sizes[number] < bytes)
		number++;
	return number;
}

size_t block_alloc_size(size_t bytes)
{
	return sizes[size_number(bytes)];
}

static void *map(size_t size)
{
	void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mapped == MAP_FAILED ? NULL : mapped;
}

/* On a boundary of its size: twice as much is asked for, and what is over goes back. */
static void *map_huge(void)
{
	char *mapped = map(2 * HUGE);
	size_t before;

	if (!mapped)
		return NULL;
	before = (HUGE - (uintptr_t)mapped % HUGE) % HUGE;
	if (before)
		munmap(mapped, before);
	munmap(mapped + before + HUGE, HUGE - before);
	/* A kernel without such pages refuses, and nothing is lost. */
	(void)madvise(mapped + before, HUGE, MADV_HUGEPAGE);
	return mapped + before;
}

static void begin(struct block_alloc *blocks, char *clean)
{
	blocks->next = (char *)blocks->chunks + PAIR;
	blocks->end = (char *)blocks->chunks + blocks->chunks->size;
	blocks->clean = clean;
	blocks->front = (struct pages_front){.begin = (uint8_t *)blocks->chunks,
					     .size = blocks->chunks->size};
}

/* What is left of a chunk that has no room for the next block: cut from the end, where a pair
 * of cache lines ends; what a size does not divide comes last. */
static void keep_rest(struct block_alloc *blocks)
{
	size_t left = (size_t)(blocks->end - blocks->next);

	for (unsigned i = BLOCK_ALLOC_SIZES; i-- > 0;) {
		while (left >= sizes[i]) {
			left -= sizes[i];
			block_alloc_give(blocks, blocks->next + left, sizes[i]);
		}
	}
}

static int add_chunk(struct block_alloc *blocks)
{
	size_t size = FIRST_CHUNK;

	while (size < blocks->held && size < HUGE)
		size *= 2;

	struct blocks_chunk *chunk = size == HUGE ? map_huge() : map(size);

	if (!chunk)
		return -1;
	if (blocks->chunks)
		keep_rest(blocks);
	chunk->next = blocks->chunks;
	chunk->size = size;
	blocks->chunks = chunk;
	blocks->held += size;
	begin(blocks, (char *)chunk + PAIR);
	return 0;
}

/* The next size bytes of the chunk, zeroed; it has room for them. */
static void *cut(struct block_alloc *blocks, size_t size)
{
	char *block = blocks->next;

	blocks->next += size;
	pages_reach(&blocks->front, (size_t)(blocks->next - (char *)blocks->chunks));
	if (block < blocks->clean)
		memset(block, 0, size);
	if (blocks->clean < blocks->next)
		blocks->clean = blocks->next;
	return block;
}

void *block_alloc_take(struct block_alloc *blocks, size_t size)
{
	if (!blocks)
		return calloc(1, size);

	void **spare = &blocks->spare[size_number(size)];

	if (*spare) {
		void *block = *spare;

		memcpy(spare, block, sizeof(*spare));
		blocks->spared -= size;
		return memset(block, 0, size);
	}
	/* Processors fetch cache lines in pairs. */
	if (size % PAIR == 0 && (uintptr_t)blocks->next % PAIR)
		block_alloc_give(blocks, cut(blocks, UNIT), UNIT);
	if ((size_t)(blocks->end - blocks->next) < size && add_chunk(blocks))
		return NULL;
	return cut(blocks, size);
}

void block_alloc_give(struct block_alloc *blocks, void *block, size_t size)
{
	if (!blocks) {
		free(block);
		return;
	}
	if (!block)
		return;

	void **spare = &blocks->spare[size_number(size)];

	memcpy(block, spare, sizeof(*spare));
	*spare = block;
	blocks->spared += size;
}

static void unmap(struct block_alloc *blocks, struct blocks_chunk *chunk)
{
	while (chunk) {
		struct blocks_chunk *next = chunk->next;

		blocks->held -= chunk->size;
		munmap(chunk, chunk->size);
		chunk = next;
	}
}

void block_alloc_done(struct block_alloc *blocks)
{
	unmap(blocks, blocks->chunks);
	*blocks = (struct block_alloc){0};
}

void block_alloc_clear(struct block_alloc *blocks)
{
	if (!blocks->chunks)
		return;
	unmap(blocks, blocks->chunks->next);
	blocks->chunks->next = NULL;
	memset(blocks->spare, 0, sizeof(blocks->spare));
	blocks->spared = 0;
	begin(blocks, blocks->clean);
}
