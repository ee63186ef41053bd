/*
 * Small things that a thread waits for: times and wake-ups, as descriptors for poll(2).
 */
#ifndef SYSTEM_EVENT_FD_H
#define SYSTEM_EVENT_FD_H

#include <stdint.h>
#include <time.h>

#define SECOND_NS INT64_C(1000000000)

/* The time of a clock. */
int64_t clock_ns(clockid_t clock);

/* A descriptor that becomes readable first_ns from now, and then each interval_ns (0: not
 * again); first_ns 0: never. A negative value with errno set: there is none. */
int timer_fd_new(int64_t first_ns, int64_t interval_ns);

/* Sets it anew. */
void timer_fd_set(int timer, int64_t first_ns, int64_t interval_ns);

/* A descriptor that others make readable by event_fd_signal; as timer_fd_new. */
int event_fd_new(void);

/* Any thread may. */
void event_fd_signal(int event);

/* Makes a timer or an event unreadable until it happens again. */
void event_fd_drain(int fd);

/* Closes a descriptor, unless it is negative. */
void close_if_open(int fd);

#endif
