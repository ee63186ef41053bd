/*
 * The format demands that all lines of a metric stand together, so metrics are the outer
 * loop, and pairs the inner one. Of the many lines of a histogram only the ends differ: the
 * beginning is made once.
 */
#include "export/prometheus.h"

#include <string.h>

#include "export/prometheus_hosts.h"
#include "export/prometheus_pairs.h"
#include "export/prometheus_points.h"
#include "export/prometheus_text.h"

const char prometheus_content_type[] = "text/plain; version=0.0.4; charset=utf-8";

/* The bounds, 2^(n/2) s for n from -28 to 4, as the shortest text of the nearest double, the
 * way Prometheus itself writes them. */
static const char *const bounds[] = {
	"6.103515625e-05",
	"8.631674575031098e-05",
	"0.0001220703125",
	"0.00017263349150062197",
	"0.000244140625",
	"0.00034526698300124393",
	"0.00048828125",
	"0.0006905339660024879",
	"0.0009765625",
	"0.0013810679320049757",
	"0.001953125",
	"0.0027621358640099515",
	"0.00390625",
	"0.005524271728019903",
	"0.0078125",
	"0.011048543456039806",
	"0.015625",
	"0.02209708691207961",
	"0.03125",
	"0.04419417382415922",
	"0.0625",
	"0.08838834764831845",
	"0.125",
	"0.1767766952966369",
	"0.25",
	"0.3535533905932738",
	"0.5",
	"0.7071067811865476",
	"1",
	"1.4142135623730951",
	"2",
	"2.8284271247461903",
	"4",
};

#define BOUNDS      (sizeof(bounds) / sizeof(bounds[0]))
#define STEP        16 /* of our buckets in one of these: half a factor of two */
#define FIRST_BOUND (HISTOGRAM_ONE_SECOND - 28 * STEP)

/* A series as the format has it. */
struct times {
	uint64_t bucket[BOUNDS]; /* not cumulative; the rest, up to count, is beyond them */
	uint64_t count;
	unsigned __int128 sum;
};

static void add_series(struct times *times, const struct series *series)
{
	const struct histogram *histogram = &series->histogram;
	unsigned first;
	unsigned last;

	times->count += series->count;
	times->sum += series_sum(series);
	times->bucket[0] += histogram->zeros;
	if (!histogram_range(histogram, &first, &last))
		return;
	for (unsigned index = first; index <= last; index++) {
		unsigned bound = index <= FIRST_BOUND ? 0 : (index - FIRST_BOUND + STEP - 1) / STEP;

		if (bound < BOUNDS)
			times->bucket[bound] += histogram_bucket(histogram, index);
	}
}

/* Nanoseconds as seconds. */
static void append_sum(struct text *text, unsigned __int128 sum_ns)
{
	text_u64(text, (uint64_t)(sum_ns / 1000000000));
	text_char(text, '.');
	text_u64_zeros(text, (uint64_t)(sum_ns % 1000000000), 9);
}

/* Appends name{labels,class="...", or without the comma; the caller ends it. */
static void append_beginning(struct text *text, const char *name, const char *labels, size_t size,
			     unsigned class_)
{
	text_string(text, name);
	text_char(text, '{');
	text_bytes(text, labels, size);
	text_string(text, size ? ",class=\"" : "class=\"");
	text_string(text, tcpm_class_name(class_));
	text_char(text, '"');
}

static void append_times(struct text *text, struct text *scratch, const char *labels, size_t size,
			 unsigned class_, const struct times *times)
{
	uint64_t cumulative = 0;

	text_clear(scratch);
	append_beginning(scratch, "tcpmetro_rtt_seconds_bucket", labels, size, class_);
	text_string(scratch, ",le=\"");
	for (size_t i = 0; i <= BOUNDS; i++) {
		cumulative = i < BOUNDS ? cumulative + times->bucket[i] : times->count;
		text_bytes(text, scratch->bytes, scratch->used);
		text_string(text, i < BOUNDS ? bounds[i] : "+Inf");
		text_string(text, "\"} ");
		text_u64(text, cumulative);
		text_char(text, '\n');
	}
	append_beginning(text, "tcpmetro_rtt_seconds_sum", labels, size, class_);
	text_string(text, "} ");
	append_sum(text, times->sum);
	text_char(text, '\n');
	append_beginning(text, "tcpmetro_rtt_seconds_count", labels, size, class_);
	text_string(text, "} ");
	text_u64(text, times->count);
	text_char(text, '\n');
	text_fail(text, scratch->error);
}

static void append_rtt(struct text *text, const struct prometheus_pairs *pairs)
{
	struct text scratch = {0};

	prometheus_family(text, "tcpmetro_rtt_seconds", "histogram",
			  "Round-trip times from the capture point to dst and back; those of class "
			  "response may hold a delayed acknowledgement or think time.");
	for (size_t i = 0; i < pairs->count; i++) {
		const struct prometheus_pair *pair = &pairs->pairs[i];
		const struct prometheus_row *rows = pairs->rows + pair->first;

		for (unsigned class_ = 0; class_ < TCPM_CLASSES; class_++) {
			struct times times = {0};

			if (!pair->samples[class_])
				continue;
			for (size_t j = 0; j < pair->count; j++)
				add_series(&times, &rows[j].group->summary.series[class_]);
			append_times(text, &scratch, pairs->labels.bytes + rows->label,
				     rows->label_size, class_, &times);
		}
	}
	text_done(&scratch);
}

/* ---- the other metrics of a pair ---- */

static uint64_t segments(const struct summary *summary)
{
	return summary->totals.segments;
}

static uint64_t retransmitted(const struct summary *summary)
{
	return summary->totals.retransmitted;
}

static uint64_t out_of_order(const struct summary *summary)
{
	return summary->totals.out_of_order;
}

static uint64_t flows(const struct summary *summary)
{
	return summary->flows;
}

static void append_pair_counter(struct text *text, const struct prometheus_pairs *pairs,
				const char *name, const char *help,
				uint64_t (*value)(const struct summary *))
{
	prometheus_family(text, name, "counter", help);
	for (size_t i = 0; i < pairs->count; i++) {
		const struct prometheus_row *rows = pairs->rows + pairs->pairs[i].first;
		uint64_t sum = 0;

		for (size_t j = 0; j < pairs->pairs[i].count; j++)
			sum += value(&rows[j].group->summary);
		prometheus_name(text, name, pairs->labels.bytes + rows->label, rows->label_size,
				"");
		text_u64(text, sum);
		text_char(text, '\n');
	}
}

static void append_pairs(struct text *text, const struct prometheus_pairs *pairs)
{
	if (!pairs->count)
		return;
	append_rtt(text, pairs);
	append_pair_counter(text, pairs, "tcpmetro_segments_total",
			    "Segments sent by src to dst, without duplicates in the capture.",
			    segments);
	append_pair_counter(text, pairs, "tcpmetro_retransmitted_segments_total",
			    "Retransmitted segments.", retransmitted);
	append_pair_counter(text, pairs, "tcpmetro_out_of_order_segments_total",
			    "Segments first captured after later ones.", out_of_order);
	append_pair_counter(text, pairs, "tcpmetro_flows_ended_total",
			    "Ended flows between src and dst.", flows);
}

/* ---- ourselves ---- */

static void append_one(struct text *text, const char *name, const char *type, const char *help,
		       uint64_t value)
{
	prometheus_family(text, name, type, help);
	prometheus_line(text, name, NULL, value);
}

static void append_statsd(struct text *text, const struct datagram_counts *counts)
{
	if (!counts)
		return;
	/* A refusal that comes later makes of what was sent what is lost: only their sum never
	 * falls. */
	append_one(text, "tcpmetro_statsd_datagrams_total", "counter",
		   "Datagrams for the agent, including lost ones.", counts->sent + counts->lost);
	append_one(text, "tcpmetro_statsd_points_total", "counter",
		   "Points in the datagrams for the agent, including lost ones.",
		   counts->sent_points + counts->lost_points);
	append_one(text, "tcpmetro_statsd_lost_datagrams_total", "counter",
		   "Datagrams known to be lost, because the agent was down or did not read.",
		   counts->lost);
	append_one(text, "tcpmetro_statsd_lost_points_total", "counter",
		   "Points in the datagrams known to be lost.", counts->lost_points);
}

static void append_process(struct text *text, const struct prometheus_facts *facts)
{
	if (facts->start_ns > 0) {
		prometheus_family(text, "process_start_time_seconds", "gauge",
				  "Start time of the process, in seconds since the epoch.");
		text_string(text, "process_start_time_seconds ");
		text_seconds(text, facts->start_ns);
		text_char(text, '\n');
	}
	if (facts->resident_bytes)
		append_one(text, "process_resident_memory_bytes", "gauge",
			   "Resident memory of the process, in bytes.", facts->resident_bytes);
	if (facts->cpu_seconds >= 0) {
		prometheus_family(text, "process_cpu_seconds_total", "counter",
				  "CPU time of the process, user and system, in seconds.");
		text_string(text, "process_cpu_seconds_total ");
		text_seconds(text, (int64_t)(facts->cpu_seconds * 1e9));
		text_char(text, '\n');
	}
	if (facts->open_fds)
		append_one(text, "process_open_fds", "gauge", "Number of open file descriptors.",
			   facts->open_fds);
}

static void append_ourselves(struct text *text, const struct prometheus_facts *facts)
{
	prometheus_family(text, "tcpmetro_build_info", "gauge",
			  "Always 1; the label is the version of tcpmetro.");
	prometheus_line(text, "tcpmetro_build_info", "version=\"" TCPMETRO_VERSION "\"", 1);
	append_statsd(text, facts->statsd);
	prometheus_family(text, "tcpmetro_config_reloads_total", "counter",
			  "Configuration reloads, by result.");
	prometheus_line(text, "tcpmetro_config_reloads_total", "result=\"ok\"", facts->reloads);
	prometheus_line(text, "tcpmetro_config_reloads_total", "result=\"failed\"",
			facts->reloads_failed);
	append_process(text, facts);
}

int prometheus_write(struct text *text, const struct prometheus_facts *facts)
{
	struct prometheus_pairs pairs;
	int result = prometheus_pairs_make(&pairs, facts);

	if (result == 0) {
		append_pairs(text, &pairs);
		prometheus_hosts(text, facts, &pairs);
		prometheus_points(text, facts);
		append_ourselves(text, facts);
	}
	prometheus_pairs_done(&pairs);
	text_fail(text, result);
	return text->error;
}
