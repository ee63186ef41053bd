/*
 * A ring buffer with insertion: see segment_ring.h.
 */
#include "rtt/segment_ring.h"

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
	for (unsigned i = 0; i < ring->count; i++)
		*segment_ring_at(grown, i) = *segment_ring_at(ring, i);
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

unsigned segment_ring_find(const struct segment_ring *ring, uint32_t seq)
{
	unsigned low = 0;
	unsigned high = ring->count;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (seq_after(segment_ring_at(ring, middle)->end, seq))
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}
