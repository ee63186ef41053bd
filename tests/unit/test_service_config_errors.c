/*
 * What is wrong in a configuration file, word by word: values, kinds of values, keys,
 * headings, and YAML itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "service_helper.h"

/* A key of init_config in line 2, one of an instance in line 3. */
static void rejected_general(const char *line, const char *sentence)
{
	char text[1000];
	char expected[600];

	snprintf(text, sizeof(text), "init_config:\n  %s\n" AN_ETH0, line);
	snprintf(expected, sizeof(expected), NAME ":2: %s", sentence);
	rejected(text, expected);
}

static void rejected_instance(const char *line, const char *sentence)
{
	char text[1000];
	char expected[600];

	snprintf(text, sizeof(text), AN_ETH0 "    %s\n", line);
	snprintf(expected, sizeof(expected), NAME ":3: %s", sentence);
	rejected(text, expected);
}

static void wrong_numbers(void **state)
{
	(void)state;
	rejected_general("snaplen: 67", "snaplen: \"67\" is not a number from 68 to 262144");
	rejected_general("snaplen: 262145",
			 "snaplen: \"262145\" is not a number from 68 to 262144");
	rejected_general("snaplen: big", "snaplen: \"big\" is not a number from 68 to 262144");
	rejected_general("snaplen: 512.0", "snaplen: \"512.0\" is not a number from 68 to 262144");
	rejected_general("snaplen: -512", "snaplen: \"-512\" is not a number from 68 to 262144");
	rejected_general("snaplen: ''", "snaplen: \"\" is not a number from 68 to 262144");
	rejected_general("statsd_port: 0", "statsd_port: \"0\" is not a number from 1 to 65535");
	rejected_general("statsd_port: 65536",
			 "statsd_port: \"65536\" is not a number from 1 to 65535");
	rejected_general("prometheus_port: 65536",
			 "prometheus_port: \"65536\" is not a number from 0 to 65535");
	rejected_general("max_pairs: 0", "max_pairs: \"0\" is not a number from 1 to 1000000");
	rejected_general("prometheus_max_pairs: 0",
			 "prometheus_max_pairs: \"0\" is not a number from 1 to 1000000");
	rejected_general("buffer_size: 16M",
			 "buffer_size: \"16M\" is not a number from 256 to 2097151");
	rejected_general("threads: 65", "threads: \"65\" is not a number from 1 to 64");
	rejected_general("prefix_v4: 33", "prefix_v4: \"33\" is not a number from 0 to 32");
	rejected_general("prefix_v6: 129", "prefix_v6: \"129\" is not a number from 0 to 128");
	rejected_general("max_flows: 0", "max_flows: \"0\" is not a number from 1 to 268435456");
	rejected_general("max_groups: x", "max_groups: \"x\" is not a number from 1 to 268435456");
}

static void wrong_sizes(void **state)
{
	(void)state;
	rejected_general("max_memory: 256",
			 "max_memory: \"256\" is not a size such as 64M, 256M or 1G");
	rejected_general("max_memory: much",
			 "max_memory: \"much\" is not a size such as 64M, 256M or 1G");
	rejected_general("max_memory: 1_000M",
			 "max_memory: \"1_000M\" is not a size such as 64M, 256M or 1G");
	rejected_general("max_memory: ''",
			 "max_memory: \"\" is not a size such as 64M, 256M or 1G");
	rejected_general("max_memory: 15M", "max_memory: \"15M\" is not between 16M and 1T");
	rejected_general("max_memory: 1025GB", "max_memory: \"1025GB\" is not between 16M and 1T");
	rejected_general("max_memory: [64M]", "max_memory: expected a single value, not a list");
}

static void wrong_times(void **state)
{
	(void)state;
	rejected_general("idle_ttl: soon",
			 "idle_ttl: \"soon\" is not a time such as 30 (seconds), 500ms, 5m or 1h");
	rejected_general("idle_ttl: 1.5",
			 "idle_ttl: \"1.5\" is not a time such as 30 (seconds), 500ms, 5m or 1h");
	rejected_general("idle_ttl: -1",
			 "idle_ttl: \"-1\" is not a time such as 30 (seconds), 500ms, 5m or 1h");
	rejected_general("idle_ttl: 0", "idle_ttl: \"0\" is not between 1s and 86400s");
	rejected_general("idle_ttl: 999ms", "idle_ttl: \"999ms\" is not between 1s and 86400s");
	rejected_general("idle_ttl: 86401", "idle_ttl: \"86401\" is not between 1s and 86400s");
	rejected_general("exp_ttl: 99999999999999999999",
			 "exp_ttl: \"99999999999999999999\" is not between 0s and 86400s");
	rejected_general("expired_ttl: 25h", "expired_ttl: \"25h\" is not between 0s and 86400s");
	rejected_general("statsd_interval: 0",
			 "statsd_interval: \"0\" is not between 1s and 3600s");
	rejected_general("statsd_interval: 2h",
			 "statsd_interval: \"2h\" is not between 1s and 3600s");
	rejected_instance("sample_duration: 1d", "sample_duration: \"1d\" is not a time such as "
						 "30 (seconds), 500ms, 5m or 1h");
	rejected_instance("sample_interval: 25h",
			  "sample_interval: \"25h\" is not between 0s and 86400s");
}

static void invalid_values(void **state)
{
	(void)state;
	rejected_general("statsd: maybe", "statsd: \"maybe\" is neither true nor false");
	rejected_general("log_to_file: 1", "log_to_file: \"1\" is neither true nor false");
	rejected_general("promiscuous: ''", "promiscuous: \"\" is neither true nor false");
	rejected_general("log_level: loud", "log_level: \"loud\" is not one of trace, debug, info, "
					    "warning, error, critical");
	rejected_general("log_time: UTC", "log_time: \"UTC\" is not one of utc, local");
	rejected_general("group_by: host", "group_by: \"host\" is not one of " GROUPINGS);
	rejected_general("group_by: hosts,flow", "group_by: hosts and flow cannot be combined");
	rejected_general("filter: ''", "filter: the value is empty");
	rejected_general("log_file: ''", "log_file: the file name is empty");
	rejected_general("log_level: \"a\\nb\"", "log_level: \"a?b\" is not one of trace, debug, "
						 "info, warning, error, critical");
	rejected_instance("sample: 2", "sample: \"2\" is neither true nor false");
}

static void wrong_addresses(void **state)
{
	char line[200] = "statsd_ip: unix:///";
	char path[100];

	(void)state;
	rejected_general("statsd_ip: agent.example.org",
			 "statsd_ip: \"agent.example.org\" is neither an address such as 127.0.0.1 "
			 "nor a socket such as unix:///run/dsd.socket");
	rejected_general("statsd_ip: unix://run/dsd",
			 "statsd_ip: \"unix://run/dsd\" is neither an address such as 127.0.0.1 "
			 "nor a socket such as unix:///run/dsd.socket");
	rejected_general("statsd_ip: 10.0.0.0/8",
			 "statsd_ip: \"10.0.0.0/8\" is neither an address such as 127.0.0.1 nor a "
			 "socket such as unix:///run/dsd.socket");
	/* 108 bytes fit, with the slash; 109 do not. */
	memset(line + strlen(line), 'p', 108);
	rejected_general(line, "statsd_ip: a socket path has at most 108 bytes, this one has 109");
	line[strlen(line) - 1] = '\0';
	char text[400];

	snprintf(text, sizeof(text), "init_config:\n  %s\n" AN_ETH0, line);
	struct service_config *service = load(text);

	assert_int_equal(strlen(service->options.service.statsd_ip), 7 + 108);
	unload(service);
	service = load("init_config:\n  statsd_ip: localhost\n" AN_ETH0);
	assert_string_equal(service->options.service.statsd_ip, "127.0.0.1");
	unload(service);
	snprintf(path, sizeof(path), "%s", "prometheus_ip: 0.0.0.0/0");
	rejected_general(path, "prometheus_ip: \"0.0.0.0/0\" is not an address such as 127.0.0.1 "
			       "or ::1");
	rejected_general("prometheus_ip: localhost", "prometheus_ip: \"localhost\" is not an "
						     "address such as 127.0.0.1 or ::1");
}

static void wrong_entries(void **state)
{
	static const char *const servers[] = {
		"ns.example.org",     "192.0.2.1:0",   "192.0.2.1:65536", "192.0.2.1:",
		"[192.0.2.1]:53",     "[2001:db8::1]", "[2001:db8::1]:x", "10.0.0.0/8",
		"[2001:db8::1]:53:5", "[]:53"};
	static const char *const hosts[] = {"a b", "-", "a..b", ".a", ".", "a/b", "h\xc3\xb6st"};
	char line[200];
	char sentence[300];

	(void)state;
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		snprintf(line, sizeof(line), "nameservers: [\"%s\"]", servers[i]);
		snprintf(sentence, sizeof(sentence),
			 "nameservers: \"%s\" is not a server such as 192.0.2.1, 192.0.2.1:53 or "
			 "[2001:db8::1]:53",
			 servers[i]);
		rejected_general(line, sentence);
	}
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		if (strcmp(hosts[i], "-") == 0)
			continue;
		snprintf(line, sizeof(line), "hosts: [\"%s\"]", hosts[i]);
		snprintf(sentence, sizeof(sentence),
			 "hosts: \"%s\" is not a host name such as db1.example.org", hosts[i]);
		rejected_instance(line, sentence);
	}
	rejected_general("local: [10.0.0.0/33]", "local: \"10.0.0.0/33\" is not an address or "
						 "network such as 192.0.2.0/24");
	rejected_general("tunnel_ports: [vxlan=0]",
			 "tunnel_ports: \"0\" is not a port from 1 to 65535");
	rejected_general("tunnel_ports: [4789]",
			 "tunnel_ports: \"4789\" is not KIND=PORT; the kinds are vxlan, vxlan-gpe, "
			 "geneve, gtp-u, teredo, capwap, l2tp, mpls");
	rejected_instance("ips: [example.org]",
			  "ips: \"example.org\" is not an address or network such as 192.0.2.0/24");
	rejected_instance("ips: [1, ]",
			  "ips: \"1\" is not an address or network such as 192.0.2.0/24");
	rejected_instance("tags: [a, '']", "tags: the tag is empty");
	rejected_instance("hosts: ['']", "hosts: \"\" is not a host name such as db1.example.org");
	/* The line of an entry is its own. */
	rejected(AN_ETH0 "    ips:\n      - 192.0.2.1\n      - 2001:db8::/129\n",
		 NAME ":5: ips: \"2001:db8::/129\" is not an address or network such as "
		      "192.0.2.0/24");
}

/* Letters of a label and of a name, as many as DNS has, and one more. */
static void long_hosts(void **state)
{
	char label[65];
	char name[300] = "";
	char text[400];

	(void)state;
	memset(label, 'a', 64);
	label[64] = '\0';
	snprintf(text, sizeof(text), AN_ETH0 "    hosts: [%s.b]\n", label + 1);
	unload(load(text));
	snprintf(text, sizeof(text), "hosts: [%s.b]", label);
	char sentence[400];

	snprintf(sentence, sizeof(sentence),
		 "hosts: \"%s.b\" is not a host name such as db1.example.org", label);
	rejected_instance(text, sentence);
	for (unsigned i = 0; i < 126; i++)
		strcat(name, "a.");
	strcat(name, "a"); /* 253 */
	snprintf(text, sizeof(text), AN_ETH0 "    hosts: [%s]\n", name);
	unload(load(text));
	snprintf(text, sizeof(text), "hosts: [%sa]", name);
	snprintf(sentence, sizeof(sentence),
		 "hosts: \"%sa\" is not a host name such as db1.example.org", name);
	rejected_instance(text, sentence);
}

static void wrong_instances(void **state)
{
	(void)state;
	rejected_instance("interface: ", "interface: duplicate key, first used in line 2");
	rejected("instances:\n  - tags: [a]\n",
		 NAME ":2: interface: is missing; expected an interface name, \"any\" or \"file\"");
	rejected("instances:\n  - interface: eth0\n  - interface:\n",
		 NAME ":3: interface: is missing; expected an interface name, \"any\" or \"file\"");
	rejected("instances:\n  - interface: ''\n", NAME ":2: interface: the name is empty");
	rejected("instances:\n  - tags: []\n    interface: file\n",
		 NAME ":3: interface: \"file\" requires pcap, the capture to read");
	rejected("instances:\n  - interface: file\n    pcap: ''\n",
		 NAME ":2: interface: \"file\" requires pcap, the capture to read");
	rejected_instance("pcap: x.pcap", "pcap: requires \"interface: file\", not \"eth0\"");
	rejected_instance("sample: true", "sample: requires a sample_duration greater than 0");
	rejected(AN_ETH0 "    sample_duration: 0\n    sample: true\n",
		 NAME ":4: sample: requires a sample_duration greater than 0");
	unload(load(AN_ETH0 "    pcap: ''\n  - interface: eth0\n"));
}

static void wrong_kinds(void **state)
{
	(void)state;
	rejected_general("snaplen: [512]", "snaplen: expected a single value, not a list");
	rejected_general("statsd_ip: {a: b}",
			 "statsd_ip: expected a single value, not keys and values");
	rejected_general("local: 10.0.0.0/8", "local: expected a list, not a single value");
	rejected_general("nameservers: {}", "nameservers: expected a list, not keys and values");
	rejected_instance("ips: 192.0.2.1", "ips: expected a list, not a single value");
	rejected_instance("tags: {a: b}", "tags: expected a list, not keys and values");
	rejected_instance("tags: [a, [b]]",
			  "tags: expected a single value in the list, not a list");
	rejected(AN_ETH0 "    tags:\n    - a\n    - b: c\n",
		 NAME ":5: tags: expected a single value in the list, not keys and values");
	rejected("instances:\n  interface: eth0\n",
		 NAME ":1: instances: expected a list, not keys and values");
	rejected("instances: eth0\n", NAME ":1: instances: expected a list, not a single value");
	rejected("instances:\n  - eth0\n", NAME ":2: instances: expected keys and values, such as "
						"\"interface: eth0\", not a single value");
	rejected("config:\n  -\n", NAME ":2: config: expected keys and values, such as "
					"\"interface: eth0\", not a single value");
	rejected("init_config: []\n" AN_ETH0,
		 NAME ":1: init_config: expected keys and values, not a list");
	rejected("- init_config\n", NAME ":1: expected init_config and instances, not a list");
	rejected("\n\nhello\n", NAME ":3: expected init_config and instances, not a single value");
}

static void nothing_to_do(void **state)
{
	static const char *const empty[] = {
		"", "\n", "# only a comment\n", "---\n", "~\n", "--- # and\n...\n", "\xef\xbb\xbf"};

	(void)state;
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		rejected(empty[i], NAME ": is empty; expected init_config and instances");
	rejected("init_config:\n",
		 NAME ": instances is missing; specify an interface to capture on");
	rejected("{}\n", NAME ": instances is missing; specify an interface to capture on");
	rejected("init_config:\ninstances:\n",
		 NAME ":2: instances: is empty; specify an interface to capture on");
	rejected("config: []\n", NAME ":1: config: is empty; specify an interface to capture on");
}

static void keys_given_twice(void **state)
{
	(void)state;
	rejected("init_config:\n  snaplen: 100\n  statsd: no\n  'snaplen': 200\n" AN_ETH0,
		 NAME ":4: snaplen: duplicate key, first used in line 2");
	rejected(AN_ETH0 "init_config:\ninit_config:\n",
		 NAME ":4: init_config: duplicate key, first used in line 3");
	rejected(AN_ETH0 "\n    name: a\n    name: b\n",
		 NAME ":5: name: duplicate key, first used in line 4");
	rejected(AN_ETH0 "config:\n  - interface: eth1\n",
		 NAME ":3: config: is another name for instances, which is in line 1");
	rejected("config:\n  - interface: eth1\n" AN_ETH0,
		 NAME ":3: instances: is another name for config, which is in line 1");
}

static void not_yaml(void **state)
{
	(void)state;
	rejected("init_config:\n\tsnaplen: 100\n",
		 NAME ":2: is not YAML: found character that cannot start any token");
	rejected("init_config:\n  snaplen: 100\n statsd: no\n",
		 NAME ":3: is not YAML: did not find expected key");
	rejected("instances: [\n", NAME ":2: is not YAML: did not find expected node content");
	rejected("a: b: c\n", NAME ":1: is not YAML: mapping values are not allowed in this "
				   "context");
	rejected("a: \"b\n", NAME ":2: is not YAML: found unexpected end of stream");
	rejected("a: b\nc: \xff\n", NAME ":2: is not YAML: invalid leading UTF-8 octet");
	rejected("\xff\xfe"
		 "a",
		 NAME ": is UTF-16; convert it to UTF-8");
	rejected(AN_ETH0 "---\na: b\n",
		 NAME ":3: a second document begins here; only one is supported");
	rejected("? [a]\n: b\n", NAME ":1: a key must be a single value");
	rejected(AN_ETH0 "    tags: [\"a\\0b\"]\n", NAME ":3: a value contains a NUL");
	rejected_by("-c x", AN_ETH0 "\0", sizeof(AN_ETH0),
		    NAME ": contains a NUL byte; is it the right file?");
}

static void no_aliases(void **state)
{
	(void)state;
	rejected("a: &x [b]\nc: *x\n" AN_ETH0,
		 NAME ":2: aliases (*x) are not supported; write the value out");
	rejected("instances:\n  - &x\n    interface: eth0\n  - <<: *x\n",
		 NAME ":4: merge keys (<<) are not supported; write the value out");
	/* An anchor that nobody uses does nothing. */
	unload(load("instances:\n  - interface: &x eth0\n"));
	assert_string_equal(warnings, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_numbers),    cmocka_unit_test(wrong_sizes),
		cmocka_unit_test(wrong_times),      cmocka_unit_test(invalid_values),
		cmocka_unit_test(wrong_addresses),  cmocka_unit_test(wrong_entries),
		cmocka_unit_test(long_hosts),       cmocka_unit_test(wrong_instances),
		cmocka_unit_test(wrong_kinds),      cmocka_unit_test(nothing_to_do),
		cmocka_unit_test(keys_given_twice), cmocka_unit_test(not_yaml),
		cmocka_unit_test(no_aliases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
