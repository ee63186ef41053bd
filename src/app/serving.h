/*
 * A service at work: what its parts (service.c, round.c, change.c, report.c) share.
 *
 * One thread, the main one, does everything but to capture: it waits for signals, times,
 * name servers, Prometheus, and asks the probes, all of them at once in a *round*, for what
 * they have measured, whoever wants it.
 */
#ifndef APP_SERVING_H
#define APP_SERVING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/local.h"
#include "app/probe.h"
#include "app/resolver.h"
#include "config/service.h"
#include "output/datagram.h"
#include "output/http.h"
#include "output/statsd.h"

/* How often a capture that is not there is tried again. */
#define SERVING_RETRY_NS (INT64_C(10) * 1000000000)

/* Requests that wait for a round; the server has no more connections. */
#define SERVING_MAX_SCRAPES 64

struct serving {
	const struct options *given; /* the command line */
	struct service *config;      /* in force; NULL: none yet */
	struct local local;
	struct resolver *resolver;
	struct probe **probes; /* as many as the configuration has instances, in its order */
	size_t probe_count;

	struct datagram *datagram; /* NULL: nothing is sent */
	struct statsd statsd;
	struct smooth smooth;        /* of all instances, if that is asked for */
	struct datagram_counts past; /* of sockets that are closed */
	uint64_t lost_before;        /* datagrams, at the last report; */
	bool losing;                 /* and whether it was told that some are */
	struct http *http;           /* NULL: nobody is answered */
	struct http_request *scrapes[SERVING_MAX_SCRAPES];
	size_t scrape_count;

	int signals;      /* a signalfd */
	int statsd_timer; /* when to report */
	int tick;         /* each second, or more often */

	bool asked;       /* a round is under way */
	bool stuck;       /* the last one went on without a capture that did not answer */
	int64_t asked_ns; /* since then, of CLOCK_MONOTONIC */
	int64_t taken_ns; /* when the last one was complete */
	bool report_due;  /* after it: to StatsD, */
	bool state_due;   /* to the log */
	bool stop;
	bool failed; /* something could not be done; it was complained of */

	uint64_t reloads;
	uint64_t reloads_failed;
	int64_t start_ns; /* since the epoch */
	int64_t alive_ns;
	int64_t forgot_ns;
};

#endif
