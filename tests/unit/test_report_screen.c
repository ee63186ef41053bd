/*
 * The table over a terminal's screen: what a small terminal of our own shows of it, for
 * windows of every size, full of something else before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "report_helper.h"

#define MOST_ROWS    60
#define MOST_COLUMNS 200

/* ---- a terminal ---- */

/* What stood there before. */
#define OLD '#'

struct terminal {
	unsigned rows;
	unsigned columns;
	char cell[MOST_ROWS][MOST_COLUMNS + 1]; /* of each row, NUL behind the last one */
	unsigned row;
	unsigned column;
	/* The last column was written; the cursor stands on it, and the next character would
	 * go to the next line, as in a DEC VT100 and all that came after it. */
	bool wraps;
	unsigned last_row; /* that was written to */
};

static void terminal_init(struct terminal *terminal, unsigned rows, unsigned columns)
{
	memset(terminal, 0, sizeof(*terminal));
	terminal->rows = rows;
	terminal->columns = columns;
	for (unsigned i = 0; i < rows; i++)
		memset(terminal->cell[i], OLD, columns);
}

static void terminal_character(struct terminal *terminal, char c)
{
	if (c < 0x20 || c > 0x7e)
		fail_msg("character %d on the screen", c);
	if (terminal->wraps)
		fail_msg("line %u is longer than %u columns", terminal->row, terminal->columns);
	terminal->cell[terminal->row][terminal->column] = c;
	terminal->last_row = terminal->row;
	if (terminal->column + 1 < terminal->columns)
		terminal->column++;
	else
		terminal->wraps = true;
}

static void terminal_line_end(struct terminal *terminal)
{
	if (terminal->row + 1 == terminal->rows)
		fail_msg("more than %u lines", terminal->rows);
	terminal->row++;
	terminal->column = 0;
	terminal->wraps = false;
}

static void terminal_erase_line(struct terminal *terminal)
{
	memset(terminal->cell[terminal->row] + terminal->column, ' ',
	       terminal->columns - terminal->column);
}

static void terminal_erase_screen(struct terminal *terminal)
{
	terminal_erase_line(terminal);
	for (unsigned i = terminal->row + 1; i < terminal->rows; i++)
		memset(terminal->cell[i], ' ', terminal->columns);
}

/* Writes to the terminal, which knows no more than a screen may use. */
static void terminal_write(struct terminal *terminal, const char *at)
{
	while (*at) {
		if (strncmp(at, "\033[H", 3) == 0) {
			terminal->row = terminal->column = 0;
			terminal->wraps = false;
			at += 3;
		} else if (strncmp(at, "\033[K", 3) == 0) {
			terminal_erase_line(terminal);
			at += 3;
		} else if (strncmp(at, "\033[J", 3) == 0) {
			terminal_erase_screen(terminal);
			at += 3;
		} else if (strncmp(at, "\r\n", 2) == 0) {
			terminal_line_end(terminal);
			at += 2;
		} else {
			terminal_character(terminal, *at++);
		}
	}
}

/* What a line shows, without the blanks behind it. */
static const char *terminal_line(struct terminal *terminal, unsigned row)
{
	char *line = terminal->cell[row];
	size_t length = terminal->columns;

	while (length && line[length - 1] == ' ')
		length--;
	line[length] = '\0';
	return line;
}

/* ---- what is drawn ---- */

static const int64_t rtts[] = {42000, 42100, 41900, 42000, 43500, 41000, 42000, 42000};

static const struct tcpm_counters some_counters = {
	.frames = 12345,
	.flows_now = 1,
	.acks = 1000,
	.ack_reasons = {5, 3, 0, 0, 0, 0, 0, 0},
	.samples = {{1, 0}, {1000, 500}, {0, 0}, {0, 0}},
};

static const struct run_totals some_facts = {
	.counters = &some_counters,
	.first_ns = 1000,
	.last_ns = 12300001000,
	.live = true,
	.dropped = 1000,
	.interface_dropped = 1,
};

static const char *draw(const struct groups *groups, const struct groups *interval,
			struct run_totals facts, struct report_settings settings, unsigned rows,
			unsigned columns)
{
	const struct terminal_window window = {.rows = rows, .columns = columns};
	struct report *output = helper_open("table", settings);

	if (!facts.counters)
		facts.counters = &some_counters;
	assert_int_equal(report_screen(output, groups, interval, &facts, &window), 0);
	return helper_written(output);
}

static struct groups *one_pair(size_t count)
{
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, 0);

	helper_flow(groups, "10.0.0.1", "10.0.0.2", TCPM_CLASS_NETWORK, rtts, count, 100, 1);
	return groups;
}

#define LEGEND                                                                                     \
	"loss: retransmitted segments; resp p50: median response, which may hold a delayed ACK "   \
	"or "                                                                                      \
	"think time"
#define END "\033[K\r\n"

static void to_the_letter(void **state)
{
	struct groups *groups = one_pair(8);

	(void)state;
	/* clang-format off */
	assert_string_equal(draw(groups, NULL, some_facts, (struct report_settings){0}, 24, 132),
"\033[H"
"12.3 s  12,345 packets, 1,001 dropped  1 flow  1,501 samples  coverage 99.20%  (Ctrl-C prints the full report)" END
END
"sender   -> receiver  samples      min      p50      p95      p99      max  jitter   loss  resp p50" END
"10.0.0.1 -> 10.0.0.2        8  41.0 us  41.8 us  43.5 us  43.5 us  43.5 us  0.8 us  1.00%         -" END
END
LEGEND END
"\033[J");
	/* clang-format on */
	groups_free(groups);
}

static void medians_of_now(void **state)
{
	struct groups *groups = one_pair(8);
	struct groups *now = helper_groups(GROUPS_BY_HOSTS, 0);
	static const int64_t latest[] = {1000000, 2000000, 3000000};
	static const int64_t answers[] = {5, 5};
	struct terminal terminal;

	(void)state;
	helper_flow(groups, "10.0.0.3", "10.0.0.1", TCPM_CLASS_NETWORK, rtts, 3, 100, 1);
	helper_flow(groups, "10.0.0.4", "10.0.0.1", TCPM_CLASS_NETWORK, rtts, 2, 100, 1);
	helper_flow(now, "10.0.0.3", "10.0.0.1", TCPM_CLASS_NETWORK, latest, 3, 100, 1);
	/* Responses have no column for now; neither have groups that are not in the total. */
	helper_flow(now, "10.0.0.4", "10.0.0.1", TCPM_CLASS_RESPONSE, answers, 2, 100, 1);
	helper_flow(now, "10.0.0.9", "10.0.0.1", TCPM_CLASS_NETWORK, latest, 1, 100, 1);
	terminal_init(&terminal, 24, 132);
	terminal_write(&terminal,
		       draw(groups, now, some_facts, (struct report_settings){0}, 24, 132));
	/* clang-format off */
	assert_string_equal(terminal_line(&terminal, 2),
"sender   -> receiver      now  samples      min      p50      p95      p99      max  jitter   loss  resp p50");
	assert_string_equal(terminal_line(&terminal, 3),
"10.0.0.1 -> 10.0.0.2        -        8  41.0 us  41.8 us  43.5 us  43.5 us  43.5 us  0.8 us  1.00%         -");
	assert_string_equal(terminal_line(&terminal, 4),
"10.0.0.3 -> 10.0.0.1  2.02 ms        3  41.9 us  42.0 us  42.1 us  42.1 us  42.1 us  0.2 us  1.00%         -");
	assert_string_equal(terminal_line(&terminal, 5),
"10.0.0.4 -> 10.0.0.1        -        2  42.0 us  42.0 us  42.1 us  42.1 us  42.1 us  0.1 us  1.00%         -");
	/* clang-format on */
	assert_string_equal(terminal_line(&terminal, 6), "");
	/* An empty interval has the column, too: it would jump otherwise. */
	groups_reset(now, 1);
	terminal_write(&terminal,
		       draw(groups, now, some_facts, (struct report_settings){0}, 24, 132));
	assert_non_null(strstr(terminal_line(&terminal, 2), "now"));
	groups_free(groups);
	groups_free(now);
}

static void notices(void **state)
{
	struct groups *groups = one_pair(1);
	struct run_totals facts = some_facts;
	struct terminal terminal;

	(void)state;
	facts.notice = "eth0 was deleted\n\033[2J";
	terminal_init(&terminal, 24, 80);
	terminal_write(&terminal, draw(groups, NULL, facts, (struct report_settings){0}, 24, 80));
	assert_string_equal(terminal_line(&terminal, 6), "");
	assert_string_equal(terminal_line(&terminal, 7), "eth0 was deleted??[2J");
	assert_string_equal(terminal_line(&terminal, 8), "");
	facts.notice = "";
	terminal_init(&terminal, 24, 80);
	terminal_write(&terminal, draw(groups, NULL, facts, (struct report_settings){0}, 24, 80));
	for (unsigned i = 6; i < 24; i++)
		assert_string_equal(terminal_line(&terminal, i), "");
	groups_free(groups);
}

static void before_the_first_sample(void **state)
{
	static const struct tcpm_counters counters = {.flows_now = 2};
	static const struct tcpm_counters first = {.frames = 1};
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, 0);
	struct run_totals facts = {.counters = &counters, .notice = "nothing passes"};
	struct terminal terminal;

	(void)state;
	terminal_init(&terminal, 10, 80);
	terminal_write(&terminal, draw(groups, NULL, facts, (struct report_settings){0}, 10, 80));
	assert_string_equal(
		terminal_line(&terminal, 0),
		"0 packets, 0 dropped  2 flows  0 samples  (Ctrl-C prints the full report)");
	assert_string_equal(terminal_line(&terminal, 1), "");
	assert_string_equal(terminal_line(&terminal, 2), "No round-trip time yet.");
	assert_string_equal(terminal_line(&terminal, 4), "nothing passes");
	for (unsigned i = 5; i < 10; i++)
		assert_string_equal(terminal_line(&terminal, i), "");
	facts.counters = &first;
	terminal_init(&terminal, 10, 200);
	terminal_write(&terminal, draw(groups, NULL, facts, (struct report_settings){0}, 10, 200));
	assert_string_equal(
		terminal_line(&terminal, 0),
		"0 us  1 packet, 0 dropped  0 flows  0 samples  (Ctrl-C prints the full report)");
	groups_free(groups);
}

/* Rows of this side's own answers are not shown, but it is said that there are some. */
static void only_own_answers(void **state)
{
	const struct prefix here = {.bits = 32, .address = helper_address("10.0.0.2")};
	struct prefix_set local;
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, 0);
	struct terminal terminal;

	(void)state;
	assert_int_equal(prefix_set_init(&local, &here, 1), 0);
	groups_set_local(groups, &local);
	helper_flow(groups, "10.0.0.1", "10.0.0.2", TCPM_CLASS_NETWORK, rtts, 1, 1, 0);
	terminal_init(&terminal, 24, 80);
	terminal_write(&terminal,
		       draw(groups, NULL, some_facts, (struct report_settings){0}, 24, 80));
	assert_string_equal(terminal_line(&terminal, 2),
			    "1 more row with a local receiver (--both-sides shows them)");
	terminal_init(&terminal, 24, 132);
	terminal_write(&terminal,
		       draw(groups, NULL, some_facts,
			    (struct report_settings){.ranking.both_sides = true}, 24, 132));
	assert_non_null(strstr(terminal_line(&terminal, 2), "side"));
	assert_non_null(strstr(terminal_line(&terminal, 3), "local"));
	groups_free(groups);
	prefix_set_done(&local);
}

/* ---- windows of every size ---- */

static const char *long_name(void *user, const struct tcpm_address *address)
{
	static char name[400];

	(void)user;
	if (address->bytes[3] % 3 == 0)
		return NULL;
	memset(name, 'n', sizeof(name) - 1);
	/* Neither escapes nor other letters than a terminal of any age has. */
	memcpy(name, "\033[H\xc3\xa4", 5);
	name[address->bytes[3] % 2 ? 390 : 20] = '\0';
	return name;
}

static const char *name_interface(void *user, uint32_t interface)
{
	(void)user;
	(void)interface;
	return "an interface with a name of no less than sixty characters \r\n\t";
}

/* More rows than a screen has, with all columns that there are. */
static struct groups *many_groups(const struct prefix_set *local)
{
	const struct groups_options options = {
		.by = {.interface = true, .tunnel = true}, .max_groups = 80, .local = local};
	struct groups *groups = NULL;

	assert_int_equal(groups_new(&options, &groups), 0);
	for (unsigned i = 0; i < 100; i++) {
		char a[20];
		struct tcpm_flow_id flow;
		uint64_t user_data = 0;

		snprintf(a, sizeof(a), "10.0.0.%u", i);
		flow = (struct tcpm_flow_id){
			.address = {helper_address(a), helper_address("2001:db8::1")},
			.label_kind = {TCPM_LABEL_VLAN, TCPM_LABEL_VXLAN, TCPM_LABEL_TUNNEL,
				       TCPM_LABEL_GENEVE},
			.label = {4094, 16777215, UINT32_MAX, 16777215},
		};
		const struct tcpm_sample sample = {
			.rtt_ns = 1000 * i,
			.previous_ns = -1,
			.flow = &flow,
			.user_data = &user_data,
			.class_ = i % 2 ? TCPM_CLASS_NETWORK : TCPM_CLASS_RESPONSE,
		};

		groups_sample(groups, &sample);
	}
	return groups;
}

/* Draws on a terminal of that size, and compares with what a larger one shows of the same
 * number of rows: as many lines, cut at the right. */
static void assert_window(const struct groups *groups, const struct groups *interval,
			  const struct report_settings *settings, struct run_totals facts,
			  unsigned rows, unsigned columns)
{
	static struct terminal terminal;
	const char *drawn = draw(groups, interval, facts, *settings, rows, columns);
	size_t length = strlen(drawn);

	assert_int_equal(strncmp(drawn, "\033[H", 3), 0);
	terminal_init(&terminal, rows, columns);
	terminal_write(&terminal, drawn);
	/* Nothing of what was there before is left, and the first lines begin as they must,
	 * up to the last column. */
	for (unsigned i = 0; i < rows; i++)
		if (strchr(terminal_line(&terminal, i), OLD))
			fail_msg("%u x %u: line %u was not erased", rows, columns, i);
	assert_true(length < 3 + (size_t)rows * (columns + 5) + 5);

	const char *wide = draw(groups, interval, facts, *settings, rows, 100000);

	for (unsigned i = 0; i < rows; i++) {
		char expected[MOST_COLUMNS + 1];
		size_t width;

		wide += strncmp(wide, "\033[H", 3) == 0 ? 3 : 0;
		width = strcspn(wide, "\033");
		snprintf(expected, sizeof(expected), "%.*s",
			 (int)(width < columns ? width : columns), wide);
		for (size_t end = strlen(expected); end && expected[end - 1] == ' ';)
			expected[--end] = '\0';
		if (strcmp(terminal_line(&terminal, i), expected) != 0)
			fail_msg("%u x %u, line %u:\n%s\ninstead of\n%s", rows, columns, i,
				 terminal_line(&terminal, i), expected);
		wide = strstr(wide, "\r\n");
		if (!wide)
			break;
		wide += 2;
	}
}

static void windows_of_every_size(void **state)
{
	static const unsigned some_rows[] = {1, 2, 3, 10, 11, 12, 13, 24, 25, 59, 60};
	static const unsigned some_columns[] = {1, 2, 3, 40, 79, 80, 81, 132, 199, 200};
	const struct prefix here = {.bits = 24, .address = helper_address("10.0.0.0")};
	struct prefix_set local;
	struct report_settings settings = {.ranking = {.both_sides = true},
					   .names.host_name = long_name,
					   .names.interface_name = name_interface};
	struct run_totals facts = some_facts;
	struct groups *groups;

	(void)state;
	assert_int_equal(prefix_set_init(&local, &here, 1), 0);
	groups = many_groups(&local);
	facts.notice = "a notice that has a little more to say than there is room for in a line of "
		       "eighty characters: and on it goes, and on, and on, and on, and on, and on, "
		       "and on, and on, and on, until it ends";
	for (unsigned rows = 1; rows <= MOST_ROWS; rows++)
		for (size_t i = 0; i < sizeof(some_columns) / sizeof(some_columns[0]); i++)
			assert_window(groups, groups, &settings, facts, rows, some_columns[i]);
	settings.names.host_name = NULL;
	facts.notice = NULL;
	for (unsigned columns = 1; columns <= MOST_COLUMNS; columns++)
		for (size_t i = 0; i < sizeof(some_rows) / sizeof(some_rows[0]); i++)
			assert_window(groups, NULL, &settings, facts, some_rows[i], columns);
	groups_free(groups);
	prefix_set_done(&local);
}

/* As many rows as fit, below what was read and above the notes; no more than were asked
 * for. */
static void rows_that_fit(void **state)
{
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, 0);

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		char a[20];

		snprintf(a, sizeof(a), "10.0.0.%u", 100 + i);
		helper_flow(groups, a, "10.0.0.1", TCPM_CLASS_RESPONSE, rtts, 1, 1, 0);
	}
	for (unsigned rows = 11; rows <= MOST_ROWS; rows++) {
		for (unsigned limit = 0; limit <= 30; limit += 10) {
			struct run_totals facts = some_facts;
			struct terminal terminal;
			unsigned found = 0;
			bool rest = false, bound = false, legend = false, notice = false;

			facts.notice = "a notice";
			terminal_init(&terminal, rows, MOST_COLUMNS);
			terminal_write(&terminal,
				       draw(groups, NULL, facts,
					    (struct report_settings){.ranking.limit = limit}, rows,
					    MOST_COLUMNS));
			for (unsigned i = 0; i < rows; i++) {
				const char *line = terminal_line(&terminal, i);

				found += strncmp(line, "10.0.0.1", 8) == 0;
				rest |= strstr(line, "more rows beyond the limit") != NULL;
				bound |= strncmp(line, "<=: ", 4) == 0;
				legend |= strcmp(line, LEGEND) == 0;
				notice |= strcmp(line, "a notice") == 0;
			}
			assert_int_equal(found, rows == 11                   ? 1
						: limit && limit < rows - 11 ? limit
									     : rows - 11);
			/* All that belongs below them is there, too. */
			assert_true(rest && bound && legend && notice);
		}
	}
	groups_free(groups);
}

/* The screen of its own is opened and closed as xterm has it, the cursor hidden. */
static void open_and_close(void **state)
{
	(void)state;
	assert_string_equal(report_screen_open, "\033[?1049h\033[?25l\033[H\033[J");
	assert_string_equal(report_screen_close, "\033[?25h\033[?1049l");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(to_the_letter),    cmocka_unit_test(medians_of_now),
		cmocka_unit_test(notices),          cmocka_unit_test(before_the_first_sample),
		cmocka_unit_test(only_own_answers), cmocka_unit_test(windows_of_every_size),
		cmocka_unit_test(rows_that_fit),    cmocka_unit_test(open_and_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
