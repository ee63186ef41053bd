/*
 * go-metro's command line: the name, each flag in each of Go's ways of writing it, and
 * what it does to the file's values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "service_helper.h"

#include "config/gometro.h"

static struct options parse_flags(const char *text)
{
	struct options options;
	struct error error = {0};

	split(&command, text);
	if (gometro_parse(command.count, command.words, &options, &error) != 0)
		fail_msg("\"%s\" was refused: %s", text, error.text);
	return options;
}

static void refused_flags(const char *text, const char *sentence)
{
	struct options options;
	struct options before;
	struct error error = {0};

	split(&command, text);
	memset(&options, 0x5a, sizeof(options));
	memcpy(&before, &options, sizeof(options));
	assert_int_equal(gometro_parse(command.count, command.words, &options, &error), -EINVAL);
	assert_string_equal(error.text, sentence);
	assert_memory_equal(&options, &before, sizeof(options));
}

static void the_name(void **state)
{
	(void)state;
	assert_true(gometro_is_called("go-metro"));
	assert_true(gometro_is_called("/usr/bin/go-metro"));
	assert_true(gometro_is_called("./go-metro"));
	assert_false(gometro_is_called("tcpmetro"));
	assert_false(gometro_is_called("/opt/go-metro/tcpmetro"));
	assert_false(gometro_is_called("go-metro2"));
	assert_false(gometro_is_called(""));
	assert_false(gometro_is_called(NULL));
}

static void no_flags(void **state)
{
	struct options options = parse_flags("");

	(void)state;
	assert_int_equal(options.action, ACTION_RUN);
	assert_string_equal(options.config, "/etc/dd-agent/checks.d/go-metro.yaml");
	assert_string_equal(options.service.log_file, "/var/log/datadog/go-metro.log");
	assert_null(options.filter);
	assert_false(options.service.statsd_smooth);
	assert_false(options.check);
	assert_true(options.service.statsd);
	assert_int_equal(options.snaplen, OPTIONS_SNAPLEN);
	options_done(&options);
	char *nothing[] = {NULL};
	struct error error;

	assert_int_equal(gometro_parse(0, nothing, &options, &error), 0);
	options_done(&options);
}

static void ways_of_writing(void **state)
{
	static const char *const texts[] = {"-cfg a -log b -f tcp",
					    "--cfg a --log b --f tcp",
					    "-cfg=a -log=b -f=tcp",
					    "--cfg=a --log=b --f=tcp",
					    "-f x -cfg y -cfg a -log b -f tcp",
					    "-cfg a -log b -f tcp -- -f udp",
					    "-cfg a -log b -f tcp rest -f udp",
					    "-cfg a -log b -f tcp - -f udp"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct options options = parse_flags(texts[i]);

		assert_string_equal(options.config, "a");
		assert_string_equal(options.service.log_file, "b");
		assert_string_equal(options.filter, "tcp");
		options_done(&options);
	}
	struct options options = parse_flags("-f=a=b");

	assert_string_equal(options.filter, "a=b");
	options_done(&options);
	options = parse_flags("-f=");
	assert_string_equal(options.filter, "");
	options_done(&options);
}

static void smoothing(void **state)
{
	static const struct {
		const char *text;
		bool smooth;
	} cases[] = {{"-st", true},          {"--st", true},       {"-st=true", true},
		     {"-st=1", true},        {"-st=T", true},      {"-st=false", false},
		     {"-st=0", false},       {"-st=FALSE", false}, {"-st -st=f", false},
		     {"-st=false -st", true}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options options = parse_flags(cases[i].text);

		assert_int_equal(options.service.statsd_smooth, cases[i].smooth);
		options_done(&options);
	}
	/* As in Go, the value of a boolean is no word of its own: flags end here. */
	struct options options = parse_flags("-st false -f udp");

	assert_true(options.service.statsd_smooth);
	assert_null(options.filter);
	options_done(&options);
	refused_flags("-st=maybe", "-st: \"maybe\" is neither true nor false; see go-metro -h");
	refused_flags("-st=", "-st: \"\" is neither true nor false; see go-metro -h");
}

static void help(void **state)
{
	static const char *const texts[] = {"-h", "--help", "-help", "-f tcp -h", "-h -bogus"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct options options = parse_flags(texts[i]);

		assert_int_equal(options.action, ACTION_HELP);
		options_done(&options);
	}
	assert_non_null(strstr(gometro_help(), "-cfg FILE"));
	assert_non_null(strstr(gometro_help(), "-log FILE"));
	assert_non_null(strstr(gometro_help(), "-f FILTER"));
	assert_non_null(strstr(gometro_help(), "-st[=BOOL]"));
}

static void wrong_flags(void **state)
{
	(void)state;
	refused_flags("-x", "unknown flag -x; see go-metro -h");
	refused_flags("--bogus=1", "unknown flag --bogus=1; see go-metro -h");
	refused_flags("---cfg", "unknown flag ---cfg; see go-metro -h");
	refused_flags("-=x", "unknown flag -=x; see go-metro -h");
	refused_flags("-cf x", "unknown flag -cf; see go-metro -h");
	refused_flags("-cfg", "-cfg needs an argument; see go-metro -h");
	refused_flags("-f tcp -log", "-log needs an argument; see go-metro -h");
	refused_flags("-cfg=", "-cfg: the file name is empty");
	refused_flags("--log=", "-log: the file name is empty");
}

static void flags_and_the_file(void **state)
{
	static const char file[] = "init_config:\n"
				   "  log_file: /of/the/file\n"
				   "  filter: port 80\n"
				   "  statsd_smooth: true\n" AN_ETH0;
	struct options options = parse_flags("-log mine -f udp -st=false");
	struct service_config *service = load_given(file, &options);

	(void)state;
	assert_string_equal(service->options.service.log_file, "mine");
	assert_string_equal(service->options.filter, "udp");
	assert_false(service->options.service.statsd_smooth);
	service_config_free(service);
	options_done(&options);
	options = parse_flags("");
	service = load_given(file, &options);
	assert_string_equal(service->options.service.log_file, "/of/the/file");
	assert_string_equal(service->options.filter, "port 80");
	assert_true(service->options.service.statsd_smooth);
	service_config_free(service);
	service = load_given(AN_ETH0, &options);
	assert_string_equal(service->options.service.log_file, GOMETRO_LOG_FILE);
	assert_null(service->options.filter);
	assert_false(service->options.service.statsd_smooth);
	service_config_free(service);
	options_done(&options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name),
		cmocka_unit_test(no_flags),
		cmocka_unit_test(ways_of_writing),
		cmocka_unit_test(smoothing),
		cmocka_unit_test(help),
		cmocka_unit_test(wrong_flags),
		cmocka_unit_test(flags_and_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
