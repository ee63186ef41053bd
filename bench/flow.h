/*
 * Generated connections that never end, one turn at a time.
 *
 * A flow is a place at which one connection follows another: handshake, data, FINs, and
 * the next one from a new port. Half of the wire is nobody: both directions are written,
 * as a mirror port shows them, and every segment is acknowledged as RFC 5681 and RFC 7323
 * would have it. Two kinds: a bulk transfer keeps ten segments outstanding, of which each
 * second one is acknowledged; a dialogue is requests and answers of three segments.
 */
#ifndef BENCH_FLOW_H
#define BENCH_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"

/* Packets of one turn, at most. */
#define FLOW_TURN_MAX 3

/* Flows beyond these would share addresses and ports. */
#define FLOW_MAX 200000

#define FLOW_OUTSTANDING 10

enum flow_side { FLOW_CLIENT, FLOW_SERVER };

/* A segment of the server's, as its client will acknowledge it. */
struct flow_sent {
	uint32_t end;
	uint32_t tsval;
};

struct flow {
	struct frame_template template[2]; /* by the sender's flow_side */
	uint32_t next[2];                  /* sequence number to be sent next */
	uint32_t clock[2];                 /* what each side adds to the time for its TSval */
	uint32_t said[2];                  /* TSval of each side's last packet */
	uint16_t id[2];
	struct flow_sent sent[FLOW_OUTSTANDING]; /* a ring */
	uint32_t oldest;
	uint32_t outstanding;
	uint32_t acked; /* by the client */
	uint32_t echo;  /* the client's TSecr */
	uint32_t packets;
	uint32_t life; /* packets after which the connection ends */
	uint32_t index;
	uint32_t generation;
	uint16_t payload; /* of a full segment */
	bool bulk;
	int step;
};

struct flow_packet {
	uint8_t head[FRAME_HEAD_MAX];
	size_t head_length;
	size_t payload;
};

struct flow_settings {
	uint32_t flows;   /* at most FLOW_MAX */
	uint32_t ipv6;    /* of 100 flows */
	uint32_t bulk;    /* of 100 flows */
	uint32_t life;    /* packets of a connection */
	uint16_t payload; /* of a full segment, at most FRAME_PAYLOAD_MAX */
};

/* Prepares the first connection of flow number `index`, counted from 0. */
void flow_init(struct flow *flow, uint32_t index, const struct flow_settings *settings);

/* Writes the flow's next one to FLOW_TURN_MAX packets, and returns their number.
 * `now_ms` is the time that TSvals show. */
size_t flow_turn(struct flow *flow, uint32_t now_ms, struct flow_packet packets[FLOW_TURN_MAX]);

#endif
