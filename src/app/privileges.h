/*
 * Rights that are used once, and then given up.
 */
#ifndef APP_PRIVILEGES_H
#define APP_PRIVILEGES_H

#include <sys/types.h>

#include "base/error.h"

/* Whom to become: name, or, where that is NULL, "tcpmetro" if there is such a user, else
 * "nobody". */
struct privileges {
	char name[64];
	uid_t uid;
	gid_t gid;
};

/* Looks the user up. 0, or -EINVAL: there is no such user, *error names it. */
int privileges_find(const char *name, struct privileges *privileges, struct error *error);

/* Gives up every capability for good and, started as root, becomes that user without any
 * further group. No program that it might start gets any right back (PR_SET_NO_NEW_PRIVS).
 * Before there is a second thread. 0, or a negative errno, *error filled: the program must
 * not go on. */
int privileges_drop(const struct privileges *privileges, struct error *error);

#endif
