/*
 * What a live capture prints: intervals in each format, and the columns that tell where
 * samples were seen and whose they are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "report_helper.h"

#define START_NS INT64_C(1700000000000000000) /* 22:13:20 UTC */
#define SECOND   INT64_C(1000000000)

static const struct tcpm_counters no_counters;
static const struct run_totals no_facts = {.counters = &no_counters};
static const struct run_totals live_facts = {.counters = &no_counters, .live = true};

static const int64_t steady[] = {42000, 42100, 41900, 42000, 43500, 41000, 42000, 42000};

static const char *name_interface(void *user, uint32_t interface)
{
	static const char *const names[] = {NULL, "eth0", "a\033[2Jb"};

	(void)user;
	return interface < 3 ? names[interface] : NULL;
}

/* 10.0.0.x is this side. */
static const struct prefix ten = {.bits = 24, .address = {.version = 4, .bytes = {10}}};
static struct prefix_set local = {.all = (struct prefix *)(uintptr_t)&ten, .count = 1};

static struct groups *groups_by_place(bool interface, bool tunnel)
{
	const struct groups_options options = {.by = {.interface = interface, .tunnel = tunnel},
					       .local = &local};
	struct groups *groups = NULL;

	assert_int_equal(groups_new(&options, &groups), 0);
	return groups;
}

/* So many samples of a's segments, seen on an interface, in a VLAN (0: none). */
static void add(struct groups *groups, const char *a, const char *b, size_t count,
		uint32_t interface, uint32_t vlan)
{
	const struct tcpm_flow_id flow = {
		.address = {helper_address(a), helper_address(b)},
		.label_kind = {vlan ? TCPM_LABEL_VLAN : TCPM_LABEL_NONE},
		.label = {vlan},
	};
	uint64_t user_data = 0;

	for (size_t i = 0; i < count; i++) {
		const struct tcpm_sample sample = {.rtt_ns = steady[i % 8],
						   .previous_ns = -1,
						   .flow = &flow,
						   .user_data = &user_data,
						   .sent = {.segments = 10, .retransmitted = 1},
						   .interface = interface};

		groups_sample(groups, &sample);
	}
}

/* Flow a -> b ends; its samples were in an earlier interval. */
static void end(struct groups *groups, const char *a, const char *b)
{
	const struct tcpm_flow_id flow = {.address = {helper_address(a), helper_address(b)}};
	const uint64_t known = 1, unknown = 0;
	const struct tcpm_closed closed = {
		.flow = &flow, .totals = {{.segments = 7}}, .user_data = {&known, &unknown}};

	groups_closed(groups, &closed);
}

static void print_interval(struct report *output, struct groups *groups, int64_t end_ns)
{
	assert_int_equal(report_interval(output, groups, end_ns), 0);
	groups_reset(groups, groups_options(groups)->generation + 1);
}

/* Three intervals: two rows; nothing at all; a row and a flow that only ended, which is a
 * flow of both rows. Then the report of all, as the program makes it. */
static const char *three_intervals(const char *format)
{
	struct report *output = helper_open(format, (struct report_settings){.intervals = true});
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, 0);
	struct groups *total = helper_groups(GROUPS_BY_HOSTS, 0);
	const char *written;

	add(groups, "192.0.2.1", "192.0.2.2", 2, 0, 0);
	add(groups, "192.0.2.2", "192.0.2.1", 1, 0, 0);
	groups_merge(total, groups);
	print_interval(output, groups, START_NS + SECOND);
	print_interval(output, groups, START_NS + 2 * SECOND);
	add(groups, "192.0.2.1", "192.0.2.2", 1, 0, 0);
	end(groups, "192.0.2.2", "192.0.2.1");
	groups_merge(total, groups);
	print_interval(output, groups, START_NS + 3 * SECOND + 1);
	assert_int_equal(report_groups(output, total, &live_facts), 0);
	written = helper_written(output);
	groups_free(groups);
	groups_free(total);
	return written;
}

static void csv_intervals(void **state)
{
	(void)state;
	assert_string_equal(
		three_intervals("csv"),
		"time,src,dst,interface,tunnel,side,flows,network_samples,network_min_ns,"
		"network_p50_ns,network_p95_ns,network_p99_ns,network_max_ns,network_mean_ns,"
		"network_last_ns,network_jitter_ns,response_samples,response_min_ns,"
		"response_p50_ns,response_p95_ns,response_p99_ns,response_max_ns,response_mean_ns,"
		"response_last_ns,response_jitter_ns,segments,retransmitted\n"
		"1700000001.000000000,192.0.2.1,192.0.2.2,,,,0,2,42000,42000,42100,42100,42100,"
		"42050,42100,,0,,,,,,,,,20,2\n"
		"1700000001.000000000,192.0.2.2,192.0.2.1,,,,0,1,42000,42000,42000,42000,42000,"
		"42000,42000,,0,,,,,,,,,10,1\n"
		"1700000003.000000001,192.0.2.1,192.0.2.2,,,,1,1,42000,42000,42000,42000,42000,"
		"42000,42000,,0,,,,,,,,,10,1\n"
		"1700000003.000000001,192.0.2.2,192.0.2.1,,,,1,0,,,,,,,,,0,,,,,,,,,7,0\n");
}

static void json_intervals(void **state)
{
	(void)state;
	assert_string_equal(
		three_intervals("json"),
		"{\"time\":1700000001.000000000,\"src\":\"192.0.2.1\",\"dst\":\"192.0.2.2\","
		"\"flows\":0,\"network_samples\":2,\"network_min_ns\":42000,"
		"\"network_p50_ns\":42000,\"network_p95_ns\":42100,\"network_p99_ns\":42100,"
		"\"network_max_ns\":42100,\"network_mean_ns\":42050,\"network_last_ns\":42100,"
		"\"response_samples\":0,\"segments\":20,\"retransmitted\":2}\n"
		"{\"time\":1700000001.000000000,\"src\":\"192.0.2.2\",\"dst\":\"192.0.2.1\","
		"\"flows\":0,\"network_samples\":1,\"network_min_ns\":42000,"
		"\"network_p50_ns\":42000,\"network_p95_ns\":42000,\"network_p99_ns\":42000,"
		"\"network_max_ns\":42000,\"network_mean_ns\":42000,\"network_last_ns\":42000,"
		"\"response_samples\":0,\"segments\":10,\"retransmitted\":1}\n"
		"{\"time\":1700000003.000000001,\"src\":\"192.0.2.1\",\"dst\":\"192.0.2.2\","
		"\"flows\":1,\"network_samples\":1,\"network_min_ns\":42000,"
		"\"network_p50_ns\":42000,\"network_p95_ns\":42000,\"network_p99_ns\":42000,"
		"\"network_max_ns\":42000,\"network_mean_ns\":42000,\"network_last_ns\":42000,"
		"\"response_samples\":0,\"segments\":10,\"retransmitted\":1}\n"
		"{\"time\":1700000003.000000001,\"src\":\"192.0.2.2\",\"dst\":\"192.0.2.1\","
		"\"flows\":1,\"network_samples\":0,\"response_samples\":0,\"segments\":7,"
		"\"retransmitted\":0}\n");
}

#define TITLE                                                                                      \
	"RTT from the capture point to the receiver and back: the sender's segments, "             \
	"acknowledged by the receiver\n\n"
#define LEGEND                                                                                     \
	"loss: retransmitted segments; resp p50: median response, which may hold a delayed ACK "   \
	"or "                                                                                      \
	"think time\n\n"
#define NO_FACTS                                                                                   \
	"packets    0\n"                                                                           \
	"flows      0\n"                                                                           \
	"samples    0\n"
#define LIVE_FACTS                                                                                 \
	"packets    0\n"                                                                           \
	"capture    0 packets dropped by the kernel, 0 by the interface\n"                         \
	"flows      0\n"                                                                           \
	"samples    0\n"

/* No row for the flow that only ended, nothing for the interval without samples; the
 * report stands apart. */
static void table_intervals(void **state)
{
	(void)state;
	/* clang-format off */
	assert_string_equal(three_intervals("table"),
"time      sender    -> receiver   samples      min      p50      p95      p99      max  jitter    loss  resp p50\n"
"22:13:21  192.0.2.1 -> 192.0.2.2        2  42.0 us  42.0 us  42.1 us  42.1 us  42.1 us       -  10.00%         -\n"
"22:13:21  192.0.2.2 -> 192.0.2.1        1  42.0 us  42.0 us  42.0 us  42.0 us  42.0 us       -  10.00%         -\n"
"22:13:23  192.0.2.1 -> 192.0.2.2        1  42.0 us  42.0 us  42.0 us  42.0 us  42.0 us       -  10.00%         -\n"
"\n" TITLE
"sender    -> receiver   samples      min      p50      p95      p99      max  jitter    loss  resp p50\n"
"192.0.2.1 -> 192.0.2.2        3  42.0 us  42.1 us  42.1 us  42.1 us  42.1 us       -  10.00%         -\n"
"192.0.2.2 -> 192.0.2.1        1  42.0 us  42.0 us  42.0 us  42.0 us  42.0 us       -   5.88%         -\n"
"\n" LEGEND LIVE_FACTS);
	/* clang-format on */
}

/* Titles stand above the rows again where a column became wider, or a new one came; not
 * where they could be narrower. */
static void titles_when_columns_grow(void **state)
{
	struct report *output = helper_open("table", (struct report_settings){.intervals = true});
	struct groups *groups = groups_by_place(false, true);

	(void)state;
	add(groups, "10.0.0.1", "192.0.2.2", 1, 0, 0);
	print_interval(output, groups, START_NS);
	add(groups, "10.0.0.1", "192.0.2.222", 1, 0, 0);
	print_interval(output, groups, START_NS + SECOND);
	add(groups, "10.0.0.1", "192.0.2.2", 1, 0, 0);
	print_interval(output, groups, START_NS + 2 * SECOND);
	add(groups, "10.0.0.1", "192.0.2.2", 1, 0, 7);
	print_interval(output, groups, START_NS + 3 * SECOND);
	add(groups, "10.0.0.1", "192.0.2.2", 1, 0, 0);
	print_interval(output, groups, START_NS + 4 * SECOND);
	add(groups, "10.0.0.1", "192.0.2.2", 1, 0, 4094);
	print_interval(output, groups, START_NS + 5 * SECOND);
	groups_free(groups);
	/* clang-format off */
	assert_string_equal(helper_written(output),
"time      sender   -> receiver   samples      min      p50      p95      p99      max  jitter    loss  resp p50\n"
"22:13:20  10.0.0.1 -> 192.0.2.2        1  42.0 us  42.0 us  42.0 us  42.0 us  42.0 us       -  10.00%         -\n"
"time      sender   -> receiver     samples      min      p50      p95      p99      max  jitter    loss  resp p50\n"
"22:13:21  10.0.0.1 -> 192.0.2.222        1  42.0 us  42.0 us  42.0 us  42.0 us  42.0 us       -  10.00%         -\n"
"22:13:22  10.0.0.1 -> 192.0.2.2          1  42.0 us  42.0 us  42.0 us  42.0 us  42.0 us       -  10.00%         -\n"
"time      sender   -> receiver     tunnel  samples      min      p50      p95      p99      max  jitter    loss  resp p50\n"
"22:13:23  10.0.0.1 -> 192.0.2.2    vlan:7        1  42.0 us  42.0 us  42.0 us  42.0 us  42.0 us       -  10.00%         -\n"
"22:13:24  10.0.0.1 -> 192.0.2.2                  1  42.0 us  42.0 us  42.0 us  42.0 us  42.0 us       -  10.00%         -\n"
"time      sender   -> receiver     tunnel     samples      min      p50      p95      p99      max  jitter    loss  resp p50\n"
"22:13:25  10.0.0.1 -> 192.0.2.2    vlan:4094        1  42.0 us  42.0 us  42.0 us  42.0 us  42.0 us       -  10.00%         -\n");
	/* clang-format on */
}

/* Intervals are of groups: an output of samples has none. */
static void samples_have_no_intervals(void **state)
{
	static const char *const formats[] = {"table", "csv", "json"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct report *output = helper_open(
			formats[i], (struct report_settings){.samples = true, .intervals = true});
		struct groups *groups = helper_groups(GROUPS_BY_HOSTS, 0);
		const char *written;

		add(groups, "10.0.0.1", "192.0.2.2", 1, 0, 0);
		assert_int_equal(report_interval(output, groups, START_NS), 0);
		groups_free(groups);
		written = helper_written(output);
		assert_null(strstr(written, "10.0.0.1"));
		assert_null(strstr(written, "time,src"));
	}
}

/* No interval had a row: the report begins at the top. */
static void report_after_empty_intervals(void **state)
{
	struct report *output = helper_open("table", (struct report_settings){.intervals = true});
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, 0);

	(void)state;
	print_interval(output, groups, START_NS);
	end(groups, "10.0.0.1", "192.0.2.2");
	print_interval(output, groups, START_NS + SECOND);
	assert_int_equal(report_groups(output, groups, &no_facts), 0);
	groups_free(groups);
	assert_string_equal(
		helper_written(output),
		"No round-trip time: no packet acknowledges data that was captured.\n\n" NO_FACTS);
}

static const char *footer(struct run_totals facts)
{
	struct report *output = helper_open("table", (struct report_settings){.samples = true});

	assert_int_equal(report_groups(output, NULL, &facts), 0);
	return strchr(helper_written(output), '\n') + 2;
}

static void capture_line(void **state)
{
	(void)state;
	assert_string_equal(footer(no_facts), NO_FACTS);
	assert_string_equal(footer(live_facts), LIVE_FACTS);
	assert_string_equal(footer((struct run_totals){.counters = &no_counters,
						       .live = true,
						       .dropped = 1,
						       .interface_dropped = 1234567}),
			    "packets    0\n"
			    "capture    1 packet dropped by the kernel, 1,234,567 by the "
			    "interface\n"
			    "flows      0\n"
			    "samples    0\n");
	assert_string_equal(footer((struct run_totals){
				    .counters = &(struct tcpm_counters){.flows_opened = 2,
									.flows_evicted = 1}}),
			    "packets    0\n"
			    "flows      2\n"
			    "samples    0\n"
			    "note       1 flow was evicted early because of a limit; increase "
			    "--max-memory and --max-flows\n");
	/* Of a file, nobody knows. */
	assert_string_equal(footer((struct run_totals){.counters = &no_counters,
						       .dropped = 1,
						       .interface_dropped = 2}),
			    NO_FACTS);
}

/* ---- where and whose ---- */

static const char *report(struct groups *groups, const char *format,
			  struct report_settings settings)
{
	struct report *output;

	settings.names.interface_name = name_interface;
	output = helper_open(format, settings);
	assert_int_equal(report_groups(output, groups, &no_facts), 0);
	groups_free(groups);
	return helper_written(output);
}

static struct groups *each_side(void)
{
	struct groups *groups = groups_by_place(false, false);

	add(groups, "10.0.0.1", "192.0.2.1", 4, 0, 0);
	add(groups, "192.0.2.1", "10.0.0.1", 3, 0, 0);
	add(groups, "10.0.0.1", "10.0.0.2", 2, 0, 0);
	add(groups, "192.0.2.1", "192.0.2.2", 1, 0, 0);
	return groups;
}

static void both_sides_in_the_table(void **state)
{
	const struct report_settings both = {.ranking.both_sides = true};

	(void)state;
	/* clang-format off */
	assert_string_equal(report(each_side(), "table", both), TITLE
"sender    -> receiver   side    samples      min      p50      p95      p99      max  jitter    loss  resp p50\n"
"10.0.0.1  -> 192.0.2.1  remote        4  41.9 us  42.0 us  42.1 us  42.1 us  42.1 us       -  10.00%         -\n"
"192.0.2.1 -> 10.0.0.1   local         3  41.9 us  42.0 us  42.1 us  42.1 us  42.1 us       -  10.00%         -\n"
"10.0.0.1  -> 10.0.0.2   inside        2  42.0 us  42.0 us  42.1 us  42.1 us  42.1 us       -  10.00%         -\n"
"192.0.2.1 -> 192.0.2.2                1  42.0 us  42.0 us  42.0 us  42.0 us  42.0 us       -  10.00%         -\n"
"\n" LEGEND NO_FACTS);
	assert_string_equal(report(each_side(), "table", (struct report_settings){0}), TITLE
"sender    -> receiver   samples      min      p50      p95      p99      max  jitter    loss  resp p50\n"
"10.0.0.1  -> 192.0.2.1        4  41.9 us  42.0 us  42.1 us  42.1 us  42.1 us       -  10.00%         -\n"
"10.0.0.1  -> 10.0.0.2         2  42.0 us  42.0 us  42.1 us  42.1 us  42.1 us       -  10.00%         -\n"
"192.0.2.1 -> 192.0.2.2        1  42.0 us  42.0 us  42.0 us  42.0 us  42.0 us       -  10.00%         -\n"
"1 more row with a local receiver (--both-sides shows them)\n"
"\n" LEGEND NO_FACTS);
	assert_string_equal(report(each_side(), "table", (struct report_settings){.ranking.limit = 1}), TITLE
"sender   -> receiver   samples      min      p50      p95      p99      max  jitter    loss  resp p50\n"
"10.0.0.1 -> 192.0.2.1        4  41.9 us  42.0 us  42.1 us  42.1 us  42.1 us       -  10.00%         -\n"
"2 more rows beyond the limit\n"
"1 more row with a local receiver (--both-sides shows them)\n"
"\n" LEGEND NO_FACTS);
	/* clang-format on */
}

/* The column is there only if a row has a side. */
static void both_sides_where_there_are_none(void **state)
{
	const struct report_settings both = {.ranking.both_sides = true};
	struct groups *groups = groups_by_place(false, false);

	(void)state;
	add(groups, "192.0.2.1", "192.0.2.2", 1, 0, 0);
	assert_null(strstr(report(groups, "table", both), "side"));
}

static void only_own_answers(void **state)
{
	struct groups *groups = groups_by_place(false, false);

	(void)state;
	add(groups, "192.0.2.1", "10.0.0.1", 1, 0, 0);
	add(groups, "192.0.2.2", "10.0.0.1", 1, 0, 0);
	assert_string_equal(report(groups, "table", (struct report_settings){0}),
			    "2 more rows with a local receiver (--both-sides shows them)\n"
			    "\n" LEGEND NO_FACTS);
}

static void both_sides_in_csv_and_json(void **state)
{
	const struct report_settings both = {.ranking.both_sides = true};
	const char *written = report(each_side(), "csv", both);

	(void)state;
	assert_non_null(strstr(written, "\n10.0.0.1,192.0.2.1,,,remote,0,4,"));
	assert_non_null(strstr(written, "\n192.0.2.1,10.0.0.1,,,local,0,3,"));
	assert_non_null(strstr(written, "\n10.0.0.1,10.0.0.2,,,inside,0,2,"));
	assert_non_null(strstr(written, "\n192.0.2.1,192.0.2.2,,,,0,1,"));
	written = report(each_side(), "csv", (struct report_settings){0});
	assert_non_null(strstr(written, "\n10.0.0.1,192.0.2.1,,,remote,0,4,"));
	assert_null(strstr(written, "local"));
	assert_null(strstr(written, "\n192.0.2.1,10.0.0.1,"));
	written = report(each_side(), "json", both);
	assert_non_null(strstr(written, "\"src\":\"192.0.2.1\",\"dst\":\"10.0.0.1\","
					"\"side\":\"local\",\"flows\":0,"));
	assert_non_null(strstr(written, "\"dst\":\"192.0.2.2\",\"flows\":0,"));
	written = report(each_side(), "json", (struct report_settings){0});
	assert_null(strstr(written, "\"dst\":\"10.0.0.1\""));
}

/* How many samples, one of each side, an output prints. */
static size_t lines_of_samples(const char *format, bool both_sides)
{
	const struct tcpm_flow_id flow = {
		.address = {helper_address("192.0.2.1"), helper_address("10.0.0.1")}};
	const struct tcpm_sample sample = {.flow = &flow};
	struct report *output =
		helper_open(format, (struct report_settings){.samples = true,
							     .ranking.both_sides = both_sides});
	size_t lines = 0;

	for (unsigned side = 0; side < GROUP_SIDES; side++)
		assert_int_equal(report_sample(output, &sample, (enum group_side)side), 0);
	for (const char *at = helper_written(output); (at = strstr(at, "192.0.2.1")); at++)
		lines++;
	return lines;
}

static void samples_of_own_answers(void **state)
{
	static const char *const formats[] = {"table", "csv", "json"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(lines_of_samples(formats[i], false), GROUP_SIDES - 1);
		assert_int_equal(lines_of_samples(formats[i], true), GROUP_SIDES);
	}
}

static void interfaces_and_tunnels_in_the_table(void **state)
{
	struct groups *groups = groups_by_place(true, true);

	(void)state;
	add(groups, "10.0.0.1", "192.0.2.1", 4, 1, 0);
	add(groups, "10.0.0.1", "192.0.2.1", 3, 2, 7);
	add(groups, "10.0.0.1", "192.0.2.1", 2, 0, 0);
	/* clang-format off */
	assert_string_equal(report(groups, "table", (struct report_settings){0}), TITLE
"sender   -> receiver   interface  tunnel  samples      min      p50      p95      p99      max  jitter    loss  resp p50\n"
"10.0.0.1 -> 192.0.2.1  eth0                     4  41.9 us  42.0 us  42.1 us  42.1 us  42.1 us       -  10.00%         -\n"
"10.0.0.1 -> 192.0.2.1  a?[2Jb     vlan:7        3  41.9 us  42.0 us  42.1 us  42.1 us  42.1 us       -  10.00%         -\n"
"10.0.0.1 -> 192.0.2.1                           2  42.0 us  42.0 us  42.1 us  42.1 us  42.1 us       -  10.00%         -\n"
"\n" LEGEND NO_FACTS);
	/* clang-format on */
	/* No labels: no column, though it was asked for. Several interfaces in one row: none
	 * either, if it was not. */
	groups = groups_by_place(false, true);
	add(groups, "10.0.0.1", "192.0.2.1", 4, 1, 0);
	add(groups, "10.0.0.1", "192.0.2.1", 4, 2, 0);
	const char *written = report(groups, "table", (struct report_settings){0});

	assert_null(strstr(written, "tunnel"));
	assert_null(strstr(written, "interface"));
	assert_null(strstr(written, "mixed"));
	/* Labels of flows that they do not distinguish. */
	groups = groups_by_place(false, false);
	add(groups, "10.0.0.1", "192.0.2.1", 4, 1, 7);
	assert_null(strstr(report(groups, "table", (struct report_settings){0}), "vlan"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_intervals),
		cmocka_unit_test(json_intervals),
		cmocka_unit_test(table_intervals),
		cmocka_unit_test(titles_when_columns_grow),
		cmocka_unit_test(samples_have_no_intervals),
		cmocka_unit_test(report_after_empty_intervals),
		cmocka_unit_test(capture_line),
		cmocka_unit_test(both_sides_in_the_table),
		cmocka_unit_test(both_sides_where_there_are_none),
		cmocka_unit_test(only_own_answers),
		cmocka_unit_test(both_sides_in_csv_and_json),
		cmocka_unit_test(samples_of_own_answers),
		cmocka_unit_test(interfaces_and_tunnels_in_the_table),
	};

	/* The table's times are local ones. */
	setenv("TZ", "UTC0", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
