/*
 * Frames, decoded: half of what is done for a packet, and the half that touches nothing of
 * an engine's that changes. So it may be done for many frames before the first of them is
 * worked on.
 */
#ifndef RTT_BATCH_H
#define RTT_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "packet/packet.h"
#include "rtt/flow.h"
#include "tcpmetro.h"

/* Times beyond this, some 146 years either side of 1970, are nonsense; held there, no
 * difference of two of them overflows. */
#define BATCH_FARTHEST_NS (INT64_MAX / 2)

/* A frame that another engine measures: its time is all that matters here. */
#define DECODED_ELSEWHERE TCPM_DECODES

/* A frame, and what there was since the one before it; all but result, time_ns, number and
 * skipped only if the result is TCPM_DECODE_TCP. What is needed of each frame stands in the
 * first two cache lines. */
struct decoded {
	struct flow_name name; /* its interface: the frame's */
	int64_t time_ns;       /* as the frame's */
	uint64_t number;       /* as the frame's */
	uint8_t result;        /* enum tcpm_decode, or DECODED_ELSEWHERE */
	uint8_t sender;        /* index in the id */
	uint32_t fingerprint;  /* match_fingerprint, if it consumes sequence space */
	/* Frames before this one that another engine measures and that have no place of their
	 * own here. All have times, none was before that of a frame before it, and a frame with
	 * a place of its own came first. */
	uint32_t skipped;
	int64_t before_ns; /* the time of the last of them, if there are any */
	struct packet packet;
	struct tcpm_flow_id id; /* of the name, if it is wide */
} __attribute__((aligned(64)));

_Static_assert(offsetof(struct decoded, packet.source_port) <= 128, "two cache lines");

/* What decoding needs to know of an engine. */
struct batch_rules {
	struct packet_ports ports;
	uint64_t seed;   /* of the flow table */
	uint32_t shares; /* as in tcpm_options; at least 1 */
	uint32_t share;
};

struct tcpm_batch {
	struct batch_rules rules;
	size_t capacity;
	size_t frames; /* at most capacity */
	size_t count;  /* of those that have a place: */
	struct decoded decoded[];
};

/* Room for `capacity` frames. NULL: errno is ENOMEM, or EINVAL (none, or more than a million). */
struct tcpm_batch *batch_new(const struct batch_rules *rules, size_t capacity);

/* Decodes a frame and finds out whose it is; nothing was skipped before it. */
void batch_decode(const struct batch_rules *rules, const struct tcpm_frame *frame,
		  struct decoded *decoded);

#endif
