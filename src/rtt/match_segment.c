/*
 * Segments as they are sent: see match.h.
 *
 * The ring of a direction always holds disjoint pieces of [una, max). A packet
 * whose data was seen before cuts those pieces at its own edges, so that each
 * piece has one history: sent once, sent again, or seen for the first time after
 * its successors.
 */
#include "rtt/match_internal.h"
#include "rtt/seq.h"

/* How long after a packet its copy may follow. With an IPv4 identification two
 * transmissions differ, so a slow mirror may take its time; without one, only a
 * copy can be as quick as this. */
#define COPY_BY_ID_NS      INT64_C(50000000)
#define COPY_BY_CONTENT_NS INT64_C(1000000)

static uint32_t mix(uint32_t hash, uint32_t value)
{
	hash ^= value;
	hash *= 0x9e3779b1u;
	return hash ^ hash >> 15;
}

uint32_t match_fingerprint(const struct packet *packet)
{
	/* Where neither identification nor checksum tells two segments apart, the rest must. */
	uint32_t hash = mix(packet->flags | (uint32_t)packet->window << 16, packet->ack);

	hash = mix(hash, packet->tsval ^ (packet->tsecr << 16 | packet->tsecr >> 16));
	hash = mix(hash, packet->seq);
	return mix(hash, packet->ip_id ? packet->ip_id : 0x10000u | packet->checksum);
}

/* Could a packet so soon after one of the same fingerprint be its copy? `sent`: when that
 * one passed. */
static bool soon_enough(const struct arrival *arrival, int64_t sent_ns, int64_t limit_ns)
{
	int64_t apart_ns;

	if (__builtin_sub_overflow(arrival->now_ns, sent_ns, &apart_ns))
		return false;
	return apart_ns <= limit_ns && apart_ns >= -limit_ns;
}

static bool is_copy(const struct direction *direction, const struct segment_ring *ring,
		    const struct segment *segment, const struct arrival *arrival,
		    uint32_t packet_fingerprint)
{
	const struct sent *last = segment_last_sent(segment);

	if (segment->fingerprint != packet_fingerprint)
		return false;
	if (arrival->packet->ip_id)
		return soon_enough(arrival, last->time_ns, COPY_BY_ID_NS);
	/* A sender retransmits so soon only if the other side asked for it. Two answers to two SYNs
	 * can look the same. */
	if ((arrival->packet->flags & TCP_SYN) && (direction->flags & DIRECTION_ASKED_AGAIN))
		return false;
	if ((direction->flags & DIRECTION_DUPACK) &&
	    (int32_t)(last->frame - ring->dupack_frame) < 0)
		return false;
	return soon_enough(arrival, last->time_ns, COPY_BY_CONTENT_NS);
}

/* As direction's `sent`. */
#define SENT_SHIFT 10

static uint32_t sent_stamp(const struct arrival *arrival)
{
	return (uint32_t)(arrival->now_ns >> SENT_SHIFT);
}

/* All of it was acknowledged before. */
static enum segment_kind kind_of_old(const struct direction *direction,
				     const struct arrival *arrival, uint32_t packet_fingerprint,
				     uint32_t start, uint32_t end)
{
	int64_t limit_ns = arrival->packet->ip_id ? COPY_BY_ID_NS : COPY_BY_CONTENT_NS;
	uint32_t limit = (uint32_t)(limit_ns >> SENT_SHIFT);

	if (arrival->packet->length == 1 && end - start == 1 && end == direction->una &&
	    end == direction->max)
		return SEGMENT_KEEP_ALIVE;
	/* Not farther apart than the limit, in either direction. */
	if (direction->fingerprint == packet_fingerprint &&
	    sent_stamp(arrival) - direction->sent + limit <= 2 * limit)
		return SEGMENT_COPY;
	return SEGMENT_RESENT;
}

/* The receiver has all of a retransmission: it will send a duplicate acknowledgement. */
static void explain_duplicate(const struct direction *direction, const struct match_memory *memory)
{
	struct segment_ring *ring = direction_ring(direction, memory);

	if (direction->ring && ring->explained < UINT16_MAX)
		ring->explained++;
}

void match_untrack(struct direction *direction, uint32_t end, enum tcpm_reason reason)
{
	if (!(direction->flags & DIRECTION_UNTRACKED) || seq_after(end, direction->untracked_end))
		direction->untracked_end = end;
	direction->flags &= (uint16_t) ~(DIRECTION_UNTRACKED_CLOCK | DIRECTION_UNTRACKED_UNTIMED);
	direction->flags |= DIRECTION_UNTRACKED;
	if (reason == TCPM_REASON_CLOCK)
		direction->flags |= DIRECTION_UNTRACKED_CLOCK;
	if (reason == TCPM_REASON_UNTIMED)
		direction->flags |= DIRECTION_UNTRACKED_UNTIMED;
}

struct segment_ring *match_open(struct direction *direction, const struct match_memory *memory)
{
	bool had = direction->ring;

	if (!segment_ring_open(memory->slab, &direction->ring))
		return NULL;
	if (!had)
		direction_ring(direction, memory)->epoch = memory->epoch;
	return direction_ring(direction, memory);
}

/* Room for a segment before the index-th. NULL: there is none. */
struct segment *match_insert(struct direction *direction, const struct match_memory *memory,
			     unsigned index)
{
	if (!match_open(direction, memory))
		return NULL;
	return segment_ring_insert(memory->slab, &direction->ring, index, memory->limit);
}

static void forget_all(struct direction *direction, const struct match_memory *memory)
{
	if (direction->ring)
		direction_ring(direction, memory)->count = 0;
}

void direction_untrack(struct direction *direction, const struct match_memory *memory,
		       enum tcpm_reason reason)
{
	if (!direction_ring(direction, memory)->count)
		return;
	forget_all(direction, memory);
	match_untrack(direction, direction->max, reason);
	match_settle(direction, memory);
}

void direction_follow_clock(struct direction *direction, const struct match_memory *memory)
{
	if (!direction->ring || direction_ring(direction, memory)->epoch == memory->epoch)
		return;
	direction_ring(direction, memory)->epoch = memory->epoch;
	direction_untrack(direction, memory, TCPM_REASON_CLOCK);
}

void direction_reset(struct direction *direction, const struct match_memory *memory)
{
	struct direction fresh = {.mss = direction->mss};

	segment_ring_close(memory->slab, &direction->ring);
	*direction = fresh;
}

static struct sent sent_now(const struct arrival *arrival)
{
	return (struct sent){
		.time_ns = arrival->now_ns,
		.tsval = arrival->packet->tsval,
		.frame = arrival->frame,
	};
}

/* Remembers [start, end) before the index-th piece. */
static bool remember(struct direction *direction, const struct match_memory *memory,
		     const struct arrival *arrival, unsigned index, uint32_t start, uint32_t end,
		     uint32_t flags)
{
	struct segment_ring *ring = direction_ring(direction, memory);
	struct segment *segment = NULL;

	if (index == ring->count)
		segment = segment_ring_append(ring, memory->limit);
	if (!segment)
		segment = match_insert(direction, memory, index);
	if (!segment) {
		match_untrack(direction, end, TCPM_REASON_UNTIMED);
		return false;
	}
	*segment = (struct segment){
		.start = start,
		.end = end,
		.first = sent_now(arrival),
		.fingerprint = direction->fingerprint,
		.flags = flags | (arrival->timed ? 0 : SEGMENT_UNTIMED),
	};
	return true;
}

/* Cuts the index-th piece at `at`, strictly inside it. Without room for the second
 * piece the whole must not be timed any more. */
static bool split(struct direction *direction, const struct match_memory *memory, unsigned index,
		  uint32_t at)
{
	struct segment *tail = match_insert(direction, memory, index + 1);
	struct segment *head = segment_ring_at(direction_ring(direction, memory), index);

	if (!tail) {
		head->flags |= SEGMENT_UNTIMED;
		return false;
	}
	head->flags |= SEGMENT_SPLIT;
	*tail = *head;
	head->end = at;
	tail->start = at;
	return true;
}

/* Of more than two transmissions the last two are kept: one before them is hardly answered
 * any more. */
static void mark_resent(struct segment *segment, const struct arrival *arrival,
			uint32_t packet_fingerprint)
{
	const uint32_t shared = SEGMENT_FIRST_SHARED | SEGMENT_AGAIN_SHARED;
	struct sent now = sent_now(arrival);
	uint32_t flags = segment->flags & ~shared;

	if (flags & SEGMENT_REFUSED) {
		segment->first = now;
		segment->flags = arrival->timed ? 0 : SEGMENT_UNTIMED;
		segment->fingerprint = packet_fingerprint;
		return;
	}
	if (segment->flags & SEGMENT_RETRANSMITTED) {
		flags |= SEGMENT_SENT_THRICE;
		if ((segment->flags & SEGMENT_AGAIN_SHARED) ||
		    segment->again.tsval == segment->first.tsval)
			flags |= SEGMENT_FIRST_SHARED;
		segment->first = segment->again;
	}
	if (now.tsval == segment->first.tsval)
		flags |= shared;
	if (!arrival->timed)
		flags |= SEGMENT_UNTIMED;
	segment->flags = flags | SEGMENT_RETRANSMITTED;
	segment->again = now;
	segment->fingerprint = packet_fingerprint;
}

/* Data that nobody saw before, below max. If it was captured but not remembered,
 * it may well have been sent before. */
static uint32_t late_flags(const struct direction *direction, uint32_t start)
{
	if (!(direction->flags & DIRECTION_UNTRACKED) ||
	    !seq_before(start, direction->untracked_end))
		return SEGMENT_FILLED;
	return match_untracked_reason(direction) == TCPM_REASON_GAP ? SEGMENT_BEFORE
								    : SEGMENT_UNTIMED;
}

/* Works [start, end), una <= start, end <= max, into the ring. True if any of it was
 * seen before. */
static bool overlay(struct direction *direction, const struct match_memory *memory,
		    const struct arrival *arrival, uint32_t start, uint32_t end)
{
	unsigned index = segment_ring_find(direction_ring(direction, memory), start);
	bool resent = false;

	while (seq_before(start, end)) {
		struct segment_ring *ring = direction_ring(direction, memory);
		struct segment *segment = index < ring->count ? segment_ring_at(ring, index) : NULL;

		if (!segment || seq_after(segment->start, start)) {
			uint32_t until = segment ? seq_min(end, segment->start) : end;
			uint32_t flags = late_flags(direction, start);

			resent |= flags != SEGMENT_FILLED;
			if (remember(direction, memory, arrival, index, start, until, flags))
				index++;
			start = until;
			continue;
		}
		if (segment->start != start && split(direction, memory, index, start))
			index++;
		segment = segment_ring_at(direction_ring(direction, memory), index);
		if (seq_after(segment->end, end))
			split(direction, memory, index, end);
		segment = segment_ring_at(direction_ring(direction, memory), index);
		mark_resent(segment, arrival, direction->fingerprint);
		resent = true;
		start = segment->end;
		index++;
	}
	return resent;
}

/*
 * A segment that lies where this direction cannot be: a forgery, a broken middlebox,
 * or the capture missed so much that the direction has moved on. Two that follow one
 * another are believed.
 */
static bool believe(struct direction *direction, const struct match_memory *memory, uint32_t start,
		    uint32_t end)
{
	struct segment_ring *ring = match_open(direction, memory);

	if (!ring)
		return false;
	if ((direction->flags & DIRECTION_PROBE) && ring->probe == start) {
		direction_reset(direction, memory);
		return true;
	}
	direction->flags |= DIRECTION_PROBE;
	ring->probe = end;
	return false;
}

/* The first segment that is seen of a direction, or the first that is believed after
 * it was lost track of. */
static void begin(struct direction *direction, const struct packet *packet, uint32_t start,
		  uint32_t end)
{
	bool acked = (direction->flags & DIRECTION_ACKED) && seq_plausible(direction->una, start);

	direction->flags |= DIRECTION_SEEN;
	if (packet->flags & TCP_SYN) {
		/* An acknowledgement of something else belongs to an older connection. */
		acked = acked && seq_after(direction->una, start) &&
			!seq_after(direction->una, end);
		direction->isn = start;
		direction->flags |= DIRECTION_ISN | DIRECTION_ACKED;
	} else if (!acked) {
		direction->flags &= (uint16_t)~DIRECTION_ACKED;
		/* One byte out of the blue may be a keep-alive, which repeats a byte that
		 * was acknowledged long ago (RFC 9293 3.8.4). */
		if (packet->length == 1 && end - start == 1)
			start = end;
	}
	if (!acked)
		direction->una = start;
	/* What lies between was sent before the capture began. */
	if (seq_before(direction->una, start))
		match_untrack(direction, start, TCPM_REASON_GAP);
	direction->max = direction->una;
}

static void note(struct direction *direction, const struct packet *packet)
{
	uint32_t length = packet->length < UINT16_MAX ? packet->length : UINT16_MAX;

	if (length > direction->longest)
		direction->longest = (uint16_t)length;
	if (packet->flags & TCP_FIN)
		direction->flags |= DIRECTION_FIN;
	/* Without a branch: flows with and without them come in any order. */
	direction->flags |= (uint16_t)(-(unsigned)packet->has_timestamps & DIRECTION_TIMESTAMPS);
}

/* Was this very packet captured before? */
static bool copy_of_outstanding(const struct direction *direction,
				const struct match_memory *memory, const struct arrival *arrival,
				uint32_t packet_fingerprint, uint32_t start, uint32_t end)
{
	const struct segment_ring *ring = direction_ring(direction, memory);
	unsigned index = segment_ring_find(ring, start);

	if (index == ring->count)
		return false;
	const struct segment *segment = segment_ring_at(ring, index);

	return segment->start == start && segment->end == end &&
	       is_copy(direction, ring, segment, arrival, packet_fingerprint);
}

/* Remembers what is new of a segment, beyond una at least in part. */
static enum segment_kind record(struct direction *direction, const struct match_memory *memory,
				const struct arrival *arrival, uint32_t start, uint32_t end)
{
	enum segment_kind kind = SEGMENT_NEW;
	uint32_t max = direction->max;
	/* An acknowledgement that ran ahead of it came from an earlier transmission. */
	uint32_t flags = seq_before(start, direction->una) && seq_after(direction->una, max)
				 ? SEGMENT_UNTIMED
				 : 0;

	start = seq_max(start, direction->una);
	if (seq_before(start, max)) {
		kind = overlay(direction, memory, arrival, start, seq_min(end, max))
			       ? SEGMENT_RESENT
			       : SEGMENT_LATE;
		start = max;
		flags = 0;
	}
	if (seq_after(end, max)) {
		if (seq_after(start, max))
			kind = SEGMENT_BEYOND;
		remember(direction, memory, arrival, direction_ring(direction, memory)->count,
			 start, end, flags);
		direction->max = end;
	}
	return kind;
}

/* Nobody acknowledges this direction, or that side is not captured: before the numbers
 * wrap, una must move on. */
static void keep_up(struct direction *direction, const struct match_memory *memory)
{
	if (seq_distance(direction->max, direction->una) <= SEQ_MAX_WINDOW)
		return;
	forget_all(direction, memory);
	direction->una = direction->max;
	direction->flags &=
		(uint16_t) ~(DIRECTION_ACKED | DIRECTION_UNTRACKED | DIRECTION_SACK_BLOCK);
}

enum segment_kind direction_segment(struct direction *direction, const struct match_memory *memory,
				    const struct arrival *arrival, uint32_t start, uint32_t end,
				    bool *restarted)
{
	const struct packet *packet = arrival->packet;
	uint32_t packet_fingerprint = arrival->fingerprint;
	bool first = !(direction->flags & DIRECTION_SEEN);
	enum segment_kind kind;

	if (first)
		begin(direction, packet, start, end);
	else if (!seq_plausible(start, direction->max) || !seq_plausible(end, direction->max)) {
		if (!believe(direction, memory, start, end))
			return SEGMENT_IMPLAUSIBLE;
		*restarted = true;
		begin(direction, packet, start, end);
	}
	if (seq_after(end, direction->una)) {
		if (seq_before(start, direction->max) &&
		    copy_of_outstanding(direction, memory, arrival, packet_fingerprint, start, end))
			return SEGMENT_COPY;
		direction->fingerprint = packet_fingerprint;
		kind = record(direction, memory, arrival, start, end);
		keep_up(direction, memory);
	} else if (first || seq_after(end, direction->max)) {
		/* Captured after its acknowledgement. */
		kind = packet->length == 1 && first ? SEGMENT_KEEP_ALIVE : SEGMENT_NEW;
		direction->max = seq_max(direction->max, end);
	} else {
		kind = kind_of_old(direction, arrival, packet_fingerprint, start, end);
		if (kind == SEGMENT_RESENT)
			explain_duplicate(direction, memory);
	}
	direction->fingerprint = packet_fingerprint;
	direction->sent = sent_stamp(arrival);
	note(direction, packet);
	match_settle(direction, memory);
	return kind;
}
