/*
 * Results and state of a service, told: see report.h.
 */
#include "service/publish.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "export/prometheus.h"
#include "system/event_fd.h"
#include "system/log.h"

/* ---- StatsD ---- */

static struct statsd_options statsd_options(struct service_state *state,
					    const struct monitor *monitor)
{
	const struct service_options *settings = &state->config->options.service;
	const struct instance *instance = monitor->instance;

	return (struct statsd_options){
		.last = settings->statsd_last,
		.details = settings->statsd_details,
		.distributions = settings->statsd_distributions,
		.max_pairs = (size_t)settings->max_pairs,
		.both_sides = state->config->options.both_sides,
		.srtt = settings->statsd_smooth ? &state->srtt : NULL,
		.tags = (const char *const *)instance->tags,
		.tag_count = instance->tag_count,
		/* Groups of many interfaces bear the name of their own. */
		.interface = monitor->options.by_interface ? NULL : instance->interface,
		.names = &monitor->names,
	};
}

void publish_monitor(struct service_state *state, struct monitor *monitor)
{
	struct statsd_options options;

	if (state->datagram && state->config) {
		options = statsd_options(state, monitor);
		if (statsd_groups(&state->statsd, &options, monitor->interval) < 0)
			log_line(LOG_LEVEL_ERROR, "%s: not enough memory for all of its metrics",
				 monitor_name(monitor));
		options.interface = monitor->instance->interface;
		statsd_own(&state->statsd, &options, "packets", monitor->counters.frames, 'g');
		statsd_own(&state->statsd, &options, "packets.dropped",
			   monitor->facts.dropped + monitor->facts.interface_dropped, 'g');
		statsd_own(&state->statsd, &options, "flows", monitor->counters.flows_now, 'g');
		statsd_own(&state->statsd, &options, "flows.evicted",
			   monitor->counters.flows_evicted, 'g');
	}
	monitor_new_interval(monitor);
}

void publish_counts(struct service_state *state, struct datagram_counts *counts)
{
	struct datagram_counts now = {0};
	struct datagram_counts past = state->past;

	if (state->datagram)
		datagram_counts(state->datagram, &now);
	*counts = (struct datagram_counts){
		.sent = past.sent + now.sent,
		.sent_points = past.sent_points + now.sent_points,
		.lost = past.lost + now.lost,
		.lost_points = past.lost_points + now.lost_points,
		.error = now.error ? now.error : past.error,
	};
}

void publish_flush(struct service_state *state)
{
	if (state->datagram)
		statsd_flush(&state->statsd);
}

/* Totals since the start, as gauges: what is lost on the way says the next one again. */
static void send_own(struct service_state *state)
{
	const struct statsd_options options = {0};
	struct datagram_counts counts;

	publish_counts(state, &counts);
	statsd_own(&state->statsd, &options, "statsd.datagrams_sent", counts.sent, 'g');
	statsd_own(&state->statsd, &options, "statsd.datagrams_lost", counts.lost, 'g');
	statsd_own(&state->statsd, &options, "statsd.points_sent", counts.sent_points, 'g');
	statsd_own(&state->statsd, &options, "statsd.points_lost", counts.lost_points, 'g');
	statsd_own(&state->statsd, &options, "config.reloads", state->reloads, 'g');
	statsd_own(&state->statsd, &options, "config.reloads_failed", state->reloads_failed, 'g');
}

void publish_losses(struct service_state *state)
{
	const struct service_options *settings = &state->config->options.service;
	struct datagram_counts counts;
	bool losing;

	publish_counts(state, &counts);
	losing = counts.lost > state->lost_before;
	if (losing && !state->losing)
		log_line(LOG_LEVEL_WARNING,
			 "statsd at %s: datagrams are being lost (%s); capture continues",
			 settings->statsd_ip, strerror(counts.error));
	if (!losing && state->losing)
		log_line(LOG_LEVEL_INFO,
			 "statsd at %s: datagrams arrive again; so far %" PRIu64
			 " were lost, with %" PRIu64 " points",
			 settings->statsd_ip, counts.lost, counts.lost_points);
	state->losing = losing;
	state->lost_before = counts.lost;
}

void publish_statsd(struct service_state *state)
{
	srtt_begin(&state->srtt);
	for (size_t i = 0; i < state->monitor_count; i++)
		publish_monitor(state, state->monitors[i]);
	if (!state->datagram)
		return;
	publish_losses(state);
	send_own(state);
	publish_flush(state);
}

/* ---- Prometheus ---- */

static uint64_t resident_bytes(void)
{
	unsigned long long all;
	unsigned long long resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return 0;
	if (fscanf(file, "%llu %llu", &all, &resident) != 2)
		resident = 0;
	fclose(file);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t open_fds(void)
{
	DIR *directory = opendir("/proc/self/fd");
	uint64_t count = 0;

	if (!directory)
		return 0;
	while (readdir(directory))
		count++;
	closedir(directory);
	return count > 3 ? count - 3 : 0; /* ".", "..", and the one that reads them */
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int publish_metrics(struct service_state *state, struct text *text)
{
	struct prometheus_point *points = calloc(state->monitor_count, sizeof(*points));
	struct datagram_counts counts;
	struct prometheus_facts facts = {
		.points = points,
		.count = state->monitor_count,
		/* The groups have that cap themselves: a pair that once was told apart stays so,
		 * or the sums of the others would run backwards. */
		.max_pairs = SIZE_MAX,
		.both_sides = state->config->options.both_sides,
		.statsd = state->datagram ? &counts : NULL,
		.reloads = state->reloads,
		.reloads_failed = state->reloads_failed,
		.start_ns = state->start_ns,
		.resident_bytes = resident_bytes(),
		.cpu_seconds = cpu_seconds(),
		.open_fds = open_fds(),
	};
	int result;

	if (!points)
		return -ENOMEM;
	publish_counts(state, &counts);
	for (size_t i = 0; i < state->monitor_count; i++) {
		const struct monitor *monitor = state->monitors[i];

		points[i] = (struct prometheus_point){
			.interface = monitor->instance->interface,
			.groups = monitor->total,
			.facts = &monitor->facts,
			.tags = (const char *const *)monitor->instance->tags,
			.tag_count = monitor->instance->tag_count,
			.names = &monitor->names,
		};
	}
	result = prometheus_write(text, &facts);
	free(points);
	return result;
}

/* ---- the log ---- */

static const char *state_name(const struct monitor *monitor)
{
	static const char *const names[] = {
		[MONITOR_CLOSED] = "not available",
		[MONITOR_OPEN] = "open",
		[MONITOR_RUNNING] = "captured",
		[MONITOR_READ] = "read to its end",
	};

	return names[monitor->state];
}

static void log_probe(const struct monitor *monitor)
{
	const struct tcpm_counters *counters = &monitor->counters;
	uint64_t samples = 0;
	size_t pairs;

	for (unsigned i = 0; i < TCPM_METHODS; i++)
		for (unsigned j = 0; j < TCPM_CLASSES; j++)
			samples += counters->samples[i][j];
	groups_all(monitor->interval, &pairs);
	log_always("%s: %s; %" PRIu64 " packets, %" PRIu64 " dropped by the kernel, %" PRIu64
		   " by the interface; %" PRIu64 " samples, %" PRIu64 " flows, %" PRIu64
		   " evicted; %zu pairs since the last report",
		   monitor_name(monitor), state_name(monitor), counters->frames,
		   monitor->facts.dropped, monitor->facts.interface_dropped, samples,
		   counters->flows_now, counters->flows_evicted, pairs);
	log_always("%s: measures %.500s", monitor_name(monitor),
		   monitor->expression ? monitor->expression : "everything");
}

static void log_failure(void *user, const char *name, const char *why)
{
	(void)user;
	log_always("name %s: %s", name, why);
}

void publish_state(struct service_state *state)
{
	struct datagram_counts counts;

	publish_counts(state, &counts);
	log_always("state: up for %" PRId64 " s, %" PRIu64 " MB resident, %" PRIu64
		   " reloads, %" PRIu64 " of them failed",
		   (clock_ns(CLOCK_REALTIME) - state->start_ns) / SECOND_NS,
		   resident_bytes() / 1000000, state->reloads + state->reloads_failed,
		   state->reloads_failed);
	for (size_t i = 0; i < state->monitor_count; i++)
		log_probe(state->monitors[i]);
	if (state->datagram)
		log_always("statsd: %" PRIu64 " datagrams sent (%" PRIu64 " points), %" PRIu64
			   " lost (%" PRIu64 " points)",
			   counts.sent, counts.sent_points, counts.lost, counts.lost_points);
	resolver_failures(state->resolver, log_failure, NULL);
}
