/*
 * One file, several sources: see shared_file.h.
 */
#include "capture/shared_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/file_source.h"
#include "capture/shared_blocks.h"

struct shared_file {
	int fd;
	struct shared_blocks *blocks;
	char path[];
};

int shared_file_open(const char *path, uint64_t most, unsigned sources, struct shared_file **share,
		     struct error *error)
{
	struct shared_file *made = calloc(1, sizeof(*made) + strlen(path) + 1);
	struct error clause;
	int result;

	if (!made)
		return error_set(error, ENOMEM, "%.300s: not enough memory to read it", path);
	strcpy(made->path, path);
	made->fd = result = file_open(path, error);
	if (result >= 0) {
		result = shared_blocks_new(made->fd, most, sources, &made->blocks, &clause);
		if (result < 0)
			error_set(error, -result, "%.300s: %.300s", path, clause.text);
	}
	if (result < 0) {
		shared_file_close(made);
		return result;
	}
	*share = made;
	return 0;
}

/* Records are looked at so far behind the first block: a capture may begin with many that are
 * short. */
#define LOOKED_AT 256

/* A step from record to record, or from block to block, of a plain file. */
struct steps {
	bool pcap; /* or pcapng */
	bool swapped;
	uint64_t at; /* offset in the file */
};

/* Begins at the first record. False: no record can be found. */
static bool begin_steps(const struct byte_stream *stream, struct steps *steps)
{
	const uint8_t *at = stream->at;
	bool big;

	if (stream->compression || byte_stream_left(stream) < 24)
		return false;
	steps->pcap = pcap_recognise(at);
	if (!steps->pcap && !pcapng_recognise(at))
		return false;
	/* A first byte tells the order: of pcap of the first word, of pcapng of the third. */
	big = at[steps->pcap ? 0 : 8] == (steps->pcap ? 0xa1 : 0x1a);
	steps->swapped = big != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	steps->at = steps->pcap ? 24 : 0;
	return true;
}

/* Goes on to the next record; header: the first 12 bytes of this one. False: it is none. */
static bool step(struct steps *steps, const uint8_t *header)
{
	uint64_t length = steps->pcap ? (uint64_t)file_get32(header + 8, steps->swapped) + 16
				      : file_get32(header + 4, steps->swapped);

	if (length < 12 || length > BLOCK_MAX_NEED)
		return false;
	steps->at += length;
	return true;
}

size_t shared_file_spacing(const struct shared_file *share)
{
	const struct byte_stream *stream = shared_blocks_stream(share->blocks);
	const size_t left = byte_stream_left(stream);
	struct steps steps = {0};
	uint8_t header[12];
	uint64_t from;
	unsigned count = 0;

	if (!begin_steps(stream, &steps))
		return 0;
	while (steps.at + sizeof(header) <= left && step(&steps, stream->at + steps.at))
		;
	from = steps.at;
	while (count < LOOKED_AT &&
	       pread(share->fd, header, sizeof(header), (off_t)steps.at) == sizeof(header) &&
	       step(&steps, header))
		count++;
	return count ? (size_t)((steps.at - from) / count) : 0;
}

bool shared_file_trim(struct shared_file *share)
{
	const struct byte_stream *stream = shared_blocks_stream(share->blocks);
	struct pcap_reader pcap;

	return !stream->compression && byte_stream_left(stream) >= PCAP_HEADER_SIZE &&
	       pcap_recognise(stream->at) && pcap_header(stream->at, &pcap) && pcap.usual &&
	       pcap.linktype == PACKET_LINKTYPE_ETHERNET &&
	       shared_blocks_trim(share->blocks, pcap.max_packet) == 0;
}

int shared_file_source(struct shared_file *share, unsigned number, struct source **source,
		       struct error *error)
{
	return file_source_of_shared_blocks(share->path, share->blocks, number, source, error);
}

void shared_file_close(struct shared_file *share)
{
	if (!share)
		return;
	shared_blocks_free(share->blocks);
	if (share->fd >= 0)
		close(share->fd);
	free(share);
}
