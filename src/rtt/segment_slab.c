/*
 * The slab behind the segment rings: a buddy allocator.
 *
 * Blocks are 2^order segments, aligned to their size; a freed block joins its buddy as long as that
 * one is free too, so that large rings find room after many small ones have gone. One byte a
 * segment tells the order of a free block that starts there.
 *
 * A large block is only given while eight times as much is free, so that a few
 * directions with much outstanding leave room for the many with little.
 */
#include "rtt/segment_slab.h"

#include <stdlib.h>

#define MAX_ORDER 28
#define NOT_FREE  0xff
#define NONE      UINT32_MAX
/* Smallest blocks kept aside unjoined: most rings are taken and given back with
 * each request, and splitting and joining the whole region each time would cost
 * more than the measurement. */
#define KEPT_ASIDE 1024u
/* Blocks up to this size are given as long as there are any. */
#define SMALL_SEGMENTS 16u

/* Lies in the first bytes of a free block. */
struct free_block {
	uint32_t next;
	uint32_t previous;
};

struct segment_slab {
	struct segment *segments;
	uint8_t *free_order; /* by unit */
	uint32_t units;
	unsigned top; /* order of the whole region */
	uint32_t free[MAX_ORDER + 1];
	uint32_t used; /* segments in blocks that are taken */
	uint32_t aside_count;
	uint32_t aside[KEPT_ASIDE];
};

_Static_assert(sizeof(struct free_block) <= sizeof(struct segment), "links fit a segment");

static struct free_block *block_at(struct segment_slab *slab, uint32_t unit)
{
	return (struct free_block *)(void *)&slab->segments[unit];
}

static void list_push(struct segment_slab *slab, uint32_t unit, unsigned order)
{
	struct free_block *block = block_at(slab, unit);

	block->previous = NONE;
	block->next = slab->free[order];
	if (block->next != NONE)
		block_at(slab, block->next)->previous = unit;
	slab->free[order] = unit;
	slab->free_order[unit] = (uint8_t)order;
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
	unsigned order = 13; /* 8,192 segments */

	if (!slab)
		return NULL;
	while (order < MAX_ORDER && (1u << order) < segments)
		order++;
	slab->top = order;
	slab->units = 1u << order;
	/* calloc of a large region costs no memory until it is touched. */
	slab->segments = calloc(slab->units, sizeof(struct segment));
	slab->free_order = malloc(slab->units);
	if (!slab->segments || !slab->free_order) {
		segment_slab_free(slab);
		return NULL;
	}
	for (uint32_t i = 0; i < slab->units; i++)
		slab->free_order[i] = NOT_FREE;
	for (unsigned i = 0; i <= MAX_ORDER; i++)
		slab->free[i] = NONE;
	list_push(slab, 0, order);
	return slab;
}

void segment_slab_free(struct segment_slab *slab)
{
	if (!slab)
		return;
	free(slab->segments);
	free(slab->free_order);
	free(slab);
}

static unsigned order_of(unsigned segments)
{
	unsigned order = 0;

	while ((1u << order) < segments)
		order++;
	return order;
}

struct segment *segment_slab_take(struct segment_slab *slab, unsigned segments)
{
	unsigned wanted = order_of(segments);
	unsigned order = wanted;

	if (segments > SMALL_SEGMENTS && segments > (slab->units - slab->used) / 8)
		return NULL;
	if (!wanted && slab->aside_count) {
		slab->used++;
		return &slab->segments[slab->aside[--slab->aside_count]];
	}
	while (order <= slab->top && slab->free[order] == NONE)
		order++;
	if (order > slab->top)
		return NULL;
	uint32_t unit = slab->free[order];

	slab->used += 1u << wanted;
	list_remove(slab, unit, order);
	while (order > wanted) {
		order--;
		list_push(slab, unit + (1u << order), order);
	}
	return &slab->segments[unit];
}

void segment_slab_give(struct segment_slab *slab, struct segment *block, unsigned segments)
{
	uint32_t unit = (uint32_t)(block - slab->segments);
	unsigned order = order_of(segments);

	slab->used -= 1u << order;
	if (!order && slab->aside_count < KEPT_ASIDE) {
		slab->aside[slab->aside_count++] = unit;
		return;
	}
	while (order < slab->top) {
		uint32_t buddy = unit ^ (1u << order);

		if (slab->free_order[buddy] != order)
			break;
		list_remove(slab, buddy, order);
		unit &= ~(1u << order);
		order++;
	}
	list_push(slab, unit, order);
}
