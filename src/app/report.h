/*
 * What a service tells: StatsD, Prometheus, the log.
 */
#ifndef APP_REPORT_H
#define APP_REPORT_H

#include "app/serving.h"

/* Sends what the probes have measured since the last report, and how we do ourselves. */
void report_statsd(struct serving *serving);

/* The same of one probe alone, which is about to go. */
void report_probe(struct serving *serving, struct probe *probe);

/* Sends what is still held back. */
void report_flush(struct serving *serving);

/* Logs when datagrams begin to be lost, and when that ends. There must be a socket, to the
 * agent that the configuration in force names. */
void report_losses(struct serving *serving);

/* Appends what Prometheus wants to know. 0 or -ENOMEM. */
int report_metrics(struct serving *serving, struct text *text);

/* Logs how things stand, a line each. */
void report_state(struct serving *serving);

/* Datagrams sent and lost since the start. */
void report_counts(struct serving *serving, struct datagram_counts *counts);

#endif
