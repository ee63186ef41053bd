/*
 * A ring buffer with insertion: see segment_ring.h.
 */
#include "rtt/segment_ring.h"

#include "rtt/segment_slab.h"
#include "rtt/seq.h"

#define FIRST_CAPACITY 1u

static bool grow(struct segment_ring *ring, struct segment_slab *slab)
{
	unsigned capacity = ring->capacity ? ring->capacity * 2u : FIRST_CAPACITY;
	struct segment *slots = segment_slab_take(slab, capacity);

	if (!slots)
		return false;
	for (unsigned i = 0; i < ring->count; i++)
		slots[i] = *segment_ring_at(ring, i);
	if (ring->slots)
		segment_slab_give(slab, ring->slots, ring->capacity);
	ring->slots = slots;
	ring->capacity = (uint16_t)capacity;
	ring->head = 0;
	return true;
}

struct segment *segment_ring_insert(struct segment_ring *ring, struct segment_slab *slab,
				    unsigned index, unsigned limit)
{
	if (ring->count >= limit)
		return NULL;
	if (ring->count == ring->capacity && !grow(ring, slab))
		return NULL;
	ring->count++;
	if (index * 2u >= ring->count) {
		for (unsigned i = ring->count - 1u; i > index; i--)
			*segment_ring_at(ring, i) = *segment_ring_at(ring, i - 1);
	} else {
		ring->head = (uint16_t)((ring->head - 1u) & (ring->capacity - 1u));
		for (unsigned i = 0; i < index; i++)
			*segment_ring_at(ring, i) = *segment_ring_at(ring, i + 1);
	}
	return segment_ring_at(ring, index);
}

void segment_ring_clear(struct segment_ring *ring, struct segment_slab *slab)
{
	if (ring->slots)
		segment_slab_give(slab, ring->slots, ring->capacity);
	*ring = (struct segment_ring){0};
}

void segment_ring_pop(struct segment_ring *ring, struct segment_slab *slab, unsigned count)
{
	if (count == ring->count) {
		segment_ring_clear(ring, slab);
		return;
	}
	ring->head = (uint16_t)((ring->head + count) & (ring->capacity - 1u));
	ring->count = (uint16_t)(ring->count - count);
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
