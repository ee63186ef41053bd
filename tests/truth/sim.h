/*
 * The simulator's world: flows of two TCP endpoints each, the four legs of their
 * path, the capture point between them, and one event queue for all.
 *
 * Data runs: application -> endpoint -> (send offload) -> leg 0 -> capture point
 * -> leg 1 -> (receive offload) -> endpoint. When the capture point is at a host,
 * that host's offloads stand on the far side of it, as with tcpdump there.
 *
 * Positions are 64-bit offsets from the initial sequence number (SYN = 0, first
 * byte = 1); only the pcap writer knows 32-bit numbers. Direction d is that of
 * the packets that endpoint d sends; 0 is the client.
 */
#ifndef TRUTH_SIM_H
#define TRUTH_SIM_H

#include "sim_ledger.h"
#include "sim_queue.h"
#include "sim_random.h"
#include "sim_settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MICROSECOND INT64_C(1000)
#define MILLISECOND INT64_C(1000000)
#define SECOND      INT64_C(1000000000)

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

enum { MAX_BLOCKS = 4, MAX_SUPER_SEGMENT = 64000, CAUSES = 4 };

/* The passage of a packet at the capture point. */
struct passage {
	uint64_t frame; /* record number; 0: not captured */
	int64_t time_ns;
	uint64_t start, end; /* of the packet as it was there */
	bool copied;         /* captured once more later */
};

/* The arrival that makes an endpoint answer. */
struct trigger {
	struct passage passage;
	int64_t arrival_ns;
	uint32_t tsval;
	bool full_sized;
};

struct packet {
	struct packet *next; /* in the pool */
	struct flow *flow;
	uint8_t direction;
	uint8_t flags;
	uint8_t block_count;
	bool has_timestamps;
	bool duplicate_block; /* blocks[0] is a D-SACK */
	uint8_t hop;          /* a copy: further down the path */
	uint16_t ip_id;
	uint16_t window;
	uint32_t segment_size; /* largest payload of the segments it is made of */
	uint64_t start, end;   /* with SYN and FIN */
	uint64_t ack;          /* offset in the peer's space */
	uint64_t blocks[MAX_BLOCKS][2];
	uint32_t tsval, tsecr;
	int64_t sent_ns, arrival_ns;
	struct passage passage;
	/* Its acknowledgement: the arrival that made it leave at once (if one did: caused),
	 * the last arrival of any data, of new data, of data in order. See README.md. */
	struct trigger causes[CAUSES];
	bool caused;
	bool repeated; /* a SYN-ACK sent again by the timer: no arrival caused it */
	bool prompt;   /* the receiver was obliged to send it at once */
};

/* A piece of path in one direction. */
struct leg {
	int64_t delay_ns, jitter_ns, reorder_ns, queue_ns;
	int64_t byte_ps; /* serialisation; 0: none */
	uint32_t loss, burst, syn_loss, reorder;
	bool lost_last;
	int64_t free_ns, last_ns;
};

enum state { CLOSED, LISTEN, SYN_SENT, SYN_RECEIVED, ESTABLISHED };

enum { SEGMENT_SACKED = 1, SEGMENT_LOST = 2 };

/* A segment in flight, as its sender remembers it. LOST: to be sent again. */
struct segment {
	uint64_t start, end;
	int64_t sent_ns;
	uint16_t sent;
	uint8_t flags;
};

/* Out-of-order data at the receiver. */
struct block {
	uint64_t start, end, stamp;
};

struct endpoint {
	struct flow *flow;
	uint8_t side;
	uint8_t state;

	/* settled at the start */
	bool wants_timestamps, timestamps, sack, tail_probe, probe_with_byte;
	uint8_t window_scale;
	uint32_t isn, mss, super_segment, receive_buffer;
	uint32_t timestamp_base;
	int64_t tick_ns, delayed_ack_ns;
	uint16_t ip_id;

	/* sender (RFC 9293 names) */
	uint64_t una, next, written, window_edge;
	bool closing;
	struct segment *segments;
	size_t head, count, room;
	uint32_t sacked, lost, window, threshold, credit, duplicates; /* in segments */
	bool recovering, probed;
	uint64_t recover, loss_edge, resend_edge, highest_sacked;
	int64_t smoothed_ns, variance_ns;
	unsigned backoff;
	int64_t last_sent_ns;

	/* receiver */
	uint64_t received, acknowledged, read, offered_edge, fin_position;
	uint64_t duplicate[2]; /* D-SACK to report; empty: none */
	struct block *blocks;
	size_t block_count, block_room;
	uint64_t stamp;
	uint32_t largest, recent; /* segment size; TS.Recent */
	unsigned quick_acks;
	bool finished, stalled;
	bool urgent, urgent_prompt; /* an acknowledgement is due now */
	struct trigger urgent_trigger, any_trigger, last_trigger, in_order_trigger;

	/* deadlines; 0: not set */
	int64_t resend_at, tail_at, persist_at, delayed_at, keep_alive_at, app_at, read_at;
	int64_t wake_ns; /* the event in the queue that counts */
};

/* Receive offload of one direction. */
struct coalescer {
	struct packet *held;
	int64_t flush_ns;
};

struct flow {
	struct simulation *simulation;
	const struct setting *setting;
	struct prng prng;
	uint64_t number;
	uint32_t mtu;
	unsigned references; /* events in the queue */
	bool done, version6, reused;
	bool at_host[2]; /* the capture point is at this endpoint */
	bool coalesce[2];
	uint16_t vlan[2];
	uint8_t vlan_count;
	uint8_t address[2][16];
	uint16_t port[2];
	char name[2][56]; /* "address,port" */
	struct endpoint endpoint[2];
	struct leg leg[2][2]; /* [direction][0: before, 1: after the capture point] */
	struct coalescer coalescer[2];
	struct ledger ledger[2]; /* of the data that endpoint d sends */
	int64_t capture_from_ns;
	bool capture_direction[2];

	/* application */
	uint8_t app;
	int64_t rounds;
	uint64_t expected[2]; /* endpoint d acts when it has read up to here */
};

enum event_kind {
	EVENT_NEW_FLOW,
	EVENT_CAPTURE,
	EVENT_COPY,
	EVENT_ARRIVE,
	EVENT_WAKE,
	EVENT_FLUSH,
	EVENT_REUSE,
};

struct buffer {
	int file;
	bool failed;
	size_t used;
	uint8_t *bytes;
};

struct simulation {
	const struct setting *setting;
	struct prng prng;
	struct queue queue;
	int64_t now_ns;
	uint64_t flows, flows_started, frames, frame_limit, lines;
	uint32_t snaplen;
	struct packet *pool;
	struct buffer pcap, truth;
};

/* sim_flow.c: flows and what they are made of. */
void flow_new(struct simulation *simulation, const struct flow *predecessor);
void flow_end(struct flow *flow); /* both sides are through */
void flow_release(struct flow *flow);
struct packet *packet_new(struct simulation *simulation);
void packet_free(struct simulation *simulation, struct packet *packet);
void schedule(struct flow *flow, int64_t time_ns, enum event_kind kind, void *subject,
	      uint32_t detail);

/* sim_path.c: from an endpoint's send to the other's receive. */
void path_send(struct packet *packet);
void path_capture(struct packet *packet);
void path_arrive(struct packet *packet);
void path_flush(struct flow *flow, unsigned direction);
uint32_t packet_payload(const struct packet *packet);
uint32_t packet_wire_size(const struct packet *packet);

/* sim_capture.c: the capture point: what it sees, what is true of it. */
void capture_packet(struct packet *packet);
void capture_copy(struct packet *packet);

/* sim_pcap.c: files. */
#define BUFFER_SIZE ((size_t)1 << 20)
bool buffer_open(struct buffer *buffer, const char *path);
uint8_t *buffer_room(struct buffer *buffer, size_t bytes); /* at most 4096 */
bool buffer_close(struct buffer *buffer);
void pcap_header(struct simulation *simulation);
void pcap_packet(struct simulation *simulation, const struct packet *packet);

/* sim_send.c: an endpoint's sending half. */
void endpoint_connect(struct endpoint *endpoint);
void endpoint_output(struct endpoint *endpoint);
void endpoint_emit(struct endpoint *endpoint, uint64_t start, uint64_t end, uint8_t flags);
void endpoint_acknowledge(struct endpoint *endpoint); /* a pure ACK, now */
void endpoint_write(struct endpoint *endpoint, uint64_t bytes);
void endpoint_close(struct endpoint *endpoint);
void endpoint_reset(struct endpoint *endpoint);
struct segment *endpoint_segment(struct endpoint *endpoint, size_t index);
void endpoint_mark_lost(struct endpoint *endpoint, struct segment *segment);
uint32_t endpoint_in_flight(const struct endpoint *endpoint);

/* sim_acked.c: an endpoint's sending half hears an acknowledgement. */
void endpoint_acked(struct endpoint *endpoint, const struct packet *packet);

/* sim_receive.c: an endpoint's receiving half. */
void endpoint_receive(struct endpoint *endpoint, const struct packet *packet);
uint32_t endpoint_free_buffer(const struct endpoint *endpoint);

/* sim_timer.c: deadlines. */
void endpoint_wake(struct endpoint *endpoint);
void endpoint_arm(struct endpoint *endpoint); /* after any change of deadlines */
int64_t endpoint_timeout(const struct endpoint *endpoint);

/* sim_app.c: who says what to whom. */
void app_established(struct endpoint *endpoint);
void app_read(struct endpoint *endpoint); /* new data is there */
void app_wake(struct endpoint *endpoint); /* app_at has come */

#endif
