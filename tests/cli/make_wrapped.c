/*
 * Writes captures of connections whose round trips are known, in every wrapping that the
 * decoders know, for tests/cli/wrapped.sh.
 *
 *     make_wrapped FOLDER
 *
 * Prints a line for each capture, FOLDER/NAME.pcap:
 *
 *     wrapping NAME VERSIONS   one connection in the wrapping for each version of IP inside,
 *                              4, 6 or teredo; all wrappings of tests/unit/wrappings.h
 *     networks NAME            the same connection, to the last number, in two networks that
 *                              a label tells apart; in the second all takes twice as long
 *     one-way NAME             a connection whose two directions bear different labels
 *     example NAME             those of docs/MEASUREMENT.md
 *
 * What differs by direction differs here too: outer addresses, MPLS labels, GTP-U's and
 * L2TP's ids, PPTP's call ids, NVGRE's flow ids, ports, to and from an access point. Every
 * wrapping can carry a connection; none is left out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/capture_builder.h"
#include "../unit/wrappings.h"

#define START_S 1700000000u

enum { FIN = 1, SYN = 2, ACK = 16 };

struct line {
	uint32_t us;
	struct wrapped_packet packet;
};

/* 20 ms to the server, 1 ms to the client, and something more each time, so that each
 * round trip tells which it is. Nothing offers SACK. */
static const struct line conversation[] = {
	{0, {.flags = SYN, .seq = 999, .mss = 600}},
	{20000, {.by_server = true, .flags = SYN | ACK, .seq = 4999, .ack = 1000, .mss = 600}},
	{21500, {.flags = ACK, .seq = 1000, .ack = 5000}},
	{30000, {.flags = ACK, .seq = 1000, .ack = 5000, .data = 600}},
	{30100, {.flags = ACK, .seq = 1600, .ack = 5000, .data = 600}},
	{50400, {.by_server = true, .flags = ACK, .seq = 5000, .ack = 2200}},
	{60000, {.flags = ACK, .seq = 2200, .ack = 5000, .data = 100}},
	{125000, {.by_server = true, .flags = ACK, .seq = 5000, .ack = 2300, .data = 200}},
	{126250, {.flags = ACK, .seq = 2300, .ack = 5200}},
	{130000, {.by_server = true, .flags = ACK, .seq = 5200, .ack = 2300, .data = 600}},
	{130050, {.by_server = true, .flags = ACK, .seq = 5800, .ack = 2300, .data = 600}},
	{131700, {.flags = ACK, .seq = 2300, .ack = 6400}},
	{140000, {.flags = FIN | ACK, .seq = 2300, .ack = 6400}},
	{160200, {.by_server = true, .flags = FIN | ACK, .seq = 6400, .ack = 2301}},
	{161900, {.flags = ACK, .seq = 2301, .ack = 6401}},
};

/* One segment and its acknowledgement, at the one place of docs/MEASUREMENT.md's examples
 * and at the other. */
static const struct line first_place[] = {
	{0, {.flags = ACK, .seq = 1000, .ack = 5000, .data = 100}},
	{20000, {.by_server = true, .flags = ACK, .seq = 5000, .ack = 1100}},
};

static const struct line mirrored[] = {
	{30, {.flags = ACK, .seq = 1000, .ack = 5000, .data = 100}},
	{20030, {.by_server = true, .flags = ACK, .seq = 5000, .ack = 1100}},
};

static const struct line wrapped[] = {
	{250, {.flags = ACK, .seq = 1000, .ack = 5000, .data = 100}},
	{19850, {.by_server = true, .flags = ACK, .seq = 5000, .ack = 1100}},
};

#define LINES(table) .lines = (table), .count = sizeof(table) / sizeof((table)[0])

/* A way to tell networks apart, by a number. */
struct network {
	const char *name;
	void (*begin)(struct frame_builder *b, unsigned number);
};

static void begin_bare(struct frame_builder *b, unsigned number)
{
	(void)number;
	frame_begin(b, FRAME_ETHERNET);
}

static void begin_vlan(struct frame_builder *b, unsigned number)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_vlan(b, 0x8100, number);
}

static void begin_inner_vlan(struct frame_builder *b, unsigned number)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_vlan(b, 0x88a8, 100);
	frame_vlan(b, 0x8100, number);
}

static void begin_outer_vlan(struct frame_builder *b, unsigned number)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_vlan(b, 0x88a8, number);
	frame_vlan(b, 0x8100, 100);
}

static void begin_pppoe(struct frame_builder *b, unsigned number)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_pppoe(b, number);
}

static void begin_gre_key(struct frame_builder *b, unsigned number)
{
	begin_outer(b);
	frame_gre(b, 0x2000, number);
}

static void begin_nvgre(struct frame_builder *b, unsigned number)
{
	begin_outer(b);
	frame_gre(b, 0x2000, (0x1000 + number) << 8 | 7);
	frame_differs(b, b->length - 4, 0xff); /* the flow id */
	frame_ethernet(b);
}

static void begin_erspan(struct frame_builder *b, unsigned number)
{
	begin_outer(b);
	frame_erspan(b, 2, number, false);
	frame_ethernet(b);
}

static void begin_vxlan(struct frame_builder *b, unsigned number)
{
	begin_overlay(b, 4789);
	frame_vxlan(b, number);
	frame_ethernet(b);
}

static void begin_geneve(struct frame_builder *b, unsigned number)
{
	begin_overlay(b, 6081);
	frame_geneve(b, number, 0);
	frame_ethernet(b);
}

/* Tunnels between a hub and one of many ends. */
static void begin_ends(struct frame_builder *b, unsigned number)
{
	char end[32];

	snprintf(end, sizeof(end), "203.0.113.%u", number);
	frame_begin(b, FRAME_ETHERNET);
	frame_ipv4(b, end, "203.0.113.254");
}

static void begin_gtp(struct frame_builder *b, unsigned number)
{
	begin_ends(b, number);
	frame_udp(b, 2152, 2152);
	frame_gtp(b, 0x01020304, 0, 0);
}

static void begin_ends_in_vxlan(struct frame_builder *b, unsigned number)
{
	begin_vxlan(b, 1);
	frame_ipv4(b, number == 1 ? "10.0.0.1" : "10.0.0.2", "10.0.0.254");
}

static const struct network bare = {"bare", begin_bare};
static const struct network vxlan = {"vxlan", begin_vxlan};

static const struct network networks[] = {
	{"vlan", begin_vlan},
	{"inner-vlan", begin_inner_vlan},
	{"outer-vlan", begin_outer_vlan},
	{"pppoe", begin_pppoe},
	{"gre-key", begin_gre_key},
	{"nvgre", begin_nvgre},
	{"erspan", begin_erspan},
	{"vxlan", begin_vxlan},
	{"geneve", begin_geneve},
	{"ip-in-ip", begin_ends},
	{"gtp", begin_gtp},
	{"ip-in-ip-in-vxlan", begin_ends_in_vxlan},
};

/* Labels that some networks choose for each direction. */
static const struct network one_way[] = {
	{"vlan", begin_vlan},
	{"gre-key", begin_gre_key},
	{"vxlan", begin_vxlan},
	{"geneve", begin_geneve},
};

/* Lines, and what they come in: a wrapping, or a network with a number for the client's
 * packets and one for the server's. */
struct connection {
	const struct wrapping *wrapping;
	const struct network *network;
	unsigned numbers[2];
	int inner; /* as wrapped_end has it */
	const struct line *lines;
	size_t count;
	uint32_t start_us, factor;
	size_t next; /* to be written */
};

static uint32_t next_us(const struct connection *connection)
{
	return connection->start_us + connection->lines[connection->next].us * connection->factor;
}

/* The one whose packet is next; NULL at the end. No two packets are of one moment, for
 * then their order were open. */
static struct connection *earliest(struct connection *connections, size_t count)
{
	struct connection *first = NULL;

	for (size_t i = 0; i < count; i++) {
		if (connections[i].next == connections[i].count)
			continue;
		if (first && next_us(&connections[i]) == next_us(first)) {
			fprintf(stderr, "make_wrapped: two packets at %u us\n", next_us(first));
			exit(1);
		}
		if (!first || next_us(&connections[i]) < next_us(first))
			first = &connections[i];
	}
	return first;
}

static struct tcpm_frame build(struct frame_builder *frame, const struct connection *connection)
{
	struct wrapped_packet packet = connection->lines[connection->next].packet;

	/* The same in each network, as everything else. */
	packet.ipv4_id = (unsigned)(&connection->lines[connection->next] - connection->lines) + 1;
	if (connection->wrapping)
		connection->wrapping->begin(frame);
	else
		connection->network->begin(frame, connection->numbers[packet.by_server]);
	return wrapped_end(frame, connection->inner, &packet);
}

static void write_file(const char *folder, const char *name, const struct builder *file)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s.pcap", folder, name);
	FILE *out = fopen(path, "wb");

	if (!out || fwrite(file->bytes, 1, file->size, out) != file->size || fclose(out) != 0) {
		fprintf(stderr, "make_wrapped: %s: %s\n", path, strerror(errno));
		exit(1);
	}
}

/* Writes the connections' packets in the order of time. */
static void write_capture(const char *folder, const char *name, struct connection *connections,
			  size_t count)
{
	static struct frame_builder frame;
	struct connection *connection;
	struct builder file = {0};

	while ((connection = earliest(connections, count))) {
		const uint32_t us = next_us(connection);
		const struct tcpm_frame whole = build(&frame, connection);

		if (file.size == 0)
			pcap_header_of(&file, PCAP_MICRO, 2, 4, 65535, whole.linktype);
		pcap_record_header(&file, START_S + us / 1000000, us % 1000000, whole.captured,
				   whole.wire_length);
		put_bytes(&file, whole.bytes, whole.captured);
		connection->next++;
	}
	write_file(folder, name, &file);
	builder_done(&file);
}

static void make_wrapping(const char *folder, const struct wrapping *wrapping)
{
	static const char *const versions[] = {"4", "6", "teredo"};
	struct connection connections[3];
	size_t count = 0;

	printf("wrapping %s", wrapping->name);
	for (int inner = 0; inner < 3; inner++) {
		if (!wrapping_holds(wrapping, inner))
			continue;
		printf(" %s", versions[inner]);
		connections[count++] = (struct connection){.wrapping = wrapping,
							   .inner = inner,
							   LINES(conversation),
							   .start_us = 7 * (uint32_t)inner,
							   .factor = 1};
	}
	printf("\n");
	write_capture(folder, wrapping->name, connections, count);
}

static void make_networks(const char *folder, const struct network *network)
{
	struct connection connections[] = {
		{.network = network, .numbers = {1, 1}, LINES(conversation), .factor = 1},
		{.network = network,
		 .numbers = {2, 2},
		 LINES(conversation),
		 .start_us = 3,
		 .factor = 2},
	};
	char name[100];

	snprintf(name, sizeof(name), "networks-%s", network->name);
	printf("networks %s\n", name);
	write_capture(folder, name, connections, 2);
}

static void make_one_way(const char *folder, const struct network *network)
{
	struct connection connection = {
		.network = network, .numbers = {1, 2}, LINES(conversation), .factor = 1};
	char name[100];

	snprintf(name, sizeof(name), "one-way-%s", network->name);
	printf("one-way %s\n", name);
	write_capture(folder, name, &connection, 1);
}

static void make_examples(const char *folder)
{
	struct connection mirror[] = {
		{.network = &bare, LINES(first_place), .factor = 1},
		{.network = &bare, LINES(mirrored), .factor = 1},
	};
	struct connection tunnel[] = {
		{.network = &bare, LINES(first_place), .factor = 1},
		{.network = &vxlan, .numbers = {7, 7}, LINES(wrapped), .factor = 1},
	};

	printf("example mirror\nexample bare-and-vxlan\n");
	write_capture(folder, "mirror", mirror, 2);
	write_capture(folder, "bare-and-vxlan", tunnel, 2);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: make_wrapped FOLDER\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < WRAPPINGS; i++)
		make_wrapping(argv[1], &wrappings[i]);
	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++)
		make_networks(argv[1], &networks[i]);
	for (size_t i = 0; i < sizeof(one_way) / sizeof(one_way[0]); i++)
		make_one_way(argv[1], &one_way[i]);
	make_examples(argv[1]);
	return 0;
}
