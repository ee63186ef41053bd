/*
 * Each sample as a line for people. The flow comes last, so that addresses of any
 * length leave the columns before them straight.
 */
#include "report/format.h"
#include "report/report_totals.h"
#include "report/units.h"
#include "stats/endpoint.h"

static void begin(struct report *output)
{
	text_string(&output->text,
		    "     frame                  time      rtt  method  class     sender -> "
		    "receiver\n");
}

static void sample_line(struct report *output, const struct tcpm_sample *sample,
			enum group_side side)
{
	struct text *text = &output->text;
	const struct tcpm_flow_id *flow = sample->flow;
	unsigned sender = sample->sender;
	size_t start = text->used;

	(void)side;
	text_u64(text, sample->frame);
	text_align(text, start, 10, true);
	text_string(text, "  ");
	start = text->used;
	text_seconds(text, sample->time_ns);
	text_align(text, start, 20, true);
	text_string(text, "  ");
	start = text->used;
	units_duration(text, sample->rtt_ns);
	text_align(text, start, 7, true);
	text_string(text, "  ");
	start = text->used;
	text_string(text, tcpm_method_name(sample->method));
	text_align(text, start, 8, false);
	start = text->used;
	text_string(text, tcpm_class_name(sample->class_));
	text_align(text, start, 10, false);
	endpoint_with_port(text, &flow->address[sender], flow->port[sender],
			   &output->settings.names);
	text_string(text, " -> ");
	endpoint_with_port(text, &flow->address[!sender], flow->port[!sender],
			   &output->settings.names);
	text_char(text, '\n');
}

static void report(struct report *output, const struct groups *groups,
		   const struct run_totals *facts)
{
	text_char(&output->text, '\n');
	report_totals_append(&output->text, groups, facts);
}

const struct report_ops table_samples_ops = {
	.begin = begin, .sample = sample_line, .report = report};
