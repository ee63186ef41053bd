/*
 * The classic pcap format, from files built byte by byte: every variant, every
 * kind of damage, and a cut at every byte.
 */
#include <errno.h>

#include "capture_collect.h"

static void assert_packet(const struct collected *all, size_t index, unsigned number, size_t size)
{
	const struct collected_frame *kept = &all->frames[index];

	assert_int_equal(kept->frame.captured, size);
	assert_int_equal(kept->frame.wire_length, size);
	assert_int_equal(kept->first, number);
	assert_true(kept->counts_up);
}

static void variants(void **state)
{
	(void)state;
	static const struct {
		uint32_t magic;
		uint32_t unit_ns;
	} variants[] = {{PCAP_MICRO, 1000}, {PCAP_NANO, 1}};

	for (size_t v = 0; v < 2; v++) {
		for (int swapped = 0; swapped < 2; swapped++) {
			struct builder file = {.swapped = swapped};
			pcap_header_of(&file, variants[v].magic, 2, 4, 65535, 1);
			pcap_record(&file, 1, 60);
			pcap_record(&file, 2, 0);
			pcap_record(&file, 3, 1514);
			struct collected *all = collect(&file);
			assert_clean(all, 3);
			assert_packet(all, 0, 1, 60);
			assert_int_equal(all->frames[1].frame.captured, 0);
			assert_packet(all, 2, 3, 1514);
			assert_int_equal(all->frames[2].frame.time_ns,
					 1003000000000 + 3 * variants[v].unit_ns);
			assert_int_equal(all->frames[2].frame.linktype, 1);
			assert_int_equal(all->frames[2].frame.interface, 0);
			assert_int_equal(all->progress.bytes_done, file.size);
			assert_int_equal(all->progress.bytes_all, file.size);
			free(all);
			builder_done(&file);
		}
	}
}

/* Seconds are unsigned; a fraction of a second or more is carried over. */
static void times(void **state)
{
	(void)state;
	struct builder file = {0};

	pcap_header(&file);
	pcap_record_header(&file, UINT32_MAX, UINT32_MAX, 0, 0);
	pcap_record_header(&file, 5, 1000000, 0, 0);
	pcap_record_header(&file, 0, 0, 0, 0);
	struct collected *all = collect(&file);
	assert_clean(all, 3);
	assert_int_equal(all->frames[0].frame.time_ns, 4294967295 * 1000000000 + 4294967295 * 1000);
	assert_int_equal(all->frames[1].frame.time_ns, 6000000000);
	assert_int_equal(all->frames[2].frame.time_ns, 0);
	free(all);
	builder_done(&file);
}

static void link_types(void **state)
{
	(void)state;
	static const struct {
		uint32_t network;
		unsigned linktype;
	} cases[] = {
		{1, 1},   {101, 101}, {12, 12},
		{14, 14}, {276, 276}, {0x54000001, 1}, /* with a frame check sequence of 4 bytes */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct builder file = {.swapped = i % 2};
		pcap_header_of(&file, PCAP_MICRO, 2, 4, 65535, cases[i].network);
		pcap_record(&file, 1, 4);
		struct collected *all = collect(&file);
		assert_clean(all, 1);
		assert_int_equal(all->frames[0].frame.linktype, cases[i].linktype);
		free(all);
		builder_done(&file);
	}
}

/* Before 2.3 the wire length came first; in 2.3 either did. */
static void old_versions(void **state)
{
	(void)state;
	static const struct {
		unsigned major, minor;
		uint32_t first, second;
		uint32_t captured, wire_length;
	} cases[] = {
		{2, 0, 100, 60, 60, 100}, {2, 2, 100, 60, 60, 100},   {2, 3, 100, 60, 60, 100},
		{2, 3, 60, 100, 60, 100}, {543, 0, 100, 60, 60, 100}, {2, 4, 60, 100, 60, 100},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct builder file = {.swapped = i % 2};
		pcap_header_of(&file, PCAP_MICRO, cases[i].major, cases[i].minor, 65535, 1);
		for (unsigned k = 0; k < 2; k++) {
			pcap_record_header(&file, 1, 2, cases[i].first, cases[i].second);
			put_packet(&file, k, cases[i].captured);
		}
		struct collected *all = collect(&file);
		assert_clean(all, 2);
		assert_int_equal(all->frames[1].frame.captured, cases[i].captured);
		assert_int_equal(all->frames[1].frame.wire_length, cases[i].wire_length);
		assert_true(all->frames[1].counts_up);
		free(all);
		builder_done(&file);
	}
}

static void new_version(void **state)
{
	(void)state;
	struct builder file = {0};

	pcap_header_of(&file, PCAP_MICRO, 3, 1, 65535, 1);
	struct collected *all = collect(&file);
	assert_damage(all, 0,
		      "test: pcap version 3.1 is not supported (2.0 to 2.4 are): the file is "
		      "damaged, or must be converted first");
	assert_int_equal(all->opened, -ENOTSUP);
	free(all);
	builder_done(&file);
}

static void kuznetzov(void **state)
{
	(void)state;
	struct builder file = {0};

	pcap_header_of(&file, PCAP_KUZNETZOV, 2, 4, 65535, 1);
	for (unsigned i = 1; i <= 3; i++) {
		pcap_record_header(&file, i, 0, 20, 20);
		put_fill(&file, 0xee, 8);
		put_packet(&file, i, 20);
	}
	struct collected *all = collect(&file);
	assert_clean(all, 3);
	assert_packet(all, 2, 3, 20);
	free(all);
	builder_done(&file);
}

/* A cut at every byte: the records that are whole, then an error, or a clean end
 * where a record ends. */
static void cut_everywhere(void **state)
{
	(void)state;
	for (int swapped = 0; swapped < 2; swapped++) {
		struct builder file = {.swapped = swapped};
		size_t ends[5];
		pcap_header(&file);
		ends[0] = file.size;
		for (unsigned i = 1; i < 5; i++) {
			pcap_record(&file, i, i * 7);
			ends[i] = file.size;
		}
		for (size_t cut = 0; cut <= file.size; cut++) {
			size_t whole = 0;
			while (whole < 4 && ends[whole + 1] <= cut)
				whole++;
			struct collected *all = collect_bytes(file.bytes, cut);
			assert_int_equal(all->count, cut < ends[0] ? 0 : whole);
			if (cut < ends[0])
				assert_true(all->opened < 0);
			else
				assert_int_equal(all->end, cut == ends[whole] ? 0 : -EBADMSG);
			free(all);
		}
		builder_done(&file);
	}
}

static void cut_sentences(void **state)
{
	(void)state;
	struct builder file = {0};

	pcap_header(&file);
	pcap_record(&file, 1, 60);
	pcap_record(&file, 2, 60);
	struct collected *all = collect_bytes(file.bytes, file.size - 1);
	assert_damage(
		all, 1,
		"test: record 2 at byte 100: the file is cut short: 75 of 76 bytes are present; "
		"the 1 record before it was read");
	free(all);
	all = collect_bytes(file.bytes, 30);
	assert_damage(
		all, 0,
		"test: record 1 at byte 24: the file is cut short: 6 of 16 bytes are present; "
		"no record before it was read");
	free(all);
	all = collect_bytes(file.bytes, 23);
	assert_damage(all, 0,
		      "test: the file is cut short within its header: 23 of 24 bytes are present; "
		      "it has no record");
	free(all);
	builder_done(&file);
}

static void absurd_length(void **state)
{
	(void)state;
	struct builder file = {0};

	pcap_header(&file);
	for (unsigned i = 1; i <= 6; i++)
		pcap_record(&file, i, 60);
	pcap_record_header(&file, 1, 1, UINT32_MAX, 60);
	put_fill(&file, 0, 1000);
	struct collected *all = collect(&file);
	assert_damage(
		all, 6,
		"test: record 7 at byte 480: length 4294967295 is larger than any packet; the "
		"file is damaged there; the 6 records before it were read");
	assert_int_equal(all->end, -EBADMSG);
	free(all);
	builder_done(&file);
}

/* The snap length bounds nothing below 262,144; above, it does, up to 16 MiB. */
static void snap_lengths(void **state)
{
	(void)state;
	static const struct {
		uint32_t snaplen;
		uint32_t captured;
		size_t count;
	} cases[] = {
		{68, 1514, 1},
		{0, 262144, 1},
		{0, 262145, 0},
		{65535, 262144, 1},
		{65535, 262145, 0},
		{UINT32_MAX, 262145, 0},
		{(uint32_t)INT32_MAX + 1, 262145, 0},
		{1 << 20, 1 << 20, 1},
		{1 << 20, (1 << 20) + 1, 0},
		{INT32_MAX, 16 << 20, 1},
		{INT32_MAX, (16 << 20) + 1, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct builder file = {0};
		pcap_header_of(&file, PCAP_MICRO, 2, 4, cases[i].snaplen, 1);
		pcap_record(&file, 1, cases[i].captured);
		struct collected *all = collect(&file);
		assert_int_equal(all->count, cases[i].count);
		assert_int_equal(all->end, cases[i].count ? 0 : -EBADMSG);
		if (cases[i].count)
			assert_packet(all, 0, 1, cases[i].captured);
		free(all);
		builder_done(&file);
	}
}

static void more_captured_than_wire(void **state)
{
	(void)state;
	struct builder file = {0};

	pcap_header(&file);
	pcap_record_header(&file, 1, 2, 60, 0);
	put_packet(&file, 1, 60);
	pcap_record_header(&file, 1, 2, 60, 1500);
	put_packet(&file, 2, 60);
	struct collected *all = collect(&file);
	assert_clean(all, 2);
	assert_int_equal(all->frames[0].frame.wire_length, 60);
	assert_int_equal(all->frames[1].frame.wire_length, 1500);
	free(all);
	builder_done(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variants),
		cmocka_unit_test(times),
		cmocka_unit_test(link_types),
		cmocka_unit_test(old_versions),
		cmocka_unit_test(new_version),
		cmocka_unit_test(kuznetzov),
		cmocka_unit_test(cut_everywhere),
		cmocka_unit_test(cut_sentences),
		cmocka_unit_test(absurd_length),
		cmocka_unit_test(snap_lengths),
		cmocka_unit_test(more_captured_than_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
