/*
 * What programs read: CSV and JSON, to the letter, and how outputs begin and end.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "report_helper.h"

#define SUMMARY_HEADER                                                                             \
	"src,dst,interface,tunnel,side,flows,network_samples,network_min_ns,network_p50_ns,"       \
	"network_p95_ns,network_p99_ns,network_max_ns,network_mean_ns,network_last_ns,network_"    \
	"jitter_ns,"                                                                               \
	"response_samples,response_min_ns,response_p50_ns,response_p95_ns,response_p99_ns,"        \
	"response_max_ns,response_mean_ns,response_last_ns,response_jitter_ns,segments,"           \
	"retransmitted\n"

#define SAMPLES_HEADER "frame,time,rtt_ns,src,sport,dst,dport,method,class,interface,tunnel,side\n"

static const struct tcpm_counters no_counters;
static const struct run_totals no_facts = {.counters = &no_counters};

static const int64_t rtts[] = {1000000, 1000000, 1000500};
static const int64_t one_rtt[] = {40000000};

static const char *name_interface(void *user, uint32_t interface)
{
	(void)interface;
	return user;
}

static const char *name_nobody(void *user, const struct tcpm_address *address)
{
	(void)user;
	(void)address;
	fail_msg("csv and json must not ask for names");
	return NULL;
}

/* The samples of the next two tests: one of each family and sign of time. */
static void give_samples(struct report *output)
{
	const struct tcpm_flow_id v4 = {
		.address = {helper_address("10.0.0.1"), helper_address("10.0.0.2")},
		.port = {51000, 443}};
	const struct tcpm_flow_id v6 = {
		.address = {helper_address("2001:db8::1"), helper_address("2001:db8::2")},
		.port = {1, 65535}};
	const struct tcpm_sample first = {.time_ns = 1700000000000000001,
					  .rtt_ns = 12345678,
					  .frame = 42,
					  .flow = &v4,
					  .sender = 0,
					  .method = TCPM_METHOD_ACK,
					  .class_ = TCPM_CLASS_NETWORK};
	const struct tcpm_sample second = {.time_ns = -1500000000,
					   .rtt_ns = 0,
					   .frame = UINT64_MAX,
					   .flow = &v6,
					   .sender = 1,
					   .method = TCPM_METHOD_SYN,
					   .class_ = TCPM_CLASS_RESPONSE};

	assert_int_equal(report_sample(output, &first, GROUP_SIDE_NONE), 0);
	assert_int_equal(report_sample(output, &second, GROUP_SIDE_NONE), 0);
}

static void test_csv_samples(void **state)
{
	(void)state;
	const struct report_settings settings = {.samples = true, .names.host_name = name_nobody};
	struct report *output = helper_open("csv", settings);

	give_samples(output);
	assert_int_equal(report_groups(output, NULL, &no_facts), 0);
	assert_string_equal(
		helper_written(output), SAMPLES_HEADER
		"42,1700000000.000000001,12345678,10.0.0.1,51000,10.0.0.2,443,ack,network,,,\n"
		"18446744073709551615,-1.500000000,0,2001:db8::2,65535,2001:db8::1,1,syn,"
		"response,,,\n");
}

static void test_json_samples(void **state)
{
	(void)state;
	const struct report_settings settings = {.samples = true, .names.host_name = name_nobody};
	struct report *output = helper_open("json", settings);

	give_samples(output);
	assert_int_equal(report_groups(output, NULL, &no_facts), 0);
	assert_string_equal(
		helper_written(output),
		"{\"frame\":42,\"time\":1700000000.000000001,\"rtt_ns\":12345678,"
		"\"src\":\"10.0.0.1\",\"sport\":51000,\"dst\":\"10.0.0.2\",\"dport\":443,"
		"\"method\":\"ack\",\"class\":\"network\"}\n"
		"{\"frame\":18446744073709551615,\"time\":-1.500000000,\"rtt_ns\":0,"
		"\"src\":\"2001:db8::2\",\"sport\":65535,\"dst\":\"2001:db8::1\",\"dport\":1,"
		"\"method\":\"syn\",\"class\":\"response\"}\n");
}

/* Where the samples of the next two tests were seen: networks within each other, the
 * names of interfaces a stranger's. */
static const char *name_two(void *user, uint32_t interface)
{
	static const char *const names[] = {"eth0", "a,\"b\"\n", "lo"};

	(void)user;
	return interface < 3 ? names[interface] : NULL;
}

static void give_places(struct report *output)
{
	struct tcpm_flow_id flow = {
		.address = {helper_address("10.0.0.1"), helper_address("10.0.0.2")},
		.port = {51000, 443},
		.label_kind = {TCPM_LABEL_VLAN, TCPM_LABEL_VXLAN, TCPM_LABEL_TUNNEL},
		.label = {7, 16777215, 0x00c0ffee}};
	struct tcpm_sample sample = {.flow = &flow, .method = TCPM_METHOD_SYN};

	assert_int_equal(report_sample(output, &sample, GROUP_SIDE_REMOTE), 0);
	sample.interface = 1;
	flow.label_kind[1] = TCPM_LABEL_NONE;
	assert_int_equal(report_sample(output, &sample, GROUP_SIDE_INSIDE), 0);
	sample.interface = 2;
	flow.label_kind[0] = TCPM_LABEL_NONE;
	assert_int_equal(report_sample(output, &sample, GROUP_SIDE_NONE), 0);
	sample.interface = 3;
	assert_int_equal(report_sample(output, &sample, GROUP_SIDE_REMOTE), 0);
}

#define CSV_PLACE "0,0.000000000,0,10.0.0.1,51000,10.0.0.2,443,syn,network,"

static void test_csv_places_of_samples(void **state)
{
	(void)state;
	const struct report_settings settings = {.samples = true, .names.interface_name = name_two};
	struct report *output = helper_open("csv", settings);

	give_places(output);
	assert_string_equal(helper_written(output), SAMPLES_HEADER CSV_PLACE
			    "eth0,vlan:7/vxlan:16777215/tunnel:00c0ffee,remote\n" CSV_PLACE
			    "\"a,\"\"b\"\"?\",vlan:7,inside\n" CSV_PLACE "lo,,\n" CSV_PLACE
			    ",,remote\n");
}

#define JSON_PLACE                                                                                 \
	"{\"frame\":0,\"time\":0.000000000,\"rtt_ns\":0,\"src\":\"10.0.0.1\",\"sport\":51000,"     \
	"\"dst\":\"10.0.0.2\",\"dport\":443,\"method\":\"syn\",\"class\":\"network\""

static void test_json_places_of_samples(void **state)
{
	(void)state;
	const struct report_settings settings = {.samples = true, .names.interface_name = name_two};
	struct report *output = helper_open("json", settings);

	give_places(output);
	assert_string_equal(
		helper_written(output), JSON_PLACE
		",\"interface\":\"eth0\",\"tunnel\":\"vlan:7/vxlan:16777215/tunnel:00c0ffee\","
		"\"side\":\"remote\"}\n" JSON_PLACE
		",\"interface\":\"a,\\\"b\\\"\\u000a\",\"tunnel\":"
		"\"vlan:7\",\"side\":\"inside\"}\n" JSON_PLACE ",\"interface\":\"lo\"}\n" JSON_PLACE
		",\"side\":\"remote\"}\n");
}

/* A pair with both classes missing something, and one with a response only. */
static struct groups *two_pairs(void)
{
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, 0);

	helper_flow(groups, "10.0.0.1", "10.0.0.2", TCPM_CLASS_NETWORK, rtts, 3, 1000, 12);
	helper_flow(groups, "2001:db8::1", "2001:db8::2", TCPM_CLASS_RESPONSE, one_rtt, 1, 1, 0);
	return groups;
}

static void test_csv_summaries(void **state)
{
	(void)state;
	struct groups *groups = two_pairs();
	const struct report_settings settings = {.names.interface_name = name_interface,
						 .names.host_name = name_nobody,
						 .names.user =
							 (void *)(uintptr_t) "eth0, \"the\" one"};
	struct report *output = helper_open("csv", settings);

	assert_int_equal(report_groups(output, groups, &no_facts), 0);
	assert_string_equal(
		helper_written(output), SUMMARY_HEADER
		"10.0.0.1,10.0.0.2,\"eth0, \"\"the\"\" one\",,,1,3,1000000,1000250,1000500,1000500,"
		"1000500,1000167,1000500,250,0,,,,,,,,,1000,12\n"
		"2001:db8::1,2001:db8::2,\"eth0, \"\"the\"\" one\",,,1,0,,,,,,,,,1,40000000,"
		"40000000,40000000,40000000,40000000,40000000,40000000,,1,0\n");
	groups_free(groups);
}

static void test_json_summaries(void **state)
{
	(void)state;
	struct groups *groups = two_pairs();
	const struct report_settings settings = {.names.interface_name = name_interface,
						 .names.host_name = name_nobody,
						 .names.user = (void *)(uintptr_t) "a\"b"};
	struct report *output = helper_open("json", settings);

	assert_int_equal(report_groups(output, groups, &no_facts), 0);
	assert_string_equal(
		helper_written(output),
		"{\"src\":\"10.0.0.1\",\"dst\":\"10.0.0.2\",\"interface\":\"a\\\"b\",\"flows\":1,"
		"\"network_samples\":3,\"network_min_ns\":1000000,\"network_p50_ns\":1000250,"
		"\"network_p95_ns\":1000500,\"network_p99_ns\":1000500,\"network_max_ns\":1000500,"
		"\"network_mean_ns\":1000167,\"network_last_ns\":1000500,\"network_jitter_ns\":250,"
		"\"response_samples\":0,\"segments\":1000,\"retransmitted\":12}\n"
		"{\"src\":\"2001:db8::1\",\"dst\":\"2001:db8::2\",\"interface\":\"a\\\"b\","
		"\"flows\":1,\"network_samples\":0,\"response_samples\":1,"
		"\"response_min_ns\":40000000,\"response_p50_ns\":40000000,"
		"\"response_p95_ns\":40000000,\"response_p99_ns\":40000000,"
		"\"response_max_ns\":40000000,\"response_mean_ns\":40000000,"
		"\"response_last_ns\":40000000,\"segments\":1,\"retransmitted\":0}\n");
	groups_free(groups);
}

/* These formats have no line for evicted flows, so the caller must report them;
 * the table tells it itself. */
static void test_unreported_evictions(void **state)
{
	static const struct tcpm_counters counters = {.flows_evicted = 12};
	const struct run_totals facts = {.counters = &counters};
	static const struct {
		const char *format;
		bool samples;
		bool intervals;
		uint64_t unreported;
	} cases[] = {
		{"csv", false, false, 12},  {"csv", true, false, 12},  {"csv", false, true, 12},
		{"json", false, false, 12}, {"json", true, false, 12}, {"json", false, true, 12},
		{"table", false, false, 0}, {"table", true, false, 0}, {"table", false, true, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct groups *groups = two_pairs();
		struct report *output = helper_open(
			cases[i].format, (struct report_settings){.samples = cases[i].samples,
								  .intervals = cases[i].intervals});

		assert_int_equal(report_hidden_evictions(output), 0);
		assert_int_equal(report_groups(output, groups, &facts), 0);
		assert_int_equal(report_hidden_evictions(output), cases[i].unreported);
		groups_free(groups);
		assert_int_equal(!strstr(helper_written(output), "flows were evicted early"),
				 cases[i].unreported > 0);
	}
}

static void test_no_interface_name(void **state)
{
	(void)state;
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, 0);
	struct report *output;

	helper_flow(groups, "10.0.0.1", "10.0.0.2", TCPM_CLASS_RESPONSE, one_rtt, 1, 0, 0);
	output = helper_open("csv",
			     (struct report_settings){.names.interface_name = name_interface});
	assert_int_equal(report_groups(output, groups, &no_facts), 0);
	assert_non_null(strstr(helper_written(output), "\n10.0.0.1,10.0.0.2,,,,1,0,,"));
	output = helper_open("json", (struct report_settings){0});
	assert_int_equal(report_groups(output, groups, &no_facts), 0);
	assert_non_null(strstr(helper_written(output), "\"dst\":\"10.0.0.2\",\"flows\":1,"));
	groups_free(groups);
}

/* How the ends of a group are written, by the grouping: one line of CSV and of JSON. */
static void assert_ends(enum groups_by by, const char *a, const char *b, const char *csv,
			const char *json)
{
	struct groups *groups = helper_groups(by, 0);
	struct report *output = helper_open("csv", (struct report_settings){0});
	const char *line;

	helper_flow(groups, a, b, TCPM_CLASS_RESPONSE, one_rtt, 1, 0, 0);
	assert_int_equal(report_groups(output, groups, &no_facts), 0);
	line = helper_written(output) + strlen(SUMMARY_HEADER);
	assert_int_equal(strncmp(line, csv, strlen(csv)), 0);
	output = helper_open("json", (struct report_settings){0});
	assert_int_equal(report_groups(output, groups, &no_facts), 0);
	line = helper_written(output);
	assert_int_equal(strncmp(line, json, strlen(json)), 0);
	groups_free(groups);
}

static void test_ends_of_each_grouping(void **state)
{
	(void)state;
	assert_ends(GROUPS_BY_FLOW, "10.0.0.1", "10.0.0.2", "10.0.0.1:1000,10.0.0.2:80,,,,1,",
		    "{\"src\":\"10.0.0.1:1000\",\"dst\":\"10.0.0.2:80\",\"flows\":1,");
	assert_ends(GROUPS_BY_FLOW, "2001:db8::1", "2001:db8::2",
		    "[2001:db8::1]:1000,[2001:db8::2]:80,,,,1,",
		    "{\"src\":\"[2001:db8::1]:1000\",\"dst\":\"[2001:db8::2]:80\",\"flows\":1,");
	assert_ends(GROUPS_BY_RECEIVER, "10.0.0.1", "10.0.0.2", ",10.0.0.2,,,,1,",
		    "{\"dst\":\"10.0.0.2\",\"flows\":1,");
	assert_ends(GROUPS_BY_PREFIX, "10.0.0.1", "2001:db8:1:2::3",
		    "10.0.0.0/24,2001:db8:1::/48,,,,1,",
		    "{\"src\":\"10.0.0.0/24\",\"dst\":\"2001:db8:1::/48\",\"flows\":1,");
}

/* A flow in networks within each other, grouped by what tells them apart. */
static void test_places_of_groups(void **state)
{
	(void)state;
	struct prefix local;
	struct prefix_set prefixes;
	struct groups *groups = NULL;
	const struct tcpm_flow_id flow = {
		.address = {helper_address("10.0.0.1"), helper_address("10.0.0.2")},
		.label_kind = {TCPM_LABEL_PPPOE, TCPM_LABEL_GENEVE},
		.label = {65535, 1}};
	uint64_t user_data = 0;
	struct tcpm_sample sample = {.rtt_ns = 5,
				     .previous_ns = -1,
				     .flow = &flow,
				     .user_data = &user_data,
				     .interface = 0};
	struct report *output =
		helper_open("csv", (struct report_settings){.names.interface_name = name_two});

	assert_int_equal(prefix_parse("10.0.0.1", &local), 0);
	assert_int_equal(prefix_set_init(&prefixes, &local, 1), 0);
	assert_int_equal(groups_new(&(struct groups_options){.by.tunnel = true, .local = &prefixes},
				    &groups),
			 0);
	groups_sample(groups, &sample);
	assert_int_equal(report_groups(output, groups, &no_facts), 0);
	assert_string_equal(helper_written(output), SUMMARY_HEADER
			    "10.0.0.1,10.0.0.2,eth0,pppoe:65535/geneve:1,remote,0,1,5,5,5,5,5,5,5,,"
			    "0,,,,,,,,,0,0\n");
	sample.interface = 1;
	groups_sample(groups, &sample);
	output = helper_open("json", (struct report_settings){.names.interface_name = name_two});
	assert_int_equal(report_groups(output, groups, &no_facts), 0);
	assert_string_equal(helper_written(output),
			    "{\"src\":\"10.0.0.1\",\"dst\":\"10.0.0.2\",\"interface\":\"mixed\","
			    "\"tunnel\":\"pppoe:65535/geneve:1\",\"side\":\"remote\",\"flows\":0,"
			    "\"network_samples\":2,\"network_min_ns\":5,\"network_p50_ns\":5,"
			    "\"network_p95_ns\":5,\"network_p99_ns\":5,\"network_max_ns\":5,"
			    "\"network_mean_ns\":5,\"network_last_ns\":5,\"response_samples\":0,"
			    "\"segments\":0,\"retransmitted\":0}\n");
	groups_free(groups);
	prefix_set_done(&prefixes);
}

static void test_limit_and_other(void **state)
{
	(void)state;
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, 2);
	const struct report_settings settings = {.ranking = {.by = RANKING_BY_DST, .limit = 1}};
	struct report *output = helper_open("csv", settings);

	helper_flow(groups, "10.0.0.1", "10.0.0.9", TCPM_CLASS_RESPONSE, one_rtt, 1, 1, 0);
	helper_flow(groups, "10.0.0.1", "10.0.0.8", TCPM_CLASS_RESPONSE, one_rtt, 1, 2, 0);
	helper_flow(groups, "10.0.0.1", "10.0.0.7", TCPM_CLASS_RESPONSE, one_rtt, 1, 3, 0);
	helper_flow(groups, "10.0.0.1", "10.0.0.6", TCPM_CLASS_RESPONSE, one_rtt, 1, 4, 0);
	assert_int_equal(report_groups(output, groups, &no_facts), 0);
	assert_string_equal(
		helper_written(output), SUMMARY_HEADER
		"10.0.0.1,10.0.0.8,,,,1,0,,,,,,,,,1,40000000,40000000,40000000,40000000,"
		"40000000,40000000,40000000,,2,0\n"
		"other,other,,,,2,0,,,,,,,,,2,40000000,40000000,40000000,40000000,"
		"40000000,40000000,40000000,,7,0\n");
	groups_free(groups);
}

static void test_nothing_to_report(void **state)
{
	(void)state;
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, 0);
	struct report *output = helper_open("csv", (struct report_settings){0});

	assert_int_equal(report_groups(output, groups, &no_facts), 0);
	assert_string_equal(helper_written(output), SUMMARY_HEADER);
	output = helper_open("json", (struct report_settings){0});
	assert_int_equal(report_groups(output, groups, &no_facts), 0);
	assert_string_equal(helper_written(output), "");
	groups_free(groups);
}

static void test_unknown_format(void **state)
{
	(void)state;
	const struct report_settings settings = {0};
	struct report *output = NULL;
	struct error error;

	assert_int_equal(report_open("xml", &settings, &output, &error), -EINVAL);
	assert_null(output);
	assert_string_equal(error.text,
			    "'xml' is not an output format; expected one of table, csv, json");
	assert_int_equal(report_close(NULL), 0);
}

static void test_reader_gone(void **state)
{
	(void)state;
	struct report_settings settings = {.samples = true};
	struct report *output = NULL;
	struct error error;
	int fds[2];
	int result = 0;

	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	settings.fd = fds[1];
	assert_int_equal(report_open("csv", &settings, &output, &error), 0);

	const struct tcpm_flow_id flow = {.address = {helper_address("10.0.0.1")}};
	const struct tcpm_sample sample = {.flow = &flow};
	int samples = 0;

	for (; !result && samples < 10000; samples++)
		result = report_sample(output, &sample, GROUP_SIDE_NONE);
	assert_int_equal(result, -EPIPE);
	assert_in_range(samples, 1000, 5000); /* seen when the buffer is full, no later */
	assert_int_equal(report_flush(output), -EPIPE);
	assert_int_equal(report_close(output), -EPIPE);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv_samples),
		cmocka_unit_test(test_json_samples),
		cmocka_unit_test(test_csv_places_of_samples),
		cmocka_unit_test(test_json_places_of_samples),
		cmocka_unit_test(test_csv_summaries),
		cmocka_unit_test(test_json_summaries),
		cmocka_unit_test(test_unreported_evictions),
		cmocka_unit_test(test_no_interface_name),
		cmocka_unit_test(test_ends_of_each_grouping),
		cmocka_unit_test(test_places_of_groups),
		cmocka_unit_test(test_limit_and_other),
		cmocka_unit_test(test_nothing_to_report),
		cmocka_unit_test(test_unknown_format),
		cmocka_unit_test(test_reader_gone),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
