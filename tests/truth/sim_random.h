/*
 * Random numbers of the simulator: splitmix64, our own so that a seed gives the
 * same traffic on every machine and with every C library. Integers only, for
 * the same reason.
 */
#ifndef TRUTH_SIM_RANDOM_H
#define TRUTH_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct prng {
	uint64_t state;
};

static inline uint64_t prng_next(struct prng *prng)
{
	uint64_t z = prng->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Uniform in [0, limit); limit 0 gives 0. */
static inline uint64_t prng_below(struct prng *prng, uint64_t limit)
{
	return limit > 0 ? prng_next(prng) % limit : 0;
}

/* Uniform in [low, high], which must not be the whole range of int64_t. */
static inline int64_t prng_between(struct prng *prng, int64_t low, int64_t high)
{
	return high <= low ? low : low + (int64_t)prng_below(prng, (uint64_t)(high - low) + 1);
}

/* True in ppm of a million calls. Never draws where the answer is certain. */
static inline bool prng_chance(struct prng *prng, uint32_t ppm)
{
	return ppm > 0 && prng_below(prng, 1000000) < ppm;
}

/* Zero to 3 * mean, mostly small, with the given mean: 3 * mean * u * u. */
static inline int64_t prng_skewed(struct prng *prng, int64_t mean)
{
	uint64_t u = prng_next(prng) >> 44; /* 20 bits */

	return (int64_t)(((((uint64_t)mean * 3) >> 10) * ((u * u) >> 20)) >> 10);
}

#endif
