/*
 * The path of a packet: send offload, two legs with the capture point between
 * them, receive offload. Each leg is a queue in front of a link: rate, delay,
 * jitter, loss, and now and then a packet that comes late.
 */
#include "sim.h"

/* Receive offload waits this long for the next segment. */
#define COALESCE_NS (12 * MICROSECOND)

uint32_t packet_payload(const struct packet *packet)
{
	uint32_t numbers = (uint32_t)(packet->end - packet->start);

	if ((packet->flags & SYN) != 0)
		numbers--;
	if ((packet->flags & FIN) != 0)
		numbers--;
	return numbers;
}

static uint32_t header_size(const struct packet *packet)
{
	uint32_t size = packet->flow->version6 ? 40 + 20 : 20 + 20;

	if ((packet->flags & SYN) != 0)
		return size + 4 + (packet->flow->endpoint[0].sack ? 4 : 0) + 12 + 4;
	if (packet->has_timestamps)
		size += 12;
	if (packet->block_count > 0)
		size += 4 + 8 * (uint32_t)packet->block_count;
	return size;
}

uint32_t packet_wire_size(const struct packet *packet)
{
	return 14 + 24 + header_size(packet) + packet_payload(packet); /* 24: frame, gap, CRC */
}

/* When a packet that enters the leg at time_ns comes out; -1: never. */
static int64_t leg_pass(struct leg *leg, struct prng *prng, const struct packet *packet,
			int64_t time_ns)
{
	int64_t start_ns = time_ns > leg->free_ns ? time_ns : leg->free_ns;
	int64_t out_ns;

	leg->lost_last = prng_chance(prng, leg->lost_last ? leg->burst : leg->loss);
	if (leg->lost_last)
		return -1;
	if ((packet->flags & SYN) != 0 && prng_chance(prng, leg->syn_loss))
		return -1;
	if (start_ns - time_ns > leg->queue_ns && leg->queue_ns > 0)
		return -1;
	leg->free_ns = start_ns + leg->byte_ps * packet_wire_size(packet) / 1000;
	out_ns = leg->free_ns + leg->delay_ns + prng_skewed(prng, leg->jitter_ns);
	if (prng_chance(prng, leg->reorder))
		return out_ns + prng_between(prng, 0, leg->reorder_ns);
	if (out_ns < leg->last_ns)
		out_ns = leg->last_ns;
	return leg->last_ns = out_ns;
}

static void enter(struct packet *packet, unsigned which, int64_t time_ns)
{
	struct flow *flow = packet->flow;
	int64_t out_ns =
		leg_pass(&flow->leg[packet->direction][which], &flow->prng, packet, time_ns);

	if (out_ns < 0)
		packet_free(flow->simulation, packet);
	else
		schedule(flow, out_ns, which == 0 ? EVENT_CAPTURE : EVENT_ARRIVE, packet, 0);
}

static void note_sent(const struct packet *packet)
{
	ledger_sent(&packet->flow->ledger[packet->direction], packet->start, packet->end,
		    packet->tsval);
}

/* Cuts a super-segment into segments, as the sending card does, and hands each
 * to the leg. Those that meet the capture point one by one enter the ledger so. */
static void split_into(struct packet *packet, unsigned which, int64_t time_ns)
{
	struct simulation *simulation = packet->flow->simulation;
	uint64_t end = packet->end;
	uint8_t last_flags = packet->flags;
	uint32_t size = packet->flow->endpoint[packet->direction].mss;

	while (packet_payload(packet) > size) {
		struct packet *piece = packet_new(simulation);

		*piece = *packet;
		piece->flags = last_flags & (uint8_t) ~(FIN | PSH);
		piece->end = piece->start + size;
		packet->start = piece->end;
		packet->end = end;
		packet->ip_id++;
		if (which == 0)
			note_sent(piece);
		enter(piece, which, time_ns);
	}
	if (packet_payload(packet) < packet->segment_size)
		packet->segment_size = packet_payload(packet);
	if (which == 0)
		note_sent(packet);
	enter(packet, which, time_ns);
}

void path_send(struct packet *packet)
{
	struct flow *flow = packet->flow;

	if (!flow->at_host[packet->direction]) {
		split_into(packet, 0, packet->sent_ns);
		return;
	}
	note_sent(packet);
	schedule(flow, packet->sent_ns, EVENT_CAPTURE, packet, 0);
}

/* Receive offload takes in-order, alike, full segments together (as GRO does). */
static bool can_join(const struct packet *held, const struct packet *packet)
{
	uint8_t special = SYN | FIN | RST;

	return held->segment_size > 0 && held->end == packet->start && held->ack == packet->ack &&
	       ((held->flags | packet->flags) & special) == 0 && (held->flags & PSH) == 0 &&
	       held->block_count == 0 && packet->block_count == 0 &&
	       held->has_timestamps == packet->has_timestamps &&
	       (!held->has_timestamps ||
		(held->tsval == packet->tsval && held->tsecr == packet->tsecr)) &&
	       held->window == packet->window && packet->start < packet->end &&
	       held->start < held->end && packet_payload(packet) <= held->segment_size &&
	       packet_payload(held) % held->segment_size == 0 &&
	       packet->end - held->start <= MAX_SUPER_SEGMENT;
}

/* What comes out of receive offload meets the capture point, or the endpoint. */
static void deliver(struct packet *packet)
{
	struct flow *flow = packet->flow;

	if (flow->at_host[1 - packet->direction]) {
		capture_packet(packet);
		packet->arrival_ns = packet->passage.time_ns;
	}
	endpoint_receive(&flow->endpoint[1 - packet->direction], packet);
	packet_free(flow->simulation, packet);
}

void path_flush(struct flow *flow, unsigned direction)
{
	struct packet *held = flow->coalescer[direction].held;

	if (held == NULL)
		return;
	flow->coalescer[direction].held = NULL;
	flow->coalescer[direction].flush_ns = 0;
	deliver(held);
}

static void coalesce(struct packet *packet)
{
	struct flow *flow = packet->flow;
	struct coalescer *coalescer = &flow->coalescer[packet->direction];
	int64_t now_ns = flow->simulation->now_ns;

	packet->arrival_ns = now_ns;
	if (!flow->coalesce[1 - packet->direction]) {
		deliver(packet);
		return;
	}
	if (coalescer->held != NULL && can_join(coalescer->held, packet)) {
		coalescer->held->end = packet->end;
		coalescer->held->flags |= packet->flags;
		coalescer->held->passage = packet->passage;
		coalescer->held->arrival_ns = now_ns;
		packet_free(flow->simulation, packet);
	} else {
		path_flush(flow, packet->direction);
		coalescer->held = packet;
	}
	packet = coalescer->held;
	if ((packet->flags & (SYN | FIN | PSH)) != 0 || packet->segment_size == 0 ||
	    packet_payload(packet) % packet->segment_size != 0) {
		path_flush(flow, packet->direction);
	} else {
		coalescer->flush_ns = now_ns + COALESCE_NS;
		schedule(flow, coalescer->flush_ns, EVENT_FLUSH, flow, packet->direction);
	}
}

void path_capture(struct packet *packet)
{
	struct flow *flow = packet->flow;

	if (flow->at_host[1 - packet->direction]) {
		coalesce(packet);
		return;
	}
	capture_packet(packet);
	if (flow->at_host[packet->direction])
		split_into(packet, 1, flow->simulation->now_ns);
	else
		enter(packet, 1, flow->simulation->now_ns);
}

void path_arrive(struct packet *packet)
{
	coalesce(packet);
}
