/*
 * Fuzz target: packets through the engine.
 *
 * The first byte chooses how the rest is read. As raw frames: length, time and bytes,
 * which exercises decoding. As short orders, eleven bytes a packet, each built into a
 * well-formed TCP packet of one of two flows, with numbers near those in use: this
 * gets deep into matching, where random bytes never would.
 *
 * Whatever comes in: all sums add up, no sample is negative or absurd, every flow
 * that was opened is closed, each segment is reported once, with a sample or at its
 * flow's end, and the order of time does not matter. Raw frames that engines share are each
 * measured by one of them.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rtt/engine_partition.h"
#include "tcpmetro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct totals {
	uint64_t samples;
	uint64_t closed;
	struct tcpm_totals sent; /* by samples and by ends of flows */
};

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void add_sent(struct totals *totals, const struct tcpm_totals *sent)
{
	require(sent->retransmitted + sent->out_of_order <= sent->segments);
	totals->sent.segments += sent->segments;
	totals->sent.retransmitted += sent->retransmitted;
	totals->sent.out_of_order += sent->out_of_order;
}

static void on_sample(void *user, const struct tcpm_sample *sample)
{
	struct totals *totals = user;

	require(sample->rtt_ns >= 0 && sample->rtt_ns <= INT64_C(240000000000));
	require(sample->previous_ns >= -1);
	require(sample->method < TCPM_METHODS && sample->class_ < TCPM_CLASSES);
	require(sample->sender < 2);
	add_sent(totals, &sample->sent);
	totals->samples++;
}

static void on_closed(void *user, const struct tcpm_closed *closed)
{
	struct totals *totals = user;

	for (unsigned i = 0; i < 2; i++)
		add_sent(totals, &closed->totals[i]);
	totals->closed++;
}

static void check(const struct tcpm_counters *counters, const struct totals *totals)
{
	uint64_t acks = 0, sacks = 0, decoded = 0, samples = 0;

	for (unsigned i = 0; i < TCPM_REASONS; i++) {
		acks += counters->ack_reasons[i];
		sacks += counters->sack_reasons[i];
	}
	for (unsigned i = 0; i < TCPM_METHODS; i++)
		for (unsigned j = 0; j < TCPM_CLASSES; j++) {
			samples += counters->samples[i][j];
			*(i == TCPM_METHOD_SACK ? &sacks : &acks) += counters->samples[i][j];
		}
	for (unsigned i = 0; i < TCPM_DECODES; i++)
		decoded += counters->decoded[i];
	require(acks == counters->acks);
	require(sacks == counters->sacks);
	require(decoded == counters->frames);
	require(samples == totals->samples);
	require(counters->flows_opened == totals->closed);
	require(counters->segments == totals->sent.segments);
	require(counters->retransmitted == totals->sent.retransmitted);
	require(counters->out_of_order == totals->sent.out_of_order);
}

/* The bytes stand alone, so that a sanitizer sees what is read beyond them. */
static void begin_frame(struct tcpm_frame *frame, const uint8_t *bytes, size_t size,
			uint32_t missing, uint16_t linktype, int64_t time_ns, uint64_t number)
{
	uint8_t *exact = malloc(size ? size : 1);

	*frame = (struct tcpm_frame){
		.bytes = exact,
		.captured = (uint32_t)size,
		.wire_length = (uint32_t)size + missing,
		.time_ns = time_ns,
		.number = number,
		.linktype = linktype,
	};
	memcpy(exact, bytes, size);
}

static void end_frame(struct tcpm_frame *frame)
{
	free((void *)(uintptr_t)frame->bytes);
}

/* ---- raw frames ---- */

struct raw {
	const uint8_t *data;
	size_t size;
	uint64_t number;
	int64_t now_ns;
};

/* False: there is no other one. */
static bool next_raw(struct raw *raw, struct tcpm_frame *frame)
{
	/* Seeds name them by index: append only. */
	static const uint16_t linktypes[] = {1,   0,   12,  14,  101, 108, 113, 228, 229, 276,
					     147, 9,   50,  51,  100, 104, 105, 107, 109, 117,
					     119, 127, 163, 166, 192, 204, 219, 239, 258};
	const uint8_t *data = raw->data;
	size_t length;

	if (raw->size < 4)
		return false;
	length = data[1] < raw->size - 4 ? data[1] : raw->size - 4;
	raw->now_ns += (int64_t)(int8_t)data[2] * 1000000 + data[3];
	begin_frame(frame, data + 4, length, data[0] & 0x80 ? 1000 : 0,
		    linktypes[(data[0] & 0x7f) % (sizeof(linktypes) / sizeof(linktypes[0]))],
		    raw->now_ns, ++raw->number);
	raw->data += 4 + length;
	raw->size -= 4 + length;
	return true;
}

static void feed_raw(struct tcpm_engine *engine, const uint8_t *data, size_t size)
{
	struct raw raw = {.data = data, .size = size};
	struct tcpm_frame frame;

	while (next_raw(&raw, &frame)) {
		tcpm_engine_feed(engine, &frame, 1);
		end_frame(&frame);
	}
}

/* The partitions' results are compared for up to this many frames. */
#define MOST_SHARED 300

static void add_decoded(uint64_t sums[TCPM_DECODES], const struct tcpm_engine *engine)
{
	for (unsigned i = 0; i < TCPM_DECODES; i++)
		sums[i] += tcpm_engine_counters(engine)->decoded[i];
}

/* What that many engines decode of frames that each partitions. */
static void share(const struct tcpm_frame *frames, size_t count, uint32_t shares,
		  uint64_t sums[TCPM_DECODES])
{
	static const struct tcpm_options options = {0};
	static struct tcpm_frame mine[MOST_SHARED];
	static struct partition_gap gaps[MOST_SHARED];

	for (uint32_t i = 0; i < shares; i++) {
		const struct partition partition = {.count = shares, .index = i};
		struct tcpm_engine *engine = engine_new_partition(&options, NULL, &partition);

		require(engine != NULL);
		memcpy(mine, frames, count * sizeof(*frames));
		engine_feed_partition(engine, mine, gaps,
				      partition_frames(&partition, mine, gaps, count));
		add_decoded(sums, engine);
		tcpm_engine_free(engine);
	}
}

static void check_sharing(const uint8_t *data, size_t size)
{
	static struct tcpm_frame frames[MOST_SHARED];
	struct raw raw = {.data = data, .size = size};
	uint64_t alone[TCPM_DECODES] = {0};
	size_t count = 0;

	while (count < MOST_SHARED && next_raw(&raw, &frames[count]))
		count++;
	share(frames, count, 1, alone);
	for (uint32_t shares = 2; shares < 4; shares++) {
		uint64_t together[TCPM_DECODES] = {0};

		share(frames, count, shares, together);
		require(memcmp(together, alone, sizeof(alone)) == 0);
	}
	while (count > 0)
		end_frame(&frames[--count]);
}

/* ---- orders ---- */

static uint8_t *put16(uint8_t *at, uint32_t value)
{
	*at++ = (uint8_t)(value >> 8);
	*at++ = (uint8_t)value;
	return at;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
	return put16(put16(at, value >> 16), value & 0xffff);
}

#define ORDER_SIZE 11

/*
 * An order: 0 side (1), flow (2), timestamps (4), SACK (8), second block (16), IPv4 id
 * zero (32), a number far off (64), more fragments (128); 1 TCP flags; 2 sequence;
 * 3 acknowledgement; 4 length, in tens; 5 TSval; 6 TSecr; 7-8 SACK edges; 9-10 time.
 */
static size_t build(const uint8_t *order, uint32_t counter, uint8_t *bytes, uint32_t *length)
{
	bool side = order[0] & 1;
	uint32_t base = 0u - 600u; /* sequence numbers wrap on the way */
	uint32_t far = order[0] & 64 ? 1u << 29 : 0;
	uint32_t options =
		(order[0] & 4 ? 12u : 0) + (order[0] & 8 ? 4u + (order[0] & 16 ? 16u : 8u) : 0);
	uint8_t *at = bytes;

	*length = order[4] * 10u;
	at = put16(at, 0x4500);
	at = put16(at, 40 + options + *length);
	at = put16(at, order[0] & 32 ? 0 : counter / 2 + 1);
	at = put16(at, order[0] & 128 ? 0x2000 : 0);
	at = put32(at, 0x40060000);
	at = put32(at, side ? 0xc0000201 : 0xc0000202);
	at = put32(at, side ? 0xc0000202 : 0xc0000201);
	at = put16(at, side ? 1000u + (order[0] >> 1 & 1) : 80);
	at = put16(at, side ? 80 : 1000u + (order[0] >> 1 & 1));
	at = put32(at, base + order[2] * 10u + far);
	at = put32(at, base + order[3] * 10u);
	at = put16(at, ((20 + options) / 4 << 12) | order[1]);
	at = put16(at, 1000);
	at = put32(at, 0);
	if (order[0] & 4) {
		at = put32(at, 0x0101080a);
		at = put32(at, 0u - 100u + order[5]);
		at = put32(at, 0u - 100u + order[6]);
	}
	if (order[0] & 8) {
		at = put32(at, order[0] & 16 ? 0x01010512 : 0x0101050a);
		at = put32(at, base + order[7] * 10u);
		at = put32(at, base + order[8] * 10u);
		if (order[0] & 16) {
			at = put32(at, base + order[8] * 10u);
			at = put32(at, base + order[7] * 20u);
		}
	}
	return (size_t)(at - bytes);
}

static void feed_orders(struct tcpm_engine *engine, const uint8_t *data, size_t size)
{
	uint64_t number = 0;
	int64_t now_ns = 0;

	for (; size >= ORDER_SIZE; data += ORDER_SIZE, size -= ORDER_SIZE) {
		struct tcpm_frame frame;
		uint8_t bytes[100];
		uint32_t length;
		size_t built = build(data, (uint32_t)number, bytes, &length);

		now_ns += (int64_t)(int8_t)data[9] * 1000000 + (int64_t)data[10] * 1000;
		begin_frame(&frame, bytes, built, length, 101, now_ns, ++number);
		tcpm_engine_feed(engine, &frame, 1);
		end_frame(&frame);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	struct totals totals = {0};
	struct tcpm_handler handler = {.user = &totals, .sample = on_sample, .closed = on_closed};
	struct tcpm_options options = {
		.max_segments = 8192,
		.max_flows = data[0] & 2 ? 1 + (data[0] >> 4 & 3) : 0,
		.max_flow_segments = data[0] & 4 ? 4 : 0,
	};
	struct tcpm_engine *engine = tcpm_engine_new(&options, &handler);

	require(engine != NULL);
	if (data[0] & 1)
		feed_orders(engine, data + 1, size - 1);
	else
		feed_raw(engine, data + 1, size - 1);
	tcpm_engine_flush(engine);
	check(tcpm_engine_counters(engine), &totals);
	tcpm_engine_free(engine);
	if (!(data[0] & 1))
		check_sharing(data + 1, size - 1);
	return 0;
}
