/*
 * The engine within its bound of memory: it is kept, at the cost of flows that nobody misses;
 * flows move in memory and nobody sees it; what was sent adds up, however much it is.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine_world.h"
#include "tcpmetro.h"

/* By so much the bound may be passed within a feed: the long names of as many flows, which
 * take the places of such as had short ones. */
#define MAY_PASS ((uint64_t)PORTION * 76)

/* ---- a flood ---- */

#define LIVE  400u
#define FLOOD 500000u

/* Steps of 2 microseconds from what a client says to the answer, and from that to its
 * acknowledgement: all different. */
static uint32_t waits(uint32_t flow, unsigned turn)
{
	return turn == 0 ? 100 + flow : turn == 1 ? 600 + 2 * flow : 20000;
}

#define STEP_NS (2 * US)
#define WHEEL   32768u /* steps, more than any wait */

/* Who speaks in which step. */
struct wheel {
	uint32_t first[WHEEL]; /* number of a flow, plus one; 0: none */
	uint32_t later[LIVE];
};

static void schedule(struct wheel *wheel, uint32_t flow, uint32_t step)
{
	wheel->later[flow] = wheel->first[step % WHEEL];
	wheel->first[step % WHEEL] = flow + 1;
}

/* Some keep silent, with one segment that waits for its acknowledgement all the time. */
static bool is_silent(uint32_t flow)
{
	return flow % 16 >= 12;
}

static void check_live(const struct world *world, const struct talk *talks)
{
	for (uint32_t flow = 0; flow < LIVE; flow++) {
		assert_int_equal(world->samples[flow][0], talks[flow].step / 3);
		assert_int_equal(world->samples[flow][1], talks[flow].step / 3);
		assert_int_equal(world->closed[flow] > 0, flow % 16 == 5);
		if (is_silent(flow))
			continue;
		assert_true(talks[flow].step > 60);
		assert_int_equal(world->rtt_ns[flow][0], waits(flow, 0) * STEP_NS);
		assert_int_equal(world->rtt_ns[flow][1], waits(flow, 1) * STEP_NS);
	}
}

/* All of them connect, and some begin an exchange that is not answered before the end. */
static void connect_live(struct world *world, struct talk *talks)
{
	for (uint32_t flow = 0; flow < LIVE; flow++) {
		begin_talk(&talks[flow]);
		while (talk_on(world, &talks[flow], flow))
			world->now_ns += MS;
		if (is_silent(flow))
			talk_on(world, &talks[flow], flow);
	}
}

static void flood(struct world *world, struct talk *talks, struct wheel *wheel)
{
	int64_t begin_ns = world->now_ns;

	for (uint32_t step = 0; step < FLOOD; step++) {
		uint32_t next = wheel->first[step % WHEEL];

		say_random_portions(world);
		wheel->first[step % WHEEL] = 0;
		world->now_ns = begin_ns + step * STEP_NS;
		syn(world, FLOWS + step, step);
		while (next) {
			uint32_t flow = next - 1;
			unsigned turn = talks[flow].step % 3;

			next = wheel->later[flow];
			say_random_portions(world);
			talk_on(world, &talks[flow], flow);
			/* The last exchanges are left to end. */
			if (turn < 2 || step < FLOOD - WHEEL)
				schedule(wheel, flow, step + waits(flow, turn));
			/* A SYN that somebody forged, or of a connection that comes to nothing. */
			if (flow % 16 == 5 && turn == 2)
				syn(world, flow, 7777 * step);
		}
		if (step % 5000 == 0) {
			tcpm_engine_feed(world->engine, NULL, 0);
			assert_true(tcpm_engine_memory(world->engine) <= world->max_memory);
		}
	}
	feed(world);
}

static void live_flows_outlast_a_flood(void **state)
{
	struct world *world = world_new(4 * MIB);
	struct talk *talks = calloc(LIVE, sizeof(*talks));
	struct wheel *wheel = calloc(1, sizeof(*wheel));
	const struct tcpm_counters *counters;
	uint64_t aliases = 0;

	(void)state;
	assert_non_null(talks);
	assert_non_null(wheel);
	world_start(world);
	counters = tcpm_engine_counters(world->engine);
	world->precious = LIVE;
	connect_live(world, talks);
	for (uint32_t flow = 0; flow < LIVE; flow++) {
		aliases += flow % KINDS == KIND_TWO_VLANS;
		if (!is_silent(flow))
			schedule(wheel, flow, flow * 50);
	}
	assert_int_equal(counters->flows_now, LIVE + aliases);
	flood(world, talks, wheel);
	world->portion = 1;
	for (uint32_t flow = 0; flow < LIVE; flow++)
		while (is_silent(flow) && talk_on(world, &talks[flow], flow))
			;
	check_live(world, talks);

	/* The room was used, and who went is counted. */
	assert_true(counters->flows_opened >= LIVE + FLOOD);
	assert_true(counters->flows_evicted > FLOOD * 9 / 10);
	assert_int_equal(counters->flows_evicted + counters->flows_now,
			 counters->flows_opened + aliases);
	assert_int_equal(world->closed_in_all, counters->flows_evicted);
	/* 4 MiB are as many flows with a SYN outstanding: 184 bytes, 76 for a long name, 98 or,
	 * when their memory has just doubled, 196 for the ring, and their part of the index. */
	assert_true(counters->flows_now > 8000);
	assert_true(world->beyond <= MAY_PASS);
	world_end(world);
	free(wheel);
	free(talks);
}

/* ---- reserves ---- */

/* A connection on the same ports takes the place of one that nobody has ended. */
static bool reopens(uint32_t flow)
{
	return flow % 16 == 5 || flow % 16 == 6;
}

static void random_talk(struct world *world, struct talk *talks, uint32_t count)
{
	uint32_t flow = random_below(count);

	/* Neighbours in time: what one says is answered soon, most of the time. */
	if (random_below(4))
		flow = (uint32_t)(world->now_ns / (200 * US)) % count / 4 * 4 + random_below(4);
	world->now_ns += 3 * US;
	/* A connection also continues after its flow was evicted. */
	if (reopens(flow) && talks[flow].step >= 3 && random_below(3) == 0)
		begin_talk(&talks[flow]);
	talk_on(world, &talks[flow], flow);
}

/* Now and then so much that hardly any flow may stay, and nothing for a while; else somewhat
 * more or less than there is room for. */
static uint64_t next_reserve(const struct world *world)
{
	uint64_t room = world->max_memory - tcpm_engine_memory(world->engine);
	uint64_t more = random_below(600) * 1024;

	if (random_below(40) == 0)
		return world->max_memory - more;
	if (world->number / 1500 % 40 < 20 || room + more < 300 * 1024)
		return 0;
	return room + more - 300 * 1024;
}

static void reserves_come_and_go(bool set_late)
{
	struct world *world = world_new(4 * MIB);
	struct talk *talks = calloc(FLOWS, sizeof(*talks));
	const struct tcpm_counters *counters;
	uint64_t most = 0;
	uint64_t least = UINT64_MAX;

	assert_non_null(talks);
	world->max_segments = 8192; /* as many as there is memory for at once, so it never grows */
	world->set_late = set_late;
	world_start(world);
	counters = tcpm_engine_counters(world->engine);
	for (uint32_t flow = 0; flow < FLOWS; flow++)
		begin_talk(&talks[flow]);
	for (unsigned round = 0; round < 500; round++) {
		for (unsigned i = 0; i < 1500; i++) {
			say_random_portions(world);
			random_talk(world, talks, round % 100 < 70 ? FLOWS : 2000);
		}
		feed(world);
		world->reserve = next_reserve(world);
		tcpm_engine_reserve(world->engine, world->reserve);
		tcpm_engine_feed(world->engine, NULL, 0);
		if (counters->flows_now > FEWEST)
			assert_true(tcpm_engine_memory(world->engine) + world->reserve <=
				    world->max_memory);
		most = counters->flows_now > most ? counters->flows_now : most;
		least = counters->flows_now < least && round > 20 ? counters->flows_now : least;
	}
	assert_true(world->beyond <= MAY_PASS);
	assert_true(most > 8000);
	assert_true(least <= FEWEST);
	assert_true(counters->flows_evicted > 50000);
	assert_true(world->word_count > 20000);
	/* What a flow sent is reported once, wherever it was stored. */
	tcpm_engine_flush(world->engine);
	for (uint32_t flow = 0; flow < FLOWS; flow++) {
		for (unsigned sender = 0; sender < 2 && !reopens(flow); sender++)
			assert_int_equal(world->heard[flow][sender], world->sent[flow][sender]);
		assert_int_equal(world->closed[flow] > 0, world->sent[flow][0] > 0);
	}
	world_end(world);
	free(talks);
}

static void flows_move_and_are_the_same(void **state)
{
	(void)state;
	reserves_come_and_go(false);
}

/* A slot stays where it is until the flow is closed or the engine is fed again. */
static void options_may_be_set_later(void **state)
{
	(void)state;
	reserves_come_and_go(true);
}

/* Pages of this process that are in memory, in bytes. */
static uint64_t resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long long pages = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*u %llu", &pages), 1);
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* What the engine says that it no longer has is the system's again: but for what huge pages
 * round up, and a count that the system keeps roughly. */
static void memory_goes_back(void **state)
{
	struct world *world = world_new(64 * MIB);
	uint64_t memory, in_memory;

	(void)state;
	world_start(world);
	world->portion = PORTION;
	for (uint32_t i = 0; i < 100000; i++)
		syn(world, FLOWS + KINDS * i, i);
	feed(world);
	memory = tcpm_engine_memory(world->engine);
	in_memory = resident();
	for (unsigned i = 1; i <= 6; i++) {
		uint64_t before = tcpm_engine_memory(world->engine);

		tcpm_engine_reserve(world->engine, 64 * MIB - before + 2 * MIB);
		tcpm_engine_feed(world->engine, NULL, 0);
		assert_in_range(before - tcpm_engine_memory(world->engine), 2 * MIB, 5 * MIB / 2);
	}
	memory -= tcpm_engine_memory(world->engine);
	assert_true(memory >= 12 * MIB);
	assert_true(resident() + memory <= in_memory + 3 * MIB);
	world_end(world);
}

/* ---- large totals ---- */

#define HEAVY (4 * KINDS)

/* One side's words, which the other acknowledges when `ack` is not 0. */
static void heavy(struct world *world, unsigned sender, uint32_t seq, uint32_t length, uint32_t ack)
{
	say(world, &(struct segment){.flow = HEAVY,
				     .sender = sender,
				     .flags = ACK,
				     .seq = seq,
				     .ack = ack ? ack : 1,
				     .length = length});
}

/* So many segments of eight bytes, of which each tenth is one that is sent again; returns the
 * sequence number behind them. Half-way the engine has to forget nearly all flows but this. */
static uint32_t send_many(struct world *world, unsigned sender, uint32_t count)
{
	uint32_t seq = 1000;

	for (uint32_t i = 0; i < count; i++) {
		bool again = i % 10 == 9;

		/* Sooner it were a copy. */
		world->now_ns += again ? 300 * MS : 100 * US;
		heavy(world, sender, again ? seq - 8 : seq, 8, 0);
		if (!again)
			seq += 8;
		if (i == count / 2) {
			feed(world);
			tcpm_engine_reserve(world->engine, 4 * MIB);
		}
	}
	feed(world);
	return seq;
}

static void one_sided(uint32_t count, unsigned sender, bool answered, uint32_t fillers)
{
	struct world *world = world_new(4 * MIB);
	const struct tcpm_counters *counters;
	struct tcpm_totals *heard = answered ? &world->last_sent : &world->last_closed[sender];
	uint32_t seq;

	world_start(world);
	counters = tcpm_engine_counters(world->engine);
	world->portion = 500;
	for (uint32_t i = 0; i < fillers; i++)
		syn(world, FLOWS + i, i);
	seq = send_many(world, sender, count);
	assert_true(counters->flows_evicted >= fillers * 9 / 10);
	if (answered) {
		/* More is outstanding than is remembered, so what is timed is the next segment. */
		heavy(world, !sender, 1, 0, seq);
		assert_int_equal(world->samples[HEAVY][sender], 0);
		heavy(world, sender, seq, 8, 0);
		heavy(world, !sender, 1, 0, seq + 8);
	}
	feed(world);
	assert_int_equal(world->samples[HEAVY][sender], answered);
	if (!answered)
		tcpm_engine_flush(world->engine);
	assert_int_equal(world->closed[HEAVY], !answered);
	assert_int_equal(heard->segments, count + answered);
	assert_int_equal(heard->retransmitted, count / 10);
	assert_int_equal(counters->retransmitted, count / 10);
	assert_int_equal(world->sent[HEAVY][sender], count + answered);
	world_end(world);
}

static void totals_beyond_16_bits(void **state)
{
	static const uint32_t counts[] = {65534, 65535, 65536, 65537, 131070, 131071, 200000};

	(void)state;
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		one_sided(counts[i], i % 2, false, 0);
		one_sided(counts[i], i % 2, true, i % 3 * 5000);
	}
	one_sided(150000, 0, false, 10000);
}

/* ---- a system without memory ---- */

static bool refusing;

/* In the place of libc's, for the engine: address space may come to its end. */
void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset)
{
	if (refusing) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	/* NOLINTNEXTLINE(performance-no-int-to-ptr) */
	return (void *)syscall(SYS_mmap, address, length, protection, flags, file, offset);
}

static void fine_with_little(void **state)
{
	struct world *world = world_new(8 * MIB);
	struct talk *talks = calloc(LIVE, sizeof(*talks));
	const struct tcpm_counters *counters;

	(void)state;
	assert_non_null(talks);
	world_start(world);
	counters = tcpm_engine_counters(world->engine);
	world->precious = LIVE;
	connect_live(world, talks);
	refusing = true;
	alarm(60); /* rather than for ever */
	for (uint32_t i = 0; i < 30000; i++) {
		say_random_portions(world);
		world->now_ns += 10 * US;
		syn(world, FLOWS + i, i);
		if (i % 50 == 0 && !is_silent(i / 50 % LIVE))
			talk_on(world, &talks[i / 50 % LIVE], i / 50 % LIVE);
	}
	feed(world);
	refusing = false;
	alarm(0);
	/* The names of the living are in an index of 64 buckets, and it stays as wide. */
	assert_in_range(counters->flows_now, 500, 64 * 12);
	assert_int_equal(counters->flows_opened, LIVE + 30000);
	assert_true(counters->flows_evicted > 28000);
	for (uint32_t i = 0; i < 15000; i++)
		syn(world, FLOWS + 30000 + i, i);
	feed(world);
	assert_true(counters->flows_now > 15000);
	world_end(world);
	free(talks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(live_flows_outlast_a_flood),
		cmocka_unit_test(flows_move_and_are_the_same),
		cmocka_unit_test(options_may_be_set_later),
		cmocka_unit_test(memory_goes_back),
		cmocka_unit_test(totals_beyond_16_bits),
		cmocka_unit_test(fine_with_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
