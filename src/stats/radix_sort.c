/*
 * By the words' bytes, from the last to the first (a radix sort: Knuth vol. 3, 5.2.5). Most bytes
 * are the same in all rows, and are passed over. Nothing depends on a jump that cannot be foreseen,
 * as what comes of comparing two rows.
 */
#include "stats/radix_sort.h"

#include <stdlib.h>
#include <string.h>

#define WORD_BYTES sizeof(uint64_t)

/* Moves rows to another place, in the order of one byte; equal ones stay as they are. */
static void sort_by_byte(const struct ranking_row *rows, size_t count, unsigned word,
			 unsigned shift, struct ranking_row *sorted)
{
	size_t places[256] = {0};
	size_t next = 0;

	for (size_t i = 0; i < count; i++)
		places[rows[i].word[word] >> shift & 0xff]++;
	for (unsigned i = 0; i < 256; i++) {
		size_t most = places[i];

		places[i] = next;
		next += most;
	}
	for (size_t i = 0; i < count; i++)
		sorted[places[rows[i].word[word] >> shift & 0xff]++] = rows[i];
}

/* Sets the bits that are not the same in all rows. */
static void find_differences(const struct ranking_row *rows, size_t count,
			     uint64_t differ[static ROW_WORDS])
{
	for (unsigned word = 0; word < ROW_WORDS; word++) {
		differ[word] = 0;
		for (size_t i = 1; i < count; i++)
			differ[word] |= rows[i].word[word] ^ rows[0].word[word];
	}
}

static bool same_words(const struct ranking_row *a, const struct ranking_row *b)
{
	return memcmp(a->word, b->word, sizeof(a->word)) == 0;
}

static int compare_groups(const void *a, const void *b, void *user)
{
	ranking_compare *const *compare = user;

	return (*compare)(&((const struct ranking_row *)a)->group->key,
			  &((const struct ranking_row *)b)->group->key);
}

/* Puts those in order whose words are equal. */
static void sort_equals(struct ranking_row *rows, size_t count, ranking_compare *compare)
{
	size_t same;

	for (size_t i = 0; i < count; i += same) {
		same = 1;
		while (i + same < count && same_words(&rows[i], &rows[i + same]))
			same++;
		if (same > 1)
			qsort_r(&rows[i], same, sizeof(*rows), compare_groups, &compare);
	}
}

void radix_sort_rows(struct ranking_row *rows, size_t count, struct ranking_row *sorted,
		     ranking_compare *compare)
{
	struct ranking_row *from = rows;
	struct ranking_row *to = sorted;
	uint64_t differ[ROW_WORDS];

	find_differences(rows, count, differ);
	for (unsigned byte = ROW_WORDS * WORD_BYTES; byte-- > 0;) {
		/* The last word's lowest byte comes first. */
		unsigned word = byte / WORD_BYTES;
		unsigned shift = (unsigned)(WORD_BYTES - 1 - byte % WORD_BYTES) * 8;
		struct ranking_row *other = from;

		if ((differ[word] >> shift & 0xff) == 0)
			continue;
		sort_by_byte(from, count, word, shift, to);
		from = to;
		to = other;
	}
	if (from != sorted)
		memcpy(sorted, rows, count * sizeof(*rows));
	sort_equals(sorted, count, compare);
}
