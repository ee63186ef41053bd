/*
 * What a service has to say over months: lines with time and level, on standard error or
 * in a file.
 *
 *   2026-01-31 23:59:59 UTC | WARNING | eth0: the interface was deleted; ...
 *
 * that is go-metro's format without its place in the code. Under systemd's journal, which
 * has times and levels of its own, a line is the level's number in angle brackets and the
 * sentence (sd-daemon(3)). Lines are limited: at most LOG_BURST at once and LOG_PER_MINUTE
 * in the long run, errors apart from the rest, so that no flood of warnings hides one; how
 * many were left out is said before the next line that there is room for.
 *
 * Logging never waits and never fails: a line that a full disk, a full pipe or a closed
 * standard error does not take is lost, and so many are told before the next that is taken.
 *
 * Any thread may log; message_print() does so by log_message, see message_redirect.
 */
#ifndef SYSTEM_LOG_H
#define SYSTEM_LOG_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/log_level.h"

#define LOG_BURST      100
#define LOG_PER_MINUTE 60

/* A file that is larger than this is renamed to name.1, name.1 to name.2 and so on before
 * the next line, so often; what is older goes. Where that is not allowed it just grows, as
 * does what is no plain file. */
#define LOG_ROTATE_BYTES (10 * 1000 * 1000)
#define LOG_ROTATE_KEPT  5

struct log_settings {
	enum log_level level; /* lines below it are not written */
	const char *file;     /* NULL: standard error */
	bool local_time;      /* else UTC */
};

/* Begins, or goes on with other settings. Root follows no symbolic link. -errno: the file cannot be
 * opened, *error names it; what was set before goes on. */
int log_open(const struct log_settings *settings, struct error *error);

/* Makes the file, if there is one, that user's, who is to open it again. 0, or a negative errno;
 * -EPERM: it is not a plain file, or has another name. */
int log_give(uid_t uid, gid_t gid);

/* Opens the file anew (logrotate). If that fails, the open one goes on, and says so. */
void log_reopen(void);

/* One line of at most 1023 bytes; control characters in it as '?'. */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, of level info, at whatever level is set, and beside the limit: what was asked for
 * is told. */
void log_always(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A sentence of message_print(): level warning. */
void log_message(const char *sentence);

/* Tells what was left out, and closes the file; lines go to standard error again, and the
 * limit begins anew. */
void log_close(void);

/* "info"; "?" of what is no level. */
const char *log_level_name(unsigned level);

#endif
