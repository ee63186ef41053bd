/*
 * What somebody may have meant: the distance of words, by the usual table of prefixes, of
 * which three rows are kept.
 */
#include "config/did_you_mean.h"

#include <ctype.h>
#include <string.h>

#define MOST_LETTERS 64

/* "Snap-Len" and "snap_len" are the same word. */
static char plain(char c)
{
	return c == '-' ? '_' : (char)tolower((unsigned char)c);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t edit_distance(const char *a, const char *b, size_t most)
{
	size_t rows[3][MOST_LETTERS + 1];
	size_t length = strnlen(a, MOST_LETTERS);
	size_t width = strnlen(b, MOST_LETTERS);

	if (length == MOST_LETTERS || width == MOST_LETTERS)
		return most + 1;
	for (size_t j = 0; j <= width; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= length; i++) {
		size_t *now = rows[i % 3];
		size_t *before = rows[(i + 2) % 3];
		size_t *twice = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= width; j++) {
			char left = plain(a[i - 1]);
			char right = plain(b[j - 1]);

			now[j] = least(before[j - 1] + (left != right),
				       least(before[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && left == plain(b[j - 2]) && plain(a[i - 2]) == right)
				now[j] = least(now[j], twice[j - 2] + 1);
		}
	}
	return least(rows[length % 3][width], most + 1);
}

const char *did_you_mean(const char *word, const char *const *list)
{
	size_t length = strnlen(word, MOST_LETTERS);
	size_t most = length < 6 ? 1 : 2;
	const char *nearest = NULL;

	for (; *list; list++) {
		size_t distance = edit_distance(word, *list, most);

		if (distance > most)
			continue;
		nearest = *list;
		if (!distance)
			break;
		most = distance - 1; /* only a nearer one counts */
	}
	return nearest;
}
