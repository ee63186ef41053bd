/*
 * The resolver against a name server that moves, fails, falls silent and sends what no name
 * server should. Times are short, so that answers end while the test runs.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/address.h"
#include "base/prefix_set.h"
#include "dns/resolver.h"
#include "dns_helper.h"

#define MS INT64_C(1000000)

static struct dns_server server;

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct tcpm_address address(const char *text)
{
	struct prefix parsed;

	if (prefix_parse(text, &parsed) != 0)
		fail_msg("\"%s\" is no address", text);
	return parsed.address;
}

static const struct resolver_times quick = {
	.least_ns = 50 * MS,
	.most_ns = 200 * MS,
	.retry_ns = 100 * MS,
	.reverse_ns = 100 * MS,
	.timeout_ms = 100,
	.tries = 1,
};

static struct resolver *make(const struct resolver_times *times)
{
	const char *place = server.place;
	struct resolver *resolver;
	struct error error;

	if (resolver_new_timed(&place, 1, times, &resolver, &error) != 0)
		fail_msg("%s", error.text);
	return resolver;
}

/* One name is wanted, and nothing else. */
static void want(struct resolver *resolver, const char *name)
{
	assert_int_equal(resolver_want(resolver, &name, 1, NULL, 0), 0);
}

/* Runs it for a time, or until something changes. Returns how often something did. */
static unsigned run(struct resolver *resolver, int64_t time_ms, bool until_change)
{
	const int64_t end = now_ms() + time_ms;
	unsigned changes = 0;

	for (int64_t left = time_ms; left > 0 && !(changes && until_change);
	     left = end - now_ms()) {
		struct pollfd polled[RESOLVER_MAX_FDS];
		int timeout = (int)left;
		const size_t count = resolver_poll(resolver, polled, &timeout);

		assert_true(count <= RESOLVER_MAX_FDS && timeout >= 0 && timeout <= left);
		poll(polled, count, timeout);
		changes += resolver_run(resolver, polled, count);
	}
	return changes;
}

/* "192.0.2.1 192.0.2.2", at most a few. */
static const char *addresses(const struct resolver *resolver, const char *name)
{
	static char text[RESOLVER_MAX_ADDRESSES * (ADDRESS_TEXT_MAX + 1)];
	size_t count, used = 0;
	const struct tcpm_address *found = resolver_addresses(resolver, name, &count);

	text[0] = '\0';
	assert_true(count <= RESOLVER_MAX_ADDRESSES && (count == 0) == (found == NULL));
	for (size_t i = 0; i < count; i++) {
		if (i)
			text[used++] = ' ';
		used += address_format(&found[i], text + used);
	}
	return text;
}

/* Runs it until the name has these addresses. */
static void becomes(struct resolver *resolver, const char *name, const char *expected)
{
	for (const int64_t end = now_ms() + 30000; now_ms() < end;) {
		if (strcmp(addresses(resolver, name), expected) == 0)
			return;
		run(resolver, 10, true);
	}
	fail_msg("%s has \"%s\", not \"%s\"", name, addresses(resolver, name), expected);
}

static void keep(void *user, const char *name, const char *why)
{
	snprintf(user, 256, "%s: %s", name, why);
}

/* The last failure that it tells of. */
static const char *failure(const struct resolver *resolver)
{
	static char text[256];

	text[0] = '\0';
	resolver_failures(resolver, keep, text);
	return text;
}

static void fails(struct resolver *resolver, const char *expected)
{
	for (const int64_t end = now_ms() + 5000; now_ms() < end; run(resolver, 10, true))
		if (strstr(failure(resolver), expected))
			return;
	fail_msg("it tells of \"%s\", not of \"%s\"", failure(resolver), expected);
}

static const char *name_of(const struct resolver *resolver, const char *text)
{
	const struct tcpm_address sought = address(text);
	const char *name = resolver_name(resolver, &sought);

	return name ? name : "-";
}

static void both_families(void **state)
{
	struct resolver *resolver = make(&quick);

	(void)state;
	want(resolver, "ok.test");
	assert_string_equal(addresses(resolver, "ok.test"), "");
	becomes(resolver, "ok.test", "192.0.2.1 192.0.2.2 2001:db8::1");
	assert_string_equal(name_of(resolver, "192.0.2.2"), "ok.test");
	assert_string_equal(name_of(resolver, "2001:db8::1"), "ok.test");
	assert_string_equal(name_of(resolver, "192.0.2.3"), "-");
	assert_string_equal(addresses(resolver, "other.test"), "");
	assert_string_equal(failure(resolver), "");
	resolver_free(resolver);
}

static void another_order_is_no_change(void **state)
{
	struct resolver *resolver = make(&quick);
	unsigned asked;

	(void)state;
	want(resolver, "turning.test");
	becomes(resolver, "turning.test", "192.0.2.1 192.0.2.2 2001:db8::1");
	run(resolver, 50, false);
	asked = server.asked;
	assert_int_equal(run(resolver, 1000, false), 0);
	assert_true(server.asked > asked + 4);
	resolver_free(resolver);
}

static void queried_again_when_the_ttl_expires(void **state)
{
	struct resolver_times times = quick;
	struct resolver *resolver;
	unsigned asked;

	(void)state;
	/* The time to live alone: 1 s. */
	times.most_ns = 60000 * MS;
	server.generation = 1;
	resolver = make(&times);
	want(resolver, "moving.test");
	becomes(resolver, "moving.test", "192.0.2.1");
	server.generation = 2;
	run(resolver, 700, false);
	assert_string_equal(addresses(resolver, "moving.test"), "192.0.2.1");
	becomes(resolver, "moving.test", "192.0.2.2");
	assert_string_equal(name_of(resolver, "192.0.2.1"), "-");
	assert_string_equal(name_of(resolver, "192.0.2.2"), "moving.test");
	/* The bound holds where the time to live is longer: 200 ms. */
	resolver_free(resolver);
	resolver = make(&quick);
	server.time_to_live = 3600;
	want(resolver, "ok.test");
	becomes(resolver, "ok.test", "192.0.2.1 192.0.2.2 2001:db8::1");
	asked = server.asked;
	run(resolver, 1000, false);
	assert_in_range(server.asked - asked, 6, 12);
	server.time_to_live = 1;
	resolver_free(resolver);
}

static void extreme_times_to_live(void **state)
{
	struct resolver_times times = quick;
	struct resolver *resolver;
	unsigned asked;

	(void)state;
	times.most_ns = 60000 * MS;
	times.least_ns = 200 * MS;
	resolver = make(&times);
	want(resolver, "alias.test");
	becomes(resolver, "alias.test", "192.0.2.4");
	/* The alias ends long before its address does. */
	asked = server.asked;
	run(resolver, 1000, false);
	assert_in_range(server.asked - asked, 4, 12);
	want(resolver, "negative.test");
	becomes(resolver, "negative.test", "192.0.2.5");
	asked = server.asked;
	run(resolver, 1000, false);
	assert_in_range(server.asked - asked, 4, 12);
	resolver_free(resolver);
}

static void kept_while_the_server_is_away(void **state)
{
	struct resolver *resolver = make(&quick);

	(void)state;
	server.generation = 1;
	want(resolver, "moving.test");
	becomes(resolver, "moving.test", "192.0.2.1");
	server.quiet = true;
	server.generation = 3;
	fails(resolver, "moving.test: ");
	assert_int_equal(run(resolver, 700, false), 0);
	assert_string_equal(addresses(resolver, "moving.test"), "192.0.2.1");
	server.quiet = false;
	becomes(resolver, "moving.test", "192.0.2.3");
	run(resolver, 300, false);
	assert_string_equal(failure(resolver), "");
	resolver_free(resolver);
}

static void failures_are_reported(void **state)
{
	struct resolver *resolver = make(&quick);

	(void)state;
	want(resolver, "none.test");
	fails(resolver, "none.test: no such name");
	want(resolver, "fail.test");
	fails(resolver, "fail.test: ");
	want(resolver, "silent.test");
	fails(resolver, "silent.test: ");
	want(resolver, "foreign.test");
	fails(resolver, "foreign.test: ");
	want(resolver, "four.test");
	becomes(resolver, "four.test", "192.0.2.4");
	run(resolver, 300, false);
	assert_string_equal(failure(resolver), "");
	want(resolver, "");
	fails(resolver, ": ");
	want(resolver, "a..b\n\x01\xff.test");
	run(resolver, 300, false);
	resolver_free(resolver);
}

static void more_than_the_maximum_of_addresses(void **state)
{
	struct resolver *resolver = make(&quick);
	size_t count;

	(void)state;
	want(resolver, "cut.test");
	assert_int_equal(run(resolver, 3000, true), 1);
	assert_non_null(resolver_addresses(resolver, "cut.test", &count));
	assert_int_equal(count, RESOLVER_MAX_ADDRESSES);
	assert_string_equal(name_of(resolver, "192.0.2.63"), "cut.test");
	assert_string_equal(name_of(resolver, "192.0.2.64"), "-");
	run(resolver, 500, false);
	fails(resolver, "cut.test: it has too many addresses");
	want(resolver, "many.test");
	run(resolver, 500, false);
	resolver_addresses(resolver, "many.test", &count);
	assert_true(count <= RESOLVER_MAX_ADDRESSES);
	resolver_free(resolver);
}

static void random_answers(void **state)
{
	const struct resolver_times busy = {1 * MS, 2 * MS, 1 * MS, 1 * MS, 20, 1};
	struct resolver *resolver = make(&busy);
	char texts[64][16];
	const char *names[64];
	const unsigned before = server.asked;

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		snprintf(texts[i], sizeof(texts[i]), "%c%u.test", i % 4 ? 'm' : 'g', i);
		names[i] = texts[i];
	}
	assert_int_equal(resolver_want(resolver, names, 64, NULL, 0), 0);
	run(resolver, 4000, false);
	for (unsigned i = 0; i < 64; i++)
		addresses(resolver, names[i]);
	assert_true(server.asked - before > 1000);
	/* And it still works. */
	want(resolver, "ok.test");
	becomes(resolver, "ok.test", "192.0.2.1 192.0.2.2 2001:db8::1");
	resolver_free(resolver);
}

static void reverse(void **state)
{
	struct resolver *resolver = make(&quick);
	const struct tcpm_address hosts[] = {
		address("192.0.2.7"),   address("192.0.2.8"), address("192.0.2.9"),
		address("192.0.2.255"), address("192.0.2.1"), address("2001:db8::7"),
	};
	const char *names[] = {"ok.test"};

	(void)state;
	assert_int_equal(resolver_want(resolver, names, 1, hosts, 6), 0);
	becomes(resolver, "ok.test", "192.0.2.1 192.0.2.2 2001:db8::1");
	run(resolver, 500, false);
	assert_string_equal(name_of(resolver, "192.0.2.7"), "host.test");
	assert_string_equal(name_of(resolver, "192.0.2.9"), "-");
	/* A wanted name comes first. */
	assert_string_equal(name_of(resolver, "192.0.2.1"), "ok.test");
	for (unsigned i = 0; i < 6; i++) {
		const char *name = resolver_name(resolver, &hosts[i]);

		for (; name && *name; name++)
			assert_non_null(
				strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789-._",
				       *name));
	}
	/* What was known stays while nobody answers. */
	server.quiet = true;
	run(resolver, 500, false);
	assert_string_equal(name_of(resolver, "192.0.2.7"), "host.test");
	server.quiet = false;
	assert_int_equal(resolver_want(resolver, names, 1, NULL, 0), 0);
	assert_string_equal(name_of(resolver, "192.0.2.7"), "-");
	resolver_free(resolver);
}

static void addresses_as_names(void **state)
{
	struct resolver *resolver = make(&quick);
	const char *names[] = {"192.0.2.77", "2001:db8::77", "192.0.2.77"};
	const unsigned asked = server.asked;

	(void)state;
	assert_int_equal(resolver_want(resolver, names, 3, NULL, 0), 0);
	assert_string_equal(addresses(resolver, "192.0.2.77"), "192.0.2.77");
	assert_string_equal(addresses(resolver, "2001:db8::77"), "2001:db8::77");
	assert_string_equal(name_of(resolver, "192.0.2.77"), "192.0.2.77");
	run(resolver, 100, false);
	assert_int_equal(server.asked, asked);
	resolver_free(resolver);
}

/* Whatever the name server, and /etc/hosts, would say. */
static void localhost_is_known(void **state)
{
	static const char *const names[] = {"localhost", "localhost.", "LocalHost", "LOCALHOST."};
	struct resolver *resolver = make(&quick);
	const unsigned asked = server.asked;

	(void)state;
	assert_int_equal(resolver_want(resolver, names, 4, NULL, 0), 0);
	for (unsigned i = 0; i < 4; i++)
		assert_string_equal(addresses(resolver, names[i]), "127.0.0.1 ::1");
	assert_string_equal(name_of(resolver, "127.0.0.1"), "localhost");
	assert_string_equal(name_of(resolver, "::1"), "localhost");
	assert_int_equal(run(resolver, 300, false), 0);
	assert_int_equal(server.asked, asked);
	assert_string_equal(failure(resolver), "");
	/* It stays, beside others, and only that name is it. */
	const char *others[] = {"localhost", "ok.test", "localhosts"};

	assert_int_equal(resolver_want(resolver, others, 3, NULL, 0), 0);
	assert_string_equal(addresses(resolver, "localhost"), "127.0.0.1 ::1");
	assert_string_equal(addresses(resolver, "localhosts"), "");
	becomes(resolver, "ok.test", "192.0.2.1 192.0.2.2 2001:db8::1");
	resolver_free(resolver);
}

/* Two configurations of 4,096 names and addresses each, most of them several times. */
static void each_counts_once(void **state)
{
	enum { HALF = RESOLVER_MAX_WANTED / 2 };
	static char texts[RESOLVER_MAX_WANTED + 1][24];
	static const char *names[4 * HALF];
	static struct tcpm_address hosts[4 * HALF];
	struct resolver *resolver = make(&quick);

	(void)state;
	for (unsigned i = 0; i <= RESOLVER_MAX_WANTED; i++)
		snprintf(texts[i], sizeof(texts[i]), "name%u.test", i);
	snprintf(texts[7], sizeof(texts[7]), "ok.test");
	for (unsigned i = 0; i < 4 * HALF; i++) {
		const unsigned number = i < 3 * HALF ? i % HALF : i - 2 * HALF;

		names[i] = texts[number];
		hosts[i] = (struct tcpm_address){
			.version = 4, .bytes = {10, 0, (uint8_t)(number >> 8), (uint8_t)number}};
	}
	assert_int_equal(HALF, 4096);
	assert_int_equal(resolver_want(resolver, names, HALF, hosts, HALF), 0);
	becomes(resolver, "ok.test", "192.0.2.1 192.0.2.2 2001:db8::1");
	/* The same ones twice, then others. */
	assert_int_equal(resolver_want(resolver, names + HALF, 3 * HALF, hosts + HALF, 3 * HALF),
			 0);
	assert_string_equal(addresses(resolver, "ok.test"), "192.0.2.1 192.0.2.2 2001:db8::1");
	assert_string_equal(name_of(resolver, "192.0.2.2"), "ok.test");
	/* One name, or one address, beyond the room: all stays as it is. */
	names[0] = texts[RESOLVER_MAX_WANTED];
	assert_int_equal(resolver_want(resolver, names, 4 * HALF, hosts, 4 * HALF), -E2BIG);
	names[0] = texts[0];
	hosts[0].bytes[1] = 1;
	assert_int_equal(resolver_want(resolver, names, 4 * HALF, hosts, 4 * HALF), -E2BIG);
	assert_string_equal(addresses(resolver, "ok.test"), "192.0.2.1 192.0.2.2 2001:db8::1");
	run(resolver, 100, false);
	resolver_free(resolver);
}

static void the_first_requested_name_wins(void **state)
{
	struct resolver *resolver = make(&quick);
	const char *names[] = {"turning.test", "ok.test", "four.test", "ok.test"};
	const char *turned[] = {"ok.test", "turning.test"};

	(void)state;
	assert_int_equal(resolver_want(resolver, names, 4, NULL, 0), 0);
	becomes(resolver, "turning.test", "192.0.2.1 192.0.2.2 2001:db8::1");
	becomes(resolver, "ok.test", "192.0.2.1 192.0.2.2 2001:db8::1");
	assert_string_equal(name_of(resolver, "192.0.2.1"), "turning.test");
	assert_int_equal(resolver_want(resolver, turned, 2, NULL, 0), 0);
	/* What was known is so at once. */
	assert_string_equal(name_of(resolver, "192.0.2.1"), "ok.test");
	assert_string_equal(name_of(resolver, "192.0.2.4"), "-");
	assert_string_equal(addresses(resolver, "turning.test"), "192.0.2.1 192.0.2.2 2001:db8::1");
	resolver_free(resolver);
}

static void limited_concurrent_queries(void **state)
{
	struct resolver_times slow = quick;
	static char texts[RESOLVER_MAX_WANTED + 1][24];
	static const char *names[RESOLVER_MAX_WANTED + 1];
	struct resolver *resolver;
	const unsigned asked = server.asked;

	(void)state;
	slow.timeout_ms = 5000;
	resolver = make(&slow);
	for (unsigned i = 0; i <= RESOLVER_MAX_WANTED; i++) {
		snprintf(texts[i], sizeof(texts[i]), "name%u.test", i);
		names[i] = texts[i];
	}
	assert_int_equal(resolver_want(resolver, names, RESOLVER_MAX_WANTED + 1, NULL, 0), -E2BIG);
	assert_int_equal(resolver_want(resolver, names, RESOLVER_MAX_WANTED, NULL, 0), 0);
	server.quiet = true;
	run(resolver, 500, false);
	assert_int_equal(server.asked - asked, RESOLVER_MAX_QUESTIONS);
	server.quiet = false;
	resolver_free(resolver);
	/* The rest has its turn. */
	resolver = make(&slow);
	names[RESOLVER_MAX_WANTED - 1] = "ok.test";
	assert_int_equal(resolver_want(resolver, names, RESOLVER_MAX_WANTED, NULL, 0), 0);
	becomes(resolver, "ok.test", "192.0.2.1 192.0.2.2 2001:db8::1");
	resolver_free(resolver);
}

/* A reload each 10 ms, with questions under way. */
static void thousands_of_reloads(void **state)
{
	struct resolver *resolver = make(&quick);
	const char *names[] = {"ok.test", "silent.test", "moving.test", "192.0.2.9"};
	const struct tcpm_address hosts[] = {address("192.0.2.7"), address("192.0.2.8")};
	size_t used = 0;

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		assert_int_equal(resolver_want(resolver, names + i % 3, i % 2 + 1, hosts, i % 3),
				 0);
		if (i % 25 == 0)
			run(resolver, 5, false);
		if (i == 1000)
			used = mallinfo2().uordblks;
	}
	/* The sanitizers' allocator does not count. */
	assert_true(mallinfo2().uordblks <= used + 65536);
	want(resolver, "ok.test");
	becomes(resolver, "ok.test", "192.0.2.1 192.0.2.2 2001:db8::1");
	assert_int_equal(resolver_want(resolver, NULL, 0, NULL, 0), 0);
	assert_string_equal(addresses(resolver, "ok.test"), "");
	run(resolver, 300, false);
	resolver_free(resolver);
}

/* The first name in /etc/hosts that is no other word for this host's loopback. */
static void hosts_file(void **state)
{
	FILE *file = fopen("/etc/hosts", "r");
	char line[512], host[64], name[256];
	struct prefix parsed;
	bool found = false;

	(void)state;
	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%63[0-9.] %255s", host, name) == 2 &&
			!strstr(name, "localhost") && prefix_parse(host, &parsed) == 0;
	if (file)
		fclose(file);
	if (!found) {
		print_message("/etc/hosts has no host but localhost\n");
		skip();
	}

	struct resolver *resolver = make(&quick);
	const unsigned asked = server.asked;

	want(resolver, name);
	run(resolver, 50, true);
	if (!strstr(addresses(resolver, name), host))
		fail_msg("%s has \"%s\", not %s", name, addresses(resolver, name), host);
	assert_true(server.asked - asked <= 2);
	resolver_free(resolver);
}

static void servers_as_written(void **state)
{
	static const char *const right[] = {"192.0.2.1", "192.0.2.1:53", "2001:db8::1",
					    "[2001:db8::1]", "[2001:db8::1]:5353"};
	static const char *const wrong[] = {
		"",
		"dns.test",
		"192.0.2.1:",
		"192.0.2.1:0",
		"192.0.2.1:65536",
		"[192.0.2.1]",
		"[::1",
		"[::1]53",
		"::1]:53",
		"192.0.2.1:53 ",
		"192.0.2",
		":53",
		"[]:53",
		"192.0.2.1:53:1",
		"[::1%lo]:53",
	};
	const char *nine[9];
	struct resolver *resolver;
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		assert_int_equal(resolver_new(&right[i], 1, &resolver, &error), 0);
		resolver_free(resolver);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(resolver_new(&wrong[i], 1, &resolver, &error), -EINVAL);
		assert_non_null(strstr(error.text, wrong[i]));
		assert_null(resolver);
	}
	for (size_t i = 0; i < 9; i++)
		nine[i] = "192.0.2.1";
	assert_int_equal(resolver_new(nine, 9, &resolver, &error), -EINVAL);
	assert_int_equal(resolver_new(NULL, 0, &resolver, &error), 0);
	resolver_free(resolver);
	resolver_free(NULL);
}

/* The second one answers where the first is away. */
static void another_server(void **state)
{
	struct dns_server silent;
	const char *places[2];
	struct resolver *resolver;
	struct error error;

	(void)state;
	dns_start(&silent);
	silent.quiet = true;
	places[0] = silent.place;
	places[1] = server.place;
	assert_int_equal(resolver_new_timed(places, 2, &quick, &resolver, &error), 0);
	want(resolver, "ok.test");
	becomes(resolver, "ok.test", "192.0.2.1 192.0.2.2 2001:db8::1");
	resolver_free(resolver);
	dns_stop(&silent);
}

static int start(void **state)
{
	(void)state;
	dns_start(&server);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	dns_stop(&server);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_families),
		cmocka_unit_test(another_order_is_no_change),
		cmocka_unit_test(queried_again_when_the_ttl_expires),
		cmocka_unit_test(extreme_times_to_live),
		cmocka_unit_test(kept_while_the_server_is_away),
		cmocka_unit_test(failures_are_reported),
		cmocka_unit_test(more_than_the_maximum_of_addresses),
		cmocka_unit_test(random_answers),
		cmocka_unit_test(reverse),
		cmocka_unit_test(addresses_as_names),
		cmocka_unit_test(localhost_is_known),
		cmocka_unit_test(each_counts_once),
		cmocka_unit_test(the_first_requested_name_wins),
		cmocka_unit_test(limited_concurrent_queries),
		cmocka_unit_test(thousands_of_reloads),
		cmocka_unit_test(hosts_file),
		cmocka_unit_test(servers_as_written),
		cmocka_unit_test(another_server),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
