/*
 * Where frames come from: one object and a few verbs, whatever is behind it.
 *
 * A source hands out batches of frames that point into its own buffer; they are
 * valid until the next call. A backend (a file, a live interface) is one file
 * behind struct source_ops.
 */
#ifndef CAPTURE_SOURCE_H
#define CAPTURE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "packet/partition.h"
#include "tcpmetro.h"

struct source;

/* How far a source has come, for a progress line. */
struct source_progress {
	uint64_t bytes_done; /* of the file as it lies on the disk, compressed or not */
	uint64_t bytes_all;  /* 0: not known (a pipe) */
	uint64_t records;
};

/* What source_next_partition went through. */
struct source_partition {
	size_t kept;         /* frames and gaps handed out */
	uint64_t wire_bytes; /* of all */
};

struct source_ops {
	int (*next)(struct source *source, struct tcpm_frame *frames, size_t max,
		    struct error *error);
	int (*next_partition)(struct source *source, const struct partition *partition,
			      struct tcpm_frame *frames, struct partition_gap *gaps, size_t max,
			      struct source_partition *owned, struct error *error);
	const char *(*interface_name)(const struct source *source, uint32_t interface);
	void (*progress)(const struct source *source, struct source_progress *progress);
	void (*close)(struct source *source);
};

/* A backend embeds this as its first member. */
struct source {
	const struct source_ops *ops;
	bool nameless;   /* all frames are of interface 0, which has no name */
	bool partitions; /* it has source_next_partition */
};

/*
 * The next frames, at most max (at least 1), in the order of the capture. Their
 * times lie in [0, 2^62] (1970 to 2116; others are moved to the nearer end), so no
 * sum or difference of two overflows, or are TCPM_NO_TIME where the file has none; captured is
 * never above wire_length (which is raised to it where a file says otherwise) nor above 16 MiB.
 * Returns their number; 0: the end; a negative errno with *error filled: the
 * source is damaged or cannot be read further. All frames before the damage have
 * been handed out by then. After 0 or an error, each further call returns the
 * same. -EINTR: a signal came whose handler does not restart system calls; the
 * source ends there.
 */
static inline int source_next(struct source *source, struct tcpm_frame *frames, size_t max,
			      struct error *error)
{
	return source->ops->next(source, frames, max, error);
}

/* As source_next of at most PARTITION_FRAMES, and partitions those frames (see packet/partition.h),
 * which costs less than to do it when they have been handed out: frames and gaps have room for max,
 * and get owned->kept. Returns how many were gone through. For sources that say so. */
static inline int source_next_partition(struct source *source, const struct partition *partition,
					struct tcpm_frame *frames, struct partition_gap *gaps,
					size_t max, struct source_partition *owned,
					struct error *error)
{
	return source->ops->next_partition(source, partition, frames, gaps, max, owned, error);
}

/* The name of an interface that a frame of this source came from, or NULL if it has
 * none. Printable UTF-8; valid until the source is closed. Interfaces are numbered
 * over the whole source, from 0: those of a file's second section go on after those
 * of its first, and without a name all are told apart by the number alone. */
static inline const char *source_interface_name(const struct source *source, uint32_t interface)
{
	return source->ops->interface_name(source, interface);
}

static inline void source_progress(const struct source *source, struct source_progress *progress)
{
	source->ops->progress(source, progress);
}

/* Frees everything. NULL is fine. */
static inline void source_close(struct source *source)
{
	if (source)
		source->ops->close(source);
}

/*
 * Opens a capture file: pcap or pcapng, plain or compressed by gzip or zstd, all
 * recognised by content. "-" is standard input. On error *source is untouched,
 * and *error names the file.
 */
int file_source_open(const char *path, struct source **source, struct error *error);

/* The same, of no more than the first bytes of the file, as if it ended there: several sources
 * of one that is being written then see the same. */
int file_source_open_upto(const char *path, uint64_t most, struct source **source,
			  struct error *error);

/* What a file is like, before it is read. */
struct file_look {
	uint64_t bytes; /* its size on the disk */
	bool compressed;
};

/* Opens a file, looks, and closes it again. False: it is no regular file of a known size (as a
 * pipe), or cannot be looked at. */
bool file_source_look(const char *path, struct file_look *look);

/*
 * As file_source_open, for an open descriptor, from where it stands; name is what errors call
 * it. source_close closes fd; on error it stays open and the caller's.
 */
int file_source_open_fd(int fd, const char *name, struct source **source, struct error *error);

#endif
