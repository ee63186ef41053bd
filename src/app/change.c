/*
 * From one configuration to another: see change.h.
 */
#include "app/change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/complain.h"
#include "app/event.h"
#include "app/log.h"
#include "app/report.h"
#include "app/whitelist.h"

/* At the start, for how long names are waited for before the captures are opened. */
#define FIRST_NAMES_NS (2 * SECOND_NS)

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* ---- names ---- */

static bool same_nameservers(const struct service_options *a, const struct service_options *b)
{
	if (a->nameserver_count != b->nameserver_count)
		return false;
	for (size_t i = 0; i < a->nameserver_count; i++)
		if (!same_text(a->nameservers[i], b->nameservers[i]))
			return false;
	return true;
}

/* What a resolver is to know. */
struct wanted {
	const char **names;
	size_t name_count;
	struct tcpm_address *addresses;
	size_t address_count;
};

static void count_wanted(struct wanted *wanted, const struct service *service)
{
	for (size_t i = 0; service && i < service->instance_count; i++) {
		wanted->name_count += service->instances[i].host_count;
		wanted->address_count += service->instances[i].ip_count;
	}
}

static void add_instance(struct wanted *wanted, const struct instance *instance, bool reverse)
{
	for (size_t i = 0; i < instance->host_count; i++)
		wanted->names[wanted->name_count++] = instance->hosts[i];
	for (size_t i = 0; reverse && i < instance->ip_count; i++) {
		struct prefix prefix;

		if (prefix_parse(instance->ips[i], &prefix) == 0 &&
		    prefix.bits == (prefix.address.version == 4 ? 32 : 128))
			wanted->addresses[wanted->address_count++] = prefix.address;
	}
}

static void add_service(struct wanted *wanted, const struct service *service)
{
	for (size_t i = 0; service && i < service->instance_count; i++)
		add_instance(wanted, &service->instances[i],
			     service->options.service.reverse_lookup);
}

/* Has the resolver know what two configurations (either may be NULL) want. */
static int want(struct resolver *resolver, const struct service *first,
		const struct service *second)
{
	struct wanted wanted = {0};
	int result = -ENOMEM;

	count_wanted(&wanted, first);
	count_wanted(&wanted, second);
	wanted.names = calloc(wanted.name_count + 1, sizeof(*wanted.names));
	wanted.addresses = calloc(wanted.address_count + 1, sizeof(*wanted.addresses));
	wanted.name_count = wanted.address_count = 0;
	if (wanted.names && wanted.addresses) {
		add_service(&wanted, first);
		add_service(&wanted, second);
		result = resolver_want(resolver, wanted.names, wanted.name_count, wanted.addresses,
				       wanted.address_count);
	}
	free(wanted.names);
	free(wanted.addresses);
	return result;
}

static bool all_known(const struct resolver *resolver, const struct service *service)
{
	for (size_t i = 0; i < service->instance_count; i++) {
		const struct instance *instance = &service->instances[i];

		for (size_t j = 0; j < instance->host_count; j++) {
			size_t count;

			resolver_addresses(resolver, instance->hosts[j], &count);
			if (count == 0)
				return false;
		}
	}
	return true;
}

/* Captures had better begin with the filter that they are to have. */
static void wait_for_names(struct resolver *resolver, const struct service *service)
{
	int64_t end_ns = clock_ns(CLOCK_MONOTONIC) + FIRST_NAMES_NS;

	resolver_run(resolver, NULL, 0);
	while (!all_known(resolver, service)) {
		struct pollfd polled[RESOLVER_MAX_FDS];
		int timeout_ms = (int)((end_ns - clock_ns(CLOCK_MONOTONIC)) / 1000000);
		size_t count;

		if (timeout_ms <= 0)
			break;
		count = resolver_poll(resolver, polled, &timeout_ms);
		if (poll(polled, count, timeout_ms) < 0)
			break;
		resolver_run(resolver, polled, count);
	}
}

static int prepare_names(struct change *change, struct serving *serving, struct error *error)
{
	const struct service_options *settings = &change->config->options.service;
	bool kept =
		serving->config && same_nameservers(settings, &serving->config->options.service);
	int result = 0;

	change->resolver = serving->resolver;
	if (!kept)
		result = resolver_new(settings->nameservers, settings->nameserver_count,
				      &change->resolver, error);
	if (result < 0) {
		change->resolver = serving->resolver;
		return result;
	}
	result = want(change->resolver, change->config, kept ? serving->config : NULL);
	if (result < 0)
		return error_set(error, -result, "names cannot be looked up: %s",
				 result == -E2BIG ? "there are too many in the whitelists"
						  : strerror(-result));
	if (!kept)
		wait_for_names(change->resolver, change->config);
	return 0;
}

/* ---- outputs ---- */

static int prepare_statsd(struct change *change, struct serving *serving, struct error *error)
{
	const struct service_options *settings = &change->config->options.service;
	const struct service_options *before =
		serving->config ? &serving->config->options.service : NULL;
	int result;

	if (!settings->statsd)
		return 0;
	if (before && before->statsd && before->statsd_port == settings->statsd_port &&
	    same_text(before->statsd_ip, settings->statsd_ip)) {
		change->datagram = serving->datagram;
		return 0;
	}
	result = datagram_open(settings->statsd_ip, (uint16_t)settings->statsd_port,
			       &change->datagram, error);
	if (!result)
		datagram_spread(change->datagram);
	return result;
}

static int prepare_http(struct change *change, struct serving *serving, http_handler *handler,
			struct error *error)
{
	const struct service_options *settings = &change->config->options.service;
	const struct service_options *before =
		serving->config ? &serving->config->options.service : NULL;

	if (!settings->prometheus_port)
		return 0;
	if (before && before->prometheus_port == settings->prometheus_port &&
	    same_text(before->prometheus_ip, settings->prometheus_ip)) {
		change->http = serving->http;
		return 0;
	}
	return http_open(settings->prometheus_ip, (uint16_t)settings->prometheus_port, handler,
			 serving, &change->http, error);
}

/* Last of all, for it takes effect at once. */
static int prepare_log(const struct change *change, struct error *error)
{
	const struct service_options *settings = &change->config->options.service;
	const struct log_settings log = {
		.level = (enum log_level)settings->log_level,
		.file = settings->log_to_file ? settings->log_file : NULL,
		.local_time = settings->log_local_time,
	};

	return log_open(&log, error);
}

/* ---- captures ---- */

/* One of those at work that fits and that nobody has taken yet; NULL: none. */
static struct probe *find_fitting(const struct change *change, const struct serving *serving,
				  const struct instance *instance)
{
	for (size_t i = 0; i < serving->probe_count; i++) {
		struct probe *probe = serving->probes[i];
		bool taken = false;

		for (size_t j = 0; j < change->probe_count; j++)
			taken |= change->probes[j] == probe;
		if (!taken && probe_fits(probe, change->config, instance))
			return probe;
	}
	return NULL;
}

/* Whether it may come yet. */
static bool may_come(int result)
{
	return result == -ENODEV || result == -ENETDOWN;
}

static int open_new(struct change *change, struct serving *serving, const struct instance *instance,
		    struct error *error)
{
	struct probe *probe;
	int result = probe_new(change->config, instance, change->resolver, &probe, error);

	if (result < 0)
		return result;
	change->probes[change->probe_count++] = probe;
	result = probe_open(probe, local_set(&serving->local), error);
	if (may_come(result)) {
		complain("%s; it is tried again until it is there", error->text);
		probe->retry_ns = clock_ns(CLOCK_MONOTONIC) + SERVING_RETRY_NS;
		return 0;
	}
	if (result < 0 && instance->pcap) {
		struct error reason = *error;

		error_set(error, -result, "%s:%u: pcap: %.400s", change->config->options.config,
			  instance->pcap_line, reason.text);
	}
	return result;
}

static int prepare_probes(struct change *change, struct serving *serving, struct error *error)
{
	const struct service *config = change->config;
	bool any = false;

	change->probes = calloc(config->instance_count, sizeof(*change->probes));
	if (!change->probes)
		return error_set(error, ENOMEM, "out of memory");
	for (size_t i = 0; i < config->instance_count; i++) {
		const struct instance *instance = &config->instances[i];
		struct probe *fitting = find_fitting(change, serving, instance);
		int result = 0;

		if (fitting)
			change->probes[change->probe_count++] = fitting;
		else
			result = open_new(change, serving, instance, error);
		if (result < 0)
			return result;
		any |= change->probes[i]->state != PROBE_CLOSED;
	}
	if (!any && !serving->config)
		return error_set(error, ENODEV, "none of the interfaces is there");
	return 0;
}

int change_prepare(struct change *change, struct serving *serving, struct service *config,
		   http_handler *handler, struct error *error)
{
	int result;

	*change = (struct change){.config = config};
	result = prepare_names(change, serving, error);
	/* Captures that are taken over, or not there yet, would find it wrong too late. */
	if (!result)
		result = whitelist_check(config, change->resolver, error);
	if (!result)
		result = prepare_statsd(change, serving, error);
	if (!result)
		result = prepare_http(change, serving, handler, error);
	if (!result)
		result = prepare_probes(change, serving, error);
	if (!result)
		result = prepare_log(change, error);
	if (result < 0)
		change_cancel(change, serving);
	return result;
}

static bool is_among(const struct probe *probe, struct probe *const *probes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (probes[i] == probe)
			return true;
	return false;
}

void change_cancel(struct change *change, struct serving *serving)
{
	for (size_t i = 0; i < change->probe_count; i++)
		if (!is_among(change->probes[i], serving->probes, serving->probe_count))
			probe_free(change->probes[i]);
	free(change->probes);
	if (change->http != serving->http)
		http_close(change->http);
	if (change->datagram != serving->datagram)
		datagram_close(change->datagram);
	if (change->resolver != serving->resolver)
		resolver_free(change->resolver);
	else if (serving->resolver)
		want(serving->resolver, serving->config, NULL);
	service_free(change->config);
	*change = (struct change){0};
}

/* ---- taking effect ---- */

static void commit_probes(struct change *change, struct serving *serving)
{
	for (size_t i = 0; i < serving->probe_count; i++) {
		struct probe *probe = serving->probes[i];

		if (is_among(probe, change->probes, change->probe_count))
			continue;
		probe_close(probe);
		report_probe(serving, probe);
		probe_free(probe);
	}
	free(serving->probes);
	serving->probes = change->probes;
	serving->probe_count = change->probe_count;
}

static void commit_outputs(struct change *change, struct serving *serving)
{
	if (change->datagram != serving->datagram) {
		report_flush(serving);
		if (serving->datagram) {
			datagram_flush(serving->datagram);
			/* Later they would be laid to the next agent. */
			report_losses(serving);
		}
		report_counts(serving, &serving->past);
		datagram_close(serving->datagram);
		serving->datagram = change->datagram;
		serving->statsd.datagram = change->datagram;
	}
	if (change->http != serving->http) {
		serving->scrape_count = 0; /* they end with their connections */
		http_close(serving->http);
		serving->http = change->http;
	}
}

/* Starts what is new, and has the others look at what they are to look at now. */
static void start_probes(struct serving *serving)
{
	for (size_t i = 0; i < serving->probe_count; i++) {
		struct probe *probe = serving->probes[i];
		struct error error;
		int result;

		probe_adopt(probe, serving->config, &serving->config->instances[i],
			    serving->resolver);
		result = probe_follow(probe, &error);
		if (result >= 0 && probe->state == PROBE_OPEN)
			result = probe_start(probe, &error);
		if (result < 0)
			log_line(LOG_LEVEL_ERROR, "%s: %s", probe_name(probe), error.text);
	}
}

void change_commit(struct change *change, struct serving *serving)
{
	struct service *before = serving->config;
	struct resolver *resolver_before = serving->resolver;

	commit_probes(change, serving);
	commit_outputs(change, serving);
	serving->config = change->config;
	serving->resolver = change->resolver;
	start_probes(serving);
	/* Names that only the one before wanted go; for that, no memory is needed that was not
	 * there, or they stay. */
	want(serving->resolver, serving->config, NULL);
	if (resolver_before != serving->resolver)
		resolver_free(resolver_before);
	service_free(before);
	*change = (struct change){0};
}
