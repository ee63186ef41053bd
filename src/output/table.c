/*
 * The report for people. All cells are written into one text first, each ended by a
 * NUL, while the widest of each column is noted; then they are laid out.
 */
#include <string.h>

#include "output/endpoint.h"
#include "output/footer.h"
#include "output/format.h"
#include "output/units.h"

enum column { SENDER, RECEIVER, SAMPLES, MIN, P50, P95, P99, MAX, JITTER, LOSS, RESPONSE, COLUMNS };

static const struct {
	const char *title;
	const char *before; /* what parts it from the column on its left */
	bool right;
} columns[COLUMNS] = {
	[SENDER] = {"sender", "", false},      [RECEIVER] = {"receiver", " -> ", false},
	[SAMPLES] = {"samples", "  ", true},   [MIN] = {"min", "  ", true},
	[P50] = {"p50", "  ", true},           [P95] = {"p95", "  ", true},
	[P99] = {"p99", "  ", true},           [MAX] = {"max", "  ", true},
	[JITTER] = {"jitter", "  ", true},     [LOSS] = {"loss", "  ", true},
	[RESPONSE] = {"resp p50", "  ", true},
};

/* The rows of a report in the making. */
struct table {
	const struct output_settings *settings;
	struct text cells;
	size_t width[COLUMNS];
	size_t rows;
	bool has_bound; /* a row shows an upper bound */
};

static void append_duration(struct text *text, int64_t duration_ns)
{
	if (duration_ns < 0)
		text_char(text, '-');
	else
		units_duration(text, duration_ns);
}

/* The smallest network sample, or "<=" and the smallest response. */
static void append_min(struct table *table, const struct summary *summary)
{
	struct text *text = &table->cells;
	int64_t min = series_min(&summary->series[TCPM_CLASS_NETWORK]);

	if (min < 0) {
		min = series_min(&summary->series[TCPM_CLASS_RESPONSE]);
		if (min >= 0) {
			text_string(text, "<= ");
			table->has_bound = true;
		}
	}
	append_duration(text, min);
}

static void append_loss(struct text *text, const struct summary *summary)
{
	if (summary->totals.segments)
		units_percent(text, summary->totals.retransmitted, summary->totals.segments);
	else
		text_char(text, '-');
}

static void append_cell(struct table *table, const struct groups_options *options,
			const struct group *group, enum column column)
{
	struct text *text = &table->cells;
	const struct series *network = &group->summary.series[TCPM_CLASS_NETWORK];
	const struct series *response = &group->summary.series[TCPM_CLASS_RESPONSE];

	switch (column) {
	case SENDER:
		endpoint_sender(text, options, group, table->settings);
		break;
	case RECEIVER:
		endpoint_receiver(text, options, group, table->settings);
		break;
	case SAMPLES:
		text_u64_grouped(text, network->count);
		break;
	case MIN:
		append_min(table, &group->summary);
		break;
	case P50:
		append_duration(text, series_quantile(network, 500));
		break;
	case P95:
		append_duration(text, series_quantile(network, 950));
		break;
	case P99:
		append_duration(text, series_quantile(network, 990));
		break;
	case MAX:
		append_duration(text, series_max(network));
		break;
	case JITTER:
		append_duration(text, series_jitter(network));
		break;
	case LOSS:
		append_loss(text, &group->summary);
		break;
	case RESPONSE:
	default:
		append_duration(text, series_quantile(response, 500));
	}
}

static void add_row(void *user, const struct groups *groups, const struct group *group)
{
	struct table *table = user;
	struct text *text = &table->cells;

	for (unsigned i = 0; i < COLUMNS; i++) {
		size_t start = text->used;

		append_cell(table, groups_options(groups), group, (enum column)i);
		if (text->used - start > table->width[i])
			table->width[i] = text->used - start;
		text_char(text, '\0');
	}
	table->rows++;
}

/* The first column printed: groups of a receiver have no sender. */
static unsigned first_column(const struct groups *groups)
{
	return groups_options(groups)->by == GROUPS_BY_RECEIVER ? RECEIVER : SENDER;
}

static void print_cell(struct text *text, const struct table *table, unsigned column,
		       unsigned first, const char *cell)
{
	size_t start;

	if (column > first)
		text_string(text, columns[column].before);
	start = text->used;
	text_string(text, cell);
	text_align(text, start, table->width[column], columns[column].right);
}

static void print_rows(struct text *text, const struct table *table, unsigned first)
{
	const char *cell = table->cells.bytes;

	for (unsigned i = first; i < COLUMNS; i++)
		print_cell(text, table, i, first, columns[i].title);
	text_char(text, '\n');
	for (size_t row = 0; row < table->rows; row++) {
		for (unsigned i = 0; i < COLUMNS; i++) {
			if (i >= first)
				print_cell(text, table, i, first, cell);
			cell += strlen(cell) + 1;
		}
		text_char(text, '\n');
	}
}

static void print_notes(struct text *text, const struct table *table, size_t left_out)
{
	if (left_out) {
		text_u64_grouped(text, left_out);
		text_string(text, left_out == 1 ? " more row" : " more rows");
		text_string(text, " beyond the limit\n");
	}
	text_char(text, '\n');
	if (table->has_bound)
		text_string(text,
			    "<=: no network sample; the smallest response is an upper bound\n");
	text_string(text, "loss: segments sent again; resp p50: median response, which may hold a "
			  "delayed ACK or think time\n\n");
}

static void report(struct output *output, const struct groups *groups,
		   const struct output_facts *facts)
{
	struct text *text = &output->text;
	struct table table = {.settings = &output->settings};
	size_t left_out = 0;

	for (unsigned i = 0; i < COLUMNS; i++)
		table.width[i] = strlen(columns[i].title);
	text_fail(text, output_rows(table.settings, &table, add_row, groups, &left_out));
	text_fail(text, table.cells.error);
	if (text->error) {
		/* The cells are incomplete; the text takes nothing more anyway. */
	} else if (table.rows) {
		text_string(text, "RTT from the capture point to the receiver and back: what the "
				  "sender sent, the receiver acknowledged\n\n");
		print_rows(text, &table, first_column(groups));
		print_notes(text, &table, left_out);
	} else {
		text_string(text, "No round-trip time: no packet acknowledges data that was seen "
				  "being sent.\n\n");
	}
	text_done(&table.cells);
	footer_append(text, groups, facts);
}

const struct output_ops table_report_ops = {.report = report};
