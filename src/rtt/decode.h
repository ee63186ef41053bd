/*
 * Frames, decoded: half of what is done for a packet, and the half that touches nothing of
 * an engine's that changes. So it may be done for many frames before the first of them is
 * worked on.
 */
#ifndef RTT_DECODE_H
#define RTT_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "packet/packet.h"
#include "packet/partition.h"
#include "rtt/flow_name.h"
#include "rtt/match.h"
#include "tcpmetro.h"

/* A frame that another engine measures: its time is all that matters here. */
#define DECODED_ELSEWHERE TCPM_DECODES

/* A frame, and what was left out before it; all but result, arrival.now_ns and timed, number,
 * skipped and before_ns only if the result is TCPM_DECODE_TCP. What every frame needs is
 * in the first two cache lines. */
struct decoded {
	struct flow_name name;  /* its interface: the frame's */
	struct arrival arrival; /* now_ns: the frame's time_ns, as it is; frame: to be set */
	int64_t before_ns;      /* as in its gap, and */
	uint8_t skipped;
	uint8_t result; /* enum tcpm_decode, or DECODED_ELSEWHERE */
	uint8_t sender; /* index in the id */
	bool plain;     /* of SYN, FIN, RST and ACK the last alone */
	uint32_t size;  /* sequence space that it consumes: data, SYN and FIN; 0 with RST */
	struct packet packet;
	uint64_t number;        /* as the frame's */
	struct tcpm_flow_id id; /* of the name, if it is wide */
} __attribute__((aligned(64)));

_Static_assert(offsetof(struct decoded, packet.source_port) <= 128, "two cache lines");

/* What decoding needs to know of an engine. */
struct decode_rules {
	struct packet_ports ports;
	uint64_t seed; /* of the flow table */
	struct partition partition;
};

/* Decodes a frame, unless another partition owns it, and makes the key of its flow. owner: enum
 * partition_owner, as far as it is known. skipped and before_ns are the caller's to set. */
void decode_frame(const struct decode_rules *rules, const struct tcpm_frame *frame, unsigned owner,
		  struct decoded *decoded);

#endif
