/*
 * Engines that each own a partition of a capture's flows: together they report and count what one
 * engine for all flows does, whatever the frames contain, whatever their clock does, however long
 * flows are idle, and however they are fed.
 *
 * Left out is time that runs minutes ahead and steps back: when a flow ends that was used ahead
 * of time depends on who stands before it in line.
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

#include "partition_captures.h"
#include "partition_compare.h"
#include "tcpmetro.h"

static struct capture capture;
static struct heard alone, together;

#define FLOWS_NOW (offsetof(struct tcpm_counters, flows_now) / sizeof(uint64_t))

static const uint32_t some_partitions[] = {2, 3, 5};

/* Pieces of 256 frames are partitioned together. */
static const struct way ways[] = {
	{.portion = 0},    {.portion = 1},      {.portion = 3},
	{.portion = 16},   {.portion = 256},    {.portion = 257},
	{.portion = 1000}, {.portion = FRAMES}, {.portion = 700, .in_turns = true},
};

static void assert_shared(const char *name)
{
	hear(&capture, &ways[0], 0, &alone);
	for (size_t i = 0; i < sizeof(some_partitions) / sizeof(some_partitions[0]); i++)
		for (size_t j = 0; j < sizeof(ways) / sizeof(ways[0]); j++) {
			hear(&capture, &ways[j], some_partitions[i], &together);
			assert_same(&together, &alone, name, some_partitions[i], &ways[j]);
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
	assert_true(alone.before[FLOWS_NOW] < counters->flows_opened / 10);
	for (size_t i = 0; i < FLAVOURS; i++) {
		if (!flavours[i].slow_ms)
			continue;
		hear_alone(flavours[i].name);
		/* Some end in between. */
		assert_true(counters->flows_opened > 420);
		/* Answers take longer than TCP allows. */
		assert_true(counters->ack_reasons[TCPM_REASON_OVERDUE] > 500);
		assert_int_equal(alone.before[FLOWS_NOW], 2);
	}
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
		/* There time runs minutes ahead and steps back. */
		if (makers[i] == make_clocks)
			continue;
		makers[i](&capture);
		part_hosts(&capture);
		assert_shared("talk");
	}
}

/* When an idle flow ends does not depend on whose other frames an engine measures: of a few hosts
 * some are measured elsewhere. */
static void ends_of_idle_flows(void **state)
{
	(void)state;
	for (size_t i = 0; i < IDLE_CASES; i++)
		for (unsigned other = 4; other < 12; other += 2) {
			const unsigned hosts[SPEAKERS] = {
				[MINE] = 2, [OTHER] = other, [THIRD] = 40};

			make_idle(&capture, &idle_cases[i], hosts);
			assert_shared(idle_cases[i].name);
			if (alone.counters[0].flows_opened != idle_cases[i].flows)
				fail_msg("%s: %ju flows, not %u", idle_cases[i].name,
					 (uintmax_t)alone.counters[0].flows_opened,
					 idle_cases[i].flows);
		}
}

/* Captures of the same frames that all begin somewhere else, so that any frame may be the first
 * or the last of those that are shared out at once. */
static void from_any_frame(void **state)
{
	static const struct way way = {.portion = 64};
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
		way.portion = 300;
		hear(&capture, &way, 3, &together);
		assert_same(&together, &alone, flavours[i].name, 3, &way);
	}
}

/* Times that only increase, up to where they are held and beyond. */
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
			uint32_t partitions = some_partitions[j];

			hear(&capture, &ways[0], partitions, &together);
			for (uint32_t engine_index = 0; engine_index < partitions; engine_index++) {
				const struct tcpm_counters *counters =
					&together.counters[engine_index];

				assert_true(counters->frames > capture.count / partitions / 2);
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

/* Of frames of many hosts each engine keeps its part, and hardly more. */
static void other_partitions_frames_are_left_out(void **state)
{
	static const struct flavour plain = {.name = "plain", .hosts = 600, .kind = PLAIN4};

	(void)state;
	make_flavour(&capture, &plain);
	together.count = 0;
	for (uint32_t engine_index = 0; engine_index < 3; engine_index++) {
		struct tcpm_engine *engine = make_engine(&together, 3, engine_index);
		const struct partition partition = {.count = 3, .index = engine_index};
		struct partition_gap gaps[300];
		struct tcpm_frame mine[300];
		size_t kept;
		size_t fed = 0;

		memcpy(mine, capture.frames, sizeof(mine));
		for (size_t i = 0; i < 300; i++)
			mine[i].time_ns = (int64_t)i * MS;
		kept = partition_frames(&partition, mine, gaps, 300);
		assert_in_range(kept, 50, 150);
		for (size_t i = 0; i < kept; i++)
			fed += 1u + gaps[i].skipped;
		assert_int_equal(fed, 300);
		engine_feed_partition(engine, mine, gaps, kept);
		/* The first and the last of each 256 stay, whose ever they are. */
		assert_in_range(tcpm_engine_counters(engine)->frames, kept - 4, kept);
		assert_int_equal(partition_frames(&partition, mine, gaps, 0), 0);
		tcpm_engine_free(engine);
	}
}

/* Where one engine measures all, nothing is left out. */
static void alone_it_keeps_all(void **state)
{
	static const struct partition all = {.count = 1};
	static struct tcpm_frame mine[FRAMES];
	static struct partition_gap gaps[FRAMES];

	(void)state;
	make_flavour(&capture, flavour_named("crowd"));
	memcpy(mine, capture.frames, sizeof(mine));
	assert_int_equal(partition_frames(&all, mine, gaps, capture.count), capture.count);
	assert_memory_equal(mine, capture.frames, sizeof(mine));
}

static void one_partition_has_all_flows(void **state)
{
	(void)state;
	make_flavour(&capture, flavour_named("mixture"));
	hear(&capture, &ways[0], 0, &alone);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		hear(&capture, &ways[i], 1, &together);
		assert_same(&together, &alone, "one partition", 1, &ways[i]);
	}
}

static void refused(void **state)
{
	static const struct tcpm_options options = {0};
	static const uint32_t wrong[][2] = {{0, 0}, {0, 1}, {1, 1},
					    {2, 2}, {2, 3}, {5, UINT32_MAX}};
	static const uint32_t right[][2] = {{1, 0}, {2, 1}, {UINT32_MAX, UINT32_MAX - 1}};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct partition partition = {wrong[i][0], wrong[i][1]};

		errno = 0;
		assert_null(engine_new_partition(&options, NULL, &partition));
		assert_int_equal(errno, EINVAL);
	}
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		tcpm_engine_free(make_engine(&together, right[i][0], right[i][1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(captures_are_rich),
		cmocka_unit_test(as_one),
		cmocka_unit_test(as_one_of_talk),
		cmocka_unit_test(from_any_frame),
		cmocka_unit_test(ends_of_idle_flows),
		cmocka_unit_test(flushed_in_between),
		cmocka_unit_test(beyond_all_times),
		cmocka_unit_test(each_has_a_part),
		cmocka_unit_test(other_is_of_the_first),
		cmocka_unit_test(order_counts_all),
		cmocka_unit_test(other_partitions_frames_are_left_out),
		cmocka_unit_test(alone_it_keeps_all),
		cmocka_unit_test(one_partition_has_all_flows),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
