/*
 * What the tests of the configuration file share: a text read, or refused with a sentence;
 * and the warnings that came.
 */
#ifndef UNIT_SERVICE_HELPER_H
#define UNIT_SERVICE_HELPER_H

#include "options_helper.h"

#include "config/service_config.h"

#define NAME       "conf.yaml"
#define AN_ETH0    "instances:\n  - interface: eth0\n"
#define SECONDS(n) ((int64_t)(n)*1000000000)

static char warnings[4000]; /* each with a line end */

static inline void note(void *user, const char *sentence)
{
	size_t used = strlen(warnings);

	(void)user;
	snprintf(warnings + used, sizeof(warnings) - used, "%s\n", sentence);
}

/* Read with this command line ("" is none but -c). */
static inline struct service_config *load_given(const char *text, struct options *given)
{
	struct service_config *service = NULL;
	struct error error = {0};

	*warnings = '\0';
	int result =
		service_config_parse(NAME, text, strlen(text), given, &service, note, NULL, &error);

	if (result != 0)
		fail_msg("refused: %s", error.text);
	return service;
}

/* The command line of a test; options_done after the service is freed. */
static struct options given;

static inline struct service_config *load(const char *text)
{
	given = parse("-c " NAME);
	return load_given(text, &given);
}

static inline void unload(struct service_config *service)
{
	service_config_free(service);
	options_done(&given);
}

static inline void rejected_by(const char *words, const char *bytes, size_t size,
			       const char *sentence)
{
	struct service_config *service =
		(struct service_config *)&given; /* to see that it is left alone */
	struct error error = {0};

	given = parse(words);
	*warnings = '\0';
	int result = service_config_parse(NAME, bytes, size, &given, &service, note, NULL, &error);

	if (result == 0)
		fail_msg("accepted, instead of: %s", sentence);
	assert_string_equal(error.text, sentence);
	assert_int_equal(result, -EINVAL);
	assert_ptr_equal(service, &given);
	options_done(&given);
}

/* Refused with this sentence. */
static inline void rejected(const char *text, const char *sentence)
{
	rejected_by("-c " NAME, text, strlen(text), sentence);
}

/* Read, but with these warnings, each of which is an error with --check. */
static inline void warned(const char *text, const char *expected)
{
	char first[600];

	unload(load(text));
	assert_string_equal(warnings, expected);
	snprintf(first, sizeof(first), "%.*s", (int)strcspn(expected, "\n"), expected);
	rejected_by("--check -c " NAME, text, strlen(text), first);
}

#endif
