/*
 * One table: a metric is a counter, or a row of them, somewhere in what the engine or the
 * capture counted.
 */
#include "export/prometheus_points.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "export/prometheus_text.h"

/* When it is known. */
enum known {
	ALWAYS,
	LIVE,           /* of a live capture */
	LIVE_INTERFACE, /* if the interface tells it */
};

/* Its labels besides those of its point. */
typedef void more_labels(struct text *text, unsigned index);

struct metric {
	const char *name;
	const char *type;
	const char *help;
	size_t offset; /* into struct tcpm_counters, */
	bool of_facts; /* or struct run_totals */
	enum known known;
	unsigned count; /* of values, one after the other; 0 is 1 */
	more_labels *labels;
};

static void label_decode(struct text *text, unsigned index)
{
	prometheus_label(text, 0, "result", tcpm_decode_name(index));
}

static void label_reason(struct text *text, unsigned index)
{
	prometheus_label(text, 0, "reason", tcpm_reason_name(index));
}

static void label_samples(struct text *text, unsigned index)
{
	prometheus_label(text, 0, "method", tcpm_method_name(index / TCPM_CLASSES));
	prometheus_label(text, 0, "class", tcpm_class_name(index % TCPM_CLASSES));
}

#define COUNTER(field) .type = "counter", .offset = offsetof(struct tcpm_counters, field)
#define GAUGE(field)   .type = "gauge", .offset = offsetof(struct tcpm_counters, field)
#define FACT(field)                                                                                \
	.type = "counter", .offset = offsetof(struct run_totals, field), .of_facts = true

static const struct metric metrics[] = {
	{"tcpmetro_packets_total", .help = "Packets processed.", COUNTER(frames)},
	{"tcpmetro_bytes_total",
	 .help = "Bytes of the processed packets, by their length on the wire.", FACT(wire_bytes)},
	{"tcpmetro_packets_decoded_total",
	 .help = "Packets by decoding result; only tcp is measured.", COUNTER(decoded),
	 .count = TCPM_DECODES, .labels = label_decode},
	{"tcpmetro_copies_total", .help = "TCP packets captured twice and measured once.",
	 COUNTER(copies)},
	{"tcpmetro_samples_total", .help = "Round-trip times measured.", COUNTER(samples),
	 .count = TCPM_METHODS * TCPM_CLASSES, .labels = label_samples},
	{"tcpmetro_acks_total", .help = "Cumulative acknowledgements of new data.", COUNTER(acks)},
	{"tcpmetro_acks_without_sample_total",
	 .help = "Cumulative acknowledgements of new data that gave no sample, by reason.",
	 COUNTER(ack_reasons), .count = TCPM_REASONS, .labels = label_reason},
	{"tcpmetro_sacks_total", .help = "Selective acknowledgements of new data.", COUNTER(sacks)},
	{"tcpmetro_sacks_without_sample_total",
	 .help = "Selective acknowledgements of new data that gave no sample, by reason.",
	 COUNTER(sack_reasons), .count = TCPM_REASONS, .labels = label_reason},
	{"tcpmetro_flows", .help = "Flows in memory.", GAUGE(flows_now)},
	{"tcpmetro_flows_opened_total", .help = "Flows created.", COUNTER(flows_opened)},
	{"tcpmetro_flows_evicted_total", .help = "Flows evicted early because of a limit.",
	 COUNTER(flows_evicted)},
	{"tcpmetro_holes_total", .help = "Segments with a gap in the sequence numbers before them.",
	 COUNTER(holes)},
	{"tcpmetro_clock_steps_total", .help = "Steps back in the packets' time.",
	 COUNTER(clock_steps)},
	{"tcpmetro_kernel_dropped_packets_total",
	 .help = "Packets dropped because the kernel's capture buffer was full.", FACT(dropped),
	 .known = LIVE},
	{"tcpmetro_interface_dropped_packets_total",
	 .help = "Packets dropped by the interface or its driver.", FACT(interface_dropped),
	 .known = LIVE_INTERFACE},
};

/* The labels of the points, and which of them have the same. */
struct points {
	const struct prometheus_facts *facts;
	struct text labels;
	size_t *label; /* of each point: where its labels begin; they end in a NUL */
	size_t *first; /* of each point: the first one that has the same */
};

static bool is_known(const struct metric *metric, const struct run_totals *facts)
{
	if (metric->known == ALWAYS)
		return true;
	return facts->live && (metric->known == LIVE || !facts->interface_unknown);
}

static uint64_t value_of(const struct metric *metric, const struct run_totals *facts,
			 unsigned index)
{
	const char *base = metric->of_facts ? (const char *)facts : (const char *)facts->counters;
	uint64_t value;

	memcpy(&value, base + metric->offset + index * sizeof(value), sizeof(value));
	return value;
}

/* Sums up all points with the labels of one; returns whether any of them knows. */
static bool sum_points(const struct points *points, size_t first, const struct metric *metric,
		       unsigned index, uint64_t *sum)
{
	bool known = false;

	*sum = 0;
	for (size_t i = first; i < points->facts->count; i++) {
		const struct run_totals *facts = points->facts->points[i].facts;

		if (points->first[i] != first || !is_known(metric, facts))
			continue;
		*sum += value_of(metric, facts, index);
		known = true;
	}
	return known;
}

static bool anyone_knows(const struct prometheus_facts *facts, const struct metric *metric)
{
	for (size_t i = 0; i < facts->count; i++)
		if (is_known(metric, facts->points[i].facts))
			return true;
	return false;
}

static void append_values(struct text *text, const struct points *points, size_t point,
			  const struct metric *metric)
{
	const char *labels = points->labels.bytes + points->label[point];
	struct text more = {0};
	uint64_t sum;

	for (unsigned i = 0; i < (metric->count ? metric->count : 1); i++) {
		if (!sum_points(points, point, metric, i, &sum))
			continue;
		text_clear(&more);
		if (metric->labels)
			metric->labels(&more, i);
		text_char(&more, '\0');
		if (more.error)
			break;
		prometheus_name(text, metric->name, labels, strlen(labels), more.bytes);
		text_u64(text, sum);
		text_char(text, '\n');
	}
	text_fail(text, more.error);
	text_done(&more);
}

static void append_metrics(struct text *text, const struct points *points)
{
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		if (!anyone_knows(points->facts, &metrics[i]))
			continue;
		prometheus_family(text, metrics[i].name, metrics[i].type, metrics[i].help);
		for (size_t j = 0; j < points->facts->count; j++)
			if (points->first[j] == j)
				append_values(text, points, j, &metrics[i]);
	}
}

static void make_labels(struct points *points)
{
	struct text *labels = &points->labels;

	for (size_t i = 0; i < points->facts->count; i++) {
		const struct prometheus_point *point = &points->facts->points[i];
		const char *interface = point->interface ? point->interface : "";

		points->label[i] = labels->used;
		prometheus_label(labels, points->label[i], "interface", interface);
		prometheus_tags(labels, points->label[i], point->tags, point->tag_count);
		text_char(labels, '\0');
	}
	for (size_t i = 0; i < points->facts->count && !labels->error; i++) {
		const char *own = labels->bytes + points->label[i];

		while (strcmp(labels->bytes + points->label[points->first[i]], own) != 0)
			points->first[i]++;
	}
}

void prometheus_points(struct text *text, const struct prometheus_facts *facts)
{
	struct points points = {.facts = facts};

	if (facts->count == 0)
		return;
	points.label = calloc(facts->count, sizeof(*points.label));
	points.first = calloc(facts->count, sizeof(*points.first));
	if (points.label && points.first) {
		make_labels(&points);
		text_fail(text, points.labels.error);
		if (!points.labels.error)
			append_metrics(text, &points);
	} else {
		text_fail(text, -ENOMEM);
	}
	free(points.label);
	free(points.first);
	text_done(&points.labels);
}
