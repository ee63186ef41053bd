/*
 * The option table, and the command line read by it: see options.h.
 */
#include "config/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/values.h"

static const char *const formats[] = {"table", "json", "csv", NULL};

#define HOUR_NS   (UINT64_C(3600) * 1000000000)
#define AT(field) offsetof(struct options, field)

static const struct row table[] = {
	{"read", 'r', KIND_FILES, .argument = "FILE",
	 .help = "a capture: pcap, pcapng, .gz, .zst; - is standard input"},
	{"interface", 'i', KIND_INTERFACES, .argument = "NAME",
	 .help = "capture live on an interface, or on \"any\", until Ctrl-C"},
	{"list-interfaces", 'D', KIND_ACTION, .offset = AT(action),
	 .minimum = ACTION_LIST_INTERFACES, .help = "list the interfaces"},
	{"samples", 0, KIND_FLAG, .offset = AT(samples),
	 .help = "print each sample, a line each, instead of the report"},
	{"format", 0, KIND_CHOICE, .offset = AT(format), .argument = "FORMAT", .choices = formats,
	 .help = "table (default), json (an object a line) or csv"},
	{"group-by", 'g', KIND_GROUPING, .argument = "WHAT",
	 .help = "hosts, flow, receiver or prefix[,interface][,tunnel]"},
	{"prefix-v4", 0, KIND_NUMBER, .offset = AT(prefix_v4), .argument = "BITS", .maximum = 32},
	{"prefix-v6", 0, KIND_NUMBER, .offset = AT(prefix_v6), .argument = "BITS", .maximum = 128},
	{"sort", 0, KIND_TEXT, .offset = AT(sort), .argument = "COLUMN",
	 .help = "samples (default), min, p50, p95, p99, max, loss ..."},
	{"limit", 0, KIND_NUMBER, .offset = AT(limit), .argument = "ROWS", .maximum = UINT32_MAX,
	 .help = "print this many rows at most"},
	{"local", 0, KIND_PREFIXES, .argument = "PREFIX",
	 .help = "this side's hosts, besides, live, this machine's own"},
	{"both-sides", 0, KIND_FLAG, .offset = AT(both_sides),
	 .help = "also show this side's own answers to others"},
	{"interval", 0, KIND_DURATION, .offset = AT(interval_ns), .argument = "TIME",
	 .maximum = HOUR_NS, .help = "live: report each 1s (default), 10s, ...; 0s: at the end"},
	{"duration", 0, KIND_DURATION, .offset = AT(duration_ns), .argument = "TIME", .minimum = 1,
	 .maximum = 87600 * HOUR_NS, .help = "live: end after this time"},
	{"count", 0, KIND_NUMBER, .offset = AT(count), .argument = "PACKETS", .minimum = 1,
	 .maximum = UINT64_MAX, .help = "end after this many packets"},
	{"threads", 0, KIND_NUMBER, .offset = AT(threads), .argument = "N", .minimum = 1,
	 .maximum = 64, .help = "live: capture with so many threads an interface"},
	{"snapshot-length", 's', KIND_NUMBER, .offset = AT(snaplen), .argument = "BYTES",
	 .minimum = 68, .maximum = 262144},
	{"buffer-size", 'B', KIND_NUMBER, .offset = AT(buffer_kib), .argument = "KIB",
	 .minimum = 256, .maximum = 2097151},
	{"time-stamp-type", 'j', KIND_TEXT, .offset = AT(stamps), .argument = "TYPE"},
	{"no-promiscuous-mode", 'p', KIND_FLAG, .off = true, .offset = AT(promiscuous)},
	{"user", 'Z', KIND_TEXT, .offset = AT(user), .argument = "NAME"},
	{"numeric", 'n', KIND_FLAG, .off = true, .offset = AT(names),
	 .help = "addresses as numbers (default)"},
	{"names", 0, KIND_FLAG, .offset = AT(names), .help = "look up the names of hosts"},
	{"quiet", 'q', KIND_FLAG, .offset = AT(quiet), .help = "no word of progress"},
	{"tunnel-port", 0, KIND_PORTS, .argument = "KIND=PORT"},
	{"max-flows", 0, KIND_NUMBER, .offset = AT(max_flows), .argument = "N", .minimum = 1,
	 .maximum = UINT64_C(1) << 28},
	{"max-groups", 0, KIND_NUMBER, .offset = AT(max_groups), .argument = "N", .minimum = 1,
	 .maximum = UINT64_C(1) << 28},
	{"help", 'h', KIND_ACTION, .offset = AT(action), .minimum = ACTION_HELP,
	 .help = "this text"},
	{"version", 'V', KIND_ACTION, .offset = AT(action), .minimum = ACTION_VERSION,
	 .help = "the version"},
};

#define ROWS        (sizeof(table) / sizeof(table[0]))
#define FIRST_VALUE 256 /* of long options, beyond all letters */

_Static_assert(sizeof(enum action) == sizeof(unsigned), "actions are set as unsigned");

static void make_getopt(struct option *longs, char *letters)
{
	*letters++ = ':'; /* a missing argument is told from an unknown option */
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &table[i];

		longs[i] = (struct option){
			.name = row->name,
			.has_arg = row->argument ? required_argument : no_argument,
			.val = FIRST_VALUE + (int)i,
		};
		if (row->letter)
			*letters++ = row->letter;
		if (row->letter && row->argument)
			*letters++ = ':';
	}
	longs[ROWS] = (struct option){0};
	*letters = '\0';
}

static const struct row *row_of(int value)
{
	if (value >= FIRST_VALUE)
		return &table[value - FIRST_VALUE];
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].letter && table[i].letter == value)
			return &table[i];
	return NULL;
}

/* getopt's complaint, in one sentence. `word` is the long option it stopped at; for a
 * letter, which may stand within a word that it has not left yet, optopt tells. */
static int complain(int value, const char *word, struct error *error)
{
	const char *assignment = strchr(word, '=');

	if (value == ':')
		return error_set(error, EINVAL, "%s needs an argument; see tcpmetro --help",
				 optopt >= FIRST_VALUE ? word : (char[]){'-', (char)optopt, 0});
	if (optopt >= FIRST_VALUE && assignment)
		return error_set(error, EINVAL, "--%s takes no argument; see tcpmetro --help",
				 row_of(optopt)->name);
	if (optopt)
		return error_set(error, EINVAL, "unknown option -%c; see tcpmetro --help", optopt);
	return error_set(error, EINVAL, "unknown option %s; see tcpmetro --help", word);
}

/* The words of the filter expression, with a blank between them. */
static char *join(char *const *words)
{
	size_t size = 1;

	for (char *const *word = words; *word; word++)
		size += strlen(*word) + 1;
	char *joined = malloc(size);

	if (!joined)
		return NULL;
	char *at = joined;

	for (; *words; words++) {
		if (at != joined)
			*at++ = ' ';
		at = stpcpy(at, *words);
	}
	*at = '\0';
	return joined;
}

static int parse_words(int argc, char **argv, struct options *options, struct error *error)
{
	struct option longs[ROWS + 1];
	char letters[2 * ROWS + 2];
	int value;

	make_getopt(longs, letters);
	optind = 0;
	opterr = 0;
	while ((value = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct row *row = value == '?' || value == ':' ? NULL : row_of(value);

		if (!row)
			return complain(value, argv[optind - 1], error);
		int result = value_set(row, options, optarg, error);

		if (result < 0)
			return result;
	}
	if (optind < argc) {
		options->filter = join(argv + optind);
		if (!options->filter)
			return error_set(error, ENOMEM, "out of memory");
	}
	return 0;
}

#define SHORTEST_INTERVAL_NS INT64_C(100000000)

/* Values that are fine each by itself. */
static int check_together(const struct options *options, struct error *error)
{
	if (options->file_count && options->interface_count)
		return error_set(error, EINVAL,
				 "-r and -i cannot be had at once: a capture, or an interface");
	if (options->interval_ns && options->interval_ns < SHORTEST_INTERVAL_NS)
		return error_set(error, EINVAL,
				 "--interval: at least 100ms, or 0s for one report at the end");
	return 0;
}

int options_parse(int argc, char **argv, struct options *options, struct error *error)
{
	struct options parsed = {
		.format = FORMAT_TABLE,
		.group_by = "hosts",
		.prefix_v4 = 24,
		.prefix_v6 = 48,
		.snaplen = OPTIONS_SNAPLEN,
		.buffer_kib = OPTIONS_BUFFER_KIB,
		.promiscuous = true,
		.threads = 1,
		.interval_ns = INT64_C(1000000000),
	};
	size_t most = (size_t)argc + 1; /* of anything that can be given repeatedly */

	parsed.files = calloc(most, sizeof(*parsed.files));
	parsed.interfaces = calloc(most, sizeof(*parsed.interfaces));
	parsed.tunnel_ports = calloc(most, sizeof(*parsed.tunnel_ports));
	parsed.local = calloc(most, sizeof(*parsed.local));
	if (!parsed.files || !parsed.interfaces || !parsed.tunnel_ports || !parsed.local) {
		options_done(&parsed);
		return error_set(error, ENOMEM, "out of memory");
	}
	int result = parse_words(argc, argv, &parsed, error);

	if (!result)
		result = check_together(&parsed, error);
	if (result < 0) {
		options_done(&parsed);
		return result;
	}
	*options = parsed;
	return 0;
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

static void print_row(FILE *out, const struct row *row)
{
	char left[40];
	char letter[] = {'-', row->letter, ',', '\0'};

	if (!row->help)
		return;
	snprintf(left, sizeof(left), "%-3s --%s%s%s", row->letter ? letter : "", row->name,
		 row->argument ? " " : "", row->argument ? row->argument : "");
	fprintf(out, "  %-21s %s\n", left, row->help);
}

char *options_help(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs("Usage: tcpmetro -r FILE | -i NAME [options] [filter expression]\n"
	      "Tells the round-trip times between hosts from TCP packets as they pass.\n\n",
	      out);
	for (size_t i = 0; i < ROWS; i++)
		print_row(out, &table[i]);
	fputs("\nExamples:\n"
	      "  tcpmetro -r trace.pcap                        who is slow to whom\n"
	      "  tcpmetro -i eth0 --sort p95 port 443          live, the slowest first\n"
	      "  tcpmetro -i any --samples --format json       each sample as it comes\n"
	      "\nThe man page, tcpmetro(1), has the rest: columns, -s, -B, -j, -p, -Z ...\n",
	      out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
