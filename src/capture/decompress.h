/*
 * Decompression as a plain step: bytes in, bytes out, at whatever pace the caller
 * has. Each format is one file behind struct decompressor_ops; which are built is
 * decided when the project is configured.
 */
#ifndef CAPTURE_DECOMPRESS_H
#define CAPTURE_DECOMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct decompressor;

/* A window on the input and one on the output; each step moves the pointers and
 * counts the rest down. */
struct decompress_step {
	const uint8_t *in;
	size_t in_left;
	uint8_t *out;
	size_t out_left;
};

struct decompressor_ops {
	/* NULL: no memory. */
	struct decompressor *(*create)(void);
	/*
	 * Goes on as far as the input and the room for output allow; not called
	 * without input at_end (libzstd would take the next frame as begun). 0, or a negative
	 * errno with a clause in *error that says what is wrong with the data; what was
	 * written to the output before it is good.
	 */
	int (*step)(struct decompressor *decompressor, struct decompress_step *step,
		    struct error *error);
	/* Whether the data may end here: everything begun was finished. */
	bool (*at_end)(const struct decompressor *decompressor);
	void (*destroy)(struct decompressor *decompressor); /* NULL is fine */
};

extern const struct decompressor_ops gzip_decompressor; /* RFC 1952, any number of members */
extern const struct decompressor_ops zstd_decompressor; /* RFC 8878, any number of frames */

/* What the first bytes of a file say about its compression. */
struct compression {
	const char *name; /* "gzip" */
	const struct decompressor_ops
		*ops;   /* NULL: this build, or this program, does not read it */
	bool supported; /* the program reads it, if built to */
};

/* How many first bytes tell. */
#define COMPRESSION_MAGIC_SIZE 6

/* The compression that data of this beginning has, or NULL: none that is known. */
const struct compression *compression_of(const uint8_t *bytes, size_t count);

#endif
