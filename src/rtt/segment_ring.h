/*
 * The outstanding segments of one direction, in the order of their sequence
 * numbers, without overlap.
 *
 * A ring takes its memory from a slab shared by all directions, starts with one
 * slot, doubles as it fills, and gives all of it back when it runs empty: an
 * idle flow holds none. The slab is a buddy allocator over one region of fixed
 * size, so the memory of all rings together is bounded whatever the traffic does.
 */
#ifndef RTT_SEGMENT_RING_H
#define RTT_SEGMENT_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of a segment. */
enum {
	/* Sent again; `again` holds the last transmission. */
	SEGMENT_RETRANSMITTED = 0x01,
	/* First seen after later data: it filled a hole. */
	SEGMENT_FILLED = 0x02,
	/* Wholly covered by a SACK block. */
	SEGMENT_SACKED = 0x04,
	/* An acknowledgement of a part of it came already: that one was its sample. */
	SEGMENT_PARTIAL = 0x08,
	/* Cut out of a larger one, of which another part was sent again. */
	SEGMENT_SPLIT = 0x10,
	/* Must not be timed: what was seen of it is not all that was sent of it, or was seen
	 * without a time. */
	SEGMENT_UNTIMED = 0x20,
	/* Another transmission bears the TSval of `again`, or of `first`. */
	SEGMENT_AGAIN_SHARED = 0x40,
	SEGMENT_FIRST_SHARED = 0x80,
	/* Must be taken to have been sent before the capture began, too: only an echo can
	 * time it. */
	SEGMENT_BEFORE = 0x100,
};

/* One transmission. */
struct sent {
	int64_t time_ns;
	uint32_t tsval; /* 0 without timestamps */
	uint32_t frame; /* which frame of the engine's it was, modulo 2^32 */
};

struct segment {
	uint32_t start;
	uint32_t end;
	struct sent first;
	struct sent again;    /* with SEGMENT_RETRANSMITTED */
	uint32_t fingerprint; /* of the packet that last carried it */
	uint32_t flags;
};

/* Its last transmission. */
static inline const struct sent *segment_last_sent(const struct segment *segment)
{
	return segment->flags & SEGMENT_RETRANSMITTED ? &segment->again : &segment->first;
}

/* Did a pass the capture point later than b, or with it? */
static inline bool sent_later(const struct sent *a, const struct sent *b)
{
	return a->time_ns > b->time_ns ||
	       (a->time_ns == b->time_ns && (int32_t)(a->frame - b->frame) >= 0);
}

struct segment_slab;

/* A slab with room for `segments` segments (rounded up to a power of two, at least
 * 8,192). NULL: no memory. Pages are used as they are needed. */
struct segment_slab *segment_slab_new(uint32_t segments);
void segment_slab_free(struct segment_slab *slab);

/* All zero is an empty ring. */
struct segment_ring {
	struct segment *slots;
	uint16_t head;
	uint16_t count;
	uint16_t capacity; /* 0 or a power of two */
};

/* The index-th segment, 0 the first by sequence; index < count. */
static inline struct segment *segment_ring_at(const struct segment_ring *ring, unsigned index)
{
	return &ring->slots[(ring->head + index) & (ring->capacity - 1u)];
}

/*
 * Makes room for one segment before the index-th (index <= count) and returns it,
 * its content unspecified; NULL, and nothing changed, if the ring holds `limit`
 * segments (1 to 16,384) or the slab is short. Moves the shorter
 * side; pointers into the ring are invalid afterwards.
 */
struct segment *segment_ring_insert(struct segment_ring *ring, struct segment_slab *slab,
				    unsigned index, unsigned limit);

/* Removes the first count segments (count <= ring's). */
void segment_ring_pop(struct segment_ring *ring, struct segment_slab *slab, unsigned count);

/* Empties the ring and gives its memory back. */
void segment_ring_clear(struct segment_ring *ring, struct segment_slab *slab);

/* The index of the first segment that ends after seq; count if there is none. */
unsigned segment_ring_find(const struct segment_ring *ring, uint32_t seq);

#endif
