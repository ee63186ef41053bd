/*
 * The outstanding segments of one direction, in the order of their sequence
 * numbers, without overlap; and what else is known of a direction only while it has
 * something outstanding.
 *
 * A ring takes its memory from a slab shared by all directions, starts with room for one
 * segment, doubles as it fills, and gives all of it back when it runs empty: an
 * idle flow holds none. The slab is a buddy allocator over one region of fixed
 * size, so the memory of all rings together is bounded whatever the traffic does.
 *
 * A direction knows its ring by a number, 0 for none; segment_ring_of then finds one that
 * is empty for all.
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
	/* Sent more than twice: `first` is not the first transmission. */
	SEGMENT_SENT_THRICE = 0x200,
	/* Came with the SYN and was not taken (RFC 7413): what is sent again is the first
	 * transmission. With SEGMENT_UNTIMED. */
	SEGMENT_REFUSED = 0x400,
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
 * 8,192). NULL: no memory. Memory is used as it is needed. */
struct segment_slab *segment_slab_new(uint32_t segments);
void segment_slab_free(struct segment_slab *slab);

/* The head of a ring; the segments' places follow it in memory. */
struct segment_ring {
	uint16_t head;
	uint16_t count;
	uint16_t capacity; /* a power of two, less one; 0: the empty one that all share */
	uint16_t near; /* an index where the next look for a segment may begin: any value will do */
	/* The rest is the direction's own; zero in a new ring. */
	uint32_t epoch; /* of the capture's clock, when the flow was last seen */
	/* Where the next segment would start if an implausible one was right. */
	uint32_t probe;
	/* The last SACK block reported first, already worked in. */
	uint32_t sack_left;
	uint32_t sack_right;
	/* The last frame with a duplicate acknowledgement or a SACK block. */
	uint32_t dupack_frame;
	/* A hash of the SACK blocks after the first of the last packet that had several: these
	 * are already worked in. */
	uint32_t further_blocks;
	uint32_t tsecr; /* echo of the last acknowledgement; 0: none */
	/* Where SACK blocks are not visible: duplicate acknowledgements that mean data out of
	 * order; and those to come that are already explained, by retransmissions of data that
	 * the receiver has. */
	uint16_t duplicates;
	uint16_t explained;
	uint32_t filled_up[2]; /* to the size of a segment */
};

_Static_assert(sizeof(struct segment_ring) == sizeof(struct segment), "a unit of the slab");

/* Where units begin; for the inline functions below alone. */
struct segment *segment_slab_units(const struct segment_slab *slab);

/* The ring of a number; 0: the empty one, which nobody writes to. Valid until a ring is
 * opened, inserted into, or given back. */
static inline struct segment_ring *segment_ring_of(struct segment *units, uint32_t number)
{
	return (struct segment_ring *)(void *)&units[number];
}

/* A place that went past the end, by less than a round, continues at the beginning; without
 * a branch, which would be unpredictable. */
static inline unsigned segment_ring_round(const struct segment_ring *ring, unsigned place)
{
	return place - (ring->capacity & -(unsigned)(place >= ring->capacity));
}

/* The index-th segment, 0 the first by sequence; index < count. */
static inline struct segment *segment_ring_at(const struct segment_ring *ring, unsigned index)
{
	struct segment *places = (struct segment *)(void *)(uintptr_t)(ring + 1);

	return &places[segment_ring_round(ring, ring->head + index)];
}

/* A ring for *number, if it has none. False: the slab is short; *number is 0. */
bool segment_ring_open(struct segment_slab *slab, uint32_t *number);

/*
 * Makes room for one segment before the index-th (index <= count) and returns it,
 * its content unspecified; NULL, and nothing changed, if the ring holds `limit`
 * segments (1 to 16,384) or the slab is short. Moves the shorter
 * side; opens a ring, or takes a larger one, and *number with it, as needed.
 */
struct segment *segment_ring_insert(struct segment_slab *slab, uint32_t *number, unsigned index,
				    unsigned limit);

/* As segment_ring_insert behind the last one, where no memory is needed for it. NULL: it is;
 * or the limit is reached. */
static inline struct segment *segment_ring_append(struct segment_ring *ring, unsigned limit)
{
	if (ring->count >= ring->capacity || ring->count >= limit)
		return NULL;
	return segment_ring_at(ring, ring->count++);
}

/* Removes the first count segments (count <= ring's). The ring keeps its memory. */
static inline void segment_ring_pop(struct segment_ring *ring, unsigned count)
{
	ring->head = (uint16_t)segment_ring_round(ring, ring->head + count);
	ring->count = (uint16_t)(ring->count - count);
}

/* Gives the ring and all its memory back; *number becomes 0. */
void segment_ring_close(struct segment_slab *slab, uint32_t *number);

/* The index of the first segment that ends after seq; count if there is none. Quick if that is
 * ring->near. */
unsigned segment_ring_find(const struct segment_ring *ring, uint32_t seq);

#endif
