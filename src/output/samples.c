/*
 * Each sample as a line for people. The flow comes last, so that addresses of any
 * length leave the columns before them straight.
 */
#include "output/endpoint.h"
#include "output/footer.h"
#include "output/format.h"
#include "output/units.h"

static void begin(struct output *output)
{
	text_string(&output->text,
		    "     frame                  time      rtt  method  class     sender -> "
		    "receiver\n");
}

static void sample_line(struct output *output, const struct tcpm_sample *sample,
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
	endpoint_with_port(text, &flow->address[sender], flow->port[sender], &output->settings);
	text_string(text, " -> ");
	endpoint_with_port(text, &flow->address[!sender], flow->port[!sender], &output->settings);
	text_char(text, '\n');
}

static void report(struct output *output, const struct groups *groups,
		   const struct output_facts *facts)
{
	text_char(&output->text, '\n');
	footer_append(&output->text, groups, facts);
}

const struct output_ops table_samples_ops = {
	.begin = begin, .sample = sample_line, .report = report};
