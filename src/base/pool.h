/*
 * Places of one size, known by numbers from 1, in a region. Freed ones are used again.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/region.h"

struct pool {
	struct region region;
	size_t size;
	uint32_t max;
	uint32_t high;      /* the highest number ever taken, but for pool_lower */
	uint32_t free_list; /* the first of those given back; each holds the next one's number */
	uint32_t taken;     /* places in use */
};

/* size: of a place, at least 4 and a multiple of 4. max: places, at least 1. 0, or -ENOMEM. */
int pool_init(struct pool *pool, size_t size, uint32_t max);

/* An empty one is fine, and stays behind. */
void pool_done(struct pool *pool);

/* Frees all places, and gives the system its memory back. */
void pool_clear(struct pool *pool);

/* The number of a place, its content unspecified; 0: all are taken. */
uint32_t pool_take(struct pool *pool);

void pool_give(struct pool *pool, uint32_t number);

/*
 * To be used for less memory: pool_level forgets the free places above the number of those in
 * use, which it returns; then the user of a place above it takes another, moves there, and
 * drops the old one by pool_drop; then pool_lower gives the system what is above.
 */
uint32_t pool_level(struct pool *pool);
void pool_drop(struct pool *pool);
void pool_lower(struct pool *pool, uint32_t level);

/* Where a place is; it stays there. */
static inline void *pool_at(const struct pool *pool, uint32_t number)
{
	return pool->region.base + (size_t)(number - 1) * pool->size;
}

/* Bytes of memory that it has taken. */
static inline size_t pool_memory(const struct pool *pool)
{
	return (size_t)pool->high * pool->size;
}

#endif
