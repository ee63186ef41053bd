/*
 * Comma-separated values, RFC 4180 with LF. The columns are fixed (fields.c, and the
 * samples' here); a value that does not exist is an empty cell.
 */
#include "output/endpoint.h"
#include "output/fields.h"
#include "output/format.h"

static void begin_samples(struct output *output)
{
	text_string(&output->text, "frame,time,rtt_ns,src,sport,dst,dport,method,class\n");
}

static void sample_line(struct output *output, const struct tcpm_sample *sample)
{
	struct text *text = &output->text;
	const struct tcpm_flow_id *flow = sample->flow;
	unsigned sender = sample->sender;

	text_u64(text, sample->frame);
	text_char(text, ',');
	text_seconds(text, sample->time_ns);
	text_char(text, ',');
	text_i64(text, sample->rtt_ns);
	text_char(text, ',');
	text_address(text, &flow->address[sender]);
	text_char(text, ',');
	text_u64(text, flow->port[sender]);
	text_char(text, ',');
	text_address(text, &flow->address[!sender]);
	text_char(text, ',');
	text_u64(text, flow->port[!sender]);
	text_char(text, ',');
	text_string(text, tcpm_method_name(sample->method));
	text_char(text, ',');
	text_string(text, tcpm_class_name(sample->class_));
	text_char(text, '\n');
}

static void begin_report(struct output *output)
{
	text_string(&output->text, "src,dst,interface");
	for (unsigned i = 0; i < FIELDS; i++) {
		text_char(&output->text, ',');
		text_string(&output->text, fields_name(i));
	}
	text_char(&output->text, '\n');
}

static void group_line(void *user, const struct groups *groups, const struct group *group)
{
	struct output *output = user;
	struct text *text = &output->text;
	const struct groups_options *options = groups_options(groups);
	const char *interface = endpoint_interface(&output->settings, group);

	endpoint_sender(text, options, group, NULL);
	text_char(text, ',');
	endpoint_receiver(text, options, group, NULL);
	text_char(text, ',');
	if (interface)
		text_csv(text, interface);
	for (unsigned i = 0; i < FIELDS; i++) {
		int64_t value = fields_value(&group->summary, i);

		text_char(text, ',');
		if (value >= 0)
			text_i64(text, value);
	}
	text_char(text, '\n');
}

static void report(struct output *output, const struct groups *groups,
		   const struct output_facts *facts)
{
	size_t left_out;
	int result = output_rows(&output->settings, output, group_line, groups, &left_out);

	(void)facts;
	text_fail(&output->text, result);
}

const struct output_ops csv_samples_ops = {.begin = begin_samples, .sample = sample_line};
const struct output_ops csv_report_ops = {.begin = begin_report, .report = report};
