/*
 * Writes the captures of the golden tests into a folder. They are the same each time, so
 * what the program prints about them is committed and the captures are not.
 *
 *     make_captures FOLDER
 *
 * A packet is a line below: when, by whom, flags, numbers, data. What each capture is
 * for is said above its lines.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/capture_builder.h"
#include "../unit/frame_builder.h"

#define START_S 1700000000u

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

struct host {
	const char *address;
	uint16_t port;
};

/* Who talks to whom, and under which VLAN ids (0: none). */
struct pair {
	struct host client;
	struct host server;
	unsigned vlan[2];
};

static const struct pair web = {{"192.0.2.10", 40000}, {"198.51.100.20", 443}, {0, 0}};
static const struct pair web_again = {{"192.0.2.10", 40001}, {"198.51.100.20", 443}, {0, 0}};
static const struct pair six = {{"2001:db8::10", 40000}, {"2001:db8:1::20", 443}, {0, 0}};
static const struct pair tagged = {{"10.0.0.1", 40000}, {"10.0.0.2", 22}, {42, 0}};
static const struct pair twice_tagged = {{"10.0.0.1", 40000}, {"10.0.0.2", 22}, {10, 20}};
static const struct pair slow_host = {{"192.0.2.77", 50000}, {"203.0.113.5", 80}, {0, 0}};

struct line {
	uint32_t us; /* after START_S */
	bool by_server;
	unsigned flags;
	uint32_t seq, ack, length;
};

/* 20 ms to the server, 1 ms to the client; a lost segment; an answer after 60 ms of
 * thought. */
static const struct line conversation[] = {
	{0, false, SYN, 1000, 0, 0},
	{20000, true, SYN | ACK, 5000, 1001, 0},
	{21000, false, ACK, 1001, 5001, 0},
	{30000, false, ACK, 1001, 5001, 1400},
	{30100, false, ACK, 2401, 5001, 1400},
	{50500, true, ACK, 5001, 3801, 0},
	{60000, false, ACK, 3801, 5001, 100},
	{120000, true, ACK, 5001, 3901, 300},
	{121000, false, ACK, 3901, 5301, 0},
	{130000, false, ACK, 3901, 5301, 1400},
	{330000, false, ACK, 3901, 5301, 1400},
	{352000, true, ACK, 5301, 5301, 0},
	{360000, false, FIN | ACK, 5301, 5301, 0},
	{381000, true, FIN | ACK, 5301, 5302, 0},
	{382000, false, ACK, 5302, 5302, 0},
};

/* Began before the capture; one small segment, acknowledged late: an upper bound. */
static const struct line only_responses[] = {
	{5000, false, ACK, 100, 900, 200},
	{47000, true, ACK, 900, 300, 0},
};

/* Data, of which the acknowledgement is in the next file. */
static const struct line first_half[] = {
	{0, false, SYN, 1000, 0, 0},
	{20000, true, SYN | ACK, 5000, 1001, 0},
	{21000, false, ACK, 1001, 5001, 0},
	{2000000, false, ACK, 1001, 5001, 100},
};

static const struct line second_half[] = {
	{2025000, true, ACK, 5001, 1101, 0},
	{2030000, false, ACK, 1101, 5001, 100},
	{2056000, true, ACK, 5001, 1201, 0},
};

#define LINES(lines) lines, sizeof(lines) / sizeof((lines)[0])

/* A packet and when, for the order of a file. */
struct packet {
	uint32_t us;
	unsigned interface;
	size_t size;
	uint32_t wire_length;
	uint8_t bytes[160]; /* all that is captured */
};

struct packets {
	struct packet *all;
	size_t count;
};

static struct packet *add_packet(struct packets *packets, uint32_t us,
				 const struct tcpm_frame *frame)
{
	struct packet *all = realloc(packets->all, (packets->count + 1) * sizeof(*all));

	if (!all)
		abort();
	packets->all = all;
	struct packet *packet = &all[packets->count++];

	*packet = (struct packet){.us = us, .wire_length = frame->wire_length};
	packet->size =
		frame->captured < sizeof(packet->bytes) ? frame->captured : sizeof(packet->bytes);
	memcpy(packet->bytes, frame->bytes, packet->size);
	return packet;
}

static void build(struct frame_builder *frame, const struct pair *pair, const struct line *line,
		  unsigned id)
{
	const struct host *from = line->by_server ? &pair->server : &pair->client;
	const struct host *to = line->by_server ? &pair->client : &pair->server;

	frame_begin(frame, FRAME_ETHERNET);
	for (unsigned i = 0; i < 2 && pair->vlan[i]; i++)
		frame_vlan(frame, pair->vlan[1] && i == 0 ? 0x88a8 : 0x8100, pair->vlan[i]);
	if (strchr(from->address, ':')) {
		frame_ipv6(frame, from->address, to->address);
	} else {
		frame_ipv4(frame, from->address, to->address);
		frame_set16(frame, frame->ip_at + 4, id);
	}
	frame_tcp(frame, (struct frame_tcp){.source_port = from->port,
					    .target_port = to->port,
					    .seq = line->seq,
					    .ack = line->ack,
					    .flags = (uint8_t)line->flags,
					    .window = 65535,
					    .checksum = (uint16_t)id});
	if (line->flags & SYN)
		frame_mss(frame, 1400);
	frame_data(frame, line->length);
}

/* Adds a connection's packets, all later by delay_us. */
static void add_lines(struct packets *packets, const struct pair *pair, const struct line *lines,
		      size_t count, uint32_t delay_us, unsigned interface)
{
	static struct frame_builder frame;

	for (size_t i = 0; i < count; i++) {
		build(&frame, pair, &lines[i], (unsigned)packets->count + 1);
		struct tcpm_frame whole = frame_end(&frame);

		add_packet(packets, lines[i].us + delay_us, &whole)->interface = interface;
	}
}

/* What is no TCP: ARP, and UDP over IPv4. */
static void add_others(struct packets *packets)
{
	static struct frame_builder frame;
	struct tcpm_frame whole;

	frame_begin(&frame, FRAME_ETHERNET);
	frame_announce(&frame, 0x0806, 0, 0);
	frame_grow(&frame, 28);
	whole = frame_end(&frame);
	add_packet(packets, 100, &whole);
	frame_begin(&frame, FRAME_ETHERNET);
	frame_ipv4(&frame, "192.0.2.10", "192.0.2.53");
	frame_announce(&frame, 0, 17, 0);
	frame_grow(&frame, 30);
	whole = frame_end(&frame);
	add_packet(packets, 200, &whole);
}

static int compare_times(const void *a, const void *b)
{
	const struct packet *x = a;
	const struct packet *y = b;

	return (x->us > y->us) - (x->us < y->us);
}

/* Into the order of time. No two may be of one moment, for then the order were open. */
static void sort_packets(struct packets *packets)
{
	if (packets->count > 0)
		qsort(packets->all, packets->count, sizeof(packets->all[0]), compare_times);
	for (size_t i = 1; i < packets->count; i++) {
		if (packets->all[i].us == packets->all[i - 1].us) {
			fprintf(stderr, "make_captures: two packets at %u us\n",
				packets->all[i].us);
			exit(1);
		}
	}
}

static void put_pcap(struct builder *file, struct packets *packets)
{
	sort_packets(packets);
	pcap_header_of(file, PCAP_MICRO, 2, 4, sizeof(packets->all[0].bytes), FRAME_ETHERNET);
	for (size_t i = 0; i < packets->count; i++) {
		const struct packet *packet = &packets->all[i];

		pcap_record_header(file, START_S + packet->us / 1000000, packet->us % 1000000,
				   (uint32_t)packet->size, packet->wire_length);
		put_bytes(file, packet->bytes, packet->size);
	}
	free(packets->all);
	*packets = (struct packets){0};
}

static void put_pcapng(struct builder *file, struct packets *packets)
{
	sort_packets(packets);
	ng_section(file);
	ng_interface_of(file, FRAME_ETHERNET, 0, -1, 0, "eth0");
	ng_interface_of(file, FRAME_ETHERNET, 0, -1, 0, "up, \"fast\"");
	for (size_t i = 0; i < packets->count; i++) {
		const struct packet *packet = &packets->all[i];
		const uint64_t us = (uint64_t)START_S * 1000000 + packet->us;
		const size_t start = block_begin(file, 6);

		put32(file, packet->interface);
		put32(file, (uint32_t)(us >> 32));
		put32(file, (uint32_t)us);
		put32(file, (uint32_t)packet->size);
		put32(file, packet->wire_length);
		put_bytes(file, packet->bytes, packet->size);
		block_end(file, start);
	}
	free(packets->all);
	*packets = (struct packets){0};
}

static void write_file(const char *folder, const char *name, const uint8_t *bytes, size_t size)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *out = fopen(path, "wb");

	if (!out || fwrite(bytes, 1, size, out) != size || fclose(out) != 0) {
		fprintf(stderr, "make_captures: %s: %s\n", path, strerror(errno));
		exit(1);
	}
}

/* Everything that a report can show: IPv4, IPv6, VLAN, a pair with responses alone, what
 * is no TCP. Also compressed, and cut short. */
static void make_mixed(const char *folder)
{
	struct packets packets = {0};
	struct builder file = {0};
	struct builder packed = {0};

	add_others(&packets);
	add_lines(&packets, &web, LINES(conversation), 1000, 0);
	add_lines(&packets, &web_again, LINES(conversation), 1003007, 0);
	add_lines(&packets, &six, LINES(conversation), 2011, 0);
	add_lines(&packets, &tagged, LINES(conversation), 3023, 0);
	add_lines(&packets, &twice_tagged, LINES(conversation), 13041, 0);
	add_lines(&packets, &slow_host, LINES(only_responses), 4057, 0);
	put_pcap(&file, &packets);
	write_file(folder, "mixed.pcap", file.bytes, file.size);
	write_file(folder, "cut.pcap", file.bytes, file.size / 2);
	put_gzip_stored(&packed, file.bytes, file.size);
	write_file(folder, "mixed.pcap.gz", packed.bytes, packed.size);
	write_file(folder, "cut.pcap.gz", packed.bytes, packed.size / 2);
	builder_done(&packed);
	builder_done(&file);
}

/* Two interfaces with names, of which one needs quotes; the IPv6 pair is seen on both. */
static void make_named(const char *folder)
{
	struct packets packets = {0};
	struct builder file = {0};

	add_lines(&packets, &web, LINES(conversation), 1000, 0);
	add_lines(&packets, &tagged, LINES(conversation), 2011, 1);
	add_lines(&packets, &six, LINES(first_half), 3023, 0);
	add_lines(&packets, &six, LINES(second_half), 3023, 1);
	put_pcapng(&file, &packets);
	write_file(folder, "named.pcapng", file.bytes, file.size);
	builder_done(&file);
}

/* One connection in two files. */
static void make_halves(const char *folder)
{
	struct packets packets = {0};
	struct builder file = {0};

	add_lines(&packets, &web, LINES(first_half), 0, 0);
	put_pcap(&file, &packets);
	write_file(folder, "first.pcap", file.bytes, file.size);
	builder_done(&file);
	add_lines(&packets, &web, LINES(second_half), 0, 0);
	put_pcap(&file, &packets);
	write_file(folder, "second.pcap", file.bytes, file.size);
	builder_done(&file);
}

/* A header and no packet; no byte; no capture. */
static void make_empty(const char *folder)
{
	static const char text[] = "This is no capture.\n";
	struct packets packets = {0};
	struct builder file = {0};

	put_pcap(&file, &packets);
	write_file(folder, "empty.pcap", file.bytes, file.size);
	write_file(folder, "nothing.pcap", file.bytes, 0);
	write_file(folder, "text.pcap", (const uint8_t *)text, strlen(text));
	builder_done(&file);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: make_captures FOLDER\n", stderr);
		return 2;
	}
	make_mixed(argv[1]);
	make_named(argv[1]);
	make_halves(argv[1]);
	make_empty(argv[1]);
	return 0;
}
