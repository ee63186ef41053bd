/*
 * Groups as DogStatsD's text, as it arrives at a socket: against lines written by hand, and
 * read back as an agent reads them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent_helper.h"
#include "export/statsd.h"
#include "export/statsd_text.h"
#include "groups_helper.h"

static char folder[] = "/tmp/tcpmetro-statsd-XXXXXX";
static char path[64];

/* An agent at a real socket, and the lines to it. */
struct fixture {
	struct statsd statsd;
	int agent;
};

static struct fixture begin(bool udp)
{
	struct fixture fixture = {0};
	char target[96] = "127.0.0.1";
	uint16_t port = 0;

	if (udp) {
		fixture.agent = agent_udp(target, &port);
	} else {
		fixture.agent = agent_unix(path);
		snprintf(target, sizeof(target), "unix://%s", path);
	}
	assert_true(fixture.agent >= 0);
	assert_int_equal(datagram_open(target, port, &fixture.statsd.datagram, NULL), 0);
	return fixture;
}

static void end(struct fixture *fixture)
{
	statsd_done(&fixture->statsd);
	datagram_close(fixture->statsd.datagram);
	close(fixture->agent);
}

/* The next datagram; "" if there is none. */
static const char *next_datagram(struct fixture *fixture)
{
	static char bytes[16384];

	if (agent_read(fixture->agent, bytes, sizeof(bytes), AGENT_QUIET_MS) < 0)
		return "";
	return bytes;
}

/* Sends groups and expects one datagram of just these lines. */
static void expect(const struct groups *groups, struct statsd_options options, const char *lines)
{
	struct fixture fixture = begin(false);
	struct datagram_counts counts;
	uint64_t points = *lines ? 1 : 0;

	if (options.max_pairs == 0)
		options.max_pairs = 100;
	assert_int_equal(statsd_groups(&fixture.statsd, &options, groups), 0);
	statsd_flush(&fixture.statsd);
	assert_string_equal(next_datagram(&fixture), lines);
	assert_string_equal(next_datagram(&fixture), "");
	for (const char *at = lines; (at = strchr(at, '\n')); at++)
		points++;
	datagram_counts(fixture.statsd.datagram, &counts);
	assert_int_equal(counts.sent, points ? 1 : 0);
	assert_int_equal(counts.sent_points, points);
	end(&fixture);
}

/* A sample of a class, in its flow after previous_ns. */
static void give_class(struct groups *groups, struct test_flow *flow, unsigned class_,
		       int64_t rtt_ns, int64_t previous_ns)
{
	const struct tcpm_sample sample = {
		.rtt_ns = rtt_ns,
		.previous_ns = previous_ns,
		.flow = &flow->id,
		.user_data = &flow->user_data[0],
		.sent = {.segments = 2, .retransmitted = 1},
		.class_ = (uint8_t)class_,
	};

	groups_sample(groups, &sample);
}

static void gauges_of_a_pair(void **state)
{
	struct groups *groups = make_groups((struct groups_options){0});
	struct test_flow flow = make_flow(v4(0, 1), 1, v4(0, 2), 2);

	(void)state;
	give_class(groups, &flow, TCPM_CLASS_NETWORK, 12000000, -1);
	expect(groups, (struct statsd_options){0},
	       "system.net.tcp.rtt:12|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.avg:12|g|#src:10.0.0.1,dst:10.0.0.2");
	give_class(groups, &flow, TCPM_CLASS_NETWORK, 12000001, 12000000);
	give_class(groups, &flow, TCPM_CLASS_NETWORK, 15500000, 12000001);
	expect(groups, (struct statsd_options){.interface = "eth0"},
	       "system.net.tcp.rtt:15.5|g|#src:10.0.0.1,dst:10.0.0.2,iface:eth0\n"
	       "system.net.tcp.rtt.avg:13.166667|g|#src:10.0.0.1,dst:10.0.0.2,iface:eth0\n"
	       "system.net.tcp.rtt.jitter:1.75|g|#src:10.0.0.1,dst:10.0.0.2,iface:eth0");
	expect(groups, (struct statsd_options){.last = true},
	       "system.net.tcp.rtt:15.5|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.avg:13.166667|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.jitter:1.75|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.last:15.5|g|#src:10.0.0.1,dst:10.0.0.2");
	groups_free(groups);
}

static void smoothed_over_intervals(void **state)
{
	struct srtt srtt = {.max = 10};
	struct test_flow flow = make_flow(v4(0, 1), 1, v4(0, 2), 2);

	(void)state;
	for (unsigned interval = 0; interval < 2; interval++) {
		struct groups *groups =
			make_groups((struct groups_options){.generation = interval});

		srtt_begin(&srtt);
		give_class(groups, &flow, TCPM_CLASS_NETWORK, interval ? 16000000 : 8000000, -1);
		give_class(groups, &flow, TCPM_CLASS_RESPONSE, 99000000, -1);
		expect(groups, (struct statsd_options){.srtt = &srtt, .interface = "eth0"},
		       interval ? "system.net.tcp.rtt:16|g|#src:10.0.0.1,dst:10.0.0.2,iface:eth0\n"
				  "system.net.tcp.rtt.avg:9|g|#src:10.0.0.1,dst:10.0.0.2,iface:eth0"
				: "system.net.tcp.rtt:8|g|#src:10.0.0.1,dst:10.0.0.2,iface:eth0\n"
				  "system.net.tcp.rtt.avg:8|g|#src:10.0.0.1,dst:10.0.0.2,"
				  "iface:eth0");
		groups_free(groups);
	}
	srtt_done(&srtt);
}

static void nothing_of_no_groups(void **state)
{
	struct groups *groups = make_groups((struct groups_options){0});

	(void)state;
	expect(groups, (struct statsd_options){.details = true, .distributions = true}, "");
	groups_free(groups);
}

static void details_of_both_classes(void **state)
{
	struct groups *groups = make_groups((struct groups_options){0});
	struct test_flow flow = make_flow(v4(0, 1), 1, v4(0, 2), 2);

	(void)state;
	give_class(groups, &flow, TCPM_CLASS_NETWORK, 3000000, -1);
	expect(groups, (struct statsd_options){.details = true},
	       "system.net.tcp.rtt:3|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.avg:3|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.min:3|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.p50:3|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.p95:3|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.p99:3|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.samples:1|c|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.retransmits:1|c|#src:10.0.0.1,dst:10.0.0.2");
	give_class(groups, &flow, TCPM_CLASS_RESPONSE, 9000000, -1);
	give_class(groups, &flow, TCPM_CLASS_RESPONSE, 7000000, 9000000);
	expect(groups, (struct statsd_options){.details = true, .last = true},
	       "system.net.tcp.rtt:3|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.avg:3|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.last:3|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.min:3|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.p50:3|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.p95:3|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.p99:3|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.samples:1|c|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.retransmits:3|c|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.response:7|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.response.avg:8|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.response.jitter:2|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.response.last:7|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.response.min:7|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.response.p50:7|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.response.p95:9|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.response.p99:9|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.response.samples:2|c|#src:10.0.0.1,dst:10.0.0.2");
	groups_free(groups);
}

static void bound_by_responses(void **state)
{
	struct groups *groups = make_groups((struct groups_options){0});
	struct test_flow flow = make_flow(v4(0, 1), 1, v4(0, 2), 2);

	(void)state;
	give_class(groups, &flow, TCPM_CLASS_RESPONSE, 9000000, -1);
	give_class(groups, &flow, TCPM_CLASS_RESPONSE, 7000000, 9000000);
	give_class(groups, &flow, TCPM_CLASS_RESPONSE, 8000000, 7000000);
	expect(groups, (struct statsd_options){0},
	       "system.net.tcp.rtt:7|g|#src:10.0.0.1,dst:10.0.0.2,bound:upper\n"
	       "system.net.tcp.rtt.avg:7|g|#src:10.0.0.1,dst:10.0.0.2,bound:upper");

	struct fixture fixture = begin(false);
	const struct statsd_options all = {
		.details = true, .last = true, .distributions = true, .max_pairs = 1};

	assert_int_equal(statsd_groups(&fixture.statsd, &all, groups), 0);
	statsd_flush(&fixture.statsd);

	const char *sent = next_datagram(&fixture);
	static const char start[] =
		"system.net.tcp.rtt:7|g|#src:10.0.0.1,dst:10.0.0.2,bound:upper\n"
		"system.net.tcp.rtt.avg:7|g|#src:10.0.0.1,dst:10.0.0.2,bound:upper\n"
		"system.net.tcp.rtt.last:7|g|#src:10.0.0.1,dst:10.0.0.2,bound:upper\n"
		"system.net.tcp.rtt.min:7|g|#src:10.0.0.1,dst:10.0.0.2,bound:upper\n"
		"system.net.tcp.rtt.samples:0|c|#src:10.0.0.1,dst:10.0.0.2\n"
		"system.net.tcp.rtt.retransmits:3|c|#src:10.0.0.1,dst:10.0.0.2\n"
		"system.net.tcp.response:8|g|#src:10.0.0.1,dst:10.0.0.2\n";

	assert_memory_equal(sent, start, sizeof(start) - 1);
	assert_null(strstr(sent, "rtt.p50"));
	assert_null(strstr(sent, "rtt.jitter"));
	assert_null(strstr(sent, "distribution"));
	end(&fixture);
	groups_free(groups);
}

/* A flow ended in this interval, and there was no sample of it. */
static void pair_without_a_sample(void **state)
{
	struct groups *groups = make_groups((struct groups_options){0});
	struct test_flow flow = make_flow(v4(0, 1), 1, v4(0, 2), 2);

	(void)state;
	give(groups, &flow, 0, 5);
	groups_reset(groups, 1);
	finish(groups, &flow, 8, 0);
	expect(groups, (struct statsd_options){0}, "");
	expect(groups, (struct statsd_options){.details = true},
	       "system.net.tcp.rtt.retransmits:4|c|#src:10.0.0.1,dst:10.0.0.2");
	groups_reset(groups, 2);
	finish(groups, &flow, 1, 0);
	expect(groups, (struct statsd_options){.details = true, .distributions = true}, "");
	groups_free(groups);
}

static const char *host_name(void *user, const struct tcpm_address *address)
{
	(void)user;
	return address->bytes[3] == 1 ? "web|1,#.example" : NULL;
}

static const char *interface_name(void *user, uint32_t interface)
{
	const char *const *names = user;

	return names[interface];
}

static void names_and_tags(void **state)
{
	static const char *const interfaces[] = {"eth0:1", NULL};
	static const char *const tags[] = {"env:prod:eu", "", "a|b,c#d\ne", "role"};
	const struct endpoint_names names = {.host_name = host_name,
					     .interface_name = interface_name,
					     .user = (void *)interfaces};
	const struct endpoint_names no_names = {0};
	struct statsd_options options = {.tags = tags, .tag_count = 4, .names = &names};
	struct groups *groups = make_groups((struct groups_options){0});
	struct test_flow flow = make_flow(v4(0, 1), 1, v4(0, 2), 2);

	(void)state;
	give(groups, &flow, 0, 1500000);
	expect(groups, options,
	       "system.net.tcp.rtt:1.5|g|#src:web_1__.example,dst:10.0.0.2,env:prod_eu,a_b_c_d_e,"
	       "role,iface:eth0_1\n"
	       "system.net.tcp.rtt.avg:1.5|g|#src:web_1__.example,dst:10.0.0.2,env:prod_eu,"
	       "a_b_c_d_e,role,iface:eth0_1");
	options.interface = "br0";
	options.tag_count = 0;
	give_on(groups, &flow, 0, 1500000, 1);
	expect(groups, options,
	       "system.net.tcp.rtt:1.5|g|#src:web_1__.example,dst:10.0.0.2,iface:br0\n"
	       "system.net.tcp.rtt.avg:1.5|g|#src:web_1__.example,dst:10.0.0.2,iface:br0");
	options.interface = NULL;
	expect(groups, options,
	       "system.net.tcp.rtt:1.5|g|#src:web_1__.example,dst:10.0.0.2,iface:mixed\n"
	       "system.net.tcp.rtt.avg:1.5|g|#src:web_1__.example,dst:10.0.0.2,iface:mixed");
	groups_reset(groups, 1);
	give_on(groups, &flow, 0, 1500000, 1);
	options.names = &no_names;
	expect(groups, options,
	       "system.net.tcp.rtt:1.5|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.avg:1.5|g|#src:10.0.0.1,dst:10.0.0.2");
	groups_free(groups);
}

/* IPv6 addresses keep their colons, networks and ports are included, a receiver has no src. */
static void ends_of_each_grouping(void **state)
{
	const struct tcpm_address v6 = {.version = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8}};
	static const struct {
		enum groups_by by;
		const char *tags;
	} expected[] = {
		{GROUPS_BY_HOSTS, "src:10.0.0.1,dst:2001:db8::,tunnel:vlan:7"},
		{GROUPS_BY_FLOW, "src:10.0.0.1:1,dst:[2001:db8::]:2,tunnel:vlan:7"},
		{GROUPS_BY_RECEIVER, "dst:2001:db8::,tunnel:vlan:7"},
		{GROUPS_BY_PREFIX, "src:10.0.0.0/24,dst:2001:db8::/48,tunnel:vlan:7"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct groups *groups =
			make_groups((struct groups_options){.by = {.hosts = expected[i].by,
								   .tunnel = true,
								   .prefix_v4 = 24,
								   .prefix_v6 = 48}});
		struct test_flow flow = make_flow(v4(0, 1), 1, v6, 2);
		char lines[256];

		flow.id.label_kind[0] = TCPM_LABEL_VLAN;
		flow.id.label[0] = 7;
		give(groups, &flow, 0, 2000000);
		snprintf(lines, sizeof(lines),
			 "system.net.tcp.rtt:2|g|#%s\nsystem.net.tcp.rtt.avg:2|g|#%s",
			 expected[i].tags, expected[i].tags);
		expect(groups, (struct statsd_options){0}, lines);
		groups_free(groups);
	}
}

static void sides(void **state)
{
	const struct prefix local_address = {.address = v4(0, 1), .bits = 32};
	struct prefix_set local;
	struct test_flow flow = make_flow(v4(0, 1), 1, v4(0, 2), 2);

	(void)state;
	assert_int_equal(prefix_set_init(&local, &local_address, 1), 0);

	struct groups *groups = make_groups((struct groups_options){.local = &local});

	give(groups, &flow, 0, 2000000);
	give(groups, &flow, 1, 4000000);
	give(groups, &flow, 1, 4000000);
	expect(groups, (struct statsd_options){0},
	       "system.net.tcp.rtt:2|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.avg:2|g|#src:10.0.0.1,dst:10.0.0.2");
	expect(groups, (struct statsd_options){.both_sides = true},
	       "system.net.tcp.rtt:4|g|#src:10.0.0.2,dst:10.0.0.1\n"
	       "system.net.tcp.rtt.avg:4|g|#src:10.0.0.2,dst:10.0.0.1\n"
	       "system.net.tcp.rtt:2|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.avg:2|g|#src:10.0.0.1,dst:10.0.0.2");
	groups_free(groups);
	prefix_set_done(&local);
}

/* Most samples first, then by address; the rest, and what was "other" already, in one. */
static void pairs_beyond_the_most(void **state)
{
	struct groups *groups = make_groups((struct groups_options){.max_groups = 5});
	static const int samples[] = {2, 5, 2, 1, 2, 7};

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct test_flow flow = make_flow(v4(0, 1), 1, v4(1, (unsigned)i), 2);
		int64_t rtt_ns = 1000000 * (i + 1);

		for (int k = 0; k < samples[i]; k++)
			give_class(groups, &flow, TCPM_CLASS_NETWORK, rtt_ns, k ? rtt_ns : -1);
	}
	/* Left: 10.0.1.2 (2 of 3 ms), .3 (1 of 4 ms), .4 (2 of 5 ms); other: 7 of 6 ms. */
	expect(groups, (struct statsd_options){.max_pairs = 2, .details = true},
	       "system.net.tcp.rtt:2|g|#src:10.0.0.1,dst:10.0.1.1\n"
	       "system.net.tcp.rtt.avg:2|g|#src:10.0.0.1,dst:10.0.1.1\n"
	       "system.net.tcp.rtt.jitter:0|g|#src:10.0.0.1,dst:10.0.1.1\n"
	       "system.net.tcp.rtt.min:2|g|#src:10.0.0.1,dst:10.0.1.1\n"
	       "system.net.tcp.rtt.p50:2|g|#src:10.0.0.1,dst:10.0.1.1\n"
	       "system.net.tcp.rtt.p95:2|g|#src:10.0.0.1,dst:10.0.1.1\n"
	       "system.net.tcp.rtt.p99:2|g|#src:10.0.0.1,dst:10.0.1.1\n"
	       "system.net.tcp.rtt.samples:5|c|#src:10.0.0.1,dst:10.0.1.1\n"
	       "system.net.tcp.rtt.retransmits:5|c|#src:10.0.0.1,dst:10.0.1.1\n"
	       "system.net.tcp.rtt:1|g|#src:10.0.0.1,dst:10.0.1.0\n"
	       "system.net.tcp.rtt.avg:1|g|#src:10.0.0.1,dst:10.0.1.0\n"
	       "system.net.tcp.rtt.jitter:0|g|#src:10.0.0.1,dst:10.0.1.0\n"
	       "system.net.tcp.rtt.min:1|g|#src:10.0.0.1,dst:10.0.1.0\n"
	       "system.net.tcp.rtt.p50:1|g|#src:10.0.0.1,dst:10.0.1.0\n"
	       "system.net.tcp.rtt.p95:1|g|#src:10.0.0.1,dst:10.0.1.0\n"
	       "system.net.tcp.rtt.p99:1|g|#src:10.0.0.1,dst:10.0.1.0\n"
	       "system.net.tcp.rtt.samples:2|c|#src:10.0.0.1,dst:10.0.1.0\n"
	       "system.net.tcp.rtt.retransmits:2|c|#src:10.0.0.1,dst:10.0.1.0\n"
	       "system.net.tcp.rtt:4|g|#src:other,dst:other\n"
	       "system.net.tcp.rtt.avg:5.166667|g|#src:other,dst:other\n"
	       "system.net.tcp.rtt.jitter:0|g|#src:other,dst:other\n"
	       "system.net.tcp.rtt.min:3|g|#src:other,dst:other\n"
	       "system.net.tcp.rtt.p50:5.947587|g|#src:other,dst:other\n"
	       "system.net.tcp.rtt.p95:6|g|#src:other,dst:other\n"
	       "system.net.tcp.rtt.p99:6|g|#src:other,dst:other\n"
	       "system.net.tcp.rtt.samples:12|c|#src:other,dst:other\n"
	       "system.net.tcp.rtt.retransmits:12|c|#src:other,dst:other");
	groups_free(groups);
}

static const char *one_name(void *user, const struct tcpm_address *address)
{
	(void)user;
	return address->bytes[3] == 2 || address->bytes[3] == 3 ? "db.example" : NULL;
}

/* A name that two addresses share: one value, of all their samples. */
static void addresses_of_one_name(void **state)
{
	const struct endpoint_names names = {.host_name = one_name};
	struct statsd_options options = {.names = &names};
	struct groups *groups = make_groups((struct groups_options){0});

	(void)state;
	for (unsigned i = 2; i < 5; i++) {
		struct test_flow flow = make_flow(v4(0, 1), 1, v4(0, i), 2);

		for (unsigned k = 0; k < (i == 4 ? 3 : 2); k++)
			give(groups, &flow, 0, i * INT64_C(1000000));
	}
	expect(groups, options,
	       "system.net.tcp.rtt:3|g|#src:10.0.0.1,dst:db.example\n"
	       "system.net.tcp.rtt.avg:2.5|g|#src:10.0.0.1,dst:db.example\n"
	       "system.net.tcp.rtt:4|g|#src:10.0.0.1,dst:10.0.0.4\n"
	       "system.net.tcp.rtt.avg:4|g|#src:10.0.0.1,dst:10.0.0.4");
	options.max_pairs = 1;
	expect(groups, options,
	       "system.net.tcp.rtt:3|g|#src:10.0.0.1,dst:db.example\n"
	       "system.net.tcp.rtt.avg:2.5|g|#src:10.0.0.1,dst:db.example\n"
	       "system.net.tcp.rtt:4|g|#src:other,dst:other\n"
	       "system.net.tcp.rtt.avg:4|g|#src:other,dst:other");
	groups_free(groups);
}

/* Datagrams are full but for less than a line, hold whole lines, and all of them. */
static void packing(void **state)
{
	struct groups *groups = make_groups((struct groups_options){0});
	const struct statsd_options options = {.max_pairs = 1000};

	(void)state;
	for (unsigned i = 0; i < 500; i++) { /* what a queue of 10 holds */
		struct test_flow flow = make_flow(v4(0, 1), 1, v4(i / 250, i % 250), 2);

		give(groups, &flow, 0, 1000000 + 1001 * i);
	}
	for (int udp = 0; udp < 2; udp++) {
		const size_t room = udp ? 1432 : 8192;
		struct fixture fixture = begin(udp);
		struct datagram_counts counts;
		size_t lines = 0;
		size_t datagrams = 0;
		const char *bytes;
		int buffer = 4 << 20;

		setsockopt(fixture.agent, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
		assert_int_equal(statsd_groups(&fixture.statsd, &options, groups), 0);
		statsd_flush(&fixture.statsd);
		datagram_counts(fixture.statsd.datagram, &counts);
		while (*(bytes = next_datagram(&fixture))) {
			size_t size = strlen(bytes);

			datagrams++;
			assert_true(size <= room);
			assert_true(datagrams == counts.sent || size > room - 80);
			assert_true(bytes[size - 1] != '\n');
			for (const char *line = bytes; line; line = strchr(line, '\n')) {
				line += *line == '\n';
				assert_memory_equal(line, "system.net.tcp.rtt", 18);
				lines++;
			}
		}
		assert_int_equal(datagrams, counts.sent);
		assert_int_equal(lines, counts.sent_points);
		assert_int_equal(lines, 1000);
		end(&fixture);
	}
	groups_free(groups);
}

/* A line that just fits, and one that is too long: only that is left out, and counted. */
static void lines_too_long(void **state)
{
	char tag[1433];
	const char *const tags[] = {tag};
	const struct statsd_options options = {.max_pairs = 1, .tags = tags, .tag_count = 1};
	struct groups *groups = make_groups((struct groups_options){0});
	struct test_flow flow = make_flow(v4(0, 1), 1, v4(0, 2), 2);
	struct fixture fixture = begin(true);
	size_t length = 1432 - strlen("system.net.tcp.rtt:1|g|#src:10.0.0.1,dst:10.0.0.2,");

	(void)state;
	give(groups, &flow, 0, 1000000);
	memset(tag, 't', sizeof(tag));
	tag[length] = '\0';
	assert_int_equal(statsd_groups(&fixture.statsd, &options, groups), 0);
	statsd_flush(&fixture.statsd);
	assert_int_equal(strlen(next_datagram(&fixture)), 1432);
	assert_string_equal(next_datagram(&fixture), "");
	assert_int_equal(fixture.statsd.too_long, 1); /* .avg */
	tag[length] = 't';
	tag[length + 1] = '\0';
	assert_int_equal(statsd_groups(&fixture.statsd, &options, groups), 0);
	statsd_own(&fixture.statsd, &(struct statsd_options){0}, "alive", 1, 'g');
	statsd_flush(&fixture.statsd);
	assert_string_equal(next_datagram(&fixture), "tcpmetro.alive:1|g");
	assert_int_equal(fixture.statsd.too_long, 3);
	end(&fixture);
	groups_free(groups);
}

static void about_ourselves(void **state)
{
	static const char *const tags[] = {"env:prod"};
	const struct statsd_options options = {.interface = "eth0", .tags = tags, .tag_count = 1};
	struct fixture fixture = begin(false);

	(void)state;
	statsd_own(&fixture.statsd, &options, "statsd.lost", UINT64_MAX, 'c');
	statsd_own(&fixture.statsd, &(struct statsd_options){0}, "a:b@c|d", 0, 'g');
	statsd_flush(&fixture.statsd);
	statsd_flush(&fixture.statsd);
	assert_string_equal(next_datagram(&fixture),
			    "tcpmetro.statsd.lost:18446744073709551615|c|#env:prod,iface:eth0\n"
			    "tcpmetro.a_b_c_d:0|g");
	assert_string_equal(next_datagram(&fixture), "");
	end(&fixture);
}

static void cleaning(void **state)
{
	static const struct {
		const char *from;
		const char *to;
	} words[] = {
		{"", ""},
		{"env:prod", "env:prod"},
		{"a:b:c:", "a:b_c_"},
		{"|,#", "___"},
		{"a\nb\rc\td\x7f", "a_b_c_d_"},
		{"user@host", "user@host"},
		{"k:\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
		 "k:\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\xc2\x85", "_"},                 /* a line end of ISO 6429 */
		{"\xff|\xc3", "___"},              /* no UTF-8; cut off */
		{"\xc0\xaf", "__"},                /* too long for '/' */
		{"\xe0\x80\xaf", "___"},           /* */
		{"\xed\xa0\x80", "___"},           /* a surrogate */
		{"\xf4\x90\x80\x80", "____"},      /* beyond U+10FFFF */
		{"\xf8\x88\x80\x80\x80", "_____"}, /* */
		{"\xf0\x9f\x98", "___"},           /* cut off */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct text text = {0};

		statsd_clean(&text, words[i].from);
		text_char(&text, '\0');
		assert_string_equal(text.bytes, words[i].to);
		text_done(&text);
	}
}

static void milliseconds(void **state)
{
	static const struct {
		int64_t ns;
		const char *ms;
	} times[] = {
		{0, "0"},
		{1, "0.000001"},
		{10, "0.00001"},
		{999999, "0.999999"},
		{1000000, "1"},
		{10000000, "10"},
		{12500000, "12.5"},
		{1000000001, "1000.000001"},
		{INT64_MAX, "9223372036854.775807"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct text text = {0};

		statsd_ms(&text, times[i].ns);
		text_char(&text, '\0');
		assert_string_equal(text.bytes, times[i].ms);
		text_done(&text);
	}
}

static void rates(void **state)
{
	struct text text = {0};

	(void)state;
	for (uint64_t times = 2; times <= STATSD_MAX_TIMES; times += times < 20000 ? 1 : 97) {
		text_clear(&text);
		statsd_rate(&text, times);
		text_char(&text, '\0');

		double inverse = 1.0 / strtod(text.bytes, NULL);

		assert_int_equal((uint64_t)inverse, times);
		assert_int_equal((uint64_t)(inverse + 0.5), times);
	}
	text_clear(&text);
	statsd_rate(&text, 2);
	text_char(&text, ' ');
	statsd_rate(&text, 3);
	text_char(&text, ' ');
	statsd_rate(&text, 1000000);
	text_char(&text, '\0');
	assert_string_equal(text.bytes, "0.5 0.3333333333333 0.000001");
	text_done(&text);
}

/* A distribution as an agent reads it. */
struct read_back {
	uint64_t count[HISTOGRAM_BUCKETS];
	uint64_t zeros;
	uint64_t total;
	unsigned lines;
};

static void read_distribution(struct read_back *read, const char *line, const struct series *series)
{
	static const char name[] = "system.net.tcp.rtt.distribution";
	double rate = 1;
	char *at;

	if (strncmp(line, name, sizeof(name) - 1) != 0)
		return;
	read->lines++;

	const char *type = strchr(line, '|');

	assert_memory_equal(type, "|d|", 3);
	if (type[3] == '@')
		rate = strtod(type + 4, NULL);
	for (at = (char *)line + sizeof(name) - 1; *at == ':';) {
		int64_t value_ns = (int64_t)(strtod(at + 1, &at) * 1000000 + 0.5);
		uint64_t times = (uint64_t)(1 / rate); /* cut off, or rounded */

		assert_int_equal((uint64_t)(1 / rate + 0.5), times);

		assert_in_range(value_ns, series->min_ns, series->max_ns);
		if (value_ns == 0)
			read->zeros += times;
		else
			read->count[histogram_index(
				value_ns < HISTOGRAM_MAX_NS ? value_ns : HISTOGRAM_MAX_NS)] +=
				times;
		read->total += times;
	}
	assert_ptr_equal(at, type);
}

static void expect_distribution(const struct groups *groups, unsigned most_lines)
{
	static struct read_back read;
	const struct series *series = &group_at(groups, 0)->summary.series[TCPM_CLASS_NETWORK];
	const struct statsd_options options = {.max_pairs = 1, .distributions = true};
	struct fixture fixture = begin(true);
	int buffer = 1 << 20;
	const char *bytes;

	read = (struct read_back){0};
	setsockopt(fixture.agent, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	assert_int_equal(statsd_groups(&fixture.statsd, &options, groups), 0);
	statsd_flush(&fixture.statsd);
	while (*(bytes = next_datagram(&fixture)))
		for (const char *line = bytes; line; line = strchr(line, '\n')) {
			line += *line == '\n';
			read_distribution(&read, line, series);
		}
	assert_int_equal(fixture.statsd.too_long, 0);
	assert_int_equal(read.total, series->count);
	assert_int_equal(read.zeros, series->histogram.zeros);
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		assert_int_equal(read.count[i], histogram_bucket(&series->histogram, i));
	assert_in_range(read.lines, 1, most_lines);
	end(&fixture);
}

static void distribution_as_text(void **state)
{
	struct groups *groups = make_groups((struct groups_options){0});
	struct test_flow flow = make_flow(v4(0, 1), 1, v4(0, 2), 2);
	static const int64_t rtts[] = {2000000, 1000000, 4000000, 2000000, 1000000, 1000000};

	(void)state;
	for (size_t i = 0; i < 6; i++)
		give(groups, &flow, 0, rtts[i]);
	give(groups, &flow, 0, 8000000);
	expect(groups, (struct statsd_options){.distributions = true},
	       "system.net.tcp.rtt:8|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.avg:2.714286|g|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.distribution:4.03549:7.991786|d|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.distribution:2.017745|d|@0.5|#src:10.0.0.1,dst:10.0.0.2\n"
	       "system.net.tcp.rtt.distribution:1.009899|d|@0.3333333333333|#src:10.0.0.1,"
	       "dst:10.0.0.2");
	groups_free(groups);
}

static void distributions_read_back(void **state)
{
	struct groups *groups = make_groups((struct groups_options){0});
	struct test_flow flow = make_flow(v4(0, 1), 1, v4(0, 2), 2);
	uint64_t random = 42;

	(void)state;
	give(groups, &flow, 0, 1234567);
	expect_distribution(groups, 1);
	give(groups, &flow, 0, 0);
	give(groups, &flow, 0, 1);
	give(groups, &flow, 0, 0);
	expect_distribution(groups, 2);
	for (int i = 0; i < 20000; i++)
		give(groups, &flow, 0, (int64_t)(random_next(&random) >> (random >> 59) >> 16));
	expect_distribution(groups, 600);

	/* More values of one number than a line has room for. */
	groups_reset(groups, 1);
	for (unsigned i = 300; i < 1300; i++)
		give(groups, &flow, 0, histogram_upper_ns(i));
	expect_distribution(groups, 20);

	/* All alike, and more than one rate can tell. */
	groups_reset(groups, 2);
	for (int i = 0; i < 2600006; i++)
		give(groups, &flow, 0, 777777);
	expect_distribution(groups, 3);
	groups_free(groups);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/agent", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gauges_of_a_pair),
		cmocka_unit_test(smoothed_over_intervals),
		cmocka_unit_test(nothing_of_no_groups),
		cmocka_unit_test(details_of_both_classes),
		cmocka_unit_test(bound_by_responses),
		cmocka_unit_test(pair_without_a_sample),
		cmocka_unit_test(names_and_tags),
		cmocka_unit_test(ends_of_each_grouping),
		cmocka_unit_test(sides),
		cmocka_unit_test(pairs_beyond_the_most),
		cmocka_unit_test(addresses_of_one_name),
		cmocka_unit_test(packing),
		cmocka_unit_test(lines_too_long),
		cmocka_unit_test(about_ourselves),
		cmocka_unit_test(cleaning),
		cmocka_unit_test(milliseconds),
		cmocka_unit_test(rates),
		cmocka_unit_test(distribution_as_text),
		cmocka_unit_test(distributions_read_back),
	};

	return cmocka_run_group_tests_name("statsd", tests, make_folder, remove_folder);
}
