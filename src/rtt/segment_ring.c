/*
 * A ring buffer with insertion: see segment_ring.h.
 */
#include "rtt/segment_ring.h"

#include <string.h>

#include "rtt/segment_slab.h"
#include "rtt/seq.h"

#define FIRST_UNITS 2u /* the head and one segment */

static struct segment_ring *ring_of(const struct segment_slab *slab, uint32_t number)
{
	return segment_ring_of(segment_slab_units(slab), number);
}

static unsigned units_of(const struct segment_ring *ring)
{
	return ring->capacity + 1u;
}

bool segment_ring_open(struct segment_slab *slab, uint32_t *number)
{
	if (*number)
		return true;
	*number = segment_slab_take(slab, FIRST_UNITS);
	if (!*number)
		return false;
	*ring_of(slab, *number) = (struct segment_ring){.capacity = FIRST_UNITS - 1};
	return true;
}

static bool grow(struct segment_slab *slab, uint32_t *number)
{
	struct segment_ring *ring = ring_of(slab, *number);
	unsigned units = units_of(ring) * 2;
	uint32_t larger = segment_slab_take(slab, units);
	struct segment_ring *grown;

	if (!larger)
		return false;
	grown = ring_of(slab, larger);
	*grown = *ring;
	grown->head = 0;
	grown->capacity = (uint16_t)(units - 1);
	/* It is full: what lies from the head on, and what lies before it. */
	const struct segment *places = (const struct segment *)(const void *)(ring + 1);
	struct segment *to = (struct segment *)(void *)(grown + 1);

	memcpy(to, places + ring->head, (size_t)(ring->capacity - ring->head) * sizeof(*to));
	memcpy(to + (ring->capacity - ring->head), places, ring->head * sizeof(*to));
	segment_slab_give(slab, *number, units_of(ring));
	*number = larger;
	return true;
}

struct segment *segment_ring_insert(struct segment_slab *slab, uint32_t *number, unsigned index,
				    unsigned limit)
{
	struct segment_ring *ring = ring_of(slab, *number);

	if (ring->count >= limit)
		return NULL;
	if (ring->count == ring->capacity) {
		if (!(*number ? grow(slab, number) : segment_ring_open(slab, number)))
			return NULL;
		ring = ring_of(slab, *number);
	}
	ring->count++;
	if (index * 2u >= ring->count) {
		for (unsigned i = ring->count - 1u; i > index; i--)
			*segment_ring_at(ring, i) = *segment_ring_at(ring, i - 1);
	} else {
		ring->head = (uint16_t)(ring->head ? ring->head - 1u : ring->capacity - 1u);
		for (unsigned i = 0; i < index; i++)
			*segment_ring_at(ring, i) = *segment_ring_at(ring, i + 1);
	}
	return segment_ring_at(ring, index);
}

void segment_ring_close(struct segment_slab *slab, uint32_t *number)
{
	if (*number)
		segment_slab_give(slab, *number, units_of(ring_of(slab, *number)));
	*number = 0;
}

static bool ends_after(const struct segment_ring *ring, unsigned index, uint32_t seq)
{
	return seq_after(segment_ring_at(ring, index)->end, seq);
}

/* Whether ring->near is the one. */
static bool is_near(const struct segment_ring *ring, uint32_t seq)
{
	const unsigned near = ring->near;

	return near < ring->count && ends_after(ring, near, seq) &&
	       (near == 0 || !ends_after(ring, near - 1, seq));
}

unsigned segment_ring_find(const struct segment_ring *ring, uint32_t seq)
{
	if (is_near(ring, seq))
		return ring->near;
	unsigned low = 0;
	unsigned left = ring->count; /* from low on, still to be looked at */

	/* The halves are unpredictable, so there is no branch on them. */
	while (left > 0) {
		unsigned half = left / 2;
		unsigned before = !ends_after(ring, low + half, seq);

		low += (half + 1) & -before;
		left = half - (before & ~left & 1);
	}
	return low;
}
