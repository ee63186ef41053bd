/*
 * The table over a terminal's screen, drawn again each interval. Only what every
 * terminal of the last decades does is used (ECMA-48: cursor to the upper left, erase
 * to the end of the line and of the screen), and the alternate screen of xterm, so that
 * what stood there before comes back at the end.
 */
#include <string.h>

#include "report/format.h"
#include "report/table_rows.h"
#include "report/units.h"

#define HOME         "\033[H"
#define ERASE_LINE   "\033[K"
#define ERASE_SCREEN "\033[J"

/* The lines around the rows: what was read, two empty ones, the titles, up to five notes,
 * an empty one and a notice. */
#define OTHER_LINES 11u

const char report_screen_open[] = "\033[?1049h\033[?25l" HOME ERASE_SCREEN;
const char report_screen_close[] = "\033[?25h\033[?1049l";

static uint64_t sum_of_samples(const struct tcpm_counters *counters)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < TCPM_METHODS; i++)
		for (unsigned j = 0; j < TCPM_CLASSES; j++)
			sum += counters->samples[i][j];
	return sum;
}

/* "12.3 s  1,234 packets, 0 dropped  567 samples  coverage 99.12%" */
static void append_status(struct text *text, const struct run_totals *facts)
{
	const struct tcpm_counters *counters = facts->counters;
	uint64_t missed = 0;

	if (counters->frames) {
		units_duration(text, facts->last_ns - facts->first_ns);
		text_string(text, "  ");
	}
	text_u64_grouped(text, counters->frames);
	text_string(text, counters->frames == 1 ? " packet, " : " packets, ");
	text_u64_grouped(text, facts->dropped + facts->interface_dropped);
	text_string(text, " dropped  ");
	text_u64_grouped(text, counters->flows_now);
	text_string(text, counters->flows_now == 1 ? " flow  " : " flows  ");
	text_u64_grouped(text, sum_of_samples(counters));
	text_string(text, " samples");
	for (unsigned i = 0; i < TCPM_REASONS; i++)
		missed += counters->ack_reasons[i];
	if (counters->acks) {
		text_string(text, "  coverage ");
		units_percent(text, counters->acks - missed, counters->acks);
	}
	text_string(text, "  (Ctrl-C prints the full report)\n\n");
}

static void append_content(struct text *text, const struct report_settings *settings,
			   const struct groups *groups, const struct groups *interval,
			   const struct run_totals *facts, unsigned rows)
{
	struct ranking_options options = settings->ranking;
	struct table table = {.settings = settings, .interval = interval};

	if (options.limit == 0 || options.limit > rows)
		options.limit = rows;
	append_status(text, facts);
	text_fail(text, table_collect(&table, groups, &options));
	if (table.rows) {
		table_print_titles(text, &table);
		table_print_rows(text, &table, NULL);
		table_print_notes(text, &table);
	} else if (table.ranking.hidden) {
		table_print_notes(text, &table);
	} else {
		text_string(text, "No round-trip time yet.\n");
	}
	table_done(&table);
	if (facts->notice && *facts->notice) {
		text_char(text, '\n');
		text_printable(text, facts->notice);
		text_char(text, '\n');
	}
}

/* Puts a content of lines over what is on the screen: no more lines, and no longer ones,
 * than the window has. */
static void append_lines(struct text *text, const struct text *content,
			 const struct terminal_window *window)
{
	const char *at = content->bytes;
	const char *end = at + content->used;
	unsigned line = 0;

	text_string(text, HOME);
	for (; at < end && line < window->rows; line++) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((line_end ? line_end : end) - at);

		if (line)
			text_string(text, "\r\n");
		text_bytes(text, at, length < window->columns ? length : window->columns);
		if (length < window->columns) /* else it would erase the last character */
			text_string(text, ERASE_LINE);
		at = line_end ? line_end + 1 : end;
	}
	if (line < window->rows) /* from the next line on, for the same reason */
		text_string(text, "\r\n" ERASE_SCREEN);
}

int report_screen(struct report *output, const struct groups *groups, const struct groups *interval,
		  const struct run_totals *facts, const struct terminal_window *window)
{
	unsigned rows = window->rows > OTHER_LINES ? window->rows - OTHER_LINES : 1;
	struct text content;

	text_init(&content);
	append_content(&content, &output->settings, groups, interval, facts, rows);
	text_fail(&output->text, content.error);
	if (!content.error)
		append_lines(&output->text, &content, window);
	text_done(&content);
	return output->text.error;
}
