/*
 * Writes seeds for the engine's fuzz target: for each wrapping of TCP that the unit
 * tests know, a short conversation in it (SYN, SYN-ACK, data, ACK), so that a mutation
 * of any header is seen by decoding and by matching.
 *
 *	make_engine_seeds FOLDER
 *
 * To compile: cc -D_GNU_SOURCE -Iinclude -Itests/unit tests/fuzz/make_engine_seeds.c
 */
#include <stdio.h>

#include "wrappings.h"

/* As fuzz_engine.c has them. */
static const uint16_t linktypes[] = {1,   0,   12,  14,  101, 108, 113, 228, 229, 276,
				     147, 9,   50,  51,  100, 104, 105, 107, 109, 117,
				     119, 127, 163, 166, 192, 204, 219, 239, 258};

static unsigned linktype_index(uint16_t linktype)
{
	for (unsigned i = 0; i < sizeof(linktypes) / sizeof(*linktypes); i++)
		if (linktypes[i] == linktype)
			return i;
	fprintf(stderr, "link type %u is none of the fuzz target's\n", linktype);
	exit(1);
}

static const struct wrapped_packet conversation[] = {
	{.flags = 0x02, .seq = 999},
	{.by_server = true, .flags = 0x12, .seq = 4999, .ack = 1000},
	{.flags = 0x18, .seq = 1000, .ack = 5000, .data = 10},
	{.by_server = true, .flags = 0x10, .seq = 5000, .ack = 1010},
};

static const char *folder;

/* Opens a seed: raw frames, default options (see fuzz_engine.c). */
static FILE *open_seed(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *out = fopen(path, "wb");
	if (!out || fputc(0, out) == EOF) {
		perror(path);
		exit(1);
	}
	return out;
}

/* One record: link type, length, time, bytes. */
static void write_frame(FILE *out, const struct frame_builder *b)
{
	const uint8_t head[] = {(uint8_t)linktype_index(b->linktype), (uint8_t)b->length, 3, 0};

	if (b->length > 255) {
		fprintf(stderr, "a frame is too long for a seed\n");
		exit(1);
	}
	fwrite(head, sizeof(head), 1, out);
	fwrite(b->bytes, b->length, 1, out);
}

static void close_seed(FILE *out)
{
	if (ferror(out) || fclose(out) != 0) {
		perror("seed");
		exit(1);
	}
}

static void write_wrapping(const struct wrapping *wrapping, int inner)
{
	static struct frame_builder b;
	char name[100];

	snprintf(name, sizeof(name), "wrapping-%s%s", wrapping->name, inner ? "-ipv6" : "");
	FILE *out = open_seed(name);
	for (size_t i = 0; i < sizeof(conversation) / sizeof(*conversation); i++) {
		wrapping->begin(&b);
		wrapped_end(&b, inner, &conversation[i]);
		write_frame(out, &b);
	}
	close_seed(out);
}

static void begin_plain(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_ipv4(b, "192.0.2.1", "198.51.100.2");
	frame_tcp(b, (struct frame_tcp){.source_port = 1, .target_port = 2, .flags = 0x12});
}

/* Every TCP option, well-formed and not. */
static void write_options(void)
{
	static const uint32_t edges[] = {10, 20, 30, 40, 50, 60, 70, 80};
	static struct frame_builder b;
	FILE *out = open_seed("tcp-options");

	begin_plain(&b);
	frame_mss(&b, 1460);
	frame_sack_permitted(&b);
	frame_bare_timestamps(&b, 1, 2);
	frame_nop(&b, 1);
	frame_window_scale(&b, 15);
	frame_end(&b);
	write_frame(out, &b);
	for (unsigned blocks = 1; blocks <= 4; blocks++) {
		begin_plain(&b);
		if (blocks < 4)
			frame_timestamps(&b, 3, 4);
		frame_nop(&b, 2);
		frame_sack(&b, edges, blocks);
		frame_end(&b);
		write_frame(out, &b);
	}
	for (unsigned kind = 2; kind <= 9; kind++) {
		begin_plain(&b);
		frame_option(&b, kind, "\0\0\0\0\0", 5);
		frame_end(&b);
		write_frame(out, &b);
	}
	begin_plain(&b);
	frame_end(&b);
	frame_set8(&b, b.tcp_at + 12, 0x40);
	write_frame(out, &b);
	close_seed(out);
}

/* Routing headers of the kinds that hold the last stop, fragments, and what ends there. */
static void write_ipv6(void)
{
	static const unsigned types[] = {0, 2, 3, 4};
	static struct frame_builder b;
	FILE *out = open_seed("ipv6-extensions");

	for (unsigned i = 0; i < 4; i++) {
		frame_begin(&b, FRAME_LOOP);
		frame_ipv6(&b, "2001:db8::1", "2001:db8::2");
		frame_extension(&b, 0, 8);
		frame_extension(&b, 43, 24);
		frame_set8(&b, b.extension_at + 2, types[i]);
		frame_set8(&b, b.extension_at + 3, 1);
		frame_fragment(&b, 8 * (i / 2), i & 1);
		frame_tcp(&b, (struct frame_tcp){.source_port = 1, .target_port = 2});
		frame_end(&b);
		write_frame(out, &b);
	}
	close_seed(out);
}

/* More tags than labels, more than layers; UDP that is no tunnel; a CAPWAP fragment. */
static void write_odd(void)
{
	static struct frame_builder b;
	FILE *out = open_seed("odd");

	for (unsigned tags = 6; tags < 20; tags += 13) {
		frame_begin(&b, FRAME_ETHERNET);
		for (unsigned i = 0; i < tags; i++)
			frame_vlan(&b, 0x8100, i + 1);
		frame_ipv4(&b, "192.0.2.1", "198.51.100.2");
		frame_tcp(&b, (struct frame_tcp){.source_port = 1, .target_port = 2});
		frame_end(&b);
		write_frame(out, &b);
	}
	begin_udp(&b, 53);
	frame_grow(&b, 20);
	frame_end(&b);
	write_frame(out, &b);
	for (unsigned offset = 0; offset <= 8; offset += 8) {
		begin_udp(&b, 5247);
		frame_capwap(&b, 0x80, true);
		frame_set16(&b, b.length - 2, offset);
		frame_wlan(&b, 0x08, 1, 0, 0);
		frame_ipv4(&b, "192.0.2.1", "198.51.100.2");
		frame_tcp(&b, (struct frame_tcp){.source_port = 1, .target_port = 2});
		frame_end(&b);
		write_frame(out, &b);
	}
	close_seed(out);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: make_engine_seeds FOLDER\n");
		return 2;
	}
	folder = argv[1];
	for (size_t i = 0; i < WRAPPINGS; i++) {
		write_wrapping(&wrappings[i], wrapping_holds(&wrappings[i], 2) ? 2 : 0);
		if (wrappings[i].begin == wrap_mpls || wrappings[i].begin == wrap_gtp ||
		    wrappings[i].begin == wrap_vxlan || wrappings[i].begin == wrap_ip_in_ipv6)
			write_wrapping(&wrappings[i], 1);
	}
	write_options();
	write_ipv6();
	write_odd();
	return 0;
}
