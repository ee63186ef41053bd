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

#define ETHERNET_MSS 1460u

#define MAX_MIN_RTT_NS INT64_C(3000000000)

/* A round trip of class network. */
static void note_rtt(struct direction *direction, int64_t rtt_ns)
{
	/* In units of 64 ns. */
	uint32_t rtt = (uint32_t)(rtt_ns >> MIN_RTT_SHIFT) + 1;

	if (!direction->min_rtt || rtt < direction->min_rtt)
		direction->min_rtt = rtt;
}

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
	/* A longer one may be overdue, see match_overdue. */
	if (class_ == TCPM_CLASS_NETWORK && rtt_ns <= MAX_MIN_RTT_NS)
		note_rtt(direction, rtt_ns);
}

/* Why data that is covered but not in the ring is not there. */
static enum tcpm_reason missing(const struct direction *direction, enum tcpm_reason otherwise)
{
	if ((direction->flags & DIRECTION_UNTRACKED) &&
	    seq_before(direction->una, direction->untracked_end))
		return match_untracked_reason(direction);
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

bool match_agrees(int64_t now_ns, int64_t sent_ns, int64_t other_ns)
{
	int64_t longer_ns = now_ns - (sent_ns < other_ns ? sent_ns : other_ns);
	int64_t apart_ns = sent_ns < other_ns ? other_ns - sent_ns : sent_ns - other_ns;

	return apart_ns <= longer_ns / 16;
}

static void sample(struct direction *direction, const struct arrival *arrival,
		   const struct ack_range *covered, const struct sent *sent,
		   enum tcpm_method method, struct verdict *verdict)
{
	bool handshake = is_handshake(direction, covered);
	enum tcpm_class class_ = match_class(direction, covered, arrival, sent, handshake);

	if (handshake && method == TCPM_METHOD_ACK)
		method = TCPM_METHOD_SYN;
	if (covered->trigger->flags & SEGMENT_RETRANSMITTED)
		verdict->resent_ns =
			covered->trigger->again.time_ns - covered->trigger->first.time_ns;
	match_sample(direction, verdict, arrival, sent, method, class_);
}

/* A duplicate made the receiver speak: the last transmission, if that is the one that
 * the D-SACK reports and the echo names. Duplicates are answered at once. */
static void sample_duplicate(struct direction *direction, const struct arrival *arrival,
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
static void sample_after_hole(struct direction *direction, const struct arrival *arrival,
			      const struct ack_range *covered, struct verdict *verdict)
{
	const struct segment *trigger = covered->trigger;
	const struct sent *sent = ack_range_sent(covered, trigger);

	if (!covered->hole_at_end &&
	    !(trigger->flags & (SEGMENT_PARTIAL | SEGMENT_UNTIMED | SEGMENT_SPLIT)) &&
	    ack_range_by_echo(direction, covered, arrival) == sent)
		sample(direction, arrival, covered, sent, TCPM_METHOD_ECHO, verdict);
	else
		match_no_sample(verdict, missing(direction, TCPM_REASON_GAP));
}

/* Does the echo say that something else was answered? The receiver echoes the segment
 * with which it went on from what it had acknowledged (RFC 7323 4.3): not older than
 * the first one covered, not newer than the last. */
static bool contradicts(const struct direction *direction, const struct packet *packet,
			const struct ack_range *covered)
{
	const struct segment *first = covered->first;
	const uint32_t tsval = covered->trigger->first.tsval;
	const uint32_t tsecr = packet->tsecr;

	if (!match_has_echo(direction, packet))
		return false;
	/* Linux's PAWS admits a segment that is one tick older than TS.Recent, and keeps that. */
	if (tsval && seq_after(tsecr, tsval) &&
	    !(tsecr == tsval + 1 && covered->ring->tsecr == tsecr))
		return true;
	return first->start == direction->una && !(first->flags & SEGMENT_PARTIAL) &&
	       first->first.tsval && seq_before(tsecr, first->first.tsval);
}

/* Was a hole closed before the filler that was captured? */
static bool filled_before(const struct direction *direction, const struct packet *packet,
			  const struct ack_range *covered)
{
	return covered->filled && covered->filled_tsval && match_has_echo(direction, packet) &&
	       seq_before(packet->tsecr, covered->filled_tsval);
}

/* Where SACK blocks are not visible, a duplicate acknowledgement that nothing explains shows that
 * segments changed places on their way; which one came last is not known. One that the trigger
 * itself closed, a hole at una, explains it. */
static bool out_of_order(const struct direction *direction, const struct ack_range *covered)
{
	const struct segment *trigger = covered->trigger;

	/* Hardly ever: asked first. */
	return (direction->flags & DIRECTION_DUPACK) && covered->ring->duplicates &&
	       covered->answered > 1 &&
	       !((trigger->flags & SEGMENT_FILLED) && trigger->start == direction->una) &&
	       (int32_t)(covered->ring->dupack_frame - trigger->first.frame) > 0;
}

/* SACKed data parts what is covered, in `below` and the rest: either the segments below it were the
 * last to arrive, or the trigger, behind it. The echo tells if their timestamps differ (RFC
 * 7323 4.3): it is of the segment at una, or of the trigger. Returns the one; NULL: it cannot be
 * told. */
static const struct segment *last_to_arrive(const struct direction *direction,
					    const struct arrival *arrival,
					    const struct ack_range *covered)
{
	const struct segment *below = covered->below;
	const struct segment *trigger = covered->trigger;
	const uint32_t at_una = covered->first->first.tsval;

	if (match_has_echo(direction, arrival->packet) && at_una != trigger->first.tsval) {
		if (arrival->packet->tsecr == at_una)
			return below;
		if (arrival->packet->tsecr == trigger->first.tsval)
			return trigger;
	}
	return match_agrees(arrival->now_ns, trigger->first.time_ns, below->first.time_ns) ? trigger
											   : NULL;
}

/* Each segment was sent once, and the trigger was the last to arrive. */
static void sample_trigger(struct direction *direction, const struct arrival *arrival,
			   const struct ack_range *covered, struct verdict *verdict)
{
	const struct packet *packet = arrival->packet;
	const uint32_t flags = covered->trigger->flags;

	if (flags & SEGMENT_PARTIAL)
		match_no_sample(verdict, TCPM_REASON_PARTIAL);
	else if ((flags & SEGMENT_SPLIT) && !(flags & SEGMENT_RETRANSMITTED))
		match_no_sample(verdict, TCPM_REASON_AMBIGUOUS);
	else if (filled_before(direction, packet, covered) || out_of_order(direction, covered))
		match_no_sample(verdict, TCPM_REASON_AMBIGUOUS);
	else if (contradicts(direction, packet, covered))
		match_no_sample(verdict, TCPM_REASON_CONTRADICTION);
	else
		sample(direction, arrival, covered, &covered->trigger->first, TCPM_METHOD_ACK,
		       verdict);
}

/* Each segment was sent once. */
static void sample_unambiguous(struct direction *direction, const struct arrival *arrival,
			       const struct ack_range *covered, struct verdict *verdict)
{
	const struct segment *last;

	if (!covered->below) {
		sample_trigger(direction, arrival, covered, verdict);
		return;
	}
	last = last_to_arrive(direction, arrival, covered);
	if (last) {
		struct ack_range range = *covered;

		range.trigger = last;
		range.released |= last != covered->trigger;
		sample_trigger(direction, arrival, &range, verdict);
	} else {
		match_no_sample(verdict, TCPM_REASON_AMBIGUOUS);
	}
}

/* Did the receiver hold data out of order before this acknowledgement? */
static bool held_back(const struct direction *direction, const struct ack_range *covered)
{
	return (direction->flags & DIRECTION_SACK_BLOCK) || covered->count > covered->answered;
}

/* Does the packet's first SACK block newly cover data, sent at another time than what is
 * acknowledged? Where data was held back or sent again, either of the two may have come last: a
 * receiver may hold the report of data out of order back, until a hole is filled. */
static bool two_answers(const struct direction *direction, const struct arrival *arrival,
			const struct ack_range *covered, const struct sent *sent)
{
	const struct segment *sacked =
		match_newly_sacked(direction, covered->ring, arrival->packet);

	const struct segment *below = covered->below;
	int64_t sacked_ns;

	if (!sacked || !(covered->retransmissions || held_back(direction, covered)))
		return false;
	sacked_ns = segment_last_sent(sacked)->time_ns;
	return !match_agrees(arrival->now_ns, sent->time_ns, sacked_ns) ||
	       (below &&
		!match_agrees(arrival->now_ns, segment_last_sent(below)->time_ns, sacked_ns));
}

/* Karn's algorithm: some of it was sent again, so the acknowledgement may be of either
 * transmission. The echo can tell; or none of the retransmissions can have been answered yet, and
 * then it is of the first transmissions. originals: these; NULL: that is not so. */
static void sample_retransmitted(struct direction *direction, const struct arrival *arrival,
				 const struct ack_range *covered, const struct ack_range *originals,
				 struct verdict *verdict)
{
	const struct sent *named = ack_range_by_echo(direction, covered, arrival);
	const struct sent *sent = named ? named : originals ? &originals->trigger->first : NULL;

	if (!sent || two_answers(direction, arrival, covered, sent))
		match_no_sample(verdict, TCPM_REASON_AMBIGUOUS);
	else if (named)
		sample(direction, arrival, covered, named, TCPM_METHOD_ECHO, verdict);
	else
		sample_unambiguous(direction, arrival, originals, verdict);
}

/* The acknowledgement has a first SACK block that newly covers data, of which `sacked` was sent
 * last; sent: what it acknowledges. */
static bool sample_with_block(struct direction *direction, const struct arrival *arrival,
			      const struct ack_range *covered, const struct sent *sent,
			      const struct segment *sacked, struct verdict *verdict)
{
	if (two_answers(direction, arrival, covered, sent))
		match_no_sample(verdict, TCPM_REASON_AMBIGUOUS);
	else if (sent_later(segment_last_sent(sacked), sent))
		/* The receiver was holding the rest back when data out of order came. */
		match_judge_sack(direction, covered->ring, arrival, verdict);
	else
		return false;
	return true;
}

static void judge(struct direction *direction, const struct arrival *arrival,
		  const struct ack_range *covered, const struct ack_range *originals,
		  struct verdict *verdict)
{
	const struct segment *trigger = covered->trigger;
	const struct segment *sacked =
		arrival->packet->sack_count
			? match_newly_sacked(direction, covered->ring, arrival->packet)
			: NULL;

	if (!trigger)
		match_no_sample(verdict, missing(direction, covered->count ? TCPM_REASON_GAP
									   : TCPM_REASON_UNSEEN));
	else if (answers_duplicate(arrival->packet))
		sample_duplicate(direction, arrival, covered, verdict);
	else if (sacked && sample_with_block(direction, arrival, covered,
					     originals ? &originals->trigger->first
						       : segment_last_sent(trigger),
					     sacked, verdict))
		;
	else if (covered->hole)
		sample_after_hole(direction, arrival, covered, verdict);
	else if (trigger->flags & SEGMENT_UNTIMED)
		match_no_sample(verdict, missing(direction, TCPM_REASON_UNTIMED));
	else if ((trigger->flags & (SEGMENT_RETRANSMITTED | SEGMENT_BEFORE)) ||
		 covered->resent_apart)
		sample_retransmitted(direction, arrival, covered, originals, verdict);
	else
		sample_unambiguous(direction, arrival, covered, verdict);
}

/* Where a direction was first met in mid-flow, what was in flight then is unknown; an
 * echo older than all that was seen answers that. */
static bool answers_before_capture(const struct direction *direction, const struct packet *packet,
				   const struct ack_range *covered)
{
	return !(direction->flags & DIRECTION_ACKED) && covered->first &&
	       match_has_echo(direction, packet) && covered->first->first.tsval &&
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
		direction->flags &= (uint16_t) ~(DIRECTION_DUPACK | DIRECTION_ACK_SUSPECT);
	if ((direction->flags & DIRECTION_UNTRACKED) && !seq_before(ack, direction->untracked_end))
		direction->flags &= (uint16_t)~DIRECTION_UNTRACKED;
	if ((direction->flags & DIRECTION_SACK_BLOCK) && !seq_after(ring->sack_right, ack))
		direction->flags &= (uint16_t)~DIRECTION_SACK_BLOCK;
}

/* An acknowledgement of n segments accounts for n - 1 of the duplicates before it. And a
 * retransmission that cannot have been answered yet will make the receiver send one. */
static void account_for_duplicates(struct direction *direction, const struct match_memory *memory,
				   const struct ack_range *covered, uint32_t ack,
				   unsigned unanswered)
{
	struct segment_ring *ring = direction_ring(direction, memory);
	uint32_t full = direction->mss ? direction->mss : ETHERNET_MSS;
	uint32_t segments = (ack - direction->una + full - 1) / full;

	if (segments < covered->answered)
		segments = covered->answered;
	ring->duplicates =
		(uint16_t)(segments > ring->duplicates ? 0 : ring->duplicates - (segments - 1));
	if (ring->explained < UINT16_MAX - unanswered)
		ring->explained = (uint16_t)(ring->explained + unanswered);
}

/* The SYN brought data that the SYN-ACK does not acknowledge: it was not taken, and is sent again
 * (RFC 7413 section 3). Called after the SYN was acknowledged. */
static void refuse_fast_open(struct direction *direction, const struct match_memory *memory)
{
	struct segment_ring *ring = direction_ring(direction, memory);

	if (!(direction->flags & DIRECTION_ISN) || direction->una != direction->isn + 1)
		return;
	for (unsigned i = 0; i < ring->count; i++)
		segment_ring_at(ring, i)->flags |= SEGMENT_REFUSED | SEGMENT_UNTIMED;
}

/* TCP Fast Open: this side's SYN brought data that was not taken, and that is all of it so far
 * (RFC 7413 section 3). It is sent again with the last acknowledgement of the handshake. */
static bool repeats_fast_open(const struct direction *own)
{
	const uint32_t known = DIRECTION_ISN | DIRECTION_SEEN | DIRECTION_ACKED;

	return (own->flags & known) == known && own->longest && own->una == own->isn + 1 &&
	       own->max == own->una + own->longest;
}

/* What is sent again needs no application: the handshake's last acknowledgement did not wait. */
static void class_with_fast_open(struct direction *direction, const struct direction *own,
				 const struct arrival *arrival, struct verdict *verdict)
{
	if (verdict->class_ != TCPM_CLASS_RESPONSE || !arrival->packet->length ||
	    verdict->rtt_ns >= INITIAL_RTO_NS || !repeats_fast_open(own))
		return;
	verdict->class_ = TCPM_CLASS_NETWORK;
	note_rtt(direction, verdict->rtt_ns);
}

static void new_ack(struct direction *direction, const struct direction *own,
		    const struct match_memory *memory, const struct arrival *arrival,
		    struct verdict *verdict)
{
	const struct packet *packet = arrival->packet;
	const struct segment_ring *ring = direction_ring(direction, memory);

	verdict->acks_new_data = true;
	if (seq_after(packet->ack, direction->max)) {
		match_no_sample(verdict, missing(direction, ring->count ? TCPM_REASON_GAP
									: TCPM_REASON_UNSEEN));
		/* Far ahead it is more likely forged than true; if it is true, the data will
		 * follow it. */
		if (seq_distance(packet->ack, direction->max) <= FARTHEST_AHEAD)
			forget(direction, memory, packet->ack, ring->count);
		return;
	}
	struct ack_range covered, originals;
	bool unanswered;

	ack_range_of(&covered, direction, ring, packet->ack);
	unanswered = covered.retransmissions &&
		     ack_range_originals(&originals, &covered, direction, arrival);
	if (answers_before_capture(direction, packet, &covered))
		match_no_sample(verdict, TCPM_REASON_GAP);
	else
		judge(direction, arrival, &covered, unanswered ? &originals : NULL, verdict);
	if (packet->sack_count)
		match_mark_sacked(direction, memory, packet);
	if (unanswered || ring->duplicates)
		account_for_duplicates(direction, memory, &covered, packet->ack,
				       unanswered ? covered.retransmissions : 0);
	if (verdict->sample && verdict->method == TCPM_METHOD_SYN)
		class_with_fast_open(direction, own, arrival, verdict);
	forget(direction, memory, packet->ack, covered.count);
	if (packet->flags & TCP_SYN)
		refuse_fast_open(direction, memory);
}

/* An acknowledgement below una, or far from it. */
static void old_ack(struct direction *direction, uint32_t ack)
{
	if (!seq_plausible(ack, direction->una))
		return;
	if (!(direction->flags & DIRECTION_ACKED)) {
		/* In mid-flow the first that shows the receiver's position: what lies between
		 * was sent before the capture. */
		match_untrack(direction, direction->una, TCPM_REASON_GAP);
		direction->una = ack;
		direction->flags |= DIRECTION_ACKED;
	} else if (seq_after(direction->una, direction->max)) {
		/* The one that ran ahead of all data may have been forged: two that say so
		 * are believed. */
		if (direction->flags & DIRECTION_ACK_SUSPECT) {
			direction->una = ack;
			match_untrack(direction, direction->max, TCPM_REASON_GAP);
		}
		direction->flags ^= DIRECTION_ACK_SUSPECT;
	}
}

static void one_sided_ack(struct direction *direction, uint32_t ack, struct verdict *verdict)
{
	bool known = direction->flags & DIRECTION_ACKED;

	if (known && seq_plausible(ack, direction->una) && !seq_after(ack, direction->una))
		return;
	if (known && seq_plausible(ack, direction->una)) {
		verdict->acks_new_data = true;
		match_no_sample(verdict, TCPM_REASON_ONE_SIDED);
	}
	direction->una = ack;
	direction->flags |= DIRECTION_ACKED;
}

/* A duplicate acknowledgement of which no SACK block tells what made the receiver send it. */
static void count_duplicate(struct direction *direction, const struct match_memory *memory)
{
	struct segment_ring *ring = direction_ring(direction, memory);

	if (!ring->count)
		return;
	if (ring->explained)
		ring->explained--;
	else if (ring->duplicates < UINT16_MAX)
		ring->duplicates++;
}

/* A duplicate acknowledgement or a SACK block. With nothing outstanding it is not of interest. */
static void note_dupack(struct direction *direction, const struct match_memory *memory,
			uint32_t frame)
{
	struct segment_ring *ring = direction_ring(direction, memory);

	if (!ring->count)
		return;
	direction->flags |= DIRECTION_DUPACK;
	ring->dupack_frame = frame;
}

/* The receiver says again what it said before: it may ask for a retransmission, or have
 * a new window to announce (RFC 5681 section 2). */
static void repeated_ack(struct direction *direction, const struct match_memory *memory,
			 const struct arrival *arrival, struct verdict *verdict)
{
	const struct packet *packet = arrival->packet;

	direction->flags |= DIRECTION_ACKED;
	if (!packet->length && packet->window == direction->window) {
		note_dupack(direction, memory, arrival->frame);
		if (packet->options_cut || (direction->flags & DIRECTION_NO_SACK))
			count_duplicate(direction, memory);
	}
	if (packet->sack_count)
		direction_sack(direction, memory, arrival, verdict);
}

void direction_ack(struct direction *direction, const struct direction *own,
		   const struct match_memory *memory, const struct arrival *arrival,
		   struct verdict *verdict)
{
	const struct packet *packet = arrival->packet;
	int32_t ahead = seq_distance(packet->ack, direction->una);

	*verdict = (struct verdict){0};
	if (!(direction->flags & DIRECTION_SEEN))
		one_sided_ack(direction, packet->ack, verdict);
	else if (ahead < 0 || ahead > SEQ_MAX_WINDOW)
		old_ack(direction, packet->ack);
	else if (ahead > 0)
		new_ack(direction, own, memory, arrival, verdict);
	else
		repeated_ack(direction, memory, arrival, verdict);
	direction->window = packet->window;
	if (packet->sack_count) {
		note_dupack(direction, memory, arrival->frame);
		if (match_is_dsack(packet))
			direction->flags |= DIRECTION_DSACK;
	}
	if (direction->ring) {
		direction_ring(direction, memory)->tsecr = packet->tsecr;
		match_settle(direction, memory);
	}
}
