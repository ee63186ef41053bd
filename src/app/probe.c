/*
 * An instance at work: see probe.h.
 */
#include "app/probe.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "app/event.h"
#include "app/same.h"
#include "app/whitelist.h"

/* A resolver that is new knows nothing at first: for so long what was looked at stays. */
#define PATIENCE_NS (10 * SECOND_NS)

/* A worker answers between two batches. */
#define ANSWER_NS (SECOND_NS / 5)

static bool is_file(const struct instance *instance)
{
	return instance->pcap != NULL;
}

/* The options of one instance: the service's, with what is the instance's own. */
static struct options options_of(const struct service *service, const struct instance *instance)
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
	       same_text(a->stamps, b->stamps) && a->promiscuous == b->promiscuous &&
	       a->threads == b->threads && a->sample_duration_ns == b->sample_duration_ns &&
	       a->sample_interval_ns == b->sample_interval_ns && same_ports(a, b);
}

static bool same_measuring(const struct options *a, const struct options *b)
{
	return same_text(a->group_by, b->group_by) && a->by_interface == b->by_interface &&
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

bool probe_fits(const struct probe *probe, const struct service *service,
		const struct instance *instance)
{
	struct options options = options_of(service, instance);
	const struct options *own = &probe->options;
	const char *source = is_file(instance) ? instance->pcap : instance->interface;

	return own->file_count == options.file_count &&
	       (!is_file(instance) || same_local(own, &options)) &&
	       strcmp(probe->source[0], source) == 0 && same_capture(own, &options) &&
	       same_measuring(own, &options) && same_keeping(own, &options);
}

bool probe_has_tags_of(const struct probe *probe, const struct instance *instance)
{
	const struct instance *own = probe->instance;

	return same_texts(own->tags, own->tag_count, instance->tags, instance->tag_count);
}

bool probe_is_of(const struct probe *probe, const struct instance *instance)
{
	const struct instance *own = probe->instance;

	return probe_has_tags_of(probe, instance) &&
	       same_texts(own->ips, own->ip_count, instance->ips, instance->ip_count) &&
	       same_texts(own->hosts, own->host_count, instance->hosts, instance->host_count);
}

static const char *interface_name(void *user, uint32_t interface)
{
	struct probe *probe = user;

	return interfaces_name(&probe->interfaces, interface);
}

static const char *host_name(void *user, const struct tcpm_address *address)
{
	struct probe *probe = user;

	return resolver_name(probe->resolver, address);
}

void probe_adopt(struct probe *probe, const struct service *service,
		 const struct instance *instance, const struct resolver *resolver)
{
	bool file = is_file(instance);

	if (probe->state == PROBE_RUNNING && probe->resolver != resolver)
		probe->patient_ns = clock_ns(CLOCK_MONOTONIC) + PATIENCE_NS;
	probe->instance = instance;
	probe->resolver = resolver;
	probe->options = options_of(service, instance);
	probe->filter = service->options.filter;
	probe->source[0] = file ? instance->pcap : instance->interface;
	probe->options.files = file ? probe->source : NULL;
	probe->options.interfaces = file ? NULL : probe->source;
	probe->options.filter = probe->expression;
}

/* Groups for outputs. */
static int make_groups(struct probe *probe, struct error *error)
{
	struct options total = probe->options;

	total.max_groups = total.service.prometheus_max_pairs;
	probe->latest = measure_groups(&probe->options, NULL, WORKER_SETS, error);
	probe->interval = measure_groups(&probe->options, NULL, WORKER_SETS, error);
	if (total.service.prometheus_port)
		probe->total = measure_groups(&total, NULL, WORKER_SETS, error);
	return probe->latest && probe->interval && (probe->total || !total.service.prometheus_port)
		       ? 0
		       : -ENOMEM;
}

int probe_new(const struct service *service, const struct instance *instance,
	      const struct resolver *resolver, struct probe **probe, struct error *error)
{
	struct probe *made = calloc(1, sizeof(*made));
	int result;

	if (!made)
		return error_set(error, ENOMEM, "out of memory");
	interfaces_init(&made->interfaces);
	made->names = (struct output_settings){
		.interface_name = interface_name, .host_name = host_name, .user = made};
	made->facts = (struct output_facts){.interface_unknown = true, .counters = &made->counters};
	made->past =
		(struct output_facts){.interface_unknown = true, .counters = &made->past_counters};
	probe_adopt(made, service, instance, resolver);
	result = make_groups(made, error);
	if (!result &&
	    prefixes_init(&made->own_local, made->options.local, made->options.local_count) < 0)
		result = error_set(error, ENOMEM, "out of memory");
	if (result < 0) {
		probe_free(made);
		return result;
	}
	*probe = made;
	return 0;
}

static int set_expression(struct probe *probe, char *expression)
{
	free(probe->expression);
	probe->expression = expression;
	probe->options.filter = expression;
	return 1;
}

/* The expression as it should be now. */
static int find_expression(const struct probe *probe, char **expression, struct error *error)
{
	int result =
		whitelist_expression(probe->instance, probe->filter, probe->resolver, expression);

	if (result == -E2BIG)
		return error_set(error, E2BIG, WHITELIST_TOO_LARGE);
	return result < 0 ? error_set(error, -result, "out of memory") : 0;
}

static const struct prefixes *local_of(const struct probe *probe, const struct prefixes *local)
{
	return is_file(probe->instance) ? &probe->own_local : local;
}

int probe_open(struct probe *probe, const struct prefixes *local, struct error *error)
{
	char *expression;
	int result = find_expression(probe, &expression, error);

	if (result < 0)
		return result;
	set_expression(probe, expression);
	result = workers_open(&probe->workers, &probe->options, &probe->interfaces,
			      local_of(probe, local), NULL, error);
	if (result < 0)
		workers_done(&probe->workers);
	else
		probe->state = PROBE_OPEN;
	return result;
}

int probe_start(struct probe *probe, struct error *error)
{
	int result = workers_start(&probe->workers, error);

	probe->state = PROBE_RUNNING;
	if (result < 0)
		probe_close(probe);
	return result;
}

/* Whether names that it has not learned yet are waited for. */
static bool is_patient(const struct probe *probe)
{
	return probe->patient_ns && clock_ns(CLOCK_MONOTONIC) < probe->patient_ns &&
	       !whitelist_known(probe->instance, probe->resolver);
}

int probe_follow(struct probe *probe, struct error *error)
{
	char *expression;
	int result = is_patient(probe) ? 0 : find_expression(probe, &expression, error);

	if (result < 0 || is_patient(probe))
		return result;
	if (same_text(expression, probe->expression)) {
		free(expression);
		return 0;
	}
	if (probe->state == PROBE_RUNNING)
		result = workers_refilter(&probe->workers, expression, error);
	if (result < 0) {
		free(expression);
		return result;
	}
	return set_expression(probe, expression);
}

void probe_ask(struct probe *probe, const struct prefixes *local)
{
	if (probe->state == PROBE_RUNNING && !probe->workers.asked)
		workers_ask(&probe->workers, local_of(probe, local));
}

void probe_set_local(struct probe *probe, const struct prefixes *local)
{
	if (probe->state == PROBE_RUNNING && probe_is_live(probe))
		workers_set_local(&probe->workers, local);
}

/* One's own answers are not told, so they need no room. A side is not told either: a pair that
 * changes it, as addresses become local, must stay one, or its sum falls when the older half is
 * forgotten. */
static bool is_told(void *user, const struct group *group, struct group_key *key)
{
	const struct probe *probe = user;

	key->side = GROUP_SIDE_NONE;
	return probe->options.both_sides || group->key.side != GROUP_SIDE_LOCAL;
}

static void add_facts(struct probe *probe, const struct output_facts *facts)
{
	probe->facts = probe->past;
	probe->counters = probe->past_counters;
	probe->facts.counters = &probe->counters;
	if (facts)
		facts_add(&probe->facts, &probe->counters, facts);
	probe->facts.live = probe_is_live(probe);
}

bool probe_take(struct probe *probe)
{
	struct output_facts facts;
	struct tcpm_counters counters;

	if (probe->state != PROBE_RUNNING || !probe->workers.asked)
		return true;
	if (!workers_answered(&probe->workers))
		return false;
	workers_collect(&probe->workers, probe->latest, &facts, &counters);
	add_facts(probe, &facts);
	groups_merge(probe->interval, probe->latest);
	if (probe->total)
		groups_merge_if(probe->total, probe->latest, is_told, probe);
	workers_reserve(&probe->workers, groups_memory(probe->latest) +
						 groups_memory(probe->interval) +
						 (probe->total ? groups_memory(probe->total) : 0));
	return true;
}

bool probe_ask_and_take(struct probe *probe, const struct prefixes *local)
{
	int64_t end_ns = clock_ns(CLOCK_MONOTONIC) + ANSWER_NS;

	probe_ask(probe, local);
	while (!probe_take(probe)) {
		struct pollfd polled = {.fd = probe->workers.common.answers, .events = POLLIN};

		if (clock_ns(CLOCK_MONOTONIC) > end_ns)
			return false;
		if (poll(&polled, 1, ANSWER_NS / 1000000) > 0)
			event_drain(polled.fd);
	}
	return true;
}

bool probe_is_live(const struct probe *probe)
{
	return !is_file(probe->instance);
}

void probe_stop(struct probe *probe)
{
	if (probe->state != PROBE_RUNNING)
		return;
	probe->workers.common.stop = true;
	workers_wake(&probe->workers);
}

bool probe_ended(const struct probe *probe)
{
	return probe->state != PROBE_RUNNING || workers_all_ended(&probe->workers);
}

void probe_close(struct probe *probe)
{
	bool failed = false;

	if (probe->state == PROBE_RUNNING) {
		probe_stop(probe);
		failed = workers_join(&probe->workers);
		probe_take(probe); /* what was asked for before the end, */
		probe_ask(probe, NULL);
		probe_take(probe); /* and the rest */
	}
	workers_done(&probe->workers);
	probe->past = probe->facts;
	probe->past_counters = probe->counters;
	probe->past_counters.flows_now = 0;
	probe->past.counters = &probe->past_counters;
	add_facts(probe, NULL);
	/* A file is not read twice: what could be measured of it has been. */
	probe->failed |= failed;
	probe->state = is_file(probe->instance) ? PROBE_READ : PROBE_CLOSED;
}

void probe_new_total(struct probe *probe)
{
	if (probe->total)
		groups_reset(probe->total, 0);
}

void probe_new_interval(struct probe *probe)
{
	groups_reset(probe->interval, 0);
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

void probe_forget_before(struct probe *probe, int64_t time_ns)
{
	/* Without memory they stay a little longer. */
	if (probe->total && probe_is_live(probe))
		groups_keep(probe->total, is_recent, &time_ns);
}

const char *probe_name(const struct probe *probe)
{
	return probe->instance->interface;
}

void probe_free(struct probe *probe)
{
	if (!probe)
		return;
	if (probe->state == PROBE_RUNNING || probe->state == PROBE_OPEN)
		probe_close(probe);
	groups_free(probe->latest);
	groups_free(probe->interval);
	groups_free(probe->total);
	interfaces_done(&probe->interfaces);
	prefixes_done(&probe->own_local);
	free(probe->expression);
	free(probe);
}
