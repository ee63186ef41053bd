/*
 * A round of a service: all captures are asked at once for what they have measured, and when
 * all have answered, all who wait for it are served: StatsD's timer, the log's state, and
 * requests of Prometheus.
 */
#ifndef APP_ROUND_H
#define APP_ROUND_H

#include <stdbool.h>

#include "app/serving.h"

/* Asks, unless a round is under way: then that one will do. What is to follow is noted in
 * serving->report_due and state_due. */
void round_begin(struct serving *serving);

/* Takes what has come. When all have answered, or a capture has not for too long (which must
 * not keep what the others have measured), serves who waits. */
void round_take(struct serving *serving);

/* Whether a capture thread does not answer. */
bool round_is_stuck(const struct serving *serving);

/* An http_handler of the serving: /metrics, after a round; /healthz. */
void round_request(void *user, struct http_request *request, const char *path);

#endif
