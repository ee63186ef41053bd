/*
 * Rows sorted by their bytes against rows sorted by comparing them: values of all sizes and signs,
 * many that are equal, and orders that come from the groups alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stats/radix_sort.h"

#define MOST 3000

static uint64_t random_state;

static uint64_t random_word(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

/* By a port. */
static int compare_ports(const struct group_key *a, const struct group_key *b)
{
	return (a->sender_port > b->sender_port) - (a->sender_port < b->sender_port);
}

static int compare_naively(const void *a, const void *b)
{
	const struct ranking_row *x = a;
	const struct ranking_row *y = b;

	for (unsigned i = 0; i < ROW_WORDS; i++)
		if (x->word[i] != y->word[i])
			return x->word[i] < y->word[i] ? -1 : 1;
	return compare_ports(&x->group->key, &y->group->key);
}

static struct group groups[MOST];
static struct ranking_row rows[MOST], sorted[MOST + 1], wanted[MOST];

/* Every group has a port of its own, so the order is total. */
static void make_groups(void)
{
	for (unsigned i = 0; i < MOST; i++)
		groups[i].key.sender_port = (uint16_t)(i * 7919 % 65521);
}

static void assert_sorted(size_t count)
{
	memcpy(wanted, rows, count * sizeof(*rows));
	qsort(wanted, count, sizeof(*wanted), compare_naively);
	memset(sorted, 0xee, sizeof(sorted));
	radix_sort_rows(rows, count, sorted, compare_ports);
	assert_memory_equal(sorted, wanted, count * sizeof(*wanted));
	assert_int_equal(sorted[count].word[0], UINT64_C(0xeeeeeeeeeeeeeeee));
	for (size_t i = 1; i < count; i++) {
		assert_true(ranking_row_before(&sorted[i - 1], &sorted[i], compare_ports));
		assert_false(ranking_row_before(&sorted[i], &sorted[i - 1], compare_ports));
	}
}

/* mask: which bits of each word may differ. */
static void sort_some(size_t count, const uint64_t mask[ROW_WORDS])
{
	for (size_t i = 0; i < count; i++) {
		rows[i].group = &groups[i];
		for (unsigned word = 0; word < ROW_WORDS; word++)
			rows[i].word[word] = (random_word() & mask[word]) | 0x40;
	}
	assert_sorted(count);
}

static void as_by_comparing(void **state)
{
	static const uint64_t masks[][ROW_WORDS] = {
		{UINT64_MAX, UINT64_MAX, UINT64_MAX},
		{0, 0, 0},
		{0xff, 0, 0},
		{0, 0, 0xff},
		{3, 3, 3},
		{UINT64_C(0xff) << 56, 0x100, 1},
		{UINT64_C(1) << 63, 0, UINT64_C(0xffff00000000)},
		{0xffff, 0x7, UINT64_MAX},
	};
	static const size_t counts[] = {0, 1, 2, 3, 10, 255, 256, 257, MOST};

	(void)state;
	random_state = 88172645463325252u;
	make_groups();
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++)
		for (size_t j = 0; j < sizeof(counts) / sizeof(counts[0]); j++)
			sort_some(counts[j], masks[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_by_comparing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
