/*
 * Groups as metrics report them: equal labels once, the first ones up to a limit, the rest in
 * "other"; random groups against sums made one by one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "export/label_sets.h"
#include "groups_helper.h"
#include "stats/endpoint.h"
#include "stats/ranking.h"

/* Of ten addresses, three and three share a name. */
static const char *host_name(void *user, const struct tcpm_address *address)
{
	static const char *const names[10] = {"a", "b", "a", NULL, "b", NULL, "a", NULL, NULL, "b"};

	(void)user;
	return names[address->bytes[3] % 10];
}

static const char *interface_name(void *user, uint32_t interface)
{
	(void)user;
	return interface ? "eth1" : "eth0";
}

static const struct endpoint_names names = {.host_name = host_name,
					    .interface_name = interface_name};

/* Of each sample it is known when it was, so that there is one last one. */
static void give_at(struct groups *groups, struct test_flow *flow, int64_t time_ns,
		    uint64_t *random)
{
	const struct tcpm_sample sample = {
		.time_ns = time_ns,
		.rtt_ns = (int64_t)(random_next(random) % 1000000),
		.previous_ns = (int64_t)(random_next(random) % 1000) - 1,
		.flow = &flow->id,
		.user_data = &flow->user_data[0],
		.sent = {.segments = 3, .retransmitted = 1},
		.interface = (uint32_t)(random_next(random) % 2),
		.class_ = (uint8_t)(random_next(random) % TCPM_CLASSES),
	};

	groups_sample(groups, &sample);
}

/* Traffic from and to the ten addresses on two interfaces. */
static struct groups *random_groups(uint64_t *random, struct groups_options options)
{
	struct groups *groups = make_groups(options);
	unsigned flows = (unsigned)(random_next(random) % 120);
	int64_t time_ns = 0;

	for (unsigned i = 0; i < flows; i++) {
		struct test_flow flow = make_flow(v4(0, (unsigned)(random_next(random) % 10)), 1,
						  v4(0, (unsigned)(random_next(random) % 10)), 2);
		unsigned samples = (unsigned)(random_next(random) % 4);

		for (unsigned k = 0; k < samples; k++)
			give_at(groups, &flow, ++time_ns, random);
		finish(groups, &flow, 8, 0);
	}
	return groups;
}

static void write_labels(struct text *text, const struct groups *groups, const struct group *group,
			 const struct label_sets_options *options)
{
	text_clear(text);
	endpoint_sender(text, groups_options(groups), group, options->names);
	text_char(text, ' ');
	endpoint_receiver(text, groups_options(groups), group, options->names);
	text_char(text, ' ');
	if (options->interface && options->names)
		text_string(text, endpoint_interface(options->names, group));
	text_char(text, '\0');
}

/* What a row must hold: the sum of all groups of its labels, or of all that are in none of
 * the rows (rows: of that many; labels NULL). */
static void sum_of(struct summary *sum, const struct groups *groups,
		   const struct label_sets_options *options, const char *const *labels,
		   size_t count)
{
	struct text text = {0};

	for (size_t i = 0; i < group_count(groups); i++) {
		bool found = false;

		write_labels(&text, groups, group_at(groups, i), options);
		for (size_t k = 0; k < count; k++)
			found |= strcmp(labels[k], text.bytes) == 0;
		if (found == (count == 1))
			summary_merge(sum, &group_at(groups, i)->summary, NULL);
	}
	text_done(&text);
}

static uint64_t network_samples(const struct group *group)
{
	return group->summary.series[TCPM_CLASS_NETWORK].count;
}

static void check(const struct groups *groups, const struct label_sets_options *options)
{
	struct label_sets pairs;
	char *labels[200];
	size_t alone = 0;
	struct text text = {0};

	assert_int_equal(label_sets_make(&pairs, groups, options), 0);
	assert_false(pairs.incomplete);
	for (size_t i = 0; i < pairs.count && !group_is_other(pairs.all[i]); i++) {
		struct summary expected = {0};

		write_labels(&text, groups, pairs.all[i], options);
		labels[i] = strdup(text.bytes);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(labels[k], labels[i]);
		if (i)
			assert_true(network_samples(pairs.all[i - 1]) >=
				    network_samples(pairs.all[i]));
		sum_of(&expected, groups, options, (const char *const *)&labels[i], 1);
		assert_summary_same(&pairs.all[i]->summary, &expected);
		summary_done(&expected, NULL);
		alone++;
	}
	assert_true(alone <= options->max);
	if (alone < pairs.count) {
		struct summary expected = {0};

		assert_int_equal(alone + 1, pairs.count);
		assert_true(alone == options->max || groups_other(groups));
		if (groups_other(groups))
			summary_merge(&expected, &groups_other(groups)->summary, NULL);
		/* One label too many, which nobody has, so that count is never 1. */
		labels[alone] = strdup("none");
		labels[alone + 1] = strdup("none");
		sum_of(&expected, groups, options, (const char *const *)labels, alone + 2);
		assert_summary_same(&pairs.all[alone]->summary, &expected);
		summary_done(&expected, NULL);
		alone += 2;
	} else {
		assert_null(groups_other(groups));
	}
	for (size_t i = 0; i < alone; i++)
		free(labels[i]);
	text_done(&text);
	label_sets_done(&pairs);
}

static void random_traffic(void **state)
{
	uint64_t random = 7;

	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		struct groups *groups = random_groups(
			&random, (struct groups_options){.by.interface = round & 1,
							 .max_groups = round & 2 ? 20 : 0});
		const struct label_sets_options options = {.max = random_next(&random) % 40,
							   .both_sides = true,
							   .interface = round & 4,
							   .names = round & 8 ? &names : NULL};

		check(groups, &options);
		groups_free(groups);
	}
}

/* Without equal labels, the order is the ranking's, and nothing is copied. */
static void order_of_the_ranking(void **state)
{
	const struct label_sets_options options = {.max = SIZE_MAX};
	const struct ranking_options by_samples = {.by = RANKING_BY_SAMPLES, .both_sides = false};
	uint64_t random = 9;

	(void)state;
	for (unsigned round = 0; round < 50; round++) {
		struct groups *groups = random_groups(&random, (struct groups_options){0});
		struct ranking ranking;
		struct label_sets pairs;

		assert_int_equal(ranking_make(&ranking, groups, &by_samples), 0);
		assert_int_equal(label_sets_make(&pairs, groups, &options), 0);
		assert_int_equal(pairs.count, ranking.count);
		for (size_t i = 0; i < pairs.count; i++)
			assert_ptr_equal(pairs.all[i], ranking.groups[i]);
		label_sets_done(&pairs);
		ranking_done(&ranking);
		groups_free(groups);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_traffic),
		cmocka_unit_test(order_of_the_ranking),
	};

	return cmocka_run_group_tests_name("pairs", tests, NULL, NULL);
}
