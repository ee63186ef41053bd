/*
 * An endpoint's receiving half: what has arrived, when an acknowledgement is due,
 * and which arrival it answers (RFC 5681 4.2, 1122 4.2.3.2, 2018, 2883, 7323 4.3).
 */
#include "sim.h"

#include <string.h>

enum { MAX_OUT_OF_ORDER = 512 };

uint32_t endpoint_free_buffer(const struct endpoint *endpoint)
{
	uint64_t unread = endpoint->received - endpoint->read;

	return unread < endpoint->receive_buffer ? (uint32_t)(endpoint->receive_buffer - unread)
						 : 0;
}

static struct trigger trigger_of(const struct endpoint *endpoint, const struct packet *packet)
{
	const struct endpoint *peer = &endpoint->flow->endpoint[1 - endpoint->side];

	return (struct trigger){.passage = packet->passage,
				.arrival_ns = packet->arrival_ns,
				.tsval = packet->tsval,
				.full_sized = packet->segment_size >= peer->mss};
}

static void answer_at_once(struct endpoint *endpoint, const struct trigger *trigger, bool prompt)
{
	endpoint->urgent = true;
	endpoint->urgent_prompt = prompt;
	endpoint->urgent_trigger = *trigger;
}

/* Adds [start, end) to the out-of-order data; false when there is no room.
 * *known tells whether all of it was there already. */
static bool keep_out_of_order(struct endpoint *endpoint, uint64_t start, uint64_t end, bool *known)
{
	struct block *blocks = endpoint->blocks;
	size_t first = 0, last;

	*known = false;
	while (first < endpoint->block_count && blocks[first].end < start)
		first++;
	if (first < endpoint->block_count && blocks[first].start <= start &&
	    blocks[first].end >= end) {
		*known = true;
		blocks[first].stamp = ++endpoint->stamp;
		return true;
	}
	for (last = first; last < endpoint->block_count && blocks[last].start <= end; last++) {
		if (blocks[last].start < start)
			start = blocks[last].start;
		if (blocks[last].end > end)
			end = blocks[last].end;
	}
	if (last == first) {
		if (endpoint->block_count == MAX_OUT_OF_ORDER)
			return false;
		if (endpoint->block_count == endpoint->block_room) {
			endpoint->block_room =
				endpoint->block_room > 0 ? endpoint->block_room * 2 : 8;
			blocks = must_resize(blocks, endpoint->block_room, sizeof *blocks);
			endpoint->blocks = blocks;
		}
		memmove(&blocks[first + 1], &blocks[first],
			(endpoint->block_count - first) * sizeof *blocks);
		endpoint->block_count++;
	} else if (last - first > 1) {
		memmove(&blocks[first + 1], &blocks[last],
			(endpoint->block_count - last) * sizeof *blocks);
		endpoint->block_count -= last - first - 1;
	}
	blocks[first] = (struct block){.start = start, .end = end, .stamp = ++endpoint->stamp};
	return true;
}

/* In-order data up to end has come; takes what was waiting behind it along. */
static void take_in_order(struct endpoint *endpoint, uint64_t end)
{
	size_t taken = 0;

	endpoint->received = end;
	while (taken < endpoint->block_count &&
	       endpoint->blocks[taken].start <= endpoint->received) {
		if (endpoint->blocks[taken].end > endpoint->received)
			endpoint->received = endpoint->blocks[taken].end;
		taken++;
	}
	endpoint->block_count -= taken;
	if (taken > 0)
		memmove(endpoint->blocks, endpoint->blocks + taken,
			endpoint->block_count * sizeof *endpoint->blocks);
	if (endpoint->fin_position > 0 && endpoint->received > endpoint->fin_position)
		endpoint->finished = true;
}

static void report_duplicate(struct endpoint *endpoint, uint64_t start, uint64_t end)
{
	if (!endpoint->sack || start >= end)
		return;
	endpoint->duplicate[0] = start;
	endpoint->duplicate[1] = end;
}

/* In-order data: now, or by the delayed-ACK timer. */
static void in_order(struct endpoint *endpoint, const struct packet *packet,
		     const struct trigger *trigger)
{
	bool filled = endpoint->block_count > 0;
	int64_t now_ns = endpoint->flow->simulation->now_ns;

	if (packet->start < endpoint->received)
		report_duplicate(endpoint, packet->start, endpoint->received);
	take_in_order(endpoint, packet->end);
	if (!endpoint->stalled)
		endpoint->read = endpoint->received;
	if (packet->segment_size > endpoint->largest)
		endpoint->largest = packet->segment_size;
	endpoint->any_trigger = endpoint->last_trigger = endpoint->in_order_trigger = *trigger;
	if (filled || packet->start < endpoint->acknowledged) {
		answer_at_once(endpoint, trigger, true);
	} else if (endpoint->received - endpoint->acknowledged > endpoint->largest) {
		answer_at_once(endpoint, trigger, true);
	} else if (endpoint->quick_acks > 0 || (packet->flags & FIN) != 0) {
		if (endpoint->quick_acks > 0)
			endpoint->quick_acks--;
		answer_at_once(endpoint, trigger, false);
	} else if (endpoint->delayed_at == 0) {
		endpoint->delayed_at = now_ns + endpoint->delayed_ack_ns;
	}
}

static void receive_data(struct endpoint *endpoint, const struct packet *packet)
{
	struct trigger trigger = trigger_of(endpoint, packet);
	bool known;

	if ((packet->flags & FIN) != 0)
		endpoint->fin_position = packet->end - 1;
	if (packet->end <= endpoint->received) {
		report_duplicate(endpoint, packet->start, packet->end);
		endpoint->any_trigger = trigger;
		endpoint->quick_acks += 2;
		answer_at_once(endpoint, &trigger, true);
	} else if (packet->end - ((packet->flags & FIN) != 0) > endpoint->offered_edge) {
		answer_at_once(endpoint, &trigger, true); /* beyond the window: not taken */
	} else if (packet->start > endpoint->received) {
		if (!keep_out_of_order(endpoint, packet->start, packet->end, &known))
			return;
		endpoint->any_trigger = trigger;
		if (known)
			report_duplicate(endpoint, packet->start, packet->end);
		else
			endpoint->last_trigger = trigger;
		endpoint->quick_acks = 4;
		answer_at_once(endpoint, &trigger, true);
	} else {
		in_order(endpoint, packet, &trigger);
	}
}

/* RFC 7323 4.3 (2), (3): remember the TSval of what spans Last.ACK.sent. */
static void remember_timestamp(struct endpoint *endpoint, const struct packet *packet)
{
	if (!endpoint->timestamps || !packet->has_timestamps)
		return;
	if ((int32_t)(packet->tsval - endpoint->recent) >= 0 &&
	    packet->start <= endpoint->acknowledged)
		endpoint->recent = packet->tsval;
}

/* The options of the peer's SYN, against our own wishes (RFC 7323 2, 2018 2). */
static void negotiate(struct endpoint *endpoint, const struct packet *packet)
{
	struct endpoint *peer = &endpoint->flow->endpoint[1 - endpoint->side];
	struct trigger trigger = trigger_of(endpoint, packet);

	endpoint->timestamps =
		endpoint->wants_timestamps && packet->has_timestamps && peer->wants_timestamps;
	endpoint->recent = packet->tsval;
	endpoint->received = 1;
	endpoint->read = 1;
	endpoint->any_trigger = endpoint->last_trigger = endpoint->in_order_trigger = trigger;
	answer_at_once(endpoint, &trigger, true);
}

/* A SYN, in whatever state. True when that is all there is to do. */
static bool receive_syn(struct endpoint *endpoint, const struct packet *packet)
{
	struct trigger trigger = trigger_of(endpoint, packet);

	switch ((enum state)endpoint->state) {
	case LISTEN:
		negotiate(endpoint, packet);
		endpoint->state = SYN_RECEIVED;
		endpoint_connect(endpoint);
		return true;
	case SYN_RECEIVED: /* sent again: so is the answer */
		if (endpoint->timestamps)
			endpoint->recent = packet->tsval;
		endpoint->any_trigger = endpoint->last_trigger = endpoint->in_order_trigger =
			trigger;
		answer_at_once(endpoint, &trigger, true);
		endpoint_segment(endpoint, 0)->sent++;
		endpoint_emit(endpoint, 0, 1, SYN | ACK);
		return true;
	case SYN_SENT:
		if ((packet->flags & ACK) == 0)
			return true;
		negotiate(endpoint, packet);
		endpoint->state = ESTABLISHED;
		endpoint_acked(endpoint, packet);
		endpoint_acknowledge(endpoint);
		app_established(endpoint);
		return true;
	case ESTABLISHED:
		answer_at_once(endpoint, &trigger, true);
		return false;
	case CLOSED:
		break;
	}
	return true;
}

/* Both FINs are sent and acknowledged. */
static bool is_over(const struct flow *flow)
{
	for (unsigned side = 0; side < 2; side++) {
		const struct endpoint *endpoint = &flow->endpoint[side];

		if (!endpoint->closing || endpoint->una != endpoint->written + 1)
			return false;
	}
	return true;
}

void endpoint_receive(struct endpoint *endpoint, const struct packet *packet)
{
	bool data = packet->end > packet->start && (packet->flags & SYN) == 0;

	if (endpoint->flow->done || (packet->flags & RST) != 0)
		return;
	if ((packet->flags & SYN) != 0) {
		if (receive_syn(endpoint, packet)) {
			endpoint_arm(endpoint);
			return;
		}
	} else if (endpoint->state == LISTEN || endpoint->state == SYN_SENT ||
		   endpoint->state == CLOSED) {
		return;
	}
	remember_timestamp(endpoint, packet);
	endpoint_acked(endpoint, packet);
	if (endpoint->state == SYN_RECEIVED && endpoint->una > 0) {
		endpoint->state = ESTABLISHED;
		app_established(endpoint);
	}
	if (data) {
		receive_data(endpoint, packet);
	} else if (packet->start < endpoint->received && (packet->flags & SYN) == 0) {
		struct trigger trigger = trigger_of(endpoint, packet);

		if (packet->start + 1 == endpoint->received) /* keep-alive or probe */
			answer_at_once(endpoint, &trigger, true);
	}
	endpoint_output(endpoint);
	if (endpoint->flow->done)
		return;
	if (endpoint->urgent)
		endpoint_acknowledge(endpoint);
	if (data)
		app_read(endpoint);
	if (is_over(endpoint->flow))
		flow_end(endpoint->flow);
	endpoint_arm(endpoint);
}
