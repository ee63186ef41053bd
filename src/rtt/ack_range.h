/*
 * What a cumulative acknowledgement covers, looked over once.
 */
#ifndef RTT_ACK_RANGE_H
#define RTT_ACK_RANGE_H

#include "rtt/match.h"

/* The segments in (una, ack]. */
struct ack_range {
	const struct segment_ring *ring;
	/* Only first transmissions are looked at, since none of the retransmissions can have been
	 * answered yet; see ack_range_originals. */
	bool originals;
	const struct segment *trigger; /* the last sent, SACKed ones left out; NULL: none */
	const struct segment *first;   /* the first of these */
	/* The last sent of those before the first SACKed data, if the trigger lies behind it;
	 * otherwise NULL. Either of the two may have been the last to arrive. */
	const struct segment *below;
	unsigned count;           /* segments that begin before ack, SACKed ones too */
	unsigned answered;        /* ... without these */
	uint32_t fresh;           /* bytes sent close enough before the trigger to
				   * share its answer */
	unsigned retransmissions; /* packets that retransmitted some of it, one behind the other
				   * counted once */
	bool resent_apart;        /* one was retransmitted in another packet than the trigger */
	bool hole;                /* some of the range was never seen */
	bool hole_at_end;         /* ... right below ack */
	bool released;            /* the receiver had held back data above the trigger */
	bool filled;              /* one filled a hole */
	uint32_t filled_tsval;    /* ... the earliest such */
};

/* Looks a direction's ring over; ack: in (una, max]. Pointers are valid until the ring
 * changes. */
void ack_range_of(struct ack_range *covered, const struct direction *direction,
		  const struct segment_ring *ring, uint32_t ack);

/* The transmission of a segment that counts: the last one, or the first if only these are looked
 * at. */
static inline const struct sent *ack_range_sent(const struct ack_range *covered,
						const struct segment *segment)
{
	return covered->originals ? &segment->first : segment_last_sent(segment);
}

/*
 * Whether no retransmission of what is covered can have been answered yet: each left the sender
 * less than 3/4 of the direction's shortest round trip ago, and the echo names none of them. Then
 * *originals is the same range with only the first transmissions looked at, which Karn's rule
 * does not concern. False if there is no retransmission.
 */
bool ack_range_originals(struct ack_range *originals, const struct ack_range *covered,
			 const struct direction *direction, const struct arrival *arrival);

/*
 * Which transmission does the echo name? It must be the only one of its TSval among
 * all that is covered, and the one that the receiver was answering: either the last
 * transmission of all, or, when no retransmission can have been answered yet, the
 * last of the first transmissions. NULL: it is not known.
 */
const struct sent *ack_range_by_echo(const struct direction *direction,
				     const struct ack_range *covered,
				     const struct arrival *arrival);

#endif
