/*
 * The least that reading a capture can cost: blocks of 1 MiB by read(), and a step from
 * record to record in them. Nothing is copied, nothing of a packet is looked at.
 *
 *	walk FILE
 *
 * FILE is a pcap of this machine's byte order. Prints the number of records.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK         (1 << 20)
#define FILE_HEADER   24
#define RECORD_HEADER 16
#define CAPTURED      8 /* where a record's header tells its length */
#define MICROSECONDS  0xa1b2c3d4
#define NANOSECONDS   0xa1b23c4d

static unsigned char block[BLOCK + RECORD_HEADER];

static void fail(const char *path, const char *why)
{
	fprintf(stderr, "walk: %s: %s\n", path, why);
	exit(1);
}

static uint32_t number_at(const unsigned char *bytes)
{
	uint32_t number;

	memcpy(&number, bytes, sizeof(number));
	return number;
}

int main(int argc, char **argv)
{
	unsigned long long records = 0;
	size_t at = 0;   /* of the next record, from the block's beginning */
	size_t kept = 0; /* bytes of a header that the block before ended in */
	ssize_t count;
	int file;

	if (argc != 2) {
		fprintf(stderr, "usage: walk FILE\n");
		return 2;
	}
	file = open(argv[1], O_RDONLY);
	if (file < 0)
		fail(argv[1], strerror(errno));
	count = read(file, block, FILE_HEADER);
	if (count != FILE_HEADER ||
	    (number_at(block) != MICROSECONDS && number_at(block) != NANOSECONDS))
		fail(argv[1], "not a pcap of this machine's byte order");
	while ((count = read(file, block + kept, BLOCK)) > 0) {
		size_t length = kept + (size_t)count;

		while (at + RECORD_HEADER <= length) {
			at += RECORD_HEADER + number_at(block + at + CAPTURED);
			records++;
		}
		kept = at < length ? length - at : 0;
		memmove(block, block + length - kept, kept);
		at = at < length ? 0 : at - length;
	}
	if (count < 0)
		fail(argv[1], strerror(errno));
	if (kept != 0 || at != 0)
		fail(argv[1], "ends within a record");
	printf("%llu\n", records);
	return 0;
}
