/*
 * Comma-separated values, RFC 4180 with LF. The columns are fixed (fields.c and
 * sample_fields.c); a value that does not exist is an empty cell.
 */
#include "report/fields.h"
#include "report/format.h"
#include "report/sample_fields.h"
#include "stats/endpoint.h"

static void append_name(struct text *text, const char *name)
{
	if (name)
		text_csv(text, name);
}

static void begin_samples(struct report *output)
{
	for (unsigned i = 0; i < SAMPLE_FIELDS; i++) {
		if (i)
			text_char(&output->text, ',');
		text_string(&output->text, sample_field_name(i));
	}
	text_char(&output->text, '\n');
}

static void sample_line(struct report *output, const struct tcpm_sample *sample,
			enum group_side side)
{
	struct text *text = &output->text;

	for (unsigned i = 0; i < SAMPLE_FIELDS; i++) {
		if (i)
			text_char(text, ',');
		if (i == SAMPLE_INTERFACE)
			append_name(text, sample_field_interface(&output->settings.names, sample));
		else
			sample_field_append(text, sample, side, i);
	}
	text_char(text, '\n');
}

static void begin_report(struct report *output)
{
	if (output->settings.intervals)
		text_string(&output->text, "time,");
	text_string(&output->text, "src,dst,interface,tunnel,side");
	for (unsigned i = 0; i < FIELDS; i++) {
		text_char(&output->text, ',');
		text_string(&output->text, fields_name(i));
	}
	text_char(&output->text, '\n');
}

static void group_line(void *user, const struct groups *groups, const struct group *group)
{
	struct report *output = user;
	const struct report_settings *settings = &output->settings;
	struct text *text = &output->text;
	const struct groups_options *options = groups_options(groups);

	if (settings->intervals) {
		text_seconds(text, output->interval_end_ns);
		text_char(text, ',');
	}
	endpoint_sender(text, options, group, NULL);
	text_char(text, ',');
	endpoint_receiver(text, options, group, NULL);
	text_char(text, ',');
	append_name(text, endpoint_interface(&settings->names, group));
	text_char(text, ',');
	endpoint_labels(text, group->key.label_kind, group->key.label);
	text_char(text, ',');
	text_string(text, group_side_name(group->key.side));
	for (unsigned i = 0; i < FIELDS; i++) {
		int64_t value = fields_value(&group->summary, i);

		text_char(text, ',');
		if (value >= 0)
			text_i64(text, value);
	}
	text_char(text, '\n');
}

const struct report_ops csv_samples_ops = {.begin = begin_samples, .sample = sample_line};
const struct report_ops csv_report_ops = {.begin = begin_report, .row = group_line};
