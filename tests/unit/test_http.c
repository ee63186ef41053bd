/*
 * The HTTP server, by real sockets on loopback; client and server share one thread, as the
 * server never waits. SIGPIPE keeps its deadly default all the while.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "export/http.h"

#define LARGE         ((size_t)20 << 20)
#define GET(path)     "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"
#define MAX_WAITING   64
#define ANSWER_SIZE   65536
#define EXAMPLE_BODY  "hello\n"
#define EXAMPLE_TYPE  "text/plain; version=0.0.4; charset=utf-8"
#define PATIENCE_MS   5000
#define ONE_ADDRESS   8
#define ALL_ADDRESSES 16

static struct http *http;
static struct http_request *waiting[MAX_WAITING]; /* of "/later", in their order */
static size_t waiting_count;
static unsigned asked; /* how often the handler was */

static void answer(struct http_request *request, unsigned status, const char *string)
{
	struct text text = {0};

	text_string(&text, string);
	http_answer(request, status, EXAMPLE_TYPE, &text);
	assert_null(text.bytes);
	assert_int_equal(text.used, 0);
}

static void handler(void *user, struct http_request *request, const char *path)
{
	struct text text = {0};

	assert_ptr_equal(user, &http);
	asked++;
	if (strcmp(path, "/later") == 0) {
		assert_true(waiting_count < MAX_WAITING);
		waiting[waiting_count++] = request;
	} else if (strcmp(path, "/large") == 0) {
		text_repeat(&text, 'x', LARGE);
		http_answer(request, 200, EXAMPLE_TYPE, &text);
	} else if (strcmp(path, "/empty") == 0) {
		http_answer(request, 200, EXAMPLE_TYPE, &text);
	} else if (strcmp(path, "/failed") == 0) {
		text_string(&text, "half of a ");
		text_fail(&text, -ENOMEM);
		http_answer(request, 200, EXAMPLE_TYPE, &text);
	} else if (strcmp(path, "/metrics") == 0) {
		answer(request, 200, EXAMPLE_BODY);
	} else {
		answer(request, 404, path);
	}
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Added to the clock that the server is given. */
static int64_t clock_offset_ms;

static void run_http(void)
{
	http_run(http, (now_ms() + clock_offset_ms) * 1000000);
}

/* Runs the server once, after at most ms milliseconds; returns whether it was woken earlier. */
static bool run(int ms)
{
	struct pollfd fd = {.fd = http_fd(http), .events = POLLIN};
	int timeout = http_timeout_ms(http);
	bool woken;

	if (timeout < 0 || timeout > ms)
		timeout = ms;
	woken = poll(&fd, 1, timeout) > 0 || timeout < ms;
	run_http();
	return woken;
}

static void run_for(int ms)
{
	int64_t end = now_ms() + ms;

	while (now_ms() < end)
		run(10);
}

static int descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static int descriptors_before;

static int start(void **state)
{
	struct error error;

	(void)state;
	descriptors_before = descriptors();
	asked = 0;
	waiting_count = 0;
	clock_offset_ms = 0;
	return http_open("127.0.0.1", 0, handler, &http, &http, &error);
}

static int stop(void **state)
{
	(void)state;
	http_close(http);
	http = NULL;
	assert_int_equal(descriptors(), descriptors_before);
	return 0;
}

/* ---- clients ---- */

static int dial_from(const char *source)
{
	struct sockaddr_in from = {.sin_family = AF_INET};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(http_port(http))};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(inet_pton(AF_INET, source, &from.sin_addr), 1);
	assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &to.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static int dial(void)
{
	return dial_from("127.0.0.1");
}

static void say(int fd, const char *string)
{
	assert_int_equal(send(fd, string, strlen(string), MSG_NOSIGNAL), (ssize_t)strlen(string));
}

/* Whether a whole answer is there; without_body: as HEAD has it. */
static bool is_whole(const char *bytes, size_t used, bool without_body)
{
	const char *body = strstr(bytes, "\r\n\r\n");
	const char *length = strstr(bytes, "\r\nContent-Length: ");

	if (!body)
		return false;
	body += strlen("\r\n\r\n");
	if (without_body || !length)
		return true;
	return used - (size_t)(body - bytes) >=
	       strtoul(length + strlen("\r\nContent-Length: "), NULL, 10);
}

static bool holds(const char *bytes, const char *part, unsigned times)
{
	for (; times && (bytes = strstr(bytes, part)); times--)
		bytes += strlen(part);
	return times == 0;
}

/* Collects what the server sends until it holds `until` that many times; false: the
 * connection ends, or nothing more comes. until NULL: one whole answer, or all there is until
 * the connection ends; times then is whether it has no body. */
static bool listen_for(int fd, char bytes[static ANSWER_SIZE], const char *until, unsigned times)
{
	size_t used = 0;
	int64_t end = now_ms() + PATIENCE_MS;

	bytes[0] = '\0';
	while (now_ms() < end) {
		ssize_t got = recv(fd, bytes + used, ANSWER_SIZE - 1 - used, MSG_DONTWAIT);

		if (got == 0 || (got < 0 && errno != EAGAIN))
			return !until;
		if (got < 0) {
			run(10);
			continue;
		}
		used += (size_t)got;
		bytes[used] = '\0';
		if (until ? holds(bytes, until, times) : is_whole(bytes, used, times))
			return true;
	}
	return false;
}

/* One request on a connection of its own; returns the answer, valid until the next call. */
static const char *exchange(const char *request)
{
	static char bytes[ANSWER_SIZE];
	int fd = dial();
	bool heard;

	say(fd, request);
	heard = listen_for(fd, bytes, NULL, strncmp(request, "HEAD", 4) == 0);
	close(fd);
	run(0);
	run(0);
	assert_true(heard);
	return bytes;
}

static void assert_begins(const char *bytes, const char *beginning)
{
	if (strncmp(bytes, beginning, strlen(beginning)) != 0)
		fail_msg("'%.200s' does not begin with '%s'", bytes, beginning);
}

static void assert_ends(const char *bytes, const char *end)
{
	size_t size = strlen(bytes);

	if (size < strlen(end) || strcmp(bytes + size - strlen(end), end) != 0)
		fail_msg("'%.300s' does not end with '%s'", bytes, end);
}

static void assert_holds(const char *bytes, const char *part)
{
	if (!strstr(bytes, part))
		fail_msg("'%.300s' does not hold '%s'", bytes, part);
}

/* ---- requests ---- */

static void get(void **state)
{
	const char *bytes = exchange(GET("/metrics"));

	(void)state;
	assert_begins(bytes, "HTTP/1.1 200 OK\r\n");
	assert_holds(bytes, "\r\nContent-Type: " EXAMPLE_TYPE "\r\n");
	assert_holds(bytes, "\r\nContent-Length: 6\r\n");
	assert_ends(bytes, "\r\n\r\n" EXAMPLE_BODY);
	assert_null(strstr(bytes, "Server:"));
	assert_ends(exchange(GET("/metrics?name%5B%5D=x")), "\r\n\r\n" EXAMPLE_BODY);
	assert_ends(exchange("GET /metrics HTTP/1.0\r\n\r\n"), "\r\n\r\n" EXAMPLE_BODY);
	bytes = exchange(GET("/empty"));
	assert_begins(bytes, "HTTP/1.1 200 OK\r\n");
	assert_holds(bytes, "\r\nContent-Length: 0\r\n");
	bytes = exchange(GET("/failed"));
	assert_begins(bytes, "HTTP/1.1 503 ");
	assert_null(strstr(bytes, "half"));
}

static void head(void **state)
{
	const char *bytes = exchange("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");

	(void)state;
	assert_begins(bytes, "HTTP/1.1 200 OK\r\n");
	assert_holds(bytes, "\r\nContent-Length: 6\r\n");
	assert_ends(bytes, "\r\n\r\n");
}

static void unknown_path(void **state)
{
	const char *bytes = exchange(GET("/nothing%20here"));

	(void)state;
	assert_begins(bytes, "HTTP/1.1 404 Not Found\r\n");
	assert_ends(bytes, "\r\n\r\n/nothing here");
}

static void other_methods(void **state)
{
	static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"};
	char request[200];

	(void)state;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		const char *bytes;

		snprintf(request, sizeof(request),
			 "%s /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
			 methods[i]);
		bytes = exchange(request);
		assert_begins(bytes, "HTTP/1.1 405 ");
		assert_holds(bytes, "\r\nAllow: GET, HEAD\r\n");
	}
	assert_int_equal(asked, 0);
}

/* A body is refused by its announcement; nobody waits for it. */
static void bodies(void **state)
{
	(void)state;
	assert_begins(exchange("GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"),
		      "HTTP/1.1 413 ");
	assert_begins(exchange("GET /metrics HTTP/1.1\r\nHost: x\r\n"
			       "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
		      "HTTP/1.1 413 ");
	assert_begins(exchange("GET /metrics HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
			       "Content-Length: 99999999999\r\n\r\n"),
		      "HTTP/1.1 413 ");
	assert_int_equal(asked, 0);
	assert_begins(exchange("GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
		      "HTTP/1.1 200 ");
}

/* Said, and then left alone. */
static void send_and_leave(const char *request)
{
	int fd = dial();

	say(fd, request);
	run_for(20);
	close(fd);
	run_for(20);
}

static void nonsense(void **state)
{
	(void)state;
	send_and_leave("\r\n\r\n");
	send_and_leave("\x16\x03\x01\x02");
	send_and_leave("GET\r\n\r\n");
	send_and_leave("GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n");
	send_and_leave("GET  HTTP/1.1\r\nHost: x\r\n\r\n");
	send_and_leave("GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0, 5\r\n\r\nabcde");
	assert_begins(exchange("GET /metrics HTTP/1.1\r\n\r\n"), "HTTP/1.1 400 ");
	assert_begins(exchange(GET("/metrics")), "HTTP/1.1 200 ");
}

static void large_headers(void **state)
{
	static char request[40000];
	static char bytes[ANSWER_SIZE];
	size_t beginning;
	int fd = dial();

	(void)state;
	beginning = (size_t)snprintf(request, sizeof(request),
				     "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Long: ");
	memset(request + beginning, 'y', sizeof(request) - 1 - beginning);
	say(fd, request);
	listen_for(fd, bytes, NULL, 0);
	if (*bytes)
		assert_begins(bytes, "HTTP/1.1 4");
	close(fd);
	assert_int_equal(asked, 0);
	assert_begins(exchange(GET("/metrics")), "HTTP/1.1 200 ");
}

static void kept_alive(void **state)
{
	static char bytes[ANSWER_SIZE];
	int fd = dial();

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		say(fd, GET("/metrics"));
		assert_true(listen_for(fd, bytes, EXAMPLE_BODY, 1));
		assert_begins(bytes, "HTTP/1.1 200 ");
	}
	assert_int_equal(asked, 5);
	close(fd);
}

static void pipelined(void **state)
{
	static char bytes[ANSWER_SIZE];
	int fd = dial();

	(void)state;
	say(fd, GET("/metrics") GET("/other") GET("/metrics"));
	assert_true(listen_for(fd, bytes, EXAMPLE_BODY, 2));
	assert_holds(bytes, "/otherHTTP/1.1 200 OK");
	close(fd);
}

/* Of pipelined requests, each waits for the one before. */
static void pipelined_and_late(void **state)
{
	static char bytes[ANSWER_SIZE];
	int fd = dial();

	(void)state;
	say(fd, GET("/later") GET("/later"));
	run_for(50);
	assert_int_equal(waiting_count, 1);
	answer(waiting[0], 200, "first\n");
	assert_true(listen_for(fd, bytes, "first\n", 1));
	run_for(50);
	assert_int_equal(waiting_count, 2);
	answer(waiting[1], 200, "second\n");
	assert_true(listen_for(fd, bytes, "second\n", 1));
	close(fd);
}

static void split(void **state)
{
	static const char request[] = GET("/metrics");
	static char bytes[ANSWER_SIZE];
	int fd = dial();

	(void)state;
	for (size_t i = 0; i < sizeof(request) - 1; i++) {
		assert_int_equal(send(fd, request + i, 1, MSG_NOSIGNAL), 1);
		run(0);
		run(0);
	}
	assert_true(listen_for(fd, bytes, EXAMPLE_BODY, 1));
	close(fd);
}

/* ---- late answers ---- */

static void late_answer(void **state)
{
	static char bytes[ANSWER_SIZE];
	int fd = dial();
	unsigned woken = 0;

	(void)state;
	say(fd, GET("/later"));
	run_for(100);
	assert_int_equal(waiting_count, 1);
	/* Meanwhile others are served, and nothing turns in circles. */
	assert_begins(exchange(GET("/metrics")), "HTTP/1.1 200 ");
	run_for(50);
	for (unsigned i = 0; i < 20; i++)
		woken += run(100);
	assert_in_range(woken, 0, 8);
	assert_int_equal(waiting_count, 1);
	answer(waiting[0], 200, EXAMPLE_BODY);
	assert_true(listen_for(fd, bytes, EXAMPLE_BODY, 1));
	assert_begins(bytes, "HTTP/1.1 200 ");
	say(fd, GET("/metrics"));
	assert_true(listen_for(fd, bytes, EXAMPLE_BODY, 1));
	close(fd);
}

static void client_closes_while_waiting(void **state)
{
	const struct linger reset = {.l_onoff = 1};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		int fd = dial();

		say(fd, GET("/later"));
		run_for(50);
		assert_int_equal(waiting_count, i + 1);
		if (i & 1)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(fd);
		run_for(50);
		if (i & 2)
			answer(waiting[i], 200, EXAMPLE_BODY);
		run_for(50);
	}
	answer(waiting[0], 200, EXAMPLE_BODY);
	answer(waiting[1], 200, EXAMPLE_BODY);
	run_for(50);
	assert_begins(exchange(GET("/metrics")), "HTTP/1.1 200 ");
}

/* Some wait, one has its answer but was not run since, one reads, one has asked half. */
static void server_closed_with_pending_requests(void **state)
{
	int fds[5];

	(void)state;
	for (size_t i = 0; i < 5; i++)
		fds[i] = dial();
	say(fds[0], GET("/later"));
	say(fds[1], GET("/later"));
	say(fds[2], GET("/later"));
	say(fds[3], GET("/large"));
	say(fds[4], "GET /la");
	run_for(100);
	assert_int_equal(waiting_count, 3);
	answer(waiting[1], 200, EXAMPLE_BODY);
	http_close(http);
	for (size_t i = 0; i < 5; i++)
		close(fds[i]);
	assert_int_equal(descriptors(), descriptors_before);
	http = NULL;
}

static void large_answer(void **state)
{
	static char bytes[ANSWER_SIZE];
	int fd = dial();
	size_t got = 0;
	unsigned others = 0;
	int64_t end = now_ms() + 20000;

	(void)state;
	say(fd, GET("/large"));
	run_for(50);
	while (got < LARGE && now_ms() < end) {
		ssize_t now = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

		assert_true(now > 0 || (now < 0 && errno == EAGAIN));
		if (now > 0)
			got += (size_t)now;
		/* Slowly: others come and go meanwhile. */
		if (got / (1 << 20) > others) {
			assert_begins(exchange(GET("/metrics")), "HTTP/1.1 200 ");
			others++;
		}
		run(1);
	}
	assert_true(got >= LARGE);
	assert_in_range(others, 15, 21);
	close(fd);
}

/* ---- bounds ---- */

static bool is_served(int fd)
{
	static char bytes[ANSWER_SIZE];
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	if (send(fd, GET("/metrics"), strlen(GET("/metrics")), MSG_NOSIGNAL) < 0)
		return false;
	run_for(50);
	return poll(&poll_fd, 1, 0) > 0 && recv(fd, bytes, sizeof(bytes), 0) > 0;
}

static void many_connections(void **state)
{
	int one[ONE_ADDRESS];
	int two[ALL_ADDRESSES - ONE_ADDRESS];
	int extra;
	int late;

	(void)state;
	for (size_t i = 0; i < ONE_ADDRESS; i++) {
		one[i] = dial();
		assert_true(is_served(one[i]));
	}
	extra = dial();
	assert_false(is_served(extra));
	close(extra);
	for (size_t i = 0; i < ALL_ADDRESSES - ONE_ADDRESS; i++) {
		two[i] = dial_from("127.0.0.2");
		assert_true(is_served(two[i]));
	}
	late = dial_from("127.0.0.3");
	assert_false(is_served(late));
	close(one[0]);
	run_for(50);
	assert_true(is_served(late));
	close(late);
	for (size_t i = 1; i < ONE_ADDRESS; i++)
		close(one[i]);
	for (size_t i = 0; i < ALL_ADDRESSES - ONE_ADDRESS; i++)
		close(two[i]);
	run_for(50);
	assert_begins(exchange(GET("/metrics")), "HTTP/1.1 200 ");
}

/* Whether the other end has closed, whatever it sent before. */
static bool is_closed(int fd)
{
	static char bytes[ANSWER_SIZE];
	ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	return got == 0 || (got < 0 && errno != EAGAIN);
}

/* The caller is woken at least once per second while there is a connection, so that deadlines
 * are kept though no client sends anything. */
static void woken_each_second(void **state)
{
	int fd = dial();
	int64_t begin;

	(void)state;
	run_for(50);
	for (unsigned i = 0; i < 2; i++) {
		struct pollfd poll_fd = {.fd = http_fd(http), .events = POLLIN};

		begin = now_ms();
		assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
		assert_in_range(now_ms() - begin, 0, 2000);
		run_http();
	}
	close(fd);
}

/* A client that sends nothing, one that sends a byte now and then, one that reads a little now
 * and then, and one that waits for an answer that does not come: each has its deadline. */
static void deadlines_of_slow_clients(void **state)
{
	static char bytes[ANSWER_SIZE];
	int alone = descriptors();
	int silent = dial();
	int sender = dial();
	int reader = dial();
	int waiter = dial();
	int64_t ended[3] = {0};

	(void)state;
	say(sender, "GET /metrics HTTP/1.1\r\nX: ");
	say(reader, GET("/large"));
	say(waiter, GET("/later"));
	run_for(100);
	while (clock_offset_ms < 40000 && !(ended[0] && ended[1] && ended[2])) {
		clock_offset_ms += 250;
		run_for(10);
		if (!ended[0] && is_closed(silent))
			ended[0] = clock_offset_ms;
		if (!ended[1] && (send(sender, "y", 1, MSG_NOSIGNAL) < 0 || is_closed(sender)))
			ended[1] = clock_offset_ms;
		/* It would not see the end for long: there is much on the way to it. The server
		 * is done with it (the last of the four) when it has no socket for it. */
		is_closed(reader);
		if (!ended[2] && descriptors() == alone + 4)
			ended[2] = clock_offset_ms;
	}
	assert_in_range(ended[0], 9000, 13000);
	assert_in_range(ended[1], 9000, 13000);
	assert_in_range(ended[2], 29000, 34000);
	assert_int_equal(waiting_count, 1);
	assert_true(listen_for(waiter, bytes, "later.\n", 1));
	assert_begins(bytes, "HTTP/1.1 503 ");
	answer(waiting[0], 200, EXAMPLE_BODY);
	run_for(50);
	assert_begins(exchange(GET("/metrics")), "HTTP/1.1 200 ");
	close(silent);
	close(sender);
	close(reader);
	close(waiter);
}

/* ---- opening ---- */

static void in_use(void **state)
{
	struct http *second = NULL;
	struct error error;
	char expected[100];

	(void)state;
	assert_int_equal(http_open("127.0.0.1", http_port(http), handler, &http, &second, &error),
			 -EADDRINUSE);
	assert_null(second);
	snprintf(expected, sizeof(expected), "another program listens on 127.0.0.1:%u",
		 http_port(http));
	assert_holds(error.text, expected);
}

static void bad_addresses(void **state)
{
	static const char *const none[] = {"",      "localhost", "127.0.0.1:80",
					   "1.2.3", "::g",       "[::1]"};
	struct http *second = NULL;
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_int_equal(http_open(none[i], 0, handler, &http, &second, &error), -EINVAL);
		assert_holds(error.text, "not an IPv4 or IPv6 address");
	}
	assert_int_equal(http_open("192.0.2.1", 9464, handler, &http, &second, &error),
			 -EADDRNOTAVAIL);
	assert_holds(error.text, "192.0.2.1:9464");
	assert_null(second);
	http_close(NULL);
}

/* The port is free again at once, though connections of before linger. */
static void opened_again(void **state)
{
	static char bytes[ANSWER_SIZE];
	struct error error;
	uint16_t port = http_port(http);
	int fd = dial();

	(void)state;
	say(fd, GET("/metrics"));
	assert_true(listen_for(fd, bytes, EXAMPLE_BODY, 1));
	http_close(http);
	assert_true(is_closed(fd));
	close(fd);
	assert_int_equal(http_open("127.0.0.1", port, handler, &http, &http, &error), 0);
	assert_begins(exchange(GET("/metrics")), "HTTP/1.1 200 ");
}

/* On IPv6, and on that address only. */
static void over_ipv6(void **state)
{
	static char bytes[ANSWER_SIZE];
	struct error error;
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	int other = socket(AF_INET, SOCK_STREAM, 0);
	int result;

	(void)state;
	http_close(http);
	http = NULL;
	result = http_open("::1", 0, handler, &http, &http, &error);
	if (result == -EAFNOSUPPORT || result == -EADDRNOTAVAIL) {
		close(fd);
		close(other);
		print_message("no IPv6 here: %s\n", error.text);
		return;
	}
	assert_int_equal(result, 0);
	to.sin6_port = htons(http_port(http));
	v4.sin_port = to.sin6_port;
	assert_int_equal(connect(other, (struct sockaddr *)&v4, sizeof(v4)), -1);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	say(fd, GET("/metrics"));
	assert_true(listen_for(fd, bytes, EXAMPLE_BODY, 1));
	close(fd);
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(get, start, stop),
		cmocka_unit_test_setup_teardown(head, start, stop),
		cmocka_unit_test_setup_teardown(unknown_path, start, stop),
		cmocka_unit_test_setup_teardown(other_methods, start, stop),
		cmocka_unit_test_setup_teardown(bodies, start, stop),
		cmocka_unit_test_setup_teardown(nonsense, start, stop),
		cmocka_unit_test_setup_teardown(large_headers, start, stop),
		cmocka_unit_test_setup_teardown(kept_alive, start, stop),
		cmocka_unit_test_setup_teardown(pipelined, start, stop),
		cmocka_unit_test_setup_teardown(pipelined_and_late, start, stop),
		cmocka_unit_test_setup_teardown(split, start, stop),
		cmocka_unit_test_setup_teardown(late_answer, start, stop),
		cmocka_unit_test_setup_teardown(client_closes_while_waiting, start, stop),
		cmocka_unit_test_setup_teardown(server_closed_with_pending_requests, start, stop),
		cmocka_unit_test_setup_teardown(large_answer, start, stop),
		cmocka_unit_test_setup_teardown(many_connections, start, stop),
		cmocka_unit_test_setup_teardown(woken_each_second, start, stop),
		cmocka_unit_test_setup_teardown(deadlines_of_slow_clients, start, stop),
		cmocka_unit_test_setup_teardown(in_use, start, stop),
		cmocka_unit_test_setup_teardown(bad_addresses, start, stop),
		cmocka_unit_test_setup_teardown(opened_again, start, stop),
		cmocka_unit_test_setup_teardown(over_ipv6, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
