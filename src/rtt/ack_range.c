/*
 * What an acknowledgement covers, and which of it the echo names: see
 * ack_range.h.
 */
#include "rtt/match_internal.h"

#include "rtt/seq.h"

static void look_at(struct ack_range *covered, const struct segment *segment)
{
	const struct sent *sent = ack_range_sent(covered, segment);

	covered->answered++;
	if (!covered->first)
		covered->first = segment;
	if (!covered->trigger || sent_later(sent, ack_range_sent(covered, covered->trigger)))
		covered->trigger = segment;
	if ((segment->flags & SEGMENT_FILLED) && !covered->filled) {
		covered->filled = true;
		covered->filled_tsval = segment->first.tsval;
	}
}

/* The second look, when the trigger is known. */
static void look_back(struct ack_range *covered, uint32_t ack)
{
	const struct sent *last = ack_range_sent(covered, covered->trigger);
	const struct segment *resent = NULL;

	for (unsigned i = 0; i < covered->count; i++) {
		const struct segment *segment = segment_ring_at(covered->ring, i);
		const struct sent *sent = ack_range_sent(covered, segment);

		if (segment->flags & SEGMENT_SACKED) {
			covered->released |= !seq_before(segment->start, covered->trigger->end);
			continue;
		}
		if ((segment->flags & SEGMENT_BEFORE ||
		     (segment->flags & SEGMENT_RETRANSMITTED && !covered->originals)) &&
		    sent->frame != last->frame)
			covered->resent_apart = true;
		if (segment->flags & SEGMENT_RETRANSMITTED) {
			covered->retransmissions +=
				!resent || resent->again.frame != segment->again.frame;
			resent = segment;
		}
		if (last->time_ns - sent->time_ns < SHORTEST_DELAY_NS)
			covered->fresh += seq_min(segment->end, ack) - segment->start;
	}
}

/* Bytes of what is covered, nothing of it sent out of order, that were sent close before the
 * last. */
static uint32_t fresh_of(const struct ack_range *covered, uint32_t ack)
{
	const struct segment *last = covered->trigger;
	unsigned i = 0;

	while (last->first.time_ns - segment_ring_at(covered->ring, i)->first.time_ns >=
	       SHORTEST_DELAY_NS)
		i++;
	return seq_min(last->end, ack) - segment_ring_at(covered->ring, i)->start;
}

/* What nearly always is: segments one behind the other, each sent once. False: there is more
 * to it, and the rest of *covered is unset. */
static bool look_plainly(struct ack_range *covered, uint32_t una, uint32_t ack)
{
	const struct segment_ring *ring = covered->ring;
	const struct segment *last = NULL;
	int64_t last_ns = INT64_MIN;
	uint32_t seen = una;
	unsigned count = 0;

	for (; count < ring->count && seq_before(seen, ack); count++) {
		const struct segment *segment = segment_ring_at(ring, count);

		if (segment->flags | (segment->start ^ seen) |
		    (uint32_t)(segment->first.time_ns < last_ns))
			return false;
		last = segment;
		last_ns = segment->first.time_ns;
		seen = segment->end;
	}
	if (!last || seq_before(seen, ack))
		return false;
	covered->first = segment_ring_at(ring, 0);
	covered->trigger = last;
	covered->count = covered->answered = count;
	covered->fresh = fresh_of(covered, ack);
	return true;
}

static void look_closely(struct ack_range *covered, uint32_t una, uint32_t ack)
{
	const struct segment_ring *ring = covered->ring;
	const struct segment *below = NULL;
	uint32_t seen = una;

	for (; covered->count < ring->count; covered->count++) {
		const struct segment *segment = segment_ring_at(ring, covered->count);

		if (!seq_before(segment->start, ack))
			break;
		if (seq_after(segment->start, seen))
			covered->hole = true;
		seen = segment->end;
		if (!(segment->flags & SEGMENT_SACKED))
			look_at(covered, segment);
		else if (!below)
			below = covered->trigger;
	}
	if (seq_before(seen, ack))
		covered->hole = covered->hole_at_end = true;
	if (below != covered->trigger)
		covered->below = below;
	if (covered->trigger)
		look_back(covered, ack);
}

void ack_range_of(struct ack_range *covered, const struct direction *direction,
		  const struct segment_ring *ring, uint32_t ack)
{
	*covered = (struct ack_range){.ring = ring};
	if (!look_plainly(covered, direction->una, ack))
		look_closely(covered, direction->una, ack);
}

/* How many transmissions of what is covered bear this TSval, those of one packet
 * counted once; the first one found goes to *found. Stops at two. */
static unsigned bearers(const struct ack_range *covered, uint32_t tsval, const struct sent **found)
{
	unsigned count = 0;

	for (unsigned i = 0; i < covered->count && count < 2; i++) {
		const struct segment *segment = segment_ring_at(covered->ring, i);
		const struct sent *sent[2] = {&segment->first, &segment->again};
		unsigned times = segment->flags & SEGMENT_RETRANSMITTED ? 2 : 1;

		if (segment->flags & SEGMENT_SACKED)
			continue;
		for (unsigned j = 0; j < times; j++) {
			if (sent[j]->tsval != tsval || (count && sent[j]->frame == (*found)->frame))
				continue;
			if (!count++)
				*found = sent[j];
		}
	}
	return count;
}

/* The last first transmission among what is covered. */
static const struct segment *last_original(const struct ack_range *covered)
{
	const struct segment *last = NULL;

	for (unsigned i = 0; i < covered->count; i++) {
		const struct segment *segment = segment_ring_at(covered->ring, i);

		if (segment->flags & SEGMENT_SACKED)
			continue;
		if (!last || sent_later(&segment->first, &last->first))
			last = segment;
	}
	return last;
}

/* Can a transmission not have been answered yet? It cannot if it left well within the shortest
 * round trip ever seen here. */
static bool too_young(const struct direction *direction, const struct sent *sent, int64_t now_ns)
{
	return direction->min_rtt &&
	       now_ns - sent->time_ns < direction_min_rtt_ns(direction) / 4 * 3;
}

bool ack_range_originals(struct ack_range *originals, const struct ack_range *covered,
			 const struct direction *direction, const struct arrival *arrival)
{
	const uint32_t ack = arrival->packet->ack;

	if (!covered->retransmissions)
		return false;
	for (unsigned i = 0; i < covered->count; i++) {
		const struct segment *segment = segment_ring_at(covered->ring, i);

		if ((segment->flags & SEGMENT_RETRANSMITTED) &&
		    !(segment->flags & SEGMENT_SACKED) &&
		    ((segment->flags & SEGMENT_SENT_THRICE) ||
		     !too_young(direction, &segment->again, arrival->now_ns)))
			return false;
	}
	*originals = (struct ack_range){.ring = covered->ring, .originals = true};
	look_closely(originals, direction->una, ack);
	/* An answer that comes too early for the first transmission as well shows that the path
	 * has become shorter. */
	if (too_young(direction, &originals->trigger->first, arrival->now_ns))
		return false;
	return !match_has_echo(direction, arrival->packet) || !originals->trigger->first.tsval ||
	       !seq_after(arrival->packet->tsecr, originals->trigger->first.tsval);
}

/* Can the retransmission of this segment not have been answered yet, or does it not
 * matter? It
 * does not if it followed the one before so closely that the difference is small
 * against the round trip (a server's and a client's SYN timers run out together). */
static bool unanswered(const struct direction *direction, const struct segment *segment,
		       int64_t now_ns)
{
	int64_t apart_ns = segment->again.time_ns - segment->first.time_ns;

	if (apart_ns <= (now_ns - segment->again.time_ns) / 16)
		return true;
	return too_young(direction, &segment->again, now_ns);
}

/* Is the direction's FIN acknowledged? A host in TIME-WAIT reports no duplicates. */
static bool covers_fin(const struct direction *direction, uint32_t ack)
{
	return (direction->flags & DIRECTION_FIN) && ack == direction->max;
}

/* By how much packets overtake one another: a few milliseconds at most. */
#define OVERTAKEN_NS INT64_C(4000000)

/* Was TS.Recent the echo already, before this segment was retransmitted with the same TSval? Then
 * its first transmission, one tick older, leaves the echo as it is (PAWS, RFC 7323 5.3, as Linux
 * has it), and nothing tells the two apart. */
static bool echoed_before(const struct direction *direction, const struct ack_range *covered,
			  const struct segment *segment, uint32_t tsecr)
{
	int64_t apart_ns = segment->again.time_ns - segment->first.time_ns;

	/* What is later than that, or by several round trips, was lost, not overtaken. */
	return covered->ring->tsecr == tsecr && tsecr - segment->first.tsval <= 1 &&
	       apart_ns < OVERTAKEN_NS && direction->min_rtt &&
	       apart_ns < 4 * direction_min_rtt_ns(direction);
}

/* Can none of the retransmissions have been answered by now? Nor if the receiver would
 * have said that it got a duplicate (RFC 2883). */
static bool before_any_answer(const struct direction *direction, const struct ack_range *covered,
			      const struct arrival *arrival)
{
	if ((direction->flags & DIRECTION_DSACK) && !covers_fin(direction, arrival->packet->ack))
		return true;
	for (unsigned i = 0; i < covered->count; i++) {
		const struct segment *segment = segment_ring_at(covered->ring, i);

		if ((segment->flags & SEGMENT_RETRANSMITTED) &&
		    !(segment->flags & SEGMENT_SACKED) &&
		    !unanswered(direction, segment, arrival->now_ns))
			return false;
	}
	return true;
}

const struct sent *ack_range_by_echo(const struct direction *direction,
				     const struct ack_range *covered, const struct arrival *arrival)
{
	const struct segment *trigger = covered->trigger;
	const struct sent *named = NULL;

	if (!match_has_echo(direction, arrival->packet) ||
	    bearers(covered, arrival->packet->tsecr, &named) != 1)
		return NULL;
	if (named->frame == segment_last_sent(trigger)->frame)
		return (trigger->flags & SEGMENT_AGAIN_SHARED) ||
				       echoed_before(direction, covered, trigger,
						     arrival->packet->tsecr)
			       ? NULL
			       : named;

	const struct segment *original = last_original(covered);
	const uint32_t unfit =
		SEGMENT_FIRST_SHARED | SEGMENT_UNTIMED | SEGMENT_PARTIAL | SEGMENT_BEFORE;

	if (named->frame == original->first.frame && !(original->flags & unfit) &&
	    before_any_answer(direction, covered, arrival))
		return named;
	return NULL;
}
