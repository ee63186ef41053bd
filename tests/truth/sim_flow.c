/*
 * Flows: drawn from a setting, counted by the events that still point at them,
 * and freed when the last one has happened.
 */
#include "sim.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct packet *packet_new(struct simulation *simulation)
{
	struct packet *packet = simulation->pool;

	if (packet != NULL)
		simulation->pool = packet->next;
	else
		packet = must_resize(NULL, 1, sizeof *packet);
	memset(packet, 0, sizeof *packet);
	return packet;
}

void packet_free(struct simulation *simulation, struct packet *packet)
{
	packet->next = simulation->pool;
	simulation->pool = packet;
}

void schedule(struct flow *flow, int64_t time_ns, enum event_kind kind, void *subject,
	      uint32_t detail)
{
	flow->references++;
	queue_push(&flow->simulation->queue,
		   (struct event){
			   .time_ns = time_ns, .kind = kind, .subject = subject, .detail = detail});
}

void flow_release(struct flow *flow)
{
	if (--flow->references > 0)
		return;
	for (unsigned side = 0; side < 2; side++) {
		free(flow->endpoint[side].segments);
		free(flow->endpoint[side].blocks);
		ledger_done(&flow->ledger[side]);
		if (flow->coalescer[side].held != NULL)
			packet_free(flow->simulation, flow->coalescer[side].held);
	}
	free(flow);
}

void flow_end(struct flow *flow)
{
	if (flow->done)
		return;
	flow->done = true;
	if (prng_chance(&flow->prng, flow->setting->port_reuse))
		schedule(flow,
			 flow->simulation->now_ns + 50 * MICROSECOND +
				 prng_skewed(&flow->prng, 100 * MILLISECOND),
			 EVENT_REUSE, flow, 0);
}

static void draw_legs(struct flow *flow)
{
	const struct setting *setting = flow->setting;
	struct prng *prng = &flow->prng;
	int64_t position = prng_between(prng, setting->capture_at.low, setting->capture_at.high);
	int64_t mbit = prng_between(prng, setting->mbit.low, setting->mbit.high);
	int64_t one_way_ns = MICROSECOND * setting->one_way_us.low;

	one_way_ns += prng_skewed(prng, (setting->one_way_us.high - setting->one_way_us.low) *
						MICROSECOND / 3);
	flow->at_host[0] = position == AT_CLIENT;
	flow->at_host[1] = position == AT_SERVER;
	for (unsigned direction = 0; direction < 2; direction++) {
		/* the way back is a little different */
		int64_t whole_ns = one_way_ns + (direction == 1 ? one_way_ns / 16 : 0);
		int64_t share = direction == 0 ? position : 1000 - position;

		for (unsigned part = 0; part < 2; part++) {
			struct leg *leg = &flow->leg[direction][part];

			*leg = (struct leg){
				.delay_ns = whole_ns * (part == 0 ? share : 1000 - share) / 1000,
				.loss = setting->loss[part],
				.burst = setting->burst,
				.syn_loss = setting->syn_loss,
				.reorder = setting->reorder[part],
				.reorder_ns = setting->reorder_us * MICROSECOND,
				.queue_ns = setting->queue_us * MICROSECOND,
				.byte_ps = mbit > 0 ? 8000000 / mbit : 0,
			};
			leg->jitter_ns = leg->delay_ns * setting->jitter / 1000000;
		}
	}
	for (unsigned side = 0; side < 2; side++)
		flow->coalesce[side] = prng_chance(prng, setting->receive_offload);
}

static int64_t draw_tick(struct prng *prng, unsigned ticks)
{
	static const int64_t lengths_ns[] = {MICROSECOND, MILLISECOND, 10 * MILLISECOND,
					     500 * MILLISECOND};
	unsigned index;

	if (ticks == 0)
		return MILLISECOND;
	do
		index = (unsigned)prng_below(prng, 4);
	while ((ticks & 1u << index) == 0);
	return lengths_ns[index];
}

static void draw_endpoint(struct flow *flow, unsigned side, bool timestamps, bool sack)
{
	const struct setting *setting = flow->setting;
	struct prng *prng = &flow->prng;
	struct endpoint *endpoint = &flow->endpoint[side];
	bool wrap = prng_chance(prng, setting->wrap);

	*endpoint = (struct endpoint){
		.flow = flow,
		.side = (uint8_t)side,
		.state = side == 0 ? SYN_SENT : LISTEN,
		.sack = sack,
		.wants_timestamps = timestamps,
		.tail_probe = prng_chance(prng, setting->tail_probe),
		.probe_with_byte = prng_chance(prng, 500000),
		.window_scale = (uint8_t)prng_between(prng, 6, 9),
		.tick_ns = draw_tick(prng, setting->ticks),
		.ip_id = (uint16_t)prng_next(prng),
		.una = 0,
		.written = 1,
		.window_edge = 1,
		.window = (uint32_t)prng_between(prng, 4, 10),
		.threshold = 400,
		.largest = 536,
		.quick_acks = (unsigned)prng_below(prng, setting->quick_acks + 1),
		.last_sent_ns = flow->simulation->now_ns,
	};
	endpoint->isn = (uint32_t)prng_next(prng);
	if (wrap)
		endpoint->isn = UINT32_MAX - (uint32_t)prng_below(prng, 100000);
	endpoint->timestamp_base = (uint32_t)prng_next(prng);
	if (wrap)
		endpoint->timestamp_base =
			-(uint32_t)(flow->simulation->now_ns / endpoint->tick_ns) -
			(uint32_t)prng_below(prng, 200);
	endpoint->delayed_ack_ns =
		prng_chance(prng, setting->slow_delayed_ack) ? 200 * MILLISECOND : 40 * MILLISECOND;
	endpoint->receive_buffer = setting->stalls > 0
					   ? (uint32_t)prng_between(prng, 12000, 60000)
					   : (uint32_t)prng_between(prng, 256 << 10, 4 << 20);
}

static void draw_endpoints(struct flow *flow)
{
	const struct setting *setting = flow->setting;
	struct prng *prng = &flow->prng;
	static const uint32_t other_mtus[] = {1280, 1400, 1420, 1492, 9000, 576};
	uint32_t mss;
	bool timestamps = prng_chance(prng, setting->timestamps);
	bool declined = prng_chance(prng, setting->timestamps_declined);
	bool sack = prng_chance(prng, setting->sack);

	flow->mtu = 1500;
	if (prng_chance(prng, setting->odd_mss))
		flow->mtu = other_mtus[prng_below(prng, flow->version6 ? 5 : 6)];
	mss = flow->mtu - (flow->version6 ? 60 : 40) - (timestamps && !declined ? 12 : 0);
	for (unsigned side = 0; side < 2; side++) {
		struct endpoint *endpoint = &flow->endpoint[side];

		draw_endpoint(flow, side, timestamps && !(side == 1 && declined), sack);
		endpoint->mss = mss;
		endpoint->super_segment = mss;
		if (prng_chance(prng, setting->send_offload))
			endpoint->super_segment =
				mss * (uint32_t)prng_between(prng, 2, MAX_SUPER_SEGMENT / mss);
	}
}

static void draw_application(struct flow *flow)
{
	const struct setting *setting = flow->setting;
	uint64_t total = 0, draw;

	for (unsigned app = 0; app < APPS; app++)
		total += setting->apps[app];
	draw = prng_below(&flow->prng, total);
	for (flow->app = 0; draw >= setting->apps[flow->app]; flow->app++)
		draw -= setting->apps[flow->app];
	flow->rounds = prng_between(&flow->prng, setting->rounds.low, setting->rounds.high);
}

static void name_ends(struct flow *flow)
{
	for (unsigned side = 0; side < 2; side++) {
		char text[INET6_ADDRSTRLEN];

		inet_ntop(flow->version6 ? AF_INET6 : AF_INET, flow->address[side], text,
			  sizeof text);
		snprintf(flow->name[side], sizeof flow->name[side], "%s,%u", text,
			 flow->port[side]);
	}
}

/* Ends: 10.x.y.z or fd00::x:y, a port of the flow's own, a few servers (on ports
 * that mean nothing to packet dissectors: the payload is zeros). With VLANs
 * two neighbours share addresses and ports and differ by the tag alone. */
static void draw_ends(struct flow *flow)
{
	const struct setting *setting = flow->setting;
	uint32_t number = (uint32_t)flow->number;
	static const uint16_t services[] = {7001, 7002, 7003, 7004, 7005, 7006};

	if (prng_chance(&flow->prng, setting->vlans)) {
		flow->vlan_count = (uint8_t)(1 + number / 2 % 2);
		flow->vlan[0] = (uint16_t)(10 + number % 2);
		flow->vlan[1] = 20;
	}
	if (setting->vlans == 1000000)
		number &= ~1u;
	flow->version6 = prng_chance(&flow->prng, setting->ipv6);
	for (unsigned side = 0; side < 2; side++) {
		uint8_t *address = flow->address[side];
		uint32_t host = side == 0 ? number / 20000 + number % 251 * 256 + 1
					  : 0x640000 + number % 97 + 1;

		address[0] = flow->version6 ? 0xfd : 10;
		address += flow->version6 ? 13 : 1;
		address[0] = (uint8_t)(host >> 16);
		address[1] = (uint8_t)(host >> 8);
		address[2] = (uint8_t)host;
	}
	flow->port[0] = (uint16_t)(32768 + number % 28000);
	flow->port[1] = services[number % 6];
}

void flow_new(struct simulation *simulation, const struct flow *predecessor)
{
	struct flow *flow = must_resize(NULL, 1, sizeof *flow);
	int64_t now_ns = simulation->now_ns;

	*flow = (struct flow){.simulation = simulation, .number = ++simulation->flows_started};
	flow->prng.state = prng_next(&simulation->prng);
	if (predecessor != NULL) {
		flow->reused = true;
		flow->setting = predecessor->setting;
		flow->version6 = predecessor->version6;
		flow->vlan_count = predecessor->vlan_count;
		memcpy(flow->vlan, predecessor->vlan, sizeof flow->vlan);
		memcpy(flow->address, predecessor->address, sizeof flow->address);
		memcpy(flow->port, predecessor->port, sizeof flow->port);
	} else {
		flow->setting = setting_of_flow(simulation->setting, prng_next(&flow->prng));
		draw_ends(flow);
	}
	name_ends(flow);
	draw_legs(flow);
	if (predecessor != NULL) { /* the hosts and the path stay where they are */
		memcpy(flow->leg, predecessor->leg, sizeof flow->leg);
		memcpy(flow->at_host, predecessor->at_host, sizeof flow->at_host);
	}
	draw_endpoints(flow);
	draw_application(flow);
	flow->capture_from_ns = now_ns;
	if (prng_chance(&flow->prng, flow->setting->mid_flow))
		flow->capture_from_ns += prng_between(&flow->prng, MILLISECOND, SECOND);
	flow->capture_direction[0] = flow->capture_direction[1] = true;
	if (prng_chance(&flow->prng, flow->setting->capture_one_way))
		flow->capture_direction[prng_below(&flow->prng, 2)] = false;
	flow->references = 1; /* ours, until it is under way */
	endpoint_connect(&flow->endpoint[0]);
	flow_release(flow);
}
