/*
 * Prometheus' text format: exact text, exact sums, no series twice, and what promtool says.
 */
#include <sys/wait.h>

#include "prometheus_helper.h"

/* ---- exact text ---- */

static void small(void **state)
{
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, 0);
	const struct prometheus_point point = {
		.interface = "eth0", .groups = groups, .facts = &no_facts};
	const char *text;

	(void)state;
	add(groups, "192.0.2.1", "192.0.2.2", TCPM_CLASS_NETWORK, 61035, 10);
	add(groups, "192.0.2.1", "192.0.2.2", TCPM_CLASS_NETWORK, 61036, 5);
	add(groups, "192.0.2.1", "192.0.2.2", TCPM_CLASS_NETWORK, 1000000000, 1);
	add(groups, "192.0.2.1", "192.0.2.2", TCPM_CLASS_NETWORK, 1000000001, 1);
	add(groups, "192.0.2.1", "192.0.2.2", TCPM_CLASS_NETWORK, 4000000001, 1);
	text = written_of(&point, 1, 10);
#define B                                                                                          \
	"tcpmetro_rtt_seconds_bucket{src=\"192.0.2.1\",dst=\"192.0.2.2\",interface=\"eth0\","      \
	"class=\"network\",le="
#define L "{src=\"192.0.2.1\",dst=\"192.0.2.2\",interface=\"eth0\"} "
	if (strncmp(text,
		    "# HELP tcpmetro_rtt_seconds Round-trip times from the capture point to dst "
		    "and "
		    "back; those of class response may hold a delayed acknowledgement or think "
		    "time.\n"
		    "# TYPE tcpmetro_rtt_seconds histogram\n" B "\"6.103515625e-05\"} 1\n" B
		    "\"8.631674575031098e-05\"} 2\n" B "\"0.0001220703125\"} 2\n",
		    400) != 0)
		fail_msg("%.900s", text);
	assert_holds(text, B "\"0.7071067811865476\"} 2\n" B "\"1\"} 3\n" B
			     "\"1.4142135623730951\"} 4\n" B "\"2\"} 4\n" B
			     "\"2.8284271247461903\"} 4\n" B "\"4\"} 4\n" B "\"+Inf\"} 5\n"
			     "tcpmetro_rtt_seconds_sum{src=\"192.0.2.1\",dst=\"192.0.2.2\","
			     "interface=\"eth0\",class=\"network\"} 6.000122073\n"
			     "tcpmetro_rtt_seconds_count{src=\"192.0.2.1\",dst=\"192.0.2.2\","
			     "interface=\"eth0\",class=\"network\"} 5\n"
			     "# HELP tcpmetro_segments_total Segments sent by src to dst, without "
			     "duplicates in the capture.\n"
			     "# TYPE tcpmetro_segments_total counter\n"
			     "tcpmetro_segments_total" L "18\n");
	assert_holds(text, "\ntcpmetro_retransmitted_segments_total" L "5\n");
	assert_holds(text, "\ntcpmetro_out_of_order_segments_total" L "0\n");
	assert_holds(text, "\ntcpmetro_flows_ended_total" L "0\n");
#undef B
#undef L
	assert_int_equal(times(text, "_bucket{"), 34);
	assert_lacks(text, "response\",le");
	assert_lacks(text, "process_");
	assert_lacks(text, "statsd");
	assert_lacks(text, "dropped");
	assert_no_duplicates(text);
	groups_free(groups);
}

/* Each bound's text is the shortest that is the double nearest to 2^(n/2). */
static void bounds(void **state)
{
	static const double half = 1.4142135623730951; /* the double nearest to sqrt(2) */
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, 0);
	const struct prometheus_point point = {.groups = groups, .facts = &no_facts};
	const char *at;

	(void)state;
	add(groups, "192.0.2.1", "192.0.2.2", TCPM_CLASS_NETWORK, 1, 1);
	at = written_of(&point, 1, 10);
	for (int n = -28; n <= 4; n++) {
		double bound = (n & 1) ? half : 1;
		char shorter[40];
		char *end;

		for (int i = (n & 1) ? n - 1 : n; i < 0; i += 2)
			bound /= 2;
		for (int i = (n & 1) ? n - 1 : n; i > 0; i -= 2)
			bound *= 2;
		at = strstr(at, "le=\"") + 4;
		assert_true(strtod(at, &end) == bound);
		assert_int_equal(*end, '"');
		/* One digit less is another number. */
		for (int digits = 1; digits < 18; digits++) {
			snprintf(shorter, sizeof(shorter), "%.*g", digits, bound);
			if (strtod(shorter, NULL) == bound)
				break;
		}
		assert_memory_equal(at, shorter, strlen(shorter));
		assert_int_equal(at[strlen(shorter)], '"');
	}
	assert_memory_equal(strstr(at, "le=\"") + 4, "+Inf", 4);
	groups_free(groups);
}

/* Against values that are counted one by one. */
static void buckets_by_hand(void **state)
{
	static int64_t values[5000];
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, 0);
	const struct prometheus_point point = {.groups = groups, .facts = &no_facts};
	uint64_t random = 1;
	const char *at;
	size_t seen = 0;

	(void)state;
	for (size_t i = 0; i < 5000; i++) {
		random = random * 6364136223846793005U + 1442695040888963407U;
		/* All sizes from 0 to some minutes, and bounds themselves. */
		values[i] = (int64_t)(random >> 20 >> random % 44);
		if (i % 10 == 0)
			values[i] = 1000000000 >> i % 14;
		add(groups, "192.0.2.1", "192.0.2.2", TCPM_CLASS_RESPONSE, values[i], 1);
	}
	at = written_of(&point, 1, 10);
	while ((at = strstr(at, "class=\"response\",le=\"")) != NULL) {
		char *end;
		double bound_ns = strtod(at + strlen("class=\"response\",le=\""), &end) * 1e9;
		uint64_t count = 0;

		for (size_t i = 0; i < 5000; i++)
			count += (double)values[i] <= bound_ns;
		assert_int_equal(strtoull(end + 3, NULL, 10), count);
		at = end;
		seen++;
	}
	assert_int_equal(seen, 34);
	groups_free(groups);
}

static void no_labels_no_braces(void **state)
{
	const struct prometheus_point point = {.facts = &no_facts};
	const char *text = written_of(&point, 1, 10);

	(void)state;
	assert_holds(text, "\ntcpmetro_packets_total 0\n");
	assert_holds(text, "\ntcpmetro_packets_decoded_total{result=\"not_ip\"} 0\n");
	assert_holds(text, "\ntcpmetro_build_info{version=\"" TCPMETRO_VERSION "\"} 1\n");
	assert_lacks(text, "rtt_seconds");
	assert_lacks(text, "{}");
}

/* ---- the same labels ---- */

static const char *one_name(void *user, const struct tcpm_address *address)
{
	(void)user;
	return address->bytes[3] == 9 ? NULL : "twin";
}

/* The same pairs at two points with the same labels; and addresses with one name, which are no
 * reason to sum them up. */
static void merged(void **state)
{
	static const struct endpoint_names names = {.host_name = one_name};
	static const char *const tags[] = {"a:1"};
	const struct tcpm_counters counters = {.frames = 3, .flows_now = 2, .flows_evicted = 6};
	const struct run_totals facts = {
		.counters = &counters, .live = true, .dropped = 7, .interface_unknown = true};
	const struct run_totals other = {
		.counters = &counters, .live = true, .dropped = 1, .interface_dropped = 5};
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, 0);
	const struct prometheus_point points[] = {
		{"eth0", groups, &facts, tags, 1, &names},
		{"eth1", groups, &facts, tags, 1, &names},
		{"eth0", groups, &other, tags, 1, &names},
	};
	const char *text;

	(void)state;
	add(groups, "192.0.2.9", "192.0.2.1", TCPM_CLASS_NETWORK, 1000, 1);
	add(groups, "192.0.2.9", "192.0.2.2", TCPM_CLASS_NETWORK, 5000000000, 2);
	add(groups, "192.0.2.9", "192.0.2.3", TCPM_CLASS_RESPONSE, 3000, 4);
	add(groups, "192.0.2.9", "192.0.2.9", TCPM_CLASS_NETWORK, 3000, 8);
	add(groups, "192.0.2.9", "192.0.2.1", TCPM_CLASS_NETWORK, 5000000000, 2);
	text = written_of(points, 3, 10);
	assert_no_duplicates(text);
#define PAIR(last, interface)                                                                      \
	"{src=\"192.0.2.9\",dst=\"192.0.2." last "\",interface=\"" interface "\",a=\"1\""
	assert_int_equal(value_of(text, "_count" PAIR("1", "eth0") ",class=\"network\"} "), 4);
	assert_int_equal(value_of(text, "_count" PAIR("1", "eth1") ",class=\"network\"} "), 2);
	assert_int_equal(value_of(text, "_count" PAIR("2", "eth0") ",class=\"network\"} "), 2);
	assert_int_equal(value_of(text, "_count" PAIR("3", "eth0") ",class=\"response\"} "), 2);
	assert_int_equal(
		value_of(text, "_bucket" PAIR("1", "eth0") ",class=\"network\",le=\"4\"} "), 2);
	assert_holds(text, "_sum" PAIR("1", "eth0") ",class=\"network\"} 10.000002000\n");
	assert_int_equal(value_of(text, "tcpmetro_segments_total" PAIR("1", "eth0") "} "), 6);
#undef PAIR
	assert_holds(text, "\ntcpmetro_packets_total{interface=\"eth0\",a=\"1\"} 6\n"
			   "tcpmetro_packets_total{interface=\"eth1\",a=\"1\"} 3\n");
	assert_holds(text, "\ntcpmetro_flows{interface=\"eth0\",a=\"1\"} 4\n");
	assert_holds(text, "\ntcpmetro_flows_evicted_total{interface=\"eth0\",a=\"1\"} 12\n");
	assert_holds(text,
		     "\ntcpmetro_kernel_dropped_packets_total{interface=\"eth0\",a=\"1\"} 8\n");
	assert_holds(text,
		     "\ntcpmetro_interface_dropped_packets_total{interface=\"eth0\",a=\"1\"} 5\n");
	assert_lacks(text, "tcpmetro_interface_dropped_packets_total{interface=\"eth1\"");
	groups_free(groups);
}

static void own_side(void **state)
{
	const struct prefix own = {.bits = 32, .address = helper_address("192.0.2.1")};
	const struct prefix_set local = {.all = (struct prefix *)(uintptr_t)&own, .count = 1};
	const struct groups_options options = {.local = &local};
	struct groups *groups = NULL;
	struct prometheus_point point = {.facts = &no_facts};
	struct prometheus_facts facts = {.points = &point, .count = 1, .max_pairs = 9};

	(void)state;
	assert_int_equal(groups_new(&options, &groups), 0);
	point.groups = groups;
	add(groups, "192.0.2.1", "192.0.2.2", TCPM_CLASS_NETWORK, 1, 1);
	add(groups, "192.0.2.2", "192.0.2.1", TCPM_CLASS_NETWORK, 1, 1);
	assert_int_equal(times(written(&facts), "_rtt_seconds_count{"), 1);
	facts.both_sides = true;
	assert_int_equal(times(written(&facts), "_rtt_seconds_count{"), 2);
	groups_free(groups);
}

/* ---- the cap ---- */

/* Pair i has i + 1 samples, of i ms each. */
static struct groups *many_pairs(size_t count, size_t max)
{
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, max);

	for (size_t i = 0; i < count; i++) {
		char address[20];

		snprintf(address, sizeof(address), "10.0.0.%zu", i);
		for (size_t j = 0; j <= i; j++)
			add(groups, "192.0.2.1", address, TCPM_CLASS_NETWORK, (int64_t)i * 1000000,
			    3);
	}
	return groups;
}

static void capped(void **state)
{
	struct groups *groups = many_pairs(20, 0);
	struct groups *few = many_pairs(2, 0);
	struct groups *full = many_pairs(5, 3); /* has an "other" of its own */
	const struct prometheus_point points[] = {
		{.interface = "eth0", .groups = groups, .facts = &no_facts},
		{.interface = "eth1", .groups = few, .facts = &no_facts},
		{.interface = "eth2", .groups = full, .facts = &no_facts},
	};
	const char *text = written_of(points, 3, 4);

	(void)state;
	assert_no_duplicates(text);
	assert_int_equal(times(text, "_rtt_seconds_count{"), 4 + 3);
	for (size_t i = 16; i < 20; i++) {
		char line[100];

		snprintf(line, sizeof(line),
			 "_count{src=\"192.0.2.1\",dst=\"10.0.0.%zu\",interface=\"eth0\",", i);
		assert_holds(text, line);
	}
#define OTHER(interface) "{src=\"other\",dst=\"other\",interface=\"" interface "\""
	/* 1 + 2 + ... + 16 samples; 0 * 1 + 1 * 2 + ... + 15 * 16 ms */
	assert_int_equal(value_of(text, "_count" OTHER("eth0") ",class=\"network\"} "), 136);
	assert_holds(text, "_sum" OTHER("eth0") ",class=\"network\"} 1.360000000\n");
	assert_int_equal(value_of(text, "tcpmetro_segments_total" OTHER("eth0") "} "), 408);
	assert_int_equal(
		value_of(text, "_bucket" OTHER("eth0") ",class=\"network\",le=\"0.0009765625\"} "),
		1);
	assert_int_equal(
		value_of(text, "_bucket" OTHER("eth0") ",class=\"network\",le=\"0.00390625\"} "),
		10);
	assert_int_equal(value_of(text, "_count" OTHER("eth1") ",class=\"network\"} "), 3);
	assert_int_equal(value_of(text, "_count" OTHER("eth2") ",class=\"network\"} "), 15);
#undef OTHER
	/* "other" of the groups takes no place. */
	text = written_of(points + 2, 1, 3);
	assert_int_equal(times(text, "_rtt_seconds_count{"), 4);
	text = written_of(points, 3, 0);
	assert_int_equal(times(text, "_rtt_seconds_count{"), 3);
	text = written_of(points, 2, 22);
	assert_int_equal(times(text, "_rtt_seconds_count{"), 22);
	assert_lacks(text, "\"other\"");
	groups_free(groups);
	groups_free(few);
	groups_free(full);
}

/* ---- all of it ---- */

static struct prometheus_facts everything(struct prometheus_point *point, struct groups *groups)
{
	static const char *const tags[] = {"env:prod", "bare"};
	static const struct tcpm_counters counters = {.frames = 1000, .flows_opened = 3};
	static const struct run_totals facts = {.counters = &counters, .live = true};
	static const struct datagram_counts statsd = {1, 2, 3, 4};
	static const struct endpoint_names names = {.host_name = one_name};

	*point = (struct prometheus_point){"eth0", groups, &facts, tags, 2, &names};
	return (struct prometheus_facts){.points = point,
					 .count = 1,
					 .max_pairs = 15,
					 .statsd = &statsd,
					 .reloads = 5,
					 .reloads_failed = 6,
					 .start_ns = 1700000000123456789,
					 .resident_bytes = 4096,
					 .cpu_seconds = 1.5,
					 .open_fds = 9};
}

static void ourselves(void **state)
{
	struct prometheus_point point;
	const struct prometheus_facts facts = everything(&point, NULL);
	const char *text = written(&facts);

	(void)state;
	assert_holds(text, "\ntcpmetro_statsd_datagrams_total 4\n");
	assert_holds(text, "\ntcpmetro_statsd_points_total 6\n");
	assert_holds(text, "\ntcpmetro_statsd_lost_datagrams_total 3\n");
	assert_holds(text, "\ntcpmetro_statsd_lost_points_total 4\n");
	assert_holds(text, "\ntcpmetro_config_reloads_total{result=\"ok\"} 5\n"
			   "tcpmetro_config_reloads_total{result=\"failed\"} 6\n");
	assert_holds(text, "\nprocess_start_time_seconds 1700000000.123456789\n");
	assert_holds(text, "\nprocess_resident_memory_bytes 4096\n");
	assert_holds(text, "\nprocess_cpu_seconds_total 1.500000000\n");
	assert_holds(text, "\nprocess_open_fds 9\n");
	assert_string_equal(prometheus_content_type, "text/plain; version=0.0.4; charset=utf-8");
}

/* A refusal that comes late makes of what was sent what is lost: no counter falls. */
static void late_refusal(void **state)
{
	static const char *const names[] = {
		"\ntcpmetro_statsd_datagrams_total ", "\ntcpmetro_statsd_points_total ",
		"\ntcpmetro_statsd_lost_datagrams_total ", "\ntcpmetro_statsd_lost_points_total "};
	struct datagram_counts counts = {.sent = 10, .sent_points = 200};
	struct prometheus_facts facts = {.statsd = &counts, .cpu_seconds = -1};
	uint64_t before[4];

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		before[i] = value_of(written(&facts), names[i]);
	counts = (struct datagram_counts){7, 140, 3, 60, 0};
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(value_of(written(&facts), names[i]), before[i] + (i < 2    ? 0
										   : i == 2 ? 3
											    : 60));
	/* No other metric of these. */
	assert_int_equal(times(written(&facts), "\ntcpmetro_statsd_"), 4);
}

/* All lines of a metric stand together, below its HELP and TYPE. */
static void families(void **state)
{
	struct groups *groups = many_pairs(20, 0);
	struct prometheus_point point;
	const struct prometheus_facts facts = everything(&point, groups);
	char *copy = strdup(written(&facts));
	char *saved;
	char family[100] = "";

	(void)state;
	for (char *line = strtok_r(copy, "\n", &saved); line; line = strtok_r(NULL, "\n", &saved)) {
		if (strncmp(line, "# HELP ", 7) == 0) {
			snprintf(family, sizeof(family), "%.*s", (int)strcspn(line + 7, " "),
				 line + 7);
			continue;
		}
		if (strncmp(line, "# TYPE ", 7) == 0)
			line += 7;
		assert_memory_equal(line, family, strlen(family));
	}
	free(copy);
	groups_free(groups);
}

static void promtool(void **state)
{
	struct groups *groups = many_pairs(20, 0);
	struct prometheus_point point;
	const struct prometheus_facts facts = everything(&point, groups);
	const char *text;
	FILE *pipe;
	int status;

	(void)state;
	add(groups, "192.0.2.1", "10.0.0.250", TCPM_CLASS_RESPONSE, 1, 1);
	text = written(&facts);
	groups_free(groups);
	if (system("command -v promtool >/dev/null 2>&1") != 0) {
		print_message("no promtool here (Debian's package prometheus has it)\n");
		skip();
	}
	/* It reports problems in its output; its status shows only the worst. */
	pipe = popen("out=$(promtool check metrics 2>&1); status=$?; "
		     "printf '%s' \"$out\" >&2; test $status = 0 && test -z \"$out\"",
		     "w");
	assert_non_null(pipe);
	assert_int_equal(fputs(text, pipe) >= 0, 1);
	status = pclose(pipe);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small),           cmocka_unit_test(bounds),
		cmocka_unit_test(buckets_by_hand), cmocka_unit_test(no_labels_no_braces),
		cmocka_unit_test(merged),          cmocka_unit_test(own_side),
		cmocka_unit_test(capped),          cmocka_unit_test(ourselves),
		cmocka_unit_test(late_refusal),    cmocka_unit_test(families),
		cmocka_unit_test(promtool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
