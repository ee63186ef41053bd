/*
 * The pcapng format: blocks that each say their type and length, in sections that
 * each have their own byte order and interfaces (draft-ietf-opsawg-pcapng).
 *
 * The walk takes packet blocks, compiled once for each byte order; every other
 * block is stepped over or read by fetch. Simple packet blocks have no time.
 */
#include "capture/file_source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "capture/pcapng_interface.h"

enum {
	BLOCK_SECTION = 0x0a0d0d0a, /* the same in both byte orders */
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 2, /* obsolete */
	BLOCK_SIMPLE = 3,
	BLOCK_ENHANCED = 6,
};

#define BYTE_ORDER_MAGIC 0x1a2b3c4du

#define MIN_BLOCK         12 /* type, length, length again */
#define MIN_SECTION_BLOCK 28

/* A packet block has up to 28 bytes before the packet, and options behind it. */
#define MAX_BLOCK ((uint32_t)MAX_PACKET + 4096 - 64)

struct pcapng_reader {
	bool swapped;                        /* this section's byte order */
	struct pcapng_interface *interfaces; /* of this section */
	uint32_t count;
	uint32_t capacity;
	uint32_t base;       /* number, in the file, of this section's first interface */
	char **names;        /* by number in the file; NULL where there is none */
	uint32_t name_count; /* entries that may be read */
	uint32_t name_capacity;
};

/* What a block begins with. */
struct block_header {
	uint32_t type;
	uint32_t length; /* of the whole block */
	bool swapped;    /* its section's byte order */
};

/* What is wrong with a packet block whose frame is sound. */
enum packet_fault {
	PACKET_SOUND,
	PACKET_TOO_SHORT, /* for its own header */
	PACKET_NO_INTERFACE,
	PACKET_TOO_LONG, /* more bytes captured than the block holds */
};

/* The fields of a packet block, whatever its kind. */
struct packet_block {
	uint32_t interface; /* in its section */
	uint32_t captured;
	uint32_t wire_length;
	uint32_t header_size;
	uint64_t units; /* of time */
	bool timed;
};

static inline enum packet_fault packet_fields(const struct pcapng_reader *pcapng, const uint8_t *at,
					      uint32_t type, uint32_t length, bool swapped,
					      struct packet_block *packet)
{
	if (type == BLOCK_SIMPLE) {
		if (length < 16)
			return PACKET_TOO_SHORT;
		if (pcapng->count == 0)
			return PACKET_NO_INTERFACE;
		const uint32_t snaplen = pcapng->interfaces[0].snaplen;
		const uint32_t wire_length = file_get32(at + 8, swapped);
		*packet = (struct packet_block){
			.captured = snaplen > 0 && snaplen < wire_length ? snaplen : wire_length,
			.wire_length = wire_length,
			.header_size = 12,
		};
	} else {
		if (length < 32)
			return PACKET_TOO_SHORT;
		*packet = (struct packet_block){
			.interface = type == BLOCK_PACKET ? file_get16(at + 8, swapped)
							  : file_get32(at + 8, swapped),
			.captured = file_get32(at + 20, swapped),
			.wire_length = file_get32(at + 24, swapped),
			.header_size = 28,
			.units = (uint64_t)file_get32(at + 12, swapped) << 32 |
				 file_get32(at + 16, swapped),
			.timed = true,
		};
		if (packet->interface >= pcapng->count)
			return PACKET_NO_INTERFACE;
	}
	if (packet->captured > length - packet->header_size - 4)
		return PACKET_TOO_LONG;
	return PACKET_SOUND;
}

/* The time of a packet on its interface, within [0, MAX_TIME_NS]. */
static inline int64_t packet_time_ns(const struct pcapng_interface *interface, uint64_t units)
{
	int64_t time_ns;

	if (units < interface->max_units)
		time_ns = (int64_t)(units * interface->unit_ns);
	else
		time_ns = pcapng_time_ns(interface, units);
	time_ns += interface->offset_ns; /* both within 2^62 */
	if (time_ns < 0)
		return 0;
	return time_ns > MAX_TIME_NS ? MAX_TIME_NS : time_ns;
}

static inline bool is_packet(uint32_t type)
{
	return type == BLOCK_ENHANCED || type == BLOCK_SIMPLE || type == BLOCK_PACKET;
}

/* Takes the complete, sound packet blocks in the buffer. */
static inline __attribute__((always_inline)) size_t walk(struct file_source *file,
							 struct tcpm_frame *frames, size_t max,
							 const bool swapped)
{
	struct pcapng_reader *pcapng = file->pcapng;
	const uint8_t *const end = file->stream.end;
	const uint8_t *at = file->stream.at;
	const uint64_t before = file->records;
	size_t count;

	for (count = 0; count < max; count++) {
		const size_t left = (size_t)(end - at);
		if (left < MIN_BLOCK)
			break;
		const uint32_t type = file_get32(at, swapped);
		const uint32_t length = file_get32(at + 4, swapped);
		if (!is_packet(type) || length > left || length < MIN_BLOCK || length % 4 != 0 ||
		    length > MAX_BLOCK || file_get32(at + length - 4, swapped) != length)
			break;
		struct packet_block packet;
		if (packet_fields(pcapng, at, type, length, swapped, &packet) != PACKET_SOUND)
			break;
		const struct pcapng_interface *interface = &pcapng->interfaces[packet.interface];
		frames[count] = (struct tcpm_frame){
			.bytes = at + packet.header_size,
			.captured = packet.captured,
			.wire_length = packet.wire_length > packet.captured ? packet.wire_length
									    : packet.captured,
			.time_ns = packet.timed ? packet_time_ns(interface, packet.units)
						: TCPM_NO_TIME,
			.number = before + count + 1,
			.interface = pcapng->base + packet.interface,
			.linktype = interface->linktype,
		};
		at += length;
	}
	file->stream.at = at;
	return count;
}

/* The sentence for a packet block that cannot be used. */
static int packet_damage(const struct file_source *file, enum packet_fault fault, uint32_t length,
			 const struct packet_block *packet, struct error *error)
{
	switch (fault) {
	case PACKET_TOO_SHORT:
		return file_record_damage(file, error,
					  "a block of %u bytes is too short for a packet; the file "
					  "is damaged there",
					  length);
	case PACKET_NO_INTERFACE:
		return file_record_damage(file, error,
					  "the packet's interface is not described before it; the "
					  "file is damaged there");
	default:
		return file_record_damage(
			file, error,
			"length %u is larger than the block of %u bytes that holds "
			"the packet; the file is damaged there",
			packet->captured, length);
	}
}

/* Room for one more interface in the section, and for one more name. */
static int make_room(struct file_source *file, struct error *error)
{
	struct pcapng_reader *pcapng = file->pcapng;

	if (pcapng->count == PCAPNG_MAX_INTERFACES)
		return file_block_damage(file, error,
					 "more than %u interfaces in one section are not supported",
					 PCAPNG_MAX_INTERFACES);
	if (pcapng->base + pcapng->count == UINT32_MAX)
		return file_block_damage(file, error, "more interfaces than can be numbered");
	if (pcapng->count == pcapng->capacity) {
		const uint32_t capacity = pcapng->capacity ? pcapng->capacity * 2 : 4;
		void *interfaces =
			reallocarray(pcapng->interfaces, capacity, sizeof(*pcapng->interfaces));
		if (!interfaces)
			return error_set(error, ENOMEM,
					 "%s: not enough memory for its "
					 "interfaces",
					 file->name);
		pcapng->interfaces = interfaces;
		pcapng->capacity = capacity;
	}
	return 0;
}

/* Remembers a name for the next interface; false: no memory. */
static bool add_name(struct pcapng_reader *pcapng, const char *name)
{
	const uint32_t number = pcapng->base + pcapng->count;

	if (number >= PCAPNG_MAX_NAMES || name[0] == '\0')
		return true;
	if (number >= pcapng->name_capacity) {
		uint32_t capacity = pcapng->name_capacity ? pcapng->name_capacity : 4;
		while (capacity <= number)
			capacity *= 2;
		char **names = reallocarray(pcapng->names, capacity, sizeof(*names));
		if (!names)
			return false;
		pcapng->names = names;
		pcapng->name_capacity = capacity;
	}
	while (pcapng->name_count <= number)
		pcapng->names[pcapng->name_count++] = NULL;
	pcapng->names[number] = strdup(name);
	return pcapng->names[number] != NULL;
}

static int read_interface(struct file_source *file, uint32_t length, struct error *error)
{
	struct pcapng_reader *pcapng = file->pcapng;
	struct pcapng_interface interface;
	char name[PCAPNG_NAME_SIZE];

	const char *wrong = pcapng_interface_parse(file->stream.at + 8, length - MIN_BLOCK,
						   pcapng->swapped, &interface, name);
	if (wrong)
		return file_block_damage(file, error,
					 "in an interface description, %s; the file is damaged "
					 "there",
					 wrong);
	const int result = make_room(file, error);
	if (result < 0)
		return result;
	if (!add_name(pcapng, name))
		return error_set(error, ENOMEM,
				 "%s: not enough memory for its "
				 "interfaces",
				 file->name);
	pcapng->interfaces[pcapng->count++] = interface;
	file->stream.at += length;
	return 1;
}

/* The section header's byte order mark, at offset 8. */
static int read_byte_order(struct file_source *file, bool *swapped, struct error *error)
{
	const uint8_t *mark = file->stream.at + 8;

	*swapped = file_get32(mark, false) != BYTE_ORDER_MAGIC;
	if (file_get32(mark, *swapped) != BYTE_ORDER_MAGIC)
		return file_block_damage(file, error,
					 "the section header has no byte order mark; the file is "
					 "damaged there");
	return 0;
}

/* A new section: its byte order, and no interfaces yet. Its length is not used: many
 * writers leave it open, and blocks say theirs. */
static int read_section(struct file_source *file, const struct block_header *block,
			struct error *error)
{
	struct pcapng_reader *pcapng = file->pcapng;

	if (block->length < MIN_SECTION_BLOCK)
		return file_block_damage(file, error,
					 "a section header of %u bytes is too short; the file is "
					 "damaged there",
					 block->length);
	const unsigned major = file_get16(file->stream.at + 12, block->swapped);
	const unsigned minor = file_get16(file->stream.at + 14, block->swapped);
	if (major != 1)
		return file_block_damage(file, error,
					 "pcapng version %u.%u is not supported (1.x is)", major,
					 minor);
	pcapng->swapped = block->swapped;
	pcapng->base += pcapng->count;
	pcapng->count = 0;
	file->stream.at += block->length;
	return 1;
}

/* Steps over a block of any length without keeping it. */
static int skip_block(struct file_source *file, uint32_t length, struct error *error)
{
	struct byte_stream *stream = &file->stream;
	const uint64_t start = byte_stream_offset(stream);

	int result = byte_stream_skip(stream, length - 4, error);
	if (result > 0)
		result = byte_stream_need(stream, 4, error);
	if (result <= 0)
		return file_cut_short(file, result, start,
				      byte_stream_offset(stream) + byte_stream_left(stream) - start,
				      length, error);
	const uint32_t again = file_get32(stream->at, file->pcapng->swapped);
	if (again != length)
		return file_block_damage(file, error,
					 "the block that ends here has length %u at its end but %u "
					 "at its beginning; the file is damaged there",
					 again, length);
	stream->at += 4;
	return 1;
}

/* Makes a whole block available and checks its end. */
static int fetch_whole(struct file_source *file, const struct block_header *block,
		       struct error *error)
{
	struct byte_stream *stream = &file->stream;

	if (block->length > MAX_BLOCK && is_packet(block->type))
		return file_record_damage(file, error,
					  "length %u is larger than any packet; the file is "
					  "damaged there",
					  block->length);
	if (block->length > MAX_BLOCK)
		return file_block_damage(file, error,
					 "a description of %u bytes is too long; the file "
					 "is damaged there",
					 block->length);
	const int result = byte_stream_need(stream, block->length, error);
	if (result <= 0)
		return file_cut_short(file, result, byte_stream_offset(stream),
				      byte_stream_left(stream), block->length, error);
	const uint32_t again = file_get32(stream->at + block->length - 4, block->swapped);
	if (again != block->length)
		return file_block_damage(file, error,
					 "a block has length %u at its end but %u at its "
					 "beginning; the file is damaged there",
					 again, block->length);
	return 1;
}

/* What the next block begins with. 1: it is there and sound; 0: the clean end. */
static int fetch_header(struct file_source *file, struct block_header *block, struct error *error)
{
	struct byte_stream *stream = &file->stream;

	int result = byte_stream_need(stream, MIN_BLOCK, error);
	if (result == 0 && byte_stream_left(stream) == 0)
		return 0;
	if (result <= 0)
		return file_cut_short(file, result, byte_stream_offset(stream),
				      byte_stream_left(stream), 0, error);
	block->swapped = file->pcapng->swapped;
	block->type = file_get32(stream->at, block->swapped);
	if (block->type == BLOCK_SECTION) {
		result = read_byte_order(file, &block->swapped, error);
		if (result < 0)
			return result;
	}
	block->length = file_get32(stream->at + 4, block->swapped);
	if (block->length < MIN_BLOCK || block->length % 4 != 0)
		return file_block_damage(
			file, error,
			"a block length of %u bytes is invalid (at least 12, a multiple of 4); "
			"the file is damaged there",
			block->length);
	return 1;
}

/* The walk took nothing: looks at the block in the way. 1: go on; 0: the clean end. */
static int fetch(struct file_source *file, struct error *error)
{
	struct block_header block = {0};
	struct packet_block packet = {0};

	int result = fetch_header(file, &block, error);
	if (result <= 0)
		return result;
	if (block.type != BLOCK_SECTION && block.type != BLOCK_INTERFACE && !is_packet(block.type))
		return skip_block(file, block.length, error);
	result = fetch_whole(file, &block, error);
	if (result <= 0)
		return result;
	if (block.type == BLOCK_SECTION)
		return read_section(file, &block, error);
	if (block.type == BLOCK_INTERFACE)
		return read_interface(file, block.length, error);
	const enum packet_fault fault = packet_fields(file->pcapng, file->stream.at, block.type,
						      block.length, block.swapped, &packet);
	return fault == PACKET_SOUND ? 1 : packet_damage(file, fault, block.length, &packet, error);
}

static int pcapng_next(struct file_source *file, struct tcpm_frame *frames, size_t max,
		       struct error *error)
{
	for (;;) {
		const size_t count = file->pcapng->swapped ? walk(file, frames, max, true)
							   : walk(file, frames, max, false);
		if (count > 0)
			return (int)count;
		const int result = fetch(file, error);
		if (result <= 0)
			return result;
	}
}

bool pcapng_recognise(const uint8_t magic[static 4])
{
	return file_get32(magic, false) == BLOCK_SECTION;
}

int pcapng_open(struct file_source *file, struct error *error)
{
	const int result = byte_stream_need(&file->stream, MIN_SECTION_BLOCK, error);

	if (result <= 0)
		return file_header_cut_short(file, result, MIN_SECTION_BLOCK, error);
	file->pcapng = calloc(1, sizeof(*file->pcapng));
	if (!file->pcapng)
		return error_set(error, ENOMEM, "%s: not enough memory to read it", file->name);
	file->next = pcapng_next;
	return fetch(file, error);
}

const char *pcapng_interface_name(const struct pcapng_reader *pcapng, uint32_t interface)
{
	return interface < pcapng->name_count ? pcapng->names[interface] : NULL;
}

void pcapng_close(struct pcapng_reader *pcapng)
{
	if (!pcapng)
		return;
	for (uint32_t i = 0; i < pcapng->name_count; i++)
		free(pcapng->names[i]);
	free(pcapng->names);
	free(pcapng->interfaces);
	free(pcapng);
}
