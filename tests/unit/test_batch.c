/*
 * Frames fed in batches, decoded ahead: the engine says and counts the same as of the same
 * frames fed as they are, whatever they hold and however they are cut into batches.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "batch_captures.h"
#include "tcpmetro.h"

#define MOST_SAID 20000

/* ---- what an engine says ---- */

/* A sample, or the end of a flow; all zero but what is set, so that bytes can be compared. */
struct said {
	int64_t time_ns, rtt_ns, previous_ns;
	uint64_t frame;
	struct tcpm_flow_id flow;
	struct tcpm_totals totals[2];
	uint64_t slots[2];
	uint32_t interface;
	uint8_t sender, method, class_, closed;
};

struct heard {
	struct said said[MOST_SAID];
	size_t count;
	struct tcpm_counters counters;
};

static struct said *new_said(struct heard *heard)
{
	assert_true(heard->count < MOST_SAID);
	struct said *said = &heard->said[heard->count++];

	memset(said, 0, sizeof(*said));
	return said;
}

static void copy_id(struct tcpm_flow_id *to, const struct tcpm_flow_id *from)
{
	memcpy(to->address, from->address, sizeof(to->address));
	memcpy(to->port, from->port, sizeof(to->port));
	memcpy(to->label_kind, from->label_kind, sizeof(to->label_kind));
	memcpy(to->label, from->label, sizeof(to->label));
	to->interface = from->interface;
}

static void on_sample(void *user, const struct tcpm_sample *sample)
{
	struct heard *heard = user;
	struct said *said = new_said(heard);

	said->time_ns = sample->time_ns;
	said->rtt_ns = sample->rtt_ns;
	said->previous_ns = sample->previous_ns;
	said->frame = sample->frame;
	copy_id(&said->flow, sample->flow);
	said->totals[0] = sample->sent;
	said->slots[0] = (uintptr_t)*sample->slot;
	said->interface = sample->interface;
	said->sender = sample->sender;
	said->method = sample->method;
	said->class_ = sample->class_;
	*sample->slot = (void *)(uintptr_t)heard->count;
}

static void on_closed(void *user, const struct tcpm_closed *closed)
{
	struct said *said = new_said(user);

	said->closed = 1;
	copy_id(&said->flow, closed->flow);
	for (unsigned i = 0; i < 2; i++) {
		said->totals[i] = closed->totals[i];
		said->slots[i] = (uintptr_t)closed->slot[i];
	}
}

static struct tcpm_engine *make_engine(struct heard *heard)
{
	static const struct tcpm_tunnel_port ports[] = {{VXLAN_PORT, TCPM_TUNNEL_VXLAN}};
	/* Fewer flows than there are: some are evicted. */
	const struct tcpm_options options = {.max_flows = FLOWS - 4,
					     .max_segments = 4096,
					     .tunnel_ports = ports,
					     .tunnel_port_count = 1,
					     .hash_seed = 42};
	const struct tcpm_handler handler = {
		.user = heard, .sample = on_sample, .closed = on_closed};
	struct tcpm_engine *engine = tcpm_engine_new(&options, &handler);

	assert_non_null(engine);
	if (heard)
		heard->count = 0;
	return engine;
}

static void end_engine(struct tcpm_engine *engine, struct heard *heard)
{
	tcpm_engine_flush(engine);
	heard->counters = *tcpm_engine_counters(engine);
	tcpm_engine_free(engine);
}

static void hear_frames(const struct capture *capture, struct heard *heard)
{
	struct tcpm_engine *engine = make_engine(heard);

	tcpm_engine_feed(engine, capture->frames, capture->count);
	end_engine(engine, heard);
}

/* In batches of at most `capacity` that are filled in two steps, or not quite. What the
 * frames point to is gone before they are measured. */
static void hear_batches(const struct capture *capture, size_t capacity, struct heard *heard)
{
	struct tcpm_engine *engine = make_engine(heard);
	struct tcpm_batch *batch = tcpm_batch_new(engine, capacity);
	struct capture *copy = malloc(sizeof(*copy));
	uint64_t seed = 5;

	assert_non_null(batch);
	assert_non_null(copy);
	for (size_t at = 0; at < capture->count;) {
		memcpy(copy->bytes, capture->bytes, sizeof(copy->bytes));
		memcpy(copy->frames, capture->frames, sizeof(copy->frames));
		for (size_t i = at; i < capture->count && i < at + capacity; i++)
			copy->frames[i].bytes = copy->bytes[i];
		size_t left = capture->count - at;
		size_t some = random_below(&seed, (left < capacity ? left : capacity) + 1);
		size_t more = random_below(&seed, 2) ? left - some : 0;

		assert_int_equal(tcpm_batch_add(batch, &copy->frames[at], some), some);
		more = tcpm_batch_add(batch, &copy->frames[at + some], more);
		assert_int_equal(tcpm_batch_count(batch), some + more);
		memset(copy, 0xee, sizeof(*copy));
		tcpm_engine_feed_batch(engine, batch);
		tcpm_batch_clear(batch);
		assert_int_equal(tcpm_batch_count(batch), 0);
		at += some + more;
	}
	free(copy);
	tcpm_batch_free(batch);
	end_engine(engine, heard);
}

static void assert_same(const struct heard *batches, const struct heard *frames)
{
	assert_int_equal(batches->count, frames->count);
	for (size_t i = 0; i < frames->count; i++)
		if (memcmp(&batches->said[i], &frames->said[i], sizeof(frames->said[i])) != 0)
			fail_msg("what was said as number %zu differs", i);
	assert_memory_equal(&batches->counters, &frames->counters, sizeof(frames->counters));
}

/* ---- tests ---- */

static struct capture capture;
static struct heard of_frames, of_batches;

/* The captures hold what they are made for. */
static void captures_are_rich(void **state)
{
	const struct tcpm_counters *counters = &of_frames.counters;

	(void)state;
	make_talk(&capture);
	hear_frames(&capture, &of_frames);
	assert_int_equal(counters->decoded[TCPM_DECODE_TCP], capture.count);
	assert_true(counters->samples[TCPM_METHOD_SYN][TCPM_CLASS_NETWORK] > 50);
	assert_true(counters->samples[TCPM_METHOD_ACK][TCPM_CLASS_NETWORK] > 20);
	assert_true(counters->sacks > 20);
	assert_true(counters->retransmitted > 20);
	assert_true(counters->flows_evicted > 0);
	make_mixed(&capture);
	hear_frames(&capture, &of_frames);
	for (unsigned i = 0; i < TCPM_DECODES; i++)
		if (i != TCPM_DECODE_TOO_DEEP && !counters->decoded[i])
			fail_msg("no frame is %s", tcpm_decode_name(i));
	make_clocks(&capture);
	hear_frames(&capture, &of_frames);
	assert_true(counters->clock_steps > 10);
}

static void as_frames(void **state)
{
	static const size_t capacities[] = {1, 2, 15, 16, 17, 33, 256, FRAMES};

	(void)state;
	for (size_t i = 0; i < MAKERS; i++) {
		makers[i](&capture);
		hear_frames(&capture, &of_frames);
		/* Each batch copies the whole capture, so small ones have less of it. */
		for (size_t j = 0; j < sizeof(capacities) / sizeof(capacities[0]); j++) {
			size_t count = capture.count;

			if (capacities[j] < 15)
				capture.count = count < 400 ? count : 400;
			hear_frames(&capture, &of_frames);
			hear_batches(&capture, capacities[j], &of_batches);
			assert_same(&of_batches, &of_frames);
			capture.count = count;
		}
	}
}

/* Batches and frames in turns are one stream. */
static void in_turns(void **state)
{
	struct tcpm_engine *engine;
	struct tcpm_batch *batch;

	(void)state;
	make_mixed(&capture);
	hear_frames(&capture, &of_frames);
	engine = make_engine(&of_batches);
	batch = tcpm_batch_new(engine, 100);
	assert_non_null(batch);
	for (size_t at = 0; at < capture.count;) {
		size_t left = capture.count - at;

		if (at / 100 % 2) {
			tcpm_engine_feed(engine, &capture.frames[at], left < 30 ? left : 30);
			at += left < 30 ? left : 30;
			continue;
		}
		at += tcpm_batch_add(batch, &capture.frames[at], left);
		tcpm_engine_feed_batch(engine, batch);
		tcpm_batch_clear(batch);
	}
	tcpm_batch_free(batch);
	end_engine(engine, &of_batches);
	assert_same(&of_batches, &of_frames);
}

#define MOST_PORTION 700

/* Frames or a batch, whichever chance decides, of 1 to 700 frames. */
static void feed_portion(struct tcpm_engine *engine, struct tcpm_batch *batch,
			 const struct tcpm_frame *frames, size_t count, bool batched)
{
	if (!batched) {
		tcpm_engine_feed(engine, frames, count);
		return;
	}
	assert_int_equal(tcpm_batch_add(batch, frames, count), count);
	tcpm_engine_feed_batch(engine, batch);
	tcpm_batch_clear(batch);
}

static void hear_portions(const struct capture *frames, uint64_t *seed, struct heard *heard)
{
	struct tcpm_engine *engine = make_engine(heard);
	struct tcpm_batch *batch = tcpm_batch_new(engine, MOST_PORTION);

	assert_non_null(batch);
	for (size_t at = 0; at < frames->count;) {
		/* Small ones as often as large ones. */
		uint64_t most = random_below(seed, 2) ? MOST_PORTION : 20;
		size_t count = 1 + random_below(seed, most);

		if (count > frames->count - at)
			count = frames->count - at;
		feed_portion(engine, batch, &frames->frames[at], count, random_below(seed, 2));
		at += count;
		/* Now and then nothing comes, and a reserve that there is room for. */
		if (random_below(seed, 10) == 0) {
			tcpm_engine_reserve(engine, random_below(seed, 1 << 20));
			feed_portion(engine, batch, frames->frames, 0, random_below(seed, 2));
		}
	}
	tcpm_batch_free(batch);
	end_engine(engine, heard);
}

static void in_random_portions(void **state)
{
	uint64_t seed = 9;

	(void)state;
	for (size_t i = 0; i < MAKERS; i++) {
		makers[i](&capture);
		hear_frames(&capture, &of_frames);
		for (unsigned round = 0; round < 20; round++) {
			hear_portions(&capture, &seed, &of_batches);
			assert_same(&of_batches, &of_frames);
		}
	}
}

static void a_full_batch(void **state)
{
	struct tcpm_engine *engine = make_engine(&of_batches);
	struct tcpm_batch *batch = tcpm_batch_new(engine, 10);

	(void)state;
	make_talk(&capture);
	assert_non_null(batch);
	assert_int_equal(tcpm_batch_count(batch), 0);
	assert_int_equal(tcpm_batch_add(batch, capture.frames, 0), 0);
	assert_int_equal(tcpm_batch_add(batch, capture.frames, 7), 7);
	assert_int_equal(tcpm_batch_add(batch, capture.frames + 7, 4), 3);
	assert_int_equal(tcpm_batch_count(batch), 10);
	assert_int_equal(tcpm_batch_add(batch, capture.frames + 10, 1), 0);
	tcpm_engine_feed_batch(engine, batch);
	assert_int_equal(tcpm_engine_counters(engine)->frames, 10);
	/* Feeding leaves it as it is. */
	assert_int_equal(tcpm_batch_count(batch), 10);
	tcpm_batch_clear(batch);
	assert_int_equal(tcpm_batch_count(batch), 0);
	tcpm_engine_feed_batch(engine, batch);
	assert_int_equal(tcpm_engine_counters(engine)->frames, 10);
	assert_int_equal(tcpm_batch_add(batch, capture.frames + 10, 20), 10);
	tcpm_engine_feed_batch(engine, batch);
	assert_int_equal(tcpm_engine_counters(engine)->frames, 20);
	/* It may outlive the engine. */
	tcpm_engine_free(engine);
	tcpm_batch_clear(batch);
	assert_int_equal(tcpm_batch_add(batch, capture.frames, 5), 5);
	tcpm_batch_free(batch);
}

static void refused(void **state)
{
	struct tcpm_engine *engine = make_engine(&of_batches);
	const size_t wrong[] = {0, 1100000, SIZE_MAX};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		errno = 0;
		assert_null(tcpm_batch_new(engine, wrong[i]));
		assert_int_equal(errno, EINVAL);
	}
	tcpm_batch_free(NULL);
	tcpm_engine_free(engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(captures_are_rich), cmocka_unit_test(as_frames),
		cmocka_unit_test(in_turns),          cmocka_unit_test(in_random_portions),
		cmocka_unit_test(a_full_batch),      cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
