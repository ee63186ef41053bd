/*
 * The report for people: at the end, and as a line for each group and interval.
 */
#include "report/format.h"
#include "report/report_totals.h"
#include "report/table_rows.h"

static void report(struct report *output, const struct groups *groups,
		   const struct run_totals *facts)
{
	struct text *text = &output->text;
	struct table table = {.settings = &output->settings};

	text_fail(text, table_collect(&table, groups, &output->settings.ranking));
	if (output->settings.intervals && output->layout.shown[TABLE_RECEIVER])
		text_char(text, '\n');
	if (table.rows) {
		text_string(text, "RTT from the capture point to the receiver and back: the "
				  "sender's segments, acknowledged by the receiver\n\n");
		table_print_titles(text, &table);
		table_print_rows(text, &table, output);
		table_print_notes(text, &table);
		text_char(text, '\n');
	} else if (table.ranking.hidden) {
		table_print_notes(text, &table);
		text_char(text, '\n');
	} else {
		text_string(
			text,
			"No round-trip time: no packet acknowledges data that was captured.\n\n");
	}
	table_done(&table);
	report_totals_append(text, groups, facts);
}

/* Rows that follow those of the intervals before; titles stand above them again where
 * the columns had to change. */
static void interval(struct report *output, const struct groups *groups, int64_t end_ns)
{
	struct text *text = &output->text;
	struct table table = {.settings = &output->settings, .timed = true, .time_ns = end_ns};

	text_fail(text, table_collect(&table, groups, &output->settings.ranking));
	if (table.rows) {
		if (table_widen(&table.layout, &output->layout))
			table_print_titles(text, &table);
		output->layout = table.layout;
		table_print_rows(text, &table, output);
	}
	table_done(&table);
}

const struct report_ops table_report_ops = {.interval = interval, .report = report};
