/*
 * The slab behind the segment rings: a buddy allocator.
 *
 * Blocks are 2^order units, aligned to their size; a freed block joins its buddy as long as
 * that one is free too, so that large rings find room after many small ones have gone. One
 * byte a unit tells the order of a free block that starts there. What is in use begins
 * small and doubles when nothing is left, so that memory is only touched when needed.
 *
 * A large block is only given while eight times as much could be free, so that a few
 * directions with much outstanding leave room for the many with little.
 */
#include "rtt/segment_slab.h"

#include <stdlib.h>

#include "base/region.h"

#define MAX_ORDER   28
#define FIRST_ORDER 13 /* 8,192 units */
#define NOT_FREE    0
#define NONE        UINT32_MAX
/* Smallest blocks kept aside unjoined: most rings are taken and given back with
 * each request, and splitting and joining the whole region each time would cost
 * more than the measurement. */
#define KEPT_ASIDE 1024u
/* Order of those: the head of a ring and one segment. */
#define SMALLEST_ORDER 1u
/* Blocks up to this size are given as long as there are any. */
#define SMALL_UNITS 16u

/* Lies in the first bytes of a free block. */
struct free_block {
	uint32_t next;
	uint32_t previous;
};

struct segment_slab {
	struct region memory;
	struct region orders;
	struct segment *units; /* in memory */
	uint8_t *free_order;   /* by unit: the order of a free block that starts there, plus one */
	unsigned top;          /* order of what is in use so far */
	unsigned max_order;    /* of the whole region */
	uint32_t free[MAX_ORDER + 1];
	unsigned reach; /* what it may grow to, by the bound on its memory */
	uint32_t used;  /* units in blocks that are taken */
	uint32_t aside_count;
	uint32_t aside[KEPT_ASIDE];
};

_Static_assert(sizeof(struct free_block) <= sizeof(struct segment), "links fit a segment");

static struct free_block *block_at(struct segment_slab *slab, uint32_t unit)
{
	return (struct free_block *)(void *)&slab->units[unit];
}

static void list_push(struct segment_slab *slab, uint32_t unit, unsigned order)
{
	struct free_block *block = block_at(slab, unit);

	block->previous = NONE;
	block->next = slab->free[order];
	if (block->next != NONE)
		block_at(slab, block->next)->previous = unit;
	slab->free[order] = unit;
	slab->free_order[unit] = (uint8_t)(order + 1);
}

static void list_remove(struct segment_slab *slab, uint32_t unit, unsigned order)
{
	struct free_block *block = block_at(slab, unit);

	if (block->previous != NONE)
		block_at(slab, block->previous)->next = block->next;
	else
		slab->free[order] = block->next;
	if (block->next != NONE)
		block_at(slab, block->next)->previous = block->previous;
	slab->free_order[unit] = NOT_FREE;
}

struct segment_slab *segment_slab_new(uint32_t segments)
{
	struct segment_slab *slab = calloc(1, sizeof(*slab));
	unsigned order = FIRST_ORDER;

	if (!slab)
		return NULL;
	while (order < MAX_ORDER && (1u << order) < segments)
		order++;
	slab->top = FIRST_ORDER;
	slab->max_order = slab->reach = order;
	if (region_init(&slab->memory, sizeof(struct segment) << order) < 0 ||
	    region_init(&slab->orders, (size_t)1 << order) < 0) {
		segment_slab_free(slab);
		return NULL;
	}
	slab->units = (struct segment *)(void *)slab->memory.base;
	slab->free_order = slab->orders.base;
	for (unsigned i = 0; i <= MAX_ORDER; i++)
		slab->free[i] = NONE;
	/* The first block is the empty ring that all share. */
	slab->used = 1u << SMALLEST_ORDER;
	for (order = SMALLEST_ORDER; order < FIRST_ORDER; order++)
		list_push(slab, 1u << order, order);
	return slab;
}

void segment_slab_free(struct segment_slab *slab)
{
	if (!slab)
		return;
	region_done(&slab->memory);
	region_done(&slab->orders);
	free(slab);
}

struct segment *segment_slab_units(const struct segment_slab *slab)
{
	return slab->units;
}

/* With so much in use. */
static size_t memory_of(unsigned top)
{
	return (sizeof(struct segment) + 1) << top;
}

size_t segment_slab_memory(const struct segment_slab *slab)
{
	return memory_of(slab->top);
}

void segment_slab_bound(struct segment_slab *slab, size_t bytes)
{
	slab->reach = slab->top;
	while (slab->reach < slab->max_order && memory_of(slab->reach + 1) <= bytes)
		slab->reach++;
}

/* Twice as much is in use. False: all of it was, or the bound is reached. */
static bool extend(struct segment_slab *slab)
{
	if (slab->top >= slab->reach)
		return false;
	list_push(slab, 1u << slab->top, slab->top);
	slab->top++;
	return true;
}

static unsigned order_of(unsigned units)
{
	return units > 1 ? 32u - (unsigned)__builtin_clz(units - 1) : 0;
}

/* The order of the smallest free block that holds one of `wanted`; beyond MAX_ORDER: none. */
static unsigned smallest_free(const struct segment_slab *slab, unsigned wanted)
{
	while (wanted <= slab->top && slab->free[wanted] == NONE)
		wanted++;
	return wanted <= slab->top ? wanted : MAX_ORDER + 1;
}

uint32_t segment_slab_take(struct segment_slab *slab, unsigned units)
{
	unsigned wanted = order_of(units);
	unsigned order;

	if (units > SMALL_UNITS && units > ((1u << slab->reach) - slab->used) / 8)
		return 0;
	if (wanted == SMALLEST_ORDER && slab->aside_count) {
		slab->used += units;
		return slab->aside[--slab->aside_count];
	}
	while ((order = smallest_free(slab, wanted)) > MAX_ORDER)
		if (!extend(slab))
			return 0;
	uint32_t unit = slab->free[order];

	slab->used += 1u << wanted;
	list_remove(slab, unit, order);
	while (order > wanted) {
		order--;
		list_push(slab, unit + (1u << order), order);
	}
	return unit;
}

/* Frees a block, together with its buddies that are free. */
static void join(struct segment_slab *slab, uint32_t unit, unsigned order)
{
	while (order < slab->top) {
		uint32_t buddy = unit ^ (1u << order);

		if (slab->free_order[buddy] != order + 1)
			break;
		list_remove(slab, buddy, order);
		unit &= ~(1u << order);
		order++;
	}
	list_push(slab, unit, order);
}

void segment_slab_give(struct segment_slab *slab, uint32_t unit, unsigned units)
{
	unsigned order = order_of(units);

	slab->used -= 1u << order;
	if (order == SMALLEST_ORDER && slab->aside_count < KEPT_ASIDE)
		slab->aside[slab->aside_count++] = unit;
	else
		join(slab, unit, order);
}

void segment_slab_trim(struct segment_slab *slab)
{
	while (slab->aside_count)
		join(slab, slab->aside[--slab->aside_count], SMALLEST_ORDER);
	while (slab->top > FIRST_ORDER) {
		uint32_t half = 1u << (slab->top - 1);

		if (slab->free_order[half] != slab->top)
			return;
		list_remove(slab, half, slab->top - 1);
		slab->top--;
		region_give_back(&slab->memory, (size_t)half * sizeof(struct segment),
				 (size_t)half * 2 * sizeof(struct segment));
		region_give_back(&slab->orders, half, (size_t)half * 2);
	}
}
