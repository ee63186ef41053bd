/*
 * Sequence numbers and timestamps compared as RFC 9293 3.4 and RFC 7323 5.2 say:
 * modulo 2^32, a is before b if the way from a up to b is the shorter one.
 */
#ifndef RTT_SEQ_H
#define RTT_SEQ_H

#include <stdbool.h>
#include <stdint.h>

/* How far a is past b; negative if it is before. */
static inline int32_t seq_distance(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static inline bool seq_before(uint32_t a, uint32_t b)
{
	return seq_distance(a, b) < 0;
}

static inline bool seq_after(uint32_t a, uint32_t b)
{
	return seq_distance(a, b) > 0;
}

static inline uint32_t seq_max(uint32_t a, uint32_t b)
{
	const int32_t distance = seq_distance(a, b);

	/* Without a branch, which would be unpredictable. */
	return b + (uint32_t)(distance & ~(distance >> 31));
}

static inline uint32_t seq_min(uint32_t a, uint32_t b)
{
	const int32_t distance = seq_distance(a, b);

	return b + (uint32_t)(distance & distance >> 31);
}

/* The largest window that RFC 7323 2.2 allows, 2^30: what is further from a direction's
 * sequence numbers cannot belong to it. */
#define SEQ_MAX_WINDOW (1 << 30)

static inline bool seq_plausible(uint32_t a, uint32_t b)
{
	int32_t distance = seq_distance(a, b);

	return distance <= SEQ_MAX_WINDOW && distance >= -SEQ_MAX_WINDOW;
}

#endif
