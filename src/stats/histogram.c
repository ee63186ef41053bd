/*
 * The bucket of a value: its power of two gives the octave; within the octave, the
 * value's bits are compared with the 32 bounds, held as 64-bit fixed-point numbers
 * rounded down, which decide exactly as the real bounds would. A table by the top
 * six bits leaves one comparison to do, because no two bounds are closer than that.
 */
#include "stats/histogram.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "stats/block_alloc.h"

_Static_assert(HISTOGRAM_BUCKETS * sizeof(uint64_t) <= BLOCK_ALLOC_LARGEST,
	       "a window fits a block");

#define WIDTHS 4

/* The largest count that a counter of a width holds. */
static const uint64_t fullest[WIDTHS] = {UINT8_MAX, UINT16_MAX, UINT32_MAX, UINT64_MAX};

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

void histogram_done(struct histogram *histogram, struct block_alloc *blocks)
{
	if (histogram->window)
		block_alloc_give(blocks, histogram->window,
				 (size_t)histogram->length << histogram->width);
	*histogram = (struct histogram){0};
}

/* How many counters there are. */
static unsigned length_of(const struct histogram *histogram)
{
	return histogram->window ? histogram->length : HISTOGRAM_FEW;
}

/* The counter at a place in the window. */
static inline uint64_t get(const struct histogram *histogram, unsigned place)
{
	if (!histogram->window)
		return histogram->few[place];
	switch (histogram->width) {
	case 0:
		return ((const uint8_t *)histogram->window)[place];
	case 1:
		return ((const uint16_t *)histogram->window)[place];
	case 2:
		return ((const uint32_t *)histogram->window)[place];
	default:
		return ((const uint64_t *)histogram->window)[place];
	}
}

/* Sets a counter to what it has room for. */
static inline void set(struct histogram *histogram, unsigned place, uint64_t count)
{
	if (!histogram->window) {
		histogram->few[place] = (uint8_t)count;
		return;
	}
	switch (histogram->width) {
	case 0:
		((uint8_t *)histogram->window)[place] = (uint8_t)count;
		return;
	case 1:
		((uint16_t *)histogram->window)[place] = (uint16_t)count;
		return;
	case 2:
		((uint32_t *)histogram->window)[place] = (uint32_t)count;
		return;
	default:
		((uint64_t *)histogram->window)[place] = count;
	}
}

/* Eight bytes, the first of them lowest. */
static uint64_t load(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return le64toh(word);
}

static const uint8_t *bytes_of(const struct histogram *histogram)
{
	return histogram->window ? histogram->window : histogram->few;
}

/* The place of the first counter from `place` on that is not zero; the length if there is
 * none. Most are zero where values are few, so eight bytes are looked at at once. */
static unsigned next_used(const struct histogram *histogram, unsigned place)
{
	const uint8_t *bytes = bytes_of(histogram);
	size_t size = (size_t)length_of(histogram) << histogram->width;
	size_t at = (size_t)place << histogram->width;

	for (; at + sizeof(uint64_t) <= size; at += sizeof(uint64_t)) {
		uint64_t word = load(bytes + at);

		if (word)
			return (unsigned)((at + (size_t)__builtin_ctzll(word) / 8) >>
					  histogram->width);
	}
	while (at < size && !bytes[at])
		at++;
	return (unsigned)(at >> histogram->width);
}

/* The place behind the last counter that is not zero, of which there is one. */
static unsigned end_of_used(const struct histogram *histogram)
{
	const uint8_t *bytes = bytes_of(histogram);
	size_t end = (size_t)length_of(histogram) << histogram->width;

	while (end >= sizeof(uint64_t) && !load(bytes + end - sizeof(uint64_t)))
		end -= sizeof(uint64_t);
	while (!bytes[end - 1])
		end--;
	return (unsigned)((end - 1) >> histogram->width) + 1;
}

bool histogram_range(const struct histogram *histogram, unsigned *first, unsigned *last)
{
	unsigned from = next_used(histogram, 0);

	if (from == length_of(histogram))
		return false;
	*first = histogram->first + from;
	*last = histogram->first + end_of_used(histogram) - 1;
	return true;
}

/* What a window must hold. */
struct extent {
	unsigned first;
	unsigned last;
	unsigned width;
};

/* Where a window of so many buckets begins: what it must hold is in its middle, for it may
 * have to grow to either side. */
static unsigned begin_of(const struct extent *extent, unsigned length)
{
	unsigned before = (length - (extent->last - extent->first + 1)) / 2;

	return extent->first > before ? extent->first - before : 0;
}

/* Makes the window hold the extent, in which all counters are that are not zero. */
static int reach(struct histogram *histogram, const struct extent *extent,
		 struct block_alloc *blocks)
{
	unsigned needed = extent->last - extent->first + 1;
	struct histogram wider = {.zeros = histogram->zeros, .incomplete = histogram->incomplete};
	unsigned length = length_of(histogram);

	if (histogram->window || extent->width || needed > HISTOGRAM_FEW) {
		size_t size = block_alloc_size((size_t)needed << extent->width);

		wider.window = block_alloc_take(blocks, size);
		if (!wider.window)
			return -ENOMEM;
		wider.width = (uint8_t)extent->width;
		wider.length = (uint16_t)(size >> extent->width);
	}
	wider.first = (uint16_t)begin_of(extent, length_of(&wider));
	for (unsigned i = next_used(histogram, 0); i < length; i = next_used(histogram, i + 1))
		set(&wider, histogram->first + i - wider.first, get(histogram, i));
	histogram_done(histogram, blocks);
	*histogram = wider;
	return 0;
}

/* Counts a value of a bucket that is outside the window, or whose counter is full. */
static int add_beyond(struct histogram *histogram, unsigned index, struct block_alloc *blocks)
{
	struct extent extent = {.first = index, .last = index, .width = histogram->width};
	unsigned place = index - histogram->first;
	unsigned first;
	unsigned last;

	if (histogram_range(histogram, &first, &last)) {
		extent.first = first < index ? first : index;
		extent.last = last > index ? last : index;
		if (place < length_of(histogram) && get(histogram, place) == fullest[extent.width])
			extent.width++;
		if (reach(histogram, &extent, blocks)) {
			histogram->incomplete = true;
			return -ENOMEM;
		}
	} else { /* the first one: the window is of any size, and moves */
		histogram->first = (uint16_t)begin_of(&extent, length_of(histogram));
	}
	place = index - histogram->first;
	set(histogram, place, get(histogram, place) + 1);
	return 0;
}

int histogram_add(struct histogram *histogram, int64_t value_ns, struct block_alloc *blocks)
{
	if (value_ns <= 0) {
		histogram->zeros++;
		return 0;
	}

	unsigned index = histogram_index(clamp(value_ns));
	unsigned place = index - histogram->first;

	/* Below the window, place wraps around and is large. */
	if (!histogram->window) {
		if (place < HISTOGRAM_FEW && histogram->few[place] < UINT8_MAX) {
			histogram->few[place]++;
			return 0;
		}
	} else if (place < histogram->length) {
		uint64_t count = get(histogram, place);

		if (count < fullest[histogram->width]) {
			set(histogram, place, count + 1);
			return 0;
		}
	}
	return add_beyond(histogram, index, blocks);
}

void histogram_prefetch(const struct histogram *histogram, int64_t value_ns)
{
	unsigned place;

	if (value_ns <= 0 || !histogram->window)
		return;
	place = histogram_index(clamp(value_ns)) - histogram->first;
	if (place < histogram->length)
		__builtin_prefetch(
			(const char *)histogram->window + ((size_t)place << histogram->width), 1);
}

/* What a window must hold for both, of which `from` has something. */
static struct extent extent_of_both(const struct histogram *into, const struct histogram *from)
{
	struct extent extent = {.width = into->width};
	unsigned length = length_of(from);
	unsigned first;
	unsigned last;

	histogram_range(from, &extent.first, &extent.last);
	if (histogram_range(into, &first, &last)) {
		extent.first = first < extent.first ? first : extent.first;
		extent.last = last > extent.last ? last : extent.last;
	}
	for (unsigned i = next_used(from, 0); i < length; i = next_used(from, i + 1)) {
		uint64_t count = get(from, i) + histogram_bucket(into, from->first + i);

		while (count > fullest[extent.width])
			extent.width++;
	}
	return extent;
}

int histogram_merge(struct histogram *into, const struct histogram *from,
		    struct block_alloc *blocks)
{
	unsigned length = length_of(from);
	unsigned next = next_used(from, 0);

	if (next < length) {
		struct extent extent = extent_of_both(into, from);

		if ((extent.first < into->first || extent.last - into->first >= length_of(into) ||
		     extent.width != into->width) &&
		    reach(into, &extent, blocks)) {
			into->incomplete = true;
			return -ENOMEM;
		}
	}
	for (; next < length; next = next_used(from, next + 1)) {
		unsigned place = from->first + next - into->first;

		set(into, place, get(into, place) + get(from, next));
	}
	into->zeros += from->zeros;
	into->incomplete |= from->incomplete;
	return 0;
}

uint64_t histogram_bucket(const struct histogram *histogram, unsigned index)
{
	unsigned place = index - histogram->first;

	return place < length_of(histogram) ? get(histogram, place) : 0;
}

uint64_t histogram_count(const struct histogram *histogram)
{
	uint64_t count = histogram->zeros;
	unsigned length = length_of(histogram);

	for (unsigned i = next_used(histogram, 0); i < length; i = next_used(histogram, i + 1))
		count += get(histogram, i);
	return count;
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

uint64_t histogram_rank(uint64_t count, unsigned per_mille)
{
	unsigned __int128 scaled = (unsigned __int128)count * per_mille;
	uint64_t rank = (uint64_t)((scaled + 999) / 1000);

	return rank ? rank : 1;
}

int64_t histogram_at_rank(const struct histogram *histogram, uint64_t rank, int64_t min_ns,
			  int64_t max_ns)
{
	uint64_t seen = histogram->zeros;
	unsigned length = length_of(histogram);

	if (rank <= seen)
		return 0;
	for (unsigned i = next_used(histogram, 0); i < length; i = next_used(histogram, i + 1)) {
		seen += get(histogram, i);
		if (rank <= seen)
			return middle(histogram->first + i, min_ns, max_ns);
	}
	return max_ns; /* not reached while rank is at most the sum of the counters */
}

int64_t histogram_quantile(const struct histogram *histogram, unsigned per_mille, int64_t min_ns,
			   int64_t max_ns)
{
	uint64_t count = histogram_count(histogram);

	if (count == 0)
		return -1;
	return histogram_at_rank(histogram, histogram_rank(count, per_mille), min_ns, max_ns);
}
