/*
 * A line is made, then moved into the datagram in the making, which is sent when the next
 * line has no room in it. A group's tags are made once for all its lines.
 */
#include "export/statsd.h"

#include <errno.h>
#include <stdlib.h>

#include "export/label_sets.h"
#include "export/statsd_text.h"
#include "stats/endpoint.h"

#define RTT      "system.net.tcp.rtt"
#define RESPONSE "system.net.tcp.response"

#define BOUND_TAG ",bound:upper"

void statsd_done(struct statsd *statsd)
{
	text_done(&statsd->tags);
	text_done(&statsd->line);
	text_done(&statsd->packet);
	*statsd = (struct statsd){.datagram = statsd->datagram};
}

/* ---- lines and datagrams ---- */

void statsd_flush(struct statsd *statsd)
{
	if (statsd->packet.used)
		datagram_send(statsd->datagram, statsd->packet.bytes, statsd->packet.used,
			      statsd->points);
	text_clear(&statsd->packet);
	statsd->points = 0;
}

/* A text for which there was no memory starts anew. */
static bool failed(struct statsd *statsd, struct text *text)
{
	if (!text->error)
		return false;
	statsd->error = text->error;
	text_done(text);
	return true;
}

static void begin_line(struct statsd *statsd, const char *family, const char *suffix)
{
	text_clear(&statsd->line);
	text_string(&statsd->line, family);
	text_string(&statsd->line, suffix);
	text_char(&statsd->line, ':');
}

/* Moves the line into a datagram. */
static void move_line(struct statsd *statsd)
{
	struct text *line = &statsd->line;
	struct text *packet = &statsd->packet;
	size_t room = datagram_room(statsd->datagram);

	if (failed(statsd, line))
		return;
	if (line->used > room) {
		statsd->too_long++;
		return;
	}
	if (packet->used && line->used + 1 > room - packet->used)
		statsd_flush(statsd);
	if (packet->used)
		text_char(packet, '\n');
	else
		text_reserve(packet, room); /* nothing fails in the middle of a datagram */
	text_bytes(packet, line->bytes, line->used);
	if (!failed(statsd, packet))
		statsd->points++;
}

/* Completes a line by its type and tags; bound: ..., or NULL. */
static void end_line(struct statsd *statsd, const char *type, const char *bound)
{
	text_string(&statsd->line, type);
	if (statsd->tags.used) {
		text_string(&statsd->line, "|#");
		text_bytes(&statsd->line, statsd->tags.bytes, statsd->tags.used);
	}
	if (bound)
		text_string(&statsd->line, bound);
	move_line(statsd);
}

/* Nothing for a value that does not exist. */
static void gauge(struct statsd *statsd, const char *family, const char *suffix, int64_t time_ns,
		  const char *bound)
{
	if (time_ns < 0)
		return;
	begin_line(statsd, family, suffix);
	statsd_ms(&statsd->line, time_ns);
	end_line(statsd, "|g", bound);
}

static void count(struct statsd *statsd, const char *family, const char *suffix, uint64_t value)
{
	begin_line(statsd, family, suffix);
	text_u64(&statsd->line, value);
	end_line(statsd, "|c", NULL);
}

/* ---- tags ---- */

/* Begins a tag, whose value begins where the text ends then. */
static void begin_tag(struct text *tags, const char *key)
{
	if (tags->used)
		text_char(tags, ',');
	text_string(tags, key);
}

/* The tags that all lines of the options have. */
static void append_common_tags(struct text *tags, const struct statsd_options *options,
			       const char *interface)
{
	for (size_t i = 0; i < options->tag_count; i++) {
		if (!*options->tags[i])
			continue;
		begin_tag(tags, "");
		statsd_clean(tags, options->tags[i]);
	}
	if (interface && *interface) {
		begin_tag(tags, "iface:");
		statsd_clean_name(tags, interface);
	}
}

/* Cleans the value of a tag that began at start with a key of so many bytes; without a
 * value there is no tag. */
static void end_tag(struct text *tags, size_t start, size_t value)
{
	if (tags->used == value)
		tags->used = start;
	statsd_clean_from(tags, value);
}

static void make_tags(struct statsd *statsd, const struct statsd_options *options,
		      const struct groups_options *made_by, const struct group *group)
{
	struct text *tags = &statsd->tags;
	const struct endpoint_names *names = options->names;
	const char *interface = options->interface;
	size_t start;
	size_t value;

	text_clear(tags);
	begin_tag(tags, "src:");
	value = tags->used;
	endpoint_sender(tags, made_by, group, names);
	end_tag(tags, 0, value);

	start = tags->used;
	begin_tag(tags, "dst:");
	value = tags->used;
	endpoint_receiver(tags, made_by, group, names);
	end_tag(tags, start, value);

	start = tags->used;
	begin_tag(tags, "tunnel:");
	value = tags->used;
	endpoint_labels(tags, group->key.label_kind, group->key.label);
	end_tag(tags, start, value);

	if (!interface && names)
		interface = endpoint_interface(names, group);
	append_common_tags(tags, options, interface);
}

/* ---- distributions ---- */

/* A value of the histogram, and how many there are of it. */
struct bin {
	uint64_t times;
	int64_t value_ns;
};

static int compare_bins(const void *a, const void *b)
{
	const struct bin *x = a;
	const struct bin *y = b;

	if (x->times != y->times)
		return x->times < y->times ? -1 : 1;
	return (x->value_ns > y->value_ns) - (x->value_ns < y->value_ns);
}

/* The middle of what a bucket and the series' range have in common. The last bucket also
 * holds what is above it. */
static int64_t value_in(const struct series *series, unsigned index)
{
	int64_t lowest = index ? histogram_upper_ns(index - 1) + 1 : 1;
	int64_t highest =
		index == HISTOGRAM_BUCKETS - 1 ? series->max_ns : histogram_upper_ns(index);

	if (lowest < series->min_ns)
		lowest = series->min_ns;
	if (highest > series->max_ns)
		highest = series->max_ns;
	return lowest < highest ? lowest + (highest - lowest) / 2 : highest;
}

/* The values of a series' histogram, those of equal numbers together; how many. */
static size_t fill_bins(struct bin *bins, const struct series *series)
{
	const struct histogram *histogram = &series->histogram;
	size_t filled = 0;
	unsigned first;
	unsigned last;

	if (histogram->zeros)
		bins[filled++] = (struct bin){.times = histogram->zeros};
	if (!histogram_range(histogram, &first, &last))
		return filled;
	for (unsigned index = first; index <= last; index++) {
		uint64_t times = histogram_bucket(histogram, index);

		if (times)
			bins[filled++] =
				(struct bin){.times = times, .value_ns = value_in(series, index)};
	}
	qsort(bins, filled, sizeof(*bins), compare_bins);
	return filled;
}

/* Room for the longest value and what ends a line of a distribution. */
#define MS_MAX   22
#define RATE_MAX 24

/* Several values that each stand for `times`, on as few lines as they fit on. */
static void distribution_lines(struct statsd *statsd, const struct bin *bins, size_t bin_count,
			       uint64_t times)
{
	size_t room = datagram_room(statsd->datagram);
	size_t i = 0;

	while (i < bin_count) {
		begin_line(statsd, RTT, ".distribution");
		statsd_ms(&statsd->line, bins[i++].value_ns);
		while (i < bin_count &&
		       statsd->line.used + statsd->tags.used + MS_MAX + RATE_MAX <= room) {
			text_char(&statsd->line, ':');
			statsd_ms(&statsd->line, bins[i++].value_ns);
		}
		text_string(&statsd->line, "|d");
		if (times > 1) {
			text_string(&statsd->line, "|@");
			statsd_rate(&statsd->line, times);
		}
		end_line(statsd, "", NULL);
	}
}

static void distribution(struct statsd *statsd, const struct series *series)
{
	struct bin bins[HISTOGRAM_BUCKETS + 1];
	size_t bin_count = fill_bins(bins, series);

	for (size_t i = 0; i < bin_count;) {
		size_t alike = 1;
		uint64_t left = bins[i].times;

		while (i + alike < bin_count && bins[i + alike].times == left)
			alike++;
		for (; left > STATSD_MAX_TIMES; left -= STATSD_MAX_TIMES)
			distribution_lines(statsd, &bins[i], alike, STATSD_MAX_TIMES);
		distribution_lines(statsd, &bins[i], alike, left);
		i += alike;
	}
}

/* ---- groups ---- */

/* A pair is known by its tags: these are what a value belongs to. */
static int64_t smoothed(const struct statsd *statsd, struct srtt *srtt, const struct series *series)
{
	return srtt_add(srtt, statsd->tags.bytes, statsd->tags.used, series_mean(series),
			series->count);
}

static void send_series(struct statsd *statsd, const struct statsd_options *options,
			const char *family, const struct series *series, struct srtt *srtt)
{
	gauge(statsd, family, "", series_last(series), NULL);
	gauge(statsd, family, ".avg", srtt ? smoothed(statsd, srtt, series) : series_mean(series),
	      NULL);
	gauge(statsd, family, ".jitter", series_jitter(series), NULL);
	if (options->last)
		gauge(statsd, family, ".last", series_last(series), NULL);
	if (options->details) {
		gauge(statsd, family, ".min", series_min(series), NULL);
		gauge(statsd, family, ".p50", series_quantile(series, 500), NULL);
		gauge(statsd, family, ".p95", series_quantile(series, 950), NULL);
		gauge(statsd, family, ".p99", series_quantile(series, 990), NULL);
		count(statsd, family, ".samples", series->count);
	}
}

/* The network takes at most as long as the quickest response did. */
static void send_bound(struct statsd *statsd, const struct statsd_options *options,
		       int64_t least_ns)
{
	gauge(statsd, RTT, "", least_ns, BOUND_TAG);
	gauge(statsd, RTT, ".avg", least_ns, BOUND_TAG);
	if (options->last)
		gauge(statsd, RTT, ".last", least_ns, BOUND_TAG);
	if (options->details) {
		gauge(statsd, RTT, ".min", least_ns, BOUND_TAG);
		count(statsd, RTT, ".samples", 0);
	}
}

static void send_group(struct statsd *statsd, const struct statsd_options *options,
		       const struct groups_options *made_by, const struct group *group)
{
	const struct series *network = &group->summary.series[TCPM_CLASS_NETWORK];
	const struct series *response = &group->summary.series[TCPM_CLASS_RESPONSE];

	make_tags(statsd, options, made_by, group);
	if (failed(statsd, &statsd->tags))
		return;
	/* The end of a flow alone: it is only told if that brings something. */
	if (!summary_samples(&group->summary)) {
		if (options->details && group->summary.totals.retransmitted)
			count(statsd, RTT, ".retransmits", group->summary.totals.retransmitted);
		return;
	}
	if (network->count)
		send_series(statsd, options, RTT, network, options->srtt);
	else
		send_bound(statsd, options, series_min(response));
	if (options->details) {
		count(statsd, RTT, ".retransmits", group->summary.totals.retransmitted);
		if (response->count)
			send_series(statsd, options, RESPONSE, response, NULL);
	}
	if (options->distributions)
		distribution(statsd, network);
}

int statsd_groups(struct statsd *statsd, const struct statsd_options *options,
		  const struct groups *groups)
{
	const struct label_sets_options wanted = {.max = options->max_pairs,
						  .both_sides = options->both_sides,
						  .interface = !options->interface,
						  .names = options->names};
	struct label_sets pairs;

	if (label_sets_make(&pairs, groups, &wanted))
		return -ENOMEM;
	statsd->error = pairs.incomplete ? -ENOMEM : 0;
	for (size_t i = 0; i < pairs.count; i++)
		send_group(statsd, options, groups_options(groups), pairs.all[i]);
	label_sets_done(&pairs);
	return statsd->error;
}

/* ---- ourselves ---- */

void statsd_own(struct statsd *statsd, const struct statsd_options *options, const char *name,
		uint64_t value, char type)
{
	const char kind[] = {'|', type, '\0'};

	text_clear(&statsd->tags);
	append_common_tags(&statsd->tags, options, options->interface);
	if (failed(statsd, &statsd->tags))
		return;
	text_clear(&statsd->line);
	text_string(&statsd->line, "tcpmetro.");
	statsd_clean_name(&statsd->line, name);
	text_char(&statsd->line, ':');
	text_u64(&statsd->line, value);
	end_line(statsd, kind, NULL);
}
