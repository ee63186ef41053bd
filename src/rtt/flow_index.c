/*
 * Adding and taking away: see flow_index.h.
 */
#include "rtt/flow_index.h"

int flow_index_init(struct flow_index *index, size_t buckets)
{
	*index = (struct flow_index){0};

	int result = region_init(&index->region, buckets * sizeof(struct index_bucket));

	if (result < 0)
		return result;
	index->buckets = (struct index_bucket *)(void *)index->region.base;
	index->mask = buckets - 1;
	return 0;
}

void flow_index_done(struct flow_index *index)
{
	region_done(&index->region);
	*index = (struct flow_index){0};
}

void flow_index_clear(struct flow_index *index)
{
	memset(index->buckets, 0, (index->mask + 1) * sizeof(*index->buckets));
	index->count = 0;
}

static struct index_bucket *next_of(const struct flow_index *index, struct index_bucket *bucket)
{
	return &index->buckets[((size_t)(bucket - index->buckets) + 1) & index->mask];
}

void flow_index_add(struct flow_index *index, uint64_t hash, uint32_t place)
{
	struct index_bucket *bucket = index_bucket_of(index, hash);

	for (;; bucket = next_of(index, bucket)) {
		for (unsigned slot = 0; slot < INDEX_SLOTS; slot++) {
			if (bucket->tags[slot])
				continue;
			bucket->tags[slot] = index_tag(hash);
			bucket->places[slot] = place;
			index->count++;
			return;
		}
		bucket->passed++;
	}
}

/* The slot of a place in a bucket; INDEX_SLOTS: it is not there. */
static unsigned slot_of(const struct index_bucket *bucket, uint32_t place)
{
	unsigned slot = 0;

	while (slot < INDEX_SLOTS && !(bucket->tags[slot] && bucket->places[slot] == place))
		slot++;
	return slot;
}

void flow_index_change(struct flow_index *index, uint64_t hash, uint32_t from, uint32_t to)
{
	struct index_bucket *bucket = index_bucket_of(index, hash);
	unsigned slot;

	while ((slot = slot_of(bucket, from)) == INDEX_SLOTS) {
		if (!to)
			bucket->passed--;
		bucket = next_of(index, bucket);
	}
	bucket->places[slot] = to;
	if (to)
		return;
	bucket->tags[slot] = 0;
	index->count--;
}
