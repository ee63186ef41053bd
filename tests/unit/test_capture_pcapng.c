/*
 * The pcapng format, from files built byte by byte: every kind of block, several
 * sections and byte orders, damage, and a cut at every byte.
 */
#include <errno.h>
#include <stdio.h>

#include "capture_collect.h"

static void assert_frame(const struct collected *all, size_t index, unsigned number, size_t size,
			 int64_t time_ns, uint32_t interface, unsigned linktype)
{
	const struct collected_frame *kept = &all->frames[index];

	assert_int_equal(kept->frame.captured, size);
	if (size > 0)
		assert_int_equal(kept->first, number);
	assert_true(kept->counts_up);
	assert_int_equal(kept->frame.time_ns, time_ns);
	assert_int_equal(kept->frame.interface, interface);
	assert_int_equal(kept->frame.linktype, linktype);
}

/* All kinds of packets, and blocks of unknown kinds between them. */
static void put_all_kinds(struct builder *file)
{
	ng_section(file);
	ng_interface_of(file, 1, 96, 9, 0, "eth0");
	ng_other(file, 0x0bad, 100);
	ng_interface_of(file, 101, 0, -1, 0, NULL);
	ng_enhanced(file, 0, 1000000000, 1, 60);
	ng_enhanced(file, 1, 2000000, 2, 61);
	ng_obsolete(file, 0, 3000000001, 3, 62);
	ng_other(file, 5, 0);
	ng_simple(file, 4, 96, 1500);
	ng_enhanced(file, 0, 2500000000, 5, 0);
	ng_simple(file, 6, 63, 63);
}

static void assert_all_kinds(const struct collected *all, size_t from, uint32_t base)
{
	assert_frame(all, from + 0, 1, 60, 1000000000, base, 1);
	assert_frame(all, from + 1, 2, 61, 2000000000, base + 1, 101);
	assert_frame(all, from + 2, 3, 62, 3000000001, base, 1);
	assert_frame(all, from + 3, 4, 96, TCPM_NO_TIME, base, 1);
	assert_int_equal(all->frames[from + 3].frame.wire_length, 1500);
	assert_frame(all, from + 4, 5, 0, 2500000000, base, 1);
	assert_frame(all, from + 5, 6, 63, TCPM_NO_TIME, base, 1);
	assert_int_equal(all->frames[from + 5].frame.wire_length, 63);
}

static void all_kinds(void **state)
{
	(void)state;
	for (int swapped = 0; swapped < 2; swapped++) {
		struct builder file = {.swapped = swapped};
		put_all_kinds(&file);
		struct collected *all = collect(&file);
		assert_clean(all, 6);
		assert_all_kinds(all, 0, 0);
		free(all);
		/* One frame at a time gives the same. */
		all = collect_fd(file_of(file.bytes, file.size), 1);
		assert_clean(all, 6);
		assert_all_kinds(all, 0, 0);
		free(all);
		builder_done(&file);
	}
}

/* Sections of both byte orders; interfaces are numbered on. */
static void sections(void **state)
{
	(void)state;
	struct builder file = {0};

	for (unsigned i = 0; i < 4; i++) {
		file.swapped = i == 1 || i == 2;
		put_all_kinds(&file);
	}
	struct collected *all = collect(&file);
	assert_clean(all, 24);
	for (unsigned i = 0; i < 4; i++)
		assert_all_kinds(all, (size_t)6 * i, 2 * i);
	free(all);
	builder_done(&file);
}

/* Byte orders that take turns without a packet must not pile up on the stack. */
static void many_empty_sections(void **state)
{
	(void)state;
	struct builder file = {0};

	for (unsigned i = 0; i < 200000; i++) {
		file.swapped = i % 2;
		ng_section(&file);
	}
	ng_interface(&file);
	ng_enhanced(&file, 0, 1, 9, 10);
	struct collected *all = collect(&file);
	assert_clean(all, 1);
	free(all);
	builder_done(&file);
}

static struct source *open_source(const struct builder *file)
{
	struct source *source = NULL;
	struct error error;

	assert_int_equal(
		file_source_open_fd(file_of(file->bytes, file->size), "test", &source, &error), 0);
	return source;
}

static void names(void **state)
{
	(void)state;
	struct builder file = {0};
	struct tcpm_frame frames[8];
	struct error error;

	ng_section(&file);
	ng_interface_of(&file, 1, 0, -1, 0, "eth0");
	ng_interface(&file);
	ng_interface_of(&file, 1, 0, -1, 0, "wl\x01\xff\xc3\xa4\xc2\x80n");
	ng_section(&file);
	ng_interface_of(&file, 1, 0, -1, 0, "lo");
	ng_enhanced(&file, 0, 1, 1, 10);
	struct source *source = open_source(&file);
	assert_int_equal(source_next(source, frames, 8, &error), 1);
	assert_int_equal(frames[0].interface, 3);
	assert_string_equal(source_interface_name(source, 0), "eth0");
	assert_null(source_interface_name(source, 1));
	assert_string_equal(source_interface_name(source, 2), "wl??\xc3\xa4??n");
	assert_string_equal(source_interface_name(source, 3), "lo");
	assert_null(source_interface_name(source, 4));
	assert_null(source_interface_name(source, UINT32_MAX));
	source_close(source);
	builder_done(&file);
}

static void long_name(void **state)
{
	(void)state;
	struct builder file = {0};
	struct tcpm_frame frame;
	struct error error;
	char name[1000];

	memset(name, 'x', sizeof(name));
	name[999] = '\0';
	ng_section(&file);
	ng_interface_of(&file, 1, 0, -1, 0, name);
	struct source *source = open_source(&file);
	assert_int_equal(source_next(source, &frame, 1, &error), 0);
	assert_int_equal(strlen(source_interface_name(source, 0)), 127);
	source_close(source);
	builder_done(&file);
}

/* 65,536 interfaces in a section are the end; many sections are not. */
static void many_interfaces(void **state)
{
	(void)state;
	struct builder file = {0};

	ng_section(&file);
	for (unsigned i = 0; i < 65536; i++)
		ng_interface_of(&file, 1, 0, -1, 0, "n");
	ng_enhanced(&file, 65535, 7, 1, 10);
	ng_section(&file);
	for (unsigned i = 0; i < 65536; i++)
		ng_interface_of(&file, 101, 0, -1, 0, "m");
	ng_enhanced(&file, 65535, 8, 2, 10);
	struct collected *all = collect(&file);
	assert_clean(all, 2);
	assert_frame(all, 0, 1, 10, 7000, 65535, 1);
	assert_frame(all, 1, 2, 10, 8000, 131071, 101);
	free(all);

	const size_t at = file.size;
	ng_interface(&file);
	all = collect(&file);
	char sentence[200];
	snprintf(sentence, sizeof(sentence),
		 "test: block before record 3 at byte %zu: more than 65536 interfaces in one "
		 "section are not supported; the 2 records before it were read",
		 at);
	assert_damage(all, 2, sentence);
	free(all);
	builder_done(&file);
}

/* A cut at every byte: the packets that are whole, then an error, or a clean end
 * where a block ends. */
static void cut_everywhere(void **state)
{
	(void)state;
	for (int swapped = 0; swapped < 2; swapped++) {
		struct builder file = {.swapped = swapped};
		put_all_kinds(&file);
		for (size_t cut = 0; cut <= file.size; cut++) {
			/* Where blocks end, and packets among them, from the lengths. */
			size_t end = 0;
			size_t packets = 0;
			while (end + 12 <= file.size) {
				uint32_t head[2];
				memcpy(head, file.bytes + end, 8);
				if (swapped)
					for (int i = 0; i < 2; i++)
						head[i] = __builtin_bswap32(head[i]);
				if (end + head[1] > cut)
					break;
				packets += head[0] == 2 || head[0] == 3 || head[0] == 6;
				end += head[1];
			}
			struct collected *all = collect_bytes(file.bytes, cut);
			assert_int_equal(all->count, packets);
			if (cut < 28)
				assert_true(all->opened < 0);
			else
				assert_int_equal(all->end, cut == end ? 0 : -EBADMSG);
			free(all);
		}
		builder_done(&file);
	}
}

/* One damaged block behind a sound packet, for each kind of damage. */
struct damage_case {
	void (*put)(struct builder *file);
	const char *what; /* the sentence between the place and what it means */
	bool record;      /* it is a packet's */
};

static void put_head(struct builder *file, uint32_t type, uint32_t length)
{
	put32(file, type);
	put32(file, length);
	put_fill(file, 0, 100);
}

static void put_length_0(struct builder *file)
{
	put_head(file, 6, 0);
}

static void put_length_8(struct builder *file)
{
	put_head(file, 0x77, 8);
}

static void put_length_odd(struct builder *file)
{
	put_head(file, 6, 33);
}

/* The same at both ends, and a sound packet but for that. */
static void put_length_uneven(struct builder *file)
{
	put32(file, 6);
	put32(file, 34);
	put_fill(file, 0, 22);
	put32(file, 34);
}

static void put_huge_packet(struct builder *file)
{
	put_head(file, 6, 0xfffffffc);
}

static void put_huge_interface(struct builder *file)
{
	put_head(file, 1, 0x7ffffffc);
}

static void put_short_packet(struct builder *file)
{
	ng_other(file, 6, 16);
}

static void put_short_simple(struct builder *file)
{
	ng_other(file, 3, 0);
}

static void put_wrong_trailer(struct builder *file)
{
	ng_enhanced(file, 0, 5, 1, 20);
	file->bytes[file->size - (file->swapped ? 1 : 4)] ^= 4;
}

static void put_wrong_trailer_unknown(struct builder *file)
{
	ng_other(file, 0x77, 20);
	file->bytes[file->size - (file->swapped ? 1 : 4)] ^= 4;
}

static void put_no_interface(struct builder *file)
{
	ng_enhanced(file, 1, 5, 1, 20);
}

static void put_long_captured(struct builder *file)
{
	const size_t start = block_begin(file, 6);

	put_fill(file, 0, 12);
	put32(file, 21);
	put32(file, 21);
	put_fill(file, 0, 20);
	block_end(file, start);
}

static void put_captured_max(struct builder *file)
{
	const size_t start = block_begin(file, 6);

	put_fill(file, 0, 12);
	put32(file, UINT32_MAX);
	put32(file, UINT32_MAX);
	put_fill(file, 0, 20);
	block_end(file, start);
}

static void put_simple_too_long(struct builder *file)
{
	ng_simple(file, 1, 20, 21);
}

static void put_bad_section(struct builder *file)
{
	const size_t start = block_begin(file, 0x0a0d0d0a);

	put_fill(file, 0x55, 16);
	block_end(file, start);
}

static void put_short_section(struct builder *file)
{
	const size_t start = block_begin(file, 0x0a0d0d0a);

	put32(file, 0x1a2b3c4d);
	block_end(file, start);
}

static void put_section_2(struct builder *file)
{
	const size_t start = block_begin(file, 0x0a0d0d0a);

	put32(file, 0x1a2b3c4d);
	put16(file, 2);
	put16(file, 1);
	put64(file, 0);
	block_end(file, start);
}

static void put_short_interface(struct builder *file)
{
	ng_other(file, 1, 4);
}

static void put_bad_option(struct builder *file)
{
	const size_t start = block_begin(file, 1);

	put32(file, 1);
	put32(file, 0);
	put16(file, 2);
	put16(file, 9);
	put_fill(file, 'x', 8);
	block_end(file, start);
}

static void put_bad_resolution(struct builder *file)
{
	const size_t start = block_begin(file, 1);

	put32(file, 1);
	put32(file, 0);
	ng_option(file, 9, "ab", 2);
	block_end(file, start);
}

static void put_bad_offset(struct builder *file)
{
	const size_t start = block_begin(file, 1);

	put32(file, 1);
	put32(file, 0);
	ng_option(file, 14, "abcd", 4);
	block_end(file, start);
}

static const struct damage_case damages[] = {
	{put_length_0, "a block length of 0 bytes is invalid (at least 12, a multiple of 4)",
	 false},
	{put_length_8, "a block length of 8 bytes is invalid (at least 12, a multiple of 4)",
	 false},
	{put_length_odd, "a block length of 33 bytes is invalid (at least 12, a multiple of 4)",
	 false},
	{put_length_uneven, "a block length of 34 bytes is invalid (at least 12, a multiple of 4)",
	 false},
	{put_huge_packet, "length 4294967292 is larger than any packet", true},
	{put_huge_interface, "a description of 2147483644 bytes is too long", false},
	{put_short_packet, "a block of 28 bytes is too short for a packet", true},
	{put_short_simple, "a block of 12 bytes is too short for a packet", true},
	{put_wrong_trailer, "a block has length 48 at its end but 52 at its beginning", false},
	{put_no_interface, "the packet's interface is not described before it", true},
	{put_long_captured, "length 21 is larger than the block of 52 bytes that holds the packet",
	 true},
	{put_captured_max,
	 "length 4294967295 is larger than the block of 52 bytes that holds the packet", true},
	{put_simple_too_long,
	 "length 21 is larger than the block of 36 bytes that holds the packet", true},
	{put_bad_section, "the section header has no byte order mark", false},
	{put_short_section, "a section header of 16 bytes is too short", false},
	{put_short_interface,
	 "in an interface description, it is too short for an interface description", false},
	{put_bad_option, "in an interface description, an option in it is longer than the block",
	 false},
	{put_bad_resolution,
	 "in an interface description, its time resolution is not one byte long", false},
	{put_bad_offset, "in an interface description, its time offset is not eight bytes long",
	 false},
};

static void damage(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(damages) / sizeof(damages[0]); i++) {
		const struct damage_case *one = &damages[i / 2];
		struct builder file = {.swapped = i % 2};
		char sentence[512];
		ng_section(&file);
		ng_interface(&file);
		ng_enhanced(&file, 0, 5, 1, 20);
		snprintf(sentence, sizeof(sentence),
			 "test: %s 2 at byte %zu: %s; the file is damaged there; the 1 record "
			 "before it was read",
			 one->record ? "record" : "block before record", file.size, one->what);
		one->put(&file);
		struct collected *all = collect(&file);
		assert_damage(all, 1, sentence);
		assert_int_equal(all->end, -EBADMSG);
		free(all);
		builder_done(&file);
	}
}

static void other_damage(void **state)
{
	(void)state;
	struct builder file = {0};

	ng_section(&file);
	put_wrong_trailer_unknown(&file);
	struct collected *all = collect(&file);
	assert_damage(all, 0,
		      "test: block before record 1 at byte 56: the block that ends here has length "
		      "36 at its end but 32 at its beginning; the file is damaged there; no "
		      "record before it was read");
	free(all);
	builder_done(&file);

	put_section_2(&file);
	all = collect(&file);
	assert_damage(all, 0,
		      "test: block before record 1 at byte 0: pcapng version 2.1 is not supported "
		      "(1.x is); no record before it was read");
	free(all);
	builder_done(&file);

	ng_section(&file);
	ng_simple(&file, 1, 20, 20);
	all = collect(&file);
	assert_damage(all, 0,
		      "test: record 1 at byte 28: the packet's interface is not described before "
		      "it; the file is damaged there; no record before it was read");
	free(all);
	builder_done(&file);
}

/* A block of an unknown kind may be larger than any buffer. */
static void large_unknown_block(void **state)
{
	(void)state;
	struct builder file = {0};

	ng_section(&file);
	ng_interface(&file);
	ng_enhanced(&file, 0, 1, 1, 20);
	ng_other(&file, 0x40000bad, 40u << 20);
	ng_enhanced(&file, 0, 2, 2, 20);
	struct collected *all = collect(&file);
	assert_clean(all, 2);
	assert_frame(all, 1, 2, 20, 2000, 0, 1);
	free(all);
	all = collect_bytes(file.bytes, 30u << 20);
	assert_int_equal(all->count, 1);
	assert_int_equal(all->end, -EBADMSG);
	assert_non_null(strstr(all->error.text, "record 2 at byte 100: the file is cut short: "));
	free(all);
	builder_done(&file);
}

/* Options behind a packet, and padding of each length, are not part of it. */
static void packet_options(void **state)
{
	(void)state;
	struct builder file = {0};

	ng_section(&file);
	ng_interface(&file);
	for (unsigned size = 0; size < 9; size++) {
		const size_t start = block_begin(&file, 6);
		put32(&file, 0);
		put64(&file, 0);
		put32(&file, size);
		put32(&file, 1500);
		put_packet(&file, size, size);
		put_padding(&file);
		ng_option(&file, 1, "a comment", 9);
		put32(&file, 0);
		block_end(&file, start);
	}
	struct collected *all = collect(&file);
	assert_clean(all, 9);
	for (unsigned size = 0; size < 9; size++) {
		assert_frame(all, size, size, size, 0, 0, 1);
		assert_int_equal(all->frames[size].frame.wire_length, 1500);
	}
	free(all);
	builder_done(&file);
}

/* Times before 1970 and after 2116 are moved to the range's ends. */
static void far_times(void **state)
{
	(void)state;
	struct builder file = {0};

	ng_section(&file);
	ng_interface_of(&file, 1, 0, 9, -100, NULL);
	ng_interface_of(&file, 1, 0, 0, INT64_MAX, NULL);
	ng_interface_of(&file, 1, 0, 6, INT64_MIN, NULL);
	ng_interface_of(&file, 1, 0, 6, 1500000000, NULL);
	ng_enhanced(&file, 0, 99999999999, 1, 4);
	ng_enhanced(&file, 0, 100000000001, 1, 4);
	ng_enhanced(&file, 0, UINT64_MAX, 1, 4);
	ng_enhanced(&file, 1, 0, 1, 4);
	ng_enhanced(&file, 1, UINT64_MAX, 1, 4);
	ng_enhanced(&file, 2, 1, 1, 4);
	ng_enhanced(&file, 3, 250001, 1, 4);
	struct collected *all = collect(&file);
	assert_clean(all, 7);
	const int64_t limit = (int64_t)1 << 62;
	assert_int_equal(all->frames[0].frame.time_ns, 0);
	assert_int_equal(all->frames[1].frame.time_ns, 1);
	assert_int_equal(all->frames[2].frame.time_ns, limit - 100000000000);
	assert_true(all->frames[3].frame.time_ns > limit - 1000000000);
	assert_int_equal(all->frames[4].frame.time_ns, limit);
	assert_int_equal(all->frames[5].frame.time_ns, 0);
	assert_int_equal(all->frames[6].frame.time_ns, 1500000000250001000);
	free(all);
	builder_done(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds),           cmocka_unit_test(sections),
		cmocka_unit_test(many_empty_sections), cmocka_unit_test(names),
		cmocka_unit_test(long_name),           cmocka_unit_test(many_interfaces),
		cmocka_unit_test(cut_everywhere),      cmocka_unit_test(damage),
		cmocka_unit_test(other_damage),        cmocka_unit_test(large_unknown_block),
		cmocka_unit_test(packet_options),      cmocka_unit_test(far_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
