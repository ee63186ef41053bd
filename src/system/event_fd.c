/*
 * Timers and wake-ups: see event.h.
 */
#include "system/event_fd.h"

#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

void timer_fd_set(int timer, int64_t first_ns, int64_t interval_ns)
{
	struct itimerspec times = {
		.it_value = {.tv_sec = first_ns / SECOND_NS, .tv_nsec = first_ns % SECOND_NS},
		.it_interval = {.tv_sec = interval_ns / SECOND_NS,
				.tv_nsec = interval_ns % SECOND_NS},
	};

	timerfd_settime(timer, 0, &times, NULL);
}

int timer_fd_new(int64_t first_ns, int64_t interval_ns)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0)
		timer_fd_set(fd, first_ns, interval_ns);
	return fd;
}

int event_fd_new(void)
{
	return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void event_fd_signal(int event)
{
	uint64_t one = 1;
	ssize_t result = write(event, &one, sizeof(one));

	(void)result; /* full: somebody will look anyway */
}

void event_fd_drain(int fd)
{
	uint64_t count;
	ssize_t result = read(fd, &count, sizeof(count));

	(void)result; /* that it is empty is all that counts */
}

void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}
