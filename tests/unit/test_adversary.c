/*
 * Attacks and hard cases: what a sender of packets can do on purpose, and a small
 * simulated connection over a lossy path of which the truth is known.
 *
 * The one idea of the simulation: the receiver notes with each acknowledgement which
 * transmission made it speak and whether it had to speak at once; each sample must name
 * that transmission, and may call itself network only if it had to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtt/match.h"
#include "rtt/segment_slab.h"
#include "rtt/seq.h"
#include "scenario.h"

#define MS     INT64_C(1000000)
#define RAW_IP 101

/* One TCP packet, IPv4, between two hosts. */
struct wire {
	bool from_server;
	uint16_t client_port;
	uint8_t flags;
	uint32_t seq, ack, length, tsval, tsecr;
	bool timestamps;
	uint32_t sack[4];
	unsigned sack_count; /* numbers, two a block */
};

static uint8_t *put16(uint8_t *at, uint32_t value)
{
	*at++ = (uint8_t)(value >> 8);
	*at++ = (uint8_t)value;
	return at;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
	return put16(put16(at, value >> 16), value & 0xffff);
}

static uint8_t *put_options(uint8_t *at, const struct wire *wire)
{
	if (wire->timestamps) {
		at = put32(at, 0x0101080a);
		at = put32(put32(at, wire->tsval), wire->tsecr);
	}
	if (wire->sack_count) {
		at = put32(at, 0x01010502 + 4 * wire->sack_count);
		for (unsigned i = 0; i < wire->sack_count; i++)
			at = put32(at, wire->sack[i]);
	}
	return at;
}

static void feed(struct tcpm_engine *engine, const struct wire *wire, int64_t time_ns,
		 uint64_t number)
{
	uint8_t bytes[80];
	uint8_t *tcp = bytes + 20;
	uint8_t *at = put16(tcp, wire->from_server ? 80 : wire->client_port);

	at = put16(at, wire->from_server ? wire->client_port : 80);
	at = put32(put32(at, wire->seq), wire->ack);
	at = put16(at, wire->flags);
	at = put32(put16(at, 65535), 0);
	at = put_options(at, wire);
	tcp[12] = (uint8_t)((at - tcp) / 4 << 4);

	size_t size = (size_t)(at - bytes);

	at = put16(put16(bytes, 0x4500), (uint32_t)size + wire->length);
	at = put16(put16(at, (uint32_t)number & 0xffff ? (uint32_t)number & 0xffff : 1), 0);
	at = put16(put16(at, 0x4006), 0);
	at = put32(at, wire->from_server ? 0xc6336402 : 0xc0000201);
	put32(at, wire->from_server ? 0xc0000201 : 0xc6336402);
	tcpm_engine_feed(engine,
			 &(struct tcpm_frame){.bytes = bytes,
					      .captured = (uint32_t)size,
					      .wire_length = (uint32_t)size + wire->length,
					      .time_ns = time_ns,
					      .number = number,
					      .linktype = RAW_IP},
			 1);
}

/* A simulated connection. */
enum { MAX_EVENTS = 256, MAX_FRAMES = 8000, WINDOW = 12, STREAM = 1000, FULL = 1000 };

enum event_kind { AT_CAPTURE, AT_RECEIVER, ACK_AT_CAPTURE, ACK_AT_SENDER, DELAYED_ACK, RTO, WRITE };

struct event {
	int64_t time_ns;
	uint64_t order;
	enum event_kind kind;
	struct wire wire;
	uint64_t frame; /* of the transmission; the trigger's for an acknowledgement */
	bool prompt;
};

struct path {
	unsigned loss[4]; /* per mille: sender to capture, on to receiver, back, on to sender */
	int64_t delay_ns[2];
	bool timestamps, sack, dsack;
	unsigned tick_ms;
};

struct simulation {
	struct path path;
	struct tcpm_engine *engine;
	uint32_t random;
	int64_t now_ns;
	uint64_t order;
	int64_t link_free_ns;
	struct event events[MAX_EVENTS];
	unsigned event_count;
	/* Sender: piece i is bytes [starts[i], starts[i + 1]). */
	uint32_t starts[STREAM + 1];
	unsigned written, sent, acked, duplicates;
	uint64_t timer;
	bool again_since_acked;
	/* Receiver */
	bool got[STREAM];
	unsigned next, unacked_pieces;
	uint32_t last_acked, recent;
	bool delayed;
	uint64_t delayed_trigger, delayed_order;
	/* Capture and truth */
	uint64_t number;
	uint64_t trigger[MAX_FRAMES];
	bool prompt[MAX_FRAMES];
	int64_t seen_ns[MAX_FRAMES];
	unsigned samples;
};

static unsigned chance(struct simulation *sim, unsigned range)
{
	sim->random ^= sim->random << 13;
	sim->random ^= sim->random >> 17;
	sim->random ^= sim->random << 5;
	return (unsigned)(((uint64_t)sim->random * range) >> 32);
}

static uint64_t plan(struct simulation *sim, enum event_kind kind, int64_t delay_ns,
		     struct event event)
{
	assert_true(sim->event_count < MAX_EVENTS);
	event.time_ns = sim->now_ns + delay_ns;
	event.order = ++sim->order;
	event.kind = kind;
	sim->events[sim->event_count++] = event;
	return event.order;
}

static uint32_t clock_now(const struct simulation *sim)
{
	return (uint32_t)(sim->now_ns / MS / sim->path.tick_ms) + 7;
}

static void transmit(struct simulation *sim, unsigned piece)
{
	struct event event = {.wire = {.client_port = 40000,
				       .flags = 0x10,
				       .seq = sim->starts[piece],
				       .ack = 1,
				       .length = sim->starts[piece + 1] - sim->starts[piece],
				       .timestamps = sim->path.timestamps,
				       .tsval = clock_now(sim)}};

	sim->link_free_ns =
		(sim->link_free_ns > sim->now_ns ? sim->link_free_ns : sim->now_ns) + 10000;
	if (chance(sim, 1000) >= sim->path.loss[0])
		plan(sim, AT_CAPTURE, sim->link_free_ns - sim->now_ns + sim->path.delay_ns[0],
		     event);
	sim->timer = plan(sim, RTO, 250 * MS, (struct event){0});
}

static void send_new(struct simulation *sim)
{
	while (sim->sent < sim->written && sim->sent < sim->acked + WINDOW)
		transmit(sim, sim->sent++);
}

static unsigned piece_at(const struct simulation *sim, uint32_t seq)
{
	unsigned i = 0;

	while (sim->starts[i] != seq)
		i++;
	return i;
}

static void acknowledge(struct simulation *sim, uint64_t trigger, bool prompt,
			const uint32_t *first_block, bool with_block)
{
	struct event event = {.wire = {.from_server = true,
				       .client_port = 40000,
				       .flags = 0x10,
				       .seq = 1,
				       .ack = sim->starts[sim->next],
				       .timestamps = sim->path.timestamps,
				       .tsval = clock_now(sim) + 5000,
				       .tsecr = sim->recent},
			      .frame = trigger,
			      .prompt = prompt};

	if (with_block) {
		memcpy(event.wire.sack, first_block, 8);
		event.wire.sack_count = 2;
	}
	sim->delayed = false;
	sim->unacked_pieces = 0;
	sim->last_acked = event.wire.ack;
	if (chance(sim, 1000) >= sim->path.loss[2])
		plan(sim, ACK_AT_CAPTURE, sim->path.delay_ns[1], event);
}

/* The contiguous data held out of order around a piece. */
static void block_around(const struct simulation *sim, unsigned piece, uint32_t *block)
{
	unsigned left = piece, right = piece + 1;

	while (left > sim->next && sim->got[left - 1])
		left--;
	while (right < STREAM && sim->got[right])
		right++;
	block[0] = sim->starts[left];
	block[1] = sim->starts[right];
}

static void receive(struct simulation *sim, const struct event *event)
{
	unsigned piece = piece_at(sim, event->wire.seq);
	bool held = false;
	uint32_t block[2] = {event->wire.seq, event->wire.seq + event->wire.length};

	for (unsigned i = sim->next; i < sim->sent; i++)
		held |= sim->got[i];
	if (event->wire.seq <= sim->last_acked && event->wire.seq >= sim->starts[sim->next])
		sim->recent = event->wire.tsval;
	if (piece < sim->next || sim->got[piece]) {
		acknowledge(sim, event->frame, true, block, sim->path.dsack);
		return;
	}
	sim->got[piece] = true;
	if (piece > sim->next) {
		block_around(sim, piece, block);
		acknowledge(sim, event->frame, true, block, sim->path.sack);
		return;
	}
	while (sim->next < STREAM && sim->got[sim->next])
		sim->next++;
	if (held || sim->starts[sim->next] - sim->last_acked > FULL) {
		acknowledge(sim, event->frame, true, block, false);
	} else {
		sim->delayed = true;
		sim->delayed_trigger = event->frame;
		sim->delayed_order = plan(sim, DELAYED_ACK, 40 * MS, (struct event){0});
	}
}

static void sender_takes(struct simulation *sim, const struct wire *wire)
{
	if (wire->ack > sim->starts[sim->acked]) {
		sim->acked = piece_at(sim, wire->ack);
		sim->duplicates = 0;
		if (sim->again_since_acked && sim->acked < sim->sent && chance(sim, 2))
			transmit(sim, sim->acked);
		sim->again_since_acked = false;
		send_new(sim);
	} else if (sim->acked < sim->sent && ++sim->duplicates == 3) {
		sim->again_since_acked = true;
		transmit(sim, sim->acked);
	}
}

static void happen(struct simulation *sim, const struct event *event)
{
	switch (event->kind) {
	case AT_CAPTURE:
	case ACK_AT_CAPTURE: {
		struct event next = *event;
		bool data = event->kind == AT_CAPTURE;

		assert_true(sim->number + 1 < MAX_FRAMES);
		sim->number++;
		sim->trigger[sim->number] = event->frame;
		sim->prompt[sim->number] = event->prompt;
		sim->seen_ns[sim->number] = sim->now_ns;
		if (data)
			next.frame = sim->number;
		feed(sim->engine, &event->wire, sim->now_ns, sim->number);
		if (chance(sim, 1000) >= sim->path.loss[data ? 1 : 3])
			plan(sim, data ? AT_RECEIVER : ACK_AT_SENDER, sim->path.delay_ns[data],
			     next);
		break;
	}
	case AT_RECEIVER:
		receive(sim, event);
		break;
	case ACK_AT_SENDER:
		sender_takes(sim, &event->wire);
		break;
	case DELAYED_ACK:
		if (sim->delayed && sim->delayed_order == event->order)
			acknowledge(sim, sim->delayed_trigger, false, NULL, false);
		break;
	case RTO:
		if (sim->timer == event->order && sim->acked < sim->sent) {
			sim->again_since_acked = true;
			transmit(sim, sim->acked);
		}
		break;
	case WRITE:
		for (unsigned more = 1 + chance(sim, 6); more && sim->written < STREAM; more--)
			sim->written++;
		send_new(sim);
		if (sim->written < STREAM)
			plan(sim, WRITE, (int64_t)chance(sim, 80) * MS, (struct event){0});
		break;
	}
}

/* Network: exactly the round trip of the transmission answered. Response: at least the
 * path's. */
static void check_sample(void *user, const struct tcpm_sample *sample)
{
	struct simulation *sim = user;
	int64_t true_ns = sim->seen_ns[sample->frame] - sim->seen_ns[sim->trigger[sample->frame]];

	sim->samples++;
	if (sample->method == TCPM_METHOD_SYN)
		return;
	if (sample->class_ == TCPM_CLASS_RESPONSE
		    ? sample->rtt_ns < 2 * sim->path.delay_ns[1]
		    : sample->rtt_ns != true_ns || !sim->prompt[sample->frame])
		fail_msg("frame %d: %lld ns, answers frame %d, prompt %d: %lld ns",
			 (int)sample->frame, (long long)sample->rtt_ns,
			 (int)sim->trigger[sample->frame], sim->prompt[sample->frame],
			 (long long)true_ns);
}

static void shake_hands(struct simulation *sim)
{
	struct wire syn = {.client_port = 40000,
			   .flags = 0x02,
			   .seq = 999,
			   .timestamps = sim->path.timestamps,
			   .tsval = 5};
	struct wire answer = {.from_server = true,
			      .client_port = 40000,
			      .flags = 0x12,
			      .ack = 1000,
			      .timestamps = sim->path.timestamps,
			      .tsval = 5005,
			      .tsecr = 5};
	struct wire last = {.client_port = 40000,
			    .flags = 0x10,
			    .seq = 1000,
			    .ack = 1,
			    .timestamps = sim->path.timestamps,
			    .tsval = 6,
			    .tsecr = 5005};

	feed(sim->engine, &syn, -50 * MS, ++sim->number);
	feed(sim->engine, &answer, -20 * MS, ++sim->number);
	feed(sim->engine, &last, -10 * MS, ++sim->number);
}

static struct event take_first(struct simulation *sim)
{
	unsigned first = 0;

	for (unsigned i = 1; i < sim->event_count; i++)
		if (sim->events[i].time_ns < sim->events[first].time_ns ||
		    (sim->events[i].time_ns == sim->events[first].time_ns &&
		     sim->events[i].order < sim->events[first].order))
			first = i;
	struct event event = sim->events[first];

	sim->events[first] = sim->events[--sim->event_count];
	return event;
}

/* Runs a connection; returns how many samples it gave for each thousand acknowledgements
 * of new data. */
static unsigned simulate(const struct path *path, uint32_t seed)
{
	struct simulation *sim = calloc(1, sizeof(*sim));

	assert_non_null(sim);
	struct tcpm_handler handler = {.user = sim, .sample = check_sample};

	sim->path = *path;
	sim->random = seed * 2654435761u + 1;
	sim->engine = tcpm_engine_new(NULL, &handler);
	assert_non_null(sim->engine);
	sim->last_acked = sim->starts[0] = 1000;
	for (unsigned i = 0; i < STREAM; i++)
		sim->starts[i + 1] =
			sim->starts[i] + (chance(sim, 3) ? FULL : 1 + chance(sim, 500));
	shake_hands(sim);
	plan(sim, WRITE, 5 * MS, (struct event){0});
	while (sim->event_count) {
		struct event event = take_first(sim);

		sim->now_ns = event.time_ns;
		happen(sim, &event);
	}
	assert_int_equal(sim->acked, STREAM);
	const struct tcpm_counters *counters = tcpm_engine_counters(sim->engine);
	unsigned share = (unsigned)(1000 * sim->samples / (counters->acks + counters->sacks));

	tcpm_engine_free(sim->engine);
	free(sim);
	return share;
}

/* Losses on all ways but one: an acknowledgement lost between the receiver and the
 * capture point leaves no trace, and what the next one answers is then a guess. */
static const unsigned losses[][4] = {
	{0, 20, 0, 0}, {20, 0, 0, 0}, {20, 20, 0, 20}, {0, 0, 0, 50}, {50, 50, 0, 50},
};

static void lossy_path(const struct path *base, bool timestamps, unsigned tick_ms)
{
	struct path path = *base;

	path.delay_ns[0] = 5 * MS;
	path.delay_ns[1] = 15 * MS;
	path.timestamps = timestamps;
	path.tick_ms = tick_ms;
	assert_true(simulate(&path, 1) >= 990);
	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		memcpy(path.loss, losses[i], sizeof(path.loss));
		for (uint32_t seed = 1; seed <= 4; seed++)
			assert_true(simulate(&path, seed) >= 500);
	}
}

static void samples_of_a_lossy_path_are_true(void **state)
{
	(void)state;
	lossy_path(&(struct path){0}, false, 1);
	lossy_path(&(struct path){0}, true, 1);
	lossy_path(&(struct path){0}, true, 100);
}

static void samples_of_a_lossy_path_with_sack_are_true(void **state)
{
	(void)state;
	lossy_path(&(struct path){.sack = true}, false, 1);
	lossy_path(&(struct path){.sack = true}, true, 1);
	lossy_path(&(struct path){.sack = true}, true, 100);
	lossy_path(&(struct path){.sack = true, .dsack = true}, false, 1);
}

/* Somewhere near `base`, now and then at the far end of sequence space. */
static uint32_t somewhere(struct simulation *sim, uint32_t base)
{
	if (!chance(sim, 30))
		return base + (chance(sim, 2) ? 0x40000000u : 0xc0000000u) + chance(sim, 8);
	return base + chance(sim, 60) * 50 - 1000;
}

static void some_packet(struct simulation *sim, struct direction *direction,
			const struct match_memory *memory, uint32_t frame)
{
	bool near_max = chance(sim, 2) && (direction->flags & DIRECTION_SEEN);
	struct packet packet = {.flags = TCP_ACK, .has_timestamps = chance(sim, 4) != 0};
	struct arrival arrival = {.packet = &packet, .now_ns = sim->now_ns, .frame = frame};
	struct verdict verdict;
	bool restarted = false;

	packet.tsval = (uint32_t)(sim->now_ns / (5 * MS));
	packet.tsecr = packet.tsval - chance(sim, 4);
	packet.ip_id = (uint16_t)(frame | 1);
	if (chance(sim, 2)) {
		packet.seq = somewhere(sim, direction->max);
		packet.length = chance(sim, 50) ? 1 + chance(sim, 250) : PACKET_MAX_LENGTH;
		arrival.fingerprint = match_fingerprint(&packet);
		direction_segment(direction, memory, &arrival, packet.seq,
				  packet.seq + packet.length, &restarted);
		return;
	}
	packet.ack = somewhere(sim, near_max ? direction->max : direction->una + 500);
	packet.sack_count = (uint8_t)chance(sim, 4);
	for (unsigned i = 0; i < packet.sack_count; i++) {
		packet.sack[i].left = somewhere(sim, direction->una + 1500);
		packet.sack[i].right = packet.sack[i].left + chance(sim, 20) * 50;
	}
	direction_ack(direction, direction, memory, &arrival, &verdict);
	assert_true(!verdict.acks_new_data || !verdict.sample || verdict.rtt_ns >= 0);
}

static void check_order(const struct direction *direction, const struct match_memory *memory)
{
	const struct segment_ring *ring = direction_ring(direction, memory);
	uint32_t seen = direction->una;

	for (unsigned i = 0; i < ring->count; i++) {
		const struct segment *segment = segment_ring_at(ring, i);

		assert_false(seq_before(segment->start, seen));
		assert_true(seq_after(segment->end, segment->start));
		seen = segment->end;
	}
}

/* Segments, acknowledgements and SACK blocks at random, with a ring that is soon full. */
static void outstanding_segments_stay_in_order(void **state)
{
	struct simulation sim = {.random = 12345};

	(void)state;
	for (unsigned run = 0; run < 300; run++) {
		struct segment_slab *slab = segment_slab_new(8192);
		struct match_memory memory = {
			.slab = slab, .units = segment_slab_units(slab), .limit = run % 2 ? 8 : 64};
		struct direction direction = {.max = 0u - chance(&sim, 5000)};

		assert_non_null(slab);
		for (uint32_t frame = 1; frame <= 400; frame++) {
			sim.now_ns += chance(&sim, 3000000);
			some_packet(&sim, &direction, &memory, frame);
			check_order(&direction, &memory);
		}
		segment_slab_free(slab);
	}
}

static void duplicate_of_old_data_says_nothing_of_new_data(void **state)
{
	(void)state;
	/* The receiver was holding back its answer to 1101 when 101 came again. */
	scenario("0     A S 100 m1460\n"
		 "10ms  B S 500 a101 m1460        = syn 10ms network\n"
		 "11ms  A 101 a501                = syn 1ms network\n"
		 "20ms  A 101:1000 a501\n"
		 "30ms  B 501 a1101               = ack 10ms response\n"
		 "240ms A 1101:100 a501\n"
		 "270ms A 101:1000 a501           = resent\n"
		 "280ms B 501 a1201 s101-1101     = ambiguous\n");
}

static void time_far_ahead_makes_no_sample(void **state)
{
	(void)state;
	/* One damaged stamp in another connection. */
	scenario("0     A S 100\n"
		 "10ms  B S 500 a101              = syn 10ms network\n"
		 "11ms  A 101 a501                = syn 1ms network\n"
		 "20ms  A 101:100 a501\n"
		 "100000000s a S 5\n"
		 "21ms  A 201:100 a501\n"
		 "31ms  B 501 a301                = clock\n"
		 "32ms  A 301:100 a501\n"
		 "42ms  B 501 a401                = ack 10ms response\n");
}

static void one_byte_at_a_time(void **state)
{
	(void)state;
	/* Met in mid-flow: the first byte may be a keep-alive, the others are not. */
	scenario("0     A 101:1 a501\n"
		 "10ms  B 501:1 a102\n"
		 "20ms  A 102:1 a502              = ack 10ms response\n"
		 "30ms  B 502:1 a103              = ack 10ms response\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_of_a_lossy_path_are_true),
		cmocka_unit_test(samples_of_a_lossy_path_with_sack_are_true),
		cmocka_unit_test(outstanding_segments_stay_in_order),
		cmocka_unit_test(duplicate_of_old_data_says_nothing_of_new_data),
		cmocka_unit_test(time_far_ahead_makes_no_sample),
		cmocka_unit_test(one_byte_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
