/*
 * An object a line, made by hand: a library would build a tree for each sample. Names
 * are the CSV's; a value that does not exist is left out. Addresses and the names of
 * methods hold nothing that JSON would have to escape; interface names may.
 */
#include "output/endpoint.h"
#include "output/fields.h"
#include "output/format.h"

static void sample_line(struct output *output, const struct tcpm_sample *sample)
{
	struct text *text = &output->text;
	const struct tcpm_flow_id *flow = sample->flow;
	unsigned sender = sample->sender;

	text_string(text, "{\"frame\":");
	text_u64(text, sample->frame);
	text_string(text, ",\"time\":");
	text_seconds(text, sample->time_ns);
	text_string(text, ",\"rtt_ns\":");
	text_i64(text, sample->rtt_ns);
	text_string(text, ",\"src\":\"");
	text_address(text, &flow->address[sender]);
	text_string(text, "\",\"sport\":");
	text_u64(text, flow->port[sender]);
	text_string(text, ",\"dst\":\"");
	text_address(text, &flow->address[!sender]);
	text_string(text, "\",\"dport\":");
	text_u64(text, flow->port[!sender]);
	text_string(text, ",\"method\":\"");
	text_string(text, tcpm_method_name(sample->method));
	text_string(text, "\",\"class\":\"");
	text_string(text, tcpm_class_name(sample->class_));
	text_string(text, "\"}\n");
}

static void group_line(void *user, const struct groups *groups, const struct group *group)
{
	struct output *output = user;
	struct text *text = &output->text;
	const struct groups_options *options = groups_options(groups);
	const char *interface = endpoint_interface(&output->settings, group);

	text_char(text, '{');
	if (options->by != GROUPS_BY_RECEIVER) {
		text_string(text, "\"src\":\"");
		endpoint_sender(text, options, group, NULL);
		text_string(text, "\",");
	}
	text_string(text, "\"dst\":\"");
	endpoint_receiver(text, options, group, NULL);
	text_char(text, '"');
	if (interface) {
		text_string(text, ",\"interface\":");
		text_json(text, interface);
	}
	for (unsigned i = 0; i < FIELDS; i++) {
		int64_t value = fields_value(&group->summary, i);

		if (value < 0)
			continue;
		text_string(text, ",\"");
		text_string(text, fields_name(i));
		text_string(text, "\":");
		text_i64(text, value);
	}
	text_string(text, "}\n");
}

static void report(struct output *output, const struct groups *groups,
		   const struct output_facts *facts)
{
	size_t left_out;
	int result = output_rows(&output->settings, output, group_line, groups, &left_out);

	(void)facts;
	text_fail(&output->text, result);
}

const struct output_ops json_samples_ops = {.sample = sample_line};
const struct output_ops json_report_ops = {.report = report};
