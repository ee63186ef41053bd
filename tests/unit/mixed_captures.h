/*
 * Captures for tests of the engine: conversations of all kinds side by side, what is no TCP between
 * them, and clocks that cannot be trusted. The same each time.
 */
#ifndef UNIT_MIXED_CAPTURES_H
#define UNIT_MIXED_CAPTURES_H

#include <stdint.h>
#include <string.h>

#include "frame_builder.h"
#include "tcpmetro.h"
#include "tunnel_builder.h"

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

#define MS INT64_C(1000000)

#define FLOWS  24
#define FRAMES 6000
#define MOST   200 /* bytes of a frame that are captured */

/* A port that carries VXLAN by an option only. */
#define VXLAN_PORT 5555

/* xorshift64*, so that each run sees the same values. */
static uint64_t random_below(uint64_t *state, uint64_t limit)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL % limit;
}

/* Field by field: what lies between them is left as it is. */
static inline void copy_id(struct tcpm_flow_id *to, const struct tcpm_flow_id *from)
{
	memcpy(to->address, from->address, sizeof(to->address));
	memcpy(to->port, from->port, sizeof(to->port));
	memcpy(to->label_kind, from->label_kind, sizeof(to->label_kind));
	memcpy(to->label, from->label, sizeof(to->label));
	to->interface = from->interface;
}

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

#endif
