/*
 * From one configuration to another: see change.h.
 */
#include "service/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/string_equal.h"
#include "service/host_filter.h"
#include "service/publish.h"
#include "system/event_fd.h"
#include "system/log.h"
#include "system/message.h"

/* At the start, for how long names are waited for before the captures are opened. */
#define FIRST_NAMES_NS (2 * SECOND_NS)

/* Of one configuration: at a reload, the resolver has to know those of two. */
#define MAX_NAMES (RESOLVER_MAX_WANTED / 2)

/* ---- names ---- */

static bool same_nameservers(const struct service_options *a, const struct service_options *b)
{
	return string_lists_equal(a->nameservers, a->nameserver_count, b->nameservers,
				  b->nameserver_count);
}

/* What a resolver is to know. */
struct wanted {
	const char **names;
	size_t name_count;
	struct tcpm_address *addresses;
	size_t address_count;
};

static void count_wanted(struct wanted *wanted, const struct service_config *service)
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

static void add_service(struct wanted *wanted, const struct service_config *service)
{
	for (size_t i = 0; service && i < service->instance_count; i++)
		add_instance(wanted, &service->instances[i],
			     service->options.service.reverse_lookup);
}

/* Has the resolver know what two configurations (either may be NULL) want. */
static int want(struct resolver *resolver, const struct service_config *first,
		const struct service_config *second)
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

static bool all_known(const struct resolver *resolver, const struct service_config *service)
{
	for (size_t i = 0; i < service->instance_count; i++)
		if (!host_filter_resolved(&service->instances[i], resolver))
			return false;
	return true;
}

/* Captures had better begin with the filter that they are to have. */
static void wait_for_names(struct resolver *resolver, const struct service_config *service)
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
static bool too_many_names(const struct service_config *service)
{
	struct wanted wanted = {0};

	count_wanted(&wanted, service);
	return wanted.name_count > MAX_NAMES ||
	       (service->options.service.reverse_lookup && wanted.address_count > MAX_NAMES);
}

static int prepare_names(struct reload *reload, struct service_state *state, struct error *error)
{
	const struct service_options *settings = &reload->config->options.service;
	bool kept = state->config && same_nameservers(settings, &state->config->options.service);
	int result = 0;

	reload->resolver = state->resolver;
	if (too_many_names(reload->config))
		return error_set(error, EINVAL,
				 "the whitelists have more than %d names and addresses to resolve",
				 MAX_NAMES);
	if (!kept)
		result = resolver_new(settings->nameservers, settings->nameserver_count,
				      &reload->resolver, error);
	if (result < 0) {
		reload->resolver = state->resolver;
		return result;
	}
	result = want(reload->resolver, reload->config, kept ? state->config : NULL);
	if (result < 0)
		return error_set(error, -result, "cannot resolve names: %s",
				 result == -E2BIG ? "the whitelists have too many"
						  : strerror(-result));
	if (!state->config)
		wait_for_names(reload->resolver, reload->config);
	return 0;
}

/* ---- outputs ---- */

static int prepare_statsd(struct reload *reload, struct service_state *state, struct error *error)
{
	const struct service_options *settings = &reload->config->options.service;
	const struct service_options *before =
		state->config ? &state->config->options.service : NULL;
	int result;

	if (!settings->statsd)
		return 0;
	if (before && before->statsd && before->statsd_port == settings->statsd_port &&
	    string_equal(before->statsd_ip, settings->statsd_ip)) {
		reload->datagram = state->datagram;
		return 0;
	}
	result = datagram_open(settings->statsd_ip, (uint16_t)settings->statsd_port,
			       &reload->datagram, error);
	if (!result)
		datagram_spread(reload->datagram);
	return result;
}

/* Requests that wait end with their connections. */
static void close_http(struct service_state *state)
{
	state->scrape_count = 0;
	http_close(state->http);
	state->http = NULL;
}

/* After a change that did not come about. */
static void open_http_again(struct service_state *state, http_handler *handler)
{
	const struct service_options *settings = &state->config->options.service;
	struct error error;

	if (http_open(settings->prometheus_ip, (uint16_t)settings->prometheus_port, handler, state,
		      &state->http, &error) < 0)
		log_line(LOG_LEVEL_ERROR, "%s; /metrics is not available", error.text);
}

static int prepare_http(struct reload *reload, struct service_state *state, http_handler *handler,
			struct error *error)
{
	const struct service_options *settings = &reload->config->options.service;
	const struct service_options *before =
		state->config ? &state->config->options.service : NULL;
	int result;

	if (!settings->prometheus_port)
		return 0;
	if (before && before->prometheus_port == settings->prometheus_port &&
	    string_equal(before->prometheus_ip, settings->prometheus_ip)) {
		reload->http = state->http;
		return 0;
	}
	result = http_open(settings->prometheus_ip, (uint16_t)settings->prometheus_port, handler,
			   state, &reload->http, error);
	/* It may be ourselves who are in the way. */
	if (result == -EADDRINUSE && before &&
	    before->prometheus_port == settings->prometheus_port) {
		close_http(state);
		result = http_open(settings->prometheus_ip, (uint16_t)settings->prometheus_port,
				   handler, state, &reload->http, error);
		reload->handler = handler;
	}
	return result;
}

/* Last of all, for it takes effect at once. */
static int prepare_log(const struct reload *reload, const struct service_state *state,
		       struct error *error)
{
	const struct service_options *settings = &reload->config->options.service;
	const struct log_settings log = {
		.level = (enum log_level)settings->log_level,
		.file = settings->log_to_file ? settings->log_file : NULL,
		.local_time = settings->log_local_time,
	};

	const struct service_options *before =
		state->config ? &state->config->options.service : NULL;
	int result = log_open(&log, error);

	/* The open one goes on: no reason to refuse the rest. */
	if (result < 0 && before && before->log_to_file && log.file &&
	    strcmp(before->log_file, log.file) == 0) {
		log_line(LOG_LEVEL_ERROR, "%s; the log settings stay unchanged", error->text);
		return 0;
	}
	return result;
}

/* ---- captures ---- */

static bool is_among(const struct monitor *monitor, struct monitor *const *monitors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (monitors[i] == monitor)
			return true;
	return false;
}

/* One of those at work that fits and that nobody has taken yet; own: the very instance's.
 * NULL: none. */
static struct monitor *find_fitting(const struct reload *reload, const struct service_state *state,
				    const struct instance *instance, bool own)
{
	for (size_t i = 0; i < state->monitor_count; i++) {
		struct monitor *monitor = state->monitors[i];

		if (!is_among(monitor, reload->monitors, reload->config->instance_count) &&
		    monitor_fits(monitor, reload->config, instance) &&
		    (!own || monitor_is_of(monitor, instance)))
			return monitor;
	}
	return NULL;
}

/* First each instance gets what is its own, then what is left. */
static void take_fitting(struct reload *reload, const struct service_state *state)
{
	for (unsigned pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < reload->config->instance_count; i++)
			if (!reload->monitors[i])
				reload->monitors[i] = find_fitting(
					reload, state, &reload->config->instances[i], pass == 0);
}

/* Whether it may come yet. */
static bool may_come(int result)
{
	return result == -ENODEV || result == -ENETDOWN;
}

static int open_new(struct reload *reload, struct service_state *state, size_t number,
		    struct error *error)
{
	const struct instance *instance = &reload->config->instances[number];
	struct monitor *monitor;
	int result = monitor_new(reload->config, instance, reload->resolver, &monitor, error);

	if (result < 0)
		return result;
	reload->monitors[number] = monitor;
	result = monitor_open(monitor, local_hosts_current(&state->local), error);
	if (may_come(result)) {
		message_print("%s; retrying until it appears", error->text);
		monitor->retry_ns = clock_ns(CLOCK_MONOTONIC) + SERVICE_RETRY_NS;
		return 0;
	}
	if (result < 0 && instance->pcap) {
		struct error reason = *error;

		error_set(error, -result, "%s:%u: pcap: %.400s", reload->config->options.config,
			  instance->pcap_line, reason.text);
	}
	return result;
}

static int prepare_probes(struct reload *reload, struct service_state *state, struct error *error)
{
	const struct service_config *config = reload->config;
	bool any = false;

	reload->monitors = calloc(config->instance_count, sizeof(*reload->monitors));
	if (!reload->monitors)
		return error_set(error, ENOMEM, "out of memory");
	reload->monitor_count = config->instance_count;
	take_fitting(reload, state);
	for (size_t i = 0; i < config->instance_count; i++) {
		int result = reload->monitors[i] ? 0 : open_new(reload, state, i, error);

		if (result < 0)
			return result;
		any |= reload->monitors[i]->state != MONITOR_CLOSED;
	}
	if (!any && !state->config)
		return error_set(error, ENODEV, "none of the interfaces exists");
	return 0;
}

int reload_prepare(struct reload *reload, struct service_state *state,
		   struct service_config *config, http_handler *handler, struct error *error)
{
	int result;

	*reload = (struct reload){.config = config};
	result = prepare_names(reload, state, error);
	/* Captures that are taken over, or not there yet, would find it wrong too late. */
	if (!result)
		result = host_filter_check(config, reload->resolver, error);
	if (!result)
		result = prepare_statsd(reload, state, error);
	if (!result)
		result = prepare_http(reload, state, handler, error);
	if (!result)
		result = prepare_probes(reload, state, error);
	if (!result)
		result = prepare_log(reload, state, error);
	if (result < 0)
		reload_cancel(reload, state);
	return result;
}

void reload_cancel(struct reload *reload, struct service_state *state)
{
	for (size_t i = 0; i < reload->monitor_count; i++)
		if (!is_among(reload->monitors[i], state->monitors, state->monitor_count))
			monitor_free(reload->monitors[i]); /* NULL is fine */
	free(reload->monitors);
	if (reload->http != state->http)
		http_close(reload->http);
	if (reload->datagram != state->datagram)
		datagram_close(reload->datagram);
	if (reload->resolver != state->resolver)
		resolver_free(reload->resolver);
	else if (state->resolver)
		want(state->resolver, state->config, NULL);
	if (reload->handler)
		open_http_again(state, reload->handler);
	service_config_free(reload->config);
	*reload = (struct reload){0};
}

/* ---- taking effect ---- */

/* Captures that go end side by side, while the new ones run already: nothing is missed, and
 * it takes no longer than one. */
static void close_others(struct reload *reload, struct service_state *state)
{
	for (unsigned pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < state->monitor_count; i++) {
			struct monitor *monitor = state->monitors[i];

			if (is_among(monitor, reload->monitors, reload->monitor_count))
				continue;
			if (pass == 0) {
				monitor_stop(monitor);
				continue;
			}
			monitor_close(monitor);
			publish_monitor(state, monitor);
			monitor_free(monitor);
		}
	}
}

/* What goes on under other tags was measured under those before. */
static void report_renamed(struct reload *reload, struct service_state *state)
{
	for (size_t i = 0; i < reload->monitor_count; i++) {
		struct monitor *monitor = reload->monitors[i];

		if (!is_among(monitor, state->monitors, state->monitor_count) ||
		    monitor_has_tags_of(monitor, &reload->config->instances[i]))
			continue;
		monitor_ask_and_take(monitor, local_hosts_current(&state->local));
		publish_monitor(state, monitor);
		monitor_new_total(monitor);
	}
}

/* Has each probe look at what it is to look at from now on, and starts the new ones. */
static void start_probes(struct reload *reload)
{
	for (size_t i = 0; i < reload->monitor_count; i++) {
		struct monitor *monitor = reload->monitors[i];
		struct error error;
		int result;

		monitor_adopt(monitor, reload->config, &reload->config->instances[i],
			      reload->resolver);
		result = monitor_follow(monitor, &error);
		if (result >= 0 && monitor->state == MONITOR_OPEN)
			result = monitor_start(monitor, &error);
		if (result < 0)
			log_line(LOG_LEVEL_ERROR, "%s: %s", monitor_name(monitor), error.text);
	}
}

static void commit_outputs(struct reload *reload, struct service_state *state)
{
	if (reload->datagram != state->datagram) {
		publish_flush(state);
		if (state->datagram) {
			datagram_flush(state->datagram);
			/* Later they would be laid to the next agent. */
			publish_losses(state);
		}
		publish_counts(state, &state->past);
		datagram_close(state->datagram);
		state->datagram = reload->datagram;
		state->statsd.datagram = reload->datagram;
	}
	if (reload->http != state->http) {
		close_http(state);
		state->http = reload->http;
	}
}

void reload_commit(struct reload *reload, struct service_state *state)
{
	struct service_config *before = state->config;
	struct resolver *resolver_before = state->resolver;

	report_renamed(reload, state);
	start_probes(reload);
	close_others(reload, state);
	commit_outputs(reload, state);
	free(state->monitors);
	state->monitors = reload->monitors;
	state->monitor_count = reload->monitor_count;
	state->config = reload->config;
	state->resolver = reload->resolver;
	/* Names that only the one before wanted go; for that, no memory is needed that was not
	 * there, or they stay. */
	want(state->resolver, state->config, NULL);
	if (resolver_before != state->resolver)
		resolver_free(resolver_before);
	service_config_free(before);
	*reload = (struct reload){0};
}
