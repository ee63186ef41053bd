/*
 * Agents as the tests of StatsD need them: real sockets that datagrams arrive at.
 */
#ifndef UNIT_AGENT_HELPER_H
#define UNIT_AGENT_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* So long a test waits for what must come, or makes sure that nothing does. */
#define AGENT_WAIT_MS  5000
#define AGENT_QUIET_MS 100

/* A UDP socket bound to loopback ("127.0.0.1", "::1"); *port 0: any, returned there. -1 and
 * errno: no such address here. */
static inline int agent_udp(const char *address, uint16_t *port)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(*port)};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(*port)};
	bool is_v6 = strchr(address, ':') != NULL;
	struct sockaddr *bound = is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
	socklen_t size = is_v6 ? sizeof(v6) : sizeof(v4);
	int fd = socket(bound->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	inet_pton(bound->sa_family, address, is_v6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr);
	if (bind(fd, bound, size) < 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	getsockname(fd, bound, &size);
	*port = ntohs(is_v6 ? v6.sin6_port : v4.sin_port);
	return fd;
}

/* A Unix datagram socket at a path, in the place of what is there. */
static inline int agent_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, path, length);
	unlink(path);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&address,
			    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The next datagram, NUL-terminated, and its size; -1: none came in time. */
static inline ssize_t agent_read(int fd, char *bytes, size_t room, int wait_ms)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};
	ssize_t size;

	if (poll(&polled, 1, wait_ms) <= 0)
		return -1;
	size = recv(fd, bytes, room - 1, 0);
	bytes[size < 0 ? 0 : size] = '\0';
	return size;
}

#endif
