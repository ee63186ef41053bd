/*
 * Rights that are used once, and then given up.
 */
#ifndef SYSTEM_PRIVILEGES_H
#define SYSTEM_PRIVILEGES_H

#include <stdbool.h>
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

/* Gives up every capability for good, but for CAP_NET_RAW if keep_raw is set, and, started
 * as root, becomes that user without any further group. No program that it might start gets
 * any right back (PR_SET_NO_NEW_PRIVS). Before there is a second thread. 0, or a negative
 * errno, *error filled: the program must not go on.
 *
 * Where a filter of system calls forbids that (systemd's, capset) and CAP_NET_RAW is all
 * there is, it stays and is not usable, see confine.h. */
int privileges_drop(const struct privileges *privileges, bool keep_raw, struct error *error);

/* Gives up what the others keep, for the calling thread. */
void privileges_drop_thread(void);

#endif
