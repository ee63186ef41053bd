/*
 * Choosing a format, and the buffer between it and the descriptor.
 */
#include "report/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/format.h"

#define FLUSH_AT 65536

/* So many rows before it is printed a group is fetched from memory. */
#define ROWS_AHEAD 4

static const struct {
	const char *name;
	const struct report_ops *report;
	const struct report_ops *samples;
} formats[] = {
	{"table", &table_report_ops, &table_samples_ops},
	{"csv", &csv_report_ops, &csv_samples_ops},
	{"json", &json_report_ops, &json_samples_ops},
};

const char *report_formats(void)
{
	return "table, csv, json";
}

int report_open(const char *format, const struct report_settings *settings, struct report **output,
		struct error *error)
{
	const struct report_ops *ops = NULL;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(format, formats[i].name) == 0)
			ops = settings->samples ? formats[i].samples : formats[i].report;
	if (!ops)
		return error_set(error, EINVAL, "'%s' is not an output format; expected one of %s",
				 format, report_formats());

	struct report *made = calloc(1, sizeof(*made));

	if (!made)
		return error_set(error, ENOMEM, "not enough memory for the output");
	made->ops = ops;
	made->settings = *settings;
	text_init(&made->text);
	if (ops->begin)
		ops->begin(made);
	*output = made;
	return 0;
}

void report_sample_append(struct report *output, const struct tcpm_sample *sample,
			  enum group_side side)
{
	if (output->ops->sample &&
	    (side != GROUP_SIDE_LOCAL || output->settings.ranking.both_sides))
		output->ops->sample(output, sample, side);
}

int report_flush_full(struct report *output)
{
	return output->text.used < FLUSH_AT ? output->text.error : report_flush(output);
}

int report_sample(struct report *output, const struct tcpm_sample *sample, enum group_side side)
{
	report_sample_append(output, sample, side);
	return report_flush_full(output);
}

static void print_row(void *user, const struct groups *groups, const struct group *group)
{
	struct report *output = user;

	output->ops->row(output, groups, group);
	report_flush_full(output);
}

/* The groups of a format that only has rows. */
static void print_rows(struct report *output, const struct groups *groups, int64_t end_ns)
{
	struct ranking ranking;
	int result = ranking_make(&ranking, groups, &output->settings.ranking);

	output->interval_end_ns = end_ns;
	text_fail(&output->text, result);
	if (result < 0)
		return;
	report_rows(groups, &ranking, 0, ranking.count, print_row, output);
	ranking_done(&ranking);
}

int report_interval(struct report *output, const struct groups *groups, int64_t end_ns)
{
	if (output->ops->row)
		print_rows(output, groups, end_ns);
	else if (output->ops->interval)
		output->ops->interval(output, groups, end_ns);
	return output->text.error;
}

int report_groups(struct report *output, const struct groups *groups,
		  const struct run_totals *facts)
{
	/* With intervals, the rows have all been printed: a sum would count them twice. */
	if (output->ops->row && !output->settings.intervals)
		print_rows(output, groups, 0);
	else if (output->ops->report)
		output->ops->report(output, groups, facts);
	output->untold_evictions = output->ops->report ? 0 : facts->counters->flows_evicted;
	return output->text.error;
}

uint64_t report_hidden_evictions(const struct report *output)
{
	return output->untold_evictions;
}

int report_flush(struct report *output)
{
	return text_flush(&output->text, output->settings.fd);
}

int report_close(struct report *output)
{
	if (!output)
		return 0;

	int result = report_flush(output);

	text_done(&output->text);
	free(output);
	return result;
}

void report_rows(const struct groups *groups, const struct ranking *ranking, size_t begin,
		 size_t end, report_row *row, void *user)
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
