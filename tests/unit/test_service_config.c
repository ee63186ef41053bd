/*
 * The configuration file: go-metro's own shapes, each key, and who wins.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "service_helper.h"

/* All that go-metro reads, as its newer files have it. */
static void the_file_of_go_metro(void **state)
{
	struct service_config *service = load("# of an agent\n"
					      "init_config:\n"
					      "  snaplen: 512\n"
					      "  idle_ttl: 300\n"
					      "  exp_ttl: 60\n"
					      "  statsd_ip: 192.0.2.7\n"
					      "  statsd_port: 8126\n"
					      "  log_to_file: true\n"
					      "  log_level: WARN\n"
					      "\n"
					      "instances:\n"
					      "- interface: eth0\n"
					      "  sample: false\n"
					      "  sample_duration: 15\n"
					      "  sample_interval: 45\n"
					      "  tags:\n"
					      "    - env:prod\n"
					      "    - 8080\n"
					      "  ips:\n"
					      "    - 192.0.2.1\n"
					      "    - 2001:db8::1\n"
					      "  hosts:\n"
					      "    - db1.example.org\n"
					      "- interface: lo\n"
					      "  ips: [127.0.0.2]\n");

	(void)state;
	assert_string_equal(warnings, "");
	assert_int_equal(service->options.snaplen, 512);
	assert_int_equal(service->options.service.idle_ns, SECONDS(300));
	assert_int_equal(service->options.service.expired_ns, SECONDS(60));
	assert_string_equal(service->options.service.statsd_ip, "192.0.2.7");
	assert_int_equal(service->options.service.statsd_port, 8126);
	assert_true(service->options.service.log_to_file);
	assert_int_equal(service->options.service.log_level, LOG_LEVEL_WARNING);
	assert_int_equal(service->instance_count, 2);
	const struct instance *instance = &service->instances[0];

	assert_string_equal(instance->interface, "eth0");
	assert_null(instance->pcap);
	assert_false(instance->sample);
	assert_int_equal(instance->sample_duration_ns, SECONDS(15));
	assert_int_equal(instance->sample_interval_ns, SECONDS(45));
	assert_int_equal(instance->ip_count, 2);
	assert_string_equal(instance->ips[0], "192.0.2.1");
	assert_string_equal(instance->ips[1], "2001:db8::1");
	assert_int_equal(instance->host_count, 1);
	assert_string_equal(instance->hosts[0], "db1.example.org");
	assert_int_equal(instance->tag_count, 2);
	assert_string_equal(instance->tags[0], "env:prod");
	assert_string_equal(instance->tags[1], "8080");
	assert_int_equal(instance->line, 12);
	assert_string_equal(service->instances[1].interface, "lo");
	assert_string_equal(service->instances[1].ips[0], "127.0.0.2");
	assert_int_equal(service->instances[1].line, 24);
	unload(service);
}

/* Older files have another heading, and read expired_ttl. */
static void an_older_file_of_go_metro(void **state)
{
	struct service_config *service = load("init_config:\n"
					      "    expired_ttl: 90\n"
					      "    log_level: \"err\"\n"
					      "config:\n"
					      "    - interface: file\n"
					      "      pcap: /var/tmp/trace.pcap\n"
					      "      ips:\n"
					      "      hosts: []\n"
					      "      tags: ~\n");

	(void)state;
	assert_string_equal(warnings, "");
	assert_int_equal(service->options.service.expired_ns, SECONDS(90));
	assert_int_equal(service->options.service.log_level, LOG_LEVEL_ERROR);
	assert_string_equal(service->instances[0].interface, "file");
	assert_string_equal(service->instances[0].pcap, "/var/tmp/trace.pcap");
	assert_int_equal(service->instances[0].ip_count, 0);
	assert_int_equal(service->instances[0].host_count, 0);
	assert_int_equal(service->instances[0].tag_count, 0);
	unload(service);
}

static void defaults_are_those_of(const struct options *options)
{
	const struct service_options *service = &options->service;

	assert_int_equal(options->snaplen, OPTIONS_SNAPLEN);
	assert_int_equal(options->buffer_kib, OPTIONS_BUFFER_KIB);
	assert_false(options->promiscuous);
	assert_int_equal(options->threads, 1);
	assert_null(options->filter);
	assert_string_equal(options->group_by, "hosts");
	assert_true(service->statsd);
	assert_string_equal(service->statsd_ip, "127.0.0.1");
	assert_int_equal(service->statsd_port, 8125);
	assert_int_equal(service->statsd_interval_ns, SECONDS(30));
	assert_false(service->statsd_last);
	assert_true(service->statsd_details);
	assert_false(service->statsd_distributions);
	assert_false(service->statsd_smooth);
	assert_int_equal(service->max_pairs, 2000);
	assert_string_equal(service->prometheus_ip, "127.0.0.1");
	assert_int_equal(service->prometheus_port, 0);
	assert_int_equal(service->prometheus_max_pairs, 500);
	assert_false(service->reverse_lookup);
	assert_int_equal(service->nameserver_count, 0);
	assert_int_equal(service->log_level, LOG_LEVEL_INFO);
	assert_false(service->log_to_file);
	assert_string_equal(service->log_file, "/var/log/tcpmetro/tcpmetro.log");
	assert_false(service->log_local_time);
	assert_int_equal(service->idle_ns, 0);
	assert_int_equal(service->expired_ns, 0);
}

static void defaults(void **state)
{
	static const char *const files[] = {
		AN_ETH0,
		"init_config:\n" AN_ETH0,
		"init_config: ~\n" AN_ETH0,
		"init_config: {}\n" AN_ETH0,
		"init_config:\n  snaplen:\n  statsd_ip: null\n  log_level: ~\n  local:\n" AN_ETH0,
		"\xef\xbb\xbf---\r\n\"instances\":\r\n  - 'interface': \"eth0\"\r\n...\r\n",
		"{instances: [{interface: eth0}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct service_config *service = load(files[i]);

		defaults_are_those_of(&service->options);
		assert_int_equal(service->instance_count, 1);
		assert_string_equal(service->instances[0].interface, "eth0");
		assert_false(service->instances[0].sample);
		unload(service);
	}
}

static const char everything[] =
	"init_config:\n"
	"  snaplen: 68\n"
	"  idle_ttl: 5m\n"
	"  exp_ttl: 500ms\n"
	"  statsd: no\n"
	"  statsd_ip: unix:///run/dsd.socket\n"
	"  statsd_port: 1\n"
	"  statsd_interval: 10\n"
	"  statsd_last: yes\n"
	"  statsd_details: off\n"
	"  statsd_distributions: on\n"
	"  statsd_smooth: True\n"
	"  max_pairs: 1\n"
	"  prometheus_ip: \"::1\"\n"
	"  prometheus_port: 9100\n"
	"  prometheus_max_pairs: 7\n"
	"  reverse_lookup: true\n"
	"  nameservers: [192.0.2.1, \"192.0.2.1:53\", \"[2001:db8::1]:53\"]\n"
	"  log_level: Trace\n"
	"  log_to_file: true\n"
	"  log_file: /var/log/metro.log\n"
	"  log_time: local\n"
	"  promiscuous: true\n"
	"  buffer_size: 256\n"
	"  time_stamp_type: adapter\n"
	"  threads: 4\n"
	"  user: metro\n"
	"  filter: port 80 or port 443\n"
	"  group_by: prefix,interface\n"
	"  prefix_v4: 16\n"
	"  prefix_v6: 32\n"
	"  local: [10.0.0.0/8, \"2001:db8::/32\"]\n"
	"  both_sides: true\n"
	"  tunnel_ports: [vxlan=4790, gtp-u=1]\n"
	"  max_memory: 64M\n"
	"  max_flows: 1000\n"
	"  max_groups: 100\n"
	"instances:\n"
	"  - interface: any\n"
	"    sample: true\n"
	"    sample_duration: 10\n"
	"    sample_interval: 1h\n"
	"    ips: [192.0.2.0/24]\n"
	"    hosts: [a-b_c.example.org.]\n"
	"    tags: [yes, 1.50, \"k:v\"]\n"
	"  - {interface: file, pcap: x}\n";

static void each_key(void **state)
{
	struct service_config *read = load(everything);
	const struct options *options = &read->options;
	const struct service_options *service = &options->service;

	(void)state;
	assert_string_equal(warnings, "");
	assert_int_equal(options->snaplen, 68);
	assert_int_equal(service->idle_ns, SECONDS(300));
	assert_int_equal(service->expired_ns, SECONDS(1) / 2);
	assert_false(service->statsd);
	assert_string_equal(service->statsd_ip, "unix:///run/dsd.socket");
	assert_int_equal(service->statsd_port, 1);
	assert_int_equal(service->statsd_interval_ns, SECONDS(10));
	assert_true(service->statsd_last);
	assert_false(service->statsd_details);
	assert_true(service->statsd_distributions);
	assert_true(service->statsd_smooth);
	assert_int_equal(service->max_pairs, 1);
	assert_string_equal(service->prometheus_ip, "::1");
	assert_int_equal(service->prometheus_port, 9100);
	assert_int_equal(service->prometheus_max_pairs, 7);
	assert_true(service->reverse_lookup);
	assert_int_equal(service->nameserver_count, 3);
	assert_string_equal(service->nameservers[2], "[2001:db8::1]:53");
	assert_int_equal(service->log_level, LOG_LEVEL_TRACE);
	assert_true(service->log_to_file);
	assert_string_equal(service->log_file, "/var/log/metro.log");
	assert_true(service->log_local_time);
	unload(read);
}

static void each_other_key(void **state)
{
	struct service_config *read = load(everything);
	const struct options *options = &read->options;

	(void)state;
	assert_true(options->promiscuous);
	assert_int_equal(options->buffer_kib, 256);
	assert_string_equal(options->stamps, "adapter");
	assert_int_equal(options->threads, 4);
	assert_string_equal(options->user, "metro");
	assert_string_equal(options->filter, "port 80 or port 443");
	assert_int_equal(read->filter_line, 28);
	assert_string_equal(options->group_by, "prefix");
	assert_true(options->by_interface);
	assert_int_equal(options->prefix_v4, 16);
	assert_int_equal(options->prefix_v6, 32);
	assert_int_equal(options->local_count, 2);
	assert_int_equal(options->local[1].bits, 32);
	assert_true(options->both_sides);
	assert_int_equal(options->tunnel_port_count, 2);
	assert_int_equal(options->tunnel_ports[1].port, 1);
	assert_int_equal(options->max_memory, UINT64_C(64) << 20);
	assert_int_equal(options->max_flows, 1000);
	assert_int_equal(options->max_groups, 100);
	assert_int_equal(read->instance_count, 2);
	assert_true(read->instances[0].sample);
	assert_int_equal(read->instances[0].sample_duration_ns, SECONDS(10));
	assert_int_equal(read->instances[0].sample_interval_ns, SECONDS(3600));
	assert_string_equal(read->instances[0].ips[0], "192.0.2.0/24");
	assert_string_equal(read->instances[0].hosts[0], "a-b_c.example.org.");
	assert_int_equal(read->instances[0].tag_count, 3);
	assert_string_equal(read->instances[0].tags[0], "yes");
	assert_string_equal(read->instances[0].tags[1], "1.50");
	assert_string_equal(read->instances[0].tags[2], "k:v");
	assert_string_equal(read->instances[1].pcap, "x");
	unload(read);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_of_go_metro),
		cmocka_unit_test(an_older_file_of_go_metro),
		cmocka_unit_test(defaults),
		cmocka_unit_test(each_key),
		cmocka_unit_test(each_other_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
