/*
 * The command line: defaults, each kind of option, every message word by word, and that
 * --help shows what the table holds.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "options_helper.h"

#include "config/options_table.h"

#define USAGE "Usage: tcpmetro -r FILE | -i NAME | -c FILE [options] [filter expression]\n"

static void nothing_asked_is_all_defaults(void **state)
{
	struct options options = parse("");

	(void)state;
	assert_int_equal(options.action, ACTION_RUN);
	assert_int_equal(options.file_count, 0);
	assert_null(options.filter);
	assert_false(options.samples);
	assert_false(options.names);
	assert_false(options.quiet);
	assert_int_equal(options.format, FORMAT_TABLE);
	assert_string_equal(options.group_by, "hosts");
	assert_int_equal(options.prefix_v4, 24);
	assert_int_equal(options.prefix_v6, 48);
	assert_null(options.sort);
	assert_int_equal(options.limit, 0);
	assert_int_equal(options.max_memory, 268435456);
	assert_int_equal(options.max_flows, 0);
	assert_int_equal(options.max_groups, 0);
	assert_int_equal(options.interface_count, 0);
	assert_int_equal(options.snaplen, OPTIONS_SNAPLEN);
	assert_int_equal(options.buffer_kib, OPTIONS_BUFFER_KIB);
	assert_int_equal(options.threads, 1);
	assert_int_equal(options.interval_ns, 1000000000);
	assert_int_equal(options.duration_ns, 0);
	assert_int_equal(options.count, 0);
	assert_int_equal(options.local_count, 0);
	assert_true(options.promiscuous);
	assert_false(options.both_sides);
	assert_false(options.by_interface);
	assert_false(options.by_tunnel);
	assert_null(options.stamps);
	assert_null(options.user);
	options_done(&options);
}

static void files_keep_their_order(void **state)
{
	struct options options = parse("-r one --read two -rthree --read=four -r - port 80 -r six");
	static const char *const expected[] = {"one", "two", "three", "four", "-", "six"};

	(void)state;
	assert_int_equal(options.file_count, 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(options.files[i], expected[i]);
	assert_string_equal(options.filter, "port 80");
	options_done(&options);
}

/* As many as there are words: the room for them is made from argc. */
static void nothing_but_files(void **state)
{
	char *words[MOST_WORDS + 1];

	(void)state;
	words[0] = "tcpmetro";
	for (int i = 1; i < MOST_WORDS; i++)
		words[i] = "-rx";
	words[MOST_WORDS] = NULL;
	struct options options = parse_words(MOST_WORDS, words);

	assert_int_equal(options.file_count, MOST_WORDS - 1);
	options_done(&options);
}

static void flags(void **state)
{
	struct options options = parse("--samples --names --quiet");

	(void)state;
	assert_true(options.samples);
	assert_true(options.names);
	assert_true(options.quiet);
	options_done(&options);
	options = parse("-qn");
	assert_true(options.quiet);
	assert_false(options.names);
	options_done(&options);
}

static void the_last_of_names_and_numeric_counts(void **state)
{
	struct options options = parse("--names -n");

	(void)state;
	assert_false(options.names);
	options_done(&options);
	options = parse("--numeric --names");
	assert_true(options.names);
	options_done(&options);
}

static void actions(void **state)
{
	static const struct {
		const char *text;
		enum action action;
	} cases[] = {
		{"--help", ACTION_HELP},       {"-h", ACTION_HELP},
		{"--version", ACTION_VERSION}, {"-V", ACTION_VERSION},
		{"-h -V", ACTION_VERSION},     {"-r x --help port 80", ACTION_HELP},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options options = parse(cases[i].text);

		assert_int_equal(options.action, cases[i].action);
		options_done(&options);
	}
}

static void choices_are_numbers(void **state)
{
	static const char *const texts[] = {"--format table", "--format json", "--format=csv"};
	static const unsigned formats[] = {FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct options options = parse(texts[i]);

		assert_int_equal(options.format, formats[i]);
		options_done(&options);
	}
}

static void values_are_checked(void **state)
{
	static const char *const words[] = {"hosts", "flow", "receiver", "prefix"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		char text[40];

		snprintf(text, sizeof(text), "-g %s", words[i]);
		struct options options = parse(text);

		assert_string_equal(options.group_by, words[i]);
		options_done(&options);
		snprintf(text, sizeof(text), "--group-by=%s", words[i]);
		options = parse(text);
		assert_string_equal(options.group_by, words[i]);
		options_done(&options);
	}
}

static void numbers_and_their_ends(void **state)
{
	struct options options =
		parse("--prefix-v4 0 --prefix-v6 0 --limit 0 --max-flows 1 --max-groups 1");

	(void)state;
	assert_int_equal(options.prefix_v4, 0);
	assert_int_equal(options.prefix_v6, 0);
	assert_int_equal(options.limit, 0);
	assert_int_equal(options.max_flows, 1);
	assert_int_equal(options.max_groups, 1);
	options_done(&options);
	options = parse("--prefix-v4 32 --prefix-v6 128 --limit 4294967295 --max-flows 268435456 "
			"--max-groups 268435456");
	assert_int_equal(options.prefix_v4, 32);
	assert_int_equal(options.prefix_v6, 128);
	assert_int_equal(options.limit, UINT32_MAX);
	assert_int_equal(options.max_flows, 1 << 28);
	assert_int_equal(options.max_groups, 1 << 28);
	options_done(&options);
}

static void sizes_and_their_ends(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = {
		{"--max-memory 16M", UINT64_C(1) << 24},
		{"--max-memory=16384K", UINT64_C(1) << 24},
		{"--max-memory 256MB", UINT64_C(1) << 28},
		{"--max-memory 3GiB", UINT64_C(3) << 30},
		{"--max-memory 1024G", UINT64_C(1) << 40},
		{"--max-memory 1T", UINT64_C(1) << 40},
		{"--max-memory 1T --max-memory 17M", UINT64_C(17) << 20},
		{"-i eth0 --threads 4 --max-flows 7 --max-memory 1G", UINT64_C(1) << 30},
		{"-c x --max-memory 64M", UINT64_C(1) << 26},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options options = parse(cases[i].text);

		assert_int_equal(options.max_memory, cases[i].bytes);
		options_done(&options);
	}
}

static void the_last_of_the_same_counts(void **state)
{
	struct options options = parse("--limit 3 --format csv --sort min --format json --limit 4 "
				       "--sort p95");

	(void)state;
	assert_int_equal(options.limit, 4);
	assert_int_equal(options.format, FORMAT_JSON);
	assert_string_equal(options.sort, "p95");
	options_done(&options);
}

static void what_is_no_option_is_the_filter(void **state)
{
	char *quoted[] = {"tcpmetro", "-r", "x", "tcp port 80 or", "host 192.0.2.1", NULL};
	struct options options = parse("host 192.0.2.1 -r x and --limit 3 port 80");

	(void)state;
	assert_string_equal(options.filter, "host 192.0.2.1 and port 80");
	assert_int_equal(options.limit, 3);
	assert_string_equal(options.files[0], "x");
	options_done(&options);
	options = parse_words(5, quoted);
	assert_string_equal(options.filter, "tcp port 80 or host 192.0.2.1");
	options_done(&options);
	/* A blank word is a word: libpcap takes it for no condition. */
	char *empty[] = {"tcpmetro", "", NULL};

	options = parse_words(2, empty);
	assert_string_equal(options.filter, "");
	options_done(&options);
}

static void dashes_end_the_options(void **state)
{
	struct options options = parse("-r x -- --samples -q");

	(void)state;
	assert_string_equal(options.filter, "--samples -q");
	assert_false(options.samples);
	assert_false(options.quiet);
	options_done(&options);
	options = parse("-r x --");
	assert_null(options.filter);
	options_done(&options);
	/* A lone dash is a word, not an option. */
	options = parse("-r x -");
	assert_string_equal(options.filter, "-");
	options_done(&options);
}

static void one_command_line_does_not_shape_the_next(void **state)
{
	(void)state;
	refused("--limit 3 -x", "unknown option -x; see tcpmetro --help");
	struct options options = parse("-r y port 80");

	assert_int_equal(options.limit, 0);
	assert_string_equal(options.files[0], "y");
	options_done(&options);
}

static void unknown_options(void **state)
{
	(void)state;
	refused("--bogus", "unknown option --bogus; see tcpmetro --help");
	refused("--bogus=3", "unknown option --bogus=3; see tcpmetro --help");
	refused("-r x --samplesx", "unknown option --samplesx; see tcpmetro --help");
	refused("-x", "unknown option -x; see tcpmetro --help");
	refused("-qx", "unknown option -x; see tcpmetro --help");
	/* Within a word, getopt has not left it yet: the word before is not to blame. */
	refused("--quiet -xq", "unknown option -x; see tcpmetro --help");
	refused("-r x --quiet -nxq", "unknown option -x; see tcpmetro --help");
	/* Short for more than one. */
	refused("--max 3", "unknown option --max; see tcpmetro --help");
}

static void arguments_that_are_missing_or_too_many(void **state)
{
	(void)state;
	refused("-r", "-r needs an argument; see tcpmetro --help");
	refused("-qr", "-r needs an argument; see tcpmetro --help");
	refused("--read", "--read needs an argument; see tcpmetro --help");
	refused("-r x -g", "-g needs an argument; see tcpmetro --help");
	refused("-r x --limit", "--limit needs an argument; see tcpmetro --help");
	refused("--samples=yes", "--samples takes no argument; see tcpmetro --help");
	refused("--help=me", "--help takes no argument; see tcpmetro --help");
}

static void tunnel_ports(void **state)
{
	struct options options = parse("--tunnel-port vxlan=8472 --tunnel-port gtp-u=1 "
				       "--tunnel-port vxlan=65535");

	(void)state;
	assert_int_equal(options.tunnel_port_count, 3);
	assert_int_equal(options.tunnel_ports[0].tunnel, TCPM_TUNNEL_VXLAN);
	assert_int_equal(options.tunnel_ports[0].port, 8472);
	assert_int_equal(options.tunnel_ports[1].tunnel, TCPM_TUNNEL_GTP_U);
	assert_int_equal(options.tunnel_ports[1].port, 1);
	assert_int_equal(options.tunnel_ports[2].port, 65535);
	options_done(&options);
	refused("--tunnel-port vxlan=0", "--tunnel-port: \"0\" is not a port from 1 to 65535");
	refused("--tunnel-port vxlan=", "--tunnel-port: \"\" is not a port from 1 to 65535");
	refused("--tunnel-port 4789",
		"--tunnel-port: \"4789\" is not KIND=PORT; the kinds are vxlan, vxlan-gpe, geneve, "
		"gtp-u, teredo, capwap, l2tp, mpls");
	refused("--tunnel-port vx=1",
		"--tunnel-port: \"vx=1\" is not KIND=PORT; the kinds are vxlan, vxlan-gpe, geneve, "
		"gtp-u, teredo, capwap, l2tp, mpls");
}

static void bad_numbers(void **state)
{
	static const char *const bad[] = {"ten",   "-1",         "+1",
					  "1x",    "0x10",       "1.5",
					  "1,000", "4294967296", "99999999999999999999"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[80];
		char sentence[200];

		snprintf(text, sizeof(text), "--limit %s", bad[i]);
		snprintf(sentence, sizeof(sentence),
			 "--limit: \"%s\" is not a number from 0 to 4294967295", bad[i]);
		refused(text, sentence);
	}
	refused("--limit=", "--limit: \"\" is not a number from 0 to 4294967295");
	refused("--prefix-v4 33", "--prefix-v4: \"33\" is not a number from 0 to 32");
	refused("--prefix-v6 129", "--prefix-v6: \"129\" is not a number from 0 to 128");
	refused("--max-flows 0", "--max-flows: \"0\" is not a number from 1 to 268435456");
	refused("--max-flows 268435457",
		"--max-flows: \"268435457\" is not a number from 1 to 268435456");
	refused("--max-groups 0", "--max-groups: \"0\" is not a number from 1 to 268435456");
	char *blank[] = {"tcpmetro", "--limit", " 3", NULL};

	refused_words(3, blank, "--limit: \" 3\" is not a number from 0 to 4294967295");
}

static void bad_sizes(void **state)
{
	static const char *const wrong[] = {"256", "268435456", "lots", "M",    "256m", "256 M",
					    "-1G", "1.5G",      "",     "256P", "256B", "0x10M"};
	static const char *const beyond[] = {
		"0M",       "15M", "16383K",    "1025G",
		"1048577M", "2T",  "16777217T", "99999999999999999999M"};
	char sentence[200];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char *words[] = {"tcpmetro", "--max-memory", (char *)wrong[i], NULL};

		snprintf(sentence, sizeof(sentence),
			 "--max-memory: \"%s\" is not a size such as 64M, 256M or 1G", wrong[i]);
		refused_words(3, words, sentence);
	}
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		char *words[] = {"tcpmetro", "--max-memory", (char *)beyond[i], NULL};

		snprintf(sentence, sizeof(sentence),
			 "--max-memory: \"%s\" is not between 16M and 1T", beyond[i]);
		refused_words(3, words, sentence);
	}
	refused("--max-memory", "--max-memory needs an argument; see tcpmetro --help");
}

static void invalid_values(void **state)
{
	char *no_name[] = {"tcpmetro", "-r", "", NULL};

	(void)state;
	refused("--format xml", "--format: \"xml\" is not one of table, json, csv");
	refused("--format Table", "--format: \"Table\" is not one of table, json, csv");
	refused("--format=", "--format: \"\" is not one of table, json, csv");
	refused("-g port", "--group-by: \"port\" is not one of " GROUPINGS);
	refused("--group-by host", "--group-by: \"host\" is not one of " GROUPINGS);
	refused_words(3, no_name, "--read: the file name is empty");
}

static void the_first_error_is_reported(void **state)
{
	(void)state;
	refused("--limit x --format y", "--limit: \"x\" is not a number from 0 to 4294967295");
	refused("--help --bogus", "unknown option --bogus; see tcpmetro --help");
}

static void a_long_value_does_not_overflow_the_message(void **state)
{
	static char word[5000];
	char *words[] = {"tcpmetro", "--format", word, NULL};
	struct options options;
	struct error error = {0};

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	assert_int_equal(options_parse(3, words, &options, &error), -EINVAL);
	assert_memory_equal(error.text, "--format: \"xxx", 14);
	assert_true(strlen(error.text) < sizeof(error.text));
}

/* done may be called for options that hold nothing, or twice. */
static void done_twice(void **state)
{
	struct options options = parse("-r x port 80");

	(void)state;
	options_done(&options);
	assert_null(options.files);
	assert_null(options.filter);
	options_done(&options);
}

static void help_shows_the_table(void **state)
{
	static const char *const lines[] = {
		"\nInput:\n"
		"  -r, --read FILE       read a capture: pcap, pcapng, .gz, .zst; - for stdin\n"
		"  -i, --interface NAME  capture live on an interface, or on \"any\", until "
		"Ctrl-C\n"
		"  -D, --list-interfaces list the interfaces and exit\n"
		"      --count PACKETS   stop after this many packets\n"
		"Grouping:\n"
		"  -g, --group-by WHAT   hosts, flow, receiver or prefix[,interface][,tunnel]\n"
		"      --local PREFIX    treat this network as local, such as 10.0.0.0/8\n"
		"      --both-sides      also show round trips whose receiver is local\n"
		"Report:\n"
		"      --samples         print every sample, one per line, instead of the report\n",
		"  -n, --numeric         print addresses as numbers (default)\n",
		"Live capture:\n"
		"      --interval TIME   report interval, 1s (default), 10s, ...; 0s: at the end\n"
		"      --duration TIME   stop after this time\n"
		"      --threads N       capture threads per interface; with -r: threads in "
		"total\n",
		"Limits:\n"
		"      --max-memory SIZE memory for connections and rows: 256M (default), 1G, "
		"...\n",
		"Service:\n"
		"  -c, --config FILE     run as a service with this configuration file\n"
		"      --check           with -c: check the configuration and exit\n"
		"General:\n",
		"  -V, --version         show the version\n",
		"\nExamples:\n",
	};
	char *text = options_help();

	(void)state;
	assert_non_null(text);
	assert_int_equal(strncmp(text, USAGE, strlen(USAGE)), 0);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!strstr(text, lines[i]))
			fail_msg("not in --help: %s", lines[i]);
	/* What a screen has no room for is in the man page. */
	assert_null(strstr(text, "--snapshot-length"));
	assert_null(strstr(text, "--buffer-size"));
	assert_null(strstr(text, "--time-stamp-type"));
	assert_null(strstr(text, "--no-promiscuous-mode"));
	assert_null(strstr(text, "--user"));
	assert_non_null(strstr(text, " -s, -B, -j, -p, -Z "));
	free(text);
}

static void help_fits_a_screen(void **state)
{
	char *text = options_help();
	char *rest = NULL;
	unsigned lines = 0;

	(void)state;
	assert_non_null(text);
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (strlen(line) > 80)
			fail_msg("%zu columns: %s", strlen(line), line);
		lines++;
	}
	assert_in_range(lines, 15, 40);
	free(text);
}

static void each_option_has_a_section(void **state)
{
	(void)state;
	assert_string_equal(section_title(SECTION_NONE), "");
	for (size_t i = 0; i < options_rows; i++) {
		const struct row *row = &options_table[i];

		if (row->section <= SECTION_NONE || row->section >= SECTIONS)
			fail_msg("no section: %s", row->name ? row->name : row->key);
		assert_true((row->scope == SCOPE_INSTANCE) == (row->section == SECTION_INSTANCE));
	}
	for (unsigned section = SECTION_NONE + 1; section < SECTIONS; section++)
		assert_true(*section_title((enum section)section));
}

static void a_set_holds_each_row(void **state)
{
	struct option_set set = {0};

	(void)state;
	assert_true(OPTIONS_MAX_ROWS > 64);
	for (size_t row = 0; row < OPTIONS_MAX_ROWS; row++)
		assert_false(option_set_has(&set, row));
	for (size_t row = 0; row < OPTIONS_MAX_ROWS; row++) {
		option_set_add(&set, row);
		for (size_t other = 0; other < OPTIONS_MAX_ROWS; other++)
			assert_true(option_set_has(&set, other) == (other <= row));
	}
}

static void only_given_options_are_given(void **state)
{
	struct options options = parse("-r x --threads 3 --group-by flow");

	(void)state;
	for (size_t i = 0; i < options_rows; i++) {
		const char *name = options_table[i].name;
		bool expected = name && (!strcmp(name, "read") || !strcmp(name, "threads") ||
					 !strcmp(name, "group-by"));

		assert_true(row_is_given(&options, &options_table[i]) == expected);
	}
	options_done(&options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_asked_is_all_defaults),
		cmocka_unit_test(files_keep_their_order),
		cmocka_unit_test(nothing_but_files),
		cmocka_unit_test(flags),
		cmocka_unit_test(the_last_of_names_and_numeric_counts),
		cmocka_unit_test(actions),
		cmocka_unit_test(choices_are_numbers),
		cmocka_unit_test(values_are_checked),
		cmocka_unit_test(numbers_and_their_ends),
		cmocka_unit_test(sizes_and_their_ends),
		cmocka_unit_test(the_last_of_the_same_counts),
		cmocka_unit_test(what_is_no_option_is_the_filter),
		cmocka_unit_test(dashes_end_the_options),
		cmocka_unit_test(one_command_line_does_not_shape_the_next),
		cmocka_unit_test(unknown_options),
		cmocka_unit_test(arguments_that_are_missing_or_too_many),
		cmocka_unit_test(tunnel_ports),
		cmocka_unit_test(bad_numbers),
		cmocka_unit_test(bad_sizes),
		cmocka_unit_test(invalid_values),
		cmocka_unit_test(the_first_error_is_reported),
		cmocka_unit_test(a_long_value_does_not_overflow_the_message),
		cmocka_unit_test(done_twice),
		cmocka_unit_test(help_shows_the_table),
		cmocka_unit_test(help_fits_a_screen),
		cmocka_unit_test(each_option_has_a_section),
		cmocka_unit_test(a_set_holds_each_row),
		cmocka_unit_test(only_given_options_are_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
