/*
 * Frames, decoded: half of what is done for a packet, and the half that touches nothing of
 * an engine's that changes. So it may be done for many frames before the first of them is
 * worked on, or in another thread.
 */
#ifndef RTT_BATCH_H
#define RTT_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "packet/packet.h"
#include "rtt/flow.h"
#include "tcpmetro.h"

/* A frame; all but result, time_ns and number only if that is TCPM_DECODE_TCP. What is needed
 * of each frame stands in the first two cache lines: it may come from another processor. */
struct decoded {
	struct flow_name name; /* its interface: the frame's */
	int64_t time_ns;       /* as the frame's */
	uint64_t number;       /* as the frame's */
	uint8_t result;        /* enum tcpm_decode */
	uint8_t sender;        /* index in the id */
	uint32_t fingerprint;  /* match_fingerprint, if it consumes sequence space */
	struct packet packet;
	struct tcpm_flow_id id; /* of the name, if it is wide */
} __attribute__((aligned(64)));

_Static_assert(offsetof(struct decoded, packet.source_port) <= 128, "two cache lines");

/* What decoding needs to know of an engine. */
struct batch_rules {
	struct packet_ports ports;
	uint64_t seed; /* of the flow table */
};

struct tcpm_batch {
	struct batch_rules rules;
	size_t capacity;
	size_t count;
	struct decoded decoded[];
};

/* Room for `capacity` frames. NULL: errno is ENOMEM, or EINVAL (none, or more than a million). */
struct tcpm_batch *batch_new(const struct batch_rules *rules, size_t capacity);

/* Decodes a frame and finds out whose it is. */
void batch_decode(const struct batch_rules *rules, const struct tcpm_frame *frame,
		  struct decoded *decoded);

#endif
