/*
 * A capture file that several sources read side by side, each in a thread of its own, and all
 * hand out the same frames: the file is read, and decompressed, once.
 *
 *	shared_file_open(path, most, 2, &share, &error);
 *	shared_file_source(share, 0, &source, &error);      in one thread
 *	shared_file_source(share, 1, &other, &error);       in another one
 *	... source_next, source_close ...
 *	shared_file_close(share);
 *
 * A source waits for one that is some blocks behind it; so all must be read, or closed.
 */
#ifndef CAPTURE_SHARED_FILE_H
#define CAPTURE_SHARED_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "capture/source.h"

struct shared_file;

/* Opens a file, which is no pipe, for so many sources, as if it ended behind `most` bytes; as
 * file_source_open. */
int shared_file_open(const char *path, uint64_t most, unsigned sources, struct shared_file **share,
		     struct error *error);

/* How many bytes lie between the beginnings of two records, in the mean of some; 0: not known, or
 * the file is compressed. Before the first source is opened. */
size_t shared_file_spacing(const struct shared_file *share);

/*
 * From now on data that is not looked at is left out of the frames, as a shorter snap length would
 * have done: `captured` is less, and packet_decode and host_pair_peek say the same of them. That
 * makes sharing large records cheap. True: so it is. False: it cannot be done with this file (a
 * compressed one, pcapng, another link type than Ethernet), or there is not enough memory, and
 * nothing has changed. Before the first source is opened.
 */
bool shared_file_trim(struct shared_file *share);

/* The source of a number, from 0, which is opened once; as file_source_open. May wait for the
 * others to be opened, and read. */
int shared_file_source(struct shared_file *share, unsigned number, struct source **source,
		       struct error *error);

/* Frees all, when the sources have been closed. NULL is fine. */
void shared_file_close(struct shared_file *share);

#endif
