/*
 * The engine: frames in, samples out.
 *
 * Each frame is decoded, its flow found, its acknowledgement matched against the
 * other direction, its segment remembered in its own. What comes of it is counted;
 * nothing that a packet holds can make a call fail.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "packet/packet.h"
#include "rtt/decode.h"
#include "rtt/engine_partition.h"
#include "rtt/flow_table.h"
#include "rtt/flow_totals.h"
#include "rtt/handshake.h"
#include "rtt/match.h"
#include "rtt/segment_slab.h"
#include "rtt/seq.h"
#include "tcpmetro.h"

#define SECOND_NS INT64_C(1000000000)

/* Time that goes back by more than this is a clock that was set; by less, frames of
 * several queues that were written a little out of order. */
#define CLOCK_STEP_NS (SECOND_NS / 10)

#define DEFAULT_MEMORY    (UINT64_C(256) << 20)
#define MIN_MEMORY        (UINT64_C(1) << 20)
#define MAX_MEMORY        (UINT64_C(1) << 40)
#define MAX_FLOWS         (UINT32_C(1) << 28)
#define MAX_SEGMENTS      (UINT32_C(1) << 26)
#define MAX_FLOW_SEGMENTS (UINT32_C(1) << 14)

struct tcpm_engine {
	struct tcpm_handler handler;
	struct flow_table *flows;
	const struct flow_expiry *expiry; /* of flows */
	struct match_memory memory;
	struct decode_rules rules;
	struct tcpm_counters counters;
	uint64_t fed;      /* frames, those that another engine measures included */
	int64_t last_ns;   /* time of the last frame */
	int64_t steady_ns; /* the earlier of the last two: one wild stamp moves it not */
	bool started;
	uint64_t max_memory;
	uint64_t reserved_bytes; /* see tcpm_engine_reserve */
};

/* So many frames go through together. */
#define BATCH_FRAMES 16

static void flow_closed(void *user, struct flow *flow)
{
	struct tcpm_engine *engine = user;
	struct tcpm_flow_id id;
	struct tcpm_closed closed = {.flow = &id};

	flow_table_id(engine->flows, flow, &id);
	for (unsigned i = 0; i < 2; i++) {
		segment_ring_close(engine->memory.slab, &flow->direction[i].ring);
		closed.totals[i] = flow_totals_totals(engine->flows, flow, i);
		closed.user_data[i] = &flow->totals[i].user_data;
	}
	if (engine->handler.closed)
		engine->handler.closed(engine->handler.user, &closed);
}

static void flow_closing(void *user, const struct flow *flow)
{
	const struct tcpm_engine *engine = user;

	direction_prefetch(flow->direction, &engine->memory);
}

static bool options_valid(const struct tcpm_options *options)
{
	return options->max_flows <= MAX_FLOWS && options->max_memory <= MAX_MEMORY &&
	       options->max_segments <= MAX_SEGMENTS &&
	       options->max_flow_segments <= MAX_FLOW_SEGMENTS && options->idle_ns >= 0 &&
	       options->half_open_ns >= 0 && options->closed_ns >= 0;
}

static struct tcpm_options with_defaults(const struct tcpm_options *given)
{
	struct tcpm_options options = *given;

	if (!options.max_flows)
		options.max_flows = 1000000;
	if (!options.max_segments)
		options.max_segments = 2097152;
	if (!options.max_flow_segments)
		options.max_flow_segments = 8192;
	if (!options.max_memory)
		options.max_memory = DEFAULT_MEMORY;
	if (options.max_memory < MIN_MEMORY)
		options.max_memory = MIN_MEMORY;
	if (!options.idle_ns)
		options.idle_ns = 300 * SECOND_NS;
	if (!options.half_open_ns)
		options.half_open_ns = 140 * SECOND_NS;
	if (!options.closed_ns)
		options.closed_ns = 15 * SECOND_NS;
	return options;
}

/* Rings take at most half of the memory: the number of segments in that, a power of two. */
static uint32_t segments_within(const struct tcpm_options *options)
{
	uint32_t segments = 1;

	while (segments < options->max_segments &&
	       (uint64_t)segments * 2 * (sizeof(struct segment) + 1) <= options->max_memory / 2)
		segments *= 2;
	return segments;
}

struct tcpm_engine *engine_new_partition(const struct tcpm_options *given,
					 const struct tcpm_handler *handler,
					 const struct partition *partition)
{
	static const struct tcpm_options none = {0};

	if (!given)
		given = &none;
	struct packet_ports ports;

	if (!options_valid(given) || partition->index >= partition->count ||
	    !packet_ports_set(&ports, given->tunnel_ports, given->tunnel_port_count)) {
		errno = EINVAL;
		return NULL;
	}
	struct tcpm_options options = with_defaults(given);
	struct tcpm_engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return NULL;
	struct flow_table_options table = {
		.max_flows = options.max_flows,
		.max_memory = (size_t)options.max_memory,
		.seed = options.hash_seed,
		.timeout_ns = {[FLOW_HALF_OPEN] = options.half_open_ns,
			       [FLOW_ESTABLISHED] = options.idle_ns,
			       [FLOW_CLOSED] = options.closed_ns},
		.closed = flow_closed,
		.closing = flow_closing,
		.user = engine,
	};

	engine->rules = (struct decode_rules){
		.ports = ports,
		.seed = options.hash_seed,
		.partition = *partition,
	};
	engine->handler = handler ? *handler : (struct tcpm_handler){0};
	engine->flows = flow_table_new(&table);
	engine->memory.slab = segment_slab_new(segments_within(&options));
	engine->memory.limit = options.max_flow_segments;
	if (!engine->flows || !engine->memory.slab) {
		tcpm_engine_free(engine);
		errno = ENOMEM;
		return NULL;
	}
	engine->max_memory = options.max_memory;
	engine->expiry = flow_table_expiry(engine->flows);
	engine->memory.units = segment_slab_units(engine->memory.slab);
	return engine;
}

struct tcpm_engine *tcpm_engine_new(const struct tcpm_options *options,
				    const struct tcpm_handler *handler)
{
	static const struct partition all = {.count = 1};

	return engine_new_partition(options, handler, &all);
}

void tcpm_engine_free(struct tcpm_engine *engine)
{
	if (!engine)
		return;
	flow_table_free(engine->flows);
	segment_slab_free(engine->memory.slab);
	free(engine);
}

void tcpm_engine_flush(struct tcpm_engine *engine)
{
	flow_table_clear(engine->flows);
	engine->counters.flows_now = 0;
	engine->started = false;
}

const struct tcpm_counters *tcpm_engine_counters(const struct tcpm_engine *engine)
{
	return &engine->counters;
}

/* The first frame's time, or one before the last, or none. */
static int64_t odd_clock(struct tcpm_engine *engine, int64_t time_ns, bool elsewhere)
{
	int64_t now_ns = time_ns;

	/* A frame without a time has the last one's, and proves nothing. */
	if (now_ns == TCPM_NO_TIME)
		return engine->last_ns;
	if (now_ns > PARTITION_FARTHEST_NS)
		now_ns = PARTITION_FARTHEST_NS;
	if (now_ns < -PARTITION_FARTHEST_NS)
		now_ns = -PARTITION_FARTHEST_NS;
	if (engine->started && now_ns < engine->last_ns - CLOCK_STEP_NS) {
		engine->counters.clock_steps += !elsewhere;
		engine->memory.epoch++;
	}
	engine->steady_ns = engine->started && engine->last_ns < now_ns ? engine->last_ns : now_ns;
	engine->started = true;
	engine->last_ns = now_ns;
	return now_ns;
}

/* The frame's time, held within bounds; notices when the clock was set back. elsewhere: that
 * is another engine's to count. */
static int64_t clock_of(struct tcpm_engine *engine, int64_t time_ns, bool elsewhere)
{
	if (!engine->started || time_ns < engine->last_ns || time_ns > PARTITION_FARTHEST_NS)
		return odd_clock(engine, time_ns, elsewhere);
	engine->steady_ns = engine->last_ns;
	engine->last_ns = time_ns;
	return time_ns;
}

/* The packet's flow, made if it is new. NULL: it makes none, or there is no memory. flow: the one
 * of its name, if it was found already. */
static __attribute__((noinline)) struct flow *flow_of(struct tcpm_engine *engine,
						      const struct decoded *decoded,
						      struct flow *flow)
{
	const struct packet *packet = &decoded->packet;
	int64_t now_ns = decoded->arrival.now_ns;
	bool known;

	if (!flow)
		flow = flow_table_find(engine->flows, &decoded->name);
	if (flow && now_ns >= flow->last_used_ns + FLOW_TOUCH_NS)
		flow = flow_table_revalidate(engine->flows, flow, &decoded->name,
					     engine->steady_ns);
	known = flow != NULL;
	if (known) {
		if (!(packet->flags & TCP_SYN) && !flow->cold)
			return flow;
		flow = handshake_flow(engine->flows, flow, packet, decoded->sender, now_ns);
	} else {
		flow = handshake_across_labels(engine->flows, packet, decoded->sender,
					       &decoded->name, engine->steady_ns);
	}
	if (!flow && !known && !(packet->flags & TCP_RST)) {
		flow = flow_table_add(engine->flows, &decoded->name, now_ns, NULL);
		if (flow)
			flow_table_link(engine->flows, flow);
	}
	return flow;
}

static void emit_sample(struct tcpm_engine *engine, const struct flow *flow,
			struct tcpm_sample *sample)
{
	const struct tcpm_handler *handler = &engine->handler;
	struct tcpm_flow_id id;

	if (!handler->sample)
		return;
	if (!handler->wants_flow || handler->wants_flow(handler->user, sample)) {
		flow_table_id(engine->flows, flow, &id);
		sample->flow = &id;
	}
	handler->sample(handler->user, sample);
}

static void add_sample(struct tcpm_engine *engine, struct flow *flow, unsigned sender,
		       const struct verdict *verdict, const struct decoded *decoded)
{
	struct flow_totals *totals = &flow->totals[sender];
	struct tcpm_sample sample = {
		.time_ns = decoded->arrival.now_ns,
		.rtt_ns = verdict->rtt_ns,
		.previous_ns = flow_totals_last_rtt_ns(totals, verdict->class_),
		.frame = decoded->number,
		.order = engine->fed,
		.user_data = &totals->user_data,
		.sent = flow_totals_totals(engine->flows, flow, sender),
		.interface = decoded->name.interface,
		.sender = (uint8_t)sender,
		.method = verdict->method,
		.class_ = verdict->class_,
	};

	flow_totals_sample(engine->flows, flow, sender, verdict->class_, verdict->rtt_ns);
	engine->counters.samples[verdict->method][verdict->class_]++;
	emit_sample(engine, flow, &sample);
}

/* The longest of a direction's last round trips, one of each class; 0: there is none. */
static int64_t known_rtt_ns(const struct flow_totals *totals)
{
	int64_t known_ns = 0;

	for (unsigned class_ = 0; class_ < TCPM_CLASSES; class_++) {
		int64_t rtt_ns = flow_totals_last_rtt_ns(totals, class_);

		if (rtt_ns > known_ns)
			known_ns = rtt_ns;
	}
	return known_ns;
}

static void match_ack(struct tcpm_engine *engine, struct flow *flow, unsigned sender,
		      const struct decoded *decoded)
{
	struct tcpm_counters *counters = &engine->counters;
	struct verdict verdict;

	direction_ack(&flow->direction[!sender], &flow->direction[sender], &engine->memory,
		      &decoded->arrival, &verdict);
	if (!verdict.acks_new_data)
		return;
	if (verdict.selective)
		counters->sacks++;
	else
		counters->acks++;
	if (verdict.sample && match_overdue(&verdict, known_rtt_ns(&flow->totals[!sender]))) {
		verdict.sample = false;
		verdict.reason = TCPM_REASON_OVERDUE;
	}
	if (verdict.sample)
		add_sample(engine, flow, !sender, &verdict, decoded);
	else if (verdict.selective)
		counters->sack_reasons[verdict.reason]++;
	else
		counters->ack_reasons[verdict.reason]++;
}

static void match_segment(struct tcpm_engine *engine, struct flow *flow, unsigned sender,
			  const struct decoded *decoded)
{
	struct tcpm_counters *counters = &engine->counters;
	uint32_t seq = decoded->packet.seq;
	bool restarted = false;
	enum segment_kind kind =
		direction_segment(&flow->direction[sender], &engine->memory, &decoded->arrival, seq,
				  seq + decoded->size, &restarted);

	if (restarted)
		flow_totals_restart(&flow->totals[sender]);
	switch (kind) {
	case SEGMENT_COPY:
		counters->copies++;
		return;
	case SEGMENT_KEEP_ALIVE:
	case SEGMENT_IMPLAUSIBLE:
		return;
	case SEGMENT_RESENT:
		if (decoded->packet.flags & TCP_SYN)
			flow->direction[!sender].flags |= DIRECTION_ASKED_AGAIN;
		counters->retransmitted++;
		break;
	case SEGMENT_LATE:
		counters->out_of_order++;
		break;
	case SEGMENT_BEYOND:
		counters->holes++;
		break;
	case SEGMENT_NEW:
		break;
	}
	flow_totals_segment(engine->flows, flow, sender, kind);
	counters->segments++;
}

/* All that one side sent was acknowledged, its FIN included. */
static bool finished(const struct direction *direction)
{
	return (direction->flags & DIRECTION_FIN) && direction->una == direction->max;
}

/* For packets that may change it. */
static void advance_state(struct tcpm_engine *engine, struct flow *flow, unsigned sender,
			  const struct packet *packet, int64_t now_ns)
{
	const struct direction *own = &flow->direction[sender];
	const struct direction *other = &flow->direction[!sender];
	bool both = (own->flags & (DIRECTION_SEEN | DIRECTION_ACKED)) &&
		    (other->flags & DIRECTION_SEEN);
	bool closed = finished(own) && finished(other);

	if (packet->flags & TCP_RST) {
		/* One that the receiver would take (RFC 5961 3.2), as far as can be seen. */
		closed = !(own->flags & (DIRECTION_SEEN | DIRECTION_ACKED)) ||
			 packet->seq == own->max || packet->seq == own->una ||
			 flow->state == FLOW_HALF_OPEN;
	}
	if (closed) {
		if (flow->state != FLOW_CLOSED)
			flow_table_set_state(engine->flows, flow, FLOW_CLOSED, now_ns);
	} else if (flow->state == FLOW_HALF_OPEN && both &&
		   (packet->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_ACK) {
		flow_table_set_state(engine->flows, flow, FLOW_ESTABLISHED, now_ns);
	}
}

/* What a SYN says, before it is matched. */
static void note_syn(struct tcpm_engine *engine, struct flow *flow, unsigned sender,
		     const struct packet *packet)
{
	struct direction *own = &flow->direction[sender];
	struct direction *other = &flow->direction[!sender];

	if (packet->mss)
		other->mss = packet->mss;
	if (!packet->sack_permitted) {
		own->flags |= DIRECTION_NO_SACK;
		other->flags |= DIRECTION_NO_SACK;
	}
	if (!(packet->flags & TCP_ACK) && !flow_table_challenged(engine->flows, flow))
		flow_table_note_syn(engine->flows, flow);
	if ((own->flags & DIRECTION_EXPECT_NEW_ISN) && !(packet->flags & TCP_RST)) {
		direction_reset(own, &engine->memory);
		flow_totals_restart(&flow->totals[sender]);
	}
}

static void measure(struct tcpm_engine *engine, const struct decoded *decoded,
		    struct flow *prefetched)
{
	const struct packet *packet = &decoded->packet;
	int64_t now_ns = decoded->arrival.now_ns;
	unsigned sender = decoded->sender;
	struct flow *flow = flow_table_is_found(prefetched, &decoded->name) ? prefetched : NULL;

	if (!flow || !decoded->plain || flow->cold || flow_table_moves(flow, now_ns)) {
		flow = flow_of(engine, decoded, flow);
		if (!flow)
			return;
		flow_table_touch(engine->flows, flow, now_ns);
	}
	if (engine->memory.epoch) {
		direction_follow_clock(&flow->direction[0], &engine->memory);
		direction_follow_clock(&flow->direction[1], &engine->memory);
	}
	if (packet->flags & TCP_SYN)
		note_syn(engine, flow, sender, packet);
	if ((packet->flags & TCP_ACK) && !direction_ack_repeats(&flow->direction[!sender], packet))
		match_ack(engine, flow, sender, decoded);
	flow->direction[!sender].receiver_last_ns = now_ns;
	if (decoded->size)
		match_segment(engine, flow, sender, decoded);
	/* Nothing else could change it. */
	if (!decoded->plain || flow->state != FLOW_ESTABLISHED ||
	    (flow->direction[0].flags & flow->direction[1].flags & DIRECTION_FIN))
		advance_state(engine, flow, sender, packet, now_ns);
}

/* Frames before this one were left out: the clock advances over them. */
static void pass_skipped(struct tcpm_engine *engine, const struct decoded *decoded)
{
	engine->last_ns = decoded->before_ns;
	engine->fed += decoded->skipped;
}

/* `prefetched`: the flow, if it is not another or none. */
static void process_frame(struct tcpm_engine *engine, struct decoded *decoded,
			  struct flow *prefetched)
{
	bool elsewhere = decoded->result == DECODED_ELSEWHERE;

	if (decoded->skipped)
		pass_skipped(engine, decoded);
	decoded->arrival.now_ns = clock_of(engine, decoded->arrival.now_ns, elsewhere);
	engine->fed++;
	if (flow_expiry_due(engine->expiry, engine->steady_ns))
		flow_table_expire(engine->flows, engine->steady_ns);
	if (elsewhere)
		return;
	engine->counters.frames++;
	engine->counters.decoded[decoded->result]++;
	if (decoded->result != TCPM_DECODE_TCP)
		return;
	decoded->arrival.frame = (uint32_t)engine->fed;
	measure(engine, decoded, prefetched);
}

/*
 * Looking a flow up is mostly waiting for memory. So frames go through in batches, of which three
 * are under way at a time: while one is worked on, of the next one the flows are found and what
 * they need is fetched, and the one behind that is decoded and its places in the table are fetched.
 */
struct batch {
	size_t count;
	struct decoded decoded[BATCH_FRAMES];
	struct flow *prefetched[BATCH_FRAMES]; /* see process_frame */
};

/* What is still to be fed. */
struct input {
	const struct tcpm_frame *frames;
	const struct partition_gap *gaps; /* NULL: nothing was left out */
	size_t count;
};

/* Decodes the next frames, and prefetches their buckets of the flow table. */
static void begin_batch(const struct tcpm_engine *engine, struct input *input, struct batch *batch)
{
	const struct tcpm_frame *const frames = input->frames;
	const struct partition_gap *const gaps = input->gaps;
	const size_t count = input->count < BATCH_FRAMES ? input->count : BATCH_FRAMES;

	batch->count = count;
	if (!count)
		return;
	for (size_t i = 0; i < count; i++) {
		struct decoded *decoded = &batch->decoded[i];

		decode_frame(&engine->rules, &frames[i], gaps ? gaps[i].owner : PARTITION_UNKNOWN,
			     decoded);
		decoded->skipped = 0;
		if (decoded->result == TCPM_DECODE_TCP)
			flow_table_prefetch_bucket(engine->flows, decoded->name.hash);
	}
	for (size_t i = 0; gaps && i < count; i++) {
		batch->decoded[i].skipped = gaps[i].skipped;
		batch->decoded[i].before_ns = gaps[i].before_ns;
	}
	input->frames += count;
	if (gaps)
		input->gaps += count;
	input->count -= count;
}

/* Asks for the flows. */
static void find_flows(struct tcpm_engine *engine, struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		batch->prefetched[i] = batch->decoded[i].result == TCPM_DECODE_TCP
					       ? flow_table_prefetch_flow(
							 engine->flows, batch->decoded[i].name.hash)
					       : NULL;
}

/* Asks for what the flows keep elsewhere. */
static void fetch_rings(struct tcpm_engine *engine, const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct flow *flow = batch->prefetched[i];

		if (!flow)
			continue;
		direction_prefetch(flow->direction, &engine->memory);
		flow_table_prefetch_id(engine->flows, flow);
	}
}

static void finish_batch(struct tcpm_engine *engine, struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		process_frame(engine, &batch->decoded[i], batch->prefetched[i]);
}

static void count_flows(struct tcpm_engine *engine)
{
	engine->counters.flows_now = flow_table_count(engine->flows);
	engine->counters.flows_opened = flow_table_opened(engine->flows);
	engine->counters.flows_evicted = flow_table_evicted(engine->flows);
}

/* Between two calls nobody holds a pointer to a flow. Segments may take two fifths of what the
 * caller leaves; what those of flows that went had is given back, too. */
static void fit(struct tcpm_engine *engine)
{
	struct segment_slab *slab = engine->memory.slab;
	uint64_t max = engine->max_memory;
	uint64_t left = max > engine->reserved_bytes ? max - engine->reserved_bytes : 0;

	segment_slab_bound(slab, (size_t)(left / 5 * 2));
	do {
		if (tcpm_engine_memory(engine) > left)
			segment_slab_trim(slab);
	} while (!flow_table_fit(engine->flows,
				 segment_slab_memory(slab) + (size_t)engine->reserved_bytes));
}

void tcpm_engine_reserve(struct tcpm_engine *engine, uint64_t bytes)
{
	engine->reserved_bytes = bytes < MAX_MEMORY ? bytes : MAX_MEMORY;
}

uint64_t tcpm_engine_memory(const struct tcpm_engine *engine)
{
	return flow_table_memory(engine->flows) + segment_slab_memory(engine->memory.slab);
}

void engine_feed_partition(struct tcpm_engine *engine, const struct tcpm_frame *frames,
			   const struct partition_gap *gaps, size_t count)
{
	struct input input = {.frames = frames, .gaps = gaps, .count = count};
	struct batch batches[3];
	struct batch *now = &batches[0];
	struct batch *next = &batches[1];
	struct batch *far = &batches[2];

	fit(engine);
	now->count = 0;
	begin_batch(engine, &input, next);
	while (now->count > 0 || next->count > 0) {
		struct batch *done = now;

		find_flows(engine, next);
		begin_batch(engine, &input, far);
		fetch_rings(engine, next);
		finish_batch(engine, now);
		now = next;
		next = far;
		far = done;
	}
	count_flows(engine);
}

void tcpm_engine_feed(struct tcpm_engine *engine, const struct tcpm_frame *frames, size_t count)
{
	engine_feed_partition(engine, frames, NULL, count);
}
