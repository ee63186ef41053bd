/*
 * The configuration file beside other things: keys of other programs, the command line,
 * and the files of the system; and what -c does to the other options.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "service_helper.h"

#include "config/did_you_mean.h"

static void keys_of_agents(void **state)
{
	(void)state;
	warned("init_config:\n"
	       "  service: web\n"
	       "  proxy: {a: [b, {c: d}], e: \"f\"}\n"
	       "instances:\n"
	       "  - interface: eth0\n"
	       "    name: [1, 2, [3, {}]]\n"
	       "    min_collection_interval: 30\n"
	       "    empty:\n"
	       "logs:\n"
	       "  - type: file\n"
	       "    path: /var/log/*.log\n"
	       "    log_processing_rules:\n"
	       "      - type: multi_line\n"
	       "        pattern: \\d{4}-[0-9\n"
	       "        interface: unseen\n",
	       NAME ":2: unknown key \"service\" in init_config\n" NAME
		    ":3: unknown key \"proxy\" in init_config\n" NAME
		    ":6: unknown key \"name\" in instances\n" NAME
		    ":7: unknown key \"min_collection_interval\" in instances\n" NAME
		    ":8: unknown key \"empty\" in instances\n" NAME
		    ":9: unknown key \"logs\" in the file\n");
}

static void what_was_meant(void **state)
{
	static const struct {
		const char *wrong;
		const char *right; /* NULL: nothing is near */
	} cases[] = {
		{"snap_len", "snaplen"},
		{"Snaplen", "snaplen"},
		{"snalpen", "snaplen"},
		{"snapshot_length", "snaplen"},
		{"snapshot-length", "snaplen"},
		{"idle-ttl", "idle_ttl"},
		{"exp_tll", "exp_ttl"},
		{"expire_ttl", "expired_ttl"},
		{"statsdip", "statsd_ip"},
		{"statsd_prot", "statsd_port"},
		{"loglevel", "log_level"},
		{"tunnel_port", "tunnel_ports"},
		{"group-by", "group_by"},
		{"locale", "local"},
		{"lokales", NULL},
		{"statsd_host", "statsd_port"},
		{"statsd_hosts", NULL},
		{"x", NULL},
		{"", NULL},
		{"a_key_of_more_than_sixty_four_letters_which_is_beyond_any_that_there_is", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[300];
		char hint[60] = "";
		char expected[400];

		if (cases[i].right)
			snprintf(hint, sizeof(hint), "; did you mean \"%s\"?", cases[i].right);
		snprintf(text, sizeof(text), "init_config:\n  \"%s\": 1\n" AN_ETH0, cases[i].wrong);
		snprintf(expected, sizeof(expected),
			 NAME ":2: unknown key \"%s\" in init_config%s\n", cases[i].wrong, hint);
		warned(text, expected);
	}
	warned("init_confg:\n" AN_ETH0,
	       NAME ":1: unknown key \"init_confg\" in the file; did you mean \"init_config\"?\n");
	warned(AN_ETH0 "    tag: [a]\n    host: b\n",
	       NAME ":3: unknown key \"tag\" in instances; did you mean \"tags\"?\n" NAME
		    ":4: unknown key \"host\" in instances; did you mean \"hosts\"?\n");
	warned("init_config:\n  tags: [a]\n" AN_ETH0 "    snaplen: 100\n",
	       NAME ":2: tags: belongs under instances, not init_config\n" NAME
		    ":5: snaplen: belongs under init_config, not instances\n");
	/* A sentence is a line, and harmless on a terminal. */
	warned("\"a\\nb\\e[1m\": 1\n" AN_ETH0, NAME ":1: unknown key \"a?b?[1m\" in the file\n");
}

static void distances(void **state)
{
	static const char *const words[] = {"ips", "hosts", "tags", NULL};

	(void)state;
	assert_int_equal(edit_distance("", "", 3), 0);
	assert_int_equal(edit_distance("", "abc", 3), 3);
	assert_int_equal(edit_distance("abc", "", 3), 3);
	assert_int_equal(edit_distance("abc", "acb", 3), 1);
	assert_int_equal(edit_distance("abcd", "badc", 3), 2);
	assert_int_equal(edit_distance("kitten", "sitting", 9), 3);
	assert_int_equal(edit_distance("kitten", "sitting", 1), 2);
	assert_int_equal(edit_distance("A-b", "a_B", 3), 0);
	assert_string_equal(did_you_mean("hsots", words), "hosts");
	assert_string_equal(did_you_mean("ip", words), "ips");
	assert_null(did_you_mean("i", words));
	assert_null(did_you_mean("xyz", words));
}

static void both_names_of_a_time(void **state)
{
	(void)state;
	warned("init_config:\n  expired_ttl: 5\n  exp_ttl: 6\n" AN_ETH0, NAME
	       ":3: exp_ttl: has no effect, because expired_ttl in line 2 has the same meaning\n");
	struct service_config *service =
		load("init_config:\n  exp_ttl: 6\n  expired_ttl: 5\n" AN_ETH0);

	assert_int_equal(service->options.service.expired_ns, SECONDS(5));
	unload(service);
	/* As go-metro: as an idle one. */
	service = load("init_config:\n  exp_ttl: 0\n" AN_ETH0);
	assert_int_equal(service->options.service.expired_ns, SECONDS(300));
	unload(service);
	service = load("init_config:\n  exp_ttl: 0\n  idle_ttl: 7\n" AN_ETH0);
	assert_int_equal(service->options.service.expired_ns, SECONDS(7));
	unload(service);
}

static const char file[] = "init_config:\n"
			   "  snaplen: 100\n"
			   "  threads: 2\n"
			   "  buffer_size: 512\n"
			   "  promiscuous: true\n"
			   "  group_by: flow,tunnel\n"
			   "  local: [192.0.2.0/24, 198.51.100.0/24]\n"
			   "  tunnel_ports: [gtp-u=1]\n"
			   "  filter: port 80\n"
			   "  log_file: a\n"
			   "  user: u\n"
			   "  max_memory: 1G\n"
			   "  max_flows: 5\n" AN_ETH0;

static void the_command_line_wins(void **state)
{
	(void)state;
	given = parse("-c f -s 200 --threads 3 -p -g receiver --local 10.0.0.0/8 --log-file b "
		      "--tunnel-port vxlan=2 --max-memory 32M port 443");
	struct service_config *service = load_given(file, &given);
	const struct options *options = &service->options;

	assert_string_equal(options->config, "f");
	assert_int_equal(options->snaplen, 200);
	assert_int_equal(options->threads, 3);
	assert_false(options->promiscuous);
	assert_string_equal(options->group_by, "receiver");
	assert_false(options->by_tunnel);
	assert_int_equal(options->local_count, 1);
	assert_int_equal(options->local[0].bits, 8);
	assert_int_equal(options->tunnel_port_count, 1);
	assert_int_equal(options->tunnel_ports[0].port, 2);
	assert_string_equal(options->filter, "port 443");
	assert_string_equal(options->service.log_file, "b");
	assert_int_equal(options->max_memory, UINT64_C(32) << 20);
	/* Where it says nothing, the file does. */
	assert_int_equal(options->buffer_kib, 512);
	assert_string_equal(options->user, "u");
	assert_int_equal(options->max_flows, 5);
	unload(service);
	/* Even what equals the default was given. */
	given = parse("-c f --threads 1 -g hosts");
	service = load_given(file, &given);
	assert_int_equal(service->options.max_memory, UINT64_C(1) << 30);
	assert_int_equal(service->options.threads, 1);
	assert_string_equal(service->options.group_by, "hosts");
	assert_int_equal(service->options.local_count, 2);
	assert_true(service->options.promiscuous);
	assert_string_equal(service->options.filter, "port 80");
	/* The command line itself is as it was: the next file starts from it. */
	assert_int_equal(given.local_count, 0);
	assert_int_equal(given.buffer_kib, OPTIONS_BUFFER_KIB);
	assert_null(given.filter);
	unload(service);
}

/* A value that does not count must be right all the same. */
static void what_loses_is_checked(void **state)
{
	static const char wrong[] = "init_config:\n  threads: 0\n" AN_ETH0;
	static const char small[] = "init_config:\n  max_memory: 1M\n" AN_ETH0;
	static const char list[] = "init_config:\n  local: [x]\n" AN_ETH0;

	(void)state;
	rejected_by("-c f --threads 3", wrong, strlen(wrong),
		    NAME ":2: threads: \"0\" is not a number from 1 to 64");
	rejected_by("-c f --max-memory 1G", small, strlen(small),
		    NAME ":2: max_memory: \"1M\" is not between 16M and 1T");
	rejected_by("-c f --local ::1", list, strlen(list),
		    NAME ":2: local: \"x\" is not an address or network such as 192.0.2.0/24");
}

static void options_of_a_service(void **state)
{
	static const char *const others[] = {
		"--samples",     "--format csv", "--sort min", "--limit 3", "--interval 1s",
		"--duration 1s", "--count 1",    "--names",    "--numeric", "--quiet"};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char text[60];
		char sentence[120];

		snprintf(text, sizeof(text), "-c f %s", others[i]);
		snprintf(sentence, sizeof(sentence),
			 "%.*s cannot be combined with -c: a service prints no report",
			 (int)strcspn(others[i], " "), others[i]);
		refused(text, sentence);
	}
	refused("-c f -r x",
		"-c and -r cannot be combined: the configuration file specifies what to capture");
	refused("-i eth0 --config f",
		"-c and -i cannot be combined: the configuration file specifies what to capture");
	refused("--check", "--check requires -c: a configuration file to check");
	refused("--log-file x -i eth0", "--log-file requires -c: only a service writes a log");
	refused("--config=", "--config: the file name is empty");
	refused("-c f --log-file=", "--log-file: the file name is empty");
	refused("-c", "-c needs an argument; see tcpmetro --help");
	struct options options =
		parse("--check --config=f -j host -Z u -B 256 -s 68 --both-sides "
		      "--prefix-v4 1 --prefix-v6 1 --max-memory 16M --max-flows 1 --max-groups 1");

	assert_true(options.check);
	assert_string_equal(options.config, "f");
	options_done(&options);
	options = parse("-c f -h");
	assert_int_equal(options.action, ACTION_HELP);
	options_done(&options);
}

static void load_from(const char *path, int expected, const char *sentence)
{
	struct service_config *service = NULL;
	struct error error = {0};

	given = parse("-c x");
	int result = service_config_load(path, &given, &service, note, NULL, &error);

	assert_string_equal(error.text, sentence);
	assert_int_equal(result, expected);
	service_config_free(service);
	options_done(&given);
}

static void files(void **state)
{
	char folder[] = "/tmp/test_service.XXXXXX";
	char path[100];
	char sentence[200];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/f", folder);
	snprintf(sentence, sizeof(sentence), "cannot read %s: No such file or directory", path);
	load_from(path, -ENOENT, sentence);
	snprintf(sentence, sizeof(sentence), "cannot read %s: Is a directory", folder);
	load_from(folder, -EISDIR, sentence);
	/* Nobody writes into it: it must not be waited for. */
	assert_int_equal(mkfifo(path, 0600), 0);
	snprintf(sentence, sizeof(sentence), "cannot read %s: it is not a regular file", path);
	load_from(path, -EINVAL, sentence);
	unlink(path);
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(AN_ETH0, out);
	fclose(out);
	load_from(path, 0, "");
	if (geteuid() != 0) {
		chmod(path, 0);
		snprintf(sentence, sizeof(sentence), "cannot read %s: Permission denied", path);
		load_from(path, -EACCES, sentence);
		chmod(path, 0600);
	}
	/* As much as is allowed, and a byte more. */
	out = fopen(path, "a");
	for (size_t i = strlen(AN_ETH0); i < SERVICE_CONFIG_MAX_BYTES; i++)
		fputc(i % 80 ? '#' : '\n', out);
	fclose(out);
	load_from(path, 0, "");
	out = fopen(path, "a");
	fputc('\n', out);
	fclose(out);
	snprintf(sentence, sizeof(sentence), "%s: is larger than 256 KiB; is it the right file?",
		 path);
	load_from(path, -EINVAL, sentence);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_agents),
		cmocka_unit_test(what_was_meant),
		cmocka_unit_test(distances),
		cmocka_unit_test(both_names_of_a_time),
		cmocka_unit_test(the_command_line_wins),
		cmocka_unit_test(what_loses_is_checked),
		cmocka_unit_test(options_of_a_service),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
