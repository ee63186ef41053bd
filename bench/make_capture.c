/*
 * Makes captures that the simulator of tests/truth does not: extremes of number and size.
 *
 *	make_capture [--seed N] idle FLOWS FILE
 *	make_capture [--seed N] full PACKETS FILE
 *	make_capture [--seed N] scan SYNS FLOWS FILE TRUTH
 *
 *	idle  that many concurrent connections (1,000 clients, to 50 servers): all
 *	      handshakes, in one scattered order, then a request, an answer and its
 *	      acknowledgement of each, in another. Snap length 96
 *	full  that many packets of 500 bulk transfers, full segments of 1,500 bytes, all of
 *	      each packet captured
 *	scan  that many SYNs, each to another address, 100,000 per second, never answered.
 *	      Between them FLOWS connections, each with a request and an answer a second and
 *	      round-trip times of its own. TRUTH tells those: lines of the sender's address and
 *	      port, the receiver's, nanoseconds, and how many samples there must be. Snap
 *	      length 96
 *
 * The same arguments always make the same bytes. Captures are pcap with nanoseconds;
 * there is no loss and no disorder, and checksums are right.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"
#include "talk.h"

#define SECOND_NS  1000000000u
#define BEGIN_S    1700000000u
#define BUFFER     (1 << 20)
#define AMOUNT_MAX 10000000 /* a scan's addresses are of 10.0.0.0/8 */

#define SHORT 96
#define WHOLE 65535

#define SERVERS     50
#define SERVER_PORT 443
#define PORT_FIRST  10000

#define IDLE_CLIENTS 1000
#define IDLE_STEP_NS 5000
#define IDLE_LAG     2000 /* connections that speak between a packet and its answer */

#define FULL_FLOWS   500
#define FULL_STEP_NS 1200 /* about 10 Gbit/s */

#define SCAN_STEP_NS   10000
#define SCAN_LIVE_NS   5000      /* after the SYN of the same step */
#define SCAN_FLOWS_MAX 1000      /* more would share round-trip times */
#define SCAN_PERIOD    100000    /* steps from request to request */
#define SCAN_WHEEL     (1 << 17) /* steps, more than any wait */
#define SCANNER        65535     /* a client's host number that no connection has */
#define DESTINATION    30        /* where IPv4's is, behind Ethernet */

struct capture {
	FILE *file;
	uint64_t now_ns; /* since BEGIN_S */
	uint32_t snaplen;
};

static void fail(const char *what)
{
	fprintf(stderr, "make_capture: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *must_have(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (memory == NULL)
		fail("memory");
	return memory;
}

static FILE *must_open(const char *path)
{
	FILE *file = fopen(path, "w");

	if (file == NULL)
		fail(path);
	setvbuf(file, NULL, _IOFBF, BUFFER);
	return file;
}

static void must_close(FILE *file, const char *path)
{
	bool failed = ferror(file) != 0;

	if (fclose(file) != 0 || failed)
		fail(path);
}

static void put(struct capture *capture, const void *bytes, size_t length)
{
	fwrite(bytes, 1, length, capture->file);
}

static void open_capture(struct capture *capture, const char *path, uint32_t snaplen)
{
	/* Magic of nanoseconds, version 2.4, no time zone, link type Ethernet. */
	const uint32_t header[6] = {0xa1b23c4d, 4u << 16 | 2, 0, 0, snaplen, 1};

	*capture = (struct capture){.file = must_open(path), .snaplen = snaplen};
	put(capture, header, sizeof(header));
}

static void put_packet(struct capture *capture, const uint8_t *head, size_t head_length,
		       size_t payload)
{
	uint32_t length = (uint32_t)(head_length + payload);
	uint32_t captured = length < capture->snaplen ? length : capture->snaplen;
	const uint32_t record[4] = {BEGIN_S + (uint32_t)(capture->now_ns / SECOND_NS),
				    (uint32_t)(capture->now_ns % SECOND_NS), captured, length};

	put(capture, record, sizeof(record));
	put(capture, head, head_length);
	put(capture, frame_payload(), captured - head_length);
}

static uint32_t now_ms(const struct capture *capture)
{
	return (uint32_t)(capture->now_ns / 1000000);
}

static void say(struct capture *capture, struct talk *talk, enum talk_side side, uint8_t flags,
		size_t payload)
{
	uint8_t head[FRAME_HEAD_MAX];
	size_t length = talk_say(talk, side, flags, payload, now_ms(capture), head);

	put_packet(capture, head, length, payload);
}

static struct talk *new_talks(uint32_t count, uint32_t clients, uint64_t seed)
{
	struct talk *talks = must_have(count, sizeof(*talks));

	for (uint32_t i = 0; i < count; i++) {
		struct frame_end client = {.host = (uint16_t)(1 + i % clients),
					   .port = (uint16_t)(PORT_FIRST + i / clients)};
		struct frame_end server = {.host = (uint16_t)(1 + i % clients % SERVERS),
					   .port = SERVER_PORT,
					   .server = true};

		talk_init(&talks[i], seed << 32 | i, &client, &server);
	}
	return talks;
}

/* Everyone's three packets of one kind, in the order given, each IDLE_LAG turns after the
 * one that it answers. */
static void all_speak(struct capture *capture, struct talk *talks, const uint32_t *order,
		      uint32_t count, bool handshake)
{
	for (uint32_t turn = 0; turn < count + 2 * IDLE_LAG; turn++) {
		for (uint32_t step = 0; step < 3; step++) {
			enum talk_side side = step == 1 ? TALK_SERVER : TALK_CLIENT;
			uint8_t flags = step > 0 || !handshake ? FRAME_ACK : 0;
			size_t payload = 0;
			uint32_t at = turn - step * IDLE_LAG;

			if (turn < step * IDLE_LAG || at >= count)
				continue;
			if (step < 2 && handshake)
				flags |= FRAME_SYN;
			if (step < 2 && !handshake) {
				flags |= FRAME_PSH;
				payload = 1 + talk_mix(order[at]) % (step == 0 ? 400 : 1400);
			}
			say(capture, &talks[order[at]], side, flags, payload);
			capture->now_ns += IDLE_STEP_NS;
		}
	}
}

static void shuffle(uint32_t *order, uint32_t count, uint64_t seed)
{
	for (uint32_t i = count - 1; i > 0; i--) {
		uint32_t j = talk_mix(seed << 32 | i) % (i + 1);
		uint32_t moved = order[i];

		order[i] = order[j];
		order[j] = moved;
	}
}

static void make_idle(const char *path, uint32_t flows, uint64_t seed)
{
	struct talk *talks = new_talks(flows, IDLE_CLIENTS, seed);
	uint32_t *order = must_have(flows, sizeof(*order));
	struct capture capture;

	open_capture(&capture, path, SHORT);
	for (uint32_t i = 0; i < flows; i++)
		order[i] = i;
	shuffle(order, flows, 2 * seed);
	all_speak(&capture, talks, order, flows, true);
	shuffle(order, flows, 2 * seed + 1);
	all_speak(&capture, talks, order, flows, false);
	must_close(capture.file, path);
	free(order);
	free(talks);
}

static void make_full(const char *path, uint64_t packets, uint64_t seed)
{
	/* They live longer than any capture of this kind. */
	const struct flow_settings settings = {.flows = FULL_FLOWS,
					       .ipv6 = 20,
					       .bulk = 100,
					       .life = UINT32_MAX / 2,
					       .payload = FRAME_PAYLOAD_MAX};
	struct flow *flows = must_have(FULL_FLOWS, sizeof(*flows));
	struct capture capture;
	uint64_t written = 0;

	open_capture(&capture, path, WHOLE);
	for (uint32_t i = 0; i < FULL_FLOWS; i++)
		flow_init(&flows[i], i, &settings);
	for (uint64_t turn = 0; written < packets; turn++) {
		uint32_t at = talk_mix(seed << 32 ^ turn) % FULL_FLOWS;
		struct flow_packet said[FLOW_TURN_MAX];
		size_t count = flow_turn(&flows[at], now_ms(&capture), said);

		for (size_t i = 0; i < count && written < packets; i++, written++) {
			put_packet(&capture, said[i].head, said[i].head_length, said[i].payload);
			capture.now_ns += FULL_STEP_NS;
		}
	}
	must_close(capture.file, path);
	free(flows);
}

/* A connection among the SYNs. It speaks when its step has come. */
struct live {
	struct talk talk;
	uint32_t later; /* the next one that speaks in the same step, or none */
	uint32_t said;  /* packets */
};

#define NONE UINT32_MAX

struct scan {
	struct capture capture;
	struct frame_template probe; /* without the address */
	struct live *live;
	uint32_t *wheel; /* who speaks in a step, the first one */
	uint32_t steps;
	uint64_t seed;
};

/* Steps from what a client says to its server's answer: 1 to 11 ms. */
static uint32_t server_waits(uint32_t index)
{
	return 100 + index;
}

/* Steps from what a server says to its client's acknowledgement: 15 to 35 ms. */
static uint32_t client_waits(uint32_t index)
{
	return 1500 + 2 * index;
}

static void schedule(struct scan *scan, uint32_t index, uint32_t step)
{
	uint32_t *first = &scan->wheel[step % SCAN_WHEEL];

	scan->live[index].later = *first;
	*first = index;
}

/* One more packet of a connection, and when the next one comes. No exchange begins that
 * might not end within the capture. */
static void live_speak(struct scan *scan, uint32_t index, uint32_t step)
{
	struct live *live = &scan->live[index];
	enum talk_side side = live->said % 3 == 1 ? TALK_SERVER : TALK_CLIENT;
	uint8_t flags = live->said > 0 ? FRAME_ACK : 0;
	uint32_t wait = side == TALK_SERVER ? client_waits(index) : server_waits(index);
	size_t payload = 0;

	if (live->said % 3 == 2) {
		/* It ends an exchange; the wait is until the next. */
		wait = SCAN_PERIOD - server_waits(index) - client_waits(index);
	} else if (live->said < 2) {
		flags |= FRAME_SYN;
	} else {
		flags |= FRAME_PSH;
		payload = 1 + talk_mix((uint64_t)live->said << 32 | index) % 400;
	}
	say(&scan->capture, &live->talk, side, flags, payload);
	live->said++;
	if (live->said % 3 != 0 || step + 2 * SCAN_PERIOD < scan->steps)
		schedule(scan, index, step + wait);
}

/* A SYN to the `number`th address: all of 10.0.0.0/8 in a scattered order. */
static void probe(struct scan *scan, uint32_t number)
{
	uint32_t address = 10u << 24 | ((number * 0x9e3779b1u + (uint32_t)scan->seed) & 0xffffff);
	struct frame_template template = scan->probe;
	struct frame_segment segment = {
		.seq = talk_mix(number),
		.tsval = now_ms(&scan->capture),
		.id = (uint16_t)talk_mix(~(uint64_t)number),
		.flags = FRAME_SYN,
	};
	uint8_t *at = template.head + DESTINATION;
	uint32_t before = (uint32_t)(at[0] << 8 | at[1]) + (uint32_t)(at[2] << 8 | at[3]);
	uint32_t more = (address >> 16) + (address & 0xffff) - before;
	uint8_t head[FRAME_HEAD_MAX];

	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(address >> (24 - 8 * i));
	template.ip_sum += more;
	template.tcp_sum += more;
	put_packet(&scan->capture, head, frame_write(head, &template, &segment), 0);
}

static void put_truth(FILE *truth, const struct frame_end *from, const struct frame_end *to,
		      uint64_t rtt_ns, uint32_t samples)
{
	fprintf(truth, "198.%d.%d.%d,%u,198.%d.%d.%d,%u,%" PRIu64 ",%u\n", from->server ? 19 : 18,
		from->host >> 8, from->host & 0xff, from->port, to->server ? 19 : 18, to->host >> 8,
		to->host & 0xff, to->port, rtt_ns, samples);
}

static void write_truth(const char *path, const struct live *live, uint32_t flows)
{
	FILE *file = must_open(path);

	for (uint32_t i = 0; i < flows; i++) {
		const struct frame_end *client = &live[i].talk.end[TALK_CLIENT];
		const struct frame_end *server = &live[i].talk.end[TALK_SERVER];
		/* Of three packets, the second answers the first, the third the second. */
		uint32_t samples = live[i].said / 3;

		put_truth(file, client, server, (uint64_t)server_waits(i) * SCAN_STEP_NS, samples);
		put_truth(file, server, client, (uint64_t)client_waits(i) * SCAN_STEP_NS, samples);
	}
	must_close(file, path);
}

static void make_scan(const char *path, const char *truth, uint32_t syns, uint32_t flows,
		      uint64_t seed)
{
	const struct frame_end scanner = {.host = SCANNER, .port = PORT_FIRST};
	const struct frame_end nowhere = {.server = true, .port = SERVER_PORT};
	struct scan scan = {.steps = syns, .seed = seed};
	struct talk *talks = new_talks(flows, flows, seed);

	open_capture(&scan.capture, path, SHORT);
	frame_prepare(&scan.probe, false, &scanner, &nowhere);
	scan.live = must_have(flows, sizeof(*scan.live));
	scan.wheel = must_have(SCAN_WHEEL, sizeof(*scan.wheel));
	for (uint32_t i = 0; i < SCAN_WHEEL; i++)
		scan.wheel[i] = NONE;
	for (uint32_t i = 0; i < flows; i++) {
		scan.live[i].talk = talks[i];
		schedule(&scan, i, talk_mix(seed << 32 ^ i) % SCAN_PERIOD);
	}
	for (uint32_t step = 0; step < syns; step++) {
		uint32_t index = scan.wheel[step % SCAN_WHEEL];

		scan.wheel[step % SCAN_WHEEL] = NONE;
		scan.capture.now_ns = (uint64_t)step * SCAN_STEP_NS;
		probe(&scan, step);
		scan.capture.now_ns += SCAN_LIVE_NS;
		while (index != NONE) {
			uint32_t later = scan.live[index].later;

			live_speak(&scan, index, step);
			index = later;
		}
	}
	must_close(scan.capture.file, path);
	write_truth(truth, scan.live, flows);
	free(scan.wheel);
	free(scan.live);
	free(talks);
}

static void usage(void)
{
	fprintf(stderr, "usage: make_capture [--seed N] idle FLOWS FILE\n"
			"       make_capture [--seed N] full PACKETS FILE\n"
			"       make_capture [--seed N] scan SYNS FLOWS FILE TRUTH\n");
	exit(2);
}

static uint32_t number(const char *text, unsigned long least, unsigned long most)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value < least ||
	    value > most) {
		fprintf(stderr, "make_capture: %s is not a number from %lu to %lu\n", text, least,
			most);
		exit(2);
	}
	return (uint32_t)value;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"seed", required_argument, NULL, 's'}, {0}};
	uint64_t seed = 1;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 's')
			usage();
		seed = number(optarg, 1, 1000000);
	}
	argc -= optind;
	argv += optind;
	frame_init();
	if (argc == 3 && strcmp(argv[0], "idle") == 0)
		make_idle(argv[2], number(argv[1], 1, AMOUNT_MAX), seed);
	else if (argc == 3 && strcmp(argv[0], "full") == 0)
		make_full(argv[2], number(argv[1], 1, AMOUNT_MAX), seed);
	else if (argc == 5 && strcmp(argv[0], "scan") == 0)
		/* Fewer SYNs would leave no time for a connection's first exchange. */
		make_scan(argv[3], argv[4], number(argv[1], 4 * SCAN_PERIOD, AMOUNT_MAX),
			  number(argv[2], 1, SCAN_FLOWS_MAX), seed);
	else
		usage();
	return 0;
}
