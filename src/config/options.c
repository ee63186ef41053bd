/*
 * The command line, read by the table of options: see options.h.
 */
#include "config/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "config/options_table.h"
#include "config/values.h"

#define FIRST_VALUE 256 /* of long options, beyond all letters */

_Static_assert(sizeof(enum action) == sizeof(unsigned), "actions are set as unsigned");

static void make_getopt(struct option *longs, char *letters)
{
	*letters++ = ':'; /* a missing argument is told from an unknown option */
	for (size_t i = 0; i < options_rows; i++) {
		const struct row *row = &options_table[i];

		if (!row->name)
			continue;
		*longs++ = (struct option){
			.name = row->name,
			.has_arg = row->argument ? required_argument : no_argument,
			.val = FIRST_VALUE + (int)i,
		};
		if (row->letter)
			*letters++ = row->letter;
		if (row->letter && row->argument)
			*letters++ = ':';
	}
	*longs = (struct option){0};
	*letters = '\0';
}

static const struct row *row_of(int value)
{
	if (value >= FIRST_VALUE)
		return &options_table[value - FIRST_VALUE];
	for (size_t i = 0; i < options_rows; i++)
		if (options_table[i].letter && options_table[i].letter == value)
			return &options_table[i];
	return NULL;
}

/* getopt's complaint, in one sentence. `word` is the long option it stopped at; for a
 * letter, which may stand within a word that it has not left yet, optopt tells. */
static int message_print(int value, const char *word, struct error *error)
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
	struct option longs[OPTIONS_MAX_ROWS + 1];
	char letters[2 * OPTIONS_MAX_ROWS + 2];
	int value;

	make_getopt(longs, letters);
	optind = 0;
	opterr = 0;
	while ((value = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct row *row = value == '?' || value == ':' ? NULL : row_of(value);

		if (!row)
			return message_print(value, argv[optind - 1], error);
		struct error wrong;

		if (value_set(row, options, optarg, &wrong) < 0)
			return error_set(error, EINVAL, "--%s: %s", row->name, wrong.text);
		row_set_given(options, row);
	}
	if (optind < argc) {
		options->filter = join(argv + optind);
		if (!options->filter)
			return error_set(error, ENOMEM, "out of memory");
	}
	return 0;
}

#define SHORTEST_INTERVAL_NS INT64_C(100000000)

/* A service does what its file says: only what a file could say too makes sense. */
static int check_service(const struct options *options, struct error *error)
{
	if (options->file_count || options->interface_count)
		return error_set(error, EINVAL,
				 "-c and %s cannot be combined: the configuration file specifies "
				 "what to capture",
				 options->file_count ? "-r" : "-i");
	for (size_t i = 0; i < options_rows; i++) {
		const struct row *row = &options_table[i];

		if (row->name && row_is_given(options, row) && !row->key &&
		    row->kind != KIND_ACTION && strcmp(row->name, "config") != 0 &&
		    strcmp(row->name, "check") != 0)
			return error_set(
				error, EINVAL,
				"--%s cannot be combined with -c: a service prints no report",
				row->name);
	}
	return 0;
}

/* Values that are fine each by itself. */
static int check_together(const struct options *options, struct error *error)
{
	if (options->config)
		return check_service(options, error);
	if (options->check)
		return error_set(error, EINVAL,
				 "--check requires -c: a configuration file to check");
	if (row_is_given(options, row_of_name("log-file")))
		return error_set(error, EINVAL,
				 "--log-file requires -c: only a service writes a log");
	if (options->file_count && options->interface_count)
		return error_set(error, EINVAL,
				 "-r and -i cannot be combined: read captures, or capture live");
	if (options->interval_ns && options->interval_ns < SHORTEST_INTERVAL_NS)
		return error_set(error, EINVAL,
				 "--interval: at least 100ms, or 0s for one report at the end");
	return 0;
}

int options_parse(int argc, char **argv, struct options *options, struct error *error)
{
	struct options parsed;
	int result = options_init(&parsed, (size_t)argc + 1, error);

	if (result < 0)
		return result;
	result = parse_words(argc, argv, &parsed, error);
	if (!result)
		result = check_together(&parsed, error);
	if (result < 0) {
		options_done(&parsed);
		return result;
	}
	if (row_is_given(&parsed, row_of_name("threads")))
		parsed.partitions = parsed.threads;
	*options = parsed;
	return 0;
}
