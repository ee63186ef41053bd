/*
 * Results and state of a service, told: see report.h.
 */
#include "app/report.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/event.h"
#include "app/log.h"
#include "output/prometheus.h"

/* ---- StatsD ---- */

static struct statsd_options statsd_options(struct serving *serving, const struct probe *probe)
{
	const struct service_options *settings = &serving->config->options.service;
	const struct instance *instance = probe->instance;

	return (struct statsd_options){
		.last = settings->statsd_last,
		.details = settings->statsd_details,
		.distributions = settings->statsd_distributions,
		.max_pairs = (size_t)settings->max_pairs,
		.both_sides = serving->config->options.both_sides,
		.smooth = settings->statsd_smooth ? &serving->smooth : NULL,
		.tags = (const char *const *)instance->tags,
		.tag_count = instance->tag_count,
		/* Groups of many interfaces bear the name of their own. */
		.interface = probe->options.by_interface ? NULL : instance->interface,
		.names = &probe->names,
	};
}

void report_probe(struct serving *serving, struct probe *probe)
{
	struct statsd_options options;

	if (serving->datagram && serving->config) {
		options = statsd_options(serving, probe);
		if (statsd_groups(&serving->statsd, &options, probe->interval) < 0)
			log_line(LOG_LEVEL_ERROR,
				 "%s: there is not enough memory for all of its metrics",
				 probe_name(probe));
		options.interface = probe->instance->interface;
		statsd_own(&serving->statsd, &options, "packets", probe->counters.frames, 'g');
		statsd_own(&serving->statsd, &options, "packets.dropped",
			   probe->facts.dropped + probe->facts.interface_dropped, 'g');
		statsd_own(&serving->statsd, &options, "flows", probe->counters.flows_now, 'g');
		statsd_own(&serving->statsd, &options, "flows.evicted",
			   probe->counters.flows_evicted, 'g');
	}
	probe_new_interval(probe);
}

void report_counts(struct serving *serving, struct datagram_counts *counts)
{
	struct datagram_counts now = {0};
	struct datagram_counts past = serving->past;

	if (serving->datagram)
		datagram_counts(serving->datagram, &now);
	*counts = (struct datagram_counts){
		.sent = past.sent + now.sent,
		.sent_points = past.sent_points + now.sent_points,
		.lost = past.lost + now.lost,
		.lost_points = past.lost_points + now.lost_points,
		.error = now.error ? now.error : past.error,
	};
}

void report_flush(struct serving *serving)
{
	if (serving->datagram)
		statsd_flush(&serving->statsd);
}

/* Totals since the start, as gauges: what is lost on the way says the next one again. */
static void send_own(struct serving *serving)
{
	const struct statsd_options options = {0};
	struct datagram_counts counts;

	report_counts(serving, &counts);
	statsd_own(&serving->statsd, &options, "statsd.datagrams_sent", counts.sent, 'g');
	statsd_own(&serving->statsd, &options, "statsd.datagrams_lost", counts.lost, 'g');
	statsd_own(&serving->statsd, &options, "statsd.points_sent", counts.sent_points, 'g');
	statsd_own(&serving->statsd, &options, "statsd.points_lost", counts.lost_points, 'g');
	statsd_own(&serving->statsd, &options, "config.reloads", serving->reloads, 'g');
	statsd_own(&serving->statsd, &options, "config.reloads_failed", serving->reloads_failed,
		   'g');
}

void report_losses(struct serving *serving)
{
	const struct service_options *settings = &serving->config->options.service;
	struct datagram_counts counts;
	bool losing;

	report_counts(serving, &counts);
	losing = counts.lost > serving->lost_before;
	if (losing && !serving->losing)
		log_line(LOG_LEVEL_WARNING,
			 "statsd at %s: datagrams are being lost (%s); capture goes on",
			 settings->statsd_ip, strerror(counts.error));
	if (!losing && serving->losing)
		log_line(LOG_LEVEL_INFO,
			 "statsd at %s: datagrams arrive again; so far %" PRIu64
			 " were lost, with %" PRIu64 " points",
			 settings->statsd_ip, counts.lost, counts.lost_points);
	serving->losing = losing;
	serving->lost_before = counts.lost;
}

void report_statsd(struct serving *serving)
{
	smooth_begin(&serving->smooth);
	for (size_t i = 0; i < serving->probe_count; i++)
		report_probe(serving, serving->probes[i]);
	if (!serving->datagram)
		return;
	report_losses(serving);
	send_own(serving);
	report_flush(serving);
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

int report_metrics(struct serving *serving, struct text *text)
{
	struct prometheus_point *points = calloc(serving->probe_count, sizeof(*points));
	struct datagram_counts counts;
	struct prometheus_facts facts = {
		.points = points,
		.count = serving->probe_count,
		/* The groups have that cap themselves: a pair that once was told apart stays so,
		 * or the sums of the others would run backwards. */
		.max_pairs = SIZE_MAX,
		.both_sides = serving->config->options.both_sides,
		.statsd = serving->datagram ? &counts : NULL,
		.reloads = serving->reloads,
		.reloads_failed = serving->reloads_failed,
		.start_ns = serving->start_ns,
		.resident_bytes = resident_bytes(),
		.cpu_seconds = cpu_seconds(),
		.open_fds = open_fds(),
	};
	int result;

	if (!points)
		return -ENOMEM;
	report_counts(serving, &counts);
	for (size_t i = 0; i < serving->probe_count; i++) {
		const struct probe *probe = serving->probes[i];

		points[i] = (struct prometheus_point){
			.interface = probe->instance->interface,
			.groups = probe->total,
			.facts = &probe->facts,
			.tags = (const char *const *)probe->instance->tags,
			.tag_count = probe->instance->tag_count,
			.names = &probe->names,
		};
	}
	result = prometheus_write(text, &facts);
	free(points);
	return result;
}

/* ---- the log ---- */

static const char *state_name(const struct probe *probe)
{
	static const char *const names[] = {
		[PROBE_CLOSED] = "not there",
		[PROBE_OPEN] = "open",
		[PROBE_RUNNING] = "captured",
		[PROBE_READ] = "read to its end",
	};

	return names[probe->state];
}

static void log_probe(const struct probe *probe)
{
	const struct tcpm_counters *counters = &probe->counters;
	uint64_t samples = 0;
	size_t pairs;

	for (unsigned i = 0; i < TCPM_METHODS; i++)
		for (unsigned j = 0; j < TCPM_CLASSES; j++)
			samples += counters->samples[i][j];
	groups_all(probe->interval, &pairs);
	log_always("%s: %s; %" PRIu64 " packets, %" PRIu64 " dropped by the kernel, %" PRIu64
		   " by the interface; %" PRIu64 " samples, %" PRIu64 " flows, %" PRIu64
		   " evicted; %zu pairs since the last report",
		   probe_name(probe), state_name(probe), counters->frames, probe->facts.dropped,
		   probe->facts.interface_dropped, samples, counters->flows_now,
		   counters->flows_evicted, pairs);
	log_always("%s: looks at %.500s", probe_name(probe),
		   probe->expression ? probe->expression : "everything");
}

static void log_failure(void *user, const char *name, const char *why)
{
	(void)user;
	log_always("the name %s: %s", name, why);
}

void report_state(struct serving *serving)
{
	struct datagram_counts counts;

	report_counts(serving, &counts);
	log_always("state: up for %" PRId64 " s, %" PRIu64 " MB resident, %" PRIu64
		   " reloads, %" PRIu64 " of them refused",
		   (clock_ns(CLOCK_REALTIME) - serving->start_ns) / SECOND_NS,
		   resident_bytes() / 1000000, serving->reloads + serving->reloads_failed,
		   serving->reloads_failed);
	for (size_t i = 0; i < serving->probe_count; i++)
		log_probe(serving->probes[i]);
	if (serving->datagram)
		log_always("statsd: %" PRIu64 " datagrams sent (%" PRIu64 " points), %" PRIu64
			   " lost (%" PRIu64 " points)",
			   counts.sent, counts.sent_points, counts.lost, counts.lost_points);
	resolver_failures(serving->resolver, log_failure, NULL);
}
