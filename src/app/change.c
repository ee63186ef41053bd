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
#include "app/same.h"
#include "app/whitelist.h"

/* At the start, for how long names are waited for before the captures are opened. */
#define FIRST_NAMES_NS (2 * SECOND_NS)

/* Of one configuration: at a reload, the resolver has to know those of two. */
#define MAX_NAMES (RESOLVER_MAX_WANTED / 2)

/* ---- names ---- */

static bool same_nameservers(const struct service_options *a, const struct service_options *b)
{
	return same_texts(a->nameservers, a->nameserver_count, b->nameservers, b->nameserver_count);
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

		if (prefix_parse(instance->ips[i], &prefix) == 0 && prefix_is_address(&prefix))
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
	for (size_t i = 0; i < service->instance_count; i++)
		if (!whitelist_known(&service->instances[i], resolver))
			return false;
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

/* Not each once, but as they stand there: simple, and more than enough. */
static bool too_many_names(const struct service *service)
{
	struct wanted wanted = {0};

	count_wanted(&wanted, service);
	return wanted.name_count > MAX_NAMES ||
	       (service->options.service.reverse_lookup && wanted.address_count > MAX_NAMES);
}

static int prepare_names(struct change *change, struct serving *serving, struct error *error)
{
	const struct service_options *settings = &change->config->options.service;
	bool kept =
		serving->config && same_nameservers(settings, &serving->config->options.service);
	int result = 0;

	change->resolver = serving->resolver;
	if (too_many_names(change->config))
		return error_set(error, EINVAL,
				 "the whitelists have more than %d names, or addresses whose names "
				 "are asked for",
				 MAX_NAMES);
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
	if (!serving->config)
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

/* Requests that wait end with their connections. */
static void close_http(struct serving *serving)
{
	serving->scrape_count = 0;
	http_close(serving->http);
	serving->http = NULL;
}

/* After a change that did not come about. */
static void open_http_again(struct serving *serving, http_handler *handler)
{
	const struct service_options *settings = &serving->config->options.service;
	struct error error;

	if (http_open(settings->prometheus_ip, (uint16_t)settings->prometheus_port, handler,
		      serving, &serving->http, &error) < 0)
		log_line(LOG_LEVEL_ERROR, "%s; Prometheus is not answered", error.text);
}

static int prepare_http(struct change *change, struct serving *serving, http_handler *handler,
			struct error *error)
{
	const struct service_options *settings = &change->config->options.service;
	const struct service_options *before =
		serving->config ? &serving->config->options.service : NULL;
	int result;

	if (!settings->prometheus_port)
		return 0;
	if (before && before->prometheus_port == settings->prometheus_port &&
	    same_text(before->prometheus_ip, settings->prometheus_ip)) {
		change->http = serving->http;
		return 0;
	}
	result = http_open(settings->prometheus_ip, (uint16_t)settings->prometheus_port, handler,
			   serving, &change->http, error);
	/* It may be ourselves who are in the way. */
	if (result == -EADDRINUSE && before &&
	    before->prometheus_port == settings->prometheus_port) {
		close_http(serving);
		result = http_open(settings->prometheus_ip, (uint16_t)settings->prometheus_port,
				   handler, serving, &change->http, error);
		change->handler = handler;
	}
	return result;
}

/* Last of all, for it takes effect at once. */
static int prepare_log(const struct change *change, const struct serving *serving,
		       struct error *error)
{
	const struct service_options *settings = &change->config->options.service;
	const struct log_settings log = {
		.level = (enum log_level)settings->log_level,
		.file = settings->log_to_file ? settings->log_file : NULL,
		.local_time = settings->log_local_time,
	};

	const struct service_options *before =
		serving->config ? &serving->config->options.service : NULL;
	int result = log_open(&log, error);

	/* The open one goes on: no reason to refuse the rest. */
	if (result < 0 && before && before->log_to_file && log.file &&
	    strcmp(before->log_file, log.file) == 0) {
		log_line(LOG_LEVEL_ERROR, "%s; it goes on as it was", error->text);
		return 0;
	}
	return result;
}

/* ---- captures ---- */

static bool is_among(const struct probe *probe, struct probe *const *probes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (probes[i] == probe)
			return true;
	return false;
}

/* One of those at work that fits and that nobody has taken yet; own: the very instance's.
 * NULL: none. */
static struct probe *find_fitting(const struct change *change, const struct serving *serving,
				  const struct instance *instance, bool own)
{
	for (size_t i = 0; i < serving->probe_count; i++) {
		struct probe *probe = serving->probes[i];

		if (!is_among(probe, change->probes, change->config->instance_count) &&
		    probe_fits(probe, change->config, instance) &&
		    (!own || probe_is_of(probe, instance)))
			return probe;
	}
	return NULL;
}

/* First each instance gets what is its own, then what is left. */
static void take_fitting(struct change *change, const struct serving *serving)
{
	for (unsigned pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < change->config->instance_count; i++)
			if (!change->probes[i])
				change->probes[i] = find_fitting(
					change, serving, &change->config->instances[i], pass == 0);
}

/* Whether it may come yet. */
static bool may_come(int result)
{
	return result == -ENODEV || result == -ENETDOWN;
}

static int open_new(struct change *change, struct serving *serving, size_t number,
		    struct error *error)
{
	const struct instance *instance = &change->config->instances[number];
	struct probe *probe;
	int result = probe_new(change->config, instance, change->resolver, &probe, error);

	if (result < 0)
		return result;
	change->probes[number] = probe;
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
	change->probe_count = config->instance_count;
	take_fitting(change, serving);
	for (size_t i = 0; i < config->instance_count; i++) {
		int result = change->probes[i] ? 0 : open_new(change, serving, i, error);

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
		result = prepare_log(change, serving, error);
	if (result < 0)
		change_cancel(change, serving);
	return result;
}

void change_cancel(struct change *change, struct serving *serving)
{
	for (size_t i = 0; i < change->probe_count; i++)
		if (!is_among(change->probes[i], serving->probes, serving->probe_count))
			probe_free(change->probes[i]); /* NULL is fine */
	free(change->probes);
	if (change->http != serving->http)
		http_close(change->http);
	if (change->datagram != serving->datagram)
		datagram_close(change->datagram);
	if (change->resolver != serving->resolver)
		resolver_free(change->resolver);
	else if (serving->resolver)
		want(serving->resolver, serving->config, NULL);
	if (change->handler)
		open_http_again(serving, change->handler);
	service_free(change->config);
	*change = (struct change){0};
}

/* ---- taking effect ---- */

/* Captures that go end side by side, while the new ones run already: nothing is missed, and
 * it takes no longer than one. */
static void close_others(struct change *change, struct serving *serving)
{
	for (unsigned pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < serving->probe_count; i++) {
			struct probe *probe = serving->probes[i];

			if (is_among(probe, change->probes, change->probe_count))
				continue;
			if (pass == 0) {
				probe_stop(probe);
				continue;
			}
			probe_close(probe);
			report_probe(serving, probe);
			probe_free(probe);
		}
	}
}

/* What goes on under other tags was measured under those before. */
static void report_renamed(struct change *change, struct serving *serving)
{
	for (size_t i = 0; i < change->probe_count; i++) {
		struct probe *probe = change->probes[i];

		if (!is_among(probe, serving->probes, serving->probe_count) ||
		    probe_has_tags_of(probe, &change->config->instances[i]))
			continue;
		probe_ask_and_take(probe, local_set(&serving->local));
		report_probe(serving, probe);
		probe_new_total(probe);
	}
}

/* Has each probe look at what it is to look at from now on, and starts the new ones. */
static void start_probes(struct change *change)
{
	for (size_t i = 0; i < change->probe_count; i++) {
		struct probe *probe = change->probes[i];
		struct error error;
		int result;

		probe_adopt(probe, change->config, &change->config->instances[i], change->resolver);
		result = probe_follow(probe, &error);
		if (result >= 0 && probe->state == PROBE_OPEN)
			result = probe_start(probe, &error);
		if (result < 0)
			log_line(LOG_LEVEL_ERROR, "%s: %s", probe_name(probe), error.text);
	}
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
		close_http(serving);
		serving->http = change->http;
	}
}

void change_commit(struct change *change, struct serving *serving)
{
	struct service *before = serving->config;
	struct resolver *resolver_before = serving->resolver;

	report_renamed(change, serving);
	start_probes(change);
	close_others(change, serving);
	commit_outputs(change, serving);
	free(serving->probes);
	serving->probes = change->probes;
	serving->probe_count = change->probe_count;
	serving->config = change->config;
	serving->resolver = change->resolver;
	/* Names that only the one before wanted go; for that, no memory is needed that was not
	 * there, or they stay. */
	want(serving->resolver, serving->config, NULL);
	if (resolver_before != serving->resolver)
		resolver_free(resolver_before);
	service_free(before);
	*change = (struct change){0};
}
