/*
 * The applications: bulk one way, request and answer, many small writes (as a
 * terminal session), bulk both ways; readers that stop for a while; the end by
 * FIN or RST.
 */
#include "sim.h"

/* Mean time between two writes of a terminal session. */
#define TYPING_NS (120 * MILLISECOND)

static int64_t think(struct flow *flow)
{
	return prng_skewed(&flow->prng, flow->setting->think_us * MICROSECOND) + 5 * MICROSECOND;
}

static void wake_later(struct endpoint *endpoint, int64_t delay_ns)
{
	endpoint->app_at = endpoint->flow->simulation->now_ns + delay_ns;
	if (endpoint->side == 0 &&
	    prng_chance(&endpoint->flow->prng, endpoint->flow->setting->keep_alives))
		endpoint->keep_alive_at = endpoint->flow->simulation->now_ns + SECOND / 2;
	endpoint_arm(endpoint);
}

static uint64_t bulk_size(struct flow *flow)
{
	const struct range64 *size = &flow->setting->bulk_bytes;

	return (uint64_t)(size->low + prng_skewed(&flow->prng, (size->high - size->low) / 3));
}

static void finish(struct endpoint *endpoint)
{
	if (prng_chance(&endpoint->flow->prng, endpoint->flow->setting->resets))
		endpoint_reset(endpoint);
	else
		endpoint_close(endpoint);
}

/* One write may be large: it goes out as the windows allow. */
static void write_and_close(struct endpoint *endpoint)
{
	endpoint->written += bulk_size(endpoint->flow);
	endpoint_close(endpoint);
}

void app_established(struct endpoint *endpoint)
{
	struct flow *flow = endpoint->flow;
	int64_t first_ns = prng_between(&flow->prng, 0, 200 * MICROSECOND);

	flow->expected[endpoint->side] = UINT64_MAX;
	switch (flow->app) {
	case APP_BULK: /* rounds tells which side sends */
		if (endpoint->side == (flow->rounds & 1))
			wake_later(endpoint, first_ns);
		break;
	case APP_BOTH_WAYS:
		wake_later(endpoint, first_ns);
		break;
	default:
		if (endpoint->side == 0)
			wake_later(endpoint, first_ns);
		else
			flow->expected[1] = endpoint->received + 1;
		break;
	}
}

static void next_request(struct endpoint *client)
{
	struct flow *flow = client->flow;
	struct endpoint *server = &flow->endpoint[1];
	uint64_t bytes = (uint64_t)prng_between(&flow->prng, 40, 1200);

	if (flow->rounds-- <= 0) {
		finish(client);
		return;
	}
	if (prng_chance(&flow->prng, 100000)) /* an upload now and then */
		bytes += (uint64_t)prng_between(&flow->prng, 2000, 30000);
	flow->expected[1] = client->written + bytes;
	flow->expected[0] = UINT64_MAX;
	(void)server;
	endpoint_write(client, bytes);
}

static void answer(struct endpoint *server)
{
	struct flow *flow = server->flow;
	const struct range64 *size = &flow->setting->answer_bytes;
	uint64_t bytes =
		(uint64_t)(size->low + prng_skewed(&flow->prng, (size->high - size->low) / 3));

	flow->expected[1] = UINT64_MAX;
	flow->expected[0] = server->written + bytes;
	endpoint_write(server, bytes);
}

/* Terminal: the client types, the server echoes most of it, at times with a
 * screenful. */
static void type(struct endpoint *client)
{
	struct flow *flow = client->flow;

	if (flow->rounds-- <= 0) {
		finish(client);
		return;
	}
	endpoint_write(client, (uint64_t)prng_between(&flow->prng, 1, 100));
	if (!flow->done)
		wake_later(client, prng_chance(&flow->prng, 200000)
					   ? prng_between(&flow->prng, 0, 2 * MILLISECOND)
					   : prng_skewed(&flow->prng, TYPING_NS));
}

static void echo(struct endpoint *server)
{
	struct flow *flow = server->flow;
	uint64_t bytes = (uint64_t)prng_between(&flow->prng, 1, 200);

	if (prng_chance(&flow->prng, 50000))
		bytes += (uint64_t)prng_between(&flow->prng, 1000, 9000);
	endpoint_write(server, bytes);
}

void app_wake(struct endpoint *endpoint)
{
	switch (endpoint->flow->app) {
	case APP_BULK:
	case APP_BOTH_WAYS:
		write_and_close(endpoint);
		break;
	case APP_REQUESTS:
		if (endpoint->side == 0)
			next_request(endpoint);
		else
			answer(endpoint);
		break;
	default:
		if (endpoint->side == 0)
			type(endpoint);
		else
			echo(endpoint);
		break;
	}
}

/* Readers of some flows stop now and then, so the window closes. */
static void maybe_stall(struct endpoint *endpoint)
{
	struct flow *flow = endpoint->flow;

	if (flow->setting->stalls == 0 || endpoint->stalled || endpoint->finished)
		return;
	if (!prng_chance(&flow->prng, flow->setting->stalls))
		return;
	endpoint->stalled = true;
	endpoint->read_at =
		flow->simulation->now_ns + prng_between(&flow->prng, 50 * MILLISECOND, 3 * SECOND);
	endpoint_arm(endpoint);
}

void app_read(struct endpoint *endpoint)
{
	struct flow *flow = endpoint->flow;

	if (flow->done || endpoint->state != ESTABLISHED)
		return;
	if (!endpoint->stalled)
		endpoint->read = endpoint->received;
	if (endpoint->finished) { /* the peer is through: so are we */
		if (flow->app != APP_BOTH_WAYS)
			endpoint_close(endpoint);
	} else if (endpoint->read >= flow->expected[endpoint->side]) {
		flow->expected[endpoint->side] = UINT64_MAX;
		if (flow->app == APP_SMALL_WRITES) {
			if (prng_chance(&flow->prng, 800000))
				wake_later(endpoint, prng_skewed(&flow->prng, 8 * MILLISECOND));
			flow->expected[1] = endpoint->received + 1;
		} else {
			wake_later(endpoint, think(flow));
		}
	}
	maybe_stall(endpoint);
}
