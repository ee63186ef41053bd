/*
 * One instance of a service at work: its capture, and what it has measured.
 *
 * A probe outlives reloads of the configuration, as long as its capture stays the same, and
 * the loss of its interface. Its workers (pipeline/workers.h) measure; what they hand over is
 * added to two sets of groups: those of the interval, for StatsD, and those since the start,
 * for Prometheus.
 */
#ifndef SERVICE_MONITOR_H
#define SERVICE_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "config/service_config.h"
#include "dns/resolver.h"
#include "pipeline/interface_names.h"
#include "pipeline/workers.h"
#include "stats/endpoint.h"
#include "stats/groups.h"

enum monitor_state {
	MONITOR_CLOSED, /* there is no capture (yet, or any longer) */
	MONITOR_OPEN,   /* but no thread runs */
	MONITOR_RUNNING,
	MONITOR_READ, /* the capture file has been read, as far as that could be */
};

struct monitor {
	enum monitor_state state;
	const struct instance *instance; /* of the configuration in force */
	struct options options;          /* for this instance alone */
	const char *source[1];           /* the interface, or the file */
	const char *filter;              /* the user's; NULL: none */
	char *expression;                /* what it looks at; NULL: everything */
	const struct resolver *resolver;
	struct prefix_set own_local; /* a file is of elsewhere: whose hosts are local in it */
	int64_t retry_ns;            /* when to try again, of CLOCK_MONOTONIC; MONITOR_CLOSED */
	int64_t patient_ns; /* until then, names that are not known change nothing; 0: never */
	bool failed;        /* not all of a file could be read; it was complained of */

	struct interface_names interfaces;
	struct workers workers;
	struct groups *latest;   /* what was handed over last */
	struct groups *interval; /* since monitor_new_interval */
	struct groups *total;    /* since the start; NULL: nobody asks */
	struct run_totals facts;
	struct tcpm_counters counters;
	struct run_totals past; /* of captures that are closed */
	struct tcpm_counters past_counters;
	struct endpoint_names names; /* for outputs */
};

/* What a probe of the instance must agree in to be taken over by it. */
bool monitor_fits(const struct monitor *monitor, const struct service_config *service,
		  const struct instance *instance);

/* Whether a probe has the tags of an instance; and its whitelist, too: of several that fit,
 * it is that instance's. */
bool monitor_has_tags_of(const struct monitor *monitor, const struct instance *instance);
bool monitor_is_of(const struct monitor *monitor, const struct instance *instance);

/* A closed one. service, instance and resolver outlive it, or are replaced by monitor_adopt. 0
 * or a negative errno, *error filled. */
int monitor_new(const struct service_config *service, const struct instance *instance,
		const struct resolver *resolver, struct monitor **monitor, struct error *error);

/* Goes on for an instance that it fits. */
void monitor_adopt(struct monitor *monitor, const struct service_config *service,
		   const struct instance *instance, const struct resolver *resolver);

/* Opens the capture, of an interface or of a regular file; local, which a file does not use,
 * outlives it or is replaced by a handover. 0, or as workers_open: it is closed. */
int monitor_open(struct monitor *monitor, const struct prefix_set *local, struct error *error);

/* Starts the threads. On error it is closed again. */
int monitor_start(struct monitor *monitor, struct error *error);

/* Looks at what the whitelist holds now. Returns whether that is something new: 1; 0; or a
 * negative errno, *error filled, and what it looked at before stays. */
int monitor_follow(struct monitor *monitor, struct error *error);

/* Asks for what was measured since it was last asked, if nothing is on its way already. */
void monitor_ask(struct monitor *monitor, const struct prefix_set *local);

/* See worker_set_local. */
void monitor_set_local(struct monitor *monitor, const struct prefix_set *local);

/* Takes what was asked for, if it is there. Returns whether nothing is on its way any more. */
bool monitor_take(struct monitor *monitor);

/* Both at once: waits for a moment. Returns as monitor_take. */
bool monitor_ask_and_take(struct monitor *monitor, const struct prefix_set *local);

/* Whether it is to be waited for: a file may take its time. */
bool monitor_is_live(const struct monitor *monitor);

/* Has its workers end soon, */
void monitor_stop(struct monitor *monitor);

/* Whether all have ended (or there are none). */
bool monitor_ended(const struct monitor *monitor);

/* After that, or waiting for it: takes what is left, and closes the capture. */
void monitor_close(struct monitor *monitor);

/* Forgets what was measured since the start, as when it goes on under other tags. */
void monitor_new_total(struct monitor *monitor);

/* Forgets what the interval held. */
void monitor_new_interval(struct monitor *monitor);

/* Forgets pairs without a sample since then (ns since the epoch) in those since the start. */
void monitor_forget_before(struct monitor *monitor, int64_t time_ns);

/* How errors and outputs call it: the interface, or "file". */
const char *monitor_name(const struct monitor *monitor);

/* Waits for its workers. NULL is fine. */
void monitor_free(struct monitor *monitor);

#endif
