/*
 * The service manager, systemd, told how the service does (sd_notify(3)). Without systemd,
 * or built without libsystemd, all of it does nothing.
 */
#ifndef SYSTEM_SD_NOTIFY_H
#define SYSTEM_SD_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* It is up; status is one sentence for `systemctl status`. */
void sd_notify_ready(const char *status);

void sd_notify_status(const char *status);

/* It reads its configuration again; sd_notify_ready tells the end. */
void sd_notify_reloading(void);

void sd_notify_stopping(void);

/* How often the manager wants to hear of it, in ns; 0: not at all. */
int64_t sd_notify_watchdog_ns(void);

void sd_notify_alive(void);

#endif
