/*
 * An endpoint's sending half: what may be sent now, and how it is put together.
 * Congestion control is Reno with a scoreboard (RFC 5681, 6675), counted in
 * segments; enough to send bursts, holes and retransmissions as hosts do.
 */
#include "sim.h"

#include <stdlib.h>

struct segment *endpoint_segment(struct endpoint *endpoint, size_t index)
{
	return &endpoint->segments[(endpoint->head + index) & (endpoint->room - 1)];
}

uint32_t endpoint_in_flight(const struct endpoint *endpoint)
{
	return (uint32_t)endpoint->count - endpoint->sacked - endpoint->lost;
}

void endpoint_mark_lost(struct endpoint *endpoint, struct segment *segment)
{
	if (segment->flags != 0)
		return;
	segment->flags = SEGMENT_LOST;
	endpoint->lost++;
	if (segment->start < endpoint->resend_edge)
		endpoint->resend_edge = segment->start;
}

static void add_segment(struct endpoint *endpoint, uint64_t start, uint64_t end)
{
	if (endpoint->count == endpoint->room) {
		size_t room = endpoint->room > 0 ? endpoint->room * 2 : 16;
		struct segment *larger = must_resize(NULL, room, sizeof *larger);

		for (size_t i = 0; i < endpoint->count; i++)
			larger[i] = *endpoint_segment(endpoint, i);
		free(endpoint->segments);
		endpoint->segments = larger;
		endpoint->room = room;
		endpoint->head = 0;
	}
	endpoint->count++;
	*endpoint_segment(endpoint, endpoint->count - 1) =
		(struct segment){.start = start,
				 .end = end,
				 .sent = 1,
				 .sent_ns = endpoint->flow->simulation->now_ns};
}

/* When the next packet leaves: after a moment of work, and after those before. */
static int64_t departure(struct endpoint *endpoint)
{
	struct prng *prng = &endpoint->flow->prng;
	int64_t time_ns = endpoint->flow->simulation->now_ns + prng_between(prng, 900, 3500);
	int64_t earliest_ns = endpoint->last_sent_ns + prng_between(prng, 150, 600);

	if (time_ns < earliest_ns)
		time_ns = earliest_ns;
	return endpoint->last_sent_ns = time_ns;
}

/* The SACK blocks to report: the D-SACK first, then the latest (RFC 2018, 2883). */
static void fill_blocks(struct endpoint *endpoint, struct packet *packet)
{
	size_t limit = packet->has_timestamps ? 3 : 4;
	uint64_t below = UINT64_MAX;

	if (endpoint->duplicate[1] > endpoint->duplicate[0]) {
		packet->blocks[0][0] = endpoint->duplicate[0];
		packet->blocks[0][1] = endpoint->duplicate[1];
		packet->block_count = 1;
		packet->duplicate_block = true;
		endpoint->duplicate[1] = endpoint->duplicate[0];
	}
	while (packet->block_count < limit) {
		const struct block *latest = NULL;

		for (size_t i = 0; i < endpoint->block_count; i++) {
			const struct block *block = &endpoint->blocks[i];

			if (block->stamp < below &&
			    (latest == NULL || block->stamp > latest->stamp))
				latest = block;
		}
		if (latest == NULL)
			return;
		packet->blocks[packet->block_count][0] = latest->start;
		packet->blocks[packet->block_count++][1] = latest->end;
		below = latest->stamp;
	}
}

/* The window to offer, scaled. Small windows are not offered (RFC 9293 3.8.6.2.2). */
static uint16_t offer_window(struct endpoint *endpoint, bool syn)
{
	uint32_t room = endpoint_free_buffer(endpoint);
	unsigned scale = syn ? 0 : endpoint->window_scale;
	uint64_t edge;

	if (room < endpoint->mss)
		room = 0;
	room >>= scale;
	if (room > UINT16_MAX)
		room = UINT16_MAX;
	edge = endpoint->received + ((uint64_t)room << scale);
	if (edge > endpoint->offered_edge)
		endpoint->offered_edge = edge;
	return (uint16_t)room;
}

/* Takes what there is to acknowledge along in the packet. */
static void fill_acknowledgement(struct endpoint *endpoint, struct packet *packet)
{
	packet->ack = endpoint->received;
	if (endpoint->sack && (packet->flags & SYN) == 0)
		fill_blocks(endpoint, packet);
	packet->caused = endpoint->urgent;
	if (endpoint->urgent)
		packet->causes[0] = endpoint->urgent_trigger;
	packet->causes[1] = endpoint->any_trigger;
	packet->causes[2] = endpoint->last_trigger;
	packet->causes[3] = endpoint->in_order_trigger;
	packet->prompt = endpoint->urgent && endpoint->urgent_prompt;
	packet->repeated = (packet->flags & SYN) != 0 && !endpoint->urgent;
	endpoint->urgent = false;
	endpoint->delayed_at = 0;
	endpoint->acknowledged = endpoint->received;
}

void endpoint_emit(struct endpoint *endpoint, uint64_t start, uint64_t end, uint8_t flags)
{
	struct flow *flow = endpoint->flow;
	struct packet *packet = packet_new(flow->simulation);
	uint32_t pieces;

	packet->flow = flow;
	packet->direction = endpoint->side;
	packet->flags = flags;
	packet->start = start;
	packet->end = end;
	packet->sent_ns = departure(endpoint);
	packet->segment_size = packet_payload(packet);
	pieces = packet->segment_size / endpoint->mss;
	if (packet->segment_size > endpoint->mss)
		packet->segment_size = endpoint->mss;
	else
		pieces = 1;
	packet->has_timestamps =
		(flags & (SYN | ACK)) == SYN ? endpoint->wants_timestamps : endpoint->timestamps;
	if (packet->has_timestamps) {
		packet->tsval =
			endpoint->timestamp_base + (uint32_t)(packet->sent_ns / endpoint->tick_ns);
		packet->tsecr = (flags & ACK) != 0 ? endpoint->recent : 0;
	}
	packet->window = offer_window(endpoint, (flags & SYN) != 0);
	if ((flags & ACK) != 0)
		fill_acknowledgement(endpoint, packet);
	packet->ip_id = (flags & (SYN | ACK)) == (SYN | ACK) ? 0 : endpoint->ip_id;
	endpoint->ip_id = (uint16_t)(endpoint->ip_id + pieces + 1);
	if (end > start)
		endpoint->keep_alive_at = 0;
	path_send(packet);
}

void endpoint_acknowledge(struct endpoint *endpoint)
{
	endpoint_emit(endpoint, endpoint->next, endpoint->next, ACK);
}

static uint8_t flags_of(const struct endpoint *endpoint, uint64_t end)
{
	if (endpoint->closing && end == endpoint->written + 1)
		return FIN | ACK | PSH;
	return end == endpoint->written ? ACK | PSH : ACK;
}

/* Sends the first lost segment again, together with the next where both are
 * small: the boundaries of a retransmission need not be those of the original. */
static void resend_one(struct endpoint *endpoint)
{
	int64_t now_ns = endpoint->flow->simulation->now_ns;
	size_t low = 0, high = endpoint->count;
	struct segment *first;
	uint64_t end;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (endpoint_segment(endpoint, middle)->start < endpoint->resend_edge)
			low = middle + 1;
		else
			high = middle;
	}
	while (low < endpoint->count &&
	       (endpoint_segment(endpoint, low)->flags & SEGMENT_LOST) == 0)
		low++;
	if (low == endpoint->count) { /* cannot be: lost segments are above the edge */
		endpoint->lost = 0;
		return;
	}
	first = endpoint_segment(endpoint, low);
	for (end = first->start; low < endpoint->count; low++) {
		struct segment *segment = endpoint_segment(endpoint, low);

		if ((segment->flags & SEGMENT_LOST) == 0 ||
		    (segment != first && segment->end - first->start > endpoint->mss))
			break;
		segment->flags = 0;
		segment->sent++;
		segment->sent_ns = now_ns;
		endpoint->lost--;
		end = segment->end;
	}
	endpoint->resend_edge = end;
	if (first->start == 0)
		endpoint_emit(endpoint, 0, 1, endpoint->side == 0 ? SYN : SYN | ACK);
	else
		endpoint_emit(endpoint, first->start, end, flags_of(endpoint, end));
}

/* Sends new data (and the FIN behind it) as the windows allow; false: nothing. */
static bool send_new(struct endpoint *endpoint)
{
	uint64_t goal = endpoint->written + (endpoint->closing ? 1 : 0);
	uint64_t limit = goal < endpoint->window_edge ? goal : endpoint->window_edge;
	uint64_t start = endpoint->next, end;
	uint32_t in_flight = endpoint_in_flight(endpoint);
	uint64_t most;

	if (start >= limit || in_flight >= endpoint->window)
		return false;
	most = (uint64_t)(endpoint->window - in_flight) * endpoint->mss;
	if (most > endpoint->super_segment)
		most = endpoint->super_segment;
	end = start + most < limit ? start + most : limit;
	if (end == limit && limit < goal && end - start < endpoint->mss && endpoint->count > 0)
		return false; /* silly window (RFC 9293 3.8.6.2.1) */
	if (end + 1 == goal && endpoint->closing && goal <= endpoint->window_edge)
		end = goal;
	for (uint64_t at = start; at < end;) {
		uint64_t next = at + endpoint->mss;

		if (next > end || (next + 1 == end && end == goal && endpoint->closing))
			next = end;
		add_segment(endpoint, at, next);
		at = next;
	}
	endpoint->next = end;
	endpoint_emit(endpoint, start, end, flags_of(endpoint, end));
	return true;
}

static bool has_unsent(const struct endpoint *endpoint)
{
	return endpoint->next < endpoint->written + (endpoint->closing ? 1 : 0);
}

/* What the state of the send queue asks of the clock. */
static void set_deadlines(struct endpoint *endpoint, bool sent)
{
	int64_t now_ns = endpoint->flow->simulation->now_ns;
	bool again = sent || endpoint->resend_at == 0;

	if (endpoint->count == 0) {
		endpoint->resend_at = endpoint->tail_at = 0;
		if (!has_unsent(endpoint))
			endpoint->persist_at = 0;
		else if (endpoint->persist_at == 0)
			endpoint->persist_at = now_ns + endpoint_timeout(endpoint);
		return;
	}
	endpoint->persist_at = 0;
	if (again)
		endpoint->resend_at = now_ns + endpoint_timeout(endpoint);
	if (again && endpoint->tail_probe && !endpoint->recovering && !endpoint->probed &&
	    endpoint->smoothed_ns > 0) { /* RFC 8985 7.2 */
		int64_t wait_ns = 2 * endpoint->smoothed_ns + 2 * MILLISECOND;

		if (endpoint->count == 1)
			wait_ns += 200 * MILLISECOND;
		endpoint->tail_at = now_ns + wait_ns;
		if (endpoint->tail_at >= endpoint->resend_at)
			endpoint->tail_at = 0;
	}
}

void endpoint_output(struct endpoint *endpoint)
{
	bool sent = false;

	if (endpoint->flow->done || endpoint->state == CLOSED || endpoint->state == LISTEN)
		return;
	while (endpoint->lost > 0 && endpoint_in_flight(endpoint) < endpoint->window) {
		resend_one(endpoint);
		sent = true;
	}
	if (endpoint->state == ESTABLISHED && endpoint->lost == 0)
		while (send_new(endpoint))
			sent = true;
	set_deadlines(endpoint, sent);
	endpoint_arm(endpoint);
}

void endpoint_connect(struct endpoint *endpoint)
{
	add_segment(endpoint, 0, 1);
	endpoint->next = 1;
	endpoint_emit(endpoint, 0, 1, endpoint->side == 0 ? SYN : SYN | ACK);
	set_deadlines(endpoint, true);
	endpoint_arm(endpoint);
}

void endpoint_write(struct endpoint *endpoint, uint64_t bytes)
{
	if (endpoint->closing)
		return;
	endpoint->written += bytes;
	endpoint_output(endpoint);
}

void endpoint_close(struct endpoint *endpoint)
{
	if (endpoint->closing)
		return;
	endpoint->closing = true;
	endpoint_output(endpoint);
}

void endpoint_reset(struct endpoint *endpoint)
{
	endpoint_emit(endpoint, endpoint->next, endpoint->next, RST | ACK);
	flow_end(endpoint->flow);
}
