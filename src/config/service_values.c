/*
 * The values of a configuration file: see service_config_values.h.
 */
#include "config/service_values.h"

#include <errno.h>
#include <string.h>

#include "config/options_table.h"
#include "config/values.h"

struct filler {
	const struct service_config_file *file;
	struct memory *memory;
	size_t map;                     /* the node of the keys */
	const struct raw_value *values; /* by row */
};

static int out_of_memory(const struct filler *filler)
{
	return error_set(filler->file->error, ENOMEM, "out of memory");
}

static int set(const struct filler *filler, const struct row *row, void *to, const char *text,
	       size_t node)
{
	char *copy = memory_text(filler->memory, text ? text : "");
	struct error error;

	if (!copy)
		return out_of_memory(filler);
	if (value_set(row, to, copy, &error) < 0)
		return service_config_fail(filler->file, filler->file->lines->nodes[node].line,
					   "%s: %s", row->key, error.text);
	return 0;
}

static size_t item_size(const struct row *row)
{
	return row->kind == KIND_PORTS      ? sizeof(struct tcpm_tunnel_port)
	       : row->kind == KIND_PREFIXES ? sizeof(struct prefix)
					    : sizeof(char *);
}

/* A list of its own in the place of the one that was there. */
static int set_list(const struct filler *filler, const struct row *row, void *to,
		    const struct raw_value *value, size_t list)
{
	const struct yaml_node *nodes = filler->file->lines->nodes;
	void *items = memory_get(filler->memory, (size_t)value->count + 1, item_size(row));
	size_t at = list + 1;

	if (!items)
		return out_of_memory(filler);
	*(void **)(void *)((char *)to + row->offset) = items;
	*(size_t *)(void *)((char *)to + row->count_offset) = 0;
	for (uint32_t i = 0; i < value->count && at < nodes[list].end; i++, at = nodes[at].end) {
		int result = set(filler, row, to, value->list[i], at);

		if (result < 0)
			return result;
	}
	return 0;
}

static int set_row(const struct filler *filler, const struct row *row, void *to)
{
	const struct raw_value *value = &filler->values[row - options_table];
	size_t key = yaml_find(filler->file->lines, filler->map, row->key);

	if (!key || yaml_is_null(filler->file->lines, key + 1))
		return 0;
	if (row_is_list(row))
		return set_list(filler, row, to, value, key + 1);
	return set(filler, row, to, value->text, key);
}

/* What the command line has is read too, for it may be wrong, but has no effect. */
static int set_general(const struct filler *filler, struct options *options)
{
	struct options unused = *options;
	char *filter = options->filter;

	for (size_t i = 0; i < options_rows; i++) {
		const struct row *row = &options_table[i];

		if (!row->key || row->scope != SCOPE_GENERAL)
			continue;
		int result = set_row(filler, row, row_is_given(options, row) ? &unused : options);

		if (result < 0)
			return result;
	}
	if (filter)
		options->filter = filter;
	return 0;
}

static unsigned line_of(const struct filler *filler, const char *key)
{
	const struct yaml_lines *lines = filler->file->lines;
	size_t node = yaml_find(lines, filler->map, key);

	return lines->nodes[node ? node : filler->map].line;
}

static int check_general(const struct filler *filler, struct options *options)
{
	const struct yaml_lines *lines = filler->file->lines;
	size_t documented = yaml_find(lines, filler->map, "exp_ttl");
	size_t read = yaml_find(lines, filler->map, "expired_ttl");

	if (strcmp(options->service.statsd_ip, "localhost") == 0)
		options->service.statsd_ip = OPTIONS_STATSD_IP;
	/* In go-metro, 0 is no time of its own. */
	if (options->service.expired_ns == OPTIONS_EXPIRED_AS_IDLE)
		options->service.expired_ns =
			options->service.idle_ns ? options->service.idle_ns : OPTIONS_IDLE_NS;
	if (documented && read)
		return service_config_warn_of(filler->file, lines->nodes[documented].line,
					      "exp_ttl: has no effect, because expired_ttl in line "
					      "%u has the same meaning",
					      lines->nodes[read].line);
	return 0;
}

static int check_instance(const struct filler *filler, struct instance *instance)
{
	if (instance->pcap && !*instance->pcap)
		instance->pcap = NULL;
	if (instance->pcap)
		instance->pcap_line = line_of(filler, "pcap");
	if (!instance->interface)
		return service_config_fail(
			filler->file, instance->line,
			"interface: is missing; expected an interface name, \"any\" or "
			"\"file\"");
	bool is_file = strcmp(instance->interface, "file") == 0;

	if (is_file && !instance->pcap)
		return service_config_fail(
			filler->file, line_of(filler, "interface"),
			"interface: \"file\" requires pcap, the capture to read");
	if (instance->pcap && !is_file)
		return service_config_fail(filler->file, line_of(filler, "pcap"),
					   "pcap: requires \"interface: file\", not \"%.80s\"",
					   instance->interface);
	if (instance->sample && !instance->sample_duration_ns)
		return service_config_fail(filler->file, line_of(filler, "sample"),
					   "sample: requires a sample_duration greater than 0");
	return 0;
}

static int set_instance(const struct filler *filler, struct instance *instance)
{
	int result = 0;

	instance->line = filler->file->lines->nodes[filler->map].line;
	for (size_t i = 0; i < options_rows && !result; i++)
		if (options_table[i].scope == SCOPE_INSTANCE)
			result = set_row(filler, &options_table[i], instance);
	return result ? result : check_instance(filler, instance);
}

int service_config_values(const struct service_config_file *file, const struct service_yaml *yaml,
			  struct service_config *service, struct memory *memory)
{
	const struct yaml_node *nodes = file->lines->nodes;
	struct filler filler = {.file = file, .memory = memory};
	const char *given = service->options.filter;
	int result = 0;

	service->options.promiscuous = false; /* as go-metro */
	if (file->general && service_yaml_general(yaml)) {
		filler.map = file->general;
		filler.values = service_yaml_general(yaml);
		result = set_general(&filler, &service->options);
		if (!result)
			result = check_general(&filler, &service->options);
		if (service->options.filter != given)
			service->filter_line = line_of(&filler, "filter");
	}
	service->instances =
		memory_get(memory, service_yaml_count(yaml), sizeof(*service->instances));
	if (!result && !service->instances)
		return out_of_memory(&filler);
	size_t at = file->instances + 1;

	for (size_t i = 0;
	     !result && i < service_yaml_count(yaml) && at < nodes[file->instances].end;
	     i++, at = nodes[at].end) {
		filler.map = at;
		filler.values = service_yaml_instance(yaml, i);
		result = set_instance(&filler, &service->instances[i]);
		service->instance_count = i + 1;
	}
	return result;
}
