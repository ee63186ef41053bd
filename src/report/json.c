/*
 * An object a line, made by hand: a library would build a tree for each sample. Names
 * are the CSV's; a value that does not exist is left out. Addresses, labels and the names
 * of methods hold nothing that JSON would have to escape; interface names may.
 */
#include "report/fields.h"
#include "report/format.h"
#include "report/sample_fields.h"
#include "stats/endpoint.h"

/* ,"name": without the comma at the beginning of an object */
static void append_key(struct text *text, const char *name)
{
	if (text->used && text->bytes[text->used - 1] != '{')
		text_char(text, ',');
	text_char(text, '"');
	text_string(text, name);
	text_string(text, "\":");
}

/* An interface's name may be a stranger's. */
static void append_interface(struct text *text, const char *name)
{
	if (!name)
		return;
	append_key(text, "interface");
	text_json(text, name);
}

/* Takes back a string that turned out empty, with its key. */
static void end_string(struct text *text, size_t before, size_t start)
{
	if (text->used == start)
		text->used = before;
	else
		text_char(text, '"');
}

static void sample_field(struct text *text, const struct tcpm_sample *sample, enum group_side side,
			 unsigned field)
{
	size_t before = text->used;
	size_t start;

	append_key(text, sample_field_name(field));
	if (sample_field_is_number(field)) {
		sample_field_append(text, sample, side, field);
		return;
	}
	text_char(text, '"');
	start = text->used;
	sample_field_append(text, sample, side, field);
	end_string(text, before, start);
}

static void sample_line(struct report *output, const struct tcpm_sample *sample,
			enum group_side side)
{
	struct text *text = &output->text;

	text_char(text, '{');
	for (unsigned i = 0; i < SAMPLE_FIELDS; i++) {
		if (i == SAMPLE_INTERFACE)
			append_interface(text,
					 sample_field_interface(&output->settings.names, sample));
		else
			sample_field(text, sample, side, i);
	}
	text_string(text, "}\n");
}

/* The ends of a group, and where it was seen. */
static void append_identity(struct report *output, const struct groups_options *options,
			    const struct group *group)
{
	struct text *text = &output->text;
	size_t before;
	size_t start;

	if (options->by.hosts != GROUPS_BY_RECEIVER) {
		append_key(text, "src");
		text_char(text, '"');
		endpoint_sender(text, options, group, NULL);
		text_char(text, '"');
	}
	append_key(text, "dst");
	text_char(text, '"');
	endpoint_receiver(text, options, group, NULL);
	text_char(text, '"');
	append_interface(text, endpoint_interface(&output->settings.names, group));
	before = text->used;
	append_key(text, "tunnel");
	text_char(text, '"');
	start = text->used;
	endpoint_labels(text, group->key.label_kind, group->key.label);
	end_string(text, before, start);
	if (group->key.side) {
		append_key(text, "side");
		text_json(text, group_side_name(group->key.side));
	}
}

static void group_line(void *user, const struct groups *groups, const struct group *group)
{
	struct report *output = user;
	struct text *text = &output->text;

	text_char(text, '{');
	if (output->settings.intervals) {
		append_key(text, "time");
		text_seconds(text, output->interval_end_ns);
	}
	append_identity(output, groups_options(groups), group);
	for (unsigned i = 0; i < FIELDS; i++) {
		int64_t value = fields_value(&group->summary, i);

		if (value < 0)
			continue;
		append_key(text, fields_name(i));
		text_i64(text, value);
	}
	text_string(text, "}\n");
}

const struct report_ops json_samples_ops = {.sample = sample_line};
const struct report_ops json_report_ops = {.row = group_line};
