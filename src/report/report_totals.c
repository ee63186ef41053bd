/*
 * Counters in words. A label on the left says what a line is about; zeros are not
 * worth a word, so a clean capture has four lines and a strange one explains itself.
 */
#include "report/report_totals.h"

#include "report/units.h"

#define LABEL_WIDTH 11

static const char *const reason_sentences[TCPM_REASONS] = {
	[TCPM_REASON_AMBIGUOUS] =
		"the data was sent more than once, and no timestamp tells which one was answered",
	[TCPM_REASON_CONTRADICTION] =
		"the timestamp it echoes is not that of any segment it can answer",
	[TCPM_REASON_PARTIAL] = "the packet it answers was already timed by its first part",
	[TCPM_REASON_GAP] = "part of the data was not captured",
	[TCPM_REASON_UNSEEN] = "none of the data was captured, though other data of the sender was",
	[TCPM_REASON_ONE_SIDED] = "nothing that the sender sent was captured",
	[TCPM_REASON_OVERDUE] = "later than TCP allows: the first acknowledgement was not captured",
	[TCPM_REASON_UNTIMED] = "too much was outstanding to remember all of it",
	[TCPM_REASON_CLOCK] = "the capture's time stepped back, or the round trip would be absurd",
};

static const char *const decode_words[TCPM_DECODES] = {
	[TCPM_DECODE_TCP] = "TCP",
	[TCPM_DECODE_NOT_IP] = "not IP",
	[TCPM_DECODE_NOT_TCP] = "IP but not TCP",
	[TCPM_DECODE_FRAGMENT] = "fragments without a TCP header",
	[TCPM_DECODE_TRUNCATED] = "captured too short",
	[TCPM_DECODE_MALFORMED] = "malformed",
	[TCPM_DECODE_LINKTYPE] = "of an unsupported link type",
	[TCPM_DECODE_TOO_DEEP] = "nested too deeply",
};

static void append_label(struct text *text, const char *label)
{
	size_t start = text->used;

	text_string(text, label);
	text_align(text, start, LABEL_WIDTH, false);
}

/* "1 packet", "2,000 packets" */
static void append_count(struct text *text, uint64_t count, const char *one, const char *many)
{
	text_u64_grouped(text, count);
	text_char(text, ' ');
	text_string(text, count == 1 ? one : many);
}

/* A count of its own and what it is of: "1,234 of 5,678". */
static void append_share(struct text *text, uint64_t part, uint64_t whole)
{
	text_u64_grouped(text, part);
	text_string(text, " of ");
	text_u64_grouped(text, whole);
}

static void append_packets(struct text *text, const struct run_totals *facts)
{
	const struct tcpm_counters *counters = facts->counters;
	const char *separator = ": ";

	append_label(text, "packets");
	if (facts->records > counters->frames)
		append_share(text, counters->frames, facts->records);
	else
		text_u64_grouped(text, counters->frames);
	if (counters->frames) {
		text_string(text, " in ");
		units_duration(text, facts->last_ns - facts->first_ns);
		text_string(text, ", ");
		units_bytes(text, facts->wire_bytes);
	}
	for (unsigned i = 0; i < TCPM_DECODES; i++) {
		if (!counters->decoded[i])
			continue;
		text_string(text, separator);
		append_count(text, counters->decoded[i], decode_words[i], decode_words[i]);
		separator = ", ";
	}
	text_char(text, '\n');
}

/* What was lost before it could be measured. */
static void append_capture(struct text *text, const struct run_totals *facts)
{
	if (!facts->live)
		return;
	append_label(text, "capture");
	append_count(text, facts->dropped, "packet", "packets");
	text_string(text, " dropped by the kernel");
	if (!facts->interface_unknown) {
		text_string(text, ", ");
		text_u64_grouped(text, facts->interface_dropped);
		text_string(text, " by the interface");
	}
	text_char(text, '\n');
}

static void append_flows(struct text *text, const struct tcpm_counters *counters)
{
	append_label(text, "flows");
	text_u64_grouped(text, counters->flows_opened);
	if (counters->segments) {
		text_string(text, " with ");
		append_count(text, counters->segments, "segment", "segments");
		if (counters->retransmitted) {
			text_string(text, ": ");
			text_u64_grouped(text, counters->retransmitted);
			text_string(text, " sent again (");
			units_percent(text, counters->retransmitted, counters->segments);
			text_char(text, ')');
		}
		if (counters->out_of_order) {
			text_string(text, counters->retransmitted ? ", " : ": ");
			text_u64_grouped(text, counters->out_of_order);
			text_string(text, " out of order");
		}
		if (counters->holes) {
			text_string(text, counters->retransmitted || counters->out_of_order ? ", "
											    : ": ");
			text_u64_grouped(text, counters->holes);
			text_string(text, " after a gap");
		}
	}
	text_char(text, '\n');
}

/* "1,000 network (syn 10, ack 990)"; returns whether there was any. */
static bool append_class(struct text *text, const struct tcpm_counters *counters, unsigned class_,
			 const char *before)
{
	uint64_t sum = 0;
	const char *separator = " (";

	for (unsigned i = 0; i < TCPM_METHODS; i++)
		sum += counters->samples[i][class_];
	if (!sum)
		return false;
	text_string(text, before);
	append_count(text, sum, tcpm_class_name(class_), tcpm_class_name(class_));
	for (unsigned i = 0; i < TCPM_METHODS; i++) {
		if (!counters->samples[i][class_])
			continue;
		text_string(text, separator);
		text_string(text, tcpm_method_name(i));
		text_char(text, ' ');
		text_u64_grouped(text, counters->samples[i][class_]);
		separator = ", ";
	}
	text_char(text, ')');
	return true;
}

static void append_samples(struct text *text, const struct tcpm_counters *counters)
{
	uint64_t sum = 0;
	const char *before = ": ";

	for (unsigned i = 0; i < TCPM_METHODS; i++)
		for (unsigned j = 0; j < TCPM_CLASSES; j++)
			sum += counters->samples[i][j];
	append_label(text, "samples");
	text_u64_grouped(text, sum);
	for (unsigned i = 0; i < TCPM_CLASSES; i++)
		if (append_class(text, counters, i, before))
			before = ", ";
	text_char(text, '\n');
}

static uint64_t sum_of_reasons(const uint64_t reasons[static TCPM_REASONS])
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < TCPM_REASONS; i++)
		sum += reasons[i];
	return sum;
}

static void append_coverage(struct text *text, const struct tcpm_counters *counters)
{
	uint64_t acks_timed = counters->acks - sum_of_reasons(counters->ack_reasons);
	uint64_t sacks_timed = counters->sacks - sum_of_reasons(counters->sack_reasons);

	if (!counters->acks && !counters->sacks)
		return;
	append_label(text, "coverage");
	if (counters->acks) {
		units_percent(text, acks_timed, counters->acks);
		text_string(text, " of the acknowledgements of new data gave a sample (");
		append_share(text, acks_timed, counters->acks);
		text_char(text, ')');
	}
	if (counters->sacks) {
		text_string(text, counters->acks ? "; of SACKs " : "of SACKs of new data ");
		append_share(text, sacks_timed, counters->sacks);
	}
	text_char(text, '\n');
}

/* How many characters text_u64_grouped appends. */
static size_t grouped_width(uint64_t value)
{
	size_t digits = 1;

	for (; value >= 10; value /= 10)
		digits++;
	return digits + (digits - 1) / 3;
}

static void append_reasons(struct text *text, const struct tcpm_counters *counters)
{
	const char *label = "no sample";
	uint64_t counts[TCPM_REASONS];
	size_t width = 0;

	for (unsigned i = 0; i < TCPM_REASONS; i++) {
		counts[i] = counters->ack_reasons[i] + counters->sack_reasons[i];
		if (grouped_width(counts[i]) > width)
			width = grouped_width(counts[i]);
	}
	for (unsigned i = 0; i < TCPM_REASONS; i++) {
		size_t start;

		if (!counts[i])
			continue;
		append_label(text, label);
		start = text->used;
		text_u64_grouped(text, counts[i]);
		text_align(text, start, width, true);
		text_string(text, "  ");
		text_string(text, reason_sentences[i]);
		text_char(text, '\n');
		label = "";
	}
}

/* A line "note  1,234 things ..." if there are any. */
static void append_note(struct text *text, uint64_t count, const char *one, const char *many)
{
	if (!count)
		return;
	append_label(text, "note");
	append_count(text, count, one, many);
	text_char(text, '\n');
}

static void append_capture_notes(struct text *text, const struct tcpm_counters *counters)
{
	append_note(text, counters->copies, "packet was captured twice and used once",
		    "packets were captured twice and used once");
	append_note(text, counters->clock_steps, "step back in the capture's time",
		    "steps back in the capture's time");
	append_note(text, counters->flows_evicted,
		    "flow was evicted early because of a limit; " REPORT_EVICTION_ADVICE,
		    "flows were evicted early because of a limit; " REPORT_EVICTION_ADVICE);
}

static void append_group_notes(struct text *text, const struct groups *groups)
{
	const struct groups_tally *tally = groups_tally(groups);

	append_note(text, tally->flows, "flow without a sample is in no row",
		    "flows without a sample are in no row");
	append_note(text, tally->totals.segments,
		    "segment of directions without a sample is in no row",
		    "segments of directions without a sample are in no row");
	append_note(text, tally->other_for_cap,
		    "sample exceeds the maximum number of rows; it is in \"other\"",
		    "samples exceed the maximum number of rows; they are in \"other\"");
	append_note(text, tally->other_for_memory,
		    "sample had no memory for a row; it is in \"other\"; "
		    "increase --max-memory",
		    "samples had no memory for a row; they are in \"other\"; "
		    "increase --max-memory");
	append_note(text, tally->without_histogram,
		    "sample had no memory and is missing from the percentiles",
		    "samples had no memory and are missing from the percentiles");
}

void report_totals_append(struct text *text, const struct groups *groups,
			  const struct run_totals *facts)
{
	append_packets(text, facts);
	append_capture(text, facts);
	append_flows(text, facts->counters);
	append_samples(text, facts->counters);
	append_coverage(text, facts->counters);
	append_reasons(text, facts->counters);
	append_capture_notes(text, facts->counters);
	if (groups)
		append_group_notes(text, groups);
}
