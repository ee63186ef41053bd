/*
 * Numbers that people write, read strictly and in one place.
 *
 * The whole text must be the number: no sign, no blank, nothing behind it. On
 * error the result is untouched.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdint.h>

/* An unsigned decimal number within [min, max]. 0; -EINVAL: not a number;
 * -ERANGE: a number, but out of range. */
int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* A duration within [min_ns, max_ns] (neither negative): an unsigned decimal number
 * and its unit, one of ns, us, ms, s, m, h, with nothing between ("500ms", "2s").
 * 0, -EINVAL or -ERANGE as above; no unit is -EINVAL. */
int parse_duration(const char *text, int64_t min_ns, int64_t max_ns, int64_t *value_ns);

/* A number of bytes within [min, max]: an unsigned decimal number and its unit, one of K, M,
 * G, T, with nothing between ("256M"): powers of 1024, as KB or KiB and so on are, too. 0,
 * -EINVAL or -ERANGE as above; no unit is -EINVAL. */
int parse_size(const char *text, uint64_t min, uint64_t max, uint64_t *value);

#endif
