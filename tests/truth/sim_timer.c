/*
 * An endpoint's deadlines. The queue holds one event that counts for each
 * endpoint, at its earliest deadline; when a deadline moves closer a new event
 * is pushed, and the old one finds itself out of date.
 */
#include "sim.h"

enum { MAX_BACKOFF = 9 };

/* RFC 6298, with Linux's least of 200 ms and 1 s before the first measurement. */
int64_t endpoint_timeout(const struct endpoint *endpoint)
{
	int64_t variance_ns = 4 * endpoint->variance_ns;
	int64_t timeout_ns;

	if (variance_ns < 200 * MILLISECOND)
		variance_ns = 200 * MILLISECOND;
	timeout_ns = endpoint->smoothed_ns > 0 ? endpoint->smoothed_ns + variance_ns : SECOND;
	timeout_ns <<= endpoint->backoff;
	return timeout_ns < 120 * SECOND ? timeout_ns : 120 * SECOND;
}

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
	if (b_ns == 0)
		return a_ns;
	return a_ns == 0 || b_ns < a_ns ? b_ns : a_ns;
}

void endpoint_arm(struct endpoint *endpoint)
{
	struct flow *flow = endpoint->flow;
	int64_t next_ns = 0;

	if (flow->done)
		return;
	next_ns = earlier(next_ns, endpoint->resend_at);
	next_ns = earlier(next_ns, endpoint->tail_at);
	next_ns = earlier(next_ns, endpoint->persist_at);
	next_ns = earlier(next_ns, endpoint->delayed_at);
	next_ns = earlier(next_ns, endpoint->app_at);
	next_ns = earlier(next_ns, endpoint->read_at);
	next_ns = earlier(next_ns, endpoint->keep_alive_at);
	if (next_ns == 0 || (endpoint->wake_ns != 0 && endpoint->wake_ns <= next_ns))
		return;
	endpoint->wake_ns = next_ns;
	schedule(flow, next_ns, EVENT_WAKE, endpoint, endpoint->side);
}

/* Everything in flight and not sacked is taken for lost (RFC 5681 3.1, 6298 5). */
static void resend_timeout(struct endpoint *endpoint)
{
	uint32_t half = endpoint_in_flight(endpoint) / 2;

	endpoint->resend_at = endpoint->tail_at = 0;
	if (endpoint->count == 0)
		return;
	if (endpoint->backoff++ == MAX_BACKOFF) {
		endpoint_reset(endpoint);
		return;
	}
	endpoint->threshold = half > 2 ? half : 2;
	endpoint->window = 1;
	endpoint->recovering = true;
	endpoint->recover = endpoint->next;
	endpoint->duplicates = 0;
	for (size_t i = 0; i < endpoint->count; i++)
		endpoint_mark_lost(endpoint, endpoint_segment(endpoint, i));
	endpoint->resend_edge = endpoint->una;
	endpoint_output(endpoint);
}

/* Tail loss probe (RFC 8985 7.3): the last segment once more. */
static void tail_probe(struct endpoint *endpoint)
{
	struct segment *last;

	endpoint->tail_at = 0;
	if (endpoint->count == 0 || endpoint->recovering || endpoint->state != ESTABLISHED)
		return;
	last = endpoint_segment(endpoint, endpoint->count - 1);
	if (last->flags != 0)
		return;
	last->sent++;
	endpoint->probed = true;
	endpoint_emit(
		endpoint, last->start, last->end,
		(uint8_t)(ACK | PSH |
			  (endpoint->closing && last->end == endpoint->written + 1 ? FIN : 0)));
	endpoint->resend_at = endpoint->flow->simulation->now_ns + endpoint_timeout(endpoint);
}

/* The window is shut: ask (RFC 9293 3.8.6.1), as Linux does with a number that is
 * old news, or as others do with the next byte. */
static void persist(struct endpoint *endpoint)
{
	endpoint->persist_at = 0;
	if (endpoint->backoff++ == MAX_BACKOFF) {
		endpoint_reset(endpoint);
		return;
	}
	if (endpoint->probe_with_byte && endpoint->next < endpoint->written) {
		uint64_t edge = endpoint->window_edge;

		endpoint->window_edge = endpoint->next + 1;
		endpoint->backoff--;
		endpoint_output(endpoint);
		endpoint->window_edge = edge;
		return;
	}
	endpoint_emit(endpoint, endpoint->next - 1, endpoint->next - 1, ACK);
	endpoint->persist_at = endpoint->flow->simulation->now_ns + endpoint_timeout(endpoint);
}

static void keep_alive(struct endpoint *endpoint)
{
	endpoint->keep_alive_at = 0;
	if (endpoint->count == 0 && endpoint->state == ESTABLISHED && endpoint->next > 1) {
		/* half of the hosts send the last byte again, half nothing */
		uint64_t end = endpoint->next - (endpoint->probe_with_byte ? 0 : 1);

		if (!endpoint->closing)
			endpoint_emit(endpoint, endpoint->next - 1, end, ACK);
		if (endpoint->app_at != 0)
			endpoint->keep_alive_at = endpoint->flow->simulation->now_ns + SECOND;
	}
}

/* The application reads again; the peer hears of it when it matters. */
static void resume_reading(struct endpoint *endpoint)
{
	endpoint->read_at = 0;
	endpoint->stalled = false;
	if (endpoint->received + endpoint->receive_buffer >=
	    endpoint->offered_edge + 2 * (uint64_t)endpoint->mss)
		endpoint_acknowledge(endpoint);
	app_read(endpoint);
}

static bool due(const struct endpoint *endpoint, int64_t deadline_ns)
{
	return deadline_ns != 0 && deadline_ns <= endpoint->flow->simulation->now_ns &&
	       !endpoint->flow->done;
}

void endpoint_wake(struct endpoint *endpoint)
{
	if (endpoint->wake_ns != endpoint->flow->simulation->now_ns || endpoint->flow->done)
		return;
	endpoint->wake_ns = 0;
	if (due(endpoint, endpoint->read_at))
		resume_reading(endpoint);
	if (due(endpoint, endpoint->app_at)) {
		endpoint->app_at = 0;
		app_wake(endpoint);
	}
	if (due(endpoint, endpoint->delayed_at))
		endpoint_acknowledge(endpoint);
	if (due(endpoint, endpoint->tail_at))
		tail_probe(endpoint);
	if (due(endpoint, endpoint->resend_at))
		resend_timeout(endpoint);
	if (due(endpoint, endpoint->persist_at))
		persist(endpoint);
	if (due(endpoint, endpoint->keep_alive_at))
		keep_alive(endpoint);
	endpoint_arm(endpoint);
}
