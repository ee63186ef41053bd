/*
 * The classic pcap format: one header, then records of 16 bytes and a packet
 * (draft-ietf-opsawg-pcap; libpcap's savefile(5)).
 *
 * The walk over the records is the product's innermost loop. It is compiled
 * twice: once for what nearly every file is (this machine's byte order, plain
 * headers), once for all the rest.
 */
#include <string.h>

#include "capture/file_source.h"

#include <errno.h>

#include "capture/pcap_partition.h"

#define MAGIC_MICRO     0xa1b2c3d4u
#define MAGIC_NANO      0xa1b23c4du
#define MAGIC_KUZNETZOV 0xa1b2cd34u /* a patched libpcap of 1998: longer record headers */

/* How a record gives its two lengths; the order was swapped in old versions. */
enum pcap_lengths {
	LENGTHS_CAPTURED_FIRST, /* since 2.4 */
	LENGTHS_WIRE_FIRST,     /* before 2.3 */
	LENGTHS_EITHER,         /* 2.3: both exist; the captured one is the smaller */
};

/* Version 543.0 is what DG/UX wrote. */
#define VERSION_DGUX 543

struct record {
	uint32_t captured;
	uint32_t wire_length;
};

static inline struct record record_lengths(const struct pcap_reader *pcap, const uint8_t *header,
					   bool swapped)
{
	const uint32_t first = file_get32(header + 8, swapped);
	const uint32_t second = file_get32(header + 12, swapped);

	if (pcap->lengths == LENGTHS_WIRE_FIRST ||
	    (pcap->lengths == LENGTHS_EITHER && first > second))
		return (struct record){second, first};
	return (struct record){first, second};
}

/*
 * Takes the complete records in the buffer. A fraction of a second that is a second
 * or more is carried over, as sums do; at most 2^32 s + 2^32 us, far below
 * MAX_TIME_NS. More bytes captured than were on the wire contradict themselves: the
 * bytes are there, so the wire length is raised to them.
 */
static inline __attribute__((always_inline)) size_t walk(struct file_source *file,
							 struct tcpm_frame *frames, size_t max,
							 bool usual)
{
	const struct pcap_reader *pcap = &file->pcap;
	const bool swapped = usual ? false : pcap->swapped;
	const size_t header_size = usual ? PCAP_RECORD_SIZE : pcap->header_size;
	const uint32_t max_packet = pcap->max_packet;
	const uint32_t fraction_ns = pcap->fraction_ns;
	const uint16_t linktype = pcap->linktype;
	const uint64_t before = file->records;
	const uint8_t *const end = file->stream.end;
	const uint8_t *at = file->stream.at;
	size_t count;

	for (count = 0; count < max; count++) {
		const size_t left = (size_t)(end - at);
		if (left < header_size)
			break;
		const struct record record = usual ? (struct record){file_get32(at + 8, false),
								     file_get32(at + 12, false)}
						   : record_lengths(pcap, at, swapped);
		if (record.captured > max_packet || record.captured > left - header_size)
			break;
		frames[count] = (struct tcpm_frame){
			.bytes = at + header_size,
			.captured = record.captured,
			.wire_length = record.wire_length > record.captured ? record.wire_length
									    : record.captured,
			.time_ns = (int64_t)file_get32(at, swapped) * 1000000000 +
				   (int64_t)file_get32(at + 4, swapped) * fraction_ns,
			.number = before + count + 1,
			.linktype = linktype,
		};
		at += header_size + record.captured;
	}
	file->stream.at = at;
	return count;
}

/* The walk took nothing: reads the next record, or says what is wrong with it. 1: it
 * is there and sound; 0: the clean end. */
static int fetch(struct file_source *file, struct error *error)
{
	const struct pcap_reader *pcap = &file->pcap;
	struct byte_stream *stream = &file->stream;
	const size_t header_size = pcap->header_size;

	int result = byte_stream_need(stream, header_size, error);
	if (result == 0 && byte_stream_left(stream) == 0)
		return 0;
	if (result <= 0)
		return file_cut_short(file, result, byte_stream_offset(stream),
				      byte_stream_left(stream), header_size, error);
	const struct record record = record_lengths(pcap, stream->at, pcap->swapped);
	if (record.captured > pcap->max_packet)
		return file_record_damage(file, error,
					  "length %u is larger than any packet; the file is "
					  "damaged there",
					  record.captured);
	result = byte_stream_need(stream, header_size + record.captured, error);
	if (result <= 0)
		return file_cut_short(file, result, byte_stream_offset(stream),
				      byte_stream_left(stream), header_size + record.captured,
				      error);
	return 1;
}

static int pcap_next(struct file_source *file, struct tcpm_frame *frames, size_t max,
		     struct error *error)
{
	for (;;) {
		const size_t count = file->pcap.usual ? walk(file, frames, max, true)
						      : walk(file, frames, max, false);
		if (count > 0)
			return (int)count;
		const int result = fetch(file, error);
		if (result <= 0)
			return result;
	}
}

static int pcap_next_partition(struct file_source *file, const struct partition *partition,
			       struct tcpm_frame *frames, struct partition_gap *gaps, size_t max,
			       struct source_partition *owned, struct error *error)
{
	for (;;) {
		const uint8_t *const start = file->stream.at;
		const size_t count = pcap_walk_partition(file, partition, frames, gaps, max, owned);
		if (count > 0 && owned->kept == 0) {
			file->stream.at = start;
			owned->kept = walk(file, frames, count, true);
			memset(gaps, 0, owned->kept * sizeof(*gaps));
		}
		if (count > 0)
			return (int)count;
		const int result = fetch(file, error);
		if (result <= 0)
			return result;
	}
}

static bool known_magic(uint32_t magic)
{
	return magic == MAGIC_MICRO || magic == MAGIC_NANO || magic == MAGIC_KUZNETZOV;
}

bool pcap_recognise(const uint8_t magic[static 4])
{
	return known_magic(file_get32(magic, false)) || known_magic(file_get32(magic, true));
}

/* A snap length of 0, or one that is negative as a signed number, says nothing. */
static uint32_t max_packet_of(uint32_t snaplen)
{
	if (snaplen <= USUAL_MAX_PACKET || snaplen > INT32_MAX)
		return USUAL_MAX_PACKET;
	return snaplen < MAX_PACKET ? snaplen : MAX_PACKET;
}

/* How the versions that exist give the lengths. */
static bool lengths_of(uint16_t major, uint16_t minor, enum pcap_lengths *lengths)
{
	if ((major == VERSION_DGUX && minor == 0) || (major == 2 && minor < 3))
		*lengths = LENGTHS_WIRE_FIRST;
	else if (major == 2 && minor == 3)
		*lengths = LENGTHS_EITHER;
	else if (major == 2 && minor == 4)
		*lengths = LENGTHS_CAPTURED_FIRST;
	else
		return false;
	return true;
}

bool pcap_header(const uint8_t header[static PCAP_HEADER_SIZE], struct pcap_reader *pcap)
{
	const bool swapped = !known_magic(file_get32(header, false));
	const uint32_t magic = file_get32(header, swapped);
	enum pcap_lengths lengths;

	if (!lengths_of(file_get16(header + 4, swapped), file_get16(header + 6, swapped), &lengths))
		return false;
	*pcap = (struct pcap_reader){
		.swapped = swapped,
		.header_size = magic == MAGIC_KUZNETZOV ? 24 : PCAP_RECORD_SIZE,
		.lengths = (uint8_t)lengths,
		.fraction_ns = magic == MAGIC_NANO ? 1 : 1000,
		.max_packet = max_packet_of(file_get32(header + 16, swapped)),
		/* The upper half tells the length of a frame check sequence; it is not used:
		 * data ends where the IP header says. */
		.linktype = (uint16_t)file_get32(header + 20, swapped),
	};
	pcap->usual = !swapped && pcap->header_size == PCAP_RECORD_SIZE &&
		      pcap->lengths == LENGTHS_CAPTURED_FIRST;
	return true;
}

static int refuse_version(const struct file_source *file, struct error *error)
{
	const uint8_t *header = file->stream.at;
	const bool swapped = !known_magic(file_get32(header, false));

	return error_set(error, ENOTSUP,
			 "%s: pcap version %u.%u is not supported (2.0 to 2.4 are): the file is "
			 "damaged, or must be converted first",
			 file->name, file_get16(header + 4, swapped),
			 file_get16(header + 6, swapped));
}

int pcap_open(struct file_source *file, struct error *error)
{
	struct byte_stream *stream = &file->stream;
	int result = byte_stream_need(stream, PCAP_HEADER_SIZE, error);

	if (result <= 0)
		return file_header_cut_short(file, result, PCAP_HEADER_SIZE, error);
	if (!pcap_header(stream->at, &file->pcap))
		return refuse_version(file, error);
	stream->at += PCAP_HEADER_SIZE;
	file->next = pcap_next;
	if (file->pcap.usual && file->pcap.linktype == PACKET_LINKTYPE_ETHERNET)
		file->next_partition = pcap_next_partition;
	file->source.nameless = true;
	return 0;
}
