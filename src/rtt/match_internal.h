/*
 * What the parts of matching share: for match_*.c alone.
 */
#ifndef RTT_MATCH_INTERNAL_H
#define RTT_MATCH_INTERNAL_H

#include "rtt/ack_range.h"
#include "rtt/match.h"

/* Half of a pair of full segments waits this long, at least, before it is acknowledged
 * alone: the shortest delayed-ACK timer in use. */
#define SHORTEST_DELAY_NS INT64_C(40000000)

/* An answer to a SYN that takes as long as this may be the second one, the first having
 * been lost on its way (RFC 6298 2.1). */
#define INITIAL_RTO_NS INT64_C(1000000000)

/* Does the packet bear an echo of this direction's timestamps? Zero is what broken
 * stacks send. */
static inline bool match_has_echo(const struct direction *direction, const struct packet *packet)
{
	return packet->has_timestamps && packet->tsecr && (direction->flags & DIRECTION_TIMESTAMPS);
}

/* Room for a segment before the index-th; see segment_ring_insert. NULL: there is none. */
struct segment *match_insert(struct direction *direction, const struct match_memory *memory,
			     unsigned index);

/* The class of a sample from `sent` to now; handshake: it acknowledges the direction's
 * SYN. */
enum tcpm_class match_class(const struct direction *direction, const struct ack_range *covered,
			    const struct arrival *arrival, const struct sent *sent, bool handshake);

/* Is this packet the first word of its side since `sent`, and does it bring data? Then
 * it may be the application's answer, and what came before it got lost. */
bool match_is_answer(const struct direction *direction, const struct arrival *arrival,
		     const struct sent *sent);

/* No sample, for this reason. */
static inline void match_no_sample(struct verdict *verdict, enum tcpm_reason reason)
{
	verdict->sample = false;
	verdict->reason = (uint8_t)reason;
}

/* Fills the verdict with a sample from `sent` to now, or with TCPM_REASON_CLOCK if that
 * is no round trip. */
void match_sample(struct direction *direction, struct verdict *verdict,
		  const struct arrival *arrival, const struct sent *sent, enum tcpm_method method,
		  enum tcpm_class class_);

/* What lies before `end` is not remembered, for this reason: GAP, UNTIMED or CLOCK. */
void match_untrack(struct direction *direction, uint32_t end, enum tcpm_reason reason);

/* The reason, with DIRECTION_UNTRACKED. */
static inline enum tcpm_reason match_untracked_reason(const struct direction *direction)
{
	if (direction->flags & DIRECTION_UNTRACKED_CLOCK)
		return TCPM_REASON_CLOCK;
	return direction->flags & DIRECTION_UNTRACKED_UNTIMED ? TCPM_REASON_UNTIMED
							      : TCPM_REASON_GAP;
}

/* Gives the ring back if nothing is in it that is still of use. */
static inline void match_settle(struct direction *direction, const struct match_memory *memory)
{
	if (!direction->ring || direction_ring(direction, memory)->count ||
	    (direction->flags & (DIRECTION_PROBE | DIRECTION_SACK_BLOCK)))
		return;
	segment_ring_close(memory->slab, &direction->ring);
	direction->flags &= (uint16_t)~DIRECTION_DUPACK;
}

/* A ring for a direction, if it has none yet. NULL: there is no memory. */
struct segment_ring *match_open(struct direction *direction, const struct match_memory *memory);

/* Does the packet's first SACK block report a duplicate (RFC 2883 section 4)? It has
 * at least one. */
bool match_is_dsack(const struct packet *packet);

/* Could two answers to what is acknowledged now, to data sent at one time and at another, be one
 * sample? They can if they differ by at most a sixteenth. */
bool match_agrees(int64_t now_ns, int64_t sent_ns, int64_t other_ns);

/* The segment that was sent last of what a packet's first SACK block newly covers; NULL: it
 * reports a duplicate, or nothing is new in it. The packet has SACK blocks. */
const struct segment *match_newly_sacked(const struct direction *direction,
					 const struct segment_ring *ring,
					 const struct packet *packet);

/* Judges a packet by what its first SACK block newly covers, of which there is some. */
void match_judge_sack(struct direction *direction, const struct segment_ring *ring,
		      const struct arrival *arrival, struct verdict *verdict);

/* Remembers what the SACK blocks of a packet cover; no sample. */
void match_mark_sacked(struct direction *direction, const struct match_memory *memory,
		       const struct packet *packet);

/* A packet with SACK blocks that acknowledges nothing new cumulatively. */
void direction_sack(struct direction *direction, const struct match_memory *memory,
		    const struct arrival *arrival, struct verdict *verdict);

#endif
