/*
 * Choosing a format, and the buffer between it and the descriptor.
 */
#include "output/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/format.h"

#define FLUSH_AT 65536

/* So many rows before it is printed a group is fetched from memory. */
#define ROWS_AHEAD 4

static const struct {
	const char *name;
	const struct output_ops *report;
	const struct output_ops *samples;
} formats[] = {
	{"table", &table_report_ops, &table_samples_ops},
	{"csv", &csv_report_ops, &csv_samples_ops},
	{"json", &json_report_ops, &json_samples_ops},
};

const char *output_formats(void)
{
	return "table, csv, json";
}

int output_open(const char *format, const struct output_settings *settings, struct output **output,
		struct error *error)
{
	const struct output_ops *ops = NULL;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(format, formats[i].name) == 0)
			ops = settings->samples ? formats[i].samples : formats[i].report;
	if (!ops)
		return error_set(error, EINVAL, "'%s' is no output format; there are %s", format,
				 output_formats());

	struct output *made = calloc(1, sizeof(*made));

	if (!made)
		return error_set(error, ENOMEM, "no memory for the output");
	made->ops = ops;
	made->settings = *settings;
	text_init(&made->text);
	if (ops->begin)
		ops->begin(made);
	*output = made;
	return 0;
}

void output_sample_append(struct output *output, const struct tcpm_sample *sample,
			  enum group_side side)
{
	if (output->ops->sample &&
	    (side != GROUP_SIDE_LOCAL || output->settings.ranking.both_sides))
		output->ops->sample(output, sample, side);
}

int output_flush_full(struct output *output)
{
	return output->text.used < FLUSH_AT ? output->text.error : output_flush(output);
}

int output_sample(struct output *output, const struct tcpm_sample *sample, enum group_side side)
{
	output_sample_append(output, sample, side);
	return output_flush_full(output);
}

static void print_row(void *user, const struct groups *groups, const struct group *group)
{
	struct output *output = user;

	output->ops->row(output, groups, group);
	output_flush_full(output);
}

/* The groups of a format that only has rows. */
static void print_rows(struct output *output, const struct groups *groups, int64_t end_ns)
{
	struct ranking ranking;
	int result = ranking_make(&ranking, groups, &output->settings.ranking);

	output->interval_end_ns = end_ns;
	text_fail(&output->text, result);
	if (result < 0)
		return;
	output_rows(groups, &ranking, 0, ranking.count, print_row, output);
	ranking_done(&ranking);
}

int output_interval(struct output *output, const struct groups *groups, int64_t end_ns)
{
	if (output->ops->row)
		print_rows(output, groups, end_ns);
	else if (output->ops->interval)
		output->ops->interval(output, groups, end_ns);
	return output->text.error;
}

int output_report(struct output *output, const struct groups *groups,
		  const struct output_facts *facts)
{
	/* With intervals, the rows have all been printed: a sum would count them twice. */
	if (output->ops->row && !output->settings.intervals)
		print_rows(output, groups, 0);
	else if (output->ops->report)
		output->ops->report(output, groups, facts);
	output->untold_evictions = output->ops->report ? 0 : facts->counters->flows_evicted;
	return output->text.error;
}

uint64_t output_untold_evictions(const struct output *output)
{
	return output->untold_evictions;
}

int output_flush(struct output *output)
{
	return text_flush(&output->text, output->settings.fd);
}

int output_close(struct output *output)
{
	if (!output)
		return 0;

	int result = output_flush(output);

	text_done(&output->text);
	free(output);
	return result;
}

void output_rows(const struct groups *groups, const struct ranking *ranking, size_t begin,
		 size_t end, output_row *row, void *user)
{
	const struct group *other = groups_other(groups);

	for (size_t i = begin; i < end; i++) {
		/* In this order, they lie anywhere. */
		if (i + ROWS_AHEAD < end)
			group_prefetch(ranking->groups[i + ROWS_AHEAD]);
		row(user, groups, ranking->groups[i]);
	}
	if (other && end == ranking->count)
		row(user, groups, other);
}
