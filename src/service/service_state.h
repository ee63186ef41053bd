/*
 * A service at work: what its parts (service.c, round.c, change.c, report.c) share.
 *
 * One thread, the main one, does everything but to capture: it waits for signals, times,
 * name servers, Prometheus, and asks the probes, all of them at once in a *round*, for what
 * they have measured, whoever wants it.
 */
#ifndef SERVICE_SERVICE_STATE_H
#define SERVICE_SERVICE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/service_config.h"
#include "dns/resolver.h"
#include "export/datagram.h"
#include "export/http.h"
#include "export/statsd.h"
#include "pipeline/local_hosts.h"
#include "service/monitor.h"

/* How often a capture that is not there is tried again. */
#define SERVICE_RETRY_NS (INT64_C(10) * 1000000000)

/* Requests that wait for a round; the server has no more connections. */
#define SERVICE_MAX_SCRAPES 64

struct service_state {
	const struct options *given;   /* the command line */
	struct service_config *config; /* in force; NULL: none yet */
	struct local_hosts local;
	struct resolver *resolver;
	struct monitor **monitors; /* as many as the configuration has instances, in its order */
	size_t monitor_count;

	struct datagram *datagram; /* NULL: nothing is sent */
	struct statsd statsd;
	struct srtt srtt;            /* of all instances, if that is asked for */
	struct datagram_counts past; /* of sockets that are closed */
	uint64_t lost_before;        /* datagrams, at the last report; */
	bool losing;                 /* and whether it was told that some are */
	struct http *http;           /* NULL: nobody is answered */
	struct http_request *scrapes[SERVICE_MAX_SCRAPES];
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
