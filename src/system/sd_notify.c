/*
 * Words to systemd: see notify.h. A manager that does not listen is nobody's trouble, so
 * nothing here can fail.
 */
#include "system/sd_notify.h"

#ifdef HAVE_SYSTEMD

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <systemd/sd-daemon.h>

/* A status is one line: what follows a line end would be an order to the manager. */
static void say_status(const char *before, const char *status)
{
	char line[512];

	snprintf(line, sizeof(line), "%s", status);
	for (char *at = line; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 127)
			*at = '?';
	sd_notifyf(0, "%sSTATUS=%s", before, line);
}

void sd_notify_ready(const char *status)
{
	say_status("READY=1\n", status);
}

void sd_notify_status(const char *status)
{
	say_status("", status);
}

void sd_notify_reloading(void)
{
	struct timespec now;

	/* The time tells the manager which reload this answers (Type=notify-reload). */
	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
		   (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void sd_notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

int64_t sd_notify_watchdog_ns(void)
{
	uint64_t period_us;

	if (sd_watchdog_enabled(0, &period_us) <= 0 || period_us > INT64_MAX / 1000)
		return 0;
	return (int64_t)period_us * 1000;
}

void sd_notify_alive(void)
{
	sd_notify(0, "WATCHDOG=1");
}

#else

void sd_notify_ready(const char *status)
{
	(void)status;
}

void sd_notify_status(const char *status)
{
	(void)status;
}

void sd_notify_reloading(void)
{
}

void sd_notify_stopping(void)
{
}

int64_t sd_notify_watchdog_ns(void)
{
	return 0;
}

void sd_notify_alive(void)
{
}

#endif
