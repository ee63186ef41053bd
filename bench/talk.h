/*
 * Small connections, of which there may be a million: a few dozen bytes each.
 *
 * In a talk the two sides take turns, and each packet acknowledges all data sent
 * before. The headers' templates are built again for each packet, which takes time but no
 * memory; flow.h is for the opposite need.
 */
#ifndef BENCH_TALK_H
#define BENCH_TALK_H

#include <stddef.h>
#include <stdint.h>

#include "frame.h"

enum talk_side { TALK_CLIENT, TALK_SERVER };

struct talk {
	struct frame_end end[2]; /* by talk_side */
	uint32_t next[2];        /* sequence number to be sent next */
	uint32_t clock[2];       /* what each side adds to the time for its TSval */
	uint32_t said[2];        /* TSval of each side's last packet, 0 before it */
	uint16_t id[2];
};

/* A number of which nothing shows where it came from, the same for the same `x`. */
uint32_t talk_mix(uint64_t x);

/* Prepares a connection over IPv4 from client to server, whose first sequence numbers and
 * clocks follow from `number`. */
void talk_init(struct talk *talk, uint64_t number, const struct frame_end *client,
	       const struct frame_end *server);

/* Writes the headers of what `side` says next, and returns their length. `flags` are those
 * of TCP, `payload` bytes are to follow (at most FRAME_PAYLOAD_MAX), and `now_ms` is the
 * time that TSvals show. */
size_t talk_say(struct talk *talk, enum talk_side side, uint8_t flags, size_t payload,
		uint32_t now_ms, uint8_t head[FRAME_HEAD_MAX]);

#endif
