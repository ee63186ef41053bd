/*
 * What a service tells: StatsD, Prometheus, the log.
 */
#ifndef SERVICE_PUBLISH_H
#define SERVICE_PUBLISH_H

#include "service/service_state.h"

/* Sends what the probes have measured since the last report, and how we do ourselves. */
void publish_statsd(struct service_state *state);

/* The same of one probe alone, which is about to go. */
void publish_monitor(struct service_state *state, struct monitor *monitor);

/* Sends what is still held back. */
void publish_flush(struct service_state *state);

/* Logs when datagrams begin to be lost, and when that ends. There must be a socket, to the
 * agent that the configuration in force names. */
void publish_losses(struct service_state *state);

/* Appends what Prometheus wants to know. 0 or -ENOMEM. */
int publish_metrics(struct service_state *state, struct text *text);

/* Logs how things stand, a line each. */
void publish_state(struct service_state *state);

/* Datagrams sent and lost since the start. */
void publish_counts(struct service_state *state, struct datagram_counts *counts);

#endif
