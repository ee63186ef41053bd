/*
 * Where the log's lines go: files that are opened, written without waiting, and renamed.
 * All of them set errno.
 */
#ifndef SYSTEM_LOG_FILE_H
#define SYSTEM_LOG_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Opens the file to append to it; makes one that others cannot read. -1: errno. */
int log_file_open(const char *file);

/* Renames the file, which is open as fd, and its elders (LOG_ROTATE_KEPT), and opens a new
 * one. -1: errno, and fd is still the file to write to. */
int log_file_rotate(const char *file, int fd);

/* write(2) that neither waits nor raises SIGPIPE. size is at most PIPE_BUF. */
ssize_t log_file_write(int fd, const char *bytes, size_t size);

/* Makes an open file that user's. 0; -1: it is not a plain file, has another name, or one is
 * not allowed to. */
int log_file_give(int fd, uid_t uid, gid_t gid);

#endif
