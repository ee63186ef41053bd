/*
 * Rows in order: what ranking.h needs of sorting. For src/stats/ only.
 */
#ifndef STATS_RADIX_SORT_H
#define STATS_RADIX_SORT_H

#include <stddef.h>
#include <stdint.h>

#include "stats/groups.h"

/* What rows are ordered by, one word after the other, each from the smallest up. */
#define ROW_WORDS 3

struct ranking_row {
	uint64_t word[ROW_WORDS];
	const struct group *group;
};

/* Decides among groups whose words are equal: negative, 0, or positive, as memcmp. */
typedef int ranking_compare(const struct group_key *a, const struct group_key *b);

/* Whether a row comes before another one; `compare` is asked where all words are equal. */
static inline bool ranking_row_before(const struct ranking_row *a, const struct ranking_row *b,
				      ranking_compare *compare)
{
	for (unsigned i = 0; i < ROW_WORDS; i++)
		if (a->word[i] != b->word[i])
			return a->word[i] < b->word[i];
	return compare(&a->group->key, &b->group->key) < 0;
}

/* Sorts rows, into `sorted`, which has room for as many and is elsewhere; `rows` is unspecified
 * then. */
void radix_sort_rows(struct ranking_row *rows, size_t count, struct ranking_row *sorted,
		     ranking_compare *compare);

#endif
