/*
 * The flow table, by random operations against a naive twin, and its order of
 * eviction.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtt/flow_table.h"

#define SECOND_NS INT64_C(1000000000)
#define IDS       400u
#define SEED      99u

static uint64_t random_state = 7;
static unsigned closed_count;
static bool present[IDS];

static uint32_t random_below(uint32_t bound)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % bound;
}

static struct tcpm_flow_id id_of(uint32_t number)
{
	struct tcpm_flow_id id;

	memset(&id, 0, sizeof(id));
	id.address[0].version = id.address[1].version = 4;
	memcpy(id.address[0].bytes, &number, sizeof(number));
	id.port[1] = 80;
	id.interface = random_below(5); /* takes no part */
	return id;
}

static uint32_t number_of(const struct flow *flow)
{
	uint32_t number;

	memcpy(&number, flow->id.address[0].bytes, sizeof(number));
	return number;
}

static void on_closed(void *user, struct flow *flow)
{
	(void)user;
	closed_count++;
	if (!flow->challenged)
		present[number_of(flow)] = false;
}

static struct flow_table *table_new(uint32_t max_flows)
{
	struct flow_table_options options = {
		.max_flows = max_flows,
		.seed = SEED,
		.timeout_ns = {[FLOW_HALF_OPEN] = 20 * SECOND_NS,
			       [FLOW_ESTABLISHED] = 100 * SECOND_NS,
			       [FLOW_CLOSED] = 5 * SECOND_NS},
		.closed = on_closed,
	};
	struct flow_table *table = flow_table_new(&options);

	assert_non_null(table);
	memset(present, 0, sizeof(present));
	closed_count = 0;
	return table;
}

static struct flow *find(struct flow_table *table, uint32_t number)
{
	struct tcpm_flow_id id = id_of(number);

	return flow_table_find(table, &id, flow_table_hash(SEED, &id));
}

static struct flow *add(struct flow_table *table, uint32_t number, int64_t now_ns)
{
	struct tcpm_flow_id id = id_of(number);
	struct flow *flow = flow_table_add(table, &id, flow_table_hash(SEED, &id), now_ns, NULL);

	assert_non_null(flow);
	flow_table_link(table, flow);
	present[number] = true;
	return flow;
}

static void random_operations(void **state)
{
	struct flow_table *table = table_new(150);
	int64_t now_ns = 0;

	(void)state;
	for (unsigned step = 0; step < 200000; step++) {
		uint32_t number = random_below(IDS);
		struct flow *flow = find(table, number);

		assert_int_equal(flow != NULL, present[number]);
		now_ns += random_below(100) * SECOND_NS / 200;
		if (random_below(1000) == 0)
			now_ns -= SECOND_NS * 30;
		if (!flow)
			add(table, number, now_ns);
		else if (random_below(10) == 0)
			flow_table_remove(table, flow);
		else if (random_below(3) == 0)
			flow_table_set_state(table, flow, random_below(FLOW_STATES));
		else
			flow_table_touch(table, flow, now_ns);
		flow_table_expire(table, now_ns);
		uint32_t count = 0;

		for (unsigned i = 0; i < IDS; i++)
			count += present[i];
		assert_int_equal(flow_table_count(table), count);
		assert_true(count <= 150);
	}
	flow_table_clear(table);
	assert_int_equal(flow_table_count(table), 0);
	assert_int_equal(closed_count, flow_table_opened(table));
	flow_table_free(table);
}

static void ended_before_half_open_before_established(void **state)
{
	struct flow_table *table = table_new(4);

	(void)state;
	flow_table_set_state(table, add(table, 1, 0), FLOW_ESTABLISHED);
	add(table, 2, SECOND_NS);
	flow_table_set_state(table, add(table, 3, 2 * SECOND_NS), FLOW_CLOSED);
	flow_table_set_state(table, add(table, 4, 3 * SECOND_NS), FLOW_ESTABLISHED);
	add(table, 5, 4 * SECOND_NS);
	assert_null(find(table, 3));
	add(table, 6, 4 * SECOND_NS);
	assert_null(find(table, 2));
	/* A flood of half-open ones pushes out only its own. */
	for (uint32_t i = 10; i < 300; i++)
		add(table, i, 4 * SECOND_NS);
	assert_non_null(find(table, 1));
	assert_non_null(find(table, 4));
	assert_int_equal(flow_table_evicted(table), 292);
	flow_table_free(table);
}

static void idle_flows_expire_by_state(void **state)
{
	struct flow_table *table = table_new(10);

	(void)state;
	add(table, 1, 0);
	flow_table_set_state(table, add(table, 2, 0), FLOW_ESTABLISHED);
	flow_table_set_state(table, add(table, 3, 0), FLOW_CLOSED);
	flow_table_expire(table, 4 * SECOND_NS);
	assert_int_equal(flow_table_count(table), 3);
	flow_table_expire(table, 6 * SECOND_NS);
	assert_null(find(table, 3));
	flow_table_touch(table, find(table, 1), 19 * SECOND_NS);
	flow_table_expire(table, 22 * SECOND_NS);
	assert_non_null(find(table, 1));
	flow_table_expire(table, 41 * SECOND_NS);
	assert_null(find(table, 1));
	assert_non_null(find(table, 2));
	flow_table_expire(table, 102 * SECOND_NS);
	assert_int_equal(flow_table_count(table), 0);
	flow_table_free(table);
}

static void challenger_takes_the_place(void **state)
{
	struct flow_table *table = table_new(3);

	(void)state;
	struct flow *old = add(table, 1, 0);
	struct flow *first = flow_table_add(table, &old->id, old->hash, 0, old);
	flow_table_challenge(table, old, first);
	struct flow *second = flow_table_add(table, &old->id, old->hash, 0, old);

	flow_table_challenge(table, old, second);
	assert_int_equal(closed_count, 1);
	assert_ptr_equal(find(table, 1), old);
	flow_table_succeed(table, second);
	present[1] = true;
	assert_ptr_equal(find(table, 1), second);
	assert_int_equal(flow_table_count(table), 1);
	/* A flow that goes leaves its place to its challenger. */
	struct flow *third = flow_table_add(table, &second->id, second->hash, 0, second);

	flow_table_challenge(table, second, third);
	flow_table_remove(table, second);
	assert_int_equal(flow_table_count(table), 1);
	assert_ptr_equal(find(table, 1), third);
	flow_table_free(table);
}

static void challenger_finds_room_without_its_flow(void **state)
{
	struct flow_table *table = table_new(2);

	(void)state;
	struct flow *old = add(table, 1, 0);

	add(table, 2, 0);
	assert_non_null(flow_table_add(table, &old->id, old->hash, 0, old));
	assert_non_null(find(table, 1));
	assert_null(find(table, 2));
	flow_table_free(table);
	table = table_new(1);
	old = add(table, 1, 0);
	assert_null(flow_table_add(table, &old->id, old->hash, 0, old));
	flow_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations),
		cmocka_unit_test(ended_before_half_open_before_established),
		cmocka_unit_test(idle_flows_expire_by_state),
		cmocka_unit_test(challenger_takes_the_place),
		cmocka_unit_test(challenger_finds_room_without_its_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
