/*
 * go-metro's command line: see gometro.h.
 *
 * Its flags are those of Go: one dash or two, the value behind '=' or in the next word, and
 * booleans only with '='. The first word that is no flag ends them; it means nothing.
 */
#include "config/gometro.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/options_table.h"

struct flags {
	const char *config;
	const char *log_file;
	const char *filter;
	bool smooth;
	bool smooth_given;
	bool help;
};

bool gometro_is_called(const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;

	return argv0 && strcmp(slash ? slash + 1 : argv0, "go-metro") == 0;
}

static int set_bool(struct flags *flags, const char *value, struct error *error)
{
	static const char *const words[] = {"0",     "1",    "f",     "t",    "F",     "T",
					    "false", "true", "False", "True", "FALSE", "TRUE"};

	flags->smooth_given = true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i], value) != 0)
			continue;
		flags->smooth = i & 1;
		return 0;
	}
	return error_set(error, EINVAL, "-st: \"%s\" is neither true nor false; see go-metro -h",
			 value);
}

static const char **text_of(struct flags *flags, const char *name, size_t length)
{
	static const char *const names[] = {"cfg", "log", "f"};
	const char **texts[] = {&flags->config, &flags->log_file, &flags->filter};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
			return texts[i];
	return NULL;
}

static bool is(const char *word, const char *name, size_t length)
{
	return strlen(word) == length && memcmp(word, name, length) == 0;
}

/* The flag at *word; steps over its value, if that is a word of its own. */
static int take(struct flags *flags, char ***word, struct error *error)
{
	const char *name = **word + (***word == '-') + (strncmp(**word, "--", 2) == 0);
	size_t length = strcspn(name, "=");
	const char *value = name[length] ? name + length + 1 : NULL;
	const char **text = text_of(flags, name, length);

	if (is("st", name, length))
		return set_bool(flags, value ? value : "true", error);
	if (is("h", name, length) || is("help", name, length)) {
		flags->help = true;
		return 0;
	}
	if (!text)
		return error_set(error, EINVAL, "unknown flag %s; see go-metro -h", **word);
	if (!value) {
		if (!(*word)[1])
			return error_set(error, EINVAL, "%s needs an argument; see go-metro -h",
					 **word);
		value = *++*word;
	}
	if (!*value && text != &flags->filter)
		return error_set(error, EINVAL, "-%.*s: the file name is empty", (int)length, name);
	*text = value;
	return 0;
}

static int fill(const struct flags *flags, struct options *options, struct error *error)
{
	int result = options_init(options, 1, error);

	if (result < 0)
		return result;
	options->action = flags->help ? ACTION_HELP : ACTION_RUN;
	options->config = flags->config ? flags->config : GOMETRO_CONFIG;
	options->service.log_file = flags->log_file ? flags->log_file : GOMETRO_LOG_FILE;
	if (flags->log_file)
		row_set_given(options, row_of_name("log-file"));
	options->service.statsd_smooth = flags->smooth;
	if (flags->smooth_given)
		row_set_given(options, row_of_key(SCOPE_GENERAL, "statsd_smooth"));
	/* An empty expression is one that matches all, as in go-metro. */
	if (flags->filter) {
		options->filter = strdup(flags->filter);
		if (!options->filter) {
			options_done(options);
			return error_set(error, ENOMEM, "out of memory");
		}
	}
	return 0;
}

int gometro_parse(int argc, char **argv, struct options *options, struct error *error)
{
	struct flags flags = {0};
	struct options parsed;
	int result = 0;

	for (char **word = argv + 1; argc > 1 && *word && !result && !flags.help; word++) {
		if (**word != '-' || strcmp(*word, "-") == 0 || strcmp(*word, "--") == 0)
			break;
		result = take(&flags, &word, error);
	}
	if (!result)
		result = fill(&flags, &parsed, error);
	if (!result)
		*options = parsed;
	return result;
}

const char *gometro_help(void)
{
	return "Usage: go-metro [flags]\n"
	       "tcpmetro as go-metro: measures TCP round-trip times and sends them to StatsD.\n\n"
	       "  -cfg FILE   the configuration; default " GOMETRO_CONFIG "\n"
	       "  -log FILE   where log_to_file writes; default " GOMETRO_LOG_FILE "\n"
	       "  -f FILTER   only packets that this pcap expression matches; default tcp\n"
	       "  -st[=BOOL]  smooth the mean; default no, as go-metro never did\n"
	       "  -h          this text\n\n"
	       "tcpmetro(1) has the keys of the configuration.\n";
}
