/*
 * What the readers of the capture formats share: the open file, the count of
 * records, and how damage is told. For src/capture/ only.
 *
 * A format works in two steps. Its walk takes the complete, sound packet records
 * that are in the buffer, as many as fit the batch, and stops before anything
 * else; nothing moves meanwhile. Only when the walk took none does the format look
 * closer at what is in the way: it reads more, steps over it, or says what is
 * wrong. So each record is judged in one place, and the batch before damage is
 * always handed out.
 */
#ifndef CAPTURE_FILE_SOURCE_H
#define CAPTURE_FILE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "capture/byte_stream.h"
#include "capture/source.h"

/* The largest packet believed where the file declares nothing larger, as in libpcap. */
#define USUAL_MAX_PACKET 262144u

/* The largest packet ever believed. */
#define MAX_PACKET (16u << 20)

/* Latest time that a frame may have, so that no sum or difference of two times
 * overflows: about the year 2116, later than the 2106 that pcap ends at. */
#define MAX_TIME_NS ((int64_t)1 << 62)

/* A longer name is shown by its end, which tells more than its beginning. */
#define FILE_NAME_SIZE 160

struct pcapng_reader;

/* A classic pcap file, by its header. */
struct pcap_reader {
	bool usual;           /* the common case: see pcap_file.c */
	bool swapped;         /* the writer's byte order is not this machine's */
	uint8_t header_size;  /* of a record: 16, or 24 in Kuznetzov's variant */
	uint8_t lengths;      /* enum pcap_lengths */
	uint16_t linktype;    /* LINKTYPE_ value */
	uint32_t fraction_ns; /* unit of the fraction of a second */
	uint32_t max_packet;  /* longer ones are damage */
};

struct file_source {
	struct source source; /* first: see struct source */
	struct byte_stream stream;
	char name[FILE_NAME_SIZE]; /* as sentences show it */
	int fd;                    /* -1: its bytes come from a share */
	uint64_t records;          /* handed out */
	/* The format's next batch: the number of frames, 0 at a clean end, or a
	 * negative errno. */
	int (*next)(struct file_source *file, struct tcpm_frame *frames, size_t max,
		    struct error *error);
	/* The same, owned; NULL: the format, or this file's kind of it, has it not. */
	int (*next_partition)(struct file_source *file, const struct partition *partition,
			      struct tcpm_frame *frames, struct partition_gap *gaps, size_t max,
			      struct source_partition *owned, struct error *error);
	struct pcap_reader pcap;
	struct pcapng_reader *pcapng; /* NULL: the file is pcap */
	bool ended;                   /* `result`, and `error` if negative, is the last word */
	int result;
	struct error error;
};

/* A number of the file, in its byte order. */
static inline uint16_t file_get16(const uint8_t *bytes, bool swapped)
{
	uint16_t value;

	memcpy(&value, bytes, sizeof(value));
	return swapped ? __builtin_bswap16(value) : value;
}

static inline uint32_t file_get32(const uint8_t *bytes, bool swapped)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return swapped ? __builtin_bswap32(value) : value;
}

static inline uint64_t file_get64(const uint8_t *bytes, bool swapped)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return swapped ? __builtin_bswap64(value) : value;
}

/* A descriptor of the file, or of standard input if the path is "-"; a negative errno, and *error
 * names the file. */
int file_open(const char *path, struct error *error);

/* A source, called `name`, of bytes that others read, too, as the reader of this number, which
 * leaves when the source is closed or cannot be opened. Otherwise as file_source_open. */
int file_source_of_shared_blocks(const char *name, struct shared_blocks *share, unsigned reader,
				 struct source **source, struct error *error);

/*
 * Each returns -EBADMSG, or another negative errno, and writes the one sentence
 * that names the file, the place, what is wrong and what it means.
 */

/* The record at `at` is damaged; format says how. */
int file_record_damage(const struct file_source *file, struct error *error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The block at `at`, which is no packet record, is damaged or not supported. */
int file_block_damage(const struct file_source *file, struct error *error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The file ends, or (result < 0, clause in *error) cannot be read further, within the
 * record or block that began at offset and has `there` of its `whole` bytes. whole 0:
 * not known. */
int file_cut_short(const struct file_source *file, int result, uint64_t offset, uint64_t there,
		   uint64_t whole, struct error *error);

/* As file_cut_short, for the header at the file's very beginning. */
int file_header_cut_short(const struct file_source *file, int result, uint64_t whole,
			  struct error *error);

/* The formats. Each reads the file's header, of which the first four bytes are there
 * and right, and sets file->next. */
int pcap_open(struct file_source *file, struct error *error);
int pcapng_open(struct file_source *file, struct error *error);
const char *pcapng_interface_name(const struct pcapng_reader *reader, uint32_t interface);
void pcapng_close(struct pcapng_reader *reader);

/* Of a pcap file: what its header says. The first four bytes are right; false: a version that does
 * not exist. */
#define PCAP_HEADER_SIZE 24
#define PCAP_RECORD_SIZE 16 /* of what stands before each packet, in a usual file */
bool pcap_header(const uint8_t header[static PCAP_HEADER_SIZE], struct pcap_reader *pcap);

/* Whether a file that begins with these four bytes is of the format. */
bool pcap_recognise(const uint8_t magic[static 4]);
bool pcapng_recognise(const uint8_t magic[static 4]);

#endif
