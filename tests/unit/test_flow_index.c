/*
 * The index of flows, by random operations against a naive reference: what was added is found
 * once, nobody else is, and nothing stays behind of those that went.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rtt/flow_index.h"

#define BUCKETS 64u
#define MOST    (BUCKETS * INDEX_SLOTS * 3 / 4) /* as many as the table puts in */
#define PLACES  5000u

static uint64_t random_state = 11;

static uint32_t random_below(uint32_t bound)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % bound;
}

static uint64_t random_hash(void)
{
	uint64_t hash = 0;

	for (unsigned i = 0; i < 8; i++)
		hash = hash << 8 | random_below(256);
	return hash;
}

struct model {
	struct {
		uint64_t hash;
		uint32_t place;
	} known[MOST];
	size_t count;
	bool used[PLACES]; /* by place */
};

static uint32_t free_place(const struct model *model)
{
	uint32_t place;

	do
		place = 1 + random_below(PLACES - 1);
	while (model->used[place]);
	return place;
}

static void add(struct flow_index *index, struct model *model, uint64_t hash)
{
	uint32_t place = free_place(model);

	model->known[model->count].hash = hash;
	model->known[model->count++].place = place;
	model->used[place] = true;
	flow_index_add(index, hash, place);
}

static void move(struct flow_index *index, struct model *model, size_t which)
{
	uint32_t from = model->known[which].place;
	uint32_t to = free_place(model);

	flow_index_change(index, model->known[which].hash, from, to);
	model->used[from] = false;
	model->used[to] = true;
	model->known[which].place = to;
}

static void take_away(struct flow_index *index, struct model *model, size_t which)
{
	flow_index_change(index, model->known[which].hash, model->known[which].place, 0);
	model->used[model->known[which].place] = false;
	model->known[which] = model->known[--model->count];
}

/* How often a search by a hash comes to a place; it may come to others that are there. */
static unsigned times_found(const struct flow_index *index, const struct model *model,
			    uint64_t hash, uint32_t wanted, size_t *others)
{
	struct index_search search;
	unsigned found = 0;
	size_t steps = 0;
	uint32_t place;

	index_search_begin(&search, index, hash);
	while ((place = index_search_next(&search, index))) {
		assert_true(place < PLACES);
		assert_true(model->used[place]);
		assert_true(++steps <= model->count);
		if (place == wanted)
			found++;
	}
	*others += steps - found;
	return found;
}

static size_t check_all(const struct flow_index *index, const struct model *model)
{
	size_t others = 0;

	assert_int_equal(index->count, model->count);
	for (size_t i = 0; i < model->count; i++)
		assert_int_equal(times_found(index, model, model->known[i].hash,
					     model->known[i].place, &others),
				 1);
	return others;
}

/* Few buckets, the last one among them, behind which comes the first; and tags that are one
 * another's neighbours, 0 and 1 too, which are one. */
static uint64_t close_hash(void)
{
	static const uint64_t tags[] = {0, 1, 2, 3, 0x7f, 0x80, 0x81, 0xfe, 0xff};
	static const uint64_t buckets[] = {0, 1, 5, 6, BUCKETS - 2, BUCKETS - 1};
	uint64_t tag = tags[random_below(sizeof(tags) / sizeof(tags[0]))];
	uint64_t bucket = buckets[random_below(sizeof(buckets) / sizeof(buckets[0]))];

	/* What lies between, the index does not look at. */
	return tag << 56 | (uint64_t)random_below(1000) << 20 | bucket;
}

/* Many flows of one hash: more than fit a bucket. */
static uint64_t equal_hash(void)
{
	static const uint64_t hashes[] = {0x4200000000000003, 0x430000000000003f,
					  0x4200000000000004, 0};

	return hashes[random_below(4)];
}

static uint64_t (*const kinds[])(void) = {random_hash, close_hash, equal_hash};

static void random_operations_of(uint64_t (*next_hash)(void))
{
	struct model *model = calloc(1, sizeof(*model));
	struct flow_index index;
	unsigned bias = 0;
	size_t most = 0;

	assert_non_null(model);
	assert_int_equal(flow_index_init(&index, BUCKETS), 0);
	for (unsigned step = 0; step < 60000; step++) {
		/* It fills up and runs empty by turns. */
		if (step % 1500 == 0)
			bias = random_below(10);
		assert_int_equal(flow_index_crowded(&index), model->count >= MOST);
		if (random_below(10) < bias && model->count < MOST)
			add(&index, model, next_hash());
		else if (model->count && random_below(4) == 0)
			move(&index, model, random_below((uint32_t)model->count));
		else if (model->count)
			take_away(&index, model, random_below((uint32_t)model->count));
		if (model->count > most)
			most = model->count;
		if (step % 100 == 0)
			check_all(&index, model);
	}
	assert_int_equal(most, MOST);
	while (model->count)
		take_away(&index, model, random_below((uint32_t)model->count));
	assert_int_equal(index.count, 0);
	/* No place, no tag, and nobody who went past. */
	for (size_t i = 0; i < BUCKETS * sizeof(struct index_bucket); i++)
		assert_int_equal(index.region.base[i], 0);
	flow_index_done(&index);
	free(model);
}

static void random_operations(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		random_operations_of(kinds[i]);
}

/* Of those that are one bucket's, some lie behind it. They are found when others have gone
 * from in front of them, too. */
static void passed_buckets(void **state)
{
	struct model *model = calloc(1, sizeof(*model));
	const uint64_t hash = UINT64_C(0xab) << 56 | (BUCKETS - 1);
	struct flow_index index;
	size_t others = 0;

	(void)state;
	assert_non_null(model);
	assert_int_equal(flow_index_init(&index, BUCKETS), 0);
	for (unsigned i = 0; i < 3 * INDEX_SLOTS + 5; i++)
		add(&index, model, hash);
	check_all(&index, model);
	while (model->count > 5) {
		take_away(&index, model, 0);
		check_all(&index, model);
	}
	for (unsigned i = 0; i < 2 * INDEX_SLOTS; i++) {
		add(&index, model, hash);
		move(&index, model, random_below((uint32_t)model->count));
		check_all(&index, model);
	}
	/* A stranger's search comes to nobody, where no tag is alike. */
	assert_int_equal(
		times_found(&index, model, UINT64_C(0x11) << 56 | (BUCKETS - 1), 0, &others), 0);
	assert_int_equal(others, 0);
	flow_index_clear(&index);
	assert_int_equal(index.count, 0);
	assert_int_equal(flow_index_memory(&index), BUCKETS * sizeof(struct index_bucket));
	for (size_t i = 0; i < BUCKETS * sizeof(struct index_bucket); i++)
		assert_int_equal(index.region.base[i], 0);
	flow_index_done(&index);
	free(model);
}

/* A tag that only looks like the one that is sought comes up, beside one that is; the free
 * slot beside it does not. */
static void tags_that_look_alike(void **state)
{
	struct model *model = calloc(1, sizeof(*model));

	(void)state;
	assert_non_null(model);
	for (unsigned tag = 1; tag < 256; tag++) {
		for (unsigned at = 0; at < INDEX_SLOTS; at++) {
			struct flow_index index;
			size_t others = 0;

			memset(model, 0, sizeof(*model));
			assert_int_equal(flow_index_init(&index, 2), 0);
			for (unsigned slot = 0; slot < at; slot++)
				add(&index, model, (uint64_t)(tag ^ 0x55 ? tag ^ 0x55 : 2) << 56);
			add(&index, model, (uint64_t)tag << 56);
			if (at % 2 && at + 1 < INDEX_SLOTS)
				add(&index, model, (uint64_t)(tag ^ 1) << 56);
			check_all(&index, model);
			assert_int_equal(times_found(&index, model, (uint64_t)tag << 56,
						     model->known[at].place, &others),
					 1);
			assert_true(others <= 1);
			flow_index_done(&index);
		}
	}
	free(model);
}

/* Flows are looked at that are the right ones, nearly always: what the tags are for. */
static void hardly_anybody_else_is_looked_at(void **state)
{
	struct model *model = calloc(1, sizeof(*model));
	struct flow_index index;
	size_t others;

	(void)state;
	assert_non_null(model);
	assert_int_equal(flow_index_init(&index, BUCKETS), 0);
	while (model->count < MOST)
		add(&index, model, random_hash());
	others = check_all(&index, model);
	assert_true(others < MOST / 10);
	flow_index_done(&index);
	free(model);
}

/* Somebody went past each bucket, and all who made them do so have gone. A search for a
 * stranger comes round, and ends. */
static void a_search_ends(void **state)
{
	struct model *model = calloc(1, sizeof(*model));
	struct flow_index index;
	size_t others = 0;

	(void)state;
	assert_non_null(model);
	assert_int_equal(flow_index_init(&index, BUCKETS), 0);
	for (uint64_t bucket = 0; bucket < BUCKETS; bucket++) {
		/* The first of all has nobody before it; of the last bucket one lies in the first.
		 */
		size_t before = model->count;
		size_t fill = bucket ? INDEX_SLOTS - 1 : INDEX_SLOTS;

		while (model->count < before + fill + 1)
			add(&index, model, UINT64_C(0xcc) << 56 | bucket);
		for (size_t i = 0; i < fill; i++)
			take_away(&index, model, before + fill - 1 - i);
		assert_true(index.buckets[bucket].passed > 0);
	}
	assert_int_equal(model->count, BUCKETS);
	check_all(&index, model);
	alarm(20); /* rather than for ever */
	assert_int_equal(times_found(&index, model, UINT64_C(0x11) << 56, 0, &others), 0);
	alarm(0);
	assert_int_equal(others, 0);
	flow_index_done(&index);
	free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations),
		cmocka_unit_test(passed_buckets),
		cmocka_unit_test(tags_that_look_alike),
		cmocka_unit_test(hardly_anybody_else_is_looked_at),
		cmocka_unit_test(a_search_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
