/*
 * Are both directions stamped by one clock? Delays alone never say no, a difference of a
 * millisecond always does; and a reference that keeps every age since the last verdict.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "capture/clock_check.h"

#define MS INT64_C(1000000)

/* xorshift64*, so that each run sees the same values. */
static uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

/* How long a packet waited until it was read: often microseconds, sometimes long. */
static int64_t random_delay(uint64_t *seed)
{
	if (random_next(seed) % 4 == 0)
		return (int64_t)(random_next(seed) % (uint64_t)(20 * MS));
	return (int64_t)(random_next(seed) % 100000);
}

/* The verdict on packets that take turns, stamped by clocks that differ by that much. */
static enum clock_verdict verdict_on(int64_t difference_ns, uint64_t *seed)
{
	struct clock_check check = {0};

	for (unsigned i = 0; i < 2 * CLOCK_CHECK_PACKETS - 1; i++) {
		bool sent = i % 2;

		assert_int_equal(clock_check_add(&check, sent,
						 random_delay(seed) + (sent ? difference_ns : 0)),
				 CLOCK_UNDECIDED);
	}
	return clock_check_add(&check, true, random_delay(seed) + difference_ns);
}

static void delays_are_no_difference(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (int i = 0; i < 2000; i++)
		assert_int_equal(verdict_on(0, &seed), CLOCK_SAME);
}

static void a_millisecond_is_one(void **state)
{
	uint64_t seed = 4;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		assert_int_equal(verdict_on(MS, &seed), CLOCK_DIFFERENT);
		assert_int_equal(verdict_on(-MS, &seed), CLOCK_DIFFERENT);
	}
	assert_int_equal(verdict_on(37000 * MS, &seed), CLOCK_DIFFERENT); /* TAI */
	assert_int_equal(verdict_on(-37000 * MS, &seed), CLOCK_DIFFERENT);
}

/* The verdict on constant ages of received and sent packets. */
static enum clock_verdict verdict_on_ages(int64_t received_ns, int64_t sent_ns)
{
	struct clock_check check = {0};

	for (unsigned i = 0; i < CLOCK_CHECK_PACKETS; i++)
		assert_int_equal(clock_check_add(&check, false, received_ns), CLOCK_UNDECIDED);
	for (unsigned i = 0; i < CLOCK_CHECK_PACKETS - 1; i++)
		assert_int_equal(clock_check_add(&check, true, sent_ns), CLOCK_UNDECIDED);
	return clock_check_add(&check, true, sent_ns);
}

static void the_limit_to_the_nanosecond(void **state)
{
	(void)state;
	for (int64_t base = -3 * MS; base <= 3 * MS; base += MS) {
		assert_int_equal(verdict_on_ages(base, base + CLOCK_CHECK_LIMIT_NS), CLOCK_SAME);
		assert_int_equal(verdict_on_ages(base, base - CLOCK_CHECK_LIMIT_NS), CLOCK_SAME);
		assert_int_equal(verdict_on_ages(base, base + CLOCK_CHECK_LIMIT_NS + 1),
				 CLOCK_DIFFERENT);
		assert_int_equal(verdict_on_ages(base, base - CLOCK_CHECK_LIMIT_NS - 1),
				 CLOCK_DIFFERENT);
	}
}

static void one_direction_alone_is_undecided(void **state)
{
	(void)state;
	for (unsigned sent = 0; sent < 2; sent++) {
		struct clock_check check = {0};

		for (int i = 0; i < 1000000; i++)
			assert_int_equal(clock_check_add(&check, sent, i % 7), CLOCK_UNDECIDED);
		for (unsigned i = 0; i < CLOCK_CHECK_PACKETS - 1; i++)
			assert_int_equal(clock_check_add(&check, !sent, MS), CLOCK_UNDECIDED);
		/* The last one had a short delay. */
		assert_int_equal(clock_check_add(&check, !sent, 100), CLOCK_SAME);
		/* And then it starts over. */
		for (unsigned i = 0; i < CLOCK_CHECK_PACKETS; i++)
			assert_int_equal(clock_check_add(&check, !sent, 100), CLOCK_UNDECIDED);
	}
}

/* Received packets' clock runs fast by 100 us a second, at 1,000 packets a second; it is
 * set right after 10 s, and runs right from then on. */
static void clocks_that_drift_apart(void **state)
{
	struct clock_check check = {0};
	uint64_t seed = 8;
	unsigned same = 0, different = 0, after = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		bool sent = i % 2;
		int64_t drift_ns = i < 10000 ? (int64_t)i * 100 : 0;
		int64_t age_ns = (int64_t)(random_next(&seed) % 20000) - (sent ? 0 : drift_ns);

		switch (clock_check_add(&check, sent, age_ns)) {
		case CLOCK_UNDECIDED:
			break;
		case CLOCK_SAME:
			if (i < 10000) {
				assert_true(drift_ns < CLOCK_CHECK_LIMIT_NS + 30000);
				same++;
			} else {
				after++;
			}
			break;
		case CLOCK_DIFFERENT:
			assert_true(drift_ns > CLOCK_CHECK_LIMIT_NS - 30000);
			different++;
		}
	}
	/* A verdict each hundred packets; the difference is there from the fifth second on. */
	assert_in_range(same, 48, 53);
	assert_int_equal(same + different, 100);
	assert_int_equal(after, 100);
}

static void absurd_ages(void **state)
{
	static const int64_t ages[] = {INT64_MIN, INT64_MIN + 1, -1,       0,
				       1,         INT64_MAX - 1, INT64_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		for (size_t j = 0; j < sizeof(ages) / sizeof(ages[0]); j++) {
			__int128 difference = (__int128)ages[i] - ages[j];
			bool same = difference >= -CLOCK_CHECK_LIMIT_NS &&
				    difference <= CLOCK_CHECK_LIMIT_NS;

			assert_int_equal(verdict_on_ages(ages[i], ages[j]),
					 same ? CLOCK_SAME : CLOCK_DIFFERENT);
		}
	}
}

/* All ages since the last verdict. */
struct model {
	int64_t age_ns[2][5000];
	size_t count[2];
};

static int64_t least(const int64_t *ages, size_t count)
{
	int64_t found = ages[0];

	for (size_t i = 1; i < count; i++)
		if (ages[i] < found)
			found = ages[i];
	return found;
}

static enum clock_verdict model_add(struct model *model, bool sent, int64_t age_ns)
{
	model->age_ns[sent][model->count[sent]++] = age_ns;
	if (model->count[0] < CLOCK_CHECK_PACKETS || model->count[1] < CLOCK_CHECK_PACKETS)
		return CLOCK_UNDECIDED;
	int64_t difference_ns =
		least(model->age_ns[1], model->count[1]) - least(model->age_ns[0], model->count[0]);

	model->count[0] = model->count[1] = 0;
	return llabs(difference_ns) > CLOCK_CHECK_LIMIT_NS ? CLOCK_DIFFERENT : CLOCK_SAME;
}

static void same_as_reference(void **state)
{
	static struct model model;
	struct clock_check check = {0};
	uint64_t seed = 21;
	unsigned verdicts[3] = {0};
	unsigned share = 2;
	int64_t offset_ns = 0;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		if (random_next(&seed) % 1000 == 0) {
			share = 2 + (unsigned)(random_next(&seed) % 20);
			offset_ns = (int64_t)(random_next(&seed) % (uint64_t)(2 * MS)) - MS;
		}
		bool sent = random_next(&seed) % share == 0;
		int64_t age_ns = random_delay(&seed) + (sent ? offset_ns : 0);
		enum clock_verdict verdict = clock_check_add(&check, sent, age_ns);

		assert_int_equal(verdict, model_add(&model, sent, age_ns));
		verdicts[verdict]++;
	}
	assert_true(verdicts[CLOCK_SAME] > 50);
	assert_true(verdicts[CLOCK_DIFFERENT] > 50);
}

/* A verdict, whatever it is, ends what it rests on. */
static void absurd_ages_start_over(void **state)
{
	struct clock_check check = {0};

	(void)state;
	for (unsigned i = 0; i < CLOCK_CHECK_PACKETS; i++)
		assert_int_equal(clock_check_add(&check, false, INT64_MAX), CLOCK_UNDECIDED);
	for (unsigned i = 1; i < CLOCK_CHECK_PACKETS; i++)
		assert_int_equal(clock_check_add(&check, true, INT64_MIN), CLOCK_UNDECIDED);
	assert_int_equal(clock_check_add(&check, true, INT64_MIN), CLOCK_DIFFERENT);
	assert_int_equal(clock_check_add(&check, true, 0), CLOCK_UNDECIDED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delays_are_no_difference),
		cmocka_unit_test(a_millisecond_is_one),
		cmocka_unit_test(the_limit_to_the_nanosecond),
		cmocka_unit_test(one_direction_alone_is_undecided),
		cmocka_unit_test(clocks_that_drift_apart),
		cmocka_unit_test(absurd_ages),
		cmocka_unit_test(absurd_ages_start_over),
		cmocka_unit_test(same_as_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
