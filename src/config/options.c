/*
 * The option table, and the command line read by it: see options.h.
 */
#include "config/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

enum kind {
	KIND_FLAG,   /* bool: set to true; cleared by an option with .off */
	KIND_ACTION, /* unsigned: set to .minimum */
	KIND_CHOICE, /* unsigned: the index of the word in .choices */
	KIND_WORD,   /* const char *: one of .choices, as its word there */
	KIND_TEXT,   /* const char * */
	KIND_NUMBER, /* uint64_t within .minimum and .maximum */
	KIND_FILES,  /* adds to options.files */
	KIND_PORTS,  /* adds to options.tunnel_ports: KIND=PORT */
};

struct row {
	const char *name;
	char letter; /* 0: none */
	enum kind kind;
	bool off;
	size_t offset;        /* in struct options */
	const char *argument; /* what it takes, for --help */
	const char *const *choices;
	uint64_t minimum;
	uint64_t maximum;
	const char *help; /* NULL: not worth a line of the screen, see the man page */
};

static const char *const formats[] = {"table", "json", "csv", NULL};
static const char *const groupings[] = {"hosts", "flow", "receiver", "prefix", NULL};

#define AT(field) offsetof(struct options, field)

static const struct row table[] = {
	{"read", 'r', KIND_FILES, .argument = "FILE",
	 .help = "a capture: pcap, pcapng, .gz, .zst; - is standard input"},
	{"samples", 0, KIND_FLAG, .offset = AT(samples),
	 .help = "print each sample, a line each, instead of the report"},
	{"format", 0, KIND_CHOICE, .offset = AT(format), .argument = "FORMAT", .choices = formats,
	 .help = "table (default), json (an object a line) or csv"},
	{"group-by", 'g', KIND_WORD, .offset = AT(group_by), .argument = "WHAT",
	 .choices = groupings, .help = "hosts (default), flow, receiver or prefix"},
	{"prefix-v4", 0, KIND_NUMBER, .offset = AT(prefix_v4), .argument = "BITS", .maximum = 32},
	{"prefix-v6", 0, KIND_NUMBER, .offset = AT(prefix_v6), .argument = "BITS", .maximum = 128},
	{"sort", 0, KIND_TEXT, .offset = AT(sort), .argument = "COLUMN",
	 .help = "samples (default), min, p50, p95, p99, max, loss ..."},
	{"limit", 0, KIND_NUMBER, .offset = AT(limit), .argument = "ROWS", .maximum = UINT32_MAX,
	 .help = "print this many rows at most"},
	{"numeric", 'n', KIND_FLAG, .off = true, .offset = AT(names),
	 .help = "addresses as numbers (default)"},
	{"names", 0, KIND_FLAG, .offset = AT(names), .help = "look up the names of hosts"},
	{"quiet", 'q', KIND_FLAG, .offset = AT(quiet), .help = "no progress on a terminal"},
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

/* "one of a, b, c" */
static void list_choices(const struct row *row, char *text, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; row->choices[i] && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "",
					 row->choices[i]);
}

static int set_choice(const struct row *row, void *field, const char *value, struct error *error)
{
	char choices[120];

	for (unsigned i = 0; row->choices[i]; i++) {
		if (strcmp(row->choices[i], value) != 0)
			continue;
		if (row->kind == KIND_CHOICE)
			*(unsigned *)field = i;
		else
			*(const char **)field = row->choices[i];
		return 0;
	}
	list_choices(row, choices, sizeof(choices));
	return error_set(error, EINVAL, "--%s: \"%s\" is none of %s", row->name, value, choices);
}

static int set_number(const struct row *row, void *field, const char *value, struct error *error)
{
	int result = parse_u64(value, row->minimum, row->maximum, field);

	if (result < 0)
		return error_set(error, EINVAL, "--%s: \"%s\" is not a number from %llu to %llu",
				 row->name, value, (unsigned long long)row->minimum,
				 (unsigned long long)row->maximum);
	return 0;
}

/* "vxlan=4789": a kind of tunnel and a UDP port. */
static int add_port(struct options *options, const char *value, struct error *error)
{
	const char *equals = strchr(value, '=');
	size_t length = equals ? (size_t)(equals - value) : 0;
	uint64_t port;

	for (unsigned i = 0; length && i < TCPM_TUNNELS; i++) {
		const char *name = tcpm_tunnel_name(i);
		unsigned count = 0;

		if (strlen(name) != length || memcmp(name, value, length) != 0)
			continue;
		if (parse_u64(equals + 1, 1, 65535, &port) < 0)
			return error_set(error, EINVAL,
					 "--tunnel-port: \"%s\" is not a port from 1 to 65535",
					 equals + 1);
		for (size_t j = 0; j < options->tunnel_port_count; j++)
			count += options->tunnel_ports[j].tunnel == i;
		if (count == TCPM_MAX_TUNNEL_PORTS)
			return error_set(error, EINVAL, "--tunnel-port: %s has %u ports already",
					 name, count);
		options->tunnel_ports[options->tunnel_port_count++] =
			(struct tcpm_tunnel_port){.port = (uint16_t)port, .tunnel = (uint8_t)i};
		return 0;
	}
	return error_set(error, EINVAL,
			 "--tunnel-port: \"%s\" is not KIND=PORT; kinds are vxlan, vxlan-gpe, "
			 "geneve, gtp-u, teredo, capwap, l2tp, mpls",
			 value);
}

static int set(const struct row *row, struct options *options, const char *value,
	       struct error *error)
{
	void *field = (char *)options + row->offset;

	switch (row->kind) {
	case KIND_FLAG:
		*(bool *)field = !row->off;
		return 0;
	case KIND_ACTION:
		*(unsigned *)field = (unsigned)row->minimum;
		return 0;
	case KIND_CHOICE:
	case KIND_WORD:
		return set_choice(row, field, value, error);
	case KIND_TEXT:
		*(const char **)field = value;
		return 0;
	case KIND_NUMBER:
		return set_number(row, field, value, error);
	case KIND_FILES:
		if (!*value)
			return error_set(error, EINVAL, "--read: the name of the file is empty");
		options->files[options->file_count++] = value;
		return 0;
	case KIND_PORTS:
		return add_port(options, value, error);
	}
	return -EINVAL;
}

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
		int result = set(row, options, optarg, error);

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

int options_parse(int argc, char **argv, struct options *options, struct error *error)
{
	struct options parsed = {
		.format = FORMAT_TABLE,
		.group_by = groupings[0],
		.prefix_v4 = 24,
		.prefix_v6 = 48,
	};

	parsed.files = calloc((size_t)argc + 1, sizeof(*parsed.files));
	parsed.tunnel_ports = calloc((size_t)argc + 1, sizeof(*parsed.tunnel_ports));
	if (!parsed.files || !parsed.tunnel_ports) {
		options_done(&parsed);
		return error_set(error, ENOMEM, "out of memory");
	}
	int result = parse_words(argc, argv, &parsed, error);

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
	free(options->filter);
	free(options->tunnel_ports);
	options->files = NULL;
	options->filter = NULL;
	options->tunnel_ports = NULL;
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
	fputs("Usage: tcpmetro -r FILE [options] [filter expression]\n"
	      "Tells the round-trip times between hosts from the TCP packets of a capture.\n\n",
	      out);
	for (size_t i = 0; i < ROWS; i++)
		print_row(out, &table[i]);
	fputs("\nExamples:\n"
	      "  tcpmetro -r trace.pcap                        who is slow to whom\n"
	      "  tcpmetro -r trace.pcap.gz --sort p95 port 443 the slowest first, HTTPS only\n"
	      "  tcpdump -w - | tcpmetro -r - --samples        each sample as it comes\n"
	      "\nThe man page, tcpmetro(1), has the rest: columns, --prefix-v4, --max-flows ...\n",
	      out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
