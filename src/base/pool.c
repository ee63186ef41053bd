/*
 * A region, and a list through what was given back: see pool.h.
 */
#include "base/pool.h"

#include <errno.h>
#include <string.h>

int pool_init(struct pool *pool, size_t size, uint32_t max)
{
	*pool = (struct pool){.size = size, .max = max};
	if (max > SIZE_MAX / 2 / size)
		return -ENOMEM;
	return region_init(&pool->region, size * max);
}

void pool_done(struct pool *pool)
{
	region_done(&pool->region);
	*pool = (struct pool){0};
}

void pool_clear(struct pool *pool)
{
	region_give_back(&pool->region, 0, pool_memory(pool));
	pool->high = pool->free_list = pool->taken = 0;
}

uint32_t pool_take(struct pool *pool)
{
	uint32_t number = pool->free_list;

	if (number)
		memcpy(&pool->free_list, pool_at(pool, number), sizeof(pool->free_list));
	else if (pool->high < pool->max)
		number = ++pool->high;
	if (number)
		pool->taken++;
	return number;
}

void pool_give(struct pool *pool, uint32_t number)
{
	memcpy(pool_at(pool, number), &pool->free_list, sizeof(pool->free_list));
	pool->free_list = number;
	pool->taken--;
}

uint32_t pool_level(struct pool *pool)
{
	uint32_t number = pool->free_list;

	pool->free_list = 0;
	while (number) {
		uint32_t next;

		memcpy(&next, pool_at(pool, number), sizeof(next));
		if (number <= pool->taken) {
			memcpy(pool_at(pool, number), &pool->free_list, sizeof(pool->free_list));
			pool->free_list = number;
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
