/*
 * Flows that end, most of them without a sample: whatever distinguishes groups, each
 * joins the groups that are there, and makes none. Held against a plain list of keys.
 */
#include "groups_helper.h"

#include "base/prefix_set.h"

enum { MOST = 4000 };

/* What groups must hold, as a list. */
struct model {
	struct group_by by;
	const struct prefix_set *local;
	struct group_key keys[MOST];
	uint64_t flows[MOST];
	uint64_t segments[MOST];
	size_t count;
	uint64_t tally_flows;
	uint64_t tally_segments;
};

static size_t place_of(const struct model *model, const struct group_key *key)
{
	size_t i = 0;

	while (i < model->count && memcmp(&model->keys[i], key, sizeof(*key)) != 0)
		i++;
	return i;
}

static struct group_key key_of(const struct model *model, const struct test_flow *flow,
			       unsigned sender)
{
	return group_key_of(&model->by, model->local, &flow->id, sender, flow->id.interface);
}

static void note_sample(struct model *model, const struct test_flow *flow, unsigned sender)
{
	struct group_key key = key_of(model, flow, sender);
	size_t place = place_of(model, &key);

	if (place == model->count) {
		assert_true(model->count < MOST);
		model->keys[model->count++] = key;
	}
	model->segments[place]++;
}

static void note_end(struct model *model, const struct test_flow *flow, const uint64_t segments[2])
{
	size_t place[2];

	for (unsigned sender = 0; sender < 2; sender++) {
		struct group_key key = key_of(model, flow, sender);

		place[sender] = place_of(model, &key);
		if (place[sender] < model->count)
			model->segments[place[sender]] += segments[sender];
		else
			model->tally_segments += segments[sender];
	}
	if (place[0] < model->count)
		model->flows[place[0]]++;
	if (place[1] < model->count && place[1] != place[0])
		model->flows[place[1]]++;
	if (place[0] == model->count && place[1] == model->count)
		model->tally_flows++;
}

static struct tcpm_address random_address(uint64_t *seed)
{
	unsigned number = (unsigned)(random_next(seed) % 60);

	if (number < 40)
		return v4(number / 20, number % 20);
	return (struct tcpm_address){
		.version = 6,
		.bytes = {0x20, 1, [7] = (uint8_t)(number / 10), [15] = (uint8_t)number}};
}

/* Either end may come first: nothing here relies on the engine's order. */
static struct test_flow random_flow(uint64_t *seed)
{
	struct tcpm_address a = random_address(seed);
	struct tcpm_address b;
	struct test_flow flow;

	do
		b = random_address(seed);
	while (b.version != a.version);
	flow = make_flow(a, (uint16_t)(random_next(seed) % 3), b,
			 (uint16_t)(random_next(seed) % 3));
	flow.id.interface = (uint32_t)(random_next(seed) % 2);
	if (random_next(seed) % 2) {
		flow.id.label_kind[0] = TCPM_LABEL_VLAN;
		flow.id.label[0] = (uint32_t)(1 + random_next(seed) % 3);
	}
	return flow;
}

/* Both ways to a key's hash lead to the same one. */
static void check_hash(const struct group_by *by, const struct test_flow *flow)
{
	const struct prefix_set nobody = {0};

	for (unsigned sender = 0; sender < 2; sender++) {
		struct group_key key =
			group_key_of(by, &nobody, &flow->id, sender, flow->id.interface);

		assert_int_equal(group_key_hash(by, &key, 42),
				 group_key_hash_of(by, &flow->id, sender, flow->id.interface, 42));
	}
}

static void assert_same(const struct groups *groups, const struct model *model)
{
	assert_int_equal(group_count(groups), model->count);
	for (size_t i = 0; i < model->count; i++) {
		const struct group *group = group_at(groups, i);

		assert_memory_equal(&group->key, &model->keys[i], sizeof(group->key));
		assert_ptr_equal(groups_find(groups, &model->keys[i]), group);
		assert_int_equal(group->summary.flows, model->flows[i]);
		assert_int_equal(group->summary.totals.segments, model->segments[i]);
	}
	assert_int_equal(groups_tally(groups)->flows, model->tally_flows);
	assert_int_equal(groups_tally(groups)->totals.segments, model->tally_segments);
	assert_null(groups_other(groups));
}

/* Of a flow in `one_in`, one direction, or both, have a sample. */
static void run(struct group_by by, const struct prefix_set *local, unsigned one_in)
{
	static const struct prefix_set nobody = {0};
	static struct model model;
	struct groups *groups = make_groups((struct groups_options){.by = by, .local = local});
	uint64_t seed = 11 + by.hosts;

	memset(&model, 0, sizeof(model));
	model.by = by;
	model.local = local ? local : &nobody;
	for (int i = 0; i < 6000; i++) {
		struct test_flow flow = random_flow(&seed);
		uint64_t which = random_next(&seed) % 3;
		uint64_t segments[2] = {random_next(&seed) % 9, random_next(&seed) % 9};

		for (unsigned sender = 0; i % (int)one_in == 0 && sender < 2; sender++) {
			if (which == sender)
				continue;
			assert_int_equal(give(groups, &flow, sender, 1000 + i),
					 key_of(&model, &flow, sender).side);
			note_sample(&model, &flow, sender);
		}
		check_hash(&by, &flow);
		finish(groups, &flow, segments[0], segments[1]);
		note_end(&model, &flow, segments);
	}
	assert_same(groups, &model);
	assert_true(model.count > 0);
	assert_true(model.tally_flows > 0);
	groups_free(groups);
}

static void every_part_of_the_key(void **state)
{
	const struct prefix here = {.bits = 24, .address = v4(0, 0)};
	struct prefix_set local;

	(void)state;
	assert_int_equal(prefix_set_init(&local, &here, 1), 0);
	for (unsigned hosts = 0; hosts < GROUPS_BYS; hosts++) {
		for (unsigned more = 0; more < 8; more++) {
			struct group_by by = {.hosts = (enum groups_by)hosts,
					      .interface = more & 1,
					      .tunnel = more & 2,
					      .prefix_v4 = 28,
					      .prefix_v6 = 64};

			run(by, more & 4 ? &local : NULL, 50);
			run(by, more & 4 ? &local : NULL, 400);
		}
	}
	prefix_set_done(&local);
}

/* The two ends lie in one network: one group is both directions'. */
static void within_one_network(void **state)
{
	struct group_by by = {.hosts = GROUPS_BY_PREFIX, .prefix_v4 = 8, .prefix_v6 = 16};

	(void)state;
	run(by, NULL, 5000);
}

/* A flow that had a sample in groups that have gone creates its groups again. */
static void samples_of_another_generation(void **state)
{
	struct groups *groups = make_groups((struct groups_options){0});
	struct test_flow flow = make_flow(v4(1, 1), 1, v4(1, 2), 2);

	(void)state;
	give(groups, &flow, 0, 1000);
	groups_reset(groups, 1);
	finish(groups, &flow, 3, 4);
	assert_int_equal(group_count(groups), 1);
	assert_int_equal(group_at(groups, 0)->summary.totals.segments, 3);
	assert_int_equal(groups_tally(groups)->totals.segments, 4);
	assert_int_equal(groups_tally(groups)->flows, 0);
	groups_free(groups);
}

/* The hash of both directions is one but for the bit that tells them apart, and other keys
 * have others. */
static void hashes_of_two_directions(void **state)
{
	const struct group_by by = {.hosts = GROUPS_BY_FLOW};
	const struct prefix_set nobody = {0};
	uint64_t seed = 77;
	unsigned alike = 0;
	uint32_t before = 0;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct test_flow flow = random_flow(&seed);
		struct group_key forth = group_key_of(&by, &nobody, &flow.id, 0, 0);
		struct group_key back = group_key_of(&by, &nobody, &flow.id, 1, 0);
		uint32_t hash = group_key_hash(&by, &forth, 42);

		assert_int_equal(hash | GROUP_KEY_TURNED,
				 group_key_hash(&by, &back, 42) | GROUP_KEY_TURNED);
		if (memcmp(&forth, &back, sizeof(forth)) != 0)
			assert_int_not_equal(hash, group_key_hash(&by, &back, 42));
		assert_int_not_equal(hash, group_key_hash(&by, &forth, 43));
		forth.side = GROUP_SIDE_LOCAL; /* takes no part */
		assert_int_equal(hash, group_key_hash(&by, &forth, 42));
		alike += (hash | GROUP_KEY_TURNED) == (before | GROUP_KEY_TURNED);
		before = hash;
	}
	assert_in_range(alike, 0, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_part_of_the_key),
		cmocka_unit_test(within_one_network),
		cmocka_unit_test(samples_of_another_generation),
		cmocka_unit_test(hashes_of_two_directions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
