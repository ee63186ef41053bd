/*
 * The run as a service: by a configuration file, until it is told to end.
 */
#ifndef APP_SERVICE_H
#define APP_SERVICE_H

#include "app/exit_status.h"
#include "config/options.h"

/* Runs in the foreground. SIGHUP: the file is read again; SIGUSR1: the state is logged;
 * SIGTERM, SIGINT: what was measured is sent, and it ends. */
enum exit_status run_service(const struct options *options);

/* Only looks whether the file is right, and says so. */
enum exit_status check_service(const struct options *options);

#endif
