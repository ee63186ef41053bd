/*
 * The socket is made here, not by the HTTP library, so that the reason of a failure is not
 * lost on the way.
 */
#include "export/http_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTEN_BACKLOG 16

int http_listen_failed(struct error *error, int errnum, const char *address, uint16_t port)
{
	bool v6 = strchr(address, ':') != NULL;
	char where[80];

	snprintf(where, sizeof(where), "%s%.60s%s:%u", v6 ? "[" : "", address, v6 ? "]" : "", port);
	switch (errnum) {
	case EADDRINUSE:
		return error_set(error, errnum,
				 "port in use: another program listens on %s; stop it, or choose "
				 "another port",
				 where);
	case EADDRNOTAVAIL:
		return error_set(error, errnum,
				 "cannot listen on %s: this host has no such address; choose "
				 "one that `ip address` shows",
				 where);
	case EACCES:
		return error_set(error, errnum,
				 "cannot listen on %s: not permitted; choose a port above 1023",
				 where);
	case EAFNOSUPPORT:
		return error_set(error, errnum,
				 "cannot listen on %s: this system has no IPv%c; choose another "
				 "address",
				 where, v6 ? '6' : '4');
	case EMFILE:
	case ENFILE:
		return error_set(error, errnum,
				 "cannot listen on %s: too many open files; raise the limit of "
				 "open files",
				 where);
	default:
		return error_set(error, errnum, "cannot listen on %s: %s", where, strerror(errnum));
	}
}

/* A socket that listens, or a negative errno. */
static int listen_on(const struct sockaddr *address, socklen_t size)
{
	const int on = 1;
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int result;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    (address->sa_family != AF_INET6 ||
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0) &&
	    bind(fd, address, size) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
		return fd;
	result = -errno;
	close(fd);
	return result;
}

int http_listen(const char *address, uint16_t port, int *family, struct error *error)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				       .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	struct in_addr v4;
	char service[8];
	int fd;

	snprintf(service, sizeof(service), "%u", port);
	/* getaddrinfo(3) knows scopes (fe80::1%eth0), but would take "1.2.3", too. */
	if ((!strchr(address, ':') && inet_pton(AF_INET, address, &v4) != 1) ||
	    getaddrinfo(address, service, &hints, &found) != 0)
		return error_set(error, EINVAL,
				 "cannot listen on '%.100s': it is not an IPv4 or IPv6 address "
				 "such as 127.0.0.1 or ::1",
				 address);
	*family = found->ai_family;
	fd = listen_on(found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return fd < 0 ? http_listen_failed(error, -fd, address, port) : fd;
}
