/*
 * Frames fed in batches, decoded ahead: the engine says and counts the same as of the same
 * frames fed as they are, whatever they hold and however they are cut into batches.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame_builder.h"
#include "tcpmetro.h"
#include "tunnel_builder.h"

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

#define MS INT64_C(1000000)

#define FLOWS     24
#define FRAMES    6000
#define MOST      200 /* bytes of a frame that are captured */
#define MOST_SAID 20000

/* A port that carries VXLAN by an option only: a batch must decode by its engine's rules. */
#define VXLAN_PORT 5555

/* xorshift64*, so that each run sees the same values. */
static uint64_t random_below(uint64_t *state, uint64_t limit)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL % limit;
}

/* ---- captures ---- */

struct capture {
	struct tcpm_frame frames[FRAMES];
	uint8_t bytes[FRAMES][MOST];
	size_t count;
	int64_t now_ns;
	uint64_t seed;
};

static void add_frame(struct capture *capture, struct frame_builder *b)
{
	struct tcpm_frame frame = frame_end(b);
	size_t number = capture->count++;

	if (frame.captured > MOST)
		frame.captured = MOST;
	memcpy(capture->bytes[number], frame.bytes, frame.captured);
	frame.bytes = capture->bytes[number];
	frame.time_ns = capture->now_ns;
	/* As if a filter had left some out. */
	frame.number = 3 * number + 1;
	frame.interface = (uint32_t)(number % 3);
	capture->frames[number] = frame;
}

/* Everything in front of TCP: the flows differ by family, tags and tunnel. */
static void begin_flow(struct frame_builder *b, unsigned flow, bool back)
{
	const char *hosts[] = {"192.0.2.1", "198.51.100.2"};
	const char *hosts6[] = {"2001:db8::1", "2001:db8:ffff::2"};

	frame_begin(b, FRAME_ETHERNET);
	if (flow % 4 == 1)
		frame_vlan(b, 0x8100, 40 + flow);
	if (flow % 4 == 2) {
		frame_ipv4(b, "10.0.0.1", "10.0.0.2");
		frame_udp(b, 50000, VXLAN_PORT);
		frame_vxlan(b, 7);
		frame_ethernet(b);
	}
	if (flow % 4 == 3)
		frame_ipv6(b, hosts6[back], hosts6[!back]);
	else
		frame_ipv4(b, hosts[back], hosts[!back]);
}

struct side {
	uint32_t next;  /* to be sent */
	uint32_t heard; /* of the other, in order */
	uint32_t ahead; /* the end of what came behind a hole, or 0 */
};

static void add_segment(struct capture *capture, unsigned flow, bool back, uint8_t flags,
			const struct side *side, uint32_t seq, uint32_t length)
{
	static struct frame_builder b;
	uint32_t clock = (uint32_t)(capture->now_ns / MS);

	begin_flow(&b, flow, back);
	if (flow % 4 != 3)
		frame_set16(&b, b.ip_at + 4, 1 + (unsigned)capture->count);
	frame_tcp(&b, (struct frame_tcp){.source_port = (uint16_t)(back ? 80 : 40000 + flow),
					 .target_port = (uint16_t)(back ? 40000 + flow : 80),
					 .seq = seq,
					 .ack = side->heard,
					 .flags = flags,
					 .window = 65535});
	if (flags & SYN)
		frame_sack_permitted(&b);
	if (flow % 2)
		frame_timestamps(&b, clock, clock - 20);
	if (side->ahead)
		frame_sack(&b, (const uint32_t[]){side->heard + 1000, side->ahead}, 1);
	frame_data(&b, length);
	add_frame(capture, &b);
}

/* One step of a conversation: a segment that is new, sent again, or lost on its way, or an
 * acknowledgement. */
static void step(struct capture *capture, struct side sides[2], unsigned flow)
{
	bool back = random_below(&capture->seed, 2);
	struct side *own = &sides[back];
	struct side *other = &sides[!back];
	uint64_t what = random_below(&capture->seed, 20);

	capture->now_ns += (int64_t)random_below(&capture->seed, (uint64_t)(3 * MS));
	if (what == 0) {
		add_segment(capture, flow, back, ACK, own, own->next - 1000, 1000);
	} else if (what < 3 && !other->ahead && other->heard == own->next) {
		/* The first of two is not seen, so the second is behind a hole. */
		add_segment(capture, flow, back, ACK, own, own->next + 1000, 1000);
		other->ahead = own->next + 2000;
		own->next += 2000;
	} else if (what < 10) {
		add_segment(capture, flow, back, ACK, own, own->next, 1000);
		own->next += 1000;
	} else {
		if (what > 14) {
			own->heard = other->next;
			own->ahead = 0;
		}
		add_segment(capture, flow, back, ACK, own, own->next, 0);
	}
}

static void begin_capture(struct capture *capture, uint64_t seed)
{
	capture->count = 0;
	capture->seed = seed;
	capture->now_ns = 1700000000 * (1000 * MS);
}

/* Conversations side by side, each with its handshake and, if it gets there, its end. */
static void add_talk(struct capture *capture, size_t count)
{
	struct side sides[FLOWS][2];
	bool open[FLOWS] = {false};

	for (count += capture->count; capture->count + 3 < count;) {
		unsigned flow = (unsigned)random_below(&capture->seed, FLOWS);
		struct side *own = sides[flow];

		if (open[flow] && random_below(&capture->seed, 100) > 0) {
			step(capture, own, flow);
			continue;
		}
		if (open[flow])
			add_segment(capture, flow, false, RST | ACK, &own[0], own[0].next, 0);
		own[0] = own[1] = (struct side){0};
		own[0].next = (uint32_t)random_below(&capture->seed, UINT32_MAX);
		own[1].next = (uint32_t)random_below(&capture->seed, UINT32_MAX);
		add_segment(capture, flow, false, SYN, &own[0], own[0].next++, 0);
		own[1].heard = own[0].next;
		capture->now_ns += 12 * MS;
		add_segment(capture, flow, true, SYN | ACK, &own[1], own[1].next++, 0);
		own[0].heard = own[1].next;
		open[flow] = true;
	}
}

/* Frames that are no TCP packets, each in its own way. */
static void add_other(struct capture *capture, unsigned which)
{
	static struct frame_builder b;

	frame_begin(&b, which == 6 ? 9999 : FRAME_ETHERNET);
	if (which == 0) {
		frame_announce(&b, 0x0806, 0, 0); /* ARP */
		frame_grow(&b, 28);
	} else {
		frame_ipv4(&b, "192.0.2.1", "198.51.100.2");
		if (which == 1)
			frame_udp(&b, 1234, 53);
		else
			frame_tcp(&b, (struct frame_tcp){.source_port = 40000, .target_port = 80});
	}
	if (which == 2)
		frame_set16(&b, b.ip_at + 6, 100); /* a later fragment */
	add_frame(capture, &b);
	struct tcpm_frame *frame = &capture->frames[capture->count - 1];

	if (which == 3)
		frame->captured = 40;
	if (which == 4)
		frame->captured = 0;
	if (which == 5)
		capture->bytes[capture->count - 1][b.tcp_at + 12] = 0x10; /* offset of 4 bytes */
}

static void make_talk(struct capture *capture)
{
	begin_capture(capture, 1);
	add_talk(capture, FRAMES);
}

static void make_mixed(struct capture *capture)
{
	begin_capture(capture, 2);
	while (capture->count + 60 < FRAMES) {
		add_talk(capture, 5 + random_below(&capture->seed, 40));
		for (uint64_t i = random_below(&capture->seed, 9); i; i--)
			add_other(capture, (unsigned)random_below(&capture->seed, 7));
	}
}

/* Frames without a time, and a clock that is set forward and back. */
static void make_clocks(struct capture *capture)
{
	begin_capture(capture, 3);
	while (capture->count + 60 < FRAMES) {
		add_talk(capture, 5 + random_below(&capture->seed, 40));
		capture->now_ns += (int64_t)random_below(&capture->seed, 7) * 100000 * MS;
		capture->now_ns -= (int64_t)random_below(&capture->seed, 7) * 100000 * MS;
		for (uint64_t i = random_below(&capture->seed, 4); i; i--)
			capture->frames[random_below(&capture->seed, capture->count)].time_ns =
				TCPM_NO_TIME;
	}
}

/* No TCP at all. */
static void make_other(struct capture *capture)
{
	begin_capture(capture, 4);
	while (capture->count < 500)
		add_other(capture, (unsigned)random_below(&capture->seed, 7));
}

static void (*const makers[])(struct capture *capture) = {
	make_talk,
	make_mixed,
	make_clocks,
	make_other,
};

#define MAKERS (sizeof(makers) / sizeof(makers[0]))

/* ---- what an engine says ---- */

/* A sample, or the end of a flow; all zero but what is set, so that bytes can be compared. */
struct said {
	int64_t time_ns, rtt_ns, previous_ns;
	uint64_t frame;
	struct tcpm_flow_id flow;
	struct tcpm_totals totals[2];
	uint64_t slots[2];
	uint32_t interface;
	uint8_t sender, method, class_, closed;
};

struct heard {
	struct said said[MOST_SAID];
	size_t count;
	struct tcpm_counters counters;
};

static struct said *new_said(struct heard *heard)
{
	assert_true(heard->count < MOST_SAID);
	struct said *said = &heard->said[heard->count++];

	memset(said, 0, sizeof(*said));
	return said;
}

static void copy_id(struct tcpm_flow_id *to, const struct tcpm_flow_id *from)
{
	memcpy(to->address, from->address, sizeof(to->address));
	memcpy(to->port, from->port, sizeof(to->port));
	memcpy(to->label_kind, from->label_kind, sizeof(to->label_kind));
	memcpy(to->label, from->label, sizeof(to->label));
	to->interface = from->interface;
}

static void on_sample(void *user, const struct tcpm_sample *sample)
{
	struct heard *heard = user;
	struct said *said = new_said(heard);

	said->time_ns = sample->time_ns;
	said->rtt_ns = sample->rtt_ns;
	said->previous_ns = sample->previous_ns;
	said->frame = sample->frame;
	copy_id(&said->flow, sample->flow);
	said->totals[0] = sample->sent;
	said->slots[0] = (uintptr_t)*sample->slot;
	said->interface = sample->interface;
	said->sender = sample->sender;
	said->method = sample->method;
	said->class_ = sample->class_;
	*sample->slot = (void *)(uintptr_t)heard->count;
}

static void on_closed(void *user, const struct tcpm_closed *closed)
{
	struct said *said = new_said(user);

	said->closed = 1;
	copy_id(&said->flow, closed->flow);
	for (unsigned i = 0; i < 2; i++) {
		said->totals[i] = closed->totals[i];
		said->slots[i] = (uintptr_t)closed->slot[i];
	}
}

static struct tcpm_engine *make_engine(struct heard *heard)
{
	static const struct tcpm_tunnel_port ports[] = {{VXLAN_PORT, TCPM_TUNNEL_VXLAN}};
	/* Fewer flows than there are: some are evicted. */
	const struct tcpm_options options = {.max_flows = FLOWS - 4,
					     .max_segments = 4096,
					     .tunnel_ports = ports,
					     .tunnel_port_count = 1,
					     .hash_seed = 42};
	const struct tcpm_handler handler = {
		.user = heard, .sample = on_sample, .closed = on_closed};
	struct tcpm_engine *engine = tcpm_engine_new(&options, &handler);

	assert_non_null(engine);
	if (heard)
		heard->count = 0;
	return engine;
}

static void end_engine(struct tcpm_engine *engine, struct heard *heard)
{
	tcpm_engine_flush(engine);
	heard->counters = *tcpm_engine_counters(engine);
	tcpm_engine_free(engine);
}

static void hear_frames(const struct capture *capture, struct heard *heard)
{
	struct tcpm_engine *engine = make_engine(heard);

	tcpm_engine_feed(engine, capture->frames, capture->count);
	end_engine(engine, heard);
}

/* In batches of at most `capacity` that are filled in two steps, or not quite. What the
 * frames point to is gone before they are measured. */
static void hear_batches(const struct capture *capture, size_t capacity, struct heard *heard)
{
	struct tcpm_engine *engine = make_engine(heard);
	struct tcpm_batch *batch = tcpm_batch_new(engine, capacity);
	struct capture *copy = malloc(sizeof(*copy));
	uint64_t seed = 5;

	assert_non_null(batch);
	assert_non_null(copy);
	for (size_t at = 0; at < capture->count;) {
		memcpy(copy->bytes, capture->bytes, sizeof(copy->bytes));
		memcpy(copy->frames, capture->frames, sizeof(copy->frames));
		for (size_t i = at; i < capture->count && i < at + capacity; i++)
			copy->frames[i].bytes = copy->bytes[i];
		size_t left = capture->count - at;
		size_t some = random_below(&seed, (left < capacity ? left : capacity) + 1);
		size_t more = random_below(&seed, 2) ? left - some : 0;

		assert_int_equal(tcpm_batch_add(batch, &copy->frames[at], some), some);
		more = tcpm_batch_add(batch, &copy->frames[at + some], more);
		assert_int_equal(tcpm_batch_count(batch), some + more);
		memset(copy, 0xee, sizeof(*copy));
		tcpm_engine_feed_batch(engine, batch);
		tcpm_batch_clear(batch);
		assert_int_equal(tcpm_batch_count(batch), 0);
		at += some + more;
	}
	free(copy);
	tcpm_batch_free(batch);
	end_engine(engine, heard);
}

static void assert_same(const struct heard *batches, const struct heard *frames)
{
	assert_int_equal(batches->count, frames->count);
	for (size_t i = 0; i < frames->count; i++)
		if (memcmp(&batches->said[i], &frames->said[i], sizeof(frames->said[i])) != 0)
			fail_msg("what was said as number %zu differs", i);
	assert_memory_equal(&batches->counters, &frames->counters, sizeof(frames->counters));
}

/* ---- tests ---- */

static struct capture capture;
static struct heard of_frames, of_batches;

/* The captures hold what they are made for. */
static void captures_are_rich(void **state)
{
	const struct tcpm_counters *counters = &of_frames.counters;

	(void)state;
	make_talk(&capture);
	hear_frames(&capture, &of_frames);
	assert_int_equal(counters->decoded[TCPM_DECODE_TCP], capture.count);
	assert_true(counters->samples[TCPM_METHOD_SYN][TCPM_CLASS_NETWORK] > 50);
	assert_true(counters->samples[TCPM_METHOD_ACK][TCPM_CLASS_NETWORK] > 20);
	assert_true(counters->sacks > 20);
	assert_true(counters->retransmitted > 20);
	assert_true(counters->flows_evicted > 0);
	make_mixed(&capture);
	hear_frames(&capture, &of_frames);
	for (unsigned i = 0; i < TCPM_DECODES; i++)
		if (i != TCPM_DECODE_TOO_DEEP && !counters->decoded[i])
			fail_msg("no frame is %s", tcpm_decode_name(i));
	make_clocks(&capture);
	hear_frames(&capture, &of_frames);
	assert_true(counters->clock_steps > 10);
}

static void as_frames(void **state)
{
	static const size_t capacities[] = {1, 2, 15, 16, 17, 33, 256, FRAMES};

	(void)state;
	for (size_t i = 0; i < MAKERS; i++) {
		makers[i](&capture);
		hear_frames(&capture, &of_frames);
		/* Each batch copies the whole capture, so small ones have less of it. */
		for (size_t j = 0; j < sizeof(capacities) / sizeof(capacities[0]); j++) {
			size_t count = capture.count;

			if (capacities[j] < 15)
				capture.count = count < 400 ? count : 400;
			hear_frames(&capture, &of_frames);
			hear_batches(&capture, capacities[j], &of_batches);
			assert_same(&of_batches, &of_frames);
			capture.count = count;
		}
	}
}

/* Batches and frames in turns are one stream. */
static void in_turns(void **state)
{
	struct tcpm_engine *engine;
	struct tcpm_batch *batch;

	(void)state;
	make_mixed(&capture);
	hear_frames(&capture, &of_frames);
	engine = make_engine(&of_batches);
	batch = tcpm_batch_new(engine, 100);
	assert_non_null(batch);
	for (size_t at = 0; at < capture.count;) {
		size_t left = capture.count - at;

		if (at / 100 % 2) {
			tcpm_engine_feed(engine, &capture.frames[at], left < 30 ? left : 30);
			at += left < 30 ? left : 30;
			continue;
		}
		at += tcpm_batch_add(batch, &capture.frames[at], left);
		tcpm_engine_feed_batch(engine, batch);
		tcpm_batch_clear(batch);
	}
	tcpm_batch_free(batch);
	end_engine(engine, &of_batches);
	assert_same(&of_batches, &of_frames);
}

#define MOST_PORTION 700

/* Frames or a batch, whichever chance decides, of 1 to 700 frames. */
static void feed_portion(struct tcpm_engine *engine, struct tcpm_batch *batch,
			 const struct tcpm_frame *frames, size_t count, bool batched)
{
	if (!batched) {
		tcpm_engine_feed(engine, frames, count);
		return;
	}
	assert_int_equal(tcpm_batch_add(batch, frames, count), count);
	tcpm_engine_feed_batch(engine, batch);
	tcpm_batch_clear(batch);
}

static void hear_portions(const struct capture *frames, uint64_t *seed, struct heard *heard)
{
	struct tcpm_engine *engine = make_engine(heard);
	struct tcpm_batch *batch = tcpm_batch_new(engine, MOST_PORTION);

	assert_non_null(batch);
	for (size_t at = 0; at < frames->count;) {
		/* Small ones as often as large ones. */
		uint64_t most = random_below(seed, 2) ? MOST_PORTION : 20;
		size_t count = 1 + random_below(seed, most);

		if (count > frames->count - at)
			count = frames->count - at;
		feed_portion(engine, batch, &frames->frames[at], count, random_below(seed, 2));
		at += count;
		/* Now and then nothing comes, and a reserve that there is room for. */
		if (random_below(seed, 10) == 0) {
			tcpm_engine_reserve(engine, random_below(seed, 1 << 20));
			feed_portion(engine, batch, frames->frames, 0, random_below(seed, 2));
		}
	}
	tcpm_batch_free(batch);
	end_engine(engine, heard);
}

static void in_random_portions(void **state)
{
	uint64_t seed = 9;

	(void)state;
	for (size_t i = 0; i < MAKERS; i++) {
		makers[i](&capture);
		hear_frames(&capture, &of_frames);
		for (unsigned round = 0; round < 20; round++) {
			hear_portions(&capture, &seed, &of_batches);
			assert_same(&of_batches, &of_frames);
		}
	}
}

static void a_full_batch(void **state)
{
	struct tcpm_engine *engine = make_engine(&of_batches);
	struct tcpm_batch *batch = tcpm_batch_new(engine, 10);

	(void)state;
	make_talk(&capture);
	assert_non_null(batch);
	assert_int_equal(tcpm_batch_count(batch), 0);
	assert_int_equal(tcpm_batch_add(batch, capture.frames, 0), 0);
	assert_int_equal(tcpm_batch_add(batch, capture.frames, 7), 7);
	assert_int_equal(tcpm_batch_add(batch, capture.frames + 7, 4), 3);
	assert_int_equal(tcpm_batch_count(batch), 10);
	assert_int_equal(tcpm_batch_add(batch, capture.frames + 10, 1), 0);
	tcpm_engine_feed_batch(engine, batch);
	assert_int_equal(tcpm_engine_counters(engine)->frames, 10);
	/* Feeding leaves it as it is. */
	assert_int_equal(tcpm_batch_count(batch), 10);
	tcpm_batch_clear(batch);
	assert_int_equal(tcpm_batch_count(batch), 0);
	tcpm_engine_feed_batch(engine, batch);
	assert_int_equal(tcpm_engine_counters(engine)->frames, 10);
	assert_int_equal(tcpm_batch_add(batch, capture.frames + 10, 20), 10);
	tcpm_engine_feed_batch(engine, batch);
	assert_int_equal(tcpm_engine_counters(engine)->frames, 20);
	/* It may outlive the engine. */
	tcpm_engine_free(engine);
	tcpm_batch_clear(batch);
	assert_int_equal(tcpm_batch_add(batch, capture.frames, 5), 5);
	tcpm_batch_free(batch);
}

static void refused(void **state)
{
	struct tcpm_engine *engine = make_engine(&of_batches);
	const size_t wrong[] = {0, 1100000, SIZE_MAX};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		errno = 0;
		assert_null(tcpm_batch_new(engine, wrong[i]));
		assert_int_equal(errno, EINVAL);
	}
	tcpm_batch_free(NULL);
	tcpm_engine_free(engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(captures_are_rich), cmocka_unit_test(as_frames),
		cmocka_unit_test(in_turns),          cmocka_unit_test(in_random_portions),
		cmocka_unit_test(a_full_batch),      cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
