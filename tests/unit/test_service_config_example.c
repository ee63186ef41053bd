/*
 * dist/tcpmetro.yaml, named by the first argument: it is valid, has each key, and what it
 * says about defaults is true.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "service_helper.h"

#include "config/options_table.h"

static const char *path;

/* The file, with the lines "# key: value" of known keys as if they were none of comment. */
static char *uncommented(void)
{
	FILE *in = fopen(path, "r");
	char *text = NULL;
	size_t size;
	char line[300];

	assert_non_null(in);
	FILE *out = open_memstream(&text, &size);
	enum scope scope = SCOPE_GENERAL;

	while (fgets(line, sizeof(line), in)) {
		size_t indent = strspn(line, " ");
		char *mark = line + indent;
		size_t length = strcspn(mark + 2, ":");
		char key[40] = "";

		if (strncmp(line, "instances:", 10) == 0)
			scope = SCOPE_INSTANCE;
		if (strncmp(mark, "# ", 2) == 0 && length < sizeof(key))
			memcpy(key, mark + 2, length);
		if (*key && row_of_key(scope, key) && strcmp(key, "pcap") != 0)
			memmove(mark, mark + 2, strlen(mark + 2) + 1);
		fputs(line, out);
	}
	fclose(in);
	fclose(out);
	return text;
}

static void example_is_valid(void **state)
{
	struct service_config *service = NULL;
	struct error error = {0};

	(void)state;
	given = parse("--check -c x");
	if (service_config_load(path, &given, &service, NULL, NULL, &error) != 0)
		fail_msg("%s", error.text);
	assert_int_equal(service->instance_count, 1);
	assert_string_equal(service->instances[0].interface, "any");
	unload(service);
}

static void it_has_each_key(void **state)
{
	char *text = uncommented();

	(void)state;
	for (size_t i = 0; i < options_rows; i++) {
		char begin[60];
		const char *key = options_table[i].key;

		if (!key || strcmp(key, "exp_ttl") == 0 || strcmp(key, "pcap") == 0)
			continue;
		snprintf(begin, sizeof(begin), " %s: ", key);
		if (!strstr(text, begin))
			fail_msg("not in the example: %s", key);
	}
	free(text);
}

/* With the commented-out keys, too, it is valid; and they show the defaults. */
static void its_comments_are_true(void **state)
{
	char *text = uncommented();
	struct service_config *service = load(text);
	const struct options *options = &service->options;
	const struct service_options defaults = given.service;
	const struct service_options *got = &options->service;

	(void)state;
	assert_string_equal(warnings, "");
	assert_int_equal(options->snaplen, given.snaplen);
	assert_int_equal(options->buffer_kib, given.buffer_kib);
	assert_int_equal(options->threads, given.threads);
	assert_int_equal(options->prefix_v4, given.prefix_v4);
	assert_int_equal(options->prefix_v6, given.prefix_v6);
	assert_false(options->promiscuous);
	assert_string_equal(options->group_by, given.group_by);
	assert_int_equal(options->both_sides, given.both_sides);
	assert_int_equal(got->statsd, defaults.statsd);
	assert_string_equal(got->statsd_ip, defaults.statsd_ip);
	assert_int_equal(got->statsd_port, defaults.statsd_port);
	assert_int_equal(got->statsd_interval_ns, defaults.statsd_interval_ns);
	assert_int_equal(got->statsd_last, defaults.statsd_last);
	assert_int_equal(got->statsd_details, defaults.statsd_details);
	assert_int_equal(got->statsd_distributions, defaults.statsd_distributions);
	assert_int_equal(got->statsd_smooth, defaults.statsd_smooth);
	assert_int_equal(got->max_pairs, defaults.max_pairs);
	assert_string_equal(got->prometheus_ip, defaults.prometheus_ip);
	assert_int_equal(got->prometheus_port, defaults.prometheus_port);
	assert_int_equal(got->prometheus_max_pairs, defaults.prometheus_max_pairs);
	assert_int_equal(got->reverse_lookup, defaults.reverse_lookup);
	assert_int_equal(got->log_level, defaults.log_level);
	assert_int_equal(got->log_to_file, defaults.log_to_file);
	assert_string_equal(got->log_file, OPTIONS_LOG_FILE);
	assert_int_equal(got->log_local_time, defaults.log_local_time);
	/* The engine's: tcpmetro.h. */
	assert_int_equal(got->idle_ns, SECONDS(300));
	assert_int_equal(got->expired_ns, SECONDS(15));
	assert_int_equal(options->max_memory, given.max_memory);
	assert_int_equal(options->max_flows, 1000000);
	assert_int_equal(options->max_groups, 100000);
	assert_false(service->instances[0].sample);
	assert_int_equal(service->instances[0].sample_duration_ns, 0);
	unload(service);
	free(text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(example_is_valid),
		cmocka_unit_test(it_has_each_key),
		cmocka_unit_test(its_comments_are_true),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: test_service_example FILE\n");
		return 2;
	}
	path = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
