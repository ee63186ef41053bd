/*
 * Whitelists to filter expressions: see whitelist.h.
 */
#include "service/host_filter.h"

#include <errno.h>
#include <stdlib.h>

#include "base/prefix_set.h"
#include "base/text.h"
#include "capture/filter.h"

/* Matches no packet: they all have a length. */
#define NOTHING "less 0"

static unsigned all_bits(const struct tcpm_address *address)
{
	return address->version == 4 ? 32 : 128;
}

/* The addresses of all hosts, behind count others. Returns the number of all. */
static size_t add_hosts(struct prefix *all, size_t count, const struct instance *instance,
			const struct resolver *resolver)
{
	for (size_t i = 0; i < instance->host_count; i++) {
		size_t found;
		const struct tcpm_address *addresses =
			resolver_addresses(resolver, instance->hosts[i], &found);

		for (size_t j = 0; j < found && j < RESOLVER_MAX_ADDRESSES; j++)
			all[count++] = (struct prefix){.bits = (uint8_t)all_bits(&addresses[j]),
						       .address = addresses[j]};
	}
	return count;
}

/* All that the instance looks at, sorted, each once. */
static int collect(const struct instance *instance, const struct resolver *resolver,
		   struct prefix_set *prefixes)
{
	size_t room = instance->ip_count + instance->host_count * RESOLVER_MAX_ADDRESSES;
	struct prefix *all = calloc(room + 1, sizeof(*all));
	size_t count = 0;
	int result;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < instance->ip_count; i++)
		if (prefix_parse(instance->ips[i], &all[count]) == 0)
			count++;
	count = add_hosts(all, count, instance, resolver);
	result = prefix_set_init(prefixes, all, count);
	free(all);
	return result;
}

/* "ip host 192.0.2.1", "ip6 host 2001:db8::1", "net 192.0.2.0/24": the words host and net
 * alone would look into ARP, too, or take twice the instructions. */
static void append_prefix(struct text *text, const struct prefix *prefix)
{
	if (prefix_is_address(prefix)) {
		text_string(text, prefix->address.version == 4 ? "ip host " : "ip6 host ");
		text_address(text, &prefix->address);
		return;
	}
	text_string(text, "net ");
	text_address(text, &prefix->address);
	text_char(text, '/');
	text_u64(text, prefix->bits);
}

static void append_prefixes(struct text *text, const struct prefix_set *prefixes)
{
	if (prefixes->count == 0)
		text_string(text, NOTHING);
	for (size_t i = 0; i < prefixes->count; i++) {
		if (i > 0)
			text_string(text, " or ");
		append_prefix(text, &prefixes->all[i]);
	}
}

bool host_filter_resolved(const struct instance *instance, const struct resolver *resolver)
{
	for (size_t i = 0; i < instance->host_count; i++) {
		size_t count;

		resolver_addresses(resolver, instance->hosts[i], &count);
		if (count == 0)
			return false;
	}
	return true;
}

int host_filter_expression(const struct instance *instance, const char *filter,
			   const struct resolver *resolver, char **expression)
{
	bool listed = instance->ip_count > 0 || instance->host_count > 0;
	struct prefix_set prefixes = {0};
	struct text text;
	int result;

	*expression = NULL;
	if (!filter && !listed)
		return 0;
	result = listed ? collect(instance, resolver, &prefixes) : 0;
	if (result == 0 && prefixes.count > HOST_FILTER_MAX) {
		prefix_set_done(&prefixes);
		result = -E2BIG;
	}
	if (result < 0)
		return result;
	text_init(&text);
	text_char(&text, '(');
	/* What lies in UDP between the hosts could only be counted. */
	text_string(&text, filter ? filter : "not udp");
	text_char(&text, ')');
	if (listed) {
		text_string(&text, " and (");
		append_prefixes(&text, &prefixes);
		text_char(&text, ')');
	}
	text_char(&text, '\0');
	prefix_set_done(&prefixes);
	if (text.error) {
		text_done(&text);
		return -ENOMEM;
	}
	*expression = text.bytes;
	return 0;
}

static int check_expression(const char *expression, struct error *error)
{
	struct filter *filter;
	int result = expression ? filter_new(expression, &filter, error) : 0;

	if (expression && !result)
		filter_free(filter);
	return result;
}

int host_filter_check(const struct service_config *service, const struct resolver *resolver,
		      struct error *error)
{
	/* By itself first: then the sentence has the expression as it was written. */
	const char *filter = service->options.filter;
	unsigned line = service->filter_line;
	struct error reason = {"out of memory"};
	int result = check_expression(filter, &reason);

	for (size_t i = 0; i < service->instance_count && !result; i++) {
		char *expression;

		line = service->instances[i].line;
		result = host_filter_expression(&service->instances[i], filter, resolver,
						&expression);
		if (result == -E2BIG)
			result = error_set(&reason, EINVAL, HOST_FILTER_TOO_LARGE);
		if (result < 0)
			break;
		result = check_expression(expression, &reason);
		free(expression);
	}
	if (result < 0 && line)
		error_set(error, -result, "%s:%u: %.400s", service->options.config, line,
			  reason.text);
	else if (result < 0)
		error_set(error, -result, "%s", reason.text);
	return result;
}
