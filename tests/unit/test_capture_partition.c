/*
 * A source that partitions its frames against one that returns all of them, partitioned naively:
 * whatever the frames are, wherever blocks and calls end, whatever the times do.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/source.h"
#include "capture_builder.h"
#include "packet/packet.h"

#define MICRO    0xa1b2c3d4u
#define ETHERNET 1

static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % limit;
}

/* ---- captures ---- */

/* How a capture's times go. */
enum times {
	TIMES_GO_ON,
	TIMES_STEP_BACK, /* now and then */
	TIMES_OVERFLOW,  /* fractions of more than a second, and what comes of them */
	TIMES_STAND_STILL,
	TIMES
};

/* Ethernet, IPv4 or IPv6, TCP between two of a few hosts. */
static void put_tcp(uint8_t *bytes, bool six)
{
	uint8_t *ip = bytes + 14;
	uint8_t *source = six ? ip + 8 : ip + 12;
	uint8_t *target = six ? ip + 24 : ip + 16;

	bytes[12] = six ? 0x86 : 0x08;
	bytes[13] = six ? 0xdd : 0;
	ip[0] = six ? 0x60 : 0x45;
	ip[six ? 6 : 9] = 6;
	ip[six ? 5 : 3] = six ? 20 : 40;
	if (!six)
		ip[6] = 0;
	memset(source, 10, six ? 16 : 4);
	memset(target, 20, six ? 16 : 4);
	source[3] = (uint8_t)random_below(20);
	target[3] = (uint8_t)random_below(20);
	ip[(six ? 40 : 20) + 12] = 0x50;
}

static void put_frame(struct builder *builder, uint32_t seconds, uint32_t fraction)
{
	uint8_t bytes[1600] = {0};
	size_t size = 54 + random_below(random_below(4) ? 60 : 1500);
	unsigned kind = (unsigned)random_below(12);
	uint32_t wire = (uint32_t)(size + random_below(3) * 700);

	if (kind < 10)
		put_tcp(bytes, kind > 7);
	/* A fragment, by which a look does not tell all; and what is cut too short for one. */
	if (kind == 0)
		bytes[20] = 0x20;
	if (kind == 1)
		size = random_below(60);
	/* Contradicts itself: more was captured than there was. */
	if (kind == 2)
		wire = (uint32_t)size / 2;
	pcap_record_header(builder, seconds, fraction, (uint32_t)size, wire);
	put_bytes(builder, bytes, size);
}

static void make_capture(struct builder *builder, unsigned count, enum times times)
{
	uint32_t seconds = 1000000;
	uint32_t fraction = 0;

	*builder = (struct builder){0};
	pcap_header_of(builder, MICRO, 2, 4, 65535, ETHERNET);
	for (unsigned i = 0; i < count; i++) {
		put_frame(builder, seconds, fraction);
		if (times == TIMES_STAND_STILL)
			continue;
		fraction += (uint32_t)random_below(3000);
		if (fraction >= 1000000 && times != TIMES_OVERFLOW) {
			fraction -= 1000000;
			seconds++;
		}
		if (times == TIMES_OVERFLOW && fraction > 3000000)
			fraction = 0;
		if (times == TIMES_STEP_BACK && random_below(300) == 0)
			seconds -= (uint32_t)random_below(3);
	}
}

/* ---- the reference ---- */

static bool is_others(const struct partition *partition, const struct tcpm_frame *frame)
{
	uint32_t hosts;

	return host_pair_peek(frame, &hosts) &&
	       (uint64_t)hosts * partition->count >> 32 != partition->index;
}

static bool times_go_back(const struct tcpm_frame *frames, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (frames[i].time_ns < frames[i - 1].time_ns)
			return true;
	return false;
}

/* Selects what is kept of frames that are partitioned together. */
static size_t select_naively(const struct partition *partition, const struct tcpm_frame *frames,
			     size_t count, struct tcpm_frame *kept, struct partition_gap *gaps)
{
	bool all = times_go_back(frames, count);
	size_t expected = 0;
	size_t left_out = 0;

	for (size_t i = 0; i < count; i++) {
		if (!all && i > 0 && i < count - 1 && is_others(partition, &frames[i])) {
			left_out++;
			continue;
		}
		kept[expected] = frames[i];
		gaps[expected] = (struct partition_gap){.skipped = (uint8_t)left_out};
		if (left_out)
			gaps[expected].before_ns = frames[i - 1].time_ns;
		expected++;
		left_out = 0;
	}
	return expected;
}

/* The owner that the source set, which may be unknown. */
static void assert_owner(const struct partition *partition, const struct tcpm_frame *frame,
			 const struct partition_gap *gap)
{
	uint32_t hosts;

	if (gap->owner == PARTITION_UNKNOWN)
		return;
	assert_true(host_pair_peek(frame, &hosts));
	assert_int_equal(gap->owner, is_others(partition, frame) ? PARTITION_OTHER : PARTITION_OWN);
}

static void assert_same_frame(const struct tcpm_frame *frame, const struct tcpm_frame *wanted)
{
	assert_int_equal(frame->captured, wanted->captured);
	assert_int_equal(frame->wire_length, wanted->wire_length);
	assert_int_equal(frame->time_ns, wanted->time_ns);
	assert_int_equal(frame->number, wanted->number);
	assert_int_equal(frame->interface, wanted->interface);
	assert_int_equal(frame->linktype, wanted->linktype);
	assert_memory_equal(frame->bytes, wanted->bytes, frame->captured);
}

static void assert_same_gap(const struct partition_gap *gap, const struct partition_gap *wanted)
{
	assert_int_equal(gap->skipped, wanted->skipped);
	if (wanted->skipped)
		assert_int_equal(gap->before_ns, wanted->before_ns);
}

/* ---- comparing ---- */

static struct source *open_builder(const struct builder *builder)
{
	struct source *source = NULL;
	struct error error;
	int result = file_source_open_fd(file_of(builder->bytes, builder->size), "test", &source,
					 &error);

	if (result < 0)
		fail_msg("%s", error.text);
	return source;
}

/* The frames of one call; the plain source may need several for them. */
static void assert_same_call(struct source *plain, const struct partition *partition,
			     const struct tcpm_frame *frames, const struct partition_gap *gaps,
			     int count, const struct source_partition *selected)
{
	struct tcpm_frame all[PARTITION_FRAMES];
	struct tcpm_frame kept[PARTITION_FRAMES];
	struct partition_gap kept_gaps[PARTITION_FRAMES];
	struct error error;
	uint64_t wire_bytes = 0;
	size_t expected;

	/* Both end a call where the bytes at hand do. */
	assert_int_equal(source_next(plain, all, (size_t)count, &error), count);
	for (int i = 0; i < count; i++)
		wire_bytes += all[i].wire_length;
	expected = select_naively(partition, all, (size_t)count, kept, kept_gaps);
	assert_int_equal(selected->kept, expected);
	assert_int_equal(selected->wire_bytes, wire_bytes);
	for (size_t i = 0; i < expected; i++) {
		assert_same_frame(&frames[i], &kept[i]);
		assert_same_gap(&gaps[i], &kept_gaps[i]);
		assert_owner(partition, &frames[i], &gaps[i]);
	}
}

static void compare(const struct builder *builder, const struct partition *partition, size_t max)
{
	struct source *partitioned = open_builder(builder);
	struct source *plain = open_builder(builder);
	struct tcpm_frame frames[PARTITION_FRAMES];
	struct partition_gap gaps[PARTITION_FRAMES];
	struct source_partition selected;
	struct source_progress progress;
	struct error error, wanted;
	uint64_t records = 0;
	int count;

	assert_true(partitioned->partitions);
	while ((count = source_next_partition(partitioned, partition, frames, gaps, max, &selected,
					      &error)) > 0) {
		assert_true((size_t)count <= max && count <= PARTITION_FRAMES);
		assert_same_call(plain, partition, frames, gaps, count, &selected);
		records += (uint64_t)count;
	}
	assert_int_equal(source_next(plain, frames, max, &wanted), count);
	if (count < 0)
		assert_string_equal(error.text, wanted.text);
	assert_int_equal(
		source_next_partition(partitioned, partition, frames, gaps, max, &selected, &error),
		count);
	source_progress(partitioned, &progress);
	assert_int_equal(progress.records, records);
	source_close(partitioned);
	source_close(plain);
}

static void compare_all(const struct builder *builder)
{
	static const size_t sizes[] = {1, 2, 3, 100, PARTITION_FRAMES, 1000};
	static const struct partition partitions[] = {{2, 0}, {2, 1},    {3, 1},
						      {7, 6}, {1000, 3}, {1, 0}};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (size_t j = 0; j < sizeof(partitions) / sizeof(partitions[0]); j++)
			compare(builder, &partitions[j], sizes[i]);
}

static void same_as_reference(void **state)
{
	(void)state;
	random_state = 88172645463325252u;
	for (enum times times = 0; times < TIMES; times++) {
		struct builder builder;

		/* Some blocks. */
		make_capture(&builder, 6000, times);
		assert_true(builder.size > 1500000);
		compare_all(&builder);
		builder_done(&builder);
	}
}

/* A damaged file ends as without partitioning, after the same record. */
static void damaged(void **state)
{
	struct builder builder;

	(void)state;
	random_state = 7;
	for (unsigned round = 0; round < 60; round++) {
		make_capture(&builder, 1 + (unsigned)random_below(40), TIMES_GO_ON);
		if (round % 2)
			builder.size -= random_below(builder.size - 24);
		else
			pcap_record_header(&builder, 1, 1, 0x7fffffff, 1);
		compare_all(&builder);
		builder_done(&builder);
	}
}

static void nothing_in_it(void **state)
{
	struct builder builder;

	(void)state;
	make_capture(&builder, 0, TIMES_GO_ON);
	compare_all(&builder);
	builder_done(&builder);
}

/* As partition_frames, which partitions the frames of other sources. */
static void frames_at_hand(void **state)
{
	static const struct partition partition = {3, 1};
	struct tcpm_frame frames[1000];
	struct tcpm_frame kept[1000];
	struct partition_gap gaps[1000];
	struct partition_gap kept_gaps[1000];
	struct error error;
	struct builder builder;

	(void)state;
	random_state = 99;
	for (enum times times = 0; times < TIMES; times++) {
		size_t wanted = 0;
		struct source *source;
		int count;

		make_capture(&builder, 1000, times);
		source = open_builder(&builder);
		while ((count = source_next(source, frames, 1000, &error)) > 0) {
			wanted = 0;
			for (size_t at = 0; at < (size_t)count; at += PARTITION_FRAMES) {
				size_t some = (size_t)count - at;

				if (some > PARTITION_FRAMES)
					some = PARTITION_FRAMES;
				wanted += select_naively(&partition, &frames[at], some,
							 &kept[wanted], &kept_gaps[wanted]);
			}
			assert_int_equal(partition_frames(&partition, frames, gaps, (size_t)count),
					 wanted);
			for (size_t i = 0; i < wanted; i++) {
				assert_same_frame(&frames[i], &kept[i]);
				assert_same_gap(&gaps[i], &kept_gaps[i]);
				assert_owner(&partition, &frames[i], &gaps[i]);
			}
		}
		assert_true(wanted > 0);
		source_close(source);
		builder_done(&builder);
	}
}

static void which_can(void **state)
{
	static const struct {
		uint32_t magic;
		uint32_t linktype;
		bool partitions;
	} files[] = {
		{MICRO, ETHERNET, true},
		{0xa1b23c4d, ETHERNET, true},  /* nanoseconds */
		{MICRO, 113, false},           /* Linux cooked */
		{0xa1b2cd34, ETHERNET, false}, /* longer record headers */
	};
	struct builder builder = {0};
	struct source *source;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		builder = (struct builder){0};
		pcap_header_of(&builder, files[i].magic, 2, 4, 65535, files[i].linktype);
		source = open_builder(&builder);
		assert_int_equal(source->partitions, files[i].partitions);
		source_close(source);
		builder_done(&builder);
	}
	builder = (struct builder){.swapped = true};
	pcap_header_of(&builder, MICRO, 2, 4, 65535, ETHERNET);
	source = open_builder(&builder);
	assert_false(source->partitions);
	source_close(source);
	builder_done(&builder);
	builder = (struct builder){0};
	ng_section(&builder);
	source = open_builder(&builder);
	assert_false(source->partitions);
	source_close(source);
	builder_done(&builder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_reference), cmocka_unit_test(damaged),
		cmocka_unit_test(nothing_in_it),     cmocka_unit_test(frames_at_hand),
		cmocka_unit_test(which_can),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
