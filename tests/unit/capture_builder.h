/*
 * Capture files in memory, for tests: each function appends one piece, so that a
 * test says in a few lines what lies in its file, damage included.
 *
 * What is put is also what comes out: lengths can be given apart from the bytes, so
 * that they can lie.
 */
#ifndef UNIT_CAPTURE_BUILDER_H
#define UNIT_CAPTURE_BUILDER_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PCAP_MICRO     0xa1b2c3d4u
#define PCAP_NANO      0xa1b23c4du
#define PCAP_KUZNETZOV 0xa1b2cd34u

struct builder {
	uint8_t *bytes;
	size_t size;
	size_t capacity;
	bool swapped; /* numbers are put in the order that is not this machine's */
};

static inline void builder_done(struct builder *builder)
{
	free(builder->bytes);
	*builder = (struct builder){0};
}

static inline void put_bytes(struct builder *builder, const void *bytes, size_t size)
{
	if (builder->size + size > builder->capacity) {
		builder->capacity = (builder->size + size) * 2;
		builder->bytes = realloc(builder->bytes, builder->capacity);
		assert(builder->bytes);
	}
	if (size > 0)
		memcpy(builder->bytes + builder->size, bytes, size);
	builder->size += size;
}

static inline void put8(struct builder *builder, unsigned value)
{
	const uint8_t byte = (uint8_t)value;

	put_bytes(builder, &byte, 1);
}

static inline void put16(struct builder *builder, unsigned value)
{
	const uint16_t number = (uint16_t)value;
	const uint16_t ordered = builder->swapped ? __builtin_bswap16(number) : number;

	put_bytes(builder, &ordered, 2);
}

static inline void put32(struct builder *builder, uint32_t value)
{
	const uint32_t ordered = builder->swapped ? __builtin_bswap32(value) : value;

	put_bytes(builder, &ordered, 4);
}

static inline void put64(struct builder *builder, uint64_t value)
{
	const uint64_t ordered = builder->swapped ? __builtin_bswap64(value) : value;

	put_bytes(builder, &ordered, 8);
}

static inline void put_fill(struct builder *builder, unsigned value, size_t count)
{
	while (count-- > 0)
		put8(builder, value);
}

static inline void put_padding(struct builder *builder)
{
	while (builder->size % 4 != 0)
		put8(builder, 0);
}

/* Packet bytes that tell a packet apart: a count that starts with its number. */
static inline void put_packet(struct builder *builder, unsigned number, size_t size)
{
	for (size_t i = 0; i < size; i++)
		put8(builder, (unsigned)(number + i));
}

/* --- pcap --- */

static inline void pcap_header_of(struct builder *builder, uint32_t magic, unsigned major,
				  unsigned minor, uint32_t snaplen, uint32_t network)
{
	put32(builder, magic);
	put16(builder, major);
	put16(builder, minor);
	put32(builder, 0);
	put32(builder, 0);
	put32(builder, snaplen);
	put32(builder, network);
}

static inline void pcap_header(struct builder *builder)
{
	pcap_header_of(builder, PCAP_MICRO, 2, 4, 65535, 1);
}

/* The 16 bytes before a packet. */
static inline void pcap_record_header(struct builder *builder, uint32_t seconds, uint32_t fraction,
				      uint32_t captured, uint32_t wire_length)
{
	put32(builder, seconds);
	put32(builder, fraction);
	put32(builder, captured);
	put32(builder, wire_length);
}

/* A sound record: packet `number`, at 1000 + number seconds. */
static inline void pcap_record(struct builder *builder, unsigned number, size_t size)
{
	pcap_record_header(builder, 1000 + number, number, (uint32_t)size, (uint32_t)size);
	put_packet(builder, number, size);
}

/* --- pcapng --- */

/* Begins a block; block_end puts its length at both ends. */
static inline size_t block_begin(struct builder *builder, uint32_t type)
{
	const size_t start = builder->size;

	put32(builder, type);
	put32(builder, 0);
	return start;
}

static inline void block_end(struct builder *builder, size_t start)
{
	put_padding(builder);
	const size_t length = builder->size - start + 4;
	const uint32_t number = (uint32_t)length;
	const uint32_t ordered = builder->swapped ? __builtin_bswap32(number) : number;
	put32(builder, number);
	memcpy(builder->bytes + start + 4, &ordered, 4);
}

static inline void ng_section(struct builder *builder)
{
	const size_t start = block_begin(builder, 0x0a0d0d0a);

	put32(builder, 0x1a2b3c4d);
	put16(builder, 1);
	put16(builder, 0);
	put64(builder, UINT64_MAX);
	block_end(builder, start);
}

static inline void ng_option(struct builder *builder, unsigned code, const void *value, size_t size)
{
	put16(builder, code);
	put16(builder, (unsigned)size);
	put_bytes(builder, value, size);
	put_padding(builder);
}

/* An interface with options: resolution < 0, offset 0 or name NULL leave one out. */
static inline void ng_interface_of(struct builder *builder, unsigned linktype, uint32_t snaplen,
				   int resolution, int64_t offset, const char *name)
{
	const size_t start = block_begin(builder, 1);

	put16(builder, linktype);
	put16(builder, 0);
	put32(builder, snaplen);
	if (name)
		ng_option(builder, 2, name, strlen(name));
	if (resolution >= 0) {
		const uint8_t value = (uint8_t)resolution;
		ng_option(builder, 9, &value, 1);
	}
	if (offset != 0) {
		put16(builder, 14);
		put16(builder, 8);
		put64(builder, (uint64_t)offset);
	}
	if (name || resolution >= 0 || offset != 0)
		put32(builder, 0);
	block_end(builder, start);
}

static inline void ng_interface(struct builder *builder)
{
	ng_interface_of(builder, 1, 0, -1, 0, NULL);
}

/* An enhanced packet block, with packet `number` in it. */
static inline void ng_enhanced(struct builder *builder, uint32_t interface, uint64_t units,
			       unsigned number, size_t size)
{
	const size_t start = block_begin(builder, 6);

	put32(builder, interface);
	put32(builder, (uint32_t)(units >> 32));
	put32(builder, (uint32_t)units);
	put32(builder, (uint32_t)size);
	put32(builder, (uint32_t)size);
	put_packet(builder, number, size);
	block_end(builder, start);
}

static inline void ng_obsolete(struct builder *builder, unsigned interface, uint64_t units,
			       unsigned number, size_t size)
{
	const size_t start = block_begin(builder, 2);

	put16(builder, interface);
	put16(builder, 7); /* drops */
	put32(builder, (uint32_t)(units >> 32));
	put32(builder, (uint32_t)units);
	put32(builder, (uint32_t)size);
	put32(builder, (uint32_t)size);
	put_packet(builder, number, size);
	block_end(builder, start);
}

/* A simple packet block that holds `size` of a packet's `wire_length` bytes. */
static inline void ng_simple(struct builder *builder, unsigned number, size_t size,
			     uint32_t wire_length)
{
	const size_t start = block_begin(builder, 3);

	put32(builder, wire_length);
	put_packet(builder, number, size);
	block_end(builder, start);
}

/* A block of any type with `size` bytes in it. */
static inline void ng_other(struct builder *builder, uint32_t type, size_t size)
{
	const size_t start = block_begin(builder, type);

	put_fill(builder, 0xab, size);
	block_end(builder, start);
}

/* --- compressed, uncompressed: what a reader must take without any compressor --- */

static inline uint32_t crc32_of(const uint8_t *bytes, size_t size)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

/* One gzip member that stores up to 65,535 bytes as they are (RFC 1951 3.2.4). */
static inline void put_gzip_stored(struct builder *builder, const uint8_t *bytes, size_t size)
{
	static const uint8_t header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
	const uint32_t crc = crc32_of(bytes, size);

	assert(size <= UINT16_MAX);
	put_bytes(builder, header, sizeof(header));
	put8(builder, 1);
	put8(builder, (unsigned)size & 0xff);
	put8(builder, (unsigned)size >> 8);
	put8(builder, ~(unsigned)size & 0xff);
	put8(builder, (~(unsigned)size >> 8) & 0xff);
	put_bytes(builder, bytes, size);
	for (int i = 0; i < 4; i++)
		put8(builder, crc >> 8 * i & 0xff);
	for (int i = 0; i < 4; i++)
		put8(builder, (unsigned)size >> 8 * i & 0xff);
}

/* One zstd frame of one raw block (RFC 8878 3.1.1), up to 65,535 bytes. */
static inline void put_zstd_raw(struct builder *builder, const uint8_t *bytes, size_t size)
{
	static const uint8_t magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
	const uint32_t block = (uint32_t)size << 3 | 1;

	assert(size >= 256 && size <= UINT16_MAX);
	put_bytes(builder, magic, sizeof(magic));
	put8(builder, 0x60); /* one segment, its size in two bytes, less 256 */
	put8(builder, (unsigned)(size - 256) & 0xff);
	put8(builder, (unsigned)(size - 256) >> 8);
	for (int i = 0; i < 3; i++)
		put8(builder, block >> 8 * i & 0xff);
	put_bytes(builder, bytes, size);
}

/* A zstd frame that readers step over (RFC 8878 3.1.2). */
static inline void put_zstd_skippable(struct builder *builder, unsigned size)
{
	static const uint8_t magic[4] = {0x53, 0x2a, 0x4d, 0x18};

	put_bytes(builder, magic, sizeof(magic));
	for (int i = 0; i < 4; i++)
		put8(builder, size >> 8 * i & 0xff);
	put_fill(builder, 0, size);
}

/* --- as a descriptor --- */

/* A file in memory with these bytes, at its beginning. */
static inline int file_of(const uint8_t *bytes, size_t size)
{
	const int fd = memfd_create("capture", MFD_CLOEXEC);

	assert(fd >= 0);
	for (size_t done = 0; done < size;) {
		const ssize_t written = write(fd, bytes + done, size - done);
		assert(written > 0);
		done += (size_t)written;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

#endif
