/*
 * What the tests of the command line share: a line of words parsed, or refused with a
 * sentence.
 */
#ifndef UNIT_OPTIONS_HELPER_H
#define UNIT_OPTIONS_HELPER_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/options.h"

#define GROUPINGS "hosts, flow, receiver, prefix, interface, tunnel"

#define MOST_WORDS 40

/* A command line, cut at its blanks; a word that holds some is given by parse_words. */
struct command {
	char text[500];
	char *words[MOST_WORDS + 2];
	int count;
};

static inline void split(struct command *command, const char *text)
{
	char *rest = NULL;

	snprintf(command->text, sizeof(command->text), "%s", text);
	command->words[0] = "tcpmetro";
	command->count = 1;
	for (char *word = strtok_r(command->text, " ", &rest); word;
	     word = strtok_r(NULL, " ", &rest)) {
		assert_true(command->count <= MOST_WORDS);
		command->words[command->count++] = word;
	}
	command->words[command->count] = NULL;
}

/* The command lines of a test are parsed into one of these; the strings point into it. */
static struct command command;

static inline struct options parse(const char *text)
{
	struct options options;
	struct error error = {0};

	split(&command, text);
	if (options_parse(command.count, command.words, &options, &error) != 0)
		fail_msg("\"%s\" was refused: %s", text, error.text);
	return options;
}

static inline struct options parse_words(int count, char **words)
{
	struct options options;
	struct error error = {0};

	if (options_parse(count, words, &options, &error) != 0)
		fail_msg("refused: %s", error.text);
	return options;
}

/* The command line is refused with this sentence, and the options are left alone. */
static inline void refused_words(int count, char **words, const char *sentence)
{
	struct options options;
	struct options before;
	struct error error = {0};

	memset(&options, 0x5a, sizeof(options));
	memcpy(&before, &options, sizeof(options));
	int result = options_parse(count, words, &options, &error);

	assert_string_equal(error.text, sentence);
	assert_int_equal(result, -EINVAL);
	assert_memory_equal(&options, &before, sizeof(options));
}

static inline void refused(const char *text, const char *sentence)
{
	split(&command, text);
	refused_words(command.count, command.words, sentence);
}

#endif
