/*
 * Selective acknowledgements: see match.h.
 *
 * RFC 2018 section 4: the first block of a packet holds the segment that made the
 * receiver send it. Data that arrives out of order must be answered at once, so
 * what the first block newly covers is a sample of the network.
 */
#include "rtt/match_internal.h"
#include "rtt/seq.h"

bool match_is_dsack(const struct packet *packet)
{
	const struct sack_block *first = &packet->sack[0];

	if (!seq_after(first->right, packet->ack) || seq_before(first->left, packet->ack))
		return true;
	return packet->sack_count > 1 && !seq_before(first->left, packet->sack[1].left) &&
	       !seq_after(first->right, packet->sack[1].right);
}

/* A block that this direction can have sent. */
static bool block_plausible(const struct direction *direction, const struct packet *packet,
			    const struct sack_block *block)
{
	return seq_after(block->left, packet->ack) && seq_after(block->right, block->left) &&
	       seq_plausible(block->right, packet->ack) && !seq_after(block->right, direction->max);
}

static bool known_block(const struct direction *direction, const struct segment_ring *ring,
			const struct sack_block *block)
{
	return (direction->flags & DIRECTION_SACK_BLOCK) &&
	       !seq_before(block->left, ring->sack_left) &&
	       !seq_after(block->right, ring->sack_right);
}

/* Segments looked at for one block. A block that newly covers more than this is given up,
 * so that no packet costs more than microseconds. */
#define MOST_SEGMENTS 1024u

/* What a block covers that was not covered before. */
struct news {
	const struct segment *last; /* the last sent of it; NULL: none */
	/* Of several pieces with data between them that was covered before: the one whose last
	 * segment was sent first. NULL: there is one piece. */
	const struct segment *apart;
	bool resent;
	bool hole; /* some of it was never seen */
};

/* A piece ends whose last sent segment is this one; NULL: there was none. */
static void end_piece(struct news *news, const struct segment *piece)
{
	const struct segment *earlier = piece;

	if (!piece)
		return;
	if (!news->last) {
		news->last = piece;
		return;
	}
	if (sent_later(segment_last_sent(piece), segment_last_sent(news->last))) {
		earlier = news->last;
		news->last = piece;
	}
	if (!news->apart || sent_later(segment_last_sent(news->apart), segment_last_sent(earlier)))
		news->apart = earlier;
}

static void news_in(const struct segment_ring *ring, uint32_t left, uint32_t right,
		    struct news *news)
{
	const struct segment *piece = NULL; /* the last sent of the present piece */
	uint32_t seen = left;

	for (unsigned i = segment_ring_find(ring, left); i < ring->count; i++) {
		const struct segment *segment = segment_ring_at(ring, i);

		if (!seq_before(segment->start, right))
			break;
		news->hole |= seq_after(segment->start, seen);
		seen = segment->end;
		if (segment->flags & SEGMENT_SACKED) {
			end_piece(news, piece);
			piece = NULL;
			continue;
		}
		news->resent |= (segment->flags & SEGMENT_RETRANSMITTED) != 0;
		if (!piece || sent_later(segment_last_sent(segment), segment_last_sent(piece)))
			piece = segment;
	}
	end_piece(news, piece);
	news->hole |= seq_before(seen, right);
}

/* Does it hold the last first block? */
static bool is_grown(const struct direction *direction, const struct segment_ring *ring,
		     const struct sack_block *block)
{
	return (direction->flags & DIRECTION_SACK_BLOCK) &&
	       !seq_after(block->left, ring->sack_left) &&
	       !seq_before(block->right, ring->sack_right);
}

/* Which blocks a packet has after the first one. */
static uint32_t hash_of_further(const struct packet *packet)
{
	uint32_t hash = 1;

	for (unsigned i = 1; i < packet->sack_count; i++)
		hash = (hash ^ packet->sack[i].left) * 0x9e3779b1u ^
		       packet->sack[i].right * 0x85ebca6bu ^ hash >> 15;
	return hash;
}

/* Linux sends a report at once, before it moves the block to the front, when data arrives that
 * joins the third block or one behind it (tcp_input.c, TCP_SACK_BLOCKS_EXPECTED). So what these
 * newly cover may have come last as well. */
static void news_behind(const struct direction *direction, const struct segment_ring *ring,
			const struct packet *packet, struct news *news)
{
	if (packet->sack_count <= 2 || ring->further_blocks == hash_of_further(packet))
		return;
	for (unsigned i = 2; i < packet->sack_count; i++) {
		const struct sack_block *block = &packet->sack[i];
		struct news behind = {0};

		if (!block_plausible(direction, packet, block))
			continue;
		news_in(ring, block->left, block->right, &behind);
		end_piece(news, behind.last);
		end_piece(news, behind.apart);
	}
}

/* The part of the block that the last first block did not cover already: in a burst of
 * losses each block holds the one before it, and only its end is looked at. */
static struct news news_of_first(const struct direction *direction, const struct segment_ring *ring,
				 const struct sack_block *block)
{
	struct news news = {0};

	if (!is_grown(direction, ring, block)) {
		news_in(ring, block->left, block->right, &news);
		return news;
	}
	if (seq_before(block->left, ring->sack_left))
		news_in(ring, block->left, ring->sack_left, &news);
	if (seq_after(block->right, ring->sack_right))
		news_in(ring, ring->sack_right, block->right, &news);
	return news;
}

static struct news news_of(const struct direction *direction, const struct segment_ring *ring,
			   const struct packet *packet)
{
	struct news news = news_of_first(direction, ring, &packet->sack[0]);

	if (news.last)
		news_behind(direction, ring, packet, &news);
	return news;
}

const struct segment *match_newly_sacked(const struct direction *direction,
					 const struct segment_ring *ring,
					 const struct packet *packet)
{
	const struct sack_block *block = &packet->sack[0];

	if (!block_plausible(direction, packet, block) || known_block(direction, ring, block))
		return NULL;
	return news_of(direction, ring, packet).last;
}

/* The receiver has something that the capture has not: no hole any more. */
static bool mark_unseen(struct direction *direction, const struct match_memory *memory,
			unsigned index, uint32_t start, uint32_t end)
{
	struct segment *segment = match_insert(direction, memory, index);

	if (!segment)
		return false;
	*segment = (struct segment){
		.start = start, .end = end, .flags = SEGMENT_SACKED | SEGMENT_UNTIMED};
	return true;
}

static void mark(struct direction *direction, const struct match_memory *memory, uint32_t left,
		 uint32_t right)
{
	const unsigned from = segment_ring_find(direction_ring(direction, memory), left);
	uint32_t seen = left;
	unsigned i = from;

	while (seq_before(seen, right) && i - from < MOST_SEGMENTS) {
		struct segment_ring *ring = direction_ring(direction, memory);
		struct segment *segment = i < ring->count ? segment_ring_at(ring, i) : NULL;
		uint32_t next = segment ? seq_min(segment->start, right) : right;

		if (seq_after(next, seen)) {
			i += mark_unseen(direction, memory, i, seen, next);
			seen = next;
			continue;
		}
		if (!seq_before(segment->start, left) && !seq_after(segment->end, right))
			segment->flags |= SEGMENT_SACKED;
		else
			segment->flags |= SEGMENT_PARTIAL;
		seen = segment->end;
		i++;
	}
	/* The next block is likely to continue here. */
	if (direction->ring)
		direction_ring(direction, memory)->near = (uint16_t)i;
}

/* The blocks after the first repeat what was reported before, but the acknowledgement that
 * reported it may have been lost: so each change of them is worked in. */
static void mark_further(struct direction *direction, const struct match_memory *memory,
			 const struct packet *packet)
{
	const uint32_t hash = hash_of_further(packet);

	if (direction_ring(direction, memory)->further_blocks == hash)
		return;
	for (unsigned i = 1; i < packet->sack_count; i++) {
		const struct sack_block *block = &packet->sack[i];

		if (block_plausible(direction, packet, block) &&
		    !known_block(direction, direction_ring(direction, memory), block))
			mark(direction, memory, block->left, block->right);
	}
	if (direction->ring)
		direction_ring(direction, memory)->further_blocks = hash;
}

/* The block is known from now on; not so without memory, for then it will be news again. */
static void note_block(struct direction *direction, const struct match_memory *memory,
		       const struct sack_block *block)
{
	struct segment_ring *ring = match_open(direction, memory);

	if (!ring)
		return;
	direction->flags |= DIRECTION_SACK_BLOCK;
	ring->sack_left = block->left;
	ring->sack_right = block->right;
}

static void mark_first(struct direction *direction, const struct match_memory *memory,
		       const struct sack_block *block)
{
	const struct segment_ring *ring = direction_ring(direction, memory);
	struct sack_block before = {.left = ring->sack_left, .right = ring->sack_right};
	bool grown = is_grown(direction, ring, block);

	if (!grown)
		mark(direction, memory, block->left, block->right);
	else if (seq_before(block->left, before.left))
		mark(direction, memory, block->left, before.left);
	if (grown && seq_after(block->right, before.right))
		mark(direction, memory, before.right, block->right);
	note_block(direction, memory, block);
}

void match_mark_sacked(struct direction *direction, const struct match_memory *memory,
		       const struct packet *packet)
{
	const struct sack_block *block = &packet->sack[0];

	if (packet->sack_count && block_plausible(direction, packet, block) &&
	    !known_block(direction, direction_ring(direction, memory), block))
		mark_first(direction, memory, block);
	if (packet->sack_count > 1)
		mark_further(direction, memory, packet);
}

static void judge(struct direction *direction, const struct arrival *arrival,
		  const struct news *news, struct verdict *verdict)
{
	verdict->selective = true;
	if (news->hole)
		match_no_sample(verdict, TCPM_REASON_GAP);
	else if (news->resent || (news->last->flags & (SEGMENT_SPLIT | SEGMENT_BEFORE)) ||
		 (news->apart && !match_agrees(arrival->now_ns, news->last->first.time_ns,
					       news->apart->first.time_ns)))
		match_no_sample(verdict, TCPM_REASON_AMBIGUOUS);
	else if (news->last->flags & SEGMENT_UNTIMED)
		match_no_sample(verdict, TCPM_REASON_UNTIMED);
	else if (news->last->flags & SEGMENT_PARTIAL)
		match_no_sample(verdict, TCPM_REASON_PARTIAL);
	else
		match_sample(direction, verdict, arrival, &news->last->first, TCPM_METHOD_SACK,
			     match_is_answer(direction, arrival, &news->last->first)
				     ? TCPM_CLASS_RESPONSE
				     : TCPM_CLASS_NETWORK);
}

void match_judge_sack(struct direction *direction, const struct segment_ring *ring,
		      const struct arrival *arrival, struct verdict *verdict)
{
	struct news news = news_of(direction, ring, arrival->packet);

	judge(direction, arrival, &news, verdict);
}

void direction_sack(struct direction *direction, const struct match_memory *memory,
		    const struct arrival *arrival, struct verdict *verdict)
{
	const struct segment_ring *ring = direction_ring(direction, memory);
	const struct packet *packet = arrival->packet;
	const struct sack_block *block = &packet->sack[0];

	if (!match_is_dsack(packet)) {
		if (!block_plausible(direction, packet, block) ||
		    known_block(direction, ring, block))
			return;
		struct news news = news_of(direction, ring, packet);

		verdict->acks_new_data = news.last || news.hole;
		if (verdict->acks_new_data)
			judge(direction, arrival, &news, verdict);
	}
	match_mark_sacked(direction, memory, packet);
}
