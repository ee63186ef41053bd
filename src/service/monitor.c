/*
 * An instance at work: see probe.h.
 */
#include "service/monitor.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/string_equal.h"
#include "service/host_filter.h"
#include "system/event_fd.h"

/* A resolver that is new knows nothing at first: for so long what was looked at stays. */
#define PATIENCE_NS (10 * SECOND_NS)

/* A worker answers between two batches. */
#define ANSWER_NS (SECOND_NS / 5)

static bool is_file(const struct instance *instance)
{
	return instance->pcap != NULL;
}

/* The options of one instance: the service's, with what is the instance's own. */
static struct options options_of(const struct service_config *service,
				 const struct instance *instance)
{
	struct options options = service->options;

	options.filter = NULL;
	options.count = 0;
	options.file_count = is_file(instance);
	options.interface_count = !is_file(instance);
	options.sample_duration_ns = instance->sample ? instance->sample_duration_ns : 0;
	options.sample_interval_ns = instance->sample ? instance->sample_interval_ns : 0;
	/* The pseudo-interface stands for many. */
	if (strcmp(instance->interface, "any") == 0)
		options.by_interface = true;
	return options;
}

static bool same_ports(const struct options *a, const struct options *b)
{
	if (a->tunnel_port_count != b->tunnel_port_count)
		return false;
	for (size_t i = 0; i < a->tunnel_port_count; i++)
		if (a->tunnel_ports[i].port != b->tunnel_ports[i].port ||
		    a->tunnel_ports[i].tunnel != b->tunnel_ports[i].tunnel)
			return false;
	return true;
}

static bool same_local(const struct options *a, const struct options *b)
{
	return a->local_count == b->local_count &&
	       (!a->local_count ||
		memcmp(a->local, b->local, a->local_count * sizeof(*a->local)) == 0);
}

static bool same_capture(const struct options *a, const struct options *b)
{
	return a->snaplen == b->snaplen && a->buffer_kib == b->buffer_kib &&
	       string_equal(a->stamps, b->stamps) && a->promiscuous == b->promiscuous &&
	       a->threads == b->threads && a->sample_duration_ns == b->sample_duration_ns &&
	       a->sample_interval_ns == b->sample_interval_ns && same_ports(a, b);
}

static bool same_measuring(const struct options *a, const struct options *b)
{
	return string_equal(a->group_by, b->group_by) && a->by_interface == b->by_interface &&
	       a->by_tunnel == b->by_tunnel && a->prefix_v4 == b->prefix_v4 &&
	       a->prefix_v6 == b->prefix_v6 && a->max_memory == b->max_memory &&
	       a->max_flows == b->max_flows && a->max_groups == b->max_groups &&
	       a->service.idle_ns == b->service.idle_ns &&
	       a->service.expired_ns == b->service.expired_ns;
}

/* Of what is only kept for outputs. */
static bool same_keeping(const struct options *a, const struct options *b)
{
	return a->both_sides == b->both_sides &&
	       !a->service.prometheus_port == !b->service.prometheus_port &&
	       a->service.prometheus_max_pairs == b->service.prometheus_max_pairs;
}

bool monitor_fits(const struct monitor *monitor, const struct service_config *service,
		  const struct instance *instance)
{
	struct options options = options_of(service, instance);
	const struct options *own = &monitor->options;
	const char *source = is_file(instance) ? instance->pcap : instance->interface;

	return own->file_count == options.file_count &&
	       (!is_file(instance) || same_local(own, &options)) &&
	       strcmp(monitor->source[0], source) == 0 && same_capture(own, &options) &&
	       same_measuring(own, &options) && same_keeping(own, &options);
}

bool monitor_has_tags_of(const struct monitor *monitor, const struct instance *instance)
{
	const struct instance *own = monitor->instance;

	return string_lists_equal(own->tags, own->tag_count, instance->tags, instance->tag_count);
}

bool monitor_is_of(const struct monitor *monitor, const struct instance *instance)
{
	const struct instance *own = monitor->instance;

	return monitor_has_tags_of(monitor, instance) &&
	       string_lists_equal(own->ips, own->ip_count, instance->ips, instance->ip_count) &&
	       string_lists_equal(own->hosts, own->host_count, instance->hosts,
				  instance->host_count);
}

static const char *interface_name(void *user, uint32_t interface)
{
	struct monitor *monitor = user;

	return interface_names_get(&monitor->interfaces, interface);
}

static const char *host_name(void *user, const struct tcpm_address *address)
{
	struct monitor *monitor = user;

	return resolver_name(monitor->resolver, address);
}

void monitor_adopt(struct monitor *monitor, const struct service_config *service,
		   const struct instance *instance, const struct resolver *resolver)
{
	bool file = is_file(instance);

	if (monitor->state == MONITOR_RUNNING && monitor->resolver != resolver)
		monitor->patient_ns = clock_ns(CLOCK_MONOTONIC) + PATIENCE_NS;
	monitor->instance = instance;
	monitor->resolver = resolver;
	monitor->options = options_of(service, instance);
	monitor->filter = service->options.filter;
	monitor->source[0] = file ? instance->pcap : instance->interface;
	monitor->options.files = file ? monitor->source : NULL;
	monitor->options.interfaces = file ? NULL : monitor->source;
	monitor->options.filter = monitor->expression;
}

/* Groups for outputs. */
static int make_groups(struct monitor *monitor, struct error *error)
{
	struct options total = monitor->options;

	total.max_groups = total.service.prometheus_max_pairs;
	monitor->latest = pipeline_groups_new(&monitor->options, NULL, WORKER_SETS, error);
	monitor->interval = pipeline_groups_new(&monitor->options, NULL, WORKER_SETS, error);
	if (total.service.prometheus_port)
		monitor->total = pipeline_groups_new(&total, NULL, WORKER_SETS, error);
	return monitor->latest && monitor->interval &&
			       (monitor->total || !total.service.prometheus_port)
		       ? 0
		       : -ENOMEM;
}

int monitor_new(const struct service_config *service, const struct instance *instance,
		const struct resolver *resolver, struct monitor **monitor, struct error *error)
{
	struct monitor *made = calloc(1, sizeof(*made));
	int result;

	if (!made)
		return error_set(error, ENOMEM, "out of memory");
	interface_names_init(&made->interfaces);
	made->names = (struct endpoint_names){
		.interface_name = interface_name, .host_name = host_name, .user = made};
	made->facts = (struct run_totals){.interface_unknown = true, .counters = &made->counters};
	made->past =
		(struct run_totals){.interface_unknown = true, .counters = &made->past_counters};
	monitor_adopt(made, service, instance, resolver);
	result = make_groups(made, error);
	if (!result &&
	    prefix_set_init(&made->own_local, made->options.local, made->options.local_count) < 0)
		result = error_set(error, ENOMEM, "out of memory");
	if (result < 0) {
		monitor_free(made);
		return result;
	}
	*monitor = made;
	return 0;
}

static int set_expression(struct monitor *monitor, char *expression)
{
	free(monitor->expression);
	monitor->expression = expression;
	monitor->options.filter = expression;
	return 1;
}

/* The expression as it should be now. */
static int find_expression(const struct monitor *monitor, char **expression, struct error *error)
{
	int result = host_filter_expression(monitor->instance, monitor->filter, monitor->resolver,
					    expression);

	if (result == -E2BIG)
		return error_set(error, E2BIG, HOST_FILTER_TOO_LARGE);
	return result < 0 ? error_set(error, -result, "out of memory") : 0;
}

static const struct prefix_set *local_of(const struct monitor *monitor,
					 const struct prefix_set *local)
{
	return is_file(monitor->instance) ? &monitor->own_local : local;
}

int monitor_open(struct monitor *monitor, const struct prefix_set *local, struct error *error)
{
	char *expression;
	int result = find_expression(monitor, &expression, error);

	if (result < 0)
		return result;
	set_expression(monitor, expression);
	result = workers_open(&monitor->workers, &monitor->options, &monitor->interfaces,
			      local_of(monitor, local), NULL, error);
	if (result < 0)
		workers_done(&monitor->workers);
	else
		monitor->state = MONITOR_OPEN;
	return result;
}

int monitor_start(struct monitor *monitor, struct error *error)
{
	int result = workers_start(&monitor->workers, error);

	monitor->state = MONITOR_RUNNING;
	if (result < 0)
		monitor_close(monitor);
	return result;
}

/* Whether names that it has not learned yet are waited for. */
static bool is_patient(const struct monitor *monitor)
{
	return monitor->patient_ns && clock_ns(CLOCK_MONOTONIC) < monitor->patient_ns &&
	       !host_filter_resolved(monitor->instance, monitor->resolver);
}

int monitor_follow(struct monitor *monitor, struct error *error)
{
	char *expression;
	int result;

	if (is_patient(monitor))
		return 0;
	result = find_expression(monitor, &expression, error);
	if (result < 0)
		return result;
	if (string_equal(expression, monitor->expression)) {
		free(expression);
		return 0;
	}
	if (monitor->state == MONITOR_RUNNING)
		result = workers_refilter(&monitor->workers, expression, error);
	if (result < 0) {
		free(expression);
		return result;
	}
	return set_expression(monitor, expression);
}

void monitor_ask(struct monitor *monitor, const struct prefix_set *local)
{
	if (monitor->state == MONITOR_RUNNING && !monitor->workers.asked)
		workers_ask(&monitor->workers, local_of(monitor, local));
}

void monitor_set_local(struct monitor *monitor, const struct prefix_set *local)
{
	if (monitor->state == MONITOR_RUNNING && monitor_is_live(monitor))
		workers_set_local(&monitor->workers, local);
}

/* One's own answers are not told, so they need no room. A side is not told either: a pair that
 * changes it, as addresses become local, must stay one, or its sum falls when the older half is
 * forgotten. */
static bool is_told(void *user, const struct group *group, struct group_key *key)
{
	const struct monitor *monitor = user;

	key->side = GROUP_SIDE_NONE;
	return monitor->options.both_sides || group->key.side != GROUP_SIDE_LOCAL;
}

static void add_facts(struct monitor *monitor, const struct run_totals *facts)
{
	monitor->facts = monitor->past;
	monitor->counters = monitor->past_counters;
	monitor->facts.counters = &monitor->counters;
	if (facts)
		run_totals_add(&monitor->facts, &monitor->counters, facts);
	monitor->facts.live = monitor_is_live(monitor);
}

bool monitor_take(struct monitor *monitor)
{
	struct run_totals facts;
	struct tcpm_counters counters;

	if (monitor->state != MONITOR_RUNNING || !monitor->workers.asked)
		return true;
	if (!workers_answered(&monitor->workers))
		return false;
	workers_collect(&monitor->workers, monitor->latest, &facts, &counters);
	add_facts(monitor, &facts);
	groups_merge(monitor->interval, monitor->latest);
	if (monitor->total)
		groups_merge_if(monitor->total, monitor->latest, is_told, monitor);
	workers_reserve(&monitor->workers,
			groups_memory(monitor->latest) + groups_memory(monitor->interval) +
				(monitor->total ? groups_memory(monitor->total) : 0));
	return true;
}

bool monitor_ask_and_take(struct monitor *monitor, const struct prefix_set *local)
{
	int64_t end_ns = clock_ns(CLOCK_MONOTONIC) + ANSWER_NS;

	monitor_ask(monitor, local);
	while (!monitor_take(monitor)) {
		struct pollfd polled = {.fd = monitor->workers.common.answers, .events = POLLIN};

		if (clock_ns(CLOCK_MONOTONIC) > end_ns)
			return false;
		if (poll(&polled, 1, ANSWER_NS / 1000000) > 0)
			event_fd_drain(polled.fd);
	}
	return true;
}

bool monitor_is_live(const struct monitor *monitor)
{
	return !is_file(monitor->instance);
}

void monitor_stop(struct monitor *monitor)
{
	if (monitor->state != MONITOR_RUNNING)
		return;
	monitor->workers.common.stop = true;
	workers_wake(&monitor->workers);
}

bool monitor_ended(const struct monitor *monitor)
{
	return monitor->state != MONITOR_RUNNING || workers_all_ended(&monitor->workers);
}

void monitor_close(struct monitor *monitor)
{
	bool failed = false;

	if (monitor->state == MONITOR_RUNNING) {
		monitor_stop(monitor);
		failed = workers_join(&monitor->workers);
		monitor_take(monitor); /* what was asked for before the end, */
		monitor_ask(monitor, NULL);
		monitor_take(monitor); /* and the rest */
	}
	workers_done(&monitor->workers);
	monitor->past = monitor->facts;
	monitor->past_counters = monitor->counters;
	monitor->past_counters.flows_now = 0;
	monitor->past.counters = &monitor->past_counters;
	add_facts(monitor, NULL);
	/* A file is not read twice: what could be measured of it has been. */
	monitor->failed |= failed;
	monitor->state = is_file(monitor->instance) ? MONITOR_READ : MONITOR_CLOSED;
}

void monitor_new_total(struct monitor *monitor)
{
	if (monitor->total)
		groups_reset(monitor->total, 0);
}

void monitor_new_interval(struct monitor *monitor)
{
	groups_reset(monitor->interval, 0);
}

static bool is_recent(void *user, const struct group *group)
{
	int64_t time_ns = *(int64_t *)user;

	for (unsigned i = 0; i < TCPM_CLASSES; i++)
		if (group->summary.series[i].count &&
		    group->summary.series[i].last_at_ns >= time_ns)
			return true;
	return false;
}

void monitor_forget_before(struct monitor *monitor, int64_t time_ns)
{
	/* Without memory they stay a little longer. */
	if (monitor->total && monitor_is_live(monitor))
		groups_keep(monitor->total, is_recent, &time_ns);
}

const char *monitor_name(const struct monitor *monitor)
{
	return monitor->instance->interface;
}

void monitor_free(struct monitor *monitor)
{
	if (!monitor)
		return;
	if (monitor->state == MONITOR_RUNNING || monitor->state == MONITOR_OPEN)
		monitor_close(monitor);
	groups_free(monitor->latest);
	groups_free(monitor->interval);
	groups_free(monitor->total);
	interface_names_done(&monitor->interfaces);
	prefix_set_done(&monitor->own_local);
	free(monitor->expression);
	free(monitor);
}
