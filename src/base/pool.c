/*
 * A region, and a list through what was given back: see pool.h.
 */
#include "base/pool.h"

#include <errno.h>
#include <string.h>

int pool_init(struct pool *pool, size_t size, uint32_t most)
{
	*pool = (struct pool){.size = size, .most = most};
	if (most > SIZE_MAX / 2 / size)
		return -ENOMEM;
	return region_init(&pool->region, size * most);
}

void pool_done(struct pool *pool)
{
	region_done(&pool->region);
	*pool = (struct pool){0};
}

void pool_clear(struct pool *pool)
{
	region_give_back(&pool->region, 0, pool_memory(pool));
	pool->high = pool->spare = pool->taken = 0;
}

uint32_t pool_take(struct pool *pool)
{
	uint32_t number = pool->spare;

	if (number)
		memcpy(&pool->spare, pool_at(pool, number), sizeof(pool->spare));
	else if (pool->high < pool->most)
		number = ++pool->high;
	if (number)
		pool->taken++;
	return number;
}

void pool_give(struct pool *pool, uint32_t number)
{
	memcpy(pool_at(pool, number), &pool->spare, sizeof(pool->spare));
	pool->spare = number;
	pool->taken--;
}

uint32_t pool_level(struct pool *pool)
{
	uint32_t number = pool->spare;

	pool->spare = 0;
	while (number) {
		uint32_t next;

		memcpy(&next, pool_at(pool, number), sizeof(next));
		if (number <= pool->taken) {
			memcpy(pool_at(pool, number), &pool->spare, sizeof(pool->spare));
			pool->spare = number;
		}
		number = next;
	}
	return pool->taken;
}

void pool_drop(struct pool *pool)
{
	pool->taken--;
}

void pool_lower(struct pool *pool, uint32_t level)
{
	region_give_back(&pool->region, level * pool->size, pool_memory(pool));
	pool->high = level;
}
