/*
 * What is remembered of a TCP connection.
 *
 * A flow is two directions, each named by its sender. Everything about the
 * sequence space of one direction, and about the segments that it has
 * outstanding, stands in its struct direction; matching (match.h) works on one
 * direction at a time and knows nothing of flows.
 */
#ifndef RTT_FLOW_H
#define RTT_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "rtt/segment_ring.h"
#include "tcpmetro.h"

enum {
	DIRECTION_SEEN = 0x01,         /* `max` is valid: a segment of it was captured */
	DIRECTION_ACKED = 0x02,        /* `una` comes from an acknowledgement, or from a SYN */
	DIRECTION_ISN = 0x04,          /* `isn` is valid: its SYN was captured */
	DIRECTION_FIN = 0x08,          /* its FIN was captured */
	DIRECTION_PROBE = 0x10,        /* `probe` is valid */
	DIRECTION_VOID = 0x20,         /* `void_end` is valid, `void_reason` says why */
	DIRECTION_DSACK = 0x40,        /* its receiver has reported a duplicate (RFC 2883) */
	DIRECTION_SACK_BLOCK = 0x80,   /* `sack_block` is valid */
	DIRECTION_TIMESTAMPS = 0x100,  /* its segments carry timestamps */
	DIRECTION_ASKED_AGAIN = 0x400, /* the other side has repeated its SYN */
	DIRECTION_COMPLAINT = 0x800,   /* `complaint` is valid */
	DIRECTION_MIN_RTT = 0x1000,    /* `min_rtt_ns` is valid */
	DIRECTION_NO_SACK = 0x2000,    /* the handshake did not agree on SACK */
	DIRECTION_DOUBT = 0x4000,      /* one acknowledgement says that una is wrong */
	DIRECTION_ANEW = 0x200,        /* its next SYN begins it anew, with another ISN */
};

struct direction {
	uint16_t flags;
	uint8_t void_reason; /* enum tcpm_reason */
	uint32_t isn;
	uint32_t una; /* acknowledged up to here (RFC 9293 3.3.1: SND.UNA) */
	uint32_t max; /* the highest sequence number seen, plus one */
	/* The longest segment seen, and the MSS that the receiver announced (0: not
	 * seen): together the size of a full segment. */
	uint32_t longest;
	uint16_t mss;
	uint16_t window; /* as its receiver last announced it, unscaled */
	/* What lies before void_end was captured but is not remembered. */
	uint32_t void_end;
	/* Where the next segment would start if an implausible one was right. */
	uint32_t probe;
	/* The last SACK block reported first, already worked in. */
	uint32_t sack_left;
	uint32_t sack_right;
	/* Fingerprint of the last packet with data, to know its copy by. */
	uint32_t fingerprint;
	/* The last frame in which the receiver complained of a loss: a duplicate
	 * acknowledgement or a SACK block. */
	uint32_t complaint;
	struct segment_ring ring;
	int64_t min_rtt_ns;                /* of class network */
	int64_t heard_ns;                  /* when its receiver last sent anything */
	int64_t sent_ns;                   /* when it last sent a segment */
	int64_t last_rtt_ns[TCPM_CLASSES]; /* -1: none yet */
	struct tcpm_totals totals;         /* not told of yet: since the last sample */
	void *slot;
};

enum flow_state {
	FLOW_HALF_OPEN,   /* the handshake is not known to have ended */
	FLOW_ESTABLISHED, /* both sides have answered one another */
	FLOW_CLOSED,      /* both FINs acknowledged, or reset */
	FLOW_STATES
};

struct flow {
	struct flow *next; /* in its hash bucket */
	struct flow *newer, *older;
	/* A connection that begins on the same endpoints while this one may be alive;
	 * takes its place when its handshake completes. Not in the hash table. */
	struct flow *challenger;
	struct flow *challenged; /* the other way: set on a challenger alone */
	/* Another id by which it is found, for a direction that bears other labels; and the
	 * other way: set on that entry, which is no flow, alone. */
	struct flow *alias;
	struct flow *real;
	bool syn_noted; /* see flow_table_note_syn */
	int64_t touched_ns;
	uint64_t hash;
	uint8_t state;  /* enum flow_state */
	uint32_t epoch; /* of the capture's clock */
	struct tcpm_flow_id id;
	struct direction direction[2];
};

#endif
