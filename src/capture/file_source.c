/*
 * A capture file as a source: opens it, finds out what it is, and puts the
 * sentence together when it is damaged. The formats are in pcap_file.c and
 * pcapng_file.c.
 */
#include "capture/file_source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/shared_blocks.h"

/* What sentences call the file. */
static void set_name(struct file_source *file, const char *name)
{
	const size_t length = strlen(name);
	const char *dots = "";

	if (length >= sizeof(file->name)) {
		dots = "...";
		name += length - (sizeof(file->name) - sizeof("..."));
	}
	snprintf(file->name, sizeof(file->name), "%s%s", dots, name);
}

/* "NAME: PLACE: WHAT; what that means." */
static int damage(const struct file_source *file, int errnum, const char *place, const char *what,
		  struct error *error)
{
	if (file->records == 0)
		return error_set(error, errnum, "%s: %s: %s; no record before it was read",
				 file->name, place, what);
	if (file->records == 1)
		return error_set(error, errnum, "%s: %s: %s; the 1 record before it was read",
				 file->name, place, what);
	return error_set(error, errnum, "%s: %s: %s; the %" PRIu64 " records before it were read",
			 file->name, place, what, file->records);
}

static const char *of_data(const struct file_source *file)
{
	return file->stream.compression ? " of the decompressed data" : "";
}

int file_record_damage(const struct file_source *file, struct error *error, const char *format, ...)
{
	char place[96];
	char what[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	snprintf(place, sizeof(place), "record %" PRIu64 " at byte %" PRIu64 "%s",
		 file->records + 1, byte_stream_offset(&file->stream), of_data(file));
	return damage(file, EBADMSG, place, what, error);
}

int file_block_damage(const struct file_source *file, struct error *error, const char *format, ...)
{
	char place[96];
	char what[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	snprintf(place, sizeof(place), "block before record %" PRIu64 " at byte %" PRIu64 "%s",
		 file->records + 1, byte_stream_offset(&file->stream), of_data(file));
	return damage(file, EBADMSG, place, what, error);
}

int file_cut_short(const struct file_source *file, int result, uint64_t offset, uint64_t there,
		   uint64_t whole, struct error *error)
{
	char place[96];
	char what[256];

	snprintf(place, sizeof(place), "record %" PRIu64 " at byte %" PRIu64 "%s",
		 file->records + 1, offset, of_data(file));
	if (result < 0)
		snprintf(what, sizeof(what), "%.250s", error ? error->text : "cannot read it");
	else if (whole == 0)
		snprintf(what, sizeof(what),
			 "the file is cut short: it ends %" PRIu64 " bytes after that", there);
	else
		snprintf(what, sizeof(what),
			 "the file is cut short: %" PRIu64 " of %" PRIu64 " bytes are present",
			 there, whole);
	return damage(file, result < 0 ? -result : EBADMSG, place, what, error);
}

int file_header_cut_short(const struct file_source *file, int result, uint64_t whole,
			  struct error *error)
{
	char what[256];

	if (result < 0) {
		snprintf(what, sizeof(what), "%.250s", error ? error->text : "cannot read it");
		return error_set(error, -result, "%s: %s; nothing was read", file->name, what);
	}
	return error_set(error, EBADMSG,
			 "%s: the file is cut short within its header: %zu of %" PRIu64
			 " bytes are present; it has no record",
			 file->name, byte_stream_left(&file->stream), whole);
}

/* What the format returned: counts its frames, or keeps the last word. */
static int took(struct file_source *file, int count)
{
	if (count > 0) {
		file->records += (uint64_t)count;
	} else {
		file->ended = true;
		file->result = count;
	}
	return count;
}

static int last_word(const struct file_source *file, struct error *error)
{
	if (!file->ended)
		return error_set(error, EINVAL, "%s: no room for a frame", file->name);
	return file->result < 0 ? error_set(error, -file->result, "%s", file->error.text) : 0;
}

static int file_next(struct source *source, struct tcpm_frame *frames, size_t max,
		     struct error *error)
{
	struct file_source *file = (struct file_source *)source;
	int count = 0;

	if (!file->ended && max > 0)
		count = took(file,
			     file->next(file, frames, max > INT_MAX ? INT_MAX : max, &file->error));
	return count > 0 ? count : last_word(file, error);
}

static int file_next_partition(struct source *source, const struct partition *partition,
			       struct tcpm_frame *frames, struct partition_gap *gaps, size_t max,
			       struct source_partition *owned, struct error *error)
{
	struct file_source *file = (struct file_source *)source;
	int count = 0;

	if (!file->ended && max > 0)
		count = took(file,
			     file->next_partition(file, partition, frames, gaps,
						  max > PARTITION_FRAMES ? PARTITION_FRAMES : max,
						  owned, &file->error));
	return count > 0 ? count : last_word(file, error);
}

static const char *file_interface_name(const struct source *source, uint32_t interface)
{
	const struct file_source *file = (const struct file_source *)source;

	return file->pcapng ? pcapng_interface_name(file->pcapng, interface) : NULL;
}

static void file_progress(const struct source *source, struct source_progress *progress)
{
	const struct file_source *file = (const struct file_source *)source;

	progress->bytes_done = byte_stream_file_done(&file->stream);
	progress->bytes_all = file->stream.file_size;
	progress->records = file->records;
}

/* Frees everything but the descriptor. */
static void file_free(struct file_source *file)
{
	pcapng_close(file->pcapng);
	byte_stream_done(&file->stream);
	free(file);
}

static void file_close(struct source *source)
{
	struct file_source *file = (struct file_source *)source;
	const int fd = file->fd;

	file_free(file);
	if (fd >= 0)
		close(fd);
}

static const struct source_ops file_ops = {
	.next = file_next,
	.next_partition = file_next_partition,
	.interface_name = file_interface_name,
	.progress = file_progress,
	.close = file_close,
};

/* Neither pcap nor pcapng: says what it looks like. */
static int not_a_capture(const struct file_source *file, struct error *error)
{
	const uint8_t *at = file->stream.at;
	const size_t left = byte_stream_left(&file->stream);
	const char *name = file->name;

	if (left == 0)
		return error_set(error, ENODATA,
				 "%s: %s is empty: a capture has a header even without packets",
				 name, file->stream.compression ? "the decompressed data" : "it");
	if (left < 4)
		return error_set(error, EBADMSG,
				 "%s: it has only %zu bytes: too short for a capture", name, left);
	return error_set(
		error, ENOTSUP,
		"%s: it is neither a pcap nor a pcapng capture%s (its first bytes are "
		"%02x %02x %02x %02x); editcap, which comes with Wireshark, converts other "
		"capture formats",
		name, file->stream.compression ? " when decompressed" : "", at[0], at[1], at[2],
		at[3]);
}

static int open_format(struct file_source *file, struct error *error)
{
	const int result = byte_stream_need(&file->stream, 4, error);

	if (result < 0)
		return file_header_cut_short(file, result, 4, error);
	if (result > 0 && pcap_recognise(file->stream.at))
		return pcap_open(file, error);
	if (result > 0 && pcapng_recognise(file->stream.at))
		return pcapng_open(file, error);
	return not_a_capture(file, error);
}

static struct file_source *new_source(const char *name, struct error *error)
{
	struct file_source *file = calloc(1, sizeof(*file));

	if (!file) {
		error_set(error, ENOMEM, "%.300s: not enough memory to read it", name);
		return NULL;
	}
	file->source.ops = &file_ops;
	file->fd = -1;
	file->stream.fd = -1;
	set_name(file, name);
	return file;
}

/* Opens the format, if result says that the stream is open; clause: why it is not. */
static int finish_opening(struct file_source *file, int result, const struct error *clause,
			  struct source **source, struct error *error)
{
	if (result < 0)
		error_set(error, -result, "%s: %.300s", file->name, clause->text);
	else
		result = open_format(file, error);
	if (result < 0) {
		file_free(file);
		return result;
	}
	file->source.partitions = file->next_partition != NULL;
	*source = &file->source;
	return 0;
}

static int open_fd(int fd, const char *name, uint64_t most, struct source **source,
		   struct error *error)
{
	struct file_source *file = new_source(name, error);
	struct error clause;
	int result;

	if (!file)
		return -ENOMEM;
	file->fd = fd;
	result = byte_stream_init(&file->stream, fd, most, &clause);
	return finish_opening(file, result, &clause, source, error);
}

int file_source_of_shared_blocks(const char *name, struct shared_blocks *share, unsigned reader,
				 struct source **source, struct error *error)
{
	struct file_source *file = new_source(name, error);

	if (!file) {
		shared_blocks_leave(share, reader);
		return -ENOMEM;
	}
	byte_stream_init_shared(&file->stream, share, reader);
	return finish_opening(file, 0, NULL, source, error);
}

int file_source_open_fd(int fd, const char *name, struct source **source, struct error *error)
{
	return open_fd(fd, name, UINT64_MAX, source, error);
}

int file_source_open(const char *path, struct source **source, struct error *error)
{
	return file_source_open_upto(path, UINT64_MAX, source, error);
}

/* What sentences call a path. */
static const char *name_of(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

int file_open(const char *path, struct error *error)
{
	const int fd = strcmp(path, "-") == 0
			       ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
			       : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	const int errnum = errno;

	if (fd < 0)
		return error_set(error, errnum, "%.300s: cannot open it: %s", name_of(path),
				 strerror(errnum));
	return fd;
}

int file_source_open_upto(const char *path, uint64_t most, struct source **source,
			  struct error *error)
{
	const int fd = file_open(path, error);
	int result;

	if (fd < 0)
		return fd;
	if (strcmp(path, "-") == 0 && isatty(fd))
		result = error_set(error, EINVAL,
				   "standard input is a terminal: a capture must come from a pipe "
				   "or a file");
	else
		result = open_fd(fd, name_of(path), most, source, error);
	if (result < 0)
		close(fd);
	return result;
}

bool file_source_look(const char *path, struct file_look *look)
{
	uint8_t magic[COMPRESSION_MAGIC_SIZE];
	struct stat status;
	ssize_t count = 0;
	int fd;

	/* To open a pipe may wait, or let its writer go on. */
	if (strcmp(path, "-") == 0 || stat(path, &status) < 0 || !S_ISREG(status.st_mode))
		return false;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return false;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		count = pread(fd, magic, sizeof(magic), 0);
	close(fd);
	if (count <= 0 || status.st_size <= 0)
		return false;
	*look = (struct file_look){
		.bytes = (uint64_t)status.st_size,
		.compressed = compression_of(magic, (size_t)count) != NULL,
	};
	return true;
}
