/*
 * The run as a service: by a configuration file, until it is told to end.
 */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include "config/options.h"
#include "system/exit_status.h"

/* Runs in the foreground. SIGHUP: the file is read again; SIGUSR1: the state is logged;
 * SIGTERM, SIGINT: what was measured is sent, and it ends. */
enum exit_status run_service(const struct options *options);

/* Only looks whether the file is right, and says so. */
enum exit_status check_service(const struct options *options);

#endif
