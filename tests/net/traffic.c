/*
 * Real TCP to measure: a small server and client for tests in namespaces.
 *
 *	traffic server PORT
 *	traffic client ADDRESS PORT KIND COUNT
 *
 * KIND says what one connection does, COUNT how often:
 *	up     sends 64 KiB and waits for the answer
 *	down   asks for 64 KiB
 *	echo   asks for 100 bytes with 200, the server thinks for 20 ms
 *	http   asks with 400 bytes for a page of 12,000, thinking for 3 ms, and reads it for 30 ms
 *	small  200 bytes every 5 ms, answered once after the last
 *	think  as echo, but the server thinks for 50 to 200 ms
 *	deaf   20 bytes every 60 ms to a server that does not read before the last
 *	bulk   sends 2 MiB and waits for the answer
 *	fetch  asks for 2 MiB
 *	stall  sends 1 MiB to a server that does not read for 0.3 s: its window closes
 *	nagle  as small, but the kernel may hold small segments back (no TCP_NODELAY)
 *
 * With think and deaf, acknowledgements come by the server's delayed-ACK timer: think
 * keeps the server's kernel from acknowledging what its program reads at once, and deaf
 * first uses up, with quick writes, the prompt acknowledgements that a kernel grants to
 * a new connection.
 *
 * A request says itself what the answer is to be: how long to sleep first, how many
 * bytes follow, how long to think, how many bytes to answer. At the end the client
 * closes first, and once the server has closed too prints what the kernel knows of the
 * connection:
 *
 *	SOURCE PORT TARGET PORT MIN_RTT_US SMOOTHED_RTT_US RETRANSMITTED KIND
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The kernel's own header: the C library's struct tcp_info ends before tcpi_min_rtt. */
#include <linux/tcp.h>

/* Of kind deaf: more than the prompt acknowledgements of a new connection, which were
 * 65 on Linux 6.18. */
#define QUICK_WRITES   80
#define QUICK_PAUSE_US 3000

struct request {
	uint32_t sleep_us; /* before what follows is read */
	uint32_t up;       /* bytes that follow */
	uint32_t think_us; /* before the answer */
	uint32_t down;     /* bytes of the answer */
	uint32_t delayed;  /* not 0: acknowledgements wait for the timer, or the answer */
};

static void fail(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void pause_us(uint32_t us)
{
	struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};

	nanosleep(&time, NULL);
}

static void send_bytes(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);

		if (sent < 0)
			fail("send");
		at += sent;
		length -= (size_t)sent;
	}
}

/* False: the other side closed before the first byte. */
static bool receive_bytes(int fd, void *bytes, size_t length)
{
	char *at = bytes;
	size_t left = length;

	while (left > 0) {
		ssize_t got = recv(fd, at, left, 0);

		if (got < 0)
			fail("receive");
		if (got == 0) {
			if (left == length)
				return false;
			errno = EPIPE;
			fail("receive");
		}
		at += got;
		left -= (size_t)got;
	}
	return true;
}

static void receive_some(int fd, size_t length)
{
	char buffer[16384];

	while (length > 0) {
		size_t part = length < sizeof buffer ? length : sizeof buffer;

		if (!receive_bytes(fd, buffer, part)) {
			errno = EPIPE;
			fail("receive");
		}
		length -= part;
	}
}

static void send_some(int fd, size_t length)
{
	static const char text[16384];

	while (length > 0) {
		size_t part = length < sizeof text ? length : sizeof text;

		send_bytes(fd, text, part);
		length -= part;
	}
}

static void no_delay(int fd)
{
	int yes = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) < 0)
		fail("TCP_NODELAY");
}

/* For the next arrival; then the kernel decides again. */
static void delay_acknowledgement(int fd)
{
	int no = 0;

	if (setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &no, sizeof no) < 0)
		fail("TCP_QUICKACK");
}

static void answer(int fd)
{
	struct request request;

	no_delay(fd);
	while (receive_bytes(fd, &request, sizeof request)) {
		pause_us(request.sleep_us);
		receive_some(fd, request.up);
		pause_us(request.think_us);
		send_some(fd, request.down);
		if (request.delayed)
			delay_acknowledgement(fd);
	}
}

static int serve(uint16_t port)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int yes = 1, no = 0, fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 128) < 0)
		fail("listen");
	signal(SIGCHLD, SIG_IGN);
	fprintf(stderr, "ready\n");
	for (;;) {
		int connection = accept(fd, NULL, NULL);
		pid_t child;

		if (connection < 0)
			fail("accept");
		child = fork();
		if (child < 0)
			fail("fork");
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			answer(connection);
			close(connection);
			_exit(0);
		}
		close(connection);
	}
}

static void ask(int fd, struct request request)
{
	char buffer[1024] = {0};

	/* A small request goes out in one segment, as programs that care do. */
	memcpy(buffer, &request, sizeof request);
	if (request.up <= sizeof buffer - sizeof request) {
		send_bytes(fd, buffer, sizeof request + request.up);
	} else {
		send_bytes(fd, &request, sizeof request);
		send_some(fd, request.up);
	}
	receive_some(fd, request.down);
}

static void write_slowly(int fd, uint32_t count)
{
	struct request request = {.up = count * 200, .down = 100};

	send_bytes(fd, &request, sizeof request);
	for (uint32_t i = 0; i < count; i++) {
		pause_us(5000);
		send_some(fd, 200);
	}
	receive_some(fd, request.down);
}

static void write_to_the_deaf(int fd, uint32_t count)
{
	struct request request = {
		.sleep_us = QUICK_WRITES * QUICK_PAUSE_US + count * 60000,
		.up = (QUICK_WRITES + count) * 20,
		.down = 100,
	};

	send_bytes(fd, &request, sizeof request);
	for (uint32_t i = 0; i < QUICK_WRITES + count; i++) {
		pause_us(i < QUICK_WRITES ? QUICK_PAUSE_US : 60000);
		send_some(fd, 20);
	}
	receive_some(fd, request.down);
}

static void think(int fd, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		ask(fd, (struct request){.up = 200,
					 .think_us = 50000 + i % 4 * 50000,
					 .down = 100,
					 .delayed = 1});
}

static void talk(int fd, const char *kind, uint32_t count)
{
	if (strcmp(kind, "small") == 0 || strcmp(kind, "nagle") == 0) {
		write_slowly(fd, count);
		return;
	}
	if (strcmp(kind, "deaf") == 0) {
		write_to_the_deaf(fd, count);
		return;
	}
	if (strcmp(kind, "think") == 0) {
		think(fd, count);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (strcmp(kind, "up") == 0) {
			ask(fd, (struct request){.up = 65536, .down = 16});
		} else if (strcmp(kind, "down") == 0) {
			ask(fd, (struct request){.down = 65536});
		} else if (strcmp(kind, "bulk") == 0) {
			ask(fd, (struct request){.up = 2 << 20, .down = 16});
		} else if (strcmp(kind, "fetch") == 0) {
			ask(fd, (struct request){.down = 2 << 20});
		} else if (strcmp(kind, "stall") == 0) {
			ask(fd, (struct request){.sleep_us = 300000, .up = 1 << 20, .down = 16});
		} else if (strcmp(kind, "echo") == 0) {
			ask(fd, (struct request){.up = 200, .think_us = 20000, .down = 100});
		} else if (strcmp(kind, "http") == 0) {
			ask(fd, (struct request){.up = 400, .think_us = 3000, .down = 12000});
			pause_us(30000);
		} else {
			errno = EINVAL;
			fail(kind);
		}
	}
}

static void print_endpoint(const struct sockaddr_storage *address, socklen_t length)
{
	char host[INET6_ADDRSTRLEN], port[8];

	if (getnameinfo((const struct sockaddr *)address, length, host, sizeof host, port,
			sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
		errno = EINVAL;
		fail("address");
	}
	printf("%s %s ", host, port);
}

static int connect_to(const char *host, const char *port)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				 .ai_socktype = SOCK_STREAM};
	struct addrinfo *address;
	int fd;

	if (getaddrinfo(host, port, &hints, &address) != 0) {
		errno = EINVAL;
		fail(host);
	}
	fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, address->ai_addr, address->ai_addrlen) < 0)
		fail("connect");
	freeaddrinfo(address);
	return fd;
}

static int run_client(const char *host, const char *port, const char *kind, uint32_t count)
{
	struct sockaddr_storage local, remote;
	socklen_t local_length = sizeof local, remote_length = sizeof remote, length;
	struct tcp_info info = {0};
	char byte;
	int fd = connect_to(host, port);

	if (strcmp(kind, "nagle") != 0)
		no_delay(fd);
	/* The peer's address is gone once the connection is closed. */
	if (getsockname(fd, (struct sockaddr *)&local, &local_length) < 0 ||
	    getpeername(fd, (struct sockaddr *)&remote, &remote_length) < 0)
		fail("address");
	talk(fd, kind, count);
	if (shutdown(fd, SHUT_WR) < 0)
		fail("shutdown");
	if (recv(fd, &byte, 1, 0) != 0)
		fail("close");
	length = sizeof info;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0)
		fail("TCP_INFO");
	print_endpoint(&local, local_length);
	print_endpoint(&remote, remote_length);
	printf("%u %u %u %s\n", info.tcpi_min_rtt, info.tcpi_rtt, info.tcpi_total_retrans, kind);
	close(fd);
	return 0;
}

static uint32_t number(const char *text, uint32_t max)
{
	char *rest;
	unsigned long value = strtoul(text, &rest, 10);

	if (*text == '\0' || *rest != '\0' || value == 0 || value > max) {
		errno = EINVAL;
		fail(text);
	}
	return (uint32_t)value;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "server") == 0)
		return serve((uint16_t)number(argv[2], 65535));
	if (argc == 6 && strcmp(argv[1], "client") == 0)
		return run_client(argv[2], argv[3], argv[4], number(argv[5], 1000000));
	fprintf(stderr,
		"usage: traffic server PORT\n"
		"       traffic client ADDRESS PORT KIND COUNT\n"
		"KIND is up, down, echo, http, small, think, deaf, bulk, fetch, stall or nagle\n");
	return 2;
}
