/*
 * Connections, turn by turn. See flow.h.
 */
#include "flow.h"

#include <string.h>

/* Connections between the same two addresses; each has every fourth port. */
#define PER_PAIR 4

#define SERVERS     50
#define SERVER_PORT 443
#define PORT_FIRST  10000
#define PORTS       50000

enum step {
	SYN,
	SYN_ACK,
	HANDSHAKE_ACK,
	REQUEST,
	ANSWER,
	ANSWER_ACK,
	BULK_DATA,
	BULK_ACK,
	DRAIN,
	SERVER_FIN,
	CLIENT_FIN,
	LAST_ACK,
};

/* splitmix64's last step: a number of which nothing shows where it came from. */
static uint32_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)(x ^ (x >> 31));
}

static void connection_init(struct flow *flow, bool ipv6)
{
	uint32_t pair = flow->index / PER_PAIR;
	uint32_t port = flow->index % PER_PAIR + flow->generation * PER_PAIR;
	struct frame_end client = {.host = (uint16_t)(pair + 1),
				   .port = (uint16_t)(PORT_FIRST + port % PORTS)};
	struct frame_end server = {
		.host = (uint16_t)(pair % SERVERS + 1), .port = SERVER_PORT, .server = true};
	uint64_t number = ((uint64_t)flow->generation << 32 | flow->index) * 8 + 1;

	frame_prepare(&flow->template[FLOW_CLIENT], ipv6, &client, &server);
	frame_prepare(&flow->template[FLOW_SERVER], ipv6, &server, &client);
	for (unsigned side = FLOW_CLIENT; side <= FLOW_SERVER; side++) {
		flow->next[side] = mix(number + side);
		flow->clock[side] = mix(number + 2 + side);
		flow->id[side] = (uint16_t)mix(number + 4 + side);
	}
	flow->outstanding = 0;
	flow->packets = 0;
	flow->step = SYN;
}

void flow_init(struct flow *flow, uint32_t index, const struct flow_settings *settings)
{
	/* Shares of pairs, so that a pair is of one protocol, and spread evenly over the
	 * numbers: 37 and 71 have no factor in common with 100. */
	bool ipv6 = index / PER_PAIR * 37 % 100 < settings->ipv6;

	memset(flow, 0, sizeof(*flow));
	flow->index = index;
	flow->bulk = index * 71 % 100 < settings->bulk;
	/* Connections do not all end together. */
	flow->life = settings->life / 2 + mix(index) % (settings->life + 1);
	flow->payload = settings->payload;
	if (ipv6 && flow->payload > FRAME_PAYLOAD_MAX_V6)
		flow->payload = FRAME_PAYLOAD_MAX_V6;
	connection_init(flow, ipv6);
}

static void emit(struct flow *flow, enum flow_side side, uint8_t flags, size_t payload,
		 uint32_t now_ms, struct flow_packet *packet)
{
	bool client = side == FLOW_CLIENT;
	struct frame_segment segment = {
		.seq = flow->next[side],
		.ack = client ? flow->acked : flow->next[FLOW_CLIENT],
		.tsval = now_ms + flow->clock[side],
		.tsecr = client ? flow->echo : flow->said[FLOW_CLIENT],
		.payload = payload,
		.id = flow->id[side]++,
		.flags = flags,
	};

	packet->head_length = frame_write(packet->head, &flow->template[side], &segment);
	packet->payload = payload;
	flow->next[side] += (uint32_t)payload + ((flags & (FRAME_SYN | FRAME_FIN)) != 0);
	flow->said[side] = segment.tsval;
	flow->packets++;
}

/* A segment of the server's that the client will acknowledge later. */
static void emit_data(struct flow *flow, size_t payload, uint8_t flags, uint32_t now_ms,
		      struct flow_packet *packet)
{
	uint32_t slot = (flow->oldest + flow->outstanding++) % FLOW_OUTSTANDING;

	emit(flow, FLOW_SERVER, FRAME_ACK | flags, payload, now_ms, packet);
	flow->sent[slot].end = flow->next[FLOW_SERVER];
	flow->sent[slot].tsval = flow->said[FLOW_SERVER];
}

/* The client acknowledges its oldest `count` segments with what it sends next. The first
 * one's TSval is echoed (RFC 7323 4.3: it is the one with which data went on). */
static void acknowledge(struct flow *flow, uint32_t count)
{
	if (count > flow->outstanding)
		count = flow->outstanding;
	if (count == 0)
		return;
	flow->echo = flow->sent[flow->oldest].tsval;
	flow->acked = flow->sent[(flow->oldest + count - 1) % FLOW_OUTSTANDING].end;
	flow->oldest = (flow->oldest + count) % FLOW_OUTSTANDING;
	flow->outstanding -= count;
}

static size_t turn_open(struct flow *flow, uint32_t now_ms, struct flow_packet *packets)
{
	switch (flow->step) {
	case SYN:
		flow->acked = 0;
		flow->echo = 0;
		emit(flow, FLOW_CLIENT, FRAME_SYN, 0, now_ms, packets);
		flow->step = SYN_ACK;
		return 1;
	case SYN_ACK:
		emit_data(flow, 0, FRAME_SYN, now_ms, packets);
		flow->step = HANDSHAKE_ACK;
		return 1;
	default:
		acknowledge(flow, 1);
		emit(flow, FLOW_CLIENT, FRAME_ACK, 0, now_ms, packets);
		flow->step = REQUEST;
		return 1;
	}
}

/* Request, answer of two full segments and a shorter one, acknowledgement of the two; the
 * third is acknowledged by the next request. */
static size_t turn_dialogue(struct flow *flow, uint32_t now_ms, struct flow_packet *packets)
{
	uint32_t chance = mix((uint64_t)flow->index << 32 | flow->packets);

	switch (flow->step) {
	case REQUEST:
		acknowledge(flow, 1);
		emit(flow, FLOW_CLIENT, FRAME_ACK | FRAME_PSH, 1 + chance % flow->payload, now_ms,
		     packets);
		flow->step = flow->bulk ? BULK_DATA : ANSWER;
		return 1;
	case ANSWER:
		emit_data(flow, flow->payload, 0, now_ms, packets);
		emit_data(flow, flow->payload, 0, now_ms, packets + 1);
		emit_data(flow, 1 + chance % flow->payload, FRAME_PSH, now_ms, packets + 2);
		flow->step = ANSWER_ACK;
		return 3;
	default:
		acknowledge(flow, 2);
		emit(flow, FLOW_CLIENT, FRAME_ACK, 0, now_ms, packets);
		flow->step = flow->packets < flow->life ? REQUEST : DRAIN;
		return 1;
	}
}

static size_t turn_bulk(struct flow *flow, uint32_t now_ms, struct flow_packet *packets)
{
	if (flow->step == BULK_DATA) {
		emit_data(flow, flow->payload, 0, now_ms, packets);
		emit_data(flow, flow->payload, 0, now_ms, packets + 1);
		if (flow->outstanding == FLOW_OUTSTANDING)
			flow->step = BULK_ACK;
		return 2;
	}
	acknowledge(flow, 2);
	emit(flow, FLOW_CLIENT, FRAME_ACK, 0, now_ms, packets);
	flow->step = flow->packets < flow->life ? BULK_DATA : DRAIN;
	return 1;
}

static size_t turn_close(struct flow *flow, uint32_t now_ms, struct flow_packet *packets)
{
	switch (flow->step) {
	case DRAIN:
		acknowledge(flow, 2);
		emit(flow, FLOW_CLIENT, FRAME_ACK, 0, now_ms, packets);
		if (flow->outstanding == 0)
			flow->step = SERVER_FIN;
		return 1;
	case SERVER_FIN:
		emit_data(flow, 0, FRAME_FIN, now_ms, packets);
		flow->step = CLIENT_FIN;
		return 1;
	case CLIENT_FIN:
		acknowledge(flow, 1);
		emit(flow, FLOW_CLIENT, FRAME_ACK | FRAME_FIN, 0, now_ms, packets);
		flow->step = LAST_ACK;
		return 1;
	default:
		emit(flow, FLOW_SERVER, FRAME_ACK, 0, now_ms, packets);
		flow->generation++;
		connection_init(flow, flow->template[FLOW_CLIENT].ipv6);
		return 1;
	}
}

size_t flow_turn(struct flow *flow, uint32_t now_ms, struct flow_packet packets[FLOW_TURN_MAX])
{
	if (flow->step <= HANDSHAKE_ACK)
		return turn_open(flow, now_ms, packets);
	if (flow->step <= ANSWER_ACK)
		return turn_dialogue(flow, now_ms, packets);
	if (flow->step <= BULK_ACK)
		return turn_bulk(flow, now_ms, packets);
	return turn_close(flow, now_ms, packets);
}
