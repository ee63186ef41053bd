/*
 * Rounds of a service, and who waits for them: see round.h.
 */
#include "app/round.h"

#include <string.h>

#include "app/event.h"
#include "app/log.h"
#include "app/report.h"
#include "output/prometheus.h"

/* A capture thread that does not answer for so long is stuck. */
#define STUCK_NS (10 * SECOND_NS)

/* What was measured a moment ago is fresh enough for the next who asks. */
#define FRESH_NS (SECOND_NS / 5)

void round_begin(struct serving *serving)
{
	if (serving->asked)
		return;
	for (size_t i = 0; i < serving->probe_count; i++)
		probe_ask(serving->probes[i], local_set(&serving->local));
	serving->asked = true;
	serving->asked_ns = clock_ns(CLOCK_MONOTONIC);
}

static void answer_metrics(struct serving *serving, struct http_request *request)
{
	struct text text;

	text_init(&text);
	if (report_metrics(serving, &text) == 0) {
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
static void end_round(struct serving *serving)
{
	serving->asked = false;
	serving->taken_ns = clock_ns(CLOCK_MONOTONIC);
	if (serving->report_due)
		report_statsd(serving);
	if (serving->state_due)
		report_state(serving);
	serving->report_due = false;
	serving->state_due = false;
	for (size_t i = 0; i < serving->scrape_count; i++)
		answer_metrics(serving, serving->scrapes[i]);
	serving->scrape_count = 0;
}

static bool is_late(const struct serving *serving)
{
	return clock_ns(CLOCK_MONOTONIC) - serving->asked_ns > STUCK_NS;
}

void round_take(struct serving *serving)
{
	const struct probe *waiting = NULL;

	for (size_t i = 0; i < serving->probe_count; i++) {
		struct probe *probe = serving->probes[i];

		if (!probe_take(probe) && probe_is_live(probe))
			waiting = probe;
	}
	if (!serving->asked || (waiting && !is_late(serving)))
		return;
	if (waiting && !serving->stuck)
		log_line(LOG_LEVEL_CRITICAL, "%s: the capture thread does not answer",
			 probe_name(waiting));
	/* It may still use the addresses that were local before. */
	if (!waiting)
		local_settle(&serving->local);
	serving->stuck = waiting != NULL;
	end_round(serving);
}

static void answer_plain(struct http_request *request, unsigned status, const char *words)
{
	struct text text;

	text_init(&text);
	text_string(&text, words);
	http_answer(request, status, "text/plain; charset=utf-8", &text);
	text_done(&text);
}

bool round_is_stuck(const struct serving *serving)
{
	return serving->stuck || (serving->asked && is_late(serving));
}

void round_request(void *user, struct http_request *request, const char *path)
{
	struct serving *serving = user;
	bool fresh = serving->taken_ns && clock_ns(CLOCK_MONOTONIC) - serving->taken_ns < FRESH_NS;

	if (strcmp(path, "/healthz") == 0) {
		if (round_is_stuck(serving))
			answer_plain(request, 503, "a capture thread does not answer\n");
		else
			answer_plain(request, 200, "ok\n");
	} else if (strcmp(path, "/metrics") != 0) {
		answer_plain(request, 404, "here are /metrics and /healthz\n");
	} else if (fresh || serving->scrape_count == SERVING_MAX_SCRAPES) {
		answer_metrics(serving, request);
	} else {
		serving->scrapes[serving->scrape_count++] = request;
		round_begin(serving);
	}
}
