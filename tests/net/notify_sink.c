/*
 * Receives what a service tells systemd (sd_notify(3)), or an agent, and prints it as it
 * comes.
 *
 *	notify_sink unix PATH
 *	notify_sink udp PORT
 *
 * UDP is received on all addresses. Each line of a datagram becomes one of standard output,
 * behind the time at which it came, in ms since the epoch.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "notify_sink: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		fail(path);
	}
	strcpy(address.sun_path, path);
	unlink(path);
	/* The sender may be any user. */
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
	    chmod(path, 0666) < 0)
		fail(path);
	return fd;
}

static int open_udp(const char *port)
{
	char *rest;
	unsigned long number = strtoul(port, &rest, 10);
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), no = 0;

	if (*rest || number == 0 || number > 65535) {
		errno = EINVAL;
		fail(port);
	}
	address.sin6_port = htons((uint16_t)number);
	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		fail(port);
	return fd;
}

static void print(char *datagram)
{
	struct timespec now;
	char *line;

	clock_gettime(CLOCK_REALTIME, &now);
	while ((line = strsep(&datagram, "\n")))
		printf("%lld %s\n", (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, line);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static char datagram[65536];
	int fd;

	if (argc == 3 && strcmp(argv[1], "unix") == 0) {
		fd = open_unix(argv[2]);
	} else if (argc == 3 && strcmp(argv[1], "udp") == 0) {
		fd = open_udp(argv[2]);
	} else {
		fprintf(stderr, "usage: notify_sink unix PATH\n       notify_sink udp PORT\n");
		return 2;
	}
	fprintf(stderr, "ready\n");
	for (;;) {
		ssize_t size = recv(fd, datagram, sizeof datagram - 1, 0);

		if (size < 0)
			fail("receive");
		datagram[size] = '\0';
		print(datagram);
	}
}
