/*
 * Smoothed round trips against RFC 6298's own rule, sample by sample.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "export/srtt.h"

static int64_t add(struct srtt *table, const char *pair, int64_t mean_ns, uint64_t count)
{
	return srtt_add(table, pair, strlen(pair), mean_ns, count);
}

static void the_first_is_itself(void **state)
{
	struct srtt table = {.max = 10};

	(void)state;
	srtt_begin(&table);
	assert_int_equal(add(&table, "a", 5000000, 100), 5000000);
	assert_int_equal(add(&table, "b", 7000000, 1), 7000000);
	srtt_done(&table);
}

static void as_the_rfc_has_it(void **state)
{
	struct srtt table = {.max = 10};
	double srtt = 10e6;

	(void)state;
	srtt_begin(&table);
	add(&table, "a", 10000000, 3);
	for (unsigned interval = 1; interval < 50; interval++) {
		int64_t mean_ns = 5000000 + 1000000 * (interval * 7 % 11);
		uint64_t count = 1 + interval % 9;
		int64_t smoothed;

		for (uint64_t i = 0; i < count; i++)
			srtt += ((double)mean_ns - srtt) / 8;
		srtt_begin(&table);
		smoothed = add(&table, "a", mean_ns, count);
		assert_true((double)smoothed > srtt - 100 && (double)smoothed < srtt + 100);
	}
	srtt_done(&table);
}

static void many_samples_leave_their_mean(void **state)
{
	struct srtt table = {.max = 10};
	int64_t smoothed;

	(void)state;
	add(&table, "a", 9000000000, 1);
	smoothed = add(&table, "a", 1000000, UINT64_MAX);
	assert_true(smoothed >= 1000000 && smoothed < 1000010);
	assert_int_equal(add(&table, "a", 0, 0), smoothed); /* no sample, no change */
	srtt_done(&table);
}

static void idle_entries_are_forgotten(void **state)
{
	struct srtt table = {.max = 10};

	(void)state;
	add(&table, "a", 1000000, 1);
	for (unsigned i = 0; i < 3 * SRTT_KEPT_INTERVALS; i++) {
		srtt_begin(&table);
		add(&table, "b", 8000000, 1);
	}
	assert_int_equal(table.count, 1);
	assert_int_equal(add(&table, "a", 3000000, 1), 3000000);
	assert_int_equal(add(&table, "b", 0, 1), 7000000);
	srtt_done(&table);
}

static void no_more_than_the_most(void **state)
{
	struct srtt table = {.max = 1000};

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		srtt_begin(&table);
		for (uint32_t i = 0; i < 5000; i++) {
			int64_t smoothed = srtt_add(&table, &i, sizeof(i), round ? 0 : 8000000, 1);

			assert_int_equal(smoothed, !round ? 8000000 : i < 1000 ? 7000000 : 0);
		}
	}
	assert_int_equal(table.count, 1000);
	srtt_done(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_is_itself),
		cmocka_unit_test(as_the_rfc_has_it),
		cmocka_unit_test(many_samples_leave_their_mean),
		cmocka_unit_test(idle_entries_are_forgotten),
		cmocka_unit_test(no_more_than_the_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
