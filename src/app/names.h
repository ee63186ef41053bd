/*
 * Names of hosts for --names, asked of the system's resolver once each.
 */
#ifndef APP_NAMES_H
#define APP_NAMES_H

#include "tcpmetro.h"

struct names;

/* NULL: no memory. */
struct names *names_new(void);

/* The host's name, or NULL if it has none. May wait for the network. Only letters,
 * digits, '-', '.' and '_' of an answer are kept, for it is a stranger's. Valid
 * until the next call. */
const char *names_find(struct names *names, const struct tcpm_address *address);

/* NULL is fine. */
void names_free(struct names *names);

#endif
