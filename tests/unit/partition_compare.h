/*
 * The samples and counters of engines that each own a partition of a capture's flows, compared
 * with those of one engine for all flows.
 */
#ifndef UNIT_PARTITION_COMPARE_H
#define UNIT_PARTITION_COMPARE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mixed_captures.h"
#include "rtt/engine_partition.h"
#include "tcpmetro.h"

#define MOST_SAID   20000
#define MOST_SHARES 5
#define COUNTERS    (sizeof(struct tcpm_counters) / sizeof(uint64_t))

/* A sample, or the end of a flow; all zero but what is set, so that bytes can be compared. */
struct said {
	uint64_t order; /* 0: an end */
	int64_t time_ns, rtt_ns, previous_ns;
	uint64_t frame;
	struct tcpm_flow_id flow;
	struct tcpm_totals totals[2];
	uint64_t slots[2]; /* samples before this one in this direction */
	uint32_t interface;
	uint8_t sender, method, class_;
	uint8_t engine_index; /* which engine it came from: not compared */
};

struct heard {
	struct said said[MOST_SAID];
	size_t count;
	uint8_t engine_index; /* index of the engine that runs */
	/* Sums of all engines', before all flows are closed and after. */
	uint64_t before[COUNTERS], after[COUNTERS];
	struct tcpm_counters counters[MOST_SHARES];
};

static struct said *new_said(struct heard *heard)
{
	assert_true(heard->count < MOST_SAID);
	struct said *said = &heard->said[heard->count++];

	memset(said, 0, sizeof(*said));
	said->engine_index = heard->engine_index;
	return said;
}

static void on_sample(void *user, const struct tcpm_sample *sample)
{
	struct said *said = new_said(user);

	said->order = sample->order;
	said->time_ns = sample->time_ns;
	said->rtt_ns = sample->rtt_ns;
	said->previous_ns = sample->previous_ns;
	said->frame = sample->frame;
	copy_id(&said->flow, sample->flow);
	said->totals[0] = sample->sent;
	said->slots[0] = *sample->user_data;
	said->interface = sample->interface;
	said->sender = sample->sender;
	said->method = sample->method;
	said->class_ = sample->class_;
	*sample->user_data = said->slots[0] + 1;
	/* As add_frame numbers the frames. */
	assert_true(sample->order > 0);
	assert_int_equal(sample->frame, 3 * (sample->order - 1) + 1);
}

static void on_closed(void *user, const struct tcpm_closed *closed)
{
	struct said *said = new_said(user);

	copy_id(&said->flow, closed->flow);
	for (unsigned i = 0; i < 2; i++) {
		said->totals[i] = closed->totals[i];
		said->slots[i] = *closed->user_data[i];
	}
}

static struct tcpm_engine *make_engine(struct heard *heard, uint32_t partitions,
				       uint32_t engine_index)
{
	static const struct tcpm_tunnel_port ports[] = {{VXLAN_PORT, TCPM_TUNNEL_VXLAN}};
	const struct tcpm_options options = {.max_flows = FRAMES,
					     .max_segments = 65536,
					     .tunnel_ports = ports,
					     .tunnel_port_count = 1,
					     .hash_seed = 42};
	const struct partition partition = {.count = partitions ? partitions : 1,
					    .index = engine_index};
	const struct tcpm_handler handler = {
		.user = heard, .sample = on_sample, .closed = on_closed};
	struct tcpm_engine *engine = engine_new_partition(&options, &handler, &partition);

	assert_non_null(engine);
	return engine;
}

/* How frames are fed. */
struct way {
	size_t portion;  /* frames that are partitioned and fed together; 0: all, unpartitioned */
	bool in_turns;   /* portions of any size up to that, some of them unpartitioned */
	size_t flush_at; /* all flows are closed before this frame; 0: not */
};

static size_t portion_of(const struct way *way, size_t at, size_t count, uint64_t *seed)
{
	size_t end = at < way->flush_at ? way->flush_at : count;
	size_t portion = way->in_turns  ? 1 + random_below(seed, way->portion)
			 : way->portion ? way->portion
					: count;

	return portion < end - at ? portion : end - at;
}

/* Sifting rewrites the frames, and leaves what lies behind those it kept. */
static void feed_partitioned(struct tcpm_engine *engine, const struct partition *partition,
			     const struct tcpm_frame *frames, size_t count)
{
	struct tcpm_frame *mine = malloc((count + 1) * sizeof(*mine));
	struct partition_gap *gaps = malloc((count + 1) * sizeof(*gaps));
	size_t kept;

	assert_non_null(mine);
	assert_non_null(gaps);
	memcpy(mine, frames, count * sizeof(*mine));
	memset(&mine[count], 0xee, sizeof(*mine));
	kept = partition_frames(partition, mine, gaps, count);
	assert_true(kept <= count);
	assert_int_equal(mine[count].captured, 0xeeeeeeee);
	engine_feed_partition(engine, mine, gaps, kept);
	free(gaps);
	free(mine);
}

static void feed_all(struct tcpm_engine *engine, const struct partition *partition,
		     const struct capture *capture, const struct way *way)
{
	uint64_t seed = 9;
	size_t portion;

	for (size_t at = 0; at < capture->count; at += portion) {
		const struct tcpm_frame *frames = &capture->frames[at];

		if (at && at == way->flush_at)
			tcpm_engine_flush(engine);
		portion = portion_of(way, at, capture->count, &seed);
		if (!way->portion || (way->in_turns && random_below(&seed, 2)))
			tcpm_engine_feed(engine, frames, portion);
		else
			feed_partitioned(engine, partition, frames, portion);
	}
}

static void add_counters(uint64_t sums[COUNTERS], const struct tcpm_engine *engine)
{
	uint64_t counters[COUNTERS];

	memcpy(counters, tcpm_engine_counters(engine), sizeof(counters));
	for (size_t i = 0; i < COUNTERS; i++)
		sums[i] += counters[i];
}

/* Samples by their order, then the ends of flows by what they are. */
static int compare_said(const void *one, const void *other)
{
	const struct said *a = one, *b = other;

	if (a->order != b->order)
		return a->order - 1 < b->order - 1 ? -1 : 1;
	return memcmp(a, b, offsetof(struct said, engine_index));
}

/* The output of all partitions' engines, one after the other; partitions 0: one engine for all
 * flows. */
static void hear(const struct capture *capture, const struct way *way, uint32_t partitions,
		 struct heard *heard)
{
	memset(heard->before, 0, sizeof(heard->before));
	memset(heard->after, 0, sizeof(heard->after));
	heard->count = 0;
	for (uint32_t engine_index = 0; engine_index < (partitions ? partitions : 1);
	     engine_index++) {
		struct tcpm_engine *engine;

		heard->engine_index = (uint8_t)engine_index;
		const struct partition partition = {.count = partitions ? partitions : 1,
						    .index = engine_index};

		engine = make_engine(heard, partitions, engine_index);
		feed_all(engine, &partition, capture, way);
		add_counters(heard->before, engine);
		tcpm_engine_flush(engine);
		add_counters(heard->after, engine);
		heard->counters[engine_index] = *tcpm_engine_counters(engine);
		assert_int_equal(heard->counters[engine_index].flows_evicted, 0);
		tcpm_engine_free(engine);
	}
	qsort(heard->said, heard->count, sizeof(heard->said[0]), compare_said);
}

static int compare_hosts(const void *one, const void *other)
{
	const struct said *a = one, *b = other;

	return memcmp(a->flow.address, b->flow.address, sizeof(a->flow.address));
}

/* What passes between two hosts is all measured by one engine. Changes the order. */
static void assert_parted_by_hosts(struct heard *heard)
{
	qsort(heard->said, heard->count, sizeof(heard->said[0]), compare_hosts);
	for (size_t i = 1; i < heard->count; i++)
		if (compare_hosts(&heard->said[i - 1], &heard->said[i]) == 0)
			assert_int_equal(heard->said[i - 1].engine_index,
					 heard->said[i].engine_index);
}

static void assert_same(struct heard *together, const struct heard *alone, const char *name,
			uint32_t partitions, const struct way *way)
{
	for (size_t i = 0; i < alone->count && i < together->count; i++)
		if (compare_said(&together->said[i], &alone->said[i]) != 0)
			fail_msg("%s, %u partitions, portions of %zu: output number %zu "
				 "differs, "
				 "of frame %ju",
				 name, partitions, way->portion, i,
				 (uintmax_t)alone->said[i].frame);
	assert_int_equal(together->count, alone->count);
	for (size_t i = 0; i < COUNTERS; i++)
		if (together->before[i] != alone->before[i] ||
		    together->after[i] != alone->after[i])
			fail_msg("%s, %u partitions, portions of %zu: counter %zu is %ju, not %ju",
				 name, partitions, way->portion, i, (uintmax_t)together->before[i],
				 (uintmax_t)alone->before[i]);
	assert_parted_by_hosts(together);
}

#endif
