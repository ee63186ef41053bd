/*
 * The segment ring and its slab, by random operations against a naive model.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtt/segment_ring.h"
#include "rtt/segment_slab.h"
#include "rtt/seq.h"

#define RINGS 24
#define LIMIT 1024

static uint64_t random_state;

static uint32_t random_below(uint32_t bound)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % bound;
}

struct model {
	uint32_t starts[LIMIT];
	unsigned count;
};

static struct segment_ring *ring_of(struct segment_slab *slab, uint32_t number)
{
	return segment_ring_of(segment_slab_units(slab), number);
}

static void same(struct segment_slab *slab, uint32_t number, const struct model *model)
{
	const struct segment_ring *ring = ring_of(slab, number);

	assert_int_equal(ring->count, model->count);
	for (unsigned i = 0; i < model->count; i++)
		assert_int_equal(segment_ring_at(ring, i)->start, model->starts[i]);
	/* The one that all share stays as it is. */
	assert_int_equal(ring_of(slab, 0)->count, 0);
	assert_int_equal(ring_of(slab, 0)->capacity, 0);
}

static void insert(uint32_t *number, struct segment_slab *slab, struct model *model, uint32_t value)
{
	unsigned index = random_below(4) ? model->count : random_below(model->count + 1);
	struct segment *segment = segment_ring_insert(slab, number, index, LIMIT);

	if (!segment)
		return;
	assert_true(model->count < LIMIT);
	segment->start = value;
	memmove(&model->starts[index + 1], &model->starts[index],
		(model->count - index) * sizeof(uint32_t));
	model->starts[index] = value;
	model->count++;
}

static void pop(uint32_t number, struct segment_slab *slab, struct model *model)
{
	unsigned count = random_below(model->count + 1);

	if (number)
		segment_ring_pop(ring_of(slab, number), count);
	model->count -= count;
	memmove(model->starts, &model->starts[count], model->count * sizeof(uint32_t));
}

static void many_rings_share_a_slab(void **state)
{
	static struct model models[RINGS];
	uint32_t rings[RINGS] = {0};
	struct segment_slab *slab = segment_slab_new(1);

	(void)state;
	random_state = 42;
	assert_non_null(slab);
	memset(models, 0, sizeof(models));
	for (uint32_t step = 0; step < 300000; step++) {
		unsigned i = random_below(RINGS);

		if (random_below(40))
			insert(&rings[i], slab, &models[i], step);
		else if (random_below(4))
			pop(rings[i], slab, &models[i]);
		else {
			segment_ring_close(slab, &rings[i]);
			models[i].count = 0;
		}
		same(slab, rings[i], &models[i]);
	}
	for (unsigned i = 0; i < RINGS; i++)
		segment_ring_close(slab, &rings[i]);
	/* All is given back and joined: the largest block can be had again. */
	segment_slab_free(slab);
}

static void slab_is_joined_again(void **state)
{
	struct segment_slab *slab = segment_slab_new(8192);
	uint32_t blocks[1023];

	(void)state;
	assert_non_null(slab);
	/* Small ones are given to the last; two units are the empty ring. */
	for (unsigned i = 0; i < 1023; i++) {
		blocks[i] = segment_slab_take(slab, 8);
		assert_true(blocks[i] != 0);
		memset(&segment_slab_units(slab)[blocks[i]], (int)i, 8 * sizeof(struct segment));
	}
	assert_int_equal(segment_slab_take(slab, 8), 0);
	for (unsigned i = 0; i < 1023; i++)
		segment_slab_give(slab, blocks[(i * 37) % 1023], 8);
	/* All is joined again: the largest that one may have can be had. */
	uint32_t large = segment_slab_take(slab, 512);

	assert_true(large != 0);
	assert_int_equal(segment_slab_take(slab, 1024), 0);
	segment_slab_give(slab, large, 512);
	segment_slab_free(slab);
}

static void slab_grows_as_it_is_needed(void **state)
{
	struct segment_slab *slab = segment_slab_new(65536);
	size_t before = segment_slab_memory(slab);
	uint32_t blocks[4000];

	(void)state;
	for (unsigned i = 0; i < 4000; i++)
		blocks[i] = segment_slab_take(slab, 2);
	assert_int_equal(segment_slab_memory(slab), before);
	/* A block as large as all there was. */
	uint32_t large = segment_slab_take(slab, 4096);

	assert_true(large >= 8192);
	assert_true(segment_slab_memory(slab) == 2 * before);
	segment_slab_give(slab, large, 4096);
	for (unsigned i = 0; i < 4000; i++)
		segment_slab_give(slab, blocks[i], 2);
	segment_slab_free(slab);
}

static void slab_gives_its_end_back(void **state)
{
	struct segment_slab *slab = segment_slab_new(65536);
	size_t before = segment_slab_memory(slab);
	uint32_t blocks[20000];
	unsigned count = 0;

	(void)state;
	segment_slab_bound(slab, 3 * before);
	/* An eighth is of what there may be: 16,384 units. */
	assert_int_equal(segment_slab_take(slab, 2048), 0);
	blocks[0] = segment_slab_take(slab, 1024);
	assert_true(blocks[0] != 0);
	segment_slab_give(slab, blocks[0], 1024);
	while (count < 20000 && (blocks[count] = segment_slab_take(slab, 2)))
		count++;
	assert_int_equal(count, 8191); /* of twice 8,192 units, but for the empty ring */
	assert_int_equal(segment_slab_memory(slab), 2 * before);
	/* As long as one of its blocks is in use, the end stays. */
	for (unsigned i = 0; i + 1 < count; i++)
		segment_slab_give(slab, blocks[i], 2);
	segment_slab_trim(slab);
	assert_int_equal(segment_slab_memory(slab), (blocks[count - 1] < 8192 ? 1 : 2) * before);
	segment_slab_give(slab, blocks[count - 1], 2);
	segment_slab_trim(slab);
	assert_int_equal(segment_slab_memory(slab), before);
	/* All of it can be had again, as empty as it was. */
	segment_slab_bound(slab, SIZE_MAX);

	uint32_t number = 0;

	for (uint32_t i = 0; i < 4000; i++)
		segment_ring_insert(slab, &number, i, 16384)->start = i;
	for (uint32_t i = 0; i < 4000; i++)
		assert_int_equal(segment_ring_at(ring_of(slab, number), i)->start, i);
	segment_ring_close(slab, &number);
	segment_slab_free(slab);
}

static void full_slab_refuses_and_loses_nothing(void **state)
{
	struct segment_slab *slab = segment_slab_new(8192);
	uint32_t rings[3] = {0};
	unsigned held = 0;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct segment *segment;

		while ((segment = segment_ring_insert(slab, &rings[i],
						      ring_of(slab, rings[i])->count, 8192))) {
			segment->start = held++;
		}
	}
	/* Each takes an eighth of what is free, then stops. */
	assert_true(held >= 1024);
	for (unsigned i = 0, value = 0; i < 3; i++)
		for (unsigned j = 0; j < ring_of(slab, rings[i])->count; j++)
			assert_int_equal(segment_ring_at(ring_of(slab, rings[i]), j)->start,
					 value++);
	for (unsigned i = 0; i < 3; i++)
		segment_ring_close(slab, &rings[i]);
	segment_slab_free(slab);
}

/* What a direction knows beside its segments moves with them. */
static void head_moves_along(void **state)
{
	struct segment_slab *slab = segment_slab_new(1);
	uint32_t number = 0;

	(void)state;
	assert_true(segment_ring_open(slab, &number));
	assert_int_equal(ring_of(slab, number)->probe, 0);
	ring_of(slab, number)->epoch = 3;
	ring_of(slab, number)->dupack_frame = 4;
	for (uint32_t i = 0; i < 200; i++)
		segment_ring_insert(slab, &number, i, LIMIT)->start = i;
	assert_int_equal(ring_of(slab, number)->epoch, 3);
	assert_int_equal(ring_of(slab, number)->dupack_frame, 4);
	segment_ring_close(slab, &number);
	assert_int_equal(number, 0);
	segment_slab_free(slab);
}

/* So many segments of 60, each 100 from the one before it, of which the first `gone` went. */
static uint32_t ring_with_holes(struct segment_slab *slab, unsigned count, unsigned gone,
				uint32_t base)
{
	uint32_t ring = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct segment *segment;

		if (i == count - gone)
			segment_ring_pop(ring_of(slab, ring), gone);
		segment = segment_ring_insert(slab, &ring, ring_of(slab, ring)->count, LIMIT);
		segment->start = base + i * 100;
		segment->end = base + i * 100 + 60;
	}
	return ring;
}

/* Whatever the ring says where to look first. */
static void find_is_the_first_that_ends_after(void **state)
{
	struct segment_slab *slab = segment_slab_new(1);
	const uint32_t base = 0u - 500u; /* across the wrap */

	(void)state;
	assert_int_equal(segment_ring_find(ring_of(slab, 0), base), 0);
	for (unsigned count = 1; count < 24; count++) {
		const unsigned gone = random_below(count / 2 + 1);
		uint32_t ring = ring_with_holes(slab, count, gone, base);
		const unsigned left = ring_of(slab, ring)->count;

		assert_int_equal(left, gone ? count - gone : count);
		for (uint32_t seq = 0; seq < count * 100 + 100; seq += 5) {
			unsigned naive = 0;

			while (naive < left && !((naive + gone) * 100 + 60 > seq))
				naive++;
			for (unsigned near = 0; near < left + 3; near++) {
				ring_of(slab, ring)->near = (uint16_t)near;
				assert_int_equal(segment_ring_find(ring_of(slab, ring), base + seq),
						 naive);
			}
		}
		segment_ring_close(slab, &ring);
	}
	segment_slab_free(slab);
}

static void sequence_numbers_compare_around_the_wrap(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		uint32_t a = i * 2654435761u;
		uint32_t ahead = random_below(0x7fffffff) + 1;

		assert_true(seq_before(a, a + ahead));
		assert_true(seq_after(a + ahead, a));
		assert_false(seq_before(a, a));
		assert_int_equal(seq_max(a, a + ahead), a + ahead);
		assert_int_equal(seq_min(a, a + ahead), a);
		assert_int_equal(seq_distance(a + ahead, a), (int32_t)ahead);
		assert_int_equal(seq_plausible(a + ahead, a), ahead <= SEQ_MAX_WINDOW);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_rings_share_a_slab),
		cmocka_unit_test(slab_is_joined_again),
		cmocka_unit_test(slab_grows_as_it_is_needed),
		cmocka_unit_test(slab_gives_its_end_back),
		cmocka_unit_test(head_moves_along),
		cmocka_unit_test(full_slab_refuses_and_loses_nothing),
		cmocka_unit_test(find_is_the_first_that_ends_after),
		cmocka_unit_test(sequence_numbers_compare_around_the_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
