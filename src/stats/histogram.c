/*
 * The bucket of a value: its power of two gives the octave; within the octave, the
 * value's bits are compared with the 32 bounds, held as 64-bit fixed-point numbers
 * rounded down, which decide exactly as the real bounds would. A table by the top
 * six bits leaves one comparison to do, because no two bounds are closer than that.
 */
#include "stats/histogram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The window grows by whole runs of this many buckets: half a cache line. */
#define WINDOW_STEP 8

#define OCTAVE (1U << HISTOGRAM_SCALE)

/*
 * The bounds between 1 and 2 ns: the integer part of 2^63 * 10^9 * 2^((i - 956) / 32).
 * Those of a higher octave are these times a power of two. The last is a sentinel.
 */
static const uint64_t bounds[OCTAVE + 1] = {
	0x81ffa7a9549ca6e3, 0x84d8626d3118d396, 0x87c11235836d16a3, 0x8aba10758e1ea3cf,
	0x8dc3b8960164a7d9, 0x90de67fff600044c, 0x940a7e28259fb382, 0x97485c9a622adb60,
	0x9a9867054d512391, 0x9dfb034651c99c68, 0xa1709975dfb06757, 0xa4f993f3ed7b61ca,
	0xa8965f74bf065071, 0xac476b0df43f745f, 0xb00d2843e1060dc2, 0xb3e80b172fd51af7,
	0xb7d88a12d0dd9ea0, 0xbbdf1e5a373ce5c6, 0xbffc43b7e604a922, 0xc43078ac4ed47ae7,
	0xc87c3e7d03cdbec3, 0xcce019443eb56ce4, 0xd15c9000bf211c1f, 0xd5f22ca6019743e0,
	0xdaa17c2cd19555db, 0xdf6b0ea438793a89, 0xe44f7742cb56e3dd, 0xe94f4c7859ce1066,
	0xee6b280000000000, 0xf3a3a6f29dd0c333, 0xf8f969d9b5abf948, 0xfe6d14c2b5114024,
	UINT64_MAX,
};

/* How many bounds lie below (64 + i) / 64, i from 0 to 63. */
static const uint8_t bounds_below[64] = {
	0,  1,  1,  2,  3,  3,  4,  5,  5,  6,  6,  7,  8,  8,  9,  10, 10, 11, 11, 12, 12, 13,
	13, 14, 14, 15, 16, 16, 17, 17, 18, 18, 19, 19, 19, 20, 20, 21, 21, 22, 22, 23, 23, 24,
	24, 24, 25, 25, 26, 26, 26, 27, 27, 28, 28, 28, 29, 29, 30, 30, 30, 31, 31, 31,
};

unsigned histogram_index(int64_t value_ns)
{
	unsigned zeros = (unsigned)__builtin_clzll((uint64_t)value_ns);
	uint64_t mantissa = (uint64_t)value_ns << zeros;
	unsigned step = bounds_below[mantissa >> 57 & 63];

	return (63 - zeros) * OCTAVE + step + (mantissa > bounds[step]);
}

int64_t histogram_upper_ns(unsigned index)
{
	if (index >= HISTOGRAM_BUCKETS - 1)
		return HISTOGRAM_MAX_NS;
	return (int64_t)(bounds[index % OCTAVE] >> (63 - index / OCTAVE));
}

static int64_t clamp(int64_t value_ns)
{
	if (value_ns < 0)
		return 0;
	return value_ns > HISTOGRAM_MAX_NS ? HISTOGRAM_MAX_NS : value_ns;
}

void histogram_done(struct histogram *histogram)
{
	free(histogram->buckets);
	*histogram = (struct histogram){0};
}

static size_t counter_size(bool wide)
{
	return wide ? sizeof(uint64_t) : sizeof(uint32_t);
}

/* The counter at a place in the window. */
static uint64_t get(const struct histogram *histogram, unsigned place)
{
	if (histogram->wide)
		return ((const uint64_t *)histogram->buckets)[place];
	return ((const uint32_t *)histogram->buckets)[place];
}

/* Adds to a counter that is known to have room. */
static void increase(struct histogram *histogram, unsigned place, uint64_t count)
{
	if (histogram->wide)
		((uint64_t *)histogram->buckets)[place] += count;
	else
		((uint32_t *)histogram->buckets)[place] += (uint32_t)count;
}

/* Makes the window reach from bucket first to bucket last at least. */
static int reach(struct histogram *histogram, unsigned first, unsigned last)
{
	if (histogram->window) {
		if (first > histogram->first)
			first = histogram->first;
		if (last < histogram->first + histogram->window - 1U)
			last = histogram->first + histogram->window - 1U;
	}
	first -= first % WINDOW_STEP;
	last += WINDOW_STEP - 1 - last % WINDOW_STEP;

	unsigned window = last - first + 1;

	if (window == histogram->window)
		return 0;

	size_t size = counter_size(histogram->wide);
	char *buckets = calloc(window, size);

	if (!buckets)
		return -ENOMEM;
	if (histogram->window)
		memcpy(buckets + (histogram->first - first) * size, histogram->buckets,
		       histogram->window * size);
	free(histogram->buckets);
	histogram->buckets = buckets;
	histogram->first = (uint16_t)first;
	histogram->window = (uint16_t)window;
	return 0;
}

static int widen(struct histogram *histogram)
{
	uint64_t *buckets = calloc(histogram->window, sizeof(*buckets));

	if (!buckets)
		return -ENOMEM;
	for (unsigned i = 0; i < histogram->window; i++)
		buckets[i] = get(histogram, i);
	free(histogram->buckets);
	histogram->buckets = buckets;
	histogram->wide = true;
	return 0;
}

/* Makes sure that count more fit into a counter. */
static int make_room(struct histogram *histogram, unsigned place, uint64_t count)
{
	if (histogram->wide || count <= UINT32_MAX - get(histogram, place))
		return 0;
	return widen(histogram);
}

int histogram_add(struct histogram *histogram, int64_t value_ns)
{
	value_ns = clamp(value_ns);
	if (value_ns == 0) {
		histogram->zeros++;
		histogram->count++;
		return 0;
	}

	unsigned index = histogram_index(value_ns);
	unsigned place = index - histogram->first;

	/* Below the window, place wraps around and is large. */
	if (place >= histogram->window) {
		if (reach(histogram, index, index))
			return -ENOMEM;
		place = index - histogram->first;
	}
	if (make_room(histogram, place, 1))
		return -ENOMEM;
	increase(histogram, place, 1);
	histogram->count++;
	return 0;
}

void histogram_prefetch(const struct histogram *histogram, int64_t value_ns)
{
	unsigned place;

	if (value_ns <= 0)
		return;
	place = histogram_index(clamp(value_ns)) - histogram->first;
	if (place < histogram->window)
		__builtin_prefetch((const char *)histogram->buckets +
					   place * counter_size(histogram->wide),
				   1);
}

int histogram_merge(struct histogram *into, const struct histogram *from)
{
	if (from->window && reach(into, from->first, from->first + from->window - 1U))
		return -ENOMEM;

	unsigned shift = from->window ? (unsigned)(from->first - into->first) : 0;

	for (unsigned i = 0; i < from->window; i++)
		if (make_room(into, i + shift, get(from, i)))
			return -ENOMEM;
	for (unsigned i = 0; i < from->window; i++)
		increase(into, i + shift, get(from, i));
	into->zeros += from->zeros;
	into->count += from->count;
	return 0;
}

uint64_t histogram_bucket(const struct histogram *histogram, unsigned index)
{
	unsigned place = index - histogram->first;

	return place < histogram->window ? get(histogram, place) : 0;
}

/* The middle of the whole numbers that a bucket and [min_ns, max_ns] hold. The last
 * bucket also holds what is above it. */
static int64_t middle(unsigned index, int64_t min_ns, int64_t max_ns)
{
	int64_t lowest = index ? histogram_upper_ns(index - 1) + 1 : 1;
	int64_t highest = index == HISTOGRAM_BUCKETS - 1 ? INT64_MAX : histogram_upper_ns(index);

	if (lowest < min_ns)
		lowest = min_ns;
	if (highest > max_ns)
		highest = max_ns;
	return lowest < highest ? lowest + (highest - lowest) / 2 : highest;
}

uint64_t histogram_rank(const struct histogram *histogram, unsigned per_mille)
{
	unsigned __int128 scaled = (unsigned __int128)histogram->count * per_mille;
	uint64_t rank = (uint64_t)((scaled + 999) / 1000);

	return rank ? rank : 1;
}

int64_t histogram_quantile(const struct histogram *histogram, unsigned per_mille, int64_t min_ns,
			   int64_t max_ns)
{
	if (histogram->count == 0)
		return -1;

	uint64_t rank = histogram_rank(histogram, per_mille);
	uint64_t seen = histogram->zeros;

	if (rank <= seen)
		return 0;
	for (unsigned i = 0; i < histogram->window; i++) {
		seen += get(histogram, i);
		if (rank <= seen)
			return middle(histogram->first + i, min_ns, max_ns);
	}
	return max_ns; /* not reached while count is the sum of the counters */
}
