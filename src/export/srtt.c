/*
 * A hash table of smoothed times: see smooth.h. Pairs are told apart by 64 bits of a keyed
 * hash: among 2,000 of them, two are alike once in 10^13 times.
 */
#include "export/srtt.h"

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
static void rebuild(struct srtt *srtt, size_t entry_count)
{
	struct smooth_entry *entries = calloc(entry_count, sizeof(*entries));
	size_t kept = 0;

	if (!entries)
		return;
	for (size_t i = 0; srtt->entries && i <= srtt->mask; i++) {
		const struct smooth_entry *entry = &srtt->entries[i];

		if (!entry->key || srtt->interval - entry->interval > SRTT_KEPT_INTERVALS)
			continue;
		*find(entries, entry_count - 1, entry->key) = *entry;
		kept++;
	}
	free(srtt->entries);
	srtt->entries = entries;
	srtt->mask = entry_count - 1;
	srtt->count = kept;
}

void srtt_begin(struct srtt *srtt)
{
	srtt->interval++;
	if (srtt->entries && srtt->interval % SRTT_KEPT_INTERVALS == 0)
		rebuild(srtt, srtt->mask + 1);
}

/* Whether there is room for one more, in a table that is at most half full. */
static int make_room(struct srtt *srtt)
{
	if (!srtt->entries)
		rebuild(srtt, FIRST_ENTRIES);
	else if (2 * (srtt->count + 1) > srtt->mask + 1)
		rebuild(srtt, 2 * (srtt->mask + 1));
	return srtt->entries && srtt->count < srtt->max && 2 * (srtt->count + 1) <= srtt->mask + 1;
}

/* An eighth of the way for each sample. Beyond some hundred nothing is left of the way. */
static int64_t approach(int64_t srtt_ns, int64_t mean_ns, uint64_t count)
{
	int64_t left_ns = srtt_ns - mean_ns;

	for (uint64_t i = 0; i < count && left_ns / 8 != 0; i++)
		left_ns -= left_ns / 8;
	return mean_ns + left_ns;
}

int64_t srtt_add(struct srtt *srtt, const void *pair, size_t size, int64_t mean_ns, uint64_t count)
{
	uint64_t key = hash_bytes(pair, size, srtt->seed) | 1;
	struct smooth_entry *entry = srtt->entries ? find(srtt->entries, srtt->mask, key) : NULL;

	if (entry && entry->key) {
		entry->srtt_ns = approach(entry->srtt_ns, mean_ns, count);
		entry->interval = srtt->interval;
		return entry->srtt_ns;
	}
	if (make_room(srtt)) {
		*find(srtt->entries, srtt->mask, key) = (struct smooth_entry){
			.key = key, .srtt_ns = mean_ns, .interval = srtt->interval};
		srtt->count++;
	}
	return mean_ns;
}

void srtt_done(struct srtt *srtt)
{
	free(srtt->entries);
	*srtt = (struct srtt){.max = srtt->max, .seed = srtt->seed};
}
