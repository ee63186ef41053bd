/*
 * Whether two settings that are text, or lists of it, are the same.
 */
#ifndef APP_SAME_H
#define APP_SAME_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Either may be NULL, which is only the same as NULL. */
static inline bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* In the same order, too. */
static inline bool same_texts(const char **a, size_t a_count, const char **b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (!same_text(a[i], b[i]))
			return false;
	return true;
}

#endif
