/*
 * Frames fed in portions: the engine says and counts the same as of the same frames fed all at
 * once, whatever they hold and however they are cut. Several portions of 16 are under way in it at
 * a time, so what a frame changes may be looked at too early.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mixed_captures.h"
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
	said->slots[0] = *sample->user_data;
	said->interface = sample->interface;
	said->sender = sample->sender;
	said->method = sample->method;
	said->class_ = sample->class_;
	*sample->user_data = heard->count;
}

static void on_closed(void *user, const struct tcpm_closed *closed)
{
	struct said *said = new_said(user);

	said->closed = 1;
	copy_id(&said->flow, closed->flow);
	for (unsigned i = 0; i < 2; i++) {
		said->totals[i] = closed->totals[i];
		said->slots[i] = *closed->user_data[i];
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

/* What the frames point to is gone when they have been fed. */
static void feed_copy(struct tcpm_engine *engine, const struct tcpm_frame *frames, size_t count)
{
	struct tcpm_frame *mine = malloc((count + 1) * sizeof(*mine));
	uint8_t(*bytes)[MOST] = malloc((count + 1) * sizeof(*bytes));

	assert_non_null(mine);
	assert_non_null(bytes);
	for (size_t i = 0; i < count; i++) {
		mine[i] = frames[i];
		memcpy(bytes[i], frames[i].bytes, frames[i].captured);
		mine[i].bytes = bytes[i];
	}
	tcpm_engine_feed(engine, mine, count);
	memset(mine, 0xee, count * sizeof(*mine));
	memset(bytes, 0xee, count * sizeof(*bytes));
	free(mine);
	free(bytes);
}

static void hear_portions_of(const struct capture *capture, size_t portion, struct heard *heard)
{
	struct tcpm_engine *engine = make_engine(heard);

	for (size_t at = 0; at < capture->count; at += portion)
		feed_copy(engine, &capture->frames[at],
			  portion < capture->count - at ? portion : capture->count - at);
	end_engine(engine, heard);
}

static void assert_same(const struct heard *portions, const struct heard *frames)
{
	assert_int_equal(portions->count, frames->count);
	for (size_t i = 0; i < frames->count; i++)
		if (memcmp(&portions->said[i], &frames->said[i], sizeof(frames->said[i])) != 0)
			fail_msg("what was said as number %zu differs", i);
	assert_memory_equal(&portions->counters, &frames->counters, sizeof(frames->counters));
}

/* ---- tests ---- */

static struct capture capture;
static struct heard of_frames, of_portions;

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

static void in_equal_portions(void **state)
{
	static const size_t portions[] = {1, 2, 15, 16, 17, 31, 32, 33, 48, 49, 256, FRAMES};

	(void)state;
	for (size_t i = 0; i < MAKERS; i++) {
		makers[i](&capture);
		hear_frames(&capture, &of_frames);
		for (size_t j = 0; j < sizeof(portions) / sizeof(portions[0]); j++) {
			hear_portions_of(&capture, portions[j], &of_portions);
			assert_same(&of_portions, &of_frames);
		}
	}
}

#define MOST_PORTION 700

/* Of 1 to 700 frames. */
static void hear_random_portions(const struct capture *frames, uint64_t *seed, struct heard *heard)
{
	struct tcpm_engine *engine = make_engine(heard);

	for (size_t at = 0; at < frames->count;) {
		/* Small ones as often as large ones. */
		uint64_t most = random_below(seed, 2) ? MOST_PORTION : 20;
		size_t count = 1 + random_below(seed, most);

		if (count > frames->count - at)
			count = frames->count - at;
		feed_copy(engine, &frames->frames[at], count);
		at += count;
		/* Now and then nothing comes, and a reserve that there is room for. */
		if (random_below(seed, 10) == 0) {
			tcpm_engine_reserve(engine, random_below(seed, 1 << 20));
			tcpm_engine_feed(engine, NULL, 0);
		}
	}
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
			hear_random_portions(&capture, &seed, &of_portions);
			assert_same(&of_portions, &of_frames);
		}
	}
}

/* ---- samples whose flow is not wanted ---- */

static bool wants_new(void *user, const struct tcpm_sample *sample)
{
	(void)user;
	assert_null(sample->flow);
	return !*sample->user_data;
}

struct seen {
	size_t with_flow;
	size_t without;
};

static void see_sample(void *user, const struct tcpm_sample *sample)
{
	struct seen *seen = user;

	assert_true((sample->flow == NULL) == (*sample->user_data != 0));
	if (sample->flow)
		seen->with_flow++;
	else
		seen->without++;
	if (sample->flow)
		assert_true(sample->flow->address[0].version >= 4);
	*sample->user_data = 1;
}

static void requested_flows(void **state)
{
	const struct tcpm_options options = {.hash_seed = 42};
	struct seen seen = {0};
	const struct tcpm_handler handler = {
		.user = &seen, .sample = see_sample, .wants_flow = wants_new};
	struct tcpm_engine *engine = tcpm_engine_new(&options, &handler);

	(void)state;
	assert_non_null(engine);
	make_talk(&capture);
	tcpm_engine_feed(engine, capture.frames, capture.count);
	assert_true(seen.with_flow > 20);
	assert_true(seen.without > 100);
	tcpm_engine_free(engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(captures_are_rich),
		cmocka_unit_test(in_equal_portions),
		cmocka_unit_test(in_random_portions),
		cmocka_unit_test(requested_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
