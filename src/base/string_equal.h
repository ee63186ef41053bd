/*
 * Whether two settings that are text, or lists of it, are the same.
 */
#ifndef BASE_STRING_EQUAL_H
#define BASE_STRING_EQUAL_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Either may be NULL, which is only the same as NULL. */
static inline bool string_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* In the same order, too. */
static inline bool string_lists_equal(const char **a, size_t a_count, const char **b,
				      size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (!string_equal(a[i], b[i]))
			return false;
	return true;
}

#endif
