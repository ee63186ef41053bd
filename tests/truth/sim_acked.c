/*
 * An endpoint's sending half hears an acknowledgement: what has arrived, what is
 * lost, how fast to continue (RFC 5681, 6298, 6582, 6675).
 */
#include "sim.h"

#define DUPLICATES_MEAN_LOSS 3

/* Index of the first segment that ends after position. */
static size_t find(struct endpoint *endpoint, uint64_t position)
{
	size_t low = 0, high = endpoint->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (endpoint_segment(endpoint, middle)->end <= position)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* RFC 6298 2, with Linux's floor: the variance term is at least 200 ms. */
static void measure(struct endpoint *endpoint, int64_t rtt_ns)
{
	int64_t off_ns = endpoint->smoothed_ns - rtt_ns;

	if (off_ns < 0)
		off_ns = -off_ns;
	if (endpoint->smoothed_ns == 0) {
		endpoint->smoothed_ns = rtt_ns > 0 ? rtt_ns : 1;
		endpoint->variance_ns = rtt_ns / 2;
		return;
	}
	endpoint->variance_ns += (off_ns - endpoint->variance_ns) / 4;
	endpoint->smoothed_ns += (rtt_ns - endpoint->smoothed_ns) / 8;
}

/* Removes what is acknowledged; returns the number of segments that went. */
static uint32_t take_acknowledged(struct endpoint *endpoint, uint64_t ack)
{
	int64_t now_ns = endpoint->flow->simulation->now_ns;
	int64_t rtt_ns = -1;
	uint32_t gone = 0;

	while (endpoint->count > 0) {
		struct segment *segment = endpoint_segment(endpoint, 0);

		if (segment->end > ack) {
			if (segment->start < ack)
				segment->start = ack;
			break;
		}
		if ((segment->flags & SEGMENT_SACKED) != 0)
			endpoint->sacked--;
		else if (segment->sent == 1)
			rtt_ns = now_ns - segment->sent_ns;
		if ((segment->flags & SEGMENT_LOST) != 0)
			endpoint->lost--;
		endpoint->head = (endpoint->head + 1) & (endpoint->room - 1);
		endpoint->count--;
		gone++;
	}
	if (rtt_ns >= 0)
		measure(endpoint, rtt_ns);
	endpoint->una = ack;
	return gone;
}

/* Walks a block from its end down to what is known already. */
static bool take_block(struct endpoint *endpoint, const uint64_t block[2])
{
	size_t index = find(endpoint, block[1] - 1);
	bool news = false;

	if (endpoint->count == 0 || block[1] > endpoint->next)
		return false;
	if (index == endpoint->count || endpoint_segment(endpoint, index)->end > block[1]) {
		if (index == 0)
			return false;
		index--;
	}
	for (;; index--) {
		struct segment *segment = endpoint_segment(endpoint, index);

		if (segment->start < block[0] || (segment->flags & SEGMENT_SACKED) != 0)
			break;
		if ((segment->flags & SEGMENT_LOST) != 0)
			endpoint->lost--;
		segment->flags = SEGMENT_SACKED;
		endpoint->sacked++;
		news = true;
		if (index == 0)
			break;
	}
	if (news && block[1] > endpoint->highest_sacked)
		endpoint->highest_sacked = block[1];
	return news;
}

static void start_recovery(struct endpoint *endpoint)
{
	uint32_t half = (endpoint_in_flight(endpoint) + endpoint->lost) / 2;

	if (endpoint->recovering)
		return;
	endpoint->recovering = true;
	endpoint->recover = endpoint->next;
	endpoint->threshold = half > 2 ? half : 2;
	endpoint->window = endpoint->threshold;
	endpoint->tail_at = 0;
}

/* Three segments' worth of later data has arrived: what stands before is lost. */
static void judge_by_sack(struct endpoint *endpoint)
{
	uint64_t reach = (uint64_t)DUPLICATES_MEAN_LOSS * endpoint->mss;
	uint64_t from = endpoint->loss_edge > endpoint->una ? endpoint->loss_edge : endpoint->una;

	if (endpoint->highest_sacked < endpoint->una + reach)
		return;
	for (size_t i = find(endpoint, from); i < endpoint->count; i++) {
		struct segment *segment = endpoint_segment(endpoint, i);

		if (segment->end + reach > endpoint->highest_sacked)
			break;
		endpoint->loss_edge = segment->end;
		if (segment->flags == 0) {
			endpoint_mark_lost(endpoint, segment);
			start_recovery(endpoint);
		}
	}
}

static void grow(struct endpoint *endpoint, uint32_t segments)
{
	if (endpoint->recovering)
		return;
	if (endpoint->window < endpoint->threshold) {
		endpoint->window += segments;
		return;
	}
	endpoint->credit += segments;
	if (endpoint->credit >= endpoint->window) {
		endpoint->credit = 0;
		endpoint->window++;
	}
}

static void advance(struct endpoint *endpoint, uint64_t ack)
{
	uint32_t gone = take_acknowledged(endpoint, ack);

	endpoint->backoff = 0;
	endpoint->duplicates = 0;
	endpoint->probed = false;
	endpoint->resend_at = endpoint->tail_at = 0;
	if (endpoint->recovering && ack >= endpoint->recover) {
		endpoint->recovering = false;
		endpoint->window = endpoint->threshold;
	} else if (endpoint->recovering && !endpoint->sack && endpoint->count > 0) {
		endpoint_mark_lost(endpoint, endpoint_segment(endpoint, 0)); /* RFC 6582 */
	}
	grow(endpoint, gone);
}

void endpoint_acked(struct endpoint *endpoint, const struct packet *packet)
{
	const struct endpoint *peer = &endpoint->flow->endpoint[1 - endpoint->side];
	unsigned scale = (packet->flags & SYN) != 0 ? 0 : peer->window_scale;
	uint64_t edge = packet->ack + ((uint64_t)packet->window << scale);
	bool opened = edge > endpoint->window_edge;
	bool news = false;

	if (packet->ack > endpoint->next)
		return;
	if (opened)
		endpoint->window_edge = edge;
	for (size_t i = packet->duplicate_block ? 1 : 0; i < packet->block_count; i++)
		news |= take_block(endpoint, packet->blocks[i]);
	if (packet->ack > endpoint->una) {
		advance(endpoint, packet->ack);
	} else if (packet->ack == endpoint->una && endpoint->count > 0 &&
		   packet->start == packet->end && !opened) {
		endpoint->duplicates++;
		if (!endpoint->sack && endpoint->duplicates == DUPLICATES_MEAN_LOSS &&
		    !endpoint->recovering) {
			start_recovery(endpoint);
			endpoint_mark_lost(endpoint, endpoint_segment(endpoint, 0));
		}
	}
	if (news)
		judge_by_sack(endpoint);
	if (opened && endpoint->probe_with_byte && endpoint->count == 1 && !endpoint->recovering &&
	    endpoint_segment(endpoint, 0)->end == endpoint_segment(endpoint, 0)->start + 1 &&
	    endpoint->next < endpoint->written && packet->ack == endpoint->una &&
	    endpoint_segment(endpoint, 0)->start > 0)
		endpoint_mark_lost(endpoint, endpoint_segment(endpoint, 0));
}
