/*
 * A world of numbered flows around an engine, for tests of what it keeps: frames go in, in
 * portions; what the engine says is added up, and each word that it keeps for a direction is
 * watched from the first sample to the flow's end.
 *
 * Conversations are in steps of three packets: the handshake, then exchanges of a request, an
 * answer and its acknowledgement.
 */
#ifndef UNIT_ENGINE_WORLD_H
#define UNIT_ENGINE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame_builder.h"
#include "tcpmetro.h"

enum { SYN = 2, ACK = 16 };

#define US     INT64_C(1000)
#define MS     INT64_C(1000000)
#define SECOND INT64_C(1000000000)
#define BEGIN  (1700000000 * SECOND)
#define MIB    (UINT64_C(1) << 20)

/* Flows are numbered; those up to FLOWS are looked at one by one. */
#define FLOWS  20000u
#define FEWEST 64u /* that a flow table keeps, as it says */

static uint64_t random_state;

static inline uint32_t random_below(uint32_t bound)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % bound;
}

/* ---- packets ---- */

/* By a flow's number: what is in front of TCP. */
enum kind { KIND_IPV4, KIND_IPV6, KIND_VLAN, KIND_TWO_VLANS, KINDS };

struct segment {
	uint32_t flow;
	unsigned sender; /* 0: the client */
	uint8_t flags;
	uint32_t seq, ack;
	uint32_t length;
};

/* The client's address holds the flow's number. */
static inline void put_addresses(struct frame_builder *b, const struct segment *segment)
{
	size_t at = b->ip_at;

	if (b->bytes[at] >> 4 == 6) {
		frame_set32(b, at + (segment->sender ? 36 : 20), segment->flow);
		return;
	}
	frame_set32(b, at + (segment->sender ? 16 : 12), 10u << 24 | segment->flow);
}

static inline void build(struct frame_builder *b, const struct segment *segment)
{
	enum kind kind = segment->flow % KINDS;
	bool back = segment->sender;

	frame_begin(b, FRAME_ETHERNET);
	if (kind == KIND_VLAN || kind == KIND_TWO_VLANS)
		frame_vlan(b, 0x8100, kind == KIND_TWO_VLANS && back ? 20 : 10);
	if (kind == KIND_IPV6)
		frame_ipv6(b, back ? "2001:db8:1::1" : "2001:db8::",
			   back ? "2001:db8::" : "2001:db8:1::1");
	else
		frame_ipv4(b, back ? "192.0.2.1" : "10.0.0.0", back ? "10.0.0.0" : "192.0.2.1");
	put_addresses(b, segment);
	if (kind != KIND_IPV6)
		frame_set16(b, b->ip_at + 4, segment->seq * 40503u >> 16 & 0xffffu);
	frame_tcp(b, (struct frame_tcp){.source_port = back ? 80 : 40000,
					.target_port = back ? 40000 : 80,
					.seq = segment->seq,
					.ack = segment->ack,
					.flags = segment->flags,
					.window = 65535});
	frame_data(b, segment->length);
}

static inline uint32_t number_of(const struct tcpm_flow_id *id)
{
	const uint8_t *bytes = id->address[0].bytes + (id->address[0].version == 6 ? 12 : 0);

	return (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* ---- an engine's output, and its input ---- */

/* A word for a direction of a flow. It lives until the flow is closed. */
struct word {
	uint32_t flow;
	uint8_t sender;
	bool alive;
};

#define WORDS    400000u
#define PORTION  700u /* frames that are fed at once, at most */
#define MOST_RAW 256u /* bytes of a frame */

/* A word that is to be set later, as a caller does that works on samples in heaps. */
struct late {
	uint64_t *user_data;
	struct word *word;
};

struct world {
	struct tcpm_engine *engine;
	uint64_t max_memory;
	uint32_t max_segments; /* 0: the default */
	uint64_t reserve;      /* of that, since the last feed */
	int64_t now_ns;
	uint64_t number; /* of the last frame */

	struct tcpm_frame frames[PORTION];
	uint8_t bytes[PORTION][MOST_RAW];
	size_t waiting; /* frames not yet fed */
	size_t portion; /* this many are fed at once */

	struct word words[WORDS];
	size_t word_count;
	size_t alive;
	bool set_late;
	struct late late[PORTION];
	size_t late_count;

	uint64_t sent[FLOWS][2];  /* segments, as the test counts */
	uint64_t heard[FLOWS][2]; /* by samples and ends */
	uint64_t heard_in_all;
	uint32_t samples[FLOWS][2];
	int64_t rtt_ns[FLOWS][2];     /* of the last sample */
	struct tcpm_totals last_sent; /* of the last sample */
	struct tcpm_totals last_closed[2];
	uint32_t closed[FLOWS];
	uint64_t closed_in_all;
	uint32_t precious; /* flows below are to stay */
	uint64_t beyond;   /* how far memory was beyond its bound, at most, after a feed */
};

static inline struct world *world_new(uint64_t max_memory)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	world->max_memory = max_memory;
	world->now_ns = BEGIN;
	world->portion = 1;
	random_state = 5;
	return world;
}

static inline struct word *new_word(struct world *world, uint32_t flow, unsigned sender)
{
	struct word *word = &world->words[world->word_count++];

	assert_true(world->word_count <= WORDS);
	*word = (struct word){.flow = flow, .sender = (uint8_t)sender, .alive = true};
	world->alive++;
	return word;
}

static inline void check_word(const struct word *word, uint32_t flow, unsigned sender)
{
	assert_true(word->alive);
	assert_int_equal(word->flow, flow);
	assert_int_equal(word->sender, sender);
}

static inline void set_late_words(struct world *world)
{
	for (size_t i = 0; i < world->late_count; i++)
		if (!*world->late[i].user_data)
			*world->late[i].user_data = (uintptr_t)world->late[i].word;
	world->late_count = 0;
}

/* A word that is to be written to this user data, or NULL. */
static inline struct word *late_word(const struct world *world, const uint64_t *user_data)
{
	for (size_t i = 0; i < world->late_count; i++)
		if (world->late[i].user_data == user_data)
			return world->late[i].word;
	return NULL;
}

static inline void take_user_data(struct world *world, uint64_t *user_data, uint32_t flow,
				  unsigned sender)
{
	struct word *word =
		*user_data ? (struct word *)(uintptr_t)*user_data : late_word(world, user_data);

	if (word) {
		check_word(word, flow, sender);
		return;
	}
	word = new_word(world, flow, sender);
	if (world->set_late && world->late_count < PORTION)
		world->late[world->late_count++] = (struct late){user_data, word};
	else
		*user_data = (uintptr_t)word;
}

static inline void on_sample(void *user, const struct tcpm_sample *sample)
{
	struct world *world = user;
	uint32_t flow = number_of(sample->flow);

	take_user_data(world, sample->user_data, flow, sample->sender);
	world->heard_in_all += sample->sent.segments;
	world->last_sent = sample->sent;
	if (flow >= FLOWS)
		return;
	world->samples[flow][sample->sender]++;
	world->rtt_ns[flow][sample->sender] = sample->rtt_ns;
	world->heard[flow][sample->sender] += sample->sent.segments;
}

static inline void on_closed(void *user, const struct tcpm_closed *closed)
{
	struct world *world = user;
	uint32_t flow = number_of(closed->flow);
	bool challenger = closed->totals[0].segments == 1 && !closed->totals[1].segments &&
			  !*closed->user_data[0] && !*closed->user_data[1];

	if (flow < world->precious && !challenger)
		fail_msg("flow %u was forgotten", flow);
	assert_ptr_not_equal(closed->user_data[0], closed->user_data[1]);
	set_late_words(world);
	for (unsigned i = 0; i < 2; i++) {
		struct word *word = (struct word *)(uintptr_t)*closed->user_data[i];

		if (word) {
			check_word(word, flow, i);
			word->alive = false;
			world->alive--;
		}
		world->heard_in_all += closed->totals[i].segments;
		if (flow < FLOWS) {
			world->last_closed[i] = closed->totals[i];
			world->heard[flow][i] += closed->totals[i].segments;
		}
	}
	if (flow < FLOWS)
		world->closed[flow]++;
	world->closed_in_all++;
}

static inline void world_start(struct world *world)
{
	const struct tcpm_options options = {.max_memory = world->max_memory,
					     .max_segments = world->max_segments,
					     /* Flows go for want of room alone. */
					     .half_open_ns = 100000 * SECOND,
					     .hash_seed = 77};
	const struct tcpm_handler handler = {
		.user = world, .sample = on_sample, .closed = on_closed};

	world->engine = tcpm_engine_new(&options, &handler);
	assert_non_null(world->engine);
}

static inline void feed(struct world *world)
{
	uint64_t memory;

	tcpm_engine_feed(world->engine, world->frames, world->waiting);
	set_late_words(world);
	world->waiting = 0;
	/* A few flows may stay, whatever is reserved. */
	memory = tcpm_engine_memory(world->engine) + world->reserve;
	if (tcpm_engine_counters(world->engine)->flows_now > FEWEST &&
	    memory > world->max_memory + world->beyond)
		world->beyond = memory - world->max_memory;
}

static inline void say(struct world *world, const struct segment *segment)
{
	static struct frame_builder b;
	size_t at = world->waiting++;
	struct tcpm_frame frame;

	build(&b, segment);
	frame = frame_end(&b);
	if (frame.captured > MOST_RAW)
		frame.captured = MOST_RAW;
	memcpy(world->bytes[at], frame.bytes, frame.captured);
	frame.bytes = world->bytes[at];
	frame.time_ns = world->now_ns;
	frame.number = ++world->number;
	world->frames[at] = frame;
	if (segment->flow < FLOWS && (segment->length || (segment->flags & SYN)))
		world->sent[segment->flow][segment->sender]++;
	if (world->waiting == world->portion)
		feed(world);
}

static inline void say_random_portions(struct world *world)
{
	if (!world->waiting)
		world->portion = 1 + random_below(PORTION);
}

/* All that was fed is closed, and all words are. */
static inline void world_end(struct world *world)
{
	const struct tcpm_counters *counters = tcpm_engine_counters(world->engine);

	feed(world);
	world->precious = 0;
	tcpm_engine_flush(world->engine);
	assert_int_equal(counters->frames, world->number);
	assert_int_equal(counters->decoded[TCPM_DECODE_TCP], world->number);
	assert_int_equal(world->alive, 0);
	assert_int_equal(world->closed_in_all, counters->flows_opened);
	assert_int_equal(world->heard_in_all, counters->segments);
	tcpm_engine_free(world->engine);
	free(world);
}

/* ---- conversations ---- */

/* A connection: what each side sent, and what of that the other has acknowledged. */
struct talk {
	uint32_t next[2];
	unsigned step; /* what comes next: 0 to 2 the handshake, then exchanges of three */
};

/* What a flow says next; false: an exchange, or the handshake, has ended with it. */
static inline bool talk_on(struct world *world, struct talk *talk, uint32_t flow)
{
	unsigned turn = talk->step % 3;
	unsigned sender = turn == 1;
	bool handshake = talk->step < 3;
	struct segment segment = {.flow = flow, .sender = sender};

	segment.seq = talk->next[sender];
	segment.flags = handshake ? (turn < 2 ? SYN : 0) | (turn ? ACK : 0) : ACK;
	segment.ack = segment.flags & ACK ? talk->next[!sender] : 0;
	segment.length = handshake || turn == 2 ? 0 : 100 + flow % 50;
	say(world, &segment);
	talk->next[sender] += segment.length + ((segment.flags & SYN) != 0);
	talk->step++;
	return turn < 2;
}

static inline void begin_talk(struct talk *talk)
{
	talk->step = 0;
	talk->next[0] = random_below(UINT32_MAX);
	talk->next[1] = random_below(UINT32_MAX);
}

static inline void syn(struct world *world, uint32_t flow, uint32_t isn)
{
	say(world, &(struct segment){.flow = flow, .flags = SYN, .seq = isn});
}

#endif
