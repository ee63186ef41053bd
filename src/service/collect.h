/*
 * A round of a service: all captures are asked at once for what they have measured, and when
 * all have answered, all who wait for it are served: StatsD's timer, the log's state, and
 * requests of Prometheus.
 */
#ifndef SERVICE_COLLECT_H
#define SERVICE_COLLECT_H

#include <stdbool.h>

#include "service/service_state.h"

/* Asks, unless a round is under way: then that one will do. What is to follow is noted in
 * serving->report_due and state_due. */
void collect_begin(struct service_state *state);

/* Takes what has come. When all have answered, or a capture has not for too long (which must
 * not keep what the others have measured), serves who waits. */
void collect_take(struct service_state *state);

/* Whether a capture thread does not answer. */
bool collect_is_stuck(const struct service_state *state);

/* An http_handler of the serving: /metrics, after a round; /healthz. */
void collect_request(void *user, struct http_request *request, const char *path);

#endif
