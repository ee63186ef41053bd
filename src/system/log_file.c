/*
 * The file system's part of the log: see log_file.h.
 */
#include "system/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "system/log.h"

/* write(2) that neither waits nor raises SIGPIPE. Standard error may be shared with other
 * programs, so it is not made non-blocking but asked first: a pipe that is ready has room
 * for PIPE_BUF bytes, more than a line. */
ssize_t log_file_write(int fd, const char *bytes, size_t size)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	const struct timespec at_once = {0, 0};
	sigset_t pipe_signal, before, pending;
	ssize_t written = send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (written >= 0 || errno != ENOTSOCK)
		return written;
	if (poll(&ready, 1, 0) != 1 || !(ready.revents & (POLLOUT | POLLERR | POLLNVAL))) {
		errno = EAGAIN;
		return -1;
	}
	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
	do
		written = write(fd, bytes, size);
	while (written < 0 && errno == EINTR);

	const int error = errno;

	if (written < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE))
		sigtimedwait(&pipe_signal, NULL, &at_once);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return written;
}

/* O_NONBLOCK: a named pipe without a reader is an error, and a slow reader keeps nobody.
 * O_NOFOLLOW: whoever may write into the folder must not have root write elsewhere. */
int log_file_open(const char *file)
{
	int fd = open(file,
		      O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
			      (geteuid() == 0 ? O_NOFOLLOW : 0),
		      0640);

	/* In the place of a closed standard error, others would write into it. */
	if (fd >= 0 && fd <= STDERR_FILENO) {
		const int higher = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		const int error = errno;

		close(fd);
		errno = error;
		fd = higher;
	}
	return fd;
}

int log_file_give(int fd, uid_t uid, gid_t gid)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -1;
	/* Another name may be that of somebody else's file. */
	if (!S_ISREG(status.st_mode) || status.st_nlink != 1) {
		errno = EPERM;
		return -1;
	}
	return fchown(fd, uid, gid);
}

/* name.4 to name.5 and so on, then name to name.1. -1: errno tells why not. */
static int rename_all(const char *file)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (snprintf(to, sizeof(to), "%s.1", file) >= (int)sizeof(to)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (int i = LOG_ROTATE_KEPT - 1; i > 0; i--) {
		snprintf(from, sizeof(from), "%s.%d", file, i);
		snprintf(to, sizeof(to), "%s.%d", file, i + 1);
		if (rename(from, to) != 0 && errno != ENOENT)
			return -1;
	}
	snprintf(to, sizeof(to), "%s.1", file);
	return rename(file, to);
}

/* Undoes the last step of it. */
static void rename_back(const char *file)
{
	char from[PATH_MAX];

	snprintf(from, sizeof(from), "%s.1", file);
	rename(from, file);
}

/* Another program may have renamed the file already, and opened none. */
int log_file_rotate(const char *file, int fd)
{
	struct stat named, opened;
	const bool same = fstat(fd, &opened) == 0 && stat(file, &named) == 0 &&
			  named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
	int next, error;

	if (same && rename_all(file) != 0)
		return -1;
	next = log_file_open(file);
	error = errno;
	if (next < 0 && same)
		rename_back(file);
	errno = error;
	return next;
}
