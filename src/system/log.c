/*
 * Lines of a service: see log.h. A line is put together first and then written by one
 * write(2), or left out: nothing here waits for a reader or a disk that has no room, and
 * what was left out is counted and told as soon as a line can be written again.
 */
#include "system/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "system/log_file.h"

#define SENTENCE 1024
/* With the time before it; less than PIPE_BUF, so that a pipe takes all of it or nothing. */
#define LINE (SENTENCE + 128)

#define SECOND_NS INT64_C(1000000000)
/* What a line costs, in time that must have passed. */
#define LINE_NS (60 * SECOND_NS / LOG_PER_MINUTE)

/* Where lines are let through that are not too many. */
struct gate {
	int64_t spent_ns; /* of the LOG_BURST lines' time */
	int64_t seen_ns;  /* CLOCK_MONOTONIC */
	uint64_t left_out;
	enum log_level worst; /* of those left out */
};

static struct {
	pthread_mutex_t lock;
	enum log_level level;
	bool local_time;
	char *file; /* NULL: standard error */
	int fd;
	off_t rotate_at;
	bool rotation_told;
	struct gate ordinary, urgent; /* urgent: error and critical */
	uint64_t lost;                /* could not be written */
	int lost_errno;               /* why the last one */
	bool cut;                     /* the last line was written in part */
} log_state = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = LOG_LEVEL_INFO};

static const struct {
	const char *name;
	const char *shown;
	int priority; /* syslog(3) */
} levels[] = {
	[LOG_LEVEL_TRACE] = {"trace", "TRACE", 7},
	[LOG_LEVEL_DEBUG] = {"debug", "DEBUG", 7},
	[LOG_LEVEL_INFO] = {"info", "INFO", 6},
	[LOG_LEVEL_WARNING] = {"warning", "WARNING", 4},
	[LOG_LEVEL_ERROR] = {"error", "ERROR", 3},
	[LOG_LEVEL_CRITICAL] = {"critical", "CRITICAL", 2},
};

const char *log_level_name(unsigned level)
{
	return level < sizeof(levels) / sizeof(levels[0]) ? levels[level].name : "?";
}

static int64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* Whether count more lines may pass now; if so, they have. */
static bool gate_pass(struct gate *gate, unsigned count)
{
	const int64_t now = monotonic_ns();

	gate->spent_ns -= now - gate->seen_ns;
	if (gate->spent_ns < 0)
		gate->spent_ns = 0;
	gate->seen_ns = now;
	if (gate->spent_ns + count * LINE_NS > LOG_BURST * LINE_NS)
		return false;
	gate->spent_ns += count * LINE_NS;
	return true;
}

/* Standard error is the journal's: systemd.exec(5), JOURNAL_STREAM. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;
	char end;

	return stream && sscanf(stream, "%llu:%llu%c", &device, &inode, &end) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

/* What stands before the sentence. Returns its length. */
static size_t write_head(char *head, size_t size, enum log_level level)
{
	const time_t now = time(NULL);
	char date[64];
	struct tm parts;

	if (!log_state.file && stderr_is_journal())
		return (size_t)snprintf(head, size, "<%d>", levels[level].priority);
	if (!(log_state.local_time ? localtime_r(&now, &parts) : gmtime_r(&now, &parts)) ||
	    !strftime(date, sizeof(date), log_state.local_time ? "%F %T %Z" : "%F %T UTC", &parts))
		strcpy(date, "-");
	return (size_t)snprintf(head, size, "%s | %s | ", date, levels[level].shown);
}

/* The control characters of ASCII, and of Unicode behind them (C1, as UTF-8). */
static void clean(char *sentence)
{
	for (unsigned char *at = (unsigned char *)sentence; *at; at++) {
		if (*at < ' ' || *at == 127) {
			*at = '?';
		} else if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0) {
			at[0] = '?';
			at[1] = '?';
		}
	}
}

/* Writes a line as it is. false: it could not be. */
static bool emit(enum log_level level, const char *sentence)
{
	char line[LINE];
	size_t used = 0;

	/* The rest of a line that a full disk cut off is not to stick to this one. */
	if (log_state.cut)
		line[used++] = '\n';
	used += write_head(line + used, sizeof(line) - used, level);

	const size_t room = sizeof(line) - used - 1;
	size_t length = strlen(sentence);

	if (length > room)
		length = room;
	memcpy(line + used, sentence, length);
	used += length;
	line[used++] = '\n';

	const int fd = log_state.file ? log_state.fd : STDERR_FILENO;
	const ssize_t written = log_file_write(fd, line, used);

	if (written == (ssize_t)used) {
		log_state.cut = false;
		return true;
	}
	if (written > 0)
		log_state.cut = true;
	log_state.lost_errno = written >= 0 ? ENOSPC : errno;
	return false;
}

__attribute__((format(printf, 2, 3))) static bool emitf(enum log_level level, const char *format,
							...)
{
	char sentence[SENTENCE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	clean(sentence);
	return emit(level, sentence);
}

/* Tells of lines that could not be written. false: neither can this one. */
static bool tell_lost(void)
{
	if (log_state.lost &&
	    !emitf(LOG_LEVEL_WARNING, "%llu lines of the log were lost here: %s",
		   (unsigned long long)log_state.lost, strerror(log_state.lost_errno)))
		return false;
	log_state.lost = 0;
	return true;
}

/* The same of lines that were too many. */
static bool tell_left_out(struct gate *gate)
{
	if (gate->left_out &&
	    !emitf(gate->worst, "%llu lines were suppressed here: more than %d per minute",
		   (unsigned long long)gate->left_out, LOG_PER_MINUTE))
		return false;
	gate->left_out = 0;
	return true;
}

/* Takes another file, or NULL and -1: standard error. */
static void take_file(char *file, int fd)
{
	if (log_state.file && log_state.fd != fd)
		close(log_state.fd);
	if (log_state.file != file)
		free(log_state.file);
	log_state.file = file;
	log_state.fd = fd;
	log_state.rotate_at = LOG_ROTATE_BYTES;
	log_state.rotation_told = false;
	log_state.cut = false;
}

int log_open(const struct log_settings *settings, struct error *error)
{
	char *file = NULL;
	int fd = -1;

	if (settings->file) {
		file = strdup(settings->file);
		if (!file)
			return error_set(error, ENOMEM, "not enough memory for the log");
		fd = log_file_open(file);
		if (fd < 0) {
			const int reason = errno;

			free(file);
			return error_set(error, reason,
					 "cannot open the log %s: %s; its directory must exist "
					 "and be writable, see log_to_file and --log-file",
					 settings->file,
					 reason == ELOOP ? "it is a symbolic link, which root "
							   "does not follow"
							 : strerror(reason));
		}
	}
	tzset();
	pthread_mutex_lock(&log_state.lock);
	take_file(file, fd);
	log_state.level = settings->level;
	log_state.local_time = settings->local_time;
	pthread_mutex_unlock(&log_state.lock);
	return 0;
}

int log_give(uid_t uid, gid_t gid)
{
	int result = 0;

	pthread_mutex_lock(&log_state.lock);
	if (log_state.file && log_file_give(log_state.fd, uid, gid) < 0)
		result = -errno;
	pthread_mutex_unlock(&log_state.lock);
	return result;
}

void log_reopen(void)
{
	pthread_mutex_lock(&log_state.lock);
	if (log_state.file) {
		const int fd = log_file_open(log_state.file);

		if (fd >= 0)
			take_file(log_state.file, fd);
		else
			emitf(LOG_LEVEL_ERROR,
			      "cannot reopen the log %s: %s; the open file stays in use",
			      log_state.file, strerror(errno));
	}
	pthread_mutex_unlock(&log_state.lock);
}

/* The open file is too large: begins a new one. */
static void rotate(off_t size)
{
	const int fd = log_file_rotate(log_state.file, log_state.fd);

	if (fd >= 0) {
		take_file(log_state.file, fd);
		return;
	}
	/* Not to be tried at each line from now on. */
	log_state.rotate_at = size + LOG_ROTATE_BYTES;
	if (!log_state.rotation_told)
		emitf(LOG_LEVEL_WARNING, "cannot rename the log %s to %s.1: %s; it keeps growing",
		      log_state.file, log_state.file, strerror(errno));
	log_state.rotation_told = true;
}

static void rotate_if_due(void)
{
	struct stat status;

	if (log_state.file && fstat(log_state.fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    status.st_size > log_state.rotate_at)
		rotate(status.st_size);
}

/* What the limit lets through. */
static void write_limited(enum log_level level, const char *sentence)
{
	struct gate *gate = level >= LOG_LEVEL_ERROR ? &log_state.urgent : &log_state.ordinary;

	/* The line that tells of those left out counts as well. */
	if (!gate_pass(gate, gate->left_out ? 2 : 1)) {
		if (!gate->left_out++ || level > gate->worst)
			gate->worst = level;
		return;
	}
	rotate_if_due();
	if (!tell_lost() || !tell_left_out(gate) || !emit(level, sentence))
		log_state.lost++;
}

static void write_asked(const char *sentence)
{
	rotate_if_due();
	if (!tell_lost() || !emit(LOG_LEVEL_INFO, sentence))
		log_state.lost++;
}

__attribute__((format(printf, 3, 0))) static void write_words(enum log_level level, bool always,
							      const char *format, va_list arguments)
{
	char sentence[SENTENCE];

	vsnprintf(sentence, sizeof(sentence), format, arguments);
	clean(sentence);
	pthread_mutex_lock(&log_state.lock);
	if (always)
		write_asked(sentence);
	else if (level >= log_state.level)
		write_limited(level, sentence);
	pthread_mutex_unlock(&log_state.lock);
}

void log_line(enum log_level level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_words(level, false, format, arguments);
	va_end(arguments);
}

void log_always(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_words(LOG_LEVEL_INFO, true, format, arguments);
	va_end(arguments);
}

void log_message(const char *sentence)
{
	log_line(LOG_LEVEL_WARNING, "%s", sentence);
}

void log_close(void)
{
	pthread_mutex_lock(&log_state.lock);
	if (tell_lost() && tell_left_out(&log_state.ordinary))
		tell_left_out(&log_state.urgent);
	take_file(NULL, -1);
	log_state.lost = 0;
	log_state.ordinary = (struct gate){0};
	log_state.urgent = (struct gate){0};
	pthread_mutex_unlock(&log_state.lock);
}
