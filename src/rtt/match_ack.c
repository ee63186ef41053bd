/*
 * Cumulative acknowledgements: see match.h.
 *
 * The one idea: of the segments that an acknowledgement newly covers, the receiver
 * was answering the one that was sent last (networks deliver in order, and where
 * they do not, SACK tells). That is the trigger. It gives a sample if it was sent
 * once; if it was not, or if anything else among them was not, only the timestamp
 * echo can still tell, and often nothing can.
 */
#include "rtt/match_internal.h"

#include "rtt/seq.h"

/* How far an acknowledgement may run ahead of all data seen and still be believed. */
#define FARTHEST_AHEAD (1 << 24)

void match_sample(struct direction *direction, struct verdict *verdict,
		  const struct arrival *arrival, const struct sent *sent, enum tcpm_method method,
		  enum tcpm_class class_)
{
	int64_t rtt_ns;

	if (!arrival->timed || __builtin_sub_overflow(arrival->now_ns, sent->time_ns, &rtt_ns) ||
	    rtt_ns < 0 || rtt_ns > MATCH_MAX_RTT_NS) {
		match_no_sample(verdict, TCPM_REASON_CLOCK);
		return;
	}
	verdict->sample = true;
	verdict->method = (uint8_t)method;
	verdict->class_ = (uint8_t)class_;
	verdict->rtt_ns = rtt_ns;
	if (class_ == TCPM_CLASS_NETWORK) {
		/* At most 240 s in units of 64 ns. */
		uint32_t rtt = (uint32_t)(rtt_ns >> MIN_RTT_SHIFT) + 1;

		if (!direction->min_rtt || rtt < direction->min_rtt)
			direction->min_rtt = rtt;
	}
}

/* Why data that is covered but not in the ring is not there. */
static enum tcpm_reason missing(const struct direction *direction, enum tcpm_reason otherwise)
{
	if ((direction->flags & DIRECTION_VOID) && seq_before(direction->una, direction->void_end))
		return match_void_reason(direction);
	return otherwise;
}

/* Does the packet say that a duplicate made the receiver send it? */
static bool answers_duplicate(const struct packet *packet)
{
	return packet->sack_count && match_is_dsack(packet);
}

/* Is the direction's SYN what is acknowledged? */
static bool is_handshake(const struct direction *direction, const struct ack_range *covered)
{
	return (direction->flags & DIRECTION_ISN) && direction->una == direction->isn &&
	       covered->trigger->start == direction->isn;
}

static void sample(struct direction *direction, const struct arrival *arrival,
		   const struct ack_range *covered, const struct sent *sent,
		   enum tcpm_method method, struct verdict *verdict)
{
	bool handshake = is_handshake(direction, covered);
	enum tcpm_class class_ = match_class(direction, covered, arrival, sent, handshake);

	if (handshake && method == TCPM_METHOD_ACK)
		method = TCPM_METHOD_SYN;
	match_sample(direction, verdict, arrival, sent, method, class_);
}

/* A duplicate made the receiver speak: the last transmission, if that is the one that
 * the D-SACK reports and the echo names. Duplicates are answered at once. */
static void judge_duplicate(struct direction *direction, const struct arrival *arrival,
			    const struct ack_range *covered, struct verdict *verdict)
{
	const struct sack_block *block = &arrival->packet->sack[0];
	const struct segment *trigger = covered->trigger;
	const struct sent *named = ack_range_by_echo(direction, covered, arrival);
	bool reported =
		!seq_after(block->left, trigger->start) && seq_after(block->right, trigger->start);

	if (named && reported && !covered->hole &&
	    named->frame == segment_last_sent(trigger)->frame)
		match_sample(direction, verdict, arrival, named, TCPM_METHOD_ECHO,
			     TCPM_CLASS_NETWORK);
	else
		match_no_sample(verdict, TCPM_REASON_AMBIGUOUS);
}

/* Something unseen may have been answered, unless the echo says that the trigger
 * continued what the receiver had, and nothing comes after it. */
static void judge_hole(struct direction *direction, const struct arrival *arrival,
		       const struct ack_range *covered, struct verdict *verdict)
{
	const struct segment *trigger = covered->trigger;
	const struct sent *sent = segment_last_sent(trigger);

	if (!covered->hole_at_end &&
	    !(trigger->flags & (SEGMENT_PARTIAL | SEGMENT_UNTIMED | SEGMENT_SPLIT)) &&
	    ack_range_by_echo(direction, covered, arrival) == sent)
		sample(direction, arrival, covered, sent, TCPM_METHOD_ECHO, verdict);
	else
		match_no_sample(verdict, missing(direction, TCPM_REASON_GAP));
}

/* Some of it was sent again: only the echo can tell. */
static void judge_resent(struct direction *direction, const struct arrival *arrival,
			 const struct ack_range *covered, struct verdict *verdict)
{
	const struct sent *named = ack_range_by_echo(direction, covered, arrival);

	if (named)
		sample(direction, arrival, covered, named, TCPM_METHOD_ECHO, verdict);
	else
		match_no_sample(verdict, TCPM_REASON_AMBIGUOUS);
}

/* Does the echo say that something else was answered? The receiver echoes the segment
 * with which it went on from what it had acknowledged (RFC 7323 4.3): not older than
 * the first one covered, not newer than the last. */
static bool contradicts(const struct direction *direction, const struct packet *packet,
			const struct ack_range *covered)
{
	const struct segment *first = covered->first;

	if (!match_has_echo(direction, packet))
		return false;
	if (seq_after(packet->tsecr, covered->trigger->first.tsval))
		return true;
	return first->start == direction->una && !(first->flags & SEGMENT_PARTIAL) &&
	       seq_before(packet->tsecr, first->first.tsval);
}

/* Was a hole closed before the filler that was captured? */
static bool filled_before(const struct direction *direction, const struct packet *packet,
			  const struct ack_range *covered)
{
	return covered->filled && match_has_echo(direction, packet) &&
	       seq_before(packet->tsecr, covered->filled_tsval);
}

/* Without SACK, a duplicate acknowledgement that no hole explains shows that segments
 * changed places on their way; which one came last is not known. */
static bool out_of_order(const struct direction *direction, const struct ack_range *covered)
{
	const uint32_t both = DIRECTION_NO_SACK | DIRECTION_COMPLAINT;

	/* Hardly ever: asked first. */
	return (direction->flags & both) == both && covered->answered > 1 && !covered->filled &&
	       (int32_t)(covered->ring->complaint - covered->trigger->first.frame) > 0;
}

static void judge_once(struct direction *direction, const struct arrival *arrival,
		       const struct ack_range *covered, struct verdict *verdict)
{
	const struct packet *packet = arrival->packet;
	uint32_t flags = covered->trigger->flags;

	if (flags & SEGMENT_PARTIAL)
		match_no_sample(verdict, TCPM_REASON_PARTIAL);
	else if (flags & SEGMENT_SPLIT)
		match_no_sample(verdict, TCPM_REASON_AMBIGUOUS);
	else if (filled_before(direction, packet, covered) || out_of_order(direction, covered))
		match_no_sample(verdict, TCPM_REASON_AMBIGUOUS);
	else if (contradicts(direction, packet, covered))
		match_no_sample(verdict, TCPM_REASON_CONTRADICTION);
	else
		sample(direction, arrival, covered, &covered->trigger->first, TCPM_METHOD_ACK,
		       verdict);
}

static void judge(struct direction *direction, const struct arrival *arrival,
		  const struct ack_range *covered, struct verdict *verdict)
{
	const struct segment *trigger = covered->trigger;

	if (!trigger)
		match_no_sample(verdict, missing(direction, covered->count ? TCPM_REASON_GAP
									   : TCPM_REASON_UNSEEN));
	else if (answers_duplicate(arrival->packet))
		judge_duplicate(direction, arrival, covered, verdict);
	else if (match_sacks_later(direction, covered->ring, arrival->packet,
				   segment_last_sent(trigger)))
		/* The receiver was holding the rest back when data out of order came. */
		match_judge_sack(direction, covered->ring, arrival, verdict);
	else if (covered->hole)
		judge_hole(direction, arrival, covered, verdict);
	else if (trigger->flags & SEGMENT_UNTIMED)
		match_no_sample(verdict, missing(direction, TCPM_REASON_UNTIMED));
	else if ((trigger->flags & (SEGMENT_RETRANSMITTED | SEGMENT_BEFORE)) ||
		 covered->resent_apart)
		judge_resent(direction, arrival, covered, verdict);
	else
		judge_once(direction, arrival, covered, verdict);
}

/* Where a direction was first met in mid-flow, what was in flight then is unknown; an
 * echo older than all that was seen answers that. */
static bool answers_before_capture(const struct direction *direction, const struct packet *packet,
				   const struct ack_range *covered)
{
	return !(direction->flags & DIRECTION_ACKED) && covered->first &&
	       match_has_echo(direction, packet) &&
	       seq_before(packet->tsecr, covered->first->first.tsval);
}

static void forget(struct direction *direction, const struct match_memory *memory, uint32_t ack,
		   unsigned covered)
{
	struct segment_ring *ring = direction_ring(direction, memory);

	if (covered) {
		struct segment *last = segment_ring_at(ring, covered - 1);

		if (seq_after(last->end, ack)) {
			last->start = ack;
			last->flags |= SEGMENT_PARTIAL;
			covered--;
		}
	}
	if (covered)
		segment_ring_pop(ring, covered);
	direction->una = ack;
	direction->flags |= DIRECTION_ACKED;
	if (!ring->count)
		direction->flags &= (uint16_t) ~(DIRECTION_COMPLAINT | DIRECTION_DOUBT);
	if ((direction->flags & DIRECTION_VOID) && !seq_before(ack, direction->void_end))
		direction->flags &= (uint16_t)~DIRECTION_VOID;
	if ((direction->flags & DIRECTION_SACK_BLOCK) && !seq_after(ring->sack_right, ack))
		direction->flags &= (uint16_t)~DIRECTION_SACK_BLOCK;
}

static void new_ack(struct direction *direction, const struct match_memory *memory,
		    const struct arrival *arrival, struct verdict *verdict)
{
	const struct packet *packet = arrival->packet;
	const struct segment_ring *ring = direction_ring(direction, memory);

	verdict->counted = true;
	if (seq_after(packet->ack, direction->max)) {
		match_no_sample(verdict, missing(direction, ring->count ? TCPM_REASON_GAP
									: TCPM_REASON_UNSEEN));
		/* Far ahead it is more likely forged than true; if it is true, the data will
		 * follow it. */
		if (seq_distance(packet->ack, direction->max) <= FARTHEST_AHEAD)
			forget(direction, memory, packet->ack, ring->count);
		return;
	}
	struct ack_range covered;

	ack_range_of(&covered, direction, ring, packet->ack);
	if (answers_before_capture(direction, packet, &covered))
		match_no_sample(verdict, TCPM_REASON_GAP);
	else
		judge(direction, arrival, &covered, verdict);
	if (packet->sack_count)
		match_mark_sacked(direction, memory, packet);
	forget(direction, memory, packet->ack, covered.count);
}

/* An acknowledgement below una, or from nowhere. */
static void old_ack(struct direction *direction, uint32_t ack)
{
	if (!seq_plausible(ack, direction->una))
		return;
	if (!(direction->flags & DIRECTION_ACKED)) {
		/* In mid-flow the first to tell where the receiver stands: what lies between
		 * was sent before the capture. */
		match_void(direction, direction->una, TCPM_REASON_GAP);
		direction->una = ack;
		direction->flags |= DIRECTION_ACKED;
	} else if (seq_after(direction->una, direction->max)) {
		/* The one that ran ahead of all data may have been forged: two that say so
		 * are believed. */
		if (direction->flags & DIRECTION_DOUBT) {
			direction->una = ack;
			match_void(direction, direction->max, TCPM_REASON_GAP);
		}
		direction->flags ^= DIRECTION_DOUBT;
	}
}

static void one_sided_ack(struct direction *direction, uint32_t ack, struct verdict *verdict)
{
	bool known = direction->flags & DIRECTION_ACKED;

	if (known && seq_plausible(ack, direction->una) && !seq_after(ack, direction->una))
		return;
	if (known && seq_plausible(ack, direction->una)) {
		verdict->counted = true;
		match_no_sample(verdict, TCPM_REASON_ONE_SIDED);
	}
	direction->una = ack;
	direction->flags |= DIRECTION_ACKED;
}

/* The receiver complains of a loss. With nothing outstanding there is nobody to hear. */
static void message_print(struct direction *direction, const struct match_memory *memory,
			  uint32_t frame)
{
	struct segment_ring *ring = direction_ring(direction, memory);

	if (!ring->count)
		return;
	direction->flags |= DIRECTION_COMPLAINT;
	ring->complaint = frame;
}

/* The receiver says again what it said before: it may ask for a retransmission, or have
 * a new window to announce (RFC 5681 section 2). */
static void repeated_ack(struct direction *direction, const struct match_memory *memory,
			 const struct arrival *arrival, struct verdict *verdict)
{
	const struct packet *packet = arrival->packet;

	direction->flags |= DIRECTION_ACKED;
	if (!packet->length && packet->window == direction->window)
		message_print(direction, memory, arrival->frame);
	if (packet->sack_count)
		direction_sack(direction, memory, arrival, verdict);
}

void direction_ack(struct direction *direction, const struct match_memory *memory,
		   const struct arrival *arrival, struct verdict *verdict)
{
	const struct packet *packet = arrival->packet;
	int32_t ahead = seq_distance(packet->ack, direction->una);

	*verdict = (struct verdict){0};
	if (!(direction->flags & DIRECTION_SEEN))
		one_sided_ack(direction, packet->ack, verdict);
	else if (ahead < 0 || ahead > SEQ_MAX_WINDOW)
		old_ack(direction, packet->ack);
	else if (ahead > 0)
		new_ack(direction, memory, arrival, verdict);
	else
		repeated_ack(direction, memory, arrival, verdict);
	direction->window = packet->window;
	if (packet->sack_count) {
		message_print(direction, memory, arrival->frame);
		if (match_is_dsack(packet))
			direction->flags |= DIRECTION_DSACK;
	}
	match_settle(direction, memory);
}
