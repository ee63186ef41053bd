/*
 * Jobs in parts: each part is done once, whatever threads there are.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/parallel.h"

#define MOST_PARTS 200

static atomic_uint done[MOST_PARTS];

static unsigned most_threads;

static void count_part(void *user, unsigned part, unsigned thread)
{
	assert_ptr_equal(user, done);
	assert_true(thread < most_threads);
	atomic_fetch_add(&done[part], 1);
}

static void assert_each_once(unsigned threads, unsigned parts)
{
	for (unsigned i = 0; i < MOST_PARTS; i++)
		done[i] = 0;
	most_threads = threads;
	parallel_run(threads, parts, count_part, done);
	for (unsigned i = 0; i < MOST_PARTS; i++)
		assert_int_equal(done[i], i < parts);
}

static void each_task_runs_once(void **state)
{
	(void)state;
	for (unsigned threads = 1; threads <= PARALLEL_MAX; threads += threads < 4 ? 1 : 20)
		for (unsigned parts = 0; parts < MOST_PARTS; parts += parts < 70 ? 1 : 17)
			assert_each_once(threads, parts);
}

static void count_here(void *user, unsigned part, unsigned thread)
{
	const pthread_t *here = user;

	assert_int_equal(thread, 0);
	assert_true(pthread_equal(*here, pthread_self()));
	atomic_fetch_add(&done[part], 1);
}

/* Where the system grants no thread, as it has no room for such a stack, this one does all. */
static void without_threads(void **state)
{
	pthread_t here = pthread_self();
	pthread_attr_t usual, huge;

	(void)state;
	assert_int_equal(pthread_getattr_default_np(&usual), 0);
	assert_int_equal(pthread_getattr_default_np(&huge), 0);
	assert_int_equal(pthread_attr_setstacksize(&huge, (size_t)1 << 50), 0);
	assert_int_equal(pthread_setattr_default_np(&huge), 0);
	for (unsigned i = 0; i < MOST_PARTS; i++)
		done[i] = 0;
	parallel_run(PARALLEL_MAX, MOST_PARTS, count_here, &here);
	assert_int_equal(pthread_setattr_default_np(&usual), 0);
	for (unsigned i = 0; i < MOST_PARTS; i++)
		assert_int_equal(done[i], 1);
	pthread_attr_destroy(&huge);
	pthread_attr_destroy(&usual);
}

static void things_are_divided(void **state)
{
	(void)state;
	for (size_t things = 0; things < 200; things++) {
		for (unsigned parts = 1; parts <= PARALLEL_MAX; parts++) {
			assert_int_equal(parallel_begin(things, parts, 0), 0);
			assert_int_equal(parallel_begin(things, parts, parts), things);
			for (unsigned i = 0; i < parts; i++) {
				size_t size = parallel_begin(things, parts, i + 1) -
					      parallel_begin(things, parts, i);

				assert_true(size == things / parts ||
					    (things % parts && size == things / parts + 1));
			}
		}
	}
}

static void parts_are_worth_it(void **state)
{
	(void)state;
	assert_int_equal(parallel_parts(0, 1000, 10), 1);
	assert_int_equal(parallel_parts(1, 1000, 10), 1);
	assert_int_equal(parallel_parts(4, 1000, 10), 4);
	assert_int_equal(parallel_parts(4, 39, 10), 3);
	assert_int_equal(parallel_parts(4, 19, 10), 1);
	assert_int_equal(parallel_parts(4, 0, 10), 1);
	assert_int_equal(parallel_parts(UINT32_MAX, SIZE_MAX, 1), UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_threads),
		cmocka_unit_test(each_task_runs_once),
		cmocka_unit_test(things_are_divided),
		cmocka_unit_test(parts_are_worth_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
