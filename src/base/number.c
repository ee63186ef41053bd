/*
 * Strict parsing of numbers: one loop over digits that sees the overflow coming,
 * because strtoull(3) skips blanks and takes "-1" for a large number.
 */
#include "base/number.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* Reads digits from *text on and moves it behind them. -ERANGE: more than 64 bits;
 * *text is behind the digits then, too. */
static int read_digits(const char **text, uint64_t *value)
{
	const char *at = *text;
	uint64_t sum = 0;
	int result = 0;

	if (*at < '0' || *at > '9')
		return -EINVAL;
	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(*at - '0'), &sum))
			result = -ERANGE;
	*text = at;
	*value = sum;
	return result;
}

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	uint64_t parsed;
	int result = read_digits(&text, &parsed);

	if (result == -EINVAL || *text)
		return -EINVAL;
	if (result || parsed < min || parsed > max)
		return -ERANGE;
	*value = parsed;
	return 0;
}

static int64_t unit_ns(const char *unit)
{
	static const struct {
		char name[3];
		int64_t ns;
	} units[] = {
		{"ns", 1},         {"us", 1000},       {"ms", 1000000},
		{"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(unit, units[i].name) == 0)
			return units[i].ns;
	return 0;
}

int parse_duration(const char *text, int64_t min_ns, int64_t max_ns, int64_t *value_ns)
{
	uint64_t count;
	int64_t parsed;
	int result = read_digits(&text, &count);
	int64_t unit = result == -EINVAL ? 0 : unit_ns(text);

	if (unit == 0)
		return -EINVAL;
	if (result || __builtin_mul_overflow(count, unit, &parsed) || parsed < min_ns ||
	    parsed > max_ns)
		return -ERANGE;
	*value_ns = parsed;
	return 0;
}

/* How far to shift a number of this unit; 0: there is no such unit. */
static unsigned unit_shift(const char *unit)
{
	static const char letters[] = "KMGT";
	const char *letter = *unit ? strchr(letters, *unit) : NULL;

	if (!letter || (unit[1] && strcmp(unit + 1, "B") != 0 && strcmp(unit + 1, "iB") != 0))
		return 0;
	return 10 * (unsigned)(letter - letters + 1);
}

int parse_size(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	uint64_t count;
	uint64_t parsed;
	int result = read_digits(&text, &count);
	unsigned shift = result == -EINVAL ? 0 : unit_shift(text);

	if (shift == 0)
		return -EINVAL;
	if (result || __builtin_mul_overflow(count, UINT64_C(1) << shift, &parsed) ||
	    parsed < min || parsed > max)
		return -ERANGE;
	*value = parsed;
	return 0;
}
