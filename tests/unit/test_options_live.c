/*
 * The options of live captures, and those of networks and sides: what each takes, both
 * ends of its range, every message word by word.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "options_helper.h"

static void interfaces_keep_their_order(void **state)
{
	struct options options = parse("-i eth1 --interface=any -ilo --interface eth0 port 80");
	static const char *const expected[] = {"eth1", "any", "lo", "eth0"};
	char *no_name[] = {"tcpmetro", "-i", "", NULL};

	(void)state;
	assert_int_equal(options.interface_count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(options.interfaces[i], expected[i]);
	assert_int_equal(options.file_count, 0);
	assert_string_equal(options.filter, "port 80");
	options_done(&options);
	assert_null(options.interfaces);
	refused("-i eth0 -i lo --interface eth0", "--interface: eth0 is given twice");
	refused("-i eth0 --interface=eth0", "--interface: eth0 is given twice");
	refused_words(3, no_name, "--interface: the name is empty");
	refused("-i", "-i needs an argument; see tcpmetro --help");
}

static void a_capture_or_an_interface(void **state)
{
	(void)state;
	refused("-r x -i eth0", "-r and -i cannot be combined: read captures, or capture live");
	refused("-i eth0 -i lo -r -",
		"-r and -i cannot be combined: read captures, or capture live");
}

static void listing_interfaces_is_an_action(void **state)
{
	struct options options = parse("-D");

	(void)state;
	assert_int_equal(options.action, ACTION_LIST_INTERFACES);
	options_done(&options);
	options = parse("--list-interfaces -i eth0");
	assert_int_equal(options.action, ACTION_LIST_INTERFACES);
	options_done(&options);
	options = parse("-D -h");
	assert_int_equal(options.action, ACTION_HELP);
	options_done(&options);
	refused("--list-interfaces=all",
		"--list-interfaces takes no argument; see tcpmetro --help");
}

/* Whom, and what else tells groups apart. */
static void groupings(void **state)
{
	static const struct {
		const char *text;
		const char *by;
		bool interface;
		bool tunnel;
	} cases[] = {
		{"flow,interface,tunnel", "flow", true, true},
		{"tunnel,flow,interface", "flow", true, true},
		{"interface", "hosts", true, false},
		{"tunnel", "hosts", false, true},
		{"tunnel,interface", "hosts", true, true},
		{"interface,interface", "hosts", true, false},
		{"hosts,interface", "hosts", true, false},
		{"receiver,tunnel", "receiver", false, true},
		{"interface,prefix", "prefix", true, false},
		{"prefix", "prefix", false, false},
		/* The last one counts, and nothing of the one before. */
		{"flow,interface,tunnel -g receiver", "receiver", false, false},
		{"receiver -g tunnel", "hosts", false, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[80];

		snprintf(text, sizeof(text), "-g %s", cases[i].text);
		struct options options = parse(text);

		assert_string_equal(options.group_by, cases[i].by);
		assert_int_equal(options.by_interface, cases[i].interface);
		assert_int_equal(options.by_tunnel, cases[i].tunnel);
		options_done(&options);
	}
}

static void bad_groupings(void **state)
{
	static const char *const bad[][2] = {
		{"", ""},
		{",", ""},
		{"hosts,", ""},
		{",hosts", ""},
		{"hosts,,tunnel", ""},
		{"interface,tunnel,", ""},
		{"host", "host"},
		{"hostss", "hostss"},
		{"Flow", "Flow"},
		{"flow,port", "port"},
		{"flow;tunnel", "flow;tunnel"},
		{"interfaces", "interfaces"},
		{"interfacf", "interfacf"},
		{"tunnels", "tunnels"},
		{"tunne", "tunne"},
		{"interface,x,y", "x"},
		{" flow", " flow"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char word[40];
		char sentence[120];
		char *words[] = {"tcpmetro", word, NULL};

		snprintf(word, sizeof(word), "--group-by=%s", bad[i][0]);
		snprintf(sentence, sizeof(sentence), "--group-by: \"%s\" is not one of " GROUPINGS,
			 bad[i][1]);
		refused_words(2, words, sentence);
	}
	refused("-g hosts,flow", "--group-by: hosts and flow cannot be combined");
	refused("-g prefix,interface,receiver",
		"--group-by: prefix and receiver cannot be combined");
	refused("-g flow,flow", "--group-by: flow and flow cannot be combined");
}

static void local_networks(void **state)
{
	struct options options =
		parse("--local 10.1.2.3/8 --local=2001:db8::/32 --local 192.0.2.1 --local ::1");

	(void)state;
	assert_int_equal(options.local_count, 4);
	assert_int_equal(options.local[0].bits, 8);
	assert_int_equal(options.local[0].address.version, 4);
	assert_memory_equal(options.local[0].address.bytes, "\12\0\0\0", 4);
	assert_int_equal(options.local[1].bits, 32);
	assert_int_equal(options.local[1].address.version, 6);
	assert_int_equal(options.local[2].bits, 32);
	assert_int_equal(options.local[3].bits, 128);
	options_done(&options);
	assert_null(options.local);
	refused("--local 10.0.0.0/33",
		"--local: \"10.0.0.0/33\" is not an address or network such as 192.0.2.0/24");
	refused("--local example.org",
		"--local: \"example.org\" is not an address or network such as 192.0.2.0/24");
	refused("--local=", "--local: \"\" is not an address or network such as 192.0.2.0/24");
	/* One word may hold one network. */
	refused("--local 10.0.0.0/8,11.0.0.0/8",
		"--local: \"10.0.0.0/8,11.0.0.0/8\" is not an address or network such as "
		"192.0.2.0/24");
}

static void flags_of_live_captures(void **state)
{
	struct options options = parse("--both-sides -p");

	(void)state;
	assert_true(options.both_sides);
	assert_false(options.promiscuous);
	options_done(&options);
	options = parse("--no-promiscuous-mode");
	assert_false(options.promiscuous);
	assert_false(options.both_sides);
	options_done(&options);
	refused("--both-sides=no", "--both-sides takes no argument; see tcpmetro --help");
}

static void words_of_live_captures(void **state)
{
	struct options options = parse("-j adapter_unsynced -Z nobody");

	(void)state;
	assert_string_equal(options.stamps, "adapter_unsynced");
	assert_string_equal(options.user, "nobody");
	options_done(&options);
	options = parse("--time-stamp-type host -j host_lowprec --user=root -Zcapture");
	assert_string_equal(options.stamps, "host_lowprec");
	assert_string_equal(options.user, "capture");
	options_done(&options);
	refused("-j", "-j needs an argument; see tcpmetro --help");
	refused("-Z", "-Z needs an argument; see tcpmetro --help");
}

static void times(void **state)
{
	static const struct {
		const char *text;
		int64_t interval_ns;
		int64_t duration_ns;
	} cases[] = {
		{"--interval 0s", 0, 0},
		{"--interval 0ns", 0, 0},
		{"--interval 100ms", 100000000, 0},
		{"--interval=500ms", 500000000, 0},
		{"--interval 10s", 10000000000, 0},
		{"--interval 1h", 3600000000000, 0},
		{"--interval 60m", 3600000000000, 0},
		{"--interval 10ms --interval 2s", 2000000000, 0},
		{"--duration 1ns", 1000000000, 1},
		{"--duration 90s --interval 5m", 300000000000, 90000000000},
		{"--duration 87600h", 1000000000, 315360000000000000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options options = parse(cases[i].text);

		assert_int_equal(options.interval_ns, cases[i].interval_ns);
		assert_int_equal(options.duration_ns, cases[i].duration_ns);
		options_done(&options);
	}
}

static void bad_times(void **state)
{
	static const char *const bad[] = {
		"1",    "",  "s",    "-1s",  "+1s", "1.5s",  "1 s",   "1sec", "1d",     "1S",
		"soon", "0", "0x1s", "1s1s", "500", "500m ", "1e3ms", "inf",  "1,000ms"};
	static const char *const options[] = {"interval", "duration"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (size_t j = 0; j < 2; j++) {
			char word[60];
			char sentence[120];
			char *words[] = {"tcpmetro", word, NULL};

			snprintf(word, sizeof(word), "--%s=%s", options[j], bad[i]);
			snprintf(sentence, sizeof(sentence),
				 "--%s: \"%s\" is not a time such as 500ms, 10s, 5m or 1h",
				 options[j], bad[i]);
			refused_words(2, words, sentence);
		}
	}
	refused("--interval 61m", "--interval: \"61m\" is too long");
	refused("--interval 3600000000001ns", "--interval: \"3600000000001ns\" is too long");
	refused("--interval 99999999999999999999h",
		"--interval: \"99999999999999999999h\" is too long");
	refused("--interval 1ns", "--interval: at least 100ms, or 0s for one report at the end");
	refused("--interval 99999999ns",
		"--interval: at least 100ms, or 0s for one report at the end");
	refused("--duration 0s", "--duration: \"0s\" is too short or too long");
	refused("--duration 87601h", "--duration: \"87601h\" is too short or too long");
}

static void numbers_of_live_captures(void **state)
{
	struct options options = parse("--count 1 --threads 1 -s 68 -B 256");

	(void)state;
	assert_true(options.count == 1);
	assert_int_equal(options.threads, 1);
	assert_int_equal(options.snaplen, 68);
	assert_int_equal(options.buffer_kib, 256);
	options_done(&options);
	options = parse("--count 18446744073709551615 --threads 64 --snapshot-length 262144 "
			"--buffer-size=2097151");
	assert_true(options.count == UINT64_MAX);
	assert_int_equal(options.threads, 64);
	assert_int_equal(options.snaplen, 262144);
	assert_int_equal(options.buffer_kib, 2097151);
	/* As bytes it must fit 32 bits. */
	assert_true(options.buffer_kib * 1024 <= UINT32_MAX);
	options_done(&options);
	refused("--count 0", "--count: \"0\" is not a number from 1 to 18446744073709551615");
	refused("--count 18446744073709551616",
		"--count: \"18446744073709551616\" is not a number from 1 to 18446744073709551615");
	refused("--count -1", "--count: \"-1\" is not a number from 1 to 18446744073709551615");
	refused("--threads 0", "--threads: \"0\" is not a number from 1 to 64");
	refused("--threads 65", "--threads: \"65\" is not a number from 1 to 64");
	refused("-s 67", "--snapshot-length: \"67\" is not a number from 68 to 262144");
	refused("-s 262145", "--snapshot-length: \"262145\" is not a number from 68 to 262144");
	refused("-s 0", "--snapshot-length: \"0\" is not a number from 68 to 262144");
	refused("-B 255", "--buffer-size: \"255\" is not a number from 256 to 2097151");
	refused("-B 2097152", "--buffer-size: \"2097152\" is not a number from 256 to 2097151");
	refused("-B 8M", "--buffer-size: \"8M\" is not a number from 256 to 2097151");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interfaces_keep_their_order),
		cmocka_unit_test(a_capture_or_an_interface),
		cmocka_unit_test(listing_interfaces_is_an_action),
		cmocka_unit_test(groupings),
		cmocka_unit_test(bad_groupings),
		cmocka_unit_test(local_networks),
		cmocka_unit_test(flags_of_live_captures),
		cmocka_unit_test(words_of_live_captures),
		cmocka_unit_test(times),
		cmocka_unit_test(bad_times),
		cmocka_unit_test(numbers_of_live_captures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
