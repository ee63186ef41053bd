/*
 * The flow table, by random operations against a naive model, its order of
 * eviction, and when idle flows go.
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
	id.address[0].version = id.address[1].version = number % 3 ? 4 : 6;
	memcpy(id.address[0].bytes, &number, sizeof(number));
	id.port[1] = 80;
	if (number % 5 == 0) {
		id.label_kind[0] = TCPM_LABEL_VLAN;
		id.label[0] = 7;
	}
	id.interface = number * 1000; /* beyond 16 bits too */
	return id;
}

static struct flow_name name_of(uint32_t number)
{
	static struct tcpm_flow_id ids[8]; /* of the last names */
	static unsigned next;
	struct tcpm_flow_id *id = &ids[next++ % 8];
	struct flow_name name;

	*id = id_of(number);
	memset(&name, 0xa5, sizeof(name)); /* of a plain one the id is not looked at */
	flow_name_of(SEED, id, &name);
	name.interface += random_below(2); /* takes no part */
	return name;
}

static struct flow_table *current;

static uint32_t number_of(const struct flow *flow)
{
	struct tcpm_flow_id id;
	uint32_t number;

	flow_table_id(current, flow, &id);
	memcpy(&number, id.address[0].bytes, sizeof(number));
	return number;
}

static void note_gone(uint32_t number)
{
	if (number < IDS)
		present[number] = false;
}

static void on_closed(void *user, struct flow *flow)
{
	(void)user;
	closed_count++;
	assert_false(flow->state == FLOW_ALIAS || flow->state == FLOW_FREE);
	if (!flow_table_challenged(current, flow))
		note_gone(number_of(flow));
}

static struct flow_table *table_within(uint32_t max_flows, size_t max_memory)
{
	struct flow_table_options options = {
		.max_flows = max_flows,
		.max_memory = max_memory,
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
	current = table;
	return table;
}

static struct flow_table *table_new(uint32_t max_flows)
{
	return table_within(max_flows, (size_t)1 << 30);
}

static struct flow *find(struct flow_table *table, uint32_t number)
{
	struct flow_name name = name_of(number);

	return flow_table_find(table, &name);
}

static struct flow *add(struct flow_table *table, uint32_t number, int64_t now_ns)
{
	struct flow_name name = name_of(number);
	struct flow *flow = flow_table_add(table, &name, now_ns, NULL);

	assert_non_null(flow);
	flow_table_link(table, flow);
	present[number] = true;
	return flow;
}

static struct flow *challenge(struct flow_table *table, struct flow *old)
{
	struct tcpm_flow_id id;
	struct flow_name name;
	struct flow *flow;

	flow_table_name(table, old, &id, &name);
	flow = flow_table_add(table, &name, 0, old);
	assert_non_null(flow);
	flow_table_challenge(table, old, flow);
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
			flow_table_set_state(table, flow, random_below(FLOW_STATES),
					     flow->last_used_ns);
		else
			flow_table_touch(table, flow, now_ns);
		if (flow_expiry_due(flow_table_expiry(table), now_ns))
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
	flow_table_set_state(table, add(table, 1, 0), FLOW_ESTABLISHED, 0);
	add(table, 2, SECOND_NS);
	flow_table_set_state(table, add(table, 3, 2 * SECOND_NS), FLOW_CLOSED, 2 * SECOND_NS);
	flow_table_set_state(table, add(table, 4, 3 * SECOND_NS), FLOW_ESTABLISHED, 3 * SECOND_NS);
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
	flow_table_set_state(table, add(table, 2, 0), FLOW_ESTABLISHED, 0);
	flow_table_set_state(table, add(table, 3, 0), FLOW_CLOSED, 0);
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

/* Who goes does not depend on when within a second it is looked, nor on how often before. A new
 * state is a use: none stands in line behind one that was used later. */
static void looks_are_of_whole_seconds(void **state)
{
	static const struct {
		int64_t look_ms;
		bool stays;
	} looks[] = {{20000, true}, {20999, true}, {21000, false}, {21001, false}, {21999, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		for (int64_t step_ms = 70; step_ms < 3000; step_ms += 333) {
			struct flow_table *table = table_new(10);

			add(table, 1, 200 * SECOND_NS / 1000); /* half-open: 20 s */
			for (int64_t ms = step_ms; ms < looks[i].look_ms; ms += step_ms)
				if (flow_expiry_due(flow_table_expiry(table),
						    ms * SECOND_NS / 1000))
					flow_table_expire(table, ms * SECOND_NS / 1000);
			flow_table_expire(table, looks[i].look_ms * SECOND_NS / 1000);
			assert_int_equal(find(table, 1) != NULL, looks[i].stays);
			flow_table_free(table);
		}
	}
}

static void new_state_is_a_use(void **state)
{
	struct flow_table *table = table_new(10);
	struct flow *first;

	(void)state;
	first = add(table, 1, 0);
	flow_table_set_state(table, add(table, 2, SECOND_NS / 2), FLOW_ESTABLISHED, SECOND_NS / 2);
	flow_table_set_state(table, first, FLOW_ESTABLISHED, SECOND_NS * 3 / 4);
	assert_true(first->last_used_ns == SECOND_NS * 3 / 4);
	flow_table_free(table);
}

/* One that was not looked at yet goes when it is found, as soon as it was idle for too long. */
static void found_only_if_not_idle(void **state)
{
	struct flow_table *table = table_new(10);
	struct flow_name name = name_of(1);
	struct flow *flow = add(table, 1, 0);

	(void)state;
	assert_ptr_equal(flow_table_revalidate(table, flow, &name, 20 * SECOND_NS), flow);
	flow_table_set_state(table, flow, FLOW_ESTABLISHED, flow->last_used_ns);
	assert_ptr_equal(flow_table_revalidate(table, flow, &name, 100 * SECOND_NS), flow);
	/* Time may have been set back. */
	assert_ptr_equal(flow_table_revalidate(table, flow, &name, -1000 * SECOND_NS), flow);
	assert_int_equal(closed_count, 0);
	add(table, 2, 0);
	assert_null(flow_table_revalidate(table, flow, &name, 100 * SECOND_NS + 1));
	assert_null(find(table, 1));
	assert_int_equal(closed_count, 1);
	/* Another one is not looked at, and none of them went for want of room. */
	assert_non_null(find(table, 2));
	assert_int_equal(flow_table_count(table), 1);
	assert_int_equal(flow_table_evicted(table), 0);
	flow_table_free(table);
}

/* A flow and its challenger, last used then. */
static struct flow *add_challenged(struct flow_table *table, int64_t flow_ns, int64_t challenger_ns,
				   struct flow **challenger)
{
	struct flow *flow = add(table, 1, 0);

	*challenger = challenge(table, flow);
	flow_table_touch(table, flow, flow_ns);
	flow_table_touch(table, *challenger, challenger_ns);
	return flow;
}

/* Of a flow and its challenger the one goes that was idle for too long. */
static void idle_one_of_two_goes(void **state)
{
	struct flow_table *table = table_new(10);
	struct flow_name name = name_of(1);
	struct flow *challenger;
	struct flow *flow = add_challenged(table, 10 * SECOND_NS, 30 * SECOND_NS, &challenger);

	(void)state;
	assert_ptr_equal(flow_table_revalidate(table, flow, &name, 30 * SECOND_NS), flow);
	assert_int_equal(closed_count, 0);
	/* The flow: its challenger has the name then. */
	assert_ptr_equal(flow_table_revalidate(table, flow, &name, 31 * SECOND_NS), challenger);
	assert_ptr_equal(find(table, 1), challenger);
	assert_null(flow_table_challenged(table, challenger));
	assert_int_equal(closed_count, 1);
	assert_int_equal(flow_table_count(table), 1);
	flow_table_free(table);

	/* The challenger. */
	table = table_new(10);
	flow = add_challenged(table, 30 * SECOND_NS, 10 * SECOND_NS, &challenger);
	assert_ptr_equal(flow_table_revalidate(table, flow, &name, 31 * SECOND_NS), flow);
	assert_ptr_equal(find(table, 1), flow);
	assert_null(flow_table_challenger(table, flow));
	assert_int_equal(closed_count, 1);
	assert_int_equal(flow_table_count(table), 1);
	flow_table_free(table);

	/* Both. */
	table = table_new(10);
	flow = add_challenged(table, 30 * SECOND_NS, 30 * SECOND_NS, &challenger);
	assert_null(flow_table_revalidate(table, flow, &name, 51 * SECOND_NS));
	assert_null(find(table, 1));
	assert_int_equal(closed_count, 2);
	assert_int_equal(flow_table_count(table), 0);
	flow_table_free(table);
}

/* A name of one that goes by another name as well. */
static void idle_by_either_name(void **state)
{
	struct flow_table *table = table_new(10);
	struct flow *flow = add(table, 1, 0);
	struct flow_name name = name_of(3);

	(void)state;
	flow_table_add_alias(table, flow, &name);
	assert_ptr_equal(flow_table_revalidate(table, flow, &name, 20 * SECOND_NS), flow);
	assert_null(flow_table_revalidate(table, flow, &name, 21 * SECOND_NS));
	assert_null(find(table, 1));
	assert_null(find(table, 3));
	assert_int_equal(flow_table_count(table), 0);
	flow_table_free(table);
}

static void challenger_takes_the_place(void **state)
{
	struct flow_table *table = table_new(3);

	(void)state;
	struct flow *old = add(table, 1, 0);

	challenge(table, old);

	struct flow *second = challenge(table, old);

	assert_int_equal(closed_count, 1);
	assert_ptr_equal(find(table, 1), old);
	flow_table_succeed(table, second);
	present[1] = true;
	assert_ptr_equal(find(table, 1), second);
	assert_int_equal(flow_table_count(table), 1);
	/* A flow that goes leaves its place to its challenger. */
	struct flow *third = challenge(table, second);

	flow_table_remove(table, second);
	assert_int_equal(flow_table_count(table), 1);
	assert_ptr_equal(find(table, 1), third);
	flow_table_free(table);
}

static void challenger_finds_room_without_its_flow(void **state)
{
	struct flow_table *table = table_new(2);
	struct flow_name name = name_of(1);

	(void)state;
	add(table, 2, 0);
	struct flow *old = add(table, 1, 0);

	assert_non_null(flow_table_add(table, &name, 0, old));
	assert_non_null(find(table, 1));
	assert_null(find(table, 2));
	flow_table_free(table);
	table = table_new(1);
	old = add(table, 1, 0);
	assert_null(flow_table_add(table, &name, 0, old));
	flow_table_free(table);
}

static void id_comes_back_as_it_was(void **state)
{
	struct flow_table *table = table_new(IDS);

	(void)state;
	for (uint32_t number = 0; number < IDS; number++) {
		struct tcpm_flow_id id = id_of(number);
		struct tcpm_flow_id got;
		struct flow_name name;

		flow_name_of(SEED, &id, &name);
		flow_name_id(&name, &got);
		assert_memory_equal(&got, &id, sizeof(id));

		struct flow *flow = flow_table_add(table, &name, 0, NULL);

		flow_table_id(table, flow, &got);
		assert_memory_equal(&got, &id, sizeof(id));
	}
	flow_table_free(table);
}

static void alias_follows_its_flow(void **state)
{
	struct flow_table *table = table_new(10);
	struct flow *flow = add(table, 1, 0);
	struct flow_name name = name_of(3);

	(void)state;
	flow_table_add_alias(table, flow, &name);
	assert_int_equal(flow_table_count(table), 2);
	assert_ptr_equal(find(table, 3), flow);
	assert_ptr_equal(find(table, 1), flow);
	/* Another alias takes the place of the first. */
	name = name_of(4);
	flow_table_add_alias(table, flow, &name);
	assert_null(find(table, 3));
	assert_ptr_equal(find(table, 4), flow);
	/* A challenger inherits it. */
	struct flow *challenger = challenge(table, flow);

	flow_table_succeed(table, challenger);
	assert_ptr_equal(find(table, 4), challenger);
	assert_ptr_equal(find(table, 1), challenger);
	flow_table_remove(table, challenger);
	assert_null(find(table, 4));
	assert_int_equal(flow_table_count(table), 0);
	flow_table_free(table);
}

/* A flow known by its isn, whatever its place. */
static void mark(struct flow *flow, uint32_t number)
{
	flow->direction[1].isn = number;
	flow->totals[0].user_data = (uintptr_t)flow;
}

#define MANY 20002u

/* Memory of MANY flows asked for elsewhere: the oldest go, the others are as they were, by
 * whatever name or list they are known. */
static void fitting_moves_flows_and_loses_none(void **state)
{
	struct flow_table *table = table_within(MANY * 2, (size_t)16 << 20);
	size_t before;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		struct flow_name name;
		struct tcpm_flow_id id = id_of(i);

		flow_name_of(SEED, &id, &name);

		struct flow *flow = flow_table_add(table, &name, i, NULL);

		assert_non_null(flow);
		flow_table_link(table, flow);
		mark(flow, i);
		if (i % 2)
			flow_table_set_state(table, flow, FLOW_ESTABLISHED, flow->last_used_ns);
	}
	/* Some go, so that there are places to move to; some are known in other ways too. */
	for (uint32_t i = 0; i < MANY; i += 7)
		flow_table_remove(table, find(table, i));

	struct flow *flow = find(table, MANY - 1);
	struct flow *challenger = challenge(table, flow);
	struct flow_name other = name_of(MANY * 2 + 1);

	mark(challenger, MANY * 3);
	flow_table_add_alias(table, flow, &other);
	flow_table_note_syn(table, find(table, MANY - 2));
	before = flow_table_memory(table);
	while (!flow_table_fit(table, 0))
		;
	assert_int_equal(flow_table_memory(table), before);
	while (!flow_table_fit(table, ((size_t)16 << 20) - before + ((size_t)1 << 20)))
		;
	assert_true(flow_table_memory(table) <= before - ((size_t)1 << 20));
	assert_true(flow_table_evicted(table) > 0);

	/* Half-open ones went first, the oldest of them before the others. */
	bool missing = true;

	for (uint32_t i = 0; i < MANY; i++) {
		flow = find(table, i);
		if (i % 7 == 0) {
			assert_null(flow);
		} else if (i % 2) {
			assert_non_null(flow);
			assert_int_equal(flow->direction[1].isn, i);
		} else {
			assert_true(missing || flow);
			missing = !flow;
			if (flow)
				assert_int_equal(flow->direction[1].isn, i);
		}
	}
	flow = find(table, MANY - 1);
	assert_ptr_equal(find(table, MANY * 2 + 1), flow);
	challenger = flow_table_challenger(table, flow);
	assert_int_equal(challenger->direction[1].isn, MANY * 3);
	assert_ptr_equal(flow_table_challenged(table, challenger), flow);

	struct tcpm_flow_id id = id_of(MANY - 2);

	assert_ptr_equal(flow_table_noted(table, &id), find(table, MANY - 2));
	flow_table_clear(table);
	assert_int_equal(flow_table_count(table), 0);
	flow_table_free(table);
}

/* With a bound on memory alone, flows go when it is reached, and not before. */
static void memory_is_a_bound_by_itself(void **state)
{
	const size_t bound = (size_t)4 << 20;
	struct flow_table *table = table_within(1u << 20, bound);

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		struct tcpm_flow_id id = id_of(1 + i * 15); /* plain */
		struct flow_name name;

		flow_name_of(SEED, &id, &name);

		struct flow *flow = flow_table_add(table, &name, i, NULL);

		flow_table_link(table, flow);
		if (i % 1000 == 0)
			flow_table_fit(table, 0);
		assert_true(flow_table_memory(table) <= bound + ((size_t)1 << 20));
	}
	while (!flow_table_fit(table, 0))
		;
	assert_true(flow_table_memory(table) <= bound);
	assert_true(flow_table_count(table) * sizeof(struct flow) > bound / 2);
	while (!flow_table_fit(table, bound * 2))
		;
	assert_true(flow_table_count(table) > 0);
	flow_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations),
		cmocka_unit_test(ended_before_half_open_before_established),
		cmocka_unit_test(looks_are_of_whole_seconds),
		cmocka_unit_test(new_state_is_a_use),
		cmocka_unit_test(idle_flows_expire_by_state),
		cmocka_unit_test(found_only_if_not_idle),
		cmocka_unit_test(idle_one_of_two_goes),
		cmocka_unit_test(idle_by_either_name),
		cmocka_unit_test(challenger_takes_the_place),
		cmocka_unit_test(challenger_finds_room_without_its_flow),
		cmocka_unit_test(id_comes_back_as_it_was),
		cmocka_unit_test(alias_follows_its_flow),
		cmocka_unit_test(fitting_moves_flows_and_loses_none),
		cmocka_unit_test(memory_is_a_bound_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
