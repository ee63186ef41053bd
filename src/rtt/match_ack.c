/*
 * Cumulative acknowledgements: see match.h.
 *
 * The one idea: of the segments that an acknowledgement newly covers, the receiver
 * was answering the one that was sent last (networks deliver in order, and where
 * they do not, SACK tells). That is the trigger. It gives a sample if it was sent
 * once; if it was not, or if anything else among them was not, only the timestamp
 * echo can still tell, and often nothing can.
 */
#include "rtt/match_ack.h"

#include "rtt/seq.h"

#define SMALLEST_FULL_SEGMENT 536u /* RFC 9293 3.7.1: what every host takes */
#define TIMESTAMP_OPTION_SIZE 12u  /* with its padding */
/* An answer to a SYN that takes as long as this may be the second one, the first having
 * been lost on its way (RFC 6298 2.1). */
#define INITIAL_RTO_NS INT64_C(1000000000)
/* How far an acknowledgement may run ahead of all data seen and still be believed. */
#define FARTHEST_AHEAD (1 << 24)

/* The segments in (una, ack], looked over once. */
struct covered {
	struct segment *trigger; /* the last sent, SACKed ones left out; NULL: none */
	struct segment *first;   /* the first of them */
	unsigned count;          /* segments that begin before ack */
	bool resent;             /* one of them was retransmitted */
	bool resent_apart;       /* ... in another packet than the trigger */
	bool hole;               /* some of the range was never seen */
	bool hole_at_end;        /* ... right below ack */
	bool released;           /* the receiver held later data back until now */
	uint32_t filled_tsval;   /* of the earliest hole filler */
	bool filled;
};

static const struct sent *last_sent(const struct segment *segment)
{
	return segment->flags & SEGMENT_RETRANSMITTED ? &segment->again : &segment->first;
}

static bool sent_later(const struct sent *a, const struct sent *b)
{
	return a->time_ns > b->time_ns ||
	       (a->time_ns == b->time_ns && (int32_t)(a->frame - b->frame) >= 0);
}

static void look_at(struct covered *covered, struct segment *segment)
{
	if (segment->flags & SEGMENT_SACKED) {
		covered->released = true;
		return;
	}
	if (!covered->first)
		covered->first = segment;
	if (!covered->trigger || sent_later(last_sent(segment), last_sent(covered->trigger)))
		covered->trigger = segment;
	if (segment->flags & SEGMENT_RETRANSMITTED)
		covered->resent = true;
	if ((segment->flags & SEGMENT_FILLED) && !covered->filled) {
		covered->filled = true;
		covered->filled_tsval = segment->first.tsval;
	}
}

static struct covered look_over(const struct direction *direction, uint32_t ack)
{
	struct covered covered = {0};
	uint32_t seen = direction->una;

	for (; covered.count < direction->ring.count; covered.count++) {
		struct segment *segment = segment_ring_at(&direction->ring, covered.count);

		if (!seq_before(segment->start, ack))
			break;
		if (seq_after(segment->start, seen))
			covered.hole = true;
		seen = segment->end;
		look_at(&covered, segment);
	}
	if (seq_before(seen, ack))
		covered.hole = covered.hole_at_end = true;
	if (!covered.resent || !covered.trigger)
		return covered;
	for (unsigned i = 0; i < covered.count; i++) {
		const struct segment *segment = segment_ring_at(&direction->ring, i);

		if ((segment->flags & (SEGMENT_RETRANSMITTED | SEGMENT_SACKED)) ==
			    SEGMENT_RETRANSMITTED &&
		    segment->again.frame != last_sent(covered.trigger)->frame)
			covered.resent_apart = true;
	}
	return covered;
}

/* How many transmissions of what is covered bear this TSval, those of one packet
 * counted once; the last one found goes to *found. */
static unsigned bearers(const struct direction *direction, const struct covered *covered,
			uint32_t tsval, const struct sent **found)
{
	unsigned count = 0;
	uint32_t frame = 0;

	for (unsigned i = 0; i < covered->count && count < 2; i++) {
		const struct segment *segment = segment_ring_at(&direction->ring, i);
		const struct sent *sent[2] = {&segment->first, &segment->again};
		unsigned times = segment->flags & SEGMENT_RETRANSMITTED ? 2 : 1;

		if (segment->flags & SEGMENT_SACKED)
			continue;
		for (unsigned j = 0; j < times; j++) {
			if (sent[j]->tsval != tsval || (count && sent[j]->frame == frame))
				continue;
			frame = sent[j]->frame;
			*found = sent[j];
			count++;
		}
	}
	return count;
}

/* The last first transmission among what is covered. */
static const struct segment *last_original(const struct direction *direction,
					   const struct covered *covered)
{
	const struct segment *last = NULL;

	for (unsigned i = 0; i < covered->count; i++) {
		const struct segment *segment = segment_ring_at(&direction->ring, i);

		if (segment->flags & SEGMENT_SACKED)
			continue;
		if (!last || sent_later(&segment->first, &last->first))
			last = segment;
	}
	return last;
}

/* Could none of the retransmissions have been answered by now? Not if each was sent
 * well within the shortest round trip ever seen here, or if the receiver would have
 * said that it got a duplicate (RFC 2883). */
static bool before_any_answer(const struct direction *direction, const struct covered *covered,
			      int64_t now_ns)
{
	if (direction->flags & DIRECTION_DSACK)
		return true;
	if (!direction->min_rtt_ns)
		return false;
	for (unsigned i = 0; i < covered->count; i++) {
		const struct segment *segment = segment_ring_at(&direction->ring, i);

		if ((segment->flags & SEGMENT_RETRANSMITTED) &&
		    !(segment->flags & SEGMENT_SACKED) &&
		    now_ns - segment->again.time_ns >= direction->min_rtt_ns / 4 * 3)
			return false;
	}
	return true;
}

/*
 * Which transmission does the echo name? It must be the only one of its TSval among
 * all that is covered, and the one that the receiver was answering: either the last
 * transmission of all, or, when no retransmission can have been answered yet, the
 * last of the first transmissions. NULL: it cannot be told.
 */
static const struct sent *by_echo(const struct direction *direction, const struct covered *covered,
				  const struct arrival *arrival)
{
	const struct segment *trigger = covered->trigger;
	const struct sent *named = NULL;

	if (!arrival->packet->has_timestamps || !(direction->flags & DIRECTION_TIMESTAMPS))
		return NULL;
	if (bearers(direction, covered, arrival->packet->tsecr, &named) != 1)
		return NULL;
	if (named->frame == last_sent(trigger)->frame)
		return trigger->flags & SEGMENT_AGAIN_SHARED ? NULL : named;

	const struct segment *original = last_original(direction, covered);

	if (named->frame == original->first.frame &&
	    !(original->flags & (SEGMENT_FIRST_SHARED | SEGMENT_UNTIMED)) &&
	    before_any_answer(direction, covered, arrival->now_ns))
		return named;
	return NULL;
}

/* Is a TSecr newer than this transmission's TSval? Zero is what broken stacks send. */
static bool newer_echo(const struct direction *direction, const struct packet *packet,
		       const struct sent *sent)
{
	return packet->has_timestamps && packet->tsecr &&
	       (direction->flags & DIRECTION_TIMESTAMPS) && seq_after(packet->tsecr, sent->tsval);
}

uint32_t direction_full_segment(const struct direction *direction)
{
	uint32_t full = direction->longest;

	if (full < SMALLEST_FULL_SEGMENT)
		full = SMALLEST_FULL_SEGMENT;
	if (direction->mss) {
		uint32_t announced = direction->mss;

		if ((direction->flags & DIRECTION_TIMESTAMPS) && announced > TIMESTAMP_OPTION_SIZE)
			announced -= TIMESTAMP_OPTION_SIZE;
		if (full > announced)
			full = announced;
	}
	return full;
}

/* A handshake's last ACK may have waited for what the application sends with it. */
static bool waits_for_application(const struct packet *packet)
{
	return (packet->length || (packet->flags & TCP_FIN)) && !(packet->flags & TCP_SYN);
}

/* Was the receiver obliged to answer at once (RFC 5681 4.2, RFC 9293 3.8.6.3)? */
static enum tcpm_class class_of(const struct direction *direction, const struct covered *covered,
				const struct arrival *arrival, const struct sent *sent,
				bool handshake)
{
	const struct packet *packet = arrival->packet;

	if (handshake)
		return waits_for_application(packet) ||
				       arrival->now_ns - sent->time_ns >= INITIAL_RTO_NS
			       ? TCPM_CLASS_RESPONSE
			       : TCPM_CLASS_NETWORK;
	if (packet->flags & TCP_RST)
		return TCPM_CLASS_RESPONSE;
	if (packet->ack - direction->una > direction_full_segment(direction))
		return TCPM_CLASS_NETWORK;
	if (covered->released || covered->filled)
		return TCPM_CLASS_NETWORK;
	if ((covered->trigger->flags & SEGMENT_RETRANSMITTED) &&
	    seq_after(packet->ack, covered->trigger->end))
		return TCPM_CLASS_NETWORK;
	return TCPM_CLASS_RESPONSE;
}

static void no_sample(struct verdict *verdict, enum tcpm_reason reason)
{
	verdict->sample = false;
	verdict->reason = (uint8_t)reason;
}

void match_sample(struct direction *direction, struct verdict *verdict,
		  const struct arrival *arrival, const struct sent *sent, enum tcpm_method method,
		  enum tcpm_class class_)
{
	int64_t rtt_ns;

	if (!arrival->timed || __builtin_sub_overflow(arrival->now_ns, sent->time_ns, &rtt_ns) ||
	    rtt_ns < 0 || rtt_ns > MATCH_MAX_RTT_NS) {
		no_sample(verdict, TCPM_REASON_CLOCK);
		return;
	}
	verdict->sample = true;
	verdict->method = (uint8_t)method;
	verdict->class_ = (uint8_t)class_;
	verdict->rtt_ns = rtt_ns;
	verdict->frame = sent->frame;
	if (!direction->min_rtt_ns || rtt_ns < direction->min_rtt_ns)
		direction->min_rtt_ns = rtt_ns;
}

/* Why data that is covered but not in the ring is not there. */
static enum tcpm_reason missing(const struct direction *direction, enum tcpm_reason otherwise)
{
	if ((direction->flags & DIRECTION_VOID) && seq_before(direction->una, direction->void_end))
		return (enum tcpm_reason)direction->void_reason;
	return otherwise;
}

/* Does the packet say that a duplicate made the receiver send it? */
static bool answers_duplicate(const struct packet *packet)
{
	return packet->sack_count && match_is_dsack(packet);
}

/* Is the direction's SYN what is acknowledged? */
static bool is_handshake(const struct direction *direction, const struct covered *covered)
{
	return (direction->flags & DIRECTION_ISN) && direction->una == direction->isn &&
	       covered->trigger->start == direction->isn;
}

static void sample(struct direction *direction, const struct arrival *arrival,
		   const struct covered *covered, const struct sent *sent, enum tcpm_method method,
		   struct verdict *verdict)
{
	bool handshake = is_handshake(direction, covered);
	enum tcpm_class class_ = class_of(direction, covered, arrival, sent, handshake);

	if (handshake && method == TCPM_METHOD_ACK)
		method = TCPM_METHOD_SYN;
	match_sample(direction, verdict, arrival, sent, method, class_);
}

/* A duplicate made the receiver speak: the last transmission, if that is the one that
 * the echo names. Duplicates are answered at once. */
static void judge_duplicate(struct direction *direction, const struct arrival *arrival,
			    const struct covered *covered, struct verdict *verdict)
{
	const struct sent *named = by_echo(direction, covered, arrival);

	if (named && named->frame == last_sent(covered->trigger)->frame && !covered->hole)
		match_sample(direction, verdict, arrival, named, TCPM_METHOD_ECHO,
			     TCPM_CLASS_NETWORK);
	else
		no_sample(verdict, TCPM_REASON_AMBIGUOUS);
}

/* Something unseen may have been answered, unless the echo says that the trigger
 * continued what the receiver had, and nothing comes after it. */
static void judge_hole(struct direction *direction, const struct arrival *arrival,
		       const struct covered *covered, struct verdict *verdict)
{
	const struct segment *trigger = covered->trigger;
	const struct sent *sent = last_sent(trigger);

	if (!covered->hole_at_end &&
	    !(trigger->flags & (SEGMENT_PARTIAL | SEGMENT_UNTIMED | SEGMENT_SPLIT)) &&
	    by_echo(direction, covered, arrival) == sent)
		sample(direction, arrival, covered, sent, TCPM_METHOD_ECHO, verdict);
	else
		no_sample(verdict, missing(direction, TCPM_REASON_GAP));
}

/* Some of it was sent again: only the echo can tell. */
static void judge_resent(struct direction *direction, const struct arrival *arrival,
			 const struct covered *covered, struct verdict *verdict)
{
	const struct sent *named = by_echo(direction, covered, arrival);

	if (named)
		sample(direction, arrival, covered, named, TCPM_METHOD_ECHO, verdict);
	else
		no_sample(verdict, TCPM_REASON_AMBIGUOUS);
}

/* Was a hole closed before the filler that was captured? */
static bool filled_before(const struct direction *direction, const struct packet *packet,
			  const struct covered *covered)
{
	return covered->filled && packet->has_timestamps && packet->tsecr &&
	       (direction->flags & DIRECTION_TIMESTAMPS) &&
	       seq_before(packet->tsecr, covered->filled_tsval);
}

static void judge_once(struct direction *direction, const struct arrival *arrival,
		       const struct covered *covered, struct verdict *verdict)
{
	const struct sent *sent = &covered->trigger->first;
	uint32_t flags = covered->trigger->flags;

	if (flags & SEGMENT_PARTIAL)
		no_sample(verdict, TCPM_REASON_PARTIAL);
	else if (flags & SEGMENT_SPLIT)
		no_sample(verdict, TCPM_REASON_AMBIGUOUS);
	else if (newer_echo(direction, arrival->packet, sent))
		no_sample(verdict, TCPM_REASON_CONTRADICTION);
	else if (filled_before(direction, arrival->packet, covered))
		no_sample(verdict, TCPM_REASON_AMBIGUOUS);
	else
		sample(direction, arrival, covered, sent, TCPM_METHOD_ACK, verdict);
}

static void judge(struct direction *direction, const struct arrival *arrival,
		  const struct covered *covered, struct verdict *verdict)
{
	const struct segment *trigger = covered->trigger;

	if (!trigger)
		no_sample(verdict, missing(direction,
					   covered->count ? TCPM_REASON_GAP : TCPM_REASON_UNSEEN));
	else if (answers_duplicate(arrival->packet))
		judge_duplicate(direction, arrival, covered, verdict);
	else if (match_sacks_later(direction, arrival->packet, last_sent(trigger)))
		/* The receiver was holding the rest back when data out of order came. */
		match_judge_sack(direction, arrival, verdict);
	else if (covered->hole)
		judge_hole(direction, arrival, covered, verdict);
	else if (trigger->flags & SEGMENT_UNTIMED)
		no_sample(verdict, missing(direction, TCPM_REASON_UNTIMED));
	else if ((trigger->flags & SEGMENT_RETRANSMITTED) || covered->resent_apart)
		judge_resent(direction, arrival, covered, verdict);
	else
		judge_once(direction, arrival, covered, verdict);
}

/* Where a direction was first met in mid-flow, what was in flight then is unknown; an
 * echo older than all that was seen answers that. */
static bool answers_before_capture(const struct direction *direction, const struct packet *packet,
				   const struct covered *covered)
{
	if ((direction->flags & DIRECTION_ACKED) || !covered->first)
		return false;
	return packet->has_timestamps && packet->tsecr &&
	       (direction->flags & DIRECTION_TIMESTAMPS) &&
	       seq_before(packet->tsecr, covered->first->first.tsval);
}

static void forget(struct direction *direction, const struct match_memory *memory, uint32_t ack,
		   unsigned covered)
{
	if (covered) {
		struct segment *last = segment_ring_at(&direction->ring, covered - 1);

		if (seq_after(last->end, ack)) {
			last->start = ack;
			last->flags |= SEGMENT_PARTIAL;
			covered--;
		}
	}
	if (covered)
		segment_ring_pop(&direction->ring, memory->slab, covered);
	direction->una = ack;
	direction->flags |= DIRECTION_ACKED;
	if ((direction->flags & DIRECTION_VOID) && !seq_before(ack, direction->void_end))
		direction->flags &= (uint16_t)~DIRECTION_VOID;
	if ((direction->flags & DIRECTION_SACK_BLOCK) && !seq_after(direction->sack_right, ack))
		direction->flags &= (uint16_t)~DIRECTION_SACK_BLOCK;
}

static void new_ack(struct direction *direction, const struct match_memory *memory,
		    const struct arrival *arrival, struct verdict *verdict)
{
	const struct packet *packet = arrival->packet;

	verdict->counted = true;
	if (seq_after(packet->ack, direction->max)) {
		no_sample(verdict, missing(direction, direction->ring.count ? TCPM_REASON_GAP
									    : TCPM_REASON_UNSEEN));
		/* Far ahead it is more likely forged than true; if it is true, the data will
		 * follow it. */
		if (seq_distance(packet->ack, direction->max) <= FARTHEST_AHEAD)
			forget(direction, memory, packet->ack, direction->ring.count);
		return;
	}
	struct covered covered = look_over(direction, packet->ack);

	if (answers_before_capture(direction, packet, &covered))
		no_sample(verdict, TCPM_REASON_GAP);
	else
		judge(direction, arrival, &covered, verdict);
	if (packet->sack_count)
		match_mark_sacked(direction, memory, packet);
	forget(direction, memory, packet->ack, covered.count);
}

void direction_ack(struct direction *direction, const struct match_memory *memory,
		   const struct arrival *arrival, struct verdict *verdict)
{
	const struct packet *packet = arrival->packet;
	bool known = direction->flags & (DIRECTION_SEEN | DIRECTION_ACKED);
	int32_t ahead = known ? seq_distance(packet->ack, direction->una) : 0;

	*verdict = (struct verdict){0};
	if (!known || ((ahead > SEQ_MAX_WINDOW || ahead < -SEQ_MAX_WINDOW) &&
		       !(direction->flags & DIRECTION_SEEN))) {
		direction->una = packet->ack;
		direction->flags |= DIRECTION_ACKED;
		return;
	}
	if (ahead > SEQ_MAX_WINDOW || ahead < 0) {
		/* A late one, or one from nowhere. In mid-flow it is the first to tell where
		 * the receiver stands: what lies between was sent before the capture. */
		if (!(direction->flags & DIRECTION_ACKED) && ahead < 0 && ahead > -SEQ_MAX_WINDOW) {
			match_void(direction, direction->una, TCPM_REASON_GAP);
			direction->una = packet->ack;
			direction->flags |= DIRECTION_ACKED;
		}
		return;
	}
	if (!(direction->flags & DIRECTION_SEEN)) {
		if (ahead > 0) {
			verdict->counted = true;
			no_sample(verdict, TCPM_REASON_ONE_SIDED);
			direction->una = packet->ack;
		}
	} else if (ahead > 0) {
		new_ack(direction, memory, arrival, verdict);
	} else {
		direction->flags |= DIRECTION_ACKED;
		if (!packet->length)
			direction->complaint = arrival->frame;
		if (packet->sack_count)
			direction_sack(direction, memory, arrival, verdict);
	}
	if (packet->sack_count)
		direction->complaint = arrival->frame;
	if (packet->sack_count && match_is_dsack(packet))
		direction->flags |= DIRECTION_DSACK;
}
