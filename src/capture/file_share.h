/*
 * A capture file that several sources read side by side, each in a thread of its own, and all
 * hand out the same frames: the file is read, and decompressed, once.
 *
 *	file_share_open(path, most, 2, &share, &error);
 *	file_share_source(share, 0, &source, &error);      in one thread
 *	file_share_source(share, 1, &other, &error);       in another one
 *	... source_next, source_close ...
 *	file_share_close(share);
 *
 * A source waits for one that is some blocks behind it; so all must be read, or closed.
 */
#ifndef CAPTURE_FILE_SHARE_H
#define CAPTURE_FILE_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "capture/source.h"

struct file_share;

/* Opens a file, which is no pipe, for so many sources, as if it ended behind `most` bytes; as
 * file_source_open. */
int file_share_open(const char *path, uint64_t most, unsigned sources, struct file_share **share,
		    struct error *error);

/* How many bytes lie between the beginnings of two records, in the mean of some; 0: not known, or
 * the file is compressed. Before the first source is opened. */
size_t file_share_spacing(const struct file_share *share);

/*
 * From now on data that is not looked at is left out of the frames, as a shorter snap length would
 * have done: `captured` is less, and packet_decode and packet_hosts_peek say the same of them. That
 * makes sharing large records cheap. True: so it is. False: it cannot be done with this file (a
 * compressed one, pcapng, another link type than Ethernet), or there is not enough memory, and
 * nothing has changed. Before the first source is opened.
 */
bool file_share_trim(struct file_share *share);

/* The source of a number, from 0, which is opened once; as file_source_open. May wait for the
 * others to be opened, and read. */
int file_share_source(struct file_share *share, unsigned number, struct source **source,
		      struct error *error);

/* Frees all, when the sources have been closed. NULL is fine. */
void file_share_close(struct file_share *share);

#endif
