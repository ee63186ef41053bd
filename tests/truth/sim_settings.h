/*
 * Settings of the simulator: each a named kind of traffic, path and capture.
 */
#ifndef TRUTH_SIM_SETTINGS_H
#define TRUTH_SIM_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Timestamp ticks, as bits. */
enum { TICK_1US = 1, TICK_1MS = 2, TICK_10MS = 4, TICK_500MS = 8 };

/* Applications: weights of a choice. */
enum { APP_BULK, APP_REQUESTS, APP_SMALL_WRITES, APP_BOTH_WAYS, APPS };

struct range64 {
	int64_t low, high;
};

/* Where the capture point stands: parts in a thousand of the path's delay from
 * the client. 0 and 1000 are at the hosts (offloads are then seen). */
enum { AT_CLIENT = 0, AT_SERVER = 1000 };

/* All shares are in parts per million. Index 0: between the sender and the
 * capture point; index 1: between the capture point and the receiver. */
struct setting {
	const char *name;
	const char *about;
	unsigned flows;     /* default number */
	int64_t spacing_us; /* mean time between two flows' starts */

	struct range64 one_way_us; /* delay of the whole path, one way */
	struct range64 capture_at; /* position, see above */
	uint32_t jitter;           /* of the delay */
	uint32_t loss[2];
	uint32_t burst;    /* a loss follows a loss */
	uint32_t syn_loss; /* besides, for packets of the handshake */
	uint32_t reorder[2];
	int64_t reorder_us;  /* a late packet comes later by up to */
	struct range64 mbit; /* rate of the slowest link */
	int64_t queue_us;    /* a packet that would wait longer is dropped */

	uint32_t timestamps, timestamps_declined, sack, send_offload, receive_offload;
	uint32_t tail_probe, slow_delayed_ack, ipv6, wrap;
	uint32_t odd_mss; /* another MTU than 1500 */
	unsigned ticks;
	unsigned quick_acks; /* at most, at the start of a connection */

	unsigned apps[APPS];
	struct range64 bulk_bytes;
	struct range64 rounds; /* requests, or small writes */
	struct range64 answer_bytes;
	int64_t think_us; /* mean, of server and of client */

	uint32_t stalls;      /* a flow's readers stop now and then (zero window) */
	uint32_t keep_alives; /* a flow that sends them when idle */
	uint32_t resets;      /* a flow ends by RST */
	uint32_t port_reuse;  /* a flow is followed by another with the same ports */
	uint32_t vlans;       /* a flow is tagged */

	uint32_t capture_loss;    /* packets that the capture misses */
	uint32_t capture_one_way; /* flows of which only one direction is captured */
	uint32_t copies;          /* packets captured twice */
	uint32_t mid_flow;        /* flows whose start is not captured */
};

/* The setting of that name, or NULL. */
const struct setting *setting_find(const char *name);

/* The index-th setting, or NULL past the last. */
const struct setting *setting_at(size_t index);

/* The setting "mixed" takes for its flow number index. A flow's own traits come
 * from the result; for any other setting that is the setting itself. */
const struct setting *setting_of_flow(const struct setting *setting, uint64_t draw);

#endif
