/*
 * Capabilities and users, by libcap-ng: see privileges.h.
 */
#include "system/privileges.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cap-ng.h>

#include "system/seccomp.h"

int privileges_find(const char *name, struct privileges *privileges, struct error *error)
{
	const struct passwd *entry;

	if (name) {
		entry = getpwnam(name);
	} else {
		name = "tcpmetro";
		entry = getpwnam(name);
		if (!entry) {
			name = "nobody";
			entry = getpwnam(name);
		}
	}
	if (!entry)
		return error_set(error, EINVAL, "--user: no such user \"%s\"", name);
	snprintf(privileges->name, sizeof(privileges->name), "%s", name);
	privileges->uid = entry->pw_uid;
	privileges->gid = entry->pw_gid;
	return 0;
}

/* The capabilities that are to be left. */
static void choose(capng_select_t set, bool keep_raw)
{
	bool has_raw = capng_have_capability(CAPNG_PERMITTED, CAP_NET_RAW);

	capng_clear(set);
	if (keep_raw && has_raw)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_RAW);
}

/* Root becomes the user; its capabilities are cleared on the way. */
static int become(const struct privileges *privileges, bool keep_raw, struct error *error)
{
	int flags = CAPNG_DROP_SUPP_GRP;
	int result;

	/* Root of a container may lack the right to clear the bounding set. */
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		flags |= CAPNG_CLEAR_BOUNDING;
	choose(CAPNG_SELECT_ALL, keep_raw);
	result = capng_change_id((int)privileges->uid, (int)privileges->gid, (capng_flags_t)flags);
	if (result == 0 && getuid() == privileges->uid && geteuid() == privileges->uid)
		return 0;
	return error_set(
		error, EPERM,
		"cannot switch to user %s, and packets are not processed as root (%s, step "
		"%d); --user root stays root without capabilities",
		privileges->name, errno ? strerror(errno) : "refused", -result);
}

/* Whether nothing is left that should not be. */
static bool dropped(bool keep_raw)
{
	if (capng_get_caps_process() != 0)
		return false;
	if (keep_raw) {
		capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE,
			     CAP_NET_RAW);
	}
	return capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE;
}

/* Whether nothing could be given up but CAP_NET_RAW. */
static bool has_raw_alone(void)
{
	for (unsigned i = 0; i <= CAP_LAST_CAP; i++)
		if (i != CAP_NET_RAW && (capng_have_capability(CAPNG_PERMITTED, i) ||
					 capng_have_capability(CAPNG_EFFECTIVE, i)))
			return false;
	return true;
}

/* Where the manager's filter of system calls forbids capset (dist/systemd): the right stays,
 * but cannot be used, nor handed to another program. */
static int do_without(bool keep_raw)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	return keep_raw ? 0 : seccomp_deny_sockets();
}

int privileges_drop(const struct privileges *privileges, bool keep_raw, struct error *error)
{
	int result = 0;

	if (capng_get_caps_process() != 0)
		return error_set(error, EPERM, "cannot read the capabilities of the process");
	if (geteuid() == 0 && privileges->uid != 0) {
		result = become(privileges, keep_raw, error);
	} else {
		const bool raw_alone = has_raw_alone();

		choose(CAPNG_SELECT_BOTH, keep_raw);
		if (capng_apply(CAPNG_SELECT_CAPS) != 0) {
			if (raw_alone && do_without(keep_raw) == 0)
				return 0;
			result = error_set(error, EPERM, "cannot drop the capabilities");
		}
	}
	if (result < 0)
		return result;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(error, errno, "cannot set no_new_privs: %s", strerror(errno));
	if (!dropped(keep_raw))
		return error_set(error, EPERM, "the capabilities were not dropped");
	return 0;
}

void privileges_drop_thread(void)
{
	capng_get_caps_process();
	capng_clear(CAPNG_SELECT_CAPS);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0)
		seccomp_deny_sockets();
}
