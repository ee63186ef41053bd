/*
 * One instance of a service at work: its capture, and what it has measured.
 *
 * A probe outlives reloads of the configuration, as long as its capture stays the same, and
 * the loss of its interface. Its workers (app/workers.h) measure; what they hand over is
 * added to two sets of groups: those of the interval, for StatsD, and those since the start,
 * for Prometheus.
 */
#ifndef APP_PROBE_H
#define APP_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "app/interfaces.h"
#include "app/resolver.h"
#include "app/workers.h"
#include "config/service.h"
#include "output/output.h"
#include "stats/groups.h"

enum probe_state {
	PROBE_CLOSED, /* there is no capture (yet, or any longer) */
	PROBE_OPEN,   /* but no thread runs */
	PROBE_RUNNING,
	PROBE_READ, /* the capture file has been read, as far as that could be */
};

struct probe {
	enum probe_state state;
	const struct instance *instance; /* of the configuration in force */
	struct options options;          /* for this instance alone */
	const char *source[1];           /* the interface, or the file */
	const char *filter;              /* the user's; NULL: none */
	char *expression;                /* what it looks at; NULL: everything */
	const struct resolver *resolver;
	struct prefixes own_local; /* a file is of elsewhere: whose hosts are local in it */
	int64_t retry_ns;          /* when to try again, of CLOCK_MONOTONIC; PROBE_CLOSED */
	int64_t patient_ns; /* until then, names that are not known change nothing; 0: never */
	bool failed;        /* not all of a file could be read; it was complained of */

	struct interfaces interfaces;
	struct workers workers;
	struct groups *latest;   /* what was handed over last */
	struct groups *interval; /* since probe_new_interval */
	struct groups *total;    /* since the start; NULL: nobody asks */
	struct output_facts facts;
	struct tcpm_counters counters;
	struct output_facts past; /* of captures that are closed */
	struct tcpm_counters past_counters;
	struct output_settings names; /* for outputs */
};

/* What a probe of the instance must agree in to be taken over by it. */
bool probe_fits(const struct probe *probe, const struct service *service,
		const struct instance *instance);

/* Whether a probe has the tags of an instance; and its whitelist, too: of several that fit,
 * it is that instance's. */
bool probe_has_tags_of(const struct probe *probe, const struct instance *instance);
bool probe_is_of(const struct probe *probe, const struct instance *instance);

/* A closed one. service, instance and resolver outlive it, or are replaced by probe_adopt. 0
 * or a negative errno, *error filled. */
int probe_new(const struct service *service, const struct instance *instance,
	      const struct resolver *resolver, struct probe **probe, struct error *error);

/* Goes on for an instance that it fits. */
void probe_adopt(struct probe *probe, const struct service *service,
		 const struct instance *instance, const struct resolver *resolver);

/* Opens the capture, of an interface or of a regular file; local, which a file does not use,
 * outlives it or is replaced by a handover. 0, or as workers_open: it is closed. */
int probe_open(struct probe *probe, const struct prefixes *local, struct error *error);

/* Starts the threads. On error it is closed again. */
int probe_start(struct probe *probe, struct error *error);

/* Looks at what the whitelist holds now. Returns whether that is something new: 1; 0; or a
 * negative errno, *error filled, and what it looked at before stays. */
int probe_follow(struct probe *probe, struct error *error);

/* Asks for what was measured since it was last asked, if nothing is on its way already. */
void probe_ask(struct probe *probe, const struct prefixes *local);

/* See worker_set_local. */
void probe_set_local(struct probe *probe, const struct prefixes *local);

/* Takes what was asked for, if it is there. Returns whether nothing is on its way any more. */
bool probe_take(struct probe *probe);

/* Both at once: waits for a moment. Returns as probe_take. */
bool probe_ask_and_take(struct probe *probe, const struct prefixes *local);

/* Whether it is to be waited for: a file may take its time. */
bool probe_is_live(const struct probe *probe);

/* Has its workers end soon, */
void probe_stop(struct probe *probe);

/* Whether all have ended (or there are none). */
bool probe_ended(const struct probe *probe);

/* After that, or waiting for it: takes what is left, and closes the capture. */
void probe_close(struct probe *probe);

/* Forgets what was measured since the start, as when it goes on under other tags. */
void probe_new_total(struct probe *probe);

/* Forgets what the interval held. */
void probe_new_interval(struct probe *probe);

/* Forgets pairs without a sample since then (ns since the epoch) in those since the start. */
void probe_forget_before(struct probe *probe, int64_t time_ns);

/* How errors and outputs call it: the interface, or "file". */
const char *probe_name(const struct probe *probe);

/* Waits for its workers. NULL is fine. */
void probe_free(struct probe *probe);

#endif
