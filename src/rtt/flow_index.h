/*
 * Where the flow of a hash is: the hash table of flow_table.c, apart.
 *
 * A bucket is one cache line: twelve places, and eight bits of the hash of each, its tag. So
 * a look-up waits for one line of memory, and for a flow only if it is almost surely the
 * right one. What finds its bucket full goes to the next one, and each bucket counts how many
 * went past it: a search ends at the first that nobody passed, or where it began.
 */
#ifndef RTT_FLOW_INDEX_H
#define RTT_FLOW_INDEX_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/region.h"

#define INDEX_SLOTS 12

struct index_bucket {
	uint8_t tags[INDEX_SLOTS]; /* 0: free */
	uint32_t passed;
	uint32_t places[INDEX_SLOTS];
};

_Static_assert(sizeof(struct index_bucket) == 64, "a cache line");

struct flow_index {
	struct region region;
	struct index_bucket *buckets;
	size_t mask; /* buckets - 1 */
	size_t count;
};

/* An empty one of n buckets (a power of two). 0, or -ENOMEM. */
int flow_index_init(struct flow_index *index, size_t buckets);
void flow_index_done(struct flow_index *index);

/* Empties it; it stays as wide as it is. */
void flow_index_clear(struct flow_index *index);

/* Adds a place (not 0). There must be room. */
void flow_index_add(struct flow_index *index, uint64_t hash, uint32_t place);

/* Another place instead of one that was added by this hash; 0: none. */
void flow_index_change(struct flow_index *index, uint64_t hash, uint32_t from, uint32_t to);

/* Should it be made wider before more is added? */
static inline bool flow_index_crowded(const struct flow_index *index)
{
	return index->count >= (index->mask + 1) * (INDEX_SLOTS * 3 / 4);
}

/* May no more be added at all? */
static inline bool flow_index_full(const struct flow_index *index)
{
	return index->count >= (index->mask + 1) * INDEX_SLOTS;
}

static inline size_t flow_index_memory(const struct flow_index *index)
{
	return index->region.size;
}

static inline struct index_bucket *index_bucket_of(const struct flow_index *index, uint64_t hash)
{
	return &index->buckets[hash & index->mask];
}

static inline uint8_t index_tag(uint64_t hash)
{
	uint8_t tag = (uint8_t)(hash >> 56);

	return tag ? tag : 1;
}

/* A bit for each of eight slots of this tag, and now and then for one that only looks so, behind
 * one that is: the highest bit of its byte. */
static inline uint64_t index_matches(const uint8_t *tags, uint8_t tag)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t word;

	memcpy(&word, tags, sizeof(word));
	word = le64toh(word) ^ ones * tag;
	return (word - ones) & ~word & ones << 7;
}

/* Goes through the places that may be the one of a hash. */
struct index_search {
	const struct index_bucket *bucket;
	const struct index_bucket *first;
	/* Matches: of the first eight slots in the highest bits of its bytes, of the last four in
	 * the bits below those of the upper bytes. */
	uint64_t matches;
	uint8_t tag;
};

static inline void index_look(struct index_search *search, const struct index_bucket *bucket)
{
	search->bucket = bucket;
	/* The last eight, of which the first four were seen. */
	search->matches =
		index_matches(bucket->tags, search->tag) |
		(index_matches(bucket->tags + 4, search->tag) & ~UINT64_C(0xffffffff)) >> 1;
}

static inline void index_search_begin(struct index_search *search, const struct flow_index *index,
				      uint64_t hash)
{
	search->tag = index_tag(hash);
	search->first = index_bucket_of(index, hash);
	index_look(search, search->first);
}

/* The slot that the lowest bit of some matches stands for; the bit is taken away. */
static inline unsigned index_slot(uint64_t *matches)
{
	unsigned bit = (unsigned)__builtin_ctzll(*matches);

	*matches &= *matches - 1;
	return bit / 8 + (~bit & 1) * 4;
}

/* The next place; 0: there is no other. */
static inline uint32_t index_search_next(struct index_search *search,
					 const struct flow_index *index)
{
	for (;;) {
		uint32_t place = 0;

		if (search->matches) {
			place = search->bucket->places[index_slot(&search->matches)];
		} else if (search->bucket->passed) {
			size_t at = (size_t)(search->bucket - index->buckets);
			const struct index_bucket *next = &index->buckets[(at + 1) & index->mask];

			/* Each may have been passed, when it was full. */
			if (next == search->first)
				return 0;
			index_look(search, next);
		} else {
			return 0;
		}
		/* A slot that only looks like a match may be free. */
		if (place)
			return place;
	}
}

#endif
