/*
 * The table: see options_table.h. The rows that go into struct options come first, for
 * each has a bit in options.given.
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
#define OF(field) .section = SECTION_INSTANCE, .offset = offsetof(struct instance, field)
#define ADD_OF(field, count)                                                                       \
	.section = SECTION_INSTANCE, .offset = offsetof(struct instance, field),                   \
	.count_offset = offsetof(struct instance, count)

const struct row options_table[] = {
	{"read", 'r', KIND_TEXTS, ADD_TO(files, file_count), .argument = "FILE",
	 .check = check_file_name,
	 .help = "a capture: pcap, pcapng, .gz, .zst; - is standard input"},
	{"interface", 'i', KIND_TEXTS, ADD_TO(interfaces, interface_count), .argument = "NAME",
	 .check = check_name, .unique = true,
	 .help = "capture live on an interface, or on \"any\", until Ctrl-C"},
	{"config", 'c', KIND_TEXT, TO(config), .argument = "FILE", .check = check_file_name,
	 .help = "run as a service, by this configuration file"},
	{"check", 0, KIND_FLAG, TO(check), .help = "with -c: only look whether the file is right"},
	{"list-interfaces", 'D', KIND_ACTION, TO(action), .minimum = ACTION_LIST_INTERFACES,
	 .help = "list the interfaces"},
	{"samples", 0, KIND_FLAG, TO(samples),
	 .help = "print each sample, a line each, instead of the report"},
	{"format", 0, KIND_CHOICE, TO(format), .argument = "FORMAT", .choices = formats,
	 .help = "table (default), json (an object a line) or csv"},
	{"group-by", 'g', KIND_GROUPING, .argument = "WHAT", .key = "group_by",
	 .help = "hosts, flow, receiver or prefix[,interface][,tunnel]"},
	{"prefix-v4", 0, KIND_NUMBER, TO(prefix_v4), .argument = "BITS", .maximum = 32,
	 .key = "prefix_v4"},
	{"prefix-v6", 0, KIND_NUMBER, TO(prefix_v6), .argument = "BITS", .maximum = 128,
	 .key = "prefix_v6"},
	{"sort", 0, KIND_TEXT, TO(sort), .argument = "COLUMN",
	 .help = "samples (default), min, p50, p95, p99, max, loss ..."},
	{"limit", 0, KIND_NUMBER, TO(limit), .argument = "ROWS", .maximum = UINT32_MAX,
	 .help = "print this many rows at most"},
	{"local", 0, KIND_PREFIXES, ADD_TO(local, local_count), .argument = "PREFIX",
	 .key = "local", .help = "this side's hosts, besides, live, this machine's own"},
	{"both-sides", 0, KIND_FLAG, TO(both_sides), .key = "both_sides",
	 .help = "also show this side's own answers to others"},
	{"interval", 0, KIND_DURATION, TO(interval_ns), .argument = "TIME", .maximum = HOUR_NS,
	 .help = "live: report each 1s (default), 10s, ...; 0s: at the end"},
	{"duration", 0, KIND_DURATION, TO(duration_ns), .argument = "TIME", .minimum = 1,
	 .maximum = 87600 * HOUR_NS, .help = "live: end after this time"},
	{"count", 0, KIND_NUMBER, TO(count), .argument = "PACKETS", .minimum = 1,
	 .maximum = UINT64_MAX, .help = "end after this many packets"},
	{"threads", 0, KIND_NUMBER, TO(threads), .argument = "N", .minimum = 1, .maximum = 64,
	 .key = "threads", .help = "for each interface, or in all for -r"},
	{"snapshot-length", 's', KIND_NUMBER, TO(snaplen), .argument = "BYTES", .minimum = 68,
	 .maximum = 262144, .key = "snaplen"},
	{"buffer-size", 'B', KIND_NUMBER, TO(buffer_kib), .argument = "KIB", .minimum = 256,
	 .maximum = 2097151, .key = "buffer_size"},
	{"time-stamp-type", 'j', KIND_TEXT, TO(stamps), .argument = "TYPE",
	 .key = "time_stamp_type"},
	{"no-promiscuous-mode", 'p', KIND_FLAG, .off = true, TO(promiscuous), .key = "promiscuous"},
	{"user", 'Z', KIND_TEXT, TO(user), .argument = "NAME", .key = "user"},
	{"numeric", 'n', KIND_FLAG, .off = true, TO(names),
	 .help = "addresses as numbers (default)"},
	{"names", 0, KIND_FLAG, TO(names), .help = "look up the names of hosts"},
	{"quiet", 'q', KIND_FLAG, TO(quiet), .help = "no word of progress"},
	{"tunnel-port", 0, KIND_PORTS, ADD_TO(tunnel_ports, tunnel_port_count),
	 .argument = "KIND=PORT", .key = "tunnel_ports"},
	{"max-memory", 0, KIND_SIZE, TO(max_memory), .argument = "SIZE",
	 .minimum = OPTIONS_LEAST_MEMORY, .maximum = OPTIONS_MOST_MEMORY, .key = "max_memory",
	 .help = "memory for connections and rows, 256M (default), 1G, ..."},
	{"max-flows", 0, KIND_NUMBER, TO(max_flows), .argument = "N", .minimum = 1,
	 .maximum = UINT64_C(1) << 28, .key = "max_flows"},
	{"max-groups", 0, KIND_NUMBER, TO(max_groups), .argument = "N", .minimum = 1,
	 .maximum = UINT64_C(1) << 28, .key = "max_groups"},
	{"log-file", 0, KIND_TEXT, TO(service.log_file), .argument = "FILE",
	 .check = check_file_name, .key = "log_file"},
	{"help", 'h', KIND_ACTION, TO(action), .minimum = ACTION_HELP, .help = "this text"},
	{"version", 'V', KIND_ACTION, TO(action), .minimum = ACTION_VERSION, .help = "the version"},

	/* Of all instances, only in the file. */
	{.key = "filter", .kind = KIND_TEXT, TO(filter), .check = check_filled},
	{.key = "statsd", .kind = KIND_FLAG, TO(service.statsd)},
	{.key = "statsd_ip", .kind = KIND_TEXT, TO(service.statsd_ip), .check = check_statsd},
	{.key = "statsd_port",
	 .kind = KIND_NUMBER,
	 TO(service.statsd_port),
	 .minimum = 1,
	 .maximum = 65535},
	{.key = "statsd_interval",
	 .kind = KIND_SECONDS,
	 TO(service.statsd_interval_ns),
	 .minimum = SECOND_NS,
	 .maximum = HOUR_NS},
	{.key = "statsd_last", .kind = KIND_FLAG, TO(service.statsd_last)},
	{.key = "statsd_details", .kind = KIND_FLAG, TO(service.statsd_details)},
	{.key = "statsd_distributions", .kind = KIND_FLAG, TO(service.statsd_distributions)},
	{.key = "statsd_smooth", .kind = KIND_FLAG, TO(service.statsd_smooth)},
	{.key = "max_pairs",
	 .kind = KIND_NUMBER,
	 TO(service.max_pairs),
	 .minimum = 1,
	 .maximum = 1000000},
	{.key = "prometheus_ip",
	 .kind = KIND_TEXT,
	 TO(service.prometheus_ip),
	 .check = check_address},
	{.key = "prometheus_port",
	 .kind = KIND_NUMBER,
	 TO(service.prometheus_port),
	 .maximum = 65535},
	{.key = "prometheus_max_pairs",
	 .kind = KIND_NUMBER,
	 TO(service.prometheus_max_pairs),
	 .minimum = 1,
	 .maximum = 1000000},
	{.key = "reverse_lookup", .kind = KIND_FLAG, TO(service.reverse_lookup)},
	{.key = "nameservers",
	 .kind = KIND_TEXTS,
	 ADD_TO(service.nameservers, service.nameserver_count),
	 .check = check_nameserver},
	{.key = "log_level", .kind = KIND_LEVEL, TO(service.log_level)},
	{.key = "log_to_file", .kind = KIND_FLAG, TO(service.log_to_file)},
	{.key = "log_time", .kind = KIND_EITHER, TO(service.log_local_time), .choices = clocks},
	{.key = "idle_ttl",
	 .kind = KIND_SECONDS,
	 TO(service.idle_ns),
	 .minimum = SECOND_NS,
	 .maximum = 24 * HOUR_NS},
	/* The second one counts if there are both: it is the one that go-metro reads. */
	{.key = "exp_ttl",
	 .kind = KIND_SECONDS,
	 TO(service.expired_ns),
	 .zero = OPTIONS_EXPIRED_AS_IDLE,
	 .maximum = 24 * HOUR_NS},
	{.key = "expired_ttl",
	 .kind = KIND_SECONDS,
	 TO(service.expired_ns),
	 .zero = OPTIONS_EXPIRED_AS_IDLE,
	 .maximum = 24 * HOUR_NS},

	/* Of an instance. */
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

#define ROWS     (sizeof(options_table) / sizeof(options_table[0]))
#define OF_HOSTS 8 /* rows of instances, at the end */

const size_t options_rows = ROWS;

_Static_assert(ROWS - OF_HOSTS <= 64, "options.given has a bit for each row of struct options");
_Static_assert(ROWS <= OPTIONS_MOST_ROWS, "arrays have room for all rows");

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

const struct row *row_of_key(enum section section, const char *key)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &options_table[i];

		if (row->key && row->section == section && strcmp(row->key, key) == 0)
			return row;
	}
	return NULL;
}

void row_give(struct options *options, const struct row *row)
{
	options->given |= UINT64_C(1) << (row - options_table);
}

bool row_given(const struct options *options, const struct row *row)
{
	return row->section == SECTION_GENERAL && options->given >> (row - options_table) & 1;
}

int options_init(struct options *options, size_t most, struct error *error)
{
	*options = (struct options){
		.format = FORMAT_TABLE,
		.group_by = "hosts",
		.prefix_v4 = 24,
		.prefix_v6 = 48,
		.max_memory = OPTIONS_MAX_MEMORY,
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
	options->files = calloc(most, sizeof(*options->files));
	options->interfaces = calloc(most, sizeof(*options->interfaces));
	options->tunnel_ports = calloc(most, sizeof(*options->tunnel_ports));
	options->local = calloc(most, sizeof(*options->local));
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
