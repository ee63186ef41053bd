/*
 * What people read: the table, its footer and the lines of samples, to the letter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report_helper.h"

static const int64_t steady[] = {42000, 42100, 41900, 42000, 43500, 41000, 42000, 42000};
static const int64_t spread[] = {980000000, 12400000, 1234567, 999600, 800};
static const int64_t answer[] = {12345678, 40000000, 41000000};

static const struct tcpm_counters no_counters;
static const struct run_totals no_facts = {.counters = &no_counters};

static const char *name_host(void *user, const struct tcpm_address *address)
{
	(void)user;
	return address->bytes[3] == 1 ? "gate\033[2Jway" : NULL;
}

#define TITLE                                                                                      \
	"RTT from the capture point to the receiver and back: the sender's segments, "             \
	"acknowledged by the receiver\n\n"
#define BOUND "<=: no network sample; the smallest response is an upper bound\n"
#define LEGEND                                                                                     \
	"loss: retransmitted segments; resp p50: median response, which may hold a delayed ACK "   \
	"or "                                                                                      \
	"think time\n\n"
#define NO_FACTS                                                                                   \
	"packets    0\n"                                                                           \
	"flows      0\n"                                                                           \
	"samples    0\n"

static const char *report(struct groups *groups, struct report_settings settings)
{
	struct report *output = helper_open("table", settings);

	assert_int_equal(report_groups(output, groups, &no_facts), 0);
	groups_free(groups);
	return helper_written(output);
}

static void test_table(void **state)
{
	(void)state;
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, 0);

	helper_flow(groups, "192.168.100.10", "203.0.113.7", TCPM_CLASS_NETWORK, steady, 8, 10000,
		    12);
	helper_flow(groups, "192.168.100.10", "203.0.113.7", TCPM_CLASS_RESPONSE, answer, 3, 0, 0);
	helper_flow(groups, "10.0.0.1", "10.0.0.2", TCPM_CLASS_NETWORK, spread, 5, 3, 0);
	helper_flow(groups, "10.0.0.2", "10.0.0.1", TCPM_CLASS_RESPONSE, answer, 3, 0, 0);
	/* clang-format off */
	assert_string_equal(report(groups, (struct report_settings){0}), TITLE
"sender         -> receiver     samples         min      p50      p95      p99      max  jitter   loss  resp p50\n"
"192.168.100.10 -> 203.0.113.7        8     41.0 us  41.8 us  43.5 us  43.5 us  43.5 us  0.8 us  0.12%   40.1 ms\n"
"10.0.0.1       -> 10.0.0.2           5      0.8 us  1.23 ms   980 ms   980 ms   980 ms  245 ms     0%         -\n"
"10.0.0.2       -> 10.0.0.1           0  <= 12.3 ms        -        -        -        -       -      -   40.1 ms\n"
"\n" BOUND LEGEND NO_FACTS);
	/* clang-format on */
}

static void test_ipv6_and_limit(void **state)
{
	(void)state;
	struct groups *groups = helper_groups(GROUPS_BY_FLOW, 0);

	helper_flow(groups, "2001:db8::1", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
		    TCPM_CLASS_NETWORK, steady, 1, 1, 0);
	helper_flow(groups, "10.0.0.1", "10.0.0.2", TCPM_CLASS_RESPONSE, answer, 1, 1, 1);
	helper_flow(groups, "10.0.0.1", "10.0.0.3", TCPM_CLASS_RESPONSE, answer, 1, 1, 1);
	/* clang-format off */
	assert_string_equal(report(groups, (struct report_settings){.ranking.limit = 1}), TITLE
"sender             -> receiver                                     samples      min      p50      p95      p99      max  jitter  loss  resp p50\n"
"[2001:db8::1]:1000 -> [2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:80        1  42.0 us  42.0 us  42.0 us  42.0 us  42.0 us       -    0%         -\n"
"2 more rows beyond the limit\n"
"\n" LEGEND NO_FACTS);
	/* clang-format on */
}

static void test_names_and_other(void **state)
{
	(void)state;
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, 1);

	helper_flow(groups, "10.0.0.1", "10.0.0.2", TCPM_CLASS_NETWORK, steady, 1, 1, 1);
	helper_flow(groups, "10.0.0.3", "10.0.0.1", TCPM_CLASS_NETWORK, steady, 2, 1, 0);
	/* clang-format off */
	assert_string_equal(
		report(groups, (struct report_settings){.names.host_name = name_host, .ranking.limit = 1}), TITLE
"sender      -> receiver  samples      min      p50      p95      p99      max  jitter  loss  resp p50\n"
"gate?[2Jway -> 10.0.0.2        1  42.0 us  42.0 us  42.0 us  42.0 us  42.0 us       -  100%         -\n"
"other       -> other           2  42.0 us  42.0 us  42.1 us  42.1 us  42.1 us  0.1 us    0%         -\n"
"\n" LEGEND NO_FACTS
"note       2 samples exceed the maximum number of rows; they are in \"other\"\n");
	/* clang-format on */
}

static void test_receiver(void **state)
{
	(void)state;
	struct groups *groups = helper_groups(GROUPS_BY_RECEIVER, 0);

	helper_flow(groups, "10.0.0.1", "10.0.0.2", TCPM_CLASS_NETWORK, steady, 1, 1, 1);
	/* clang-format off */
	assert_string_equal(report(groups, (struct report_settings){0}), TITLE
"receiver  samples      min      p50      p95      p99      max  jitter  loss  resp p50\n"
"10.0.0.2        1  42.0 us  42.0 us  42.0 us  42.0 us  42.0 us       -  100%         -\n"
"\n" LEGEND NO_FACTS);
	/* clang-format on */
}

static void test_empty(void **state)
{
	(void)state;
	assert_string_equal(
		report(helper_groups(GROUPS_BY_HOSTS, 0), (struct report_settings){0}),
		"No round-trip time: no packet acknowledges data that was captured.\n\n" NO_FACTS);
}

static void test_footer_of_a_clean_capture(void **state)
{
	(void)state;
	static const struct tcpm_counters counters = {
		.frames = 1200,
		.decoded[TCPM_DECODE_TCP] = 1200,
		.flows_opened = 1,
		.acks = 700,
		.samples[TCPM_METHOD_ACK][TCPM_CLASS_NETWORK] = 700,
		.segments = 900,
	};
	const struct run_totals facts = {.counters = &counters,
					 .records = 1200,
					 .wire_bytes = 1500000,
					 .first_ns = 5,
					 .last_ns = 2000000005};
	struct report *output = helper_open("table", (struct report_settings){.samples = true});

	assert_int_equal(report_groups(output, NULL, &facts), 0);
	assert_string_equal(
		helper_written(output),
		"     frame                  time      rtt  method  class     sender -> receiver\n"
		"\n"
		"packets    1,200 in 2.00 s, 1.50 MB: 1,200 TCP\n"
		"flows      1 with 900 segments\n"
		"samples    700: 700 network (ack 700)\n"
		"coverage   100% of the acknowledgements of new data gave a sample (700 of 700)\n");
}

static void test_totals_of_an_unusual_capture(void **state)
{
	(void)state;
	static const struct tcpm_counters counters = {
		.frames = 12345,
		.decoded = {12000, 300, 20, 10, 5, 4, 3, 3},
		.copies = 1,
		.flows_opened = 2345,
		.flows_evicted = 12,
		.acks = 10000,
		.ack_reasons = {1000, 2, 3, 4, 5, 6, 7, 8},
		.sacks = 20,
		.sack_reasons = {4, 0, 0, 0, 1, 0, 0, 0},
		.samples = {{10, 0}, {4000, 4900}, {15, 0}, {50, 5}},
		.segments = 100000,
		.retransmitted = 123,
		.out_of_order = 45,
		.clock_steps = 2,
	};
	const struct run_totals facts = {.counters = &counters,
					 .records = 20000,
					 .wire_bytes = 9876543,
					 .first_ns = 1700000000000000000,
					 .last_ns = 1700000012345000000};
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, 0);
	struct report *output = helper_open("table", (struct report_settings){.samples = true});

	helper_flow(groups, "10.0.0.1", "10.0.0.2", TCPM_CLASS_NETWORK, NULL, 0, 1500, 0);
	assert_int_equal(report_groups(output, groups, &facts), 0);
	groups_free(groups);
	assert_string_equal(
		strchr(helper_written(output), '\n') + 2,
		"packets    12,345 of 20,000 in 12.3 s, 9.88 MB: 12,000 TCP, 300 not IP, 20 IP but "
		"not TCP, 10 fragments without a TCP header, 5 captured too short, 4 malformed, 3 "
		"of an unsupported link type, 3 nested too deeply\n"
		"flows      2,345 with 100,000 segments: 123 sent again (0.12%), 45 out of order\n"
		"samples    8,980: 4,075 network (syn 10, ack 4,000, sack 15, echo 50), 4,905 "
		"response (ack 4,900, echo 5)\n"
		"coverage   89.65% of the acknowledgements of new data gave a sample (8,965 of "
		"10,000); of SACKs 15 of 20\n"
		"no sample  1,004  the data was sent more than once, and no timestamp tells which "
		"one was answered\n"
		"               2  the timestamp it echoes is not that of any segment it can "
		"answer\n"
		"               3  the packet it answers was already timed by its first part\n"
		"               4  part of the data was not captured\n"
		"               6  none of the data was captured, though other data of the sender "
		"was\n"
		"               6  nothing that the sender sent was captured\n"
		"               7  too much was outstanding to remember all of it\n"
		"               8  the capture's time stepped back, or the round trip would be "
		"absurd\n"
		"note       1 packet was captured twice and used once\n"
		"note       2 steps back in the capture's time\n"
		"note       12 flows were evicted early because of a limit; increase --max-memory "
		"and --max-flows\n"
		"note       1 flow without a sample is in no row\n"
		"note       1,500 segments of directions without a sample are in no row\n");
}

static void test_samples(void **state)
{
	(void)state;
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
					  .sender = 1,
					  .method = TCPM_METHOD_SACK,
					  .class_ = TCPM_CLASS_NETWORK};
	const struct tcpm_sample second = {.time_ns = 5,
					   .rtt_ns = 800,
					   .frame = 1234567890,
					   .flow = &v6,
					   .method = TCPM_METHOD_ACK,
					   .class_ = TCPM_CLASS_RESPONSE};
	struct report *output = helper_open(
		"table", (struct report_settings){.samples = true, .names.host_name = name_host});

	assert_int_equal(report_sample(output, &first, GROUP_SIDE_NONE), 0);
	assert_int_equal(report_sample(output, &second, GROUP_SIDE_NONE), 0);
	/* clang-format off */
	assert_string_equal(helper_written(output),
"     frame                  time      rtt  method  class     sender -> receiver\n"
"        42  1700000000.000000001  12.3 ms  sack    network   10.0.0.2:443 -> gate?[2Jway:51000\n"
"1234567890           0.000000005   0.8 us  ack     response  [2001:db8::1]:1 -> [2001:db8::2]:65535\n");
	/* clang-format on */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_ipv6_and_limit),
		cmocka_unit_test(test_names_and_other),
		cmocka_unit_test(test_receiver),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_footer_of_a_clean_capture),
		cmocka_unit_test(test_totals_of_an_unusual_capture),
		cmocka_unit_test(test_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
