/*
 * Matching: segments with their acknowledgements, in one direction.
 *
 * A direction sends segments; its receiver acknowledges them. direction_segment
 * remembers what was sent and when; direction_ack finds which of the outstanding
 * segments an acknowledgement answers, or says why that is not known. The rules
 * are in docs/MEASUREMENT.md.
 */
#ifndef RTT_MATCH_H
#define RTT_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/packet.h"
#include "rtt/flow.h"

/* What matching needs of its surroundings. */
struct match_memory {
	struct segment_slab *slab;
	struct segment *units; /* the slab's */
	unsigned limit;        /* segments of one direction */
	uint32_t epoch;        /* of the capture's clock */
};

/* The outstanding segments of a direction; not to be written to if it has no ring. */
static inline struct segment_ring *direction_ring(const struct direction *direction,
						  const struct match_memory *memory)
{
	return segment_ring_of(memory->units, direction->ring);
}

/* Begins to bring into the cache what two directions have outstanding. Whether they have a ring
 * would be an unpredictable branch, so the empty one is fetched like any other. */
static inline void direction_prefetch(const struct direction direction[2],
				      const struct match_memory *memory)
{
	for (unsigned i = 0; i < 2; i++)
		__builtin_prefetch(direction_ring(&direction[i], memory), 1);
}

/* A packet at its moment. */
struct arrival {
	const struct packet *packet;
	int64_t now_ns;
	uint32_t frame;       /* which frame of the engine's it is, modulo 2^32 */
	uint32_t fingerprint; /* match_fingerprint */
	bool timed;           /* now_ns is its own time */
};

/* What the copy of a packet has in common with it and a retransmission has not:
 * the IPv4 identification, or failing that the checksum, which covers the
 * timestamps. */
uint32_t match_fingerprint(const struct packet *packet);

enum segment_kind {
	SEGMENT_NEW,         /* beyond all that was seen */
	SEGMENT_BEYOND,      /* that, and something before it is missing */
	SEGMENT_LATE,        /* first seen after later data */
	SEGMENT_RESENT,      /* some of it was seen before */
	SEGMENT_COPY,        /* the same packet captured again */
	SEGMENT_KEEP_ALIVE,  /* one byte acknowledged long ago (RFC 9293 3.8.4) */
	SEGMENT_IMPLAUSIBLE, /* far from the direction's sequence numbers; not used */
};

/*
 * A packet of this direction that consumes sequence space [start, end), end after
 * start. Says what it was. Segments for which there is no room are not remembered,
 * which direction_ack then reports as untimed. *restarted becomes true if it made the
 * direction start again, by direction_reset.
 */
enum segment_kind direction_segment(struct direction *direction, const struct match_memory *memory,
				    const struct arrival *arrival, uint32_t start, uint32_t end,
				    bool *restarted);

/* Does an acknowledgement tell a round trip? */
struct verdict {
	bool acks_new_data; /* it acknowledges something new; otherwise the rest is unset */
	bool selective;     /* by its first SACK block, not cumulatively */
	bool sample;
	uint8_t reason; /* enum tcpm_reason, if there is no sample */
	uint8_t method; /* enum tcpm_method, and so on, if there is */
	uint8_t class_;
	int64_t rtt_ns; /* 0 to MATCH_MAX_RTT_NS */
	/* The longest time between two transmissions of what was timed; 0: it was sent once. */
	int64_t resent_ns;
};

/* Whether a sample is later than TCP allows, so that an acknowledgement before it was not captured.
 * known_ns: the longest of the last round trips of the direction; 0: none is known. See
 * docs/MEASUREMENT.md, "Overdue". */
bool match_overdue(const struct verdict *verdict, int64_t known_ns);

/* Twice the maximum segment lifetime (RFC 9293 3.4.2: 2 minutes): what takes longer
 * is no round trip. */
#define MATCH_MAX_RTT_NS (INT64_C(240) * 1000000000)

/* A packet of the other direction, `own`, whose ACK flag is set: what does it say of this
 * one? Acknowledged segments are forgotten. */
void direction_ack(struct direction *direction, const struct direction *own,
		   const struct match_memory *memory, const struct arrival *arrival,
		   struct verdict *verdict);

/* Whether direction_ack would find nothing in a packet but its window, which is noted then: most
 * segments of data repeat what was acknowledged before. */
static inline bool direction_ack_repeats(struct direction *direction, const struct packet *packet)
{
	const uint16_t known = DIRECTION_SEEN | DIRECTION_ACKED;

	/* Each would be an unpredictable branch: so there is one for all. */
	if ((packet->ack ^ direction->una) | (uint32_t)!packet->length | packet->sack_count |
	    (uint32_t)(known & ~direction->flags))
		return false;
	direction->window = packet->window;
	return true;
}

/* Forgets the outstanding segments; what was outstanding will count under
 * `reason` (UNTIMED, CLOCK) when it is acknowledged. */
void direction_untrack(struct direction *direction, const struct match_memory *memory,
		       enum tcpm_reason reason);

/* The clock may have been set since the direction's flow was last seen: then the times of what
 * is outstanding and the present one cannot be compared. */
void direction_follow_clock(struct direction *direction, const struct match_memory *memory);

/* Forgets everything but the MSS: another connection begins. */
void direction_reset(struct direction *direction, const struct match_memory *memory);

#endif
