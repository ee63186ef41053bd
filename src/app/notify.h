/*
 * The service manager, systemd, told how the service does (sd_notify(3)). Without systemd,
 * or built without libsystemd, all of it does nothing.
 */
#ifndef APP_NOTIFY_H
#define APP_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* It is up; status is one sentence for `systemctl status`. */
void notify_ready(const char *status);

void notify_status(const char *status);

/* It reads its configuration again; notify_ready tells the end. */
void notify_reloading(void);

void notify_stopping(void);

/* How often the manager wants to hear of it, in ns; 0: not at all. */
int64_t notify_watchdog_ns(void);

void notify_alive(void);

#endif
