/*
 * An agent for metrics, for tests: takes datagrams and writes them down.
 *
 *	sink udp ADDRESS PORT FILE
 *	sink unix PATH FILE
 *
 * Each datagram is appended to FILE at once, behind a line that tells its size:
 *
 *	datagram BYTES
 *
 * A socket that an earlier agent left at PATH is replaced, as agents do; everybody may write
 * to it. "ready" goes to standard error once datagrams are taken. SIGUSR1: it does not read
 * any more ("deaf"), SIGUSR2: it reads again ("reading"). At SIGTERM it takes what is there
 * and ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

/* More than any datagram holds. */
#define ROOM 65536

static void fail(const char *what)
{
	fprintf(stderr, "sink: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_udp(const char *address, const char *port)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				       .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found;
	int fd;

	if (getaddrinfo(address, port, &hints, &found) != 0) {
		errno = EINVAL;
		fail(address);
	}
	fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) < 0)
		fail("bind");
	freeaddrinfo(found);
	return fd;
}

static int open_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		fail(path);
	}
	memcpy(address.sun_path, path, strlen(path));
	unlink(path);
	umask(0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		fail(path);
	return fd;
}

/* Takes all datagrams that are there. */
static void take(int fd, int file)
{
	static char bytes[ROOM];
	char marker[32];
	ssize_t size;

	while ((size = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) >= 0) {
		int length = snprintf(marker, sizeof(marker), "datagram %zd\n", size);
		struct iovec parts[] = {
			{.iov_base = marker, .iov_len = (size_t)length},
			{.iov_base = bytes, .iov_len = (size_t)size},
			{.iov_base = "\n", .iov_len = 1},
		};

		if (writev(file, parts, 3) != length + size + 1)
			fail("write");
	}
	if (errno != EAGAIN)
		fail("receive");
}

/* Returns whether to continue. */
static bool obey(int signals, bool *reading)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		fail("signals");
	if (info.ssi_signo != SIGUSR1 && info.ssi_signo != SIGUSR2)
		return false;
	*reading = info.ssi_signo == SIGUSR2;
	fprintf(stderr, "%s\n", *reading ? "reading" : "deaf");
	return true;
}

static int take_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int main(int argc, char **argv)
{
	bool reading = true;
	int signals = take_signals();
	int fd = -1;
	int file;

	if (argc == 5 && strcmp(argv[1], "udp") == 0)
		fd = open_udp(argv[2], argv[3]);
	else if (argc == 4 && strcmp(argv[1], "unix") == 0)
		fd = open_unix(argv[2]);
	if (fd < 0) {
		fprintf(stderr, "usage: sink udp ADDRESS PORT FILE\n"
				"       sink unix PATH FILE\n");
		return 2;
	}
	file = open(argv[argc - 1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (file < 0 || signals < 0)
		fail(argv[argc - 1]);
	fprintf(stderr, "ready\n");
	for (;;) {
		struct pollfd polled[] = {{.fd = signals, .events = POLLIN},
					  {.fd = reading ? fd : -1, .events = POLLIN}};

		if (poll(polled, 2, -1) < 0)
			fail("poll");
		if (polled[1].revents)
			take(fd, file);
		if (polled[0].revents && !obey(signals, &reading))
			break;
	}
	take(fd, file);
	return 0;
}
