/*
 * The options table, its look-ups, the set of given options, and the defaults.
 */
#include "config/options_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/service_config.h"
#include "config/value_checks.h"

static const char *const formats[] = {"table", "json", "csv", NULL};
static const char *const clocks[] = {"utc", "local", NULL};

#define HOUR_NS   (UINT64_C(3600) * 1000000000)
#define SECOND_NS UINT64_C(1000000000)
#define TO(field) .offset = offsetof(struct options, field)
#define ADD_TO(field, count)                                                                       \
	.offset = offsetof(struct options, field), .count_offset = offsetof(struct options, count)
#define OF(field)                                                                                  \
	.scope = SCOPE_INSTANCE, .section = SECTION_INSTANCE,                                      \
	.offset = offsetof(struct instance, field)
#define ADD_OF(field, count)                                                                       \
	.scope = SCOPE_INSTANCE, .section = SECTION_INSTANCE,                                      \
	.offset = offsetof(struct instance, field),                                                \
	.count_offset = offsetof(struct instance, count)

const struct row options_table[] = {
	{"read", 'r', KIND_TEXTS, ADD_TO(files, file_count), .argument = "FILE",
	 .check = check_file_name, .help = "read a capture: pcap, pcapng, .gz, .zst; - for stdin",
	 .section = SECTION_INPUT},
	{"interface", 'i', KIND_TEXTS, ADD_TO(interfaces, interface_count), .argument = "NAME",
	 .check = check_name, .unique = true,
	 .help = "capture live on an interface, or on \"any\", until Ctrl-C",
	 .section = SECTION_INPUT},
	{"config", 'c', KIND_TEXT, TO(config), .argument = "FILE", .check = check_file_name,
	 .help = "run as a service with this configuration file", .section = SECTION_SERVICE},
	{"check", 0, KIND_FLAG, TO(check), .help = "with -c: check the configuration and exit",
	 .section = SECTION_SERVICE},
	{"list-interfaces", 'D', KIND_ACTION, TO(action), .minimum = ACTION_LIST_INTERFACES,
	 .help = "list the interfaces and exit", .section = SECTION_INPUT},
	{"samples", 0, KIND_FLAG, TO(samples),
	 .help = "print every sample, one per line, instead of the report",
	 .section = SECTION_REPORT},
	{"format", 0, KIND_CHOICE, TO(format), .argument = "FORMAT", .choices = formats,
	 .help = "table (default), json (one object per line) or csv", .section = SECTION_REPORT},
	{"group-by", 'g', KIND_GROUPING, .argument = "WHAT", .key = "group_by",
	 .help = "hosts, flow, receiver or prefix[,interface][,tunnel]",
	 .section = SECTION_GROUPING},
	{"prefix-v4", 0, KIND_NUMBER, TO(prefix_v4), .argument = "BITS", .maximum = 32,
	 .key = "prefix_v4", .section = SECTION_GROUPING},
	{"prefix-v6", 0, KIND_NUMBER, TO(prefix_v6), .argument = "BITS", .maximum = 128,
	 .key = "prefix_v6", .section = SECTION_GROUPING},
	{"sort", 0, KIND_TEXT, TO(sort), .argument = "COLUMN",
	 .help = "samples (default), min, p50, p95, p99, max, loss, ...",
	 .section = SECTION_REPORT},
	{"limit", 0, KIND_NUMBER, TO(limit), .argument = "ROWS", .maximum = UINT32_MAX,
	 .help = "print at most this many rows", .section = SECTION_REPORT},
	{"local", 0, KIND_PREFIXES, ADD_TO(local, local_count), .argument = "PREFIX",
	 .key = "local", .help = "treat this network as local, such as 10.0.0.0/8",
	 .section = SECTION_GROUPING},
	{"both-sides", 0, KIND_FLAG, TO(both_sides), .key = "both_sides",
	 .help = "also show round trips whose receiver is local", .section = SECTION_GROUPING},
	{"interval", 0, KIND_DURATION, TO(interval_ns), .argument = "TIME", .maximum = HOUR_NS,
	 .help = "report interval, 1s (default), 10s, ...; 0s: at the end",
	 .section = SECTION_LIVE},
	{"duration", 0, KIND_DURATION, TO(duration_ns), .argument = "TIME", .minimum = 1,
	 .maximum = 87600 * HOUR_NS, .help = "stop after this time", .section = SECTION_LIVE},
	{"count", 0, KIND_NUMBER, TO(count), .argument = "PACKETS", .minimum = 1,
	 .maximum = UINT64_MAX, .help = "stop after this many packets", .section = SECTION_INPUT},
	{"threads", 0, KIND_NUMBER, TO(threads), .argument = "N", .minimum = 1, .maximum = 64,
	 .key = "threads", .help = "capture threads per interface; with -r: threads in total",
	 .section = SECTION_LIVE},
	{"snapshot-length", 's', KIND_NUMBER, TO(snaplen), .argument = "BYTES", .minimum = 68,
	 .maximum = 262144, .key = "snaplen", .section = SECTION_LIVE},
	{"buffer-size", 'B', KIND_NUMBER, TO(buffer_kib), .argument = "KIB", .minimum = 256,
	 .maximum = 2097151, .key = "buffer_size", .section = SECTION_LIVE},
	{"time-stamp-type", 'j', KIND_TEXT, TO(stamps), .argument = "TYPE",
	 .key = "time_stamp_type", .section = SECTION_LIVE},
	{"no-promiscuous-mode", 'p', KIND_FLAG, .off = true, TO(promiscuous), .key = "promiscuous",
	 .section = SECTION_LIVE},
	{"user", 'Z', KIND_TEXT, TO(user), .argument = "NAME", .key = "user",
	 .section = SECTION_LIVE},
	{"numeric", 'n', KIND_FLAG, .off = true, TO(names),
	 .help = "print addresses as numbers (default)", .section = SECTION_REPORT},
	{"names", 0, KIND_FLAG, TO(names), .help = "resolve addresses to host names",
	 .section = SECTION_REPORT},
	{"quiet", 'q', KIND_FLAG, TO(quiet), .help = "do not show progress",
	 .section = SECTION_REPORT},
	{"tunnel-port", 0, KIND_PORTS, ADD_TO(tunnel_ports, tunnel_port_count),
	 .argument = "KIND=PORT", .key = "tunnel_ports", .section = SECTION_INPUT},
	{"max-memory", 0, KIND_SIZE, TO(max_memory), .argument = "SIZE",
	 .minimum = OPTIONS_MIN_MEMORY, .maximum = OPTIONS_MAX_MEMORY, .key = "max_memory",
	 .help = "memory for connections and rows: 256M (default), 1G, ...",
	 .section = SECTION_LIMITS},
	{"max-flows", 0, KIND_NUMBER, TO(max_flows), .argument = "N", .minimum = 1,
	 .maximum = UINT64_C(1) << 28, .key = "max_flows", .section = SECTION_LIMITS},
	{"max-groups", 0, KIND_NUMBER, TO(max_groups), .argument = "N", .minimum = 1,
	 .maximum = UINT64_C(1) << 28, .key = "max_groups", .section = SECTION_LIMITS},
	{"log-file", 0, KIND_TEXT, TO(service.log_file), .argument = "FILE",
	 .check = check_file_name, .key = "log_file", .section = SECTION_LOG},
	{"help", 'h', KIND_ACTION, TO(action), .minimum = ACTION_HELP, .help = "show this help",
	 .section = SECTION_GENERAL},
	{"version", 'V', KIND_ACTION, TO(action), .minimum = ACTION_VERSION,
	 .help = "show the version", .section = SECTION_GENERAL},

	/* For all instances; only in the file. */
	{.key = "filter",
	 .kind = KIND_TEXT,
	 TO(filter),
	 .check = check_filled,
	 .section = SECTION_INPUT},
	{.key = "statsd", .kind = KIND_FLAG, TO(service.statsd), .section = SECTION_STATSD},
	{.key = "statsd_ip",
	 .kind = KIND_TEXT,
	 TO(service.statsd_ip),
	 .check = check_statsd,
	 .section = SECTION_STATSD},
	{.key = "statsd_port",
	 .kind = KIND_NUMBER,
	 TO(service.statsd_port),
	 .minimum = 1,
	 .maximum = 65535,
	 .section = SECTION_STATSD},
	{.key = "statsd_interval",
	 .kind = KIND_SECONDS,
	 TO(service.statsd_interval_ns),
	 .minimum = SECOND_NS,
	 .maximum = HOUR_NS,
	 .section = SECTION_STATSD},
	{.key = "statsd_last",
	 .kind = KIND_FLAG,
	 TO(service.statsd_last),
	 .section = SECTION_STATSD},
	{.key = "statsd_details",
	 .kind = KIND_FLAG,
	 TO(service.statsd_details),
	 .section = SECTION_STATSD},
	{.key = "statsd_distributions",
	 .kind = KIND_FLAG,
	 TO(service.statsd_distributions),
	 .section = SECTION_STATSD},
	{.key = "statsd_smooth",
	 .kind = KIND_FLAG,
	 TO(service.statsd_smooth),
	 .section = SECTION_STATSD},
	{.key = "max_pairs",
	 .kind = KIND_NUMBER,
	 TO(service.max_pairs),
	 .minimum = 1,
	 .maximum = 1000000,
	 .section = SECTION_STATSD},
	{.key = "prometheus_ip",
	 .kind = KIND_TEXT,
	 TO(service.prometheus_ip),
	 .check = check_address,
	 .section = SECTION_PROMETHEUS},
	{.key = "prometheus_port",
	 .kind = KIND_NUMBER,
	 TO(service.prometheus_port),
	 .maximum = 65535,
	 .section = SECTION_PROMETHEUS},
	{.key = "prometheus_max_pairs",
	 .kind = KIND_NUMBER,
	 TO(service.prometheus_max_pairs),
	 .minimum = 1,
	 .maximum = 1000000,
	 .section = SECTION_PROMETHEUS},
	{.key = "reverse_lookup",
	 .kind = KIND_FLAG,
	 TO(service.reverse_lookup),
	 .section = SECTION_NAMES},
	{.key = "nameservers",
	 .kind = KIND_TEXTS,
	 ADD_TO(service.nameservers, service.nameserver_count),
	 .check = check_nameserver,
	 .section = SECTION_NAMES},
	{.key = "log_level", .kind = KIND_LEVEL, TO(service.log_level), .section = SECTION_LOG},
	{.key = "log_to_file", .kind = KIND_FLAG, TO(service.log_to_file), .section = SECTION_LOG},
	{.key = "log_time",
	 .kind = KIND_EITHER,
	 TO(service.log_local_time),
	 .choices = clocks,
	 .section = SECTION_LOG},
	{.key = "idle_ttl",
	 .kind = KIND_SECONDS,
	 TO(service.idle_ns),
	 .minimum = SECOND_NS,
	 .maximum = 24 * HOUR_NS,
	 .section = SECTION_LIMITS},
	/* The later row overrides the earlier one: go-metro reads expired_ttl. */
	{.key = "exp_ttl",
	 .kind = KIND_SECONDS,
	 TO(service.expired_ns),
	 .zero = OPTIONS_EXPIRED_AS_IDLE,
	 .maximum = 24 * HOUR_NS,
	 .section = SECTION_LIMITS},
	{.key = "expired_ttl",
	 .kind = KIND_SECONDS,
	 TO(service.expired_ns),
	 .zero = OPTIONS_EXPIRED_AS_IDLE,
	 .maximum = 24 * HOUR_NS,
	 .section = SECTION_LIMITS},

	/* Per instance. */
	{.key = "interface", .kind = KIND_TEXT, OF(interface), .check = check_name},
	{.key = "pcap", .kind = KIND_TEXT, OF(pcap)},
	{.key = "sample", .kind = KIND_FLAG, OF(sample)},
	{.key = "sample_duration",
	 .kind = KIND_SECONDS,
	 OF(sample_duration_ns),
	 .maximum = 24 * HOUR_NS},
	{.key = "sample_interval",
	 .kind = KIND_SECONDS,
	 OF(sample_interval_ns),
	 .maximum = 24 * HOUR_NS},
	{.key = "ips", .kind = KIND_TEXTS, ADD_OF(ips, ip_count), .check = check_network},
	{.key = "hosts", .kind = KIND_TEXTS, ADD_OF(hosts, host_count), .check = check_host},
	{.key = "tags", .kind = KIND_TEXTS, ADD_OF(tags, tag_count), .check = check_tag},
};

#define ROWS (sizeof(options_table) / sizeof(options_table[0]))

const size_t options_rows = ROWS;

_Static_assert(ROWS <= OPTIONS_MAX_ROWS, "struct option_set has a bit for each row");

const char *section_title(enum section section)
{
	static const char *const titles[SECTIONS] = {
		[SECTION_NONE] = "",
		[SECTION_INPUT] = "Input",
		[SECTION_GROUPING] = "Grouping",
		[SECTION_REPORT] = "Report",
		[SECTION_LIVE] = "Live capture",
		[SECTION_LIMITS] = "Limits",
		[SECTION_SERVICE] = "Service",
		[SECTION_STATSD] = "StatsD",
		[SECTION_PROMETHEUS] = "Prometheus",
		[SECTION_NAMES] = "Names",
		[SECTION_LOG] = "Log",
		[SECTION_INSTANCE] = "Instances",
		[SECTION_GENERAL] = "General",
	};

	return titles[section];
}

bool row_is_list(const struct row *row)
{
	return row->kind == KIND_TEXTS || row->kind == KIND_PORTS || row->kind == KIND_PREFIXES;
}

const struct row *row_of_name(const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (options_table[i].name && strcmp(options_table[i].name, name) == 0)
			return &options_table[i];
	return NULL;
}

const struct row *row_of_key(enum scope scope, const char *key)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &options_table[i];

		if (row->key && row->scope == scope && strcmp(row->key, key) == 0)
			return row;
	}
	return NULL;
}

#define WORD_BITS 64

void option_set_add(struct option_set *set, size_t row)
{
	set->words[row / WORD_BITS] |= UINT64_C(1) << (row % WORD_BITS);
}

bool option_set_has(const struct option_set *set, size_t row)
{
	return set->words[row / WORD_BITS] >> (row % WORD_BITS) & 1;
}

void row_set_given(struct options *options, const struct row *row)
{
	option_set_add(&options->given, (size_t)(row - options_table));
}

bool row_is_given(const struct options *options, const struct row *row)
{
	return option_set_has(&options->given, (size_t)(row - options_table));
}

int options_init(struct options *options, size_t max, struct error *error)
{
	*options = (struct options){
		.format = FORMAT_TABLE,
		.group_by = "hosts",
		.prefix_v4 = 24,
		.prefix_v6 = 48,
		.max_memory = OPTIONS_DEFAULT_MEMORY,
		.snaplen = OPTIONS_SNAPLEN,
		.buffer_kib = OPTIONS_BUFFER_KIB,
		.promiscuous = true,
		.threads = 1,
		.interval_ns = INT64_C(1000000000),
		.service = {.statsd = true,
			    .statsd_ip = OPTIONS_STATSD_IP,
			    .statsd_port = OPTIONS_STATSD_PORT,
			    .statsd_interval_ns = OPTIONS_STATSD_INTERVAL_NS,
			    .statsd_details = true,
			    .max_pairs = OPTIONS_MAX_PAIRS,
			    .prometheus_ip = OPTIONS_PROMETHEUS_IP,
			    .prometheus_max_pairs = OPTIONS_PROMETHEUS_MAX_PAIRS,
			    .log_level = LOG_LEVEL_INFO,
			    .log_file = OPTIONS_LOG_FILE},
	};
	options->files = calloc(max, sizeof(*options->files));
	options->interfaces = calloc(max, sizeof(*options->interfaces));
	options->tunnel_ports = calloc(max, sizeof(*options->tunnel_ports));
	options->local = calloc(max, sizeof(*options->local));
	if (options->files && options->interfaces && options->tunnel_ports && options->local)
		return 0;
	options_done(options);
	return error_set(error, ENOMEM, "out of memory");
}

void options_done(struct options *options)
{
	free(options->files);
	free(options->interfaces);
	free(options->filter);
	free(options->tunnel_ports);
	free(options->local);
	options->files = NULL;
	options->interfaces = NULL;
	options->filter = NULL;
	options->tunnel_ports = NULL;
	options->local = NULL;
}
