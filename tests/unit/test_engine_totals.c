/*
 * What each direction sent: the samples' parts and the rest at the flow's end add up to
 * it, whatever ends the flow, and however frames are handed over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "frame_builder.h"
#include "tcpmetro.h"

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

#define MS     INT64_C(1000000)
#define SECOND INT64_C(1000000000)

/* Flows are identified by the client's port, from FIRST_PORT on; direction 0 is the client's. */
#define FIRST_PORT 40000
#define FLOWS      8
#define MOST_LOG   40

/* What the engine said. */
struct heard {
	struct tcpm_totals sent[FLOWS][2];
	unsigned samples[FLOWS][2];
	unsigned closed[FLOWS];
	struct tcpm_totals all;
	struct tcpm_totals log[MOST_LOG]; /* of the first samples, then of the first ends */
	unsigned logged;
	uint64_t rtts_ns; /* all of them, mixed */
};

static void add(struct tcpm_totals *into, const struct tcpm_totals *totals)
{
	into->segments += totals->segments;
	into->retransmitted += totals->retransmitted;
	into->out_of_order += totals->out_of_order;
}

static void assert_totals(const struct tcpm_totals *totals, uint64_t segments,
			  uint64_t retransmitted, uint64_t out_of_order)
{
	assert_int_equal(totals->segments, segments);
	assert_int_equal(totals->retransmitted, retransmitted);
	assert_int_equal(totals->out_of_order, out_of_order);
}

/* The flow's number, and where its client is in the id. */
static unsigned number_of(const struct tcpm_flow_id *id, unsigned *client)
{
	*client = id->port[0] == 80;
	assert_int_equal(id->port[!*client], 80);
	assert_in_range(id->port[*client], FIRST_PORT, FIRST_PORT + FLOWS - 1);
	return id->port[*client] - FIRST_PORT;
}

static void log_totals(struct heard *heard, const struct tcpm_totals *totals)
{
	add(&heard->all, totals);
	if (heard->logged < MOST_LOG)
		heard->log[heard->logged++] = *totals;
}

/* The word that is kept for a direction tells whose it is. */
static uint64_t word_of(unsigned number, unsigned direction)
{
	return 1 + 2 * number + direction;
}

static void on_sample(void *user, const struct tcpm_sample *sample)
{
	struct heard *heard = user;
	unsigned client;
	unsigned number = number_of(sample->flow, &client);
	unsigned direction = sample->sender != client;

	if (*sample->user_data)
		assert_int_equal(*sample->user_data, word_of(number, direction));
	*sample->user_data = word_of(number, direction);
	add(&heard->sent[number][direction], &sample->sent);
	heard->samples[number][direction]++;
	heard->rtts_ns = heard->rtts_ns * 31 + (uint64_t)sample->rtt_ns % 1000003;
	log_totals(heard, &sample->sent);
}

static void on_closed(void *user, const struct tcpm_closed *closed)
{
	struct heard *heard = user;
	unsigned client;
	unsigned number = number_of(closed->flow, &client);

	for (unsigned direction = 0; direction < 2; direction++) {
		unsigned index = direction ? !client : client;

		if (*closed->user_data[index])
			assert_int_equal(*closed->user_data[index], word_of(number, direction));
		add(&heard->sent[number][direction], &closed->totals[index]);
		log_totals(heard, &closed->totals[index]);
	}
	heard->closed[number]++;
}

static struct tcpm_engine *make_engine(struct heard *heard, const struct tcpm_options *options)
{
	const struct tcpm_handler handler = {
		.user = heard, .sample = on_sample, .closed = on_closed};
	struct tcpm_engine *engine = tcpm_engine_new(options, &handler);

	memset(heard, 0, sizeof(*heard));
	assert_non_null(engine);
	return engine;
}

/* Flushes and frees; all that was said adds up to what was counted. */
static struct tcpm_counters end_engine(struct tcpm_engine *engine, const struct heard *heard)
{
	tcpm_engine_flush(engine);
	struct tcpm_counters counters = *tcpm_engine_counters(engine);
	uint64_t closed = 0;

	assert_totals(&heard->all, counters.segments, counters.retransmitted,
		      counters.out_of_order);
	for (unsigned i = 0; i < FLOWS; i++)
		closed += heard->closed[i];
	assert_int_equal(closed, counters.flows_opened);
	tcpm_engine_free(engine);
	return counters;
}

struct segment {
	unsigned flow;
	unsigned direction; /* 0: the client sends */
	int64_t time_ns;
	uint8_t flags;
	uint32_t seq, ack;
	uint32_t length;
};

/* A segment as a frame, cut behind its headers; each packet has an identification of its
 * own, so that none is taken for a copy of another. */
static struct tcpm_frame build(struct frame_builder *b, const struct segment *segment, unsigned id)
{
	bool back = segment->direction;
	uint16_t port = (uint16_t)(FIRST_PORT + segment->flow);
	struct tcpm_frame frame;

	frame_begin(b, FRAME_ETHERNET);
	frame_ipv4(b, back ? "198.51.100.2" : "192.0.2.1", back ? "192.0.2.1" : "198.51.100.2");
	frame_set16(b, b->ip_at + 4, 1 + id % 65535);
	frame_tcp(b, (struct frame_tcp){.source_port = back ? 80 : port,
					.target_port = back ? port : 80,
					.seq = segment->seq,
					.ack = segment->ack,
					.flags = segment->flags,
					.window = 65535});
	frame_data(b, segment->length);
	frame = frame_end(b);
	frame.captured -= segment->length;
	frame.time_ns = segment->time_ns;
	frame.number = 1 + id;
	return frame;
}

static void feed(struct tcpm_engine *engine, const struct segment *segments, size_t count)
{
	static struct frame_builder b;

	for (size_t i = 0; i < count; i++) {
		struct tcpm_frame frame = build(&b, &segments[i], (unsigned)i);

		tcpm_engine_feed(engine, &frame, 1);
	}
}

/* One connection: each sample tells what its direction sent since the one before. */
static void since_the_sample_before(void **state)
{
	static const struct segment segments[] = {
		{0, 0, 0 * MS, SYN, 100, 0, 0},
		{0, 1, 10 * MS, SYN | ACK, 500, 101, 0}, /* sample: the client sent 1 */
		{0, 0, 11 * MS, ACK, 101, 501, 0},       /* sample: the server sent 1 */
		{0, 0, 20 * MS, ACK, 101, 501, 1000},
		{0, 0, 21 * MS, ACK, 1101, 501, 1000},
		{0, 0, 22 * MS, ACK, 2101, 501, 1000},
		{0, 1, 30 * MS, ACK, 501, 3101, 0}, /* sample: 3 */
		{0, 0, 40 * MS, ACK, 3101, 501, 1000},
		{0, 0, 240 * MS, ACK, 3101, 501, 1000}, /* again */
		{0, 1, 250 * MS, ACK, 501, 4101, 0},    /* ambiguous */
		{0, 0, 260 * MS, ACK, 5101, 501, 1000}, /* behind a hole */
		{0, 0, 261 * MS, ACK, 4101, 501, 1000}, /* which it fills */
		{0, 1, 270 * MS, ACK, 501, 6101, 0},    /* sample: 4, 1 again, 1 late */
		{0, 0, 280 * MS, ACK, 6101, 501, 500},  /* never acknowledged */
		{0, 1, 281 * MS, ACK, 501, 6101, 700},
		{0, 1, 282 * MS, ACK, 1201, 6101, 700},
		{0, 1, 482 * MS, ACK, 501, 6101, 700}, /* again */
	};
	struct heard heard;
	struct tcpm_engine *engine = make_engine(&heard, NULL);

	(void)state;
	feed(engine, segments, sizeof(segments) / sizeof(segments[0]));
	assert_int_equal(heard.logged, 4);
	assert_totals(&heard.log[0], 1, 0, 0);
	assert_totals(&heard.log[1], 1, 0, 0);
	assert_totals(&heard.log[2], 3, 0, 0);
	assert_totals(&heard.log[3], 4, 1, 1);
	end_engine(engine, &heard);
	assert_int_equal(heard.logged, 6);
	assert_totals(&heard.log[4], 1, 0, 0);
	assert_totals(&heard.log[5], 3, 1, 0);
	assert_totals(&heard.sent[0][0], 9, 1, 1);
	assert_totals(&heard.sent[0][1], 4, 1, 0);
	assert_int_equal(heard.closed[0], 1);
}

/* Whoever never has a sample says all at the end, also where one side alone is seen. */
static void without_samples(void **state)
{
	static const struct segment segments[] = {
		{0, 0, 0, SYN, 100, 0, 0},
		{0, 0, SECOND, SYN, 100, 0, 0},
		{0, 0, 3 * SECOND, SYN, 100, 0, 0},
		{1, 1, 4 * SECOND, ACK, 1000, 7, 100},
		{1, 1, 5 * SECOND, ACK, 1100, 7, 100},
	};
	struct heard heard;
	struct tcpm_engine *engine = make_engine(&heard, NULL);

	(void)state;
	feed(engine, segments, 5);
	assert_int_equal(heard.logged, 0);
	end_engine(engine, &heard);
	assert_totals(&heard.sent[0][0], 3, 2, 0);
	assert_totals(&heard.sent[0][1], 0, 0, 0);
	assert_totals(&heard.sent[1][0], 0, 0, 0);
	assert_totals(&heard.sent[1][1], 2, 0, 0);
}

/* Ports used again: the old connection's end says what it sent, the new one begins at
 * nothing. */
static void ports_used_again(void **state)
{
	static const struct segment segments[] = {
		{0, 0, 0 * MS, SYN, 100, 0, 0},
		{0, 1, 10 * MS, SYN | ACK, 500, 101, 0},
		{0, 0, 11 * MS, ACK, 101, 501, 0},
		{0, 0, 20 * MS, ACK, 101, 501, 100},
		{0, 0, 220 * MS, ACK, 101, 501, 100},
		{0, 0, 10 * SECOND, SYN, 90000, 0, 0},
		{0, 1, 10 * SECOND + 9 * MS, SYN | ACK, 70000, 90001, 0},
		{0, 0, 10 * SECOND + 10 * MS, ACK, 90001, 70001, 0},
	};
	struct heard heard;
	struct tcpm_engine *engine = make_engine(&heard, NULL);

	(void)state;
	feed(engine, segments, sizeof(segments) / sizeof(segments[0]));
	assert_int_equal(heard.closed[0], 1);
	assert_totals(&heard.sent[0][0], 1 + 2 + 1, 1, 0);
	assert_totals(&heard.sent[0][1], 1 + 1, 0, 0);
	end_engine(engine, &heard);
	assert_int_equal(heard.closed[0], 2);
	assert_totals(&heard.sent[0][0], 4, 1, 0);
}

/* A server that lost its first answer's state sends another; both count as sent. */
static void an_answer_forgotten(void **state)
{
	static const struct segment segments[] = {
		{0, 0, 0 * MS, SYN, 100, 0, 0},
		{0, 1, 10 * MS, SYN | ACK, 500, 101, 0},
		{0, 1, 20 * MS, SYN | ACK, 7000, 101, 0},
		{0, 0, 21 * MS, ACK, 101, 7001, 0},
	};
	struct heard heard;
	struct tcpm_engine *engine = make_engine(&heard, NULL);

	(void)state;
	feed(engine, segments, 4);
	assert_int_equal(heard.logged, 2);
	assert_totals(&heard.log[0], 1, 0, 0);
	assert_totals(&heard.log[1], 2, 0, 0);
	end_engine(engine, &heard);
	assert_int_equal(heard.closed[0], 1);
}

/* ---- random traffic ---- */

/* xorshift64*, so that each run sees the same values. */
static uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

/* A sender, and what it sent by its own count. */
struct sender {
	uint32_t isn;
	struct {
		uint32_t seq, length;
		bool held_back;
	} segments[2000];
	size_t count;
	size_t first_held; /* no segment before it is held back */
	uint32_t next;
	struct tcpm_totals sent;
};

#define PACKETS 6000

struct traffic {
	struct sender senders[FLOWS][2];
	struct segment packets[PACKETS];
	size_t count;
	uint64_t seed;
	int64_t now_ns;
};

/* What the receiver of a direction may acknowledge: all before the first hole. */
static uint32_t acknowledged(const struct sender *sender)
{
	return sender->first_held < sender->count ? sender->segments[sender->first_held].seq
						  : sender->next;
}

static void emit(struct traffic *traffic, unsigned flow, unsigned direction, uint8_t flags,
		 uint32_t seq, uint32_t length)
{
	const struct sender *other = &traffic->senders[flow][!direction];

	traffic->now_ns += 2 * MS + (int64_t)(random_next(&traffic->seed) % (uint64_t)(9 * MS));
	traffic->packets[traffic->count++] =
		(struct segment){.flow = flow,
				 .direction = direction,
				 .time_ns = traffic->now_ns,
				 .flags = flags,
				 .seq = seq,
				 .ack = flags & ACK ? acknowledged(other) : 0,
				 .length = length};
	if (length || (flags & (SYN | FIN)))
		traffic->senders[flow][direction].sent.segments++;
}

static void open_flow(struct traffic *traffic, unsigned flow)
{
	for (unsigned direction = 0; direction < 2; direction++) {
		struct sender *sender = &traffic->senders[flow][direction];

		sender->isn = (uint32_t)random_next(&traffic->seed);
		sender->next = sender->isn + 1;
	}
	emit(traffic, flow, 0, SYN, traffic->senders[flow][0].isn, 0);
	emit(traffic, flow, 1, SYN | ACK, traffic->senders[flow][1].isn, 0);
	emit(traffic, flow, 0, ACK, traffic->senders[flow][0].next, 0);
}

/* A new segment is sent, or held back to come late. */
static void send_new(struct traffic *traffic, unsigned flow, unsigned direction, bool hold)
{
	struct sender *sender = &traffic->senders[flow][direction];
	uint32_t length = 100 + (uint32_t)(random_next(&traffic->seed) % 1300);

	sender->segments[sender->count].seq = sender->next;
	sender->segments[sender->count].length = length;
	sender->segments[sender->count++].held_back = hold;
	if (!hold)
		emit(traffic, flow, direction, ACK, sender->next, length);
	sender->next += length;
	if (!hold && sender->first_held == sender->count - 1)
		sender->first_held = sender->count;
}

/* The first one that was held back is sent; only if something was sent behind it, it is
 * late. */
static void send_held(struct traffic *traffic, unsigned flow, unsigned direction)
{
	struct sender *sender = &traffic->senders[flow][direction];
	size_t held = sender->first_held;
	bool late = false;

	if (held == sender->count)
		return;
	for (size_t i = held + 1; i < sender->count; i++)
		late |= !sender->segments[i].held_back;
	emit(traffic, flow, direction, ACK, sender->segments[held].seq,
	     sender->segments[held].length);
	sender->sent.out_of_order += late;
	sender->segments[held].held_back = false;
	while (sender->first_held < sender->count &&
	       !sender->segments[sender->first_held].held_back)
		sender->first_held++;
}

/* Any segment that was sent, acknowledged or not, goes out again. */
static void send_again(struct traffic *traffic, unsigned flow, unsigned direction)
{
	struct sender *sender = &traffic->senders[flow][direction];
	size_t recent = sender->count < 8 ? sender->count : 8;
	size_t chosen;

	if (!recent)
		return;
	chosen = sender->count - 1 - random_next(&traffic->seed) % recent;
	if (sender->segments[chosen].held_back)
		return;
	emit(traffic, flow, direction, ACK, sender->segments[chosen].seq,
	     sender->segments[chosen].length);
	sender->sent.retransmitted++;
}

static void make_traffic(struct traffic *traffic, uint64_t seed)
{
	memset(traffic, 0, sizeof(*traffic));
	traffic->seed = seed;
	for (unsigned flow = 0; flow < FLOWS; flow++)
		open_flow(traffic, flow);
	while (traffic->count < PACKETS - 2 * FLOWS) {
		unsigned flow = (unsigned)(random_next(&traffic->seed) % FLOWS);
		unsigned direction = (unsigned)(random_next(&traffic->seed) % 2);
		struct sender *sender = &traffic->senders[flow][direction];

		switch (random_next(&traffic->seed) % 12) {
		case 0:
			send_again(traffic, flow, direction);
			break;
		case 1:
			/* One hole at a time. */
			if (sender->first_held == sender->count)
				send_new(traffic, flow, direction, true);
			break;
		case 2:
		case 3:
			send_held(traffic, flow, direction);
			break;
		case 4:
		case 5:
		case 6:
			emit(traffic, flow, direction, ACK, sender->next, 0);
			break;
		default:
			send_new(traffic, flow, direction, false);
		}
	}
	for (unsigned flow = 0; flow < FLOWS; flow++)
		for (unsigned direction = 0; direction < 2; direction++)
			emit(traffic, flow, direction, FIN | ACK,
			     traffic->senders[flow][direction].next, 0);
}

/* The engine counts as the senders did, each direction for itself. */
static void random_senders(void **state)
{
	static struct traffic traffic;

	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct heard heard;
		struct tcpm_engine *engine = make_engine(&heard, NULL);
		struct tcpm_counters counters;

		make_traffic(&traffic, seed);
		feed(engine, traffic.packets, traffic.count);
		counters = end_engine(engine, &heard);
		assert_int_equal(counters.copies, 0);
		for (unsigned flow = 0; flow < FLOWS; flow++) {
			assert_int_equal(heard.closed[flow], 1);
			for (unsigned direction = 0; direction < 2; direction++) {
				const struct tcpm_totals *sent =
					&traffic.senders[flow][direction].sent;

				assert_totals(&heard.sent[flow][direction], sent->segments,
					      sent->retransmitted, sent->out_of_order);
				assert_true(heard.samples[flow][direction] > 20);
				assert_true(sent->retransmitted > 10 && sent->out_of_order > 5);
			}
		}
	}
}

/* Flows that are forgotten for want of room, that idle, that are flushed: what was counted
 * is still told. */
static void forgotten_flows(void **state)
{
	static const struct tcpm_options options[] = {
		{.max_flows = 1},
		{.max_flows = 3, .max_flow_segments = 4},
		{.max_flows = 5, .max_segments = 64},
		{.idle_ns = 20 * MS, .half_open_ns = 10 * MS, .closed_ns = 1},
	};
	static struct traffic traffic;

	(void)state;
	make_traffic(&traffic, 99);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct heard heard;
		struct tcpm_engine *engine = make_engine(&heard, &options[i]);
		size_t half = traffic.count / 2;
		struct tcpm_counters counters;

		feed(engine, traffic.packets, half);
		tcpm_engine_flush(engine);
		feed(engine, traffic.packets + half, traffic.count - half);
		counters = end_engine(engine, &heard);
		assert_true(counters.flows_opened > 2 * FLOWS);
		assert_true(counters.segments > PACKETS / 2);
	}
}

/* Frames handed over one by one or many at once are the same to the engine. */
static void batches_of_any_size(void **state)
{
	enum { MOST = 100 };
	static struct traffic traffic;
	static struct frame_builder builders[MOST];
	struct heard one_by_one;
	struct tcpm_engine *engine = make_engine(&one_by_one, NULL);
	struct tcpm_counters expected;

	(void)state;
	make_traffic(&traffic, 7);
	feed(engine, traffic.packets, traffic.count);
	expected = end_engine(engine, &one_by_one);
	for (uint64_t most = 2; most <= MOST; most *= 2) {
		struct heard heard;
		uint64_t seed = most;
		struct tcpm_counters counters;

		engine = make_engine(&heard, NULL);
		for (size_t i = 0; i < traffic.count;) {
			struct tcpm_frame frames[MOST];
			size_t count = (size_t)(random_next(&seed) % (most + 1));

			if (count > traffic.count - i)
				count = traffic.count - i;
			for (size_t j = 0; j < count; j++)
				frames[j] = build(&builders[j], &traffic.packets[i + j],
						  (unsigned)(i + j));
			tcpm_engine_feed(engine, frames, count);
			i += count;
		}
		counters = end_engine(engine, &heard);
		assert_memory_equal(&counters, &expected, sizeof(counters));
		assert_memory_equal(&heard, &one_by_one, sizeof(heard));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(since_the_sample_before), cmocka_unit_test(without_samples),
		cmocka_unit_test(ports_used_again),        cmocka_unit_test(an_answer_forgotten),
		cmocka_unit_test(random_senders),          cmocka_unit_test(forgotten_flows),
		cmocka_unit_test(batches_of_any_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
