/*
 * Captures for the tests of engines that share flows: hosts by the hundred in front of a few
 * servers, whose frames and clock have some flaw or other; and conversations that are idle for
 * about as long as they may be. The same each time.
 */
#ifndef UNIT_PARTITION_CAPTURES_H
#define UNIT_PARTITION_CAPTURES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mixed_captures.h"
#include "tcpmetro.h"

#define MOST_HOSTS 600
#define SECOND     (1000 * MS)
#define FARTHEST   (INT64_MAX / 2)

/* ---- flavours ---- */

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
	unsigned slow_ms; /* frames are up to that far apart, not 2 ms; in the end all are idle */
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
	/* Hosts are idle for about as long as a closed flow may be, a half-open one, and an
	 * established one. */
	{.name = "slow closed", .hosts = 100, .slow_ms = 300},
	{.name = "slow half-open", .hosts = 600, .slow_ms = 450},
	{.name = "slow established", .hosts = 500, .slow_ms = 1100},
	{.name = "slow mixture",
	 .hosts = 400,
	 .slow_ms = 900,
	 .copied = 50,
	 .other = 50,
	 .mangled = 50,
	 .late = 3},
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
	capture->now_ns += (int64_t)random_below(
		&capture->seed, (uint64_t)(flavour->slow_ms ? flavour->slow_ms : 2) * (uint64_t)MS);
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
	if (!flavour->slow_ms)
		return;
	/* How many idle flows were not looked at yet may differ: here all are. */
	capture->now_ns += 1000 * SECOND;
	say(capture, flavour, talks);
	say(capture, flavour, talks);
}

/* Where the innermost IP header of a frame of mixed_captures.h stands; 0: it has none. */
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

/* ---- conversations that are idle for about as long as they may be ---- */

enum { NOBODY, MINE, OTHER, THIRD, SPEAKERS };

/* A segment: whose conversation it is of, which way it goes, and when. */
struct line {
	uint8_t who;
	bool back;
	uint8_t flags;
	uint8_t length;
	int64_t ms;
};

/* The last line is of MINE again, which may have been idle for too long by the frame before. Then
 * it makes a new flow, whichever other frames an engine measures. */
struct idle_case {
	const char *name;
	unsigned flows; /* that are made */
	bool labels;    /* MINE bears another one each way */
	struct line lines[10];
};

static const struct idle_case idle_cases[] = {
	/* Who looks at others' frames may look once a second at other times. */
	{.name = "between two looks",
	 .flows = 3,
	 .lines = {{MINE, false, ACK, 10, 0},
		   {OTHER, false, ACK, 1, 139500},
		   {OTHER, false, ACK, 1, 139600},
		   {OTHER, false, ACK, 1, 140300},
		   {OTHER, false, ACK, 1, 140310},
		   {MINE, true, ACK, 0, 140400}}},
	{.name = "between two looks, early enough",
	 .flows = 2,
	 .lines = {{MINE, false, ACK, 10, 0},
		   {OTHER, false, ACK, 1, 139000},
		   {OTHER, false, ACK, 1, 139100},
		   {OTHER, false, ACK, 1, 139800},
		   {OTHER, false, ACK, 1, 139810},
		   {MINE, true, ACK, 0, 139900}}},
	/* In line MINE, which was used before OTHER, stands behind it. */
	{.name = "behind in line",
	 .flows = 4,
	 .lines = {{MINE, false, SYN, 0, 0},
		   {MINE, true, SYN | ACK, 0, 200},
		   {OTHER, false, SYN, 0, 300},
		   {OTHER, true, SYN | ACK, 0, 310},
		   {OTHER, false, ACK, 0, 320},
		   {MINE, false, ACK, 10, 400},
		   {THIRD, false, ACK, 1, 300500},
		   {THIRD, false, ACK, 1, 300510},
		   {MINE, true, ACK, 0, 300550}}},
	{.name = "behind in line, early enough",
	 .flows = 3,
	 .lines = {{MINE, false, SYN, 0, 0},
		   {MINE, true, SYN | ACK, 0, 200},
		   {OTHER, false, SYN, 0, 300},
		   {OTHER, true, SYN | ACK, 0, 310},
		   {OTHER, false, ACK, 0, 320},
		   {MINE, false, ACK, 10, 400},
		   {THIRD, false, ACK, 1, 299900},
		   {THIRD, false, ACK, 1, 299910},
		   {MINE, true, ACK, 0, 299950}}},
	/* The SYN's flow is found by its endpoints alone. */
	{.name = "answered with another label",
	 .flows = 3,
	 .labels = true,
	 .lines = {{MINE, false, SYN, 0, 0},
		   {OTHER, false, ACK, 1, 139500},
		   {OTHER, false, ACK, 1, 139600},
		   {OTHER, false, ACK, 1, 140300},
		   {OTHER, false, ACK, 1, 140310},
		   {MINE, true, SYN | ACK, 0, 140400}}},
	/* Its lateness is relative to the previous frame of any flow. */
	{.name = "late only by its own time",
	 .flows = 2,
	 .lines = {{MINE, false, ACK, 10, 0},
		   {OTHER, false, ACK, 1, 100000},
		   {OTHER, false, ACK, 1, 139900},
		   {MINE, true, ACK, 0, 150000}}},
	{.name = "late by the frame before",
	 .flows = 3,
	 .lines = {{MINE, false, ACK, 10, 0},
		   {OTHER, false, ACK, 1, 100000},
		   {OTHER, false, ACK, 1, 140100},
		   {MINE, true, ACK, 0, 140200}}},
};

#define IDLE_CASES (sizeof(idle_cases) / sizeof(idle_cases[0]))

/* hosts: whose conversations they are. */
static void make_idle(struct capture *capture, const struct idle_case *idle,
		      const unsigned hosts[SPEAKERS])
{
	struct talk talks[SPEAKERS];
	int64_t begin_ns;

	begin_capture(capture, 5);
	begin_ns = capture->now_ns;
	for (unsigned i = 0; i < SPEAKERS; i++)
		talks[i] = (struct talk){.next = {1, 1}, .port = 40000};
	for (const struct line *line = idle->lines; line->who; line++) {
		struct talk *talk = &talks[line->who];

		capture->now_ns = begin_ns + line->ms * MS;
		put_segment(capture, hosts[line->who],
			    idle->labels && line->who == MINE ? TWO_TAGS : PLAIN4, line->back, talk,
			    line->flags, line->length);
		talk->next[line->back] += line->length + (line->flags & SYN ? 1u : 0u);
	}
}

#endif
