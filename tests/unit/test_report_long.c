/*
 * Long tables: the same whatever the number of threads that sort and write the rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report_helper.h"

#define ROWS 20011

static const struct tcpm_counters no_counters;
static const struct run_totals no_facts = {.counters = &no_counters};

/* Many are alike in what they may be ordered by, so that addresses decide; and the widest cells
 * stand anywhere. */
static struct groups *many_groups(size_t max)
{
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, max);
	uint32_t random = 1;

	for (unsigned i = 0; i < ROWS; i++) {
		char from[32], to[32];
		int64_t rtts[3];

		random = random * 1664525 + 1013904223;
		for (unsigned j = 0; j < 3; j++)
			rtts[j] = 1000 * (1 + (random >> (8 + j)) % 50);
		/* No two pairs are the same. */
		snprintf(from, sizeof(from), "10.%u.%u.%u", random >> 30, i / 250 % 250, i % 250);
		snprintf(to, sizeof(to), i % 97 == 3 ? "2001:db8::%x" : "192.0.2.%u",
			 i % 97 == 3 ? i : random >> 24 & 7);
		if (i % 97 == 3)
			snprintf(from, sizeof(from), "2001:db8:1::%x", random >> 28);
		helper_flow(groups, from, to, i % 5 == 0, rtts, 1 + i % 3, random >> 29, i % 3);
	}
	return groups;
}

static char *report(const struct groups *groups, struct ranking_options ranking, unsigned threads)
{
	struct report *output;

	ranking.threads = threads;
	output = helper_open("table", (struct report_settings){.ranking = ranking});
	assert_int_equal(report_groups(output, groups, &no_facts), 0);
	return strdup(helper_written(output));
}

static size_t lines_of(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void assert_same(const struct groups *groups, struct ranking_options ranking, size_t rows)
{
	static const unsigned threads[] = {2, 3, 5, 64};
	char *one = report(groups, ranking, 1);

	assert_in_range(lines_of(one), rows, rows + 20);
	for (size_t i = 0; i < sizeof(threads) / sizeof(threads[0]); i++) {
		char *more = report(groups, ranking, threads[i]);

		if (strcmp(one, more) != 0)
			fail_msg("%u threads, by %s, limit %zu: another table", threads[i],
				 ranking_by_name(ranking.by), ranking.limit);
		free(more);
	}
	free(one);
}

static void test_any_order(void **state)
{
	struct groups *groups = many_groups(ROWS);

	(void)state;
	for (unsigned by = 0; by < RANKING_BYS; by++)
		assert_same(groups, (struct ranking_options){.by = by}, ROWS);
	groups_free(groups);
}

/* About where rows are worth another thread, and with "other" behind them. */
static void test_any_limit(void **state)
{
	static const size_t limits[] = {1, 4095, 4096, 8191, 8192, 8193, 12289, ROWS, ROWS + 1};
	struct groups *all = many_groups(ROWS);
	struct groups *some = many_groups(ROWS - 3000);

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		size_t limit = limits[i];

		assert_same(all, (struct ranking_options){.limit = limit},
			    limit < ROWS ? limit : ROWS);
		assert_same(some, (struct ranking_options){.limit = limit},
			    limit < ROWS - 3000 ? limit + 1 : ROWS - 3000 + 1);
	}
	groups_free(all);
	groups_free(some);
}

static const char *name_host(void *user, const struct tcpm_address *address)
{
	unsigned *asked = user;

	(void)address;
	++*asked; /* not atomic: one thread asks */
	return "host";
}

/* Names are asked for by one thread. */
static void test_names(void **state)
{
	struct groups *groups = many_groups(ROWS);
	unsigned asked = 0;
	struct report *output =
		helper_open("table", (struct report_settings){.ranking.threads = 4,
							      .names.host_name = name_host,
							      .names.user = &asked});

	(void)state;
	assert_int_equal(report_groups(output, groups, &no_facts), 0);
	helper_written(output);
	assert_int_equal(asked, 2 * ROWS);
	groups_free(groups);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_any_limit),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
