/*
 * Names of hosts for --names, asked of the system's resolver once each.
 */
#ifndef APP_HOST_NAMES_H
#define APP_HOST_NAMES_H

#include "tcpmetro.h"

struct host_names;

/* NULL: no memory. */
struct host_names *host_names_new(void);

/* The host's name, or NULL if it has none. May wait for the network. Only letters,
 * digits, '-', '.' and '_' of an answer are kept, for it is a stranger's. Valid
 * until the next call. */
const char *host_names_find(struct host_names *names, const struct tcpm_address *address);

/* NULL is fine. */
void host_names_free(struct host_names *names);

#endif
