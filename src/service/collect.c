/*
 * Rounds of a service, and who waits for them: see round.h.
 */
#include "service/collect.h"

#include <string.h>

#include "export/prometheus.h"
#include "service/publish.h"
#include "system/event_fd.h"
#include "system/log.h"

/* A capture thread that does not answer for so long is stuck. */
#define STUCK_NS (10 * SECOND_NS)

/* What was measured a moment ago is fresh enough for the next who asks. */
#define FRESH_NS (SECOND_NS / 5)

void collect_begin(struct service_state *state)
{
	if (state->asked)
		return;
	for (size_t i = 0; i < state->monitor_count; i++)
		monitor_ask(state->monitors[i], local_hosts_current(&state->local));
	state->asked = true;
	state->asked_ns = clock_ns(CLOCK_MONOTONIC);
}

static void answer_metrics(struct service_state *state, struct http_request *request)
{
	struct text text;

	text_init(&text);
	if (publish_metrics(state, &text) == 0) {
		http_answer(request, 200, prometheus_content_type, &text);
	} else {
		text_done(&text);
		text_init(&text);
		text_string(&text, "out of memory\n");
		http_answer(request, 503, "text/plain; charset=utf-8", &text);
	}
	text_done(&text);
}

/* All that waited for the round. */
static void end_round(struct service_state *state)
{
	state->asked = false;
	state->taken_ns = clock_ns(CLOCK_MONOTONIC);
	if (state->report_due)
		publish_statsd(state);
	if (state->state_due)
		publish_state(state);
	state->report_due = false;
	state->state_due = false;
	for (size_t i = 0; i < state->scrape_count; i++)
		answer_metrics(state, state->scrapes[i]);
	state->scrape_count = 0;
}

static bool is_late(const struct service_state *state)
{
	return clock_ns(CLOCK_MONOTONIC) - state->asked_ns > STUCK_NS;
}

void collect_take(struct service_state *state)
{
	const struct monitor *waiting = NULL;

	for (size_t i = 0; i < state->monitor_count; i++) {
		struct monitor *monitor = state->monitors[i];

		if (!monitor_take(monitor) && monitor_is_live(monitor))
			waiting = monitor;
	}
	if (!state->asked || (waiting && !is_late(state)))
		return;
	if (waiting && !state->stuck)
		log_line(LOG_LEVEL_CRITICAL, "%s: the capture thread does not respond",
			 monitor_name(waiting));
	/* It may still use the addresses that were local before. */
	if (!waiting)
		local_hosts_settle(&state->local);
	state->stuck = waiting != NULL;
	end_round(state);
}

static void answer_plain(struct http_request *request, unsigned status, const char *words)
{
	struct text text;

	text_init(&text);
	text_string(&text, words);
	http_answer(request, status, "text/plain; charset=utf-8", &text);
	text_done(&text);
}

bool collect_is_stuck(const struct service_state *state)
{
	return state->stuck || (state->asked && is_late(state));
}

void collect_request(void *user, struct http_request *request, const char *path)
{
	struct service_state *state = user;
	bool fresh = state->taken_ns && clock_ns(CLOCK_MONOTONIC) - state->taken_ns < FRESH_NS;

	if (strcmp(path, "/healthz") == 0) {
		if (collect_is_stuck(state))
			answer_plain(request, 503, "a capture thread does not respond\n");
		else
			answer_plain(request, 200, "ok\n");
	} else if (strcmp(path, "/metrics") != 0) {
		answer_plain(request, 404, "Available paths: /metrics and /healthz\n");
	} else if (fresh || state->scrape_count == SERVICE_MAX_SCRAPES) {
		answer_metrics(state, request);
	} else {
		state->scrapes[state->scrape_count++] = request;
		collect_begin(state);
	}
}
