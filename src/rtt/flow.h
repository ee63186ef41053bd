/*
 * What is remembered of a TCP connection.
 *
 * A flow is two directions, each named by its sender. Everything about the
 * sequence space of one direction is in its struct direction; matching (match.h) works
 * on one direction at a time and knows nothing of flows. What is only known while segments
 * are outstanding is with them (segment_ring.h), what few flows need in struct flow_cold.
 *
 * There may be a million flows, and each packet waits for its flow to come from memory: so
 * this is packed, places in tables are numbers instead of pointers, and nothing is here that
 * most idle flows do without.
 */
#ifndef RTT_FLOW_H
#define RTT_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "rtt/flow_name.h"
#include "rtt/segment_ring.h"
#include "tcpmetro.h"

enum {
	DIRECTION_SEEN = 0x01,            /* `max` is valid: a segment of it was captured */
	DIRECTION_ACKED = 0x02,           /* `una` comes from an acknowledgement, or from a SYN */
	DIRECTION_ISN = 0x04,             /* `isn` is valid: its SYN was captured */
	DIRECTION_FIN = 0x08,             /* its FIN was captured */
	DIRECTION_PROBE = 0x10,           /* its ring's `probe` is valid */
	DIRECTION_UNTRACKED = 0x20,       /* `untracked_end` and `untracked_reason` are valid */
	DIRECTION_DSACK = 0x40,           /* its receiver has reported a duplicate (RFC 2883) */
	DIRECTION_SACK_BLOCK = 0x80,      /* its ring's `sack_left` and `sack_right` are valid */
	DIRECTION_TIMESTAMPS = 0x100,     /* its segments carry timestamps */
	DIRECTION_EXPECT_NEW_ISN = 0x200, /* its next SYN starts it again, with another ISN */
	DIRECTION_ASKED_AGAIN = 0x400,    /* the other side has repeated its SYN */
	DIRECTION_DUPACK = 0x800,         /* its ring's `dupack_frame` is valid */
	DIRECTION_NO_SACK = 0x1000,       /* the handshake did not agree on SACK */
	DIRECTION_ACK_SUSPECT = 0x2000,   /* one acknowledgement says that una is wrong */
	/* With DIRECTION_UNTRACKED: why; neither of them means TCPM_REASON_GAP. */
	DIRECTION_UNTRACKED_UNTIMED = 0x4000,
	DIRECTION_UNTRACKED_CLOCK = 0x8000,
};

struct direction {
	uint16_t flags;  /* DIRECTION_ */
	uint16_t window; /* as its receiver last announced it, unscaled */
	uint32_t isn;
	uint32_t una; /* acknowledged up to here (RFC 9293 3.3.1: SND.UNA) */
	uint32_t max; /* the highest sequence number seen, plus one */
	/* What lies before untracked_end was captured but is not remembered. */
	uint32_t untracked_end;
	/* Fingerprint of the last packet with data, to know its copy by; and when that was,
	 * in units of 1,024 ns, modulo 2^32. */
	uint32_t fingerprint;
	uint32_t sent;
	/* The longest segment seen, at most UINT16_MAX, and the MSS that the receiver announced
	 * (0: not seen): together the size of a full segment. */
	uint16_t longest;
	uint16_t mss;
	uint32_t ring; /* its outstanding segments; see segment_ring.h */
	/* The shortest round trip of class network, in units of 64 ns, rounded down, plus one;
	 * 0: none yet. */
	uint32_t min_rtt;
	int64_t receiver_last_ns; /* when its receiver last sent anything */
};

#define MIN_RTT_SHIFT 6

/* The shortest round trip; there is one. */
static inline int64_t direction_min_rtt_ns(const struct direction *direction)
{
	return (int64_t)(direction->min_rtt - 1) << MIN_RTT_SHIFT;
}

/* What callbacks report of a direction, beside samples. */
struct flow_totals {
	uint64_t user_data;
	/* The last sample of each class, plus one ns, in two parts; 0: none yet. */
	uint32_t last_rtt_low[TCPM_CLASSES];
	uint8_t last_rtt_high[TCPM_CLASSES];
	/* Since the last sample. What does not fit is in flow_cold. */
	uint16_t segments;
	uint16_t retransmitted;
	uint16_t out_of_order;
};

enum flow_state {
	FLOW_HALF_OPEN,   /* the handshake is not known to have ended */
	FLOW_ESTABLISHED, /* both sides have answered one another */
	FLOW_CLOSED,      /* both FINs acknowledged, or reset */
	FLOW_STATES,
	FLOW_ALIAS = FLOW_STATES, /* no flow, but another name of one, see flow_table_add_alias */
	FLOW_FREE,                /* no flow: a place that is free */
};

enum {
	FLOW_LINKED = 0x01,    /* is in the hash table */
	FLOW_SYN_NOTED = 0x02, /* was noted, maybe still is; see flow_table_note_syn */
};

struct flow {
	struct flow_key key;
	uint32_t newer, older; /* in its list by last use: places of flows; 0: none */
	uint32_t cold;         /* where its struct flow_cold is; 0: none */
	uint16_t interface;    /* of its first frame; UINT16_MAX: see flow_cold */
	uint8_t state;         /* enum flow_state */
	uint8_t flags;         /* FLOW_LINKED, FLOW_SYN_NOTED */
	int64_t last_used_ns;
	struct direction direction[2];
	struct flow_totals totals[2];
};

_Static_assert(sizeof(struct flow) == 184, "no padding");

/* What hardly any flow has. Zero: there is none. */
struct flow_cold {
	/* A connection that begins on the same endpoints while this one may be alive;
	 * takes its place when its handshake completes. Not in the hash table. */
	uint32_t challenger;
	uint32_t challenged; /* the other way: of a challenger alone */
	/* Another id by which it is found, for a direction that bears other labels; and the
	 * other way: of that entry alone. */
	uint32_t alias;
	uint32_t real;
	uint32_t interface;
	struct tcpm_totals totals[2]; /* what did not fit in its accounts */
};

#endif
