/*
 * What waits to be sent, against a naive model; and which datagram a refusal is about.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "export/recent_datagrams.h"
#include "export/send_queue.h"

/* xorshift64*, so that each run sees the same values. */
static uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

static void assert_first(const struct send_queue *send_queue, uint64_t number)
{
	struct send_queue_datagram first = send_queue_first(send_queue);

	assert_int_equal(first.points, number);
	assert_int_equal(first.size, number % 9000);
	for (size_t i = 0; i < first.size; i++)
		if (first.bytes[i] != (char)number)
			fail_msg("byte %zu of datagram %zu", i, (size_t)number);
}

/* Datagrams by number: number n has n % 9000 bytes, all of them n, and n points. */
static void in_order(void **state)
{
	static char bytes[9000];
	struct send_queue send_queue = {0};
	uint64_t random = 3;
	uint64_t put = 0;
	uint64_t taken = 0;
	size_t waiting_bytes = 0;
	unsigned full = 0;

	(void)state;
	for (unsigned i = 0; i < 60000; i++) {
		/* More goes in than out for a while, then the other way round. */
		if (random_next(&random) % 100 < (i / 10000 % 2 ? 30U : 60U)) {
			size_t size = put % 9000;

			memset(bytes, (char)put, size);
			if (send_queue_put(&send_queue, bytes, size, put)) {
				waiting_bytes += size;
				put++;
			} else {
				assert_true(waiting_bytes > SEND_QUEUE_MAX / 10 * 9);
				full++;
			}
		} else if (taken < put) {
			assert_first(&send_queue, taken);
			waiting_bytes -= taken++ % 9000;
			send_queue_remove(&send_queue);
		}
		assert_int_equal(send_queue.count, put - taken);
		assert_true(waiting_bytes <= SEND_QUEUE_MAX);
	}
	assert_true(full > 0);
	while (send_queue.count) {
		assert_first(&send_queue, taken++);
		send_queue_remove(&send_queue);
	}
	assert_int_equal(taken, put);
	assert_null(send_queue.bytes.bytes);
	assert_true(send_queue_put(&send_queue, "again", 5, 0));
	send_queue_done(&send_queue);
	assert_int_equal(send_queue.count, 0);
}

static void too_large(void **state)
{
	struct send_queue send_queue = {0};

	(void)state;
	assert_false(send_queue_put(&send_queue, "", SEND_QUEUE_MAX, 1));
	assert_false(send_queue_put(&send_queue, "", SIZE_MAX, 1));
	assert_int_equal(send_queue.count, 0);
	send_queue_done(&send_queue);
}

/* ---- refusals ---- */

static struct recent_datagrams *new_recent(void)
{
	struct recent_datagrams *recent = calloc(1, sizeof(*recent));

	assert_non_null(recent);
	return recent;
}

static void add(struct recent_datagrams *recent, const char *text, uint64_t points)
{
	recent_datagrams_add(recent, text, strlen(text), points, true);
}

/* The points of the one that is taken away; -1: none is. */
static int refused(struct recent_datagrams *recent, const char *quoted, size_t size)
{
	uint64_t points = 0;

	return recent_datagrams_refused(recent, quoted, size, &points) ? (int)points : -1;
}

static void by_what_is_quoted(void **state)
{
	struct recent_datagrams *recent = new_recent();

	(void)state;
	assert_int_equal(refused(recent, "one", 3), -1);
	add(recent, "one", 1);
	add(recent, "two", 2);
	add(recent, "three", 3);
	add(recent, "two", 4);
	assert_int_equal(refused(recent, "one", 3), 1);
	assert_int_equal(refused(recent, "one", 3), -1);
	assert_int_equal(refused(recent, "four", 4), -1);
	assert_int_equal(refused(recent, "two", 3), 4); /* the last of those alike */
	assert_int_equal(refused(recent, "two", 3), 2);
	assert_int_equal(refused(recent, "two", 3), -1);
	assert_int_equal(refused(recent, "three", 5), 3);
	free(recent);
}

/* A beginning is enough, and nothing of it tells nothing: then it is the last one. */
static void by_a_beginning(void **state)
{
	char first[200];
	char second[200];
	struct recent_datagrams *recent = new_recent();

	(void)state;
	memset(first, 'a', sizeof(first));
	memset(second, 'a', sizeof(second));
	second[RECENT_BEGINNING - 1] = 'b';
	recent_datagrams_add(recent, first, sizeof(first), 1, true);
	recent_datagrams_add(recent, second, sizeof(second), 2, true);
	assert_int_equal(refused(recent, first, RECENT_BEGINNING), 1);
	recent_datagrams_add(recent, second, sizeof(second), 3, true);
	assert_int_equal(refused(recent, first, 0), 3);
	assert_int_equal(refused(recent, first, RECENT_BEGINNING - 1), 2);
	assert_int_equal(refused(recent, first, 0), -1);
	free(recent);
}

/* What was never sent is refused by a firewall, and takes nothing away. */
static void not_sent_but_refused(void **state)
{
	struct recent_datagrams *recent = new_recent();

	(void)state;
	add(recent, "same", 1);
	recent_datagrams_add(recent, "same", 4, 2, false);
	assert_int_equal(refused(recent, "same", 4), -1);
	assert_int_equal(refused(recent, "same", 4), -1);
	add(recent, "same", 3);
	assert_int_equal(refused(recent, "same", 4), 3);
	free(recent);
}

static void the_last_ones_only(void **state)
{
	struct recent_datagrams *recent = new_recent();
	int number;

	(void)state;
	for (number = 0; number < 3000; number++)
		recent_datagrams_add(recent, &number, sizeof(number), (uint64_t)number, true);
	for (number = 0; number < 3000; number++)
		assert_int_equal(refused(recent, (const char *)&number, sizeof(number)),
				 number < 3000 - RECENT_MAX ? -1 : number);
	free(recent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(too_large),
		cmocka_unit_test(by_what_is_quoted),
		cmocka_unit_test(by_a_beginning),
		cmocka_unit_test(not_sent_but_refused),
		cmocka_unit_test(the_last_ones_only),
	};

	return cmocka_run_group_tests_name("send_queue", tests, NULL, NULL);
}
