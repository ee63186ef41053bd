/*
 * The segment ring and its slab, by random operations against a naive twin.
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

struct twin {
	uint32_t starts[LIMIT];
	unsigned count;
};

static void same(const struct segment_ring *ring, const struct twin *twin)
{
	assert_int_equal(ring->count, twin->count);
	for (unsigned i = 0; i < twin->count; i++)
		assert_int_equal(segment_ring_at(ring, i)->start, twin->starts[i]);
	if (!twin->count)
		assert_null(ring->slots);
}

static void insert(struct segment_ring *ring, struct segment_slab *slab, struct twin *twin,
		   uint32_t value)
{
	unsigned index = random_below(4) ? twin->count : random_below(twin->count + 1);
	struct segment *segment = segment_ring_insert(ring, slab, index, LIMIT);

	if (!segment)
		return;
	assert_true(twin->count < LIMIT);
	segment->start = value;
	memmove(&twin->starts[index + 1], &twin->starts[index],
		(twin->count - index) * sizeof(uint32_t));
	twin->starts[index] = value;
	twin->count++;
}

static void pop(struct segment_ring *ring, struct segment_slab *slab, struct twin *twin)
{
	unsigned count = random_below(twin->count + 1);

	segment_ring_pop(ring, slab, count);
	twin->count -= count;
	memmove(twin->starts, &twin->starts[count], twin->count * sizeof(uint32_t));
}

static void many_rings_share_a_slab(void **state)
{
	static struct twin twins[RINGS];
	struct segment_ring rings[RINGS] = {0};
	struct segment_slab *slab = segment_slab_new(1);

	(void)state;
	random_state = 42;
	assert_non_null(slab);
	memset(twins, 0, sizeof(twins));
	for (uint32_t step = 0; step < 300000; step++) {
		unsigned i = random_below(RINGS);

		if (random_below(40))
			insert(&rings[i], slab, &twins[i], step);
		else if (random_below(4))
			pop(&rings[i], slab, &twins[i]);
		else {
			segment_ring_clear(&rings[i], slab);
			twins[i].count = 0;
		}
		same(&rings[i], &twins[i]);
	}
	for (unsigned i = 0; i < RINGS; i++)
		segment_ring_clear(&rings[i], slab);
	/* All is given back and joined: the largest block can be had again. */
	segment_slab_free(slab);
}

static void slab_is_joined_again(void **state)
{
	struct segment_slab *slab = segment_slab_new(8192);
	struct segment *blocks[1024];

	(void)state;
	assert_non_null(slab);
	for (unsigned i = 0; i < 1024; i++) {
		blocks[i] = segment_slab_take(slab, 8); /* small: given to the last */
		assert_non_null(blocks[i]);
		memset(blocks[i], (int)i, 8 * sizeof(struct segment));
	}
	assert_null(segment_slab_take(slab, 4));
	for (unsigned i = 0; i < 1024; i++)
		segment_slab_give(slab, blocks[(i * 37) % 1024], 8);
	/* All is joined again: the largest that one may have can be had. */
	struct segment *large = segment_slab_take(slab, 1024);

	assert_non_null(large);
	assert_null(segment_slab_take(slab, 1024));
	segment_slab_give(slab, large, 1024);
	segment_slab_free(slab);
}

static void full_slab_refuses_and_loses_nothing(void **state)
{
	struct segment_slab *slab = segment_slab_new(8192);
	struct segment_ring rings[3] = {0};
	unsigned held = 0;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct segment *segment;

		while ((segment = segment_ring_insert(&rings[i], slab, rings[i].count, 8192))) {
			segment->start = held++;
		}
	}
	/* Each takes an eighth of what is free, then stops. */
	assert_true(held >= 1024);
	for (unsigned i = 0, value = 0; i < 3; i++)
		for (unsigned j = 0; j < rings[i].count; j++)
			assert_int_equal(segment_ring_at(&rings[i], j)->start, value++);
	for (unsigned i = 0; i < 3; i++)
		segment_ring_clear(&rings[i], slab);
	segment_slab_free(slab);
}

static void find_is_the_first_that_ends_after(void **state)
{
	struct segment_slab *slab = segment_slab_new(1);
	struct segment_ring ring = {0};
	uint32_t base = 0u - 500u; /* across the wrap */

	(void)state;
	for (uint32_t i = 0; i < 10; i++) {
		struct segment *segment = segment_ring_insert(&ring, slab, i, LIMIT);

		segment->start = base + i * 100;
		segment->end = base + i * 100 + 60; /* with holes */
	}
	for (uint32_t seq = 0; seq < 1100; seq++) {
		unsigned naive = 0;

		while (naive < 10 && !(naive * 100 + 60 > seq))
			naive++;
		assert_int_equal(segment_ring_find(&ring, base + seq), naive);
	}
	segment_ring_clear(&ring, slab);
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
		cmocka_unit_test(full_slab_refuses_and_loses_nothing),
		cmocka_unit_test(find_is_the_first_that_ends_after),
		cmocka_unit_test(sequence_numbers_compare_around_the_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
