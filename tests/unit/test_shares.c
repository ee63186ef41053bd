/*
 * Engines that share a capture's flows: together they say and count what one engine does that
 * measures all, whatever the frames hold, whatever their clock does, and however they are fed.
 *
 * What depends on when exactly an idle flow is looked at is left out: nothing is idle for about
 * as long as one of the limits.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "batch_captures.h"
#include "tcpmetro.h"

#define MOST_SAID   20000
#define MOST_SHARES 5
#define MOST_HOSTS  600
#define SECOND      (1000 * MS)
#define FARTHEST    (INT64_MAX / 2)
#define COUNTERS    (sizeof(struct tcpm_counters) / sizeof(uint64_t))

/* ---- captures ---- */

/* What stands in front of TCP. */
enum kind { ANY, PLAIN4, PLAIN6, TAGGED, TWO_TAGS, OVERLAY, GRE, OPTIONS, EXTENSION, KINDS };

/* How often in a thousand frames something happens. */
struct flavour {
	const char *name;
	unsigned hosts; /* that talk to one of a few servers */
	enum kind kind; /* of all frames */
	unsigned copied, other, mangled;
	unsigned untimed; /* a frame without a time */
	unsigned late;    /* one that is up to 90 ms late */
	unsigned steps;   /* the clock is set back by 0.2 to 3 s */
	unsigned gaps;    /* nothing comes for 1000 s */
	unsigned wild;    /* one frame of a time that cannot be */
	unsigned far;     /* 40 frames of such a time */
};

static const struct flavour flavours[] = {
	{.name = "crowd", .hosts = 600},
	{.name = "few hosts", .hosts = 3},
	{.name = "copies", .hosts = 100, .copied = 200},
	{.name = "other", .hosts = 50, .other = 300},
	{.name = "mangled", .hosts = 200, .mangled = 150},
	{.name = "untimed", .hosts = 100, .untimed = 20},
	{.name = "rarely untimed", .hosts = 100, .untimed = 1},
	{.name = "late", .hosts = 100, .late = 4},
	{.name = "steps", .hosts = 100, .steps = 3},
	{.name = "gaps", .hosts = 100, .gaps = 8},
	{.name = "wild", .hosts = 100, .wild = 2},
	{.name = "far", .hosts = 100, .far = 2},
	{.name = "tunnels", .hosts = 300, .kind = OVERLAY, .gaps = 2, .late = 1},
	{.name = "mixture",
	 .hosts = 80,
	 .copied = 50,
	 .other = 50,
	 .mangled = 50,
	 .untimed = 2,
	 .late = 3,
	 .steps = 2,
	 .gaps = 4},
};

#define FLAVOURS (sizeof(flavours) / sizeof(flavours[0]))

static const struct flavour *flavour_named(const char *name)
{
	for (size_t i = 0; i < FLAVOURS; i++)
		if (strcmp(flavours[i].name, name) == 0)
			return &flavours[i];
	fail_msg("no captures are called %s", name);
	return NULL;
}

/* A connection of a host's: what each side sent, and its last timestamp. */
struct talk {
	uint32_t next[2];
	uint32_t clock[2];
	unsigned step;
	uint16_t port;
};

static void put_front(struct frame_builder *b, enum kind kind, bool back)
{
	frame_begin(b, FRAME_ETHERNET);
	if (kind == TAGGED)
		frame_vlan(b, 0x8100, 40);
	if (kind == TWO_TAGS)
		frame_vlan(b, 0x8100, back ? 20 : 10);
	if (kind != OVERLAY && kind != GRE)
		return;
	/* The same two ends around all hosts. */
	frame_ipv4(b, back ? "10.0.0.2" : "10.0.0.1", back ? "10.0.0.1" : "10.0.0.2");
	if (kind == GRE) {
		frame_gre(b, 0x2000, 4711);
		frame_ethernet(b);
		return;
	}
	frame_udp(b, 50000, VXLAN_PORT);
	frame_vxlan(b, 7);
	frame_ethernet(b);
}

/* All in front of TCP, of a frame of this host's or (back) to it. */
static void put_hosts(struct frame_builder *b, unsigned host, enum kind kind, bool back)
{
	char names[2][40];
	const char *source, *target;

	if (kind == ANY)
		kind = (enum kind)(1 + host % (KINDS - 1));
	bool ipv6 = kind == PLAIN6 || kind == EXTENSION;

	snprintf(names[0], sizeof(names[0]), ipv6 ? "2001:db8::%x:%x" : "10.1.%u.%u", host / 200,
		 1 + host % 200);
	snprintf(names[1], sizeof(names[1]), ipv6 ? "2001:db8:ffff::%x" : "192.0.2.%u",
		 1 + host % 7);
	source = names[back];
	target = names[!back];
	put_front(b, kind, back);
	if (ipv6)
		frame_ipv6(b, source, target);
	else
		frame_ipv4_options(b, source, target, kind == OPTIONS ? 8 : 0);
	if (kind == EXTENSION)
		frame_extension(b, 60, 8);
}

static void put_segment(struct capture *capture, unsigned host, enum kind kind, bool back,
			struct talk *talk, uint8_t flags, uint32_t length)
{
	static struct frame_builder b;

	talk->clock[back] = (uint32_t)(capture->now_ns / MS);
	put_hosts(&b, host, kind, back);
	if (b.bytes[b.ip_at] >> 4 == 4)
		frame_set16(&b, b.ip_at + 4, 1 + (unsigned)capture->count);
	frame_tcp(&b, (struct frame_tcp){.source_port = back ? 80 : talk->port,
					 .target_port = back ? talk->port : 80,
					 .seq = talk->next[back],
					 .ack = flags & ACK ? talk->next[!back] : 0,
					 .flags = flags,
					 .window = 65535});
	if (host % 2)
		frame_timestamps(&b, talk->clock[back], talk->clock[!back]);
	frame_data(&b, length);
	add_frame(capture, &b);
}

/* What a host or its server says next: a handshake, three exchanges, the end. Now and then it is
 * said twice. */
static void say(struct capture *capture, const struct flavour *flavour, struct talk *talks)
{
	static const uint8_t flags[3][3] = {
		{SYN, SYN | ACK, ACK}, {ACK, ACK, ACK}, {FIN | ACK, FIN | ACK, ACK}};
	unsigned host = (unsigned)random_below(&capture->seed, flavour->hosts);
	struct talk *talk = &talks[host];
	unsigned turn = talk->step % 3;
	unsigned part = talk->step < 3 ? 0 : talk->step < 12 ? 1 : 2;
	uint32_t length = part == 1 && turn < 2 ? 100 + host : 0;

	if (talk->step == 0) {
		talk->port = (uint16_t)(40000 + random_below(&capture->seed, 3));
		for (unsigned i = 0; i < 2; i++)
			talk->next[i] = (uint32_t)random_below(&capture->seed, UINT32_MAX);
	}
	capture->now_ns += (int64_t)random_below(&capture->seed, (uint64_t)(2 * MS));
	put_segment(capture, host, flavour->kind, turn == 1, talk, flags[part][turn], length);
	if (random_below(&capture->seed, 20) == 0)
		return;
	talk->next[turn == 1] += length + (part != 1 && turn < 2);
	talk->step = (talk->step + 1) % 15;
}

/* The last frame once more, as seen at another place. */
static void copy_last(struct capture *capture)
{
	size_t number = capture->count++;
	struct tcpm_frame frame = capture->frames[number - 1];

	memcpy(capture->bytes[number], frame.bytes, frame.captured);
	frame.bytes = capture->bytes[number];
	frame.time_ns += 1000;
	frame.number = 3 * number + 1;
	frame.interface++;
	capture->frames[number] = frame;
}

/* Makes the last frame one that is cut, a fragment, of another link, or has a wrong byte. */
static void mangle_last(struct capture *capture)
{
	struct tcpm_frame *frame = &capture->frames[capture->count - 1];
	uint8_t *bytes = capture->bytes[capture->count - 1];
	uint64_t what = random_below(&capture->seed, 20);

	if (frame->captured < 60)
		return;
	if (what < 6) {
		frame->captured = (uint32_t)random_below(&capture->seed, frame->captured);
	} else if (what < 10) {
		bytes[20] = (uint8_t)random_below(&capture->seed, 64);
		bytes[21] = (uint8_t)random_below(&capture->seed, 2);
	} else if (what == 10) {
		frame->linktype = (uint16_t)random_below(&capture->seed, 300);
	} else {
		bytes[random_below(&capture->seed, 60)] =
			(uint8_t)random_below(&capture->seed, 256);
	}
}

static bool happens(struct capture *capture, unsigned in_a_thousand)
{
	return random_below(&capture->seed, 1000) < in_a_thousand;
}

static int64_t wild_time(struct capture *capture)
{
	static const int64_t times[] = {
		FARTHEST - 1, FARTHEST,      FARTHEST + 1,  INT64_MAX, 0,
		-1,           -FARTHEST - 1, INT64_MIN + 1, 1,
	};

	return times[random_below(&capture->seed, sizeof(times) / sizeof(times[0]))];
}

static void turn_clock(struct capture *capture, const struct flavour *flavour)
{
	struct tcpm_frame *frame = &capture->frames[capture->count - 1];

	if (happens(capture, flavour->late))
		frame->time_ns -= (int64_t)random_below(&capture->seed, (uint64_t)(90 * MS));
	if (happens(capture, flavour->wild))
		frame->time_ns = wild_time(capture);
	if (happens(capture, flavour->untimed))
		frame->time_ns = TCPM_NO_TIME;
	if (happens(capture, flavour->steps))
		capture->now_ns -=
			200 * MS + (int64_t)random_below(&capture->seed, (uint64_t)(2800 * MS));
	if (happens(capture, flavour->gaps))
		capture->now_ns += 1000 * SECOND;
}

static void make_flavour(struct capture *capture, const struct flavour *flavour)
{
	static struct talk talks[MOST_HOSTS];
	int64_t far_ns = 0;
	unsigned far = 0;

	memset(talks, 0, sizeof(talks));
	begin_capture(capture, 77);
	while (capture->count + 4 < FRAMES) {
		say(capture, flavour, talks);
		if (happens(capture, flavour->mangled))
			mangle_last(capture);
		if (happens(capture, flavour->copied))
			copy_last(capture);
		if (happens(capture, flavour->other))
			add_other(capture, (unsigned)random_below(&capture->seed, 7));
		turn_clock(capture, flavour);
		if (!far && happens(capture, flavour->far)) {
			far_ns = wild_time(capture);
			far = 40;
		}
		if (far && far--)
			capture->frames[capture->count - 1].time_ns = far_ns;
	}
}

/* Where the innermost IP header of a frame of batch_captures.h stands; 0: it has none. */
static size_t innermost(const uint8_t *bytes, uint32_t captured)
{
	if (captured < 54)
		return 0;
	if (bytes[12] == 0x81)
		return 18;
	if (bytes[12] == 0x08 && bytes[13] == 0 && bytes[23] == 17)
		return captured > 64 + 24 ? 64 : 0;
	return bytes[13] == 6 ? 0 : 14;
}

/* There all conversations are between the same two hosts: gives each client an address of its
 * own, made of its port. */
static void part_hosts(struct capture *capture)
{
	for (size_t i = 0; i < capture->count; i++) {
		uint8_t *bytes = capture->bytes[i];
		size_t at = innermost(bytes, capture->frames[i].captured);
		bool ipv6 = bytes[at] >> 4 == 6;
		size_t ports = at + (ipv6 ? 40 : 20);
		size_t end = at + (ipv6 ? 24 : 16);

		if (!at || bytes[at + (ipv6 ? 6 : 9)] != 6)
			continue;
		/* Above 255 on the client's side only. */
		if (bytes[ports])
			bytes[end - 1] = bytes[ports + 1];
		else
			bytes[end + (ipv6 ? 15 : 3)] = bytes[ports + 3];
	}
}

/* ---- what engines say ---- */

/* A sample, or the end of a flow; all zero but what is set, so that bytes can be compared. */
struct said {
	uint64_t order; /* 0: an end */
	int64_t time_ns, rtt_ns, previous_ns;
	uint64_t frame;
	struct tcpm_flow_id flow;
	struct tcpm_totals totals[2];
	uint64_t slots[2]; /* samples before this one in this direction */
	uint32_t interface;
	uint8_t sender, method, class_;
	uint8_t share; /* who said it: not compared */
};

struct heard {
	struct said said[MOST_SAID];
	size_t count;
	uint8_t share; /* who speaks */
	/* Sums of all engines', before all flows are closed and after. */
	uint64_t before[COUNTERS], after[COUNTERS];
	struct tcpm_counters counters[MOST_SHARES];
};

static struct said *new_said(struct heard *heard)
{
	assert_true(heard->count < MOST_SAID);
	struct said *said = &heard->said[heard->count++];

	memset(said, 0, sizeof(*said));
	said->share = heard->share;
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
	struct said *said = new_said(user);

	said->order = sample->order;
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
	*sample->slot = (void *)(uintptr_t)(said->slots[0] + 1);
	/* As add_frame numbers the frames. */
	assert_true(sample->order > 0);
	assert_int_equal(sample->frame, 3 * (sample->order - 1) + 1);
}

static void on_closed(void *user, const struct tcpm_closed *closed)
{
	struct said *said = new_said(user);

	copy_id(&said->flow, closed->flow);
	for (unsigned i = 0; i < 2; i++) {
		said->totals[i] = closed->totals[i];
		said->slots[i] = (uintptr_t)closed->slot[i];
	}
}

static struct tcpm_engine *make_engine(struct heard *heard, uint32_t shares, uint32_t share)
{
	static const struct tcpm_tunnel_port ports[] = {{VXLAN_PORT, TCPM_TUNNEL_VXLAN}};
	const struct tcpm_options options = {.max_flows = FRAMES,
					     .max_segments = 65536,
					     .tunnel_ports = ports,
					     .tunnel_port_count = 1,
					     .hash_seed = 42,
					     .shares = shares,
					     .share = share};
	const struct tcpm_handler handler = {
		.user = heard, .sample = on_sample, .closed = on_closed};
	struct tcpm_engine *engine = tcpm_engine_new(&options, &handler);

	assert_non_null(engine);
	return engine;
}

/* How frames are fed. */
struct way {
	size_t capacity; /* of a batch; 0: as they are, all at once */
	bool in_turns;   /* portions of any size, each as a batch or as they are */
	size_t flush_at; /* all flows are closed before this frame; 0: not */
};

static size_t portion_of(const struct way *way, size_t at, size_t count, uint64_t *seed)
{
	size_t end = at < way->flush_at ? way->flush_at : count;
	size_t portion = way->in_turns   ? 1 + random_below(seed, way->capacity)
			 : way->capacity ? way->capacity
					 : count;

	return portion < end - at ? portion : end - at;
}

static void feed_all(struct tcpm_engine *engine, const struct capture *capture,
		     const struct way *way)
{
	struct tcpm_batch *batch = tcpm_batch_new(engine, way->capacity ? way->capacity : 1);
	uint64_t seed = 9;
	size_t portion;

	assert_non_null(batch);
	for (size_t at = 0; at < capture->count; at += portion) {
		const struct tcpm_frame *frames = &capture->frames[at];

		if (at && at == way->flush_at)
			tcpm_engine_flush(engine);
		portion = portion_of(way, at, capture->count, &seed);
		if (!way->capacity || (way->in_turns && random_below(&seed, 2))) {
			tcpm_engine_feed(engine, frames, portion);
			continue;
		}
		assert_int_equal(tcpm_batch_add(batch, frames, portion), portion);
		assert_int_equal(tcpm_batch_count(batch), portion);
		tcpm_engine_feed_batch(engine, batch);
		tcpm_batch_clear(batch);
	}
	tcpm_batch_free(batch);
}

static void add_counters(uint64_t sums[COUNTERS], const struct tcpm_engine *engine)
{
	uint64_t counters[COUNTERS];

	memcpy(counters, tcpm_engine_counters(engine), sizeof(counters));
	for (size_t i = 0; i < COUNTERS; i++)
		sums[i] += counters[i];
}

/* Samples by their order, then the ends of flows by what they are. */
static int compare_said(const void *one, const void *other)
{
	const struct said *a = one, *b = other;

	if (a->order != b->order)
		return a->order - 1 < b->order - 1 ? -1 : 1;
	return memcmp(a, b, offsetof(struct said, share));
}

/* All that `shares` engines say, one after the other; 0: one that shares nothing. */
static void hear(const struct capture *capture, const struct way *way, uint32_t shares,
		 struct heard *heard)
{
	memset(heard->before, 0, sizeof(heard->before));
	memset(heard->after, 0, sizeof(heard->after));
	heard->count = 0;
	for (uint32_t share = 0; share < (shares ? shares : 1); share++) {
		struct tcpm_engine *engine;

		heard->share = (uint8_t)share;
		engine = make_engine(heard, shares, share);
		feed_all(engine, capture, way);
		add_counters(heard->before, engine);
		tcpm_engine_flush(engine);
		add_counters(heard->after, engine);
		heard->counters[share] = *tcpm_engine_counters(engine);
		assert_int_equal(heard->counters[share].flows_evicted, 0);
		tcpm_engine_free(engine);
	}
	qsort(heard->said, heard->count, sizeof(heard->said[0]), compare_said);
}

static int compare_hosts(const void *one, const void *other)
{
	const struct said *a = one, *b = other;

	return memcmp(a->flow.address, b->flow.address, sizeof(a->flow.address));
}

/* What passes between two hosts is all measured by one engine. Changes the order. */
static void assert_parted_by_hosts(struct heard *heard)
{
	qsort(heard->said, heard->count, sizeof(heard->said[0]), compare_hosts);
	for (size_t i = 1; i < heard->count; i++)
		if (compare_hosts(&heard->said[i - 1], &heard->said[i]) == 0)
			assert_int_equal(heard->said[i - 1].share, heard->said[i].share);
}

static void assert_same(struct heard *together, const struct heard *alone, const char *name,
			uint32_t shares, const struct way *way)
{
	for (size_t i = 0; i < alone->count && i < together->count; i++)
		if (compare_said(&together->said[i], &alone->said[i]) != 0)
			fail_msg("%s, %u shares, batches of %zu: number %zu of what is said "
				 "differs, "
				 "of frame %ju",
				 name, shares, way->capacity, i, (uintmax_t)alone->said[i].frame);
	assert_int_equal(together->count, alone->count);
	for (size_t i = 0; i < COUNTERS; i++)
		if (together->before[i] != alone->before[i] ||
		    together->after[i] != alone->after[i])
			fail_msg("%s, %u shares, batches of %zu: counter %zu is %ju, not %ju", name,
				 shares, way->capacity, i, (uintmax_t)together->before[i],
				 (uintmax_t)alone->before[i]);
	assert_parted_by_hosts(together);
}

/* ---- tests ---- */

static struct capture capture;
static struct heard alone, together;

static const uint32_t some_shares[] = {2, 3, 5};

/* Pieces of 256 are shared out at once. */
static const struct way ways[] = {
	{.capacity = 0},    {.capacity = 1},      {.capacity = 3},
	{.capacity = 16},   {.capacity = 256},    {.capacity = 257},
	{.capacity = 1000}, {.capacity = FRAMES}, {.capacity = 700, .in_turns = true},
};

static void assert_shared(const char *name)
{
	hear(&capture, &ways[0], 0, &alone);
	for (size_t i = 0; i < sizeof(some_shares) / sizeof(some_shares[0]); i++)
		for (size_t j = 0; j < sizeof(ways) / sizeof(ways[0]); j++) {
			hear(&capture, &ways[j], some_shares[i], &together);
			assert_same(&together, &alone, name, some_shares[i], &ways[j]);
		}
}

static void hear_alone(const char *name)
{
	make_flavour(&capture, flavour_named(name));
	hear(&capture, &ways[0], 0, &alone);
}

/* The captures hold what they are made for. */
static void captures_are_rich(void **state)
{
	const struct tcpm_counters *counters = &alone.counters[0];

	(void)state;
	hear_alone("crowd");
	assert_int_equal(counters->decoded[TCPM_DECODE_TCP], capture.count);
	assert_true(counters->flows_opened > 600);
	assert_true(counters->samples[TCPM_METHOD_SYN][TCPM_CLASS_NETWORK] > 500);
	assert_true(counters->samples[TCPM_METHOD_ACK][TCPM_CLASS_RESPONSE] > 500);
	assert_true(counters->retransmitted > 50);
	hear_alone("copies");
	assert_true(counters->copies > 100);
	hear_alone("mixture");
	for (unsigned i = 0; i < TCPM_DECODES; i++)
		if (i != TCPM_DECODE_TOO_DEEP && !counters->decoded[i])
			fail_msg("no frame is %s", tcpm_decode_name(i));
	assert_true(counters->clock_steps > 5);
	hear_alone("steps");
	assert_true(counters->clock_steps > 5);
	hear_alone("late");
	assert_int_equal(counters->clock_steps, 0);
	hear_alone("far");
	assert_true(counters->clock_steps > 5);
	hear_alone("gaps");
	assert_true(alone.before[offsetof(struct tcpm_counters, flows_now) / 8] <
		    counters->flows_opened / 10);
}

static void as_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < FLAVOURS; i++) {
		make_flavour(&capture, &flavours[i]);
		assert_shared(flavours[i].name);
	}
}

/* Conversations with losses, holes and all that answers them. */
static void as_one_of_talk(void **state)
{
	(void)state;
	for (size_t i = 0; i < MAKERS; i++) {
		/* There the clock goes minutes this way and that: flows are idle for about
		 * as long as the limits. */
		if (makers[i] == make_clocks)
			continue;
		makers[i](&capture);
		part_hosts(&capture);
		assert_shared("talk");
	}
}

/* Captures of the same frames that all begin somewhere else, so that any frame may be the first
 * or the last of those that are shared out at once. */
static void from_any_frame(void **state)
{
	static const struct way way = {.capacity = 64};
	static struct capture part;
	size_t whole;

	(void)state;
	make_flavour(&capture, flavour_named("mixture"));
	whole = capture.count;
	part = capture;
	for (size_t from = 0; from < 64; from++) {
		capture.count = 500;
		for (size_t i = 0; i < capture.count; i++) {
			capture.frames[i] = part.frames[(from * 80 + from + i) % whole];
			capture.frames[i].number = 3 * i + 1;
		}
		hear(&capture, &ways[0], 0, &alone);
		hear(&capture, &way, 3, &together);
		assert_same(&together, &alone, "from any frame", 3, &way);
	}
}

static void flushed_in_between(void **state)
{
	(void)state;
	for (size_t i = 0; i < FLAVOURS; i++) {
		struct way way = {.flush_at = 2777};

		make_flavour(&capture, &flavours[i]);
		hear(&capture, &way, 0, &alone);
		way.capacity = 300;
		hear(&capture, &way, 3, &together);
		assert_same(&together, &alone, flavours[i].name, 3, &way);
	}
}

/* Times that only ever go on, up to where they are held and beyond. */
static void beyond_all_times(void **state)
{
	static const int64_t begins[] = {
		FARTHEST - 3 * SECOND, FARTHEST + 1,           INT64_MAX - 60 * SECOND,
		-3 * SECOND,           -FARTHEST - 3 * SECOND,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		make_flavour(&capture, flavour_named("crowd"));
		int64_t begin_ns = capture.frames[0].time_ns;

		for (size_t j = 0; j < capture.count; j++)
			capture.frames[j].time_ns += begins[i] - begin_ns;
		assert_shared("beyond all times");
	}
}

/* Each engine has its fair part: of hosts, also of those in one tunnel. */
static void each_has_a_part(void **state)
{
	static const char *const names[] = {"crowd", "tunnels"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		make_flavour(&capture, flavour_named(names[i]));
		for (size_t j = 0; j < 3; j++) {
			uint32_t shares = some_shares[j];

			hear(&capture, &ways[0], shares, &together);
			for (uint32_t share = 0; share < shares; share++) {
				const struct tcpm_counters *counters = &together.counters[share];

				assert_true(counters->frames > capture.count / shares / 2);
				assert_int_equal(counters->frames,
						 counters->decoded[TCPM_DECODE_TCP]);
				assert_true(counters->samples[TCPM_METHOD_SYN][0] > 20);
			}
		}
	}
}

/* What is no TCP is of the first engine's part, unless it looks like TCP. */
static void other_is_of_the_first(void **state)
{
	(void)state;
	begin_capture(&capture, 4);
	while (capture.count < 600)
		add_other(&capture, capture.count % 2 ? 0 : capture.count % 4 ? 1 : 6);
	hear(&capture, &ways[0], 3, &together);
	assert_int_equal(together.counters[0].frames, 600);
	assert_int_equal(together.counters[0].decoded[TCPM_DECODE_NOT_IP], 300);
	assert_int_equal(together.counters[0].decoded[TCPM_DECODE_NOT_TCP], 150);
	assert_int_equal(together.counters[0].decoded[TCPM_DECODE_LINKTYPE], 150);
	assert_int_equal(together.counters[1].frames, 0);
	assert_int_equal(together.counters[2].frames, 0);
}

/* A sample's order counts the frames of others, too: a handshake after many of those. */
static void order_counts_all(void **state)
{
	static struct talk talks[2];
	const struct flavour two = {.hosts = 2, .kind = PLAIN4};
	static const uint8_t flags[] = {SYN, SYN | ACK, ACK};

	(void)state;
	begin_capture(&capture, 6);
	memset(talks, 0, sizeof(talks));
	while (capture.count < 600)
		say(&capture, &two, talks);
	for (unsigned turn = 0; turn < 3; turn++) {
		capture.now_ns += 10 * MS;
		put_segment(&capture, 5, PLAIN4, turn == 1, &talks[0], flags[turn], 0);
		talks[0].next[turn == 1] += turn < 2;
	}
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		size_t last = 0;

		hear(&capture, &ways[i], 3, &together);
		while (last < together.count && together.said[last].order)
			last++;
		assert_true(last > 2);
		assert_int_equal(together.said[last - 1].order, 603);
		assert_int_equal(together.said[last - 2].order, 602);
		assert_int_equal(together.said[last - 1].rtt_ns, 10 * MS);
	}
}

/* A batch is full by the frames that were added, whoever measures them. */
static void a_full_batch(void **state)
{
	(void)state;
	make_flavour(&capture, flavour_named("crowd"));
	together.count = 0;
	for (uint32_t share = 0; share < 3; share++) {
		struct tcpm_engine *engine = make_engine(&together, 3, share);
		struct tcpm_batch *batch = tcpm_batch_new(engine, 300);

		assert_non_null(batch);
		assert_int_equal(tcpm_batch_add(batch, capture.frames, 0), 0);
		assert_int_equal(tcpm_batch_add(batch, capture.frames, 290), 290);
		assert_int_equal(tcpm_batch_add(batch, capture.frames + 290, 20), 10);
		assert_int_equal(tcpm_batch_add(batch, capture.frames + 300, 1), 0);
		assert_int_equal(tcpm_batch_count(batch), 300);
		tcpm_engine_feed_batch(engine, batch);
		assert_in_range(tcpm_engine_counters(engine)->frames, 50, 150);
		tcpm_batch_clear(batch);
		assert_int_equal(tcpm_batch_count(batch), 0);
		tcpm_batch_free(batch);
		tcpm_engine_free(engine);
	}
}

static void one_share_is_all(void **state)
{
	(void)state;
	make_flavour(&capture, flavour_named("mixture"));
	hear(&capture, &ways[0], 0, &alone);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		hear(&capture, &ways[i], 1, &together);
		assert_same(&together, &alone, "one share", 1, &ways[i]);
	}
}

static void refused(void **state)
{
	static const uint32_t wrong[][2] = {{0, 1}, {1, 1}, {2, 2}, {2, 3}, {5, UINT32_MAX}};
	static const uint32_t right[][2] = {{0, 0}, {1, 0}, {2, 1}, {UINT32_MAX, UINT32_MAX - 1}};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct tcpm_options options = {.shares = wrong[i][0], .share = wrong[i][1]};

		errno = 0;
		assert_null(tcpm_engine_new(&options, NULL));
		assert_int_equal(errno, EINVAL);
	}
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		tcpm_engine_free(make_engine(&together, right[i][0], right[i][1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(captures_are_rich),  cmocka_unit_test(as_one),
		cmocka_unit_test(as_one_of_talk),     cmocka_unit_test(from_any_frame),
		cmocka_unit_test(flushed_in_between), cmocka_unit_test(beyond_all_times),
		cmocka_unit_test(each_has_a_part),    cmocka_unit_test(other_is_of_the_first),
		cmocka_unit_test(order_counts_all),   cmocka_unit_test(a_full_batch),
		cmocka_unit_test(one_share_is_all),   cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
