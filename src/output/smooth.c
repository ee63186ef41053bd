/*
 * A hash table of smoothed times: see smooth.h. Pairs are told apart by 64 bits of a keyed
 * hash: among 2,000 of them, two are alike once in 10^13 times.
 */
#include "output/smooth.h"

#include <stdlib.h>

#include "base/hash.h"

#define FIRST_ENTRIES 64u

struct smooth_entry {
	uint64_t key; /* 0: free */
	int64_t srtt_ns;
	uint32_t interval; /* of the latest sample */
};

static struct smooth_entry *find(struct smooth_entry *entries, size_t mask, uint64_t key)
{
	size_t i = (size_t)key & mask;

	while (entries[i].key && entries[i].key != key)
		i = (i + 1) & mask;
	return &entries[i];
}

/* Moves those that are still to be kept into a table of so many entries. Without memory the
 * old one stays. */
static void rebuild(struct smooth *smooth, size_t entry_count)
{
	struct smooth_entry *entries = calloc(entry_count, sizeof(*entries));
	size_t kept = 0;

	if (!entries)
		return;
	for (size_t i = 0; smooth->entries && i <= smooth->mask; i++) {
		const struct smooth_entry *entry = &smooth->entries[i];

		if (!entry->key || smooth->interval - entry->interval > SMOOTH_KEPT)
			continue;
		*find(entries, entry_count - 1, entry->key) = *entry;
		kept++;
	}
	free(smooth->entries);
	smooth->entries = entries;
	smooth->mask = entry_count - 1;
	smooth->count = kept;
}

void smooth_begin(struct smooth *smooth)
{
	smooth->interval++;
	if (smooth->entries && smooth->interval % SMOOTH_KEPT == 0)
		rebuild(smooth, smooth->mask + 1);
}

/* Whether there is room for one more, in a table that is at most half full. */
static int make_room(struct smooth *smooth)
{
	if (!smooth->entries)
		rebuild(smooth, FIRST_ENTRIES);
	else if (2 * (smooth->count + 1) > smooth->mask + 1)
		rebuild(smooth, 2 * (smooth->mask + 1));
	return smooth->entries && smooth->count < smooth->max &&
	       2 * (smooth->count + 1) <= smooth->mask + 1;
}

/* An eighth of the way for each sample. Beyond some hundred nothing is left of the way. */
static int64_t approach(int64_t srtt_ns, int64_t mean_ns, uint64_t count)
{
	int64_t left_ns = srtt_ns - mean_ns;

	for (uint64_t i = 0; i < count && left_ns / 8 != 0; i++)
		left_ns -= left_ns / 8;
	return mean_ns + left_ns;
}

int64_t smooth_add(struct smooth *smooth, const void *pair, size_t size, int64_t mean_ns,
		   uint64_t count)
{
	uint64_t key = hash_bytes(pair, size, smooth->seed) | 1;
	struct smooth_entry *entry =
		smooth->entries ? find(smooth->entries, smooth->mask, key) : NULL;

	if (entry && entry->key) {
		entry->srtt_ns = approach(entry->srtt_ns, mean_ns, count);
		entry->interval = smooth->interval;
		return entry->srtt_ns;
	}
	if (make_room(smooth)) {
		*find(smooth->entries, smooth->mask, key) = (struct smooth_entry){
			.key = key, .srtt_ns = mean_ns, .interval = smooth->interval};
		smooth->count++;
	}
	return mean_ns;
}

void smooth_done(struct smooth *smooth)
{
	free(smooth->entries);
	*smooth = (struct smooth){.max = smooth->max, .seed = smooth->seed};
}
