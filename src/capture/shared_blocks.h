/*
 * A file's bytes for several who read it side by side, each in a thread of its own: each block is
 * read, and decompressed, once, by whoever gets to it first. A few blocks stay at hand; nobody gets
 * farther ahead of the slowest.
 */
#ifndef CAPTURE_SHARED_BLOCKS_H
#define CAPTURE_SHARED_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "capture/byte_stream.h"

/* So many bytes before a block are those that came before it, as far as there are any. */
#define SHARED_BLOCKS_BEFORE ((size_t)4096)

/* What is read at once of a file that is trimmed: two of these, with what stands before each, fit a
 * huge page. */
#define SHARED_BLOCKS_PIECE ((size_t)952 << 10)

struct shared_blocks;

/* A block at hand. */
struct shared_block {
	const uint8_t *bytes;
	size_t length;       /* at least 1 */
	uint64_t end_offset; /* where it ends in the (decompressed) stream */
};

/*
 * Shares an open file between `readers` (1 or more), which have numbers from 0. The file must not
 * make anybody wait. Errors as those of byte_stream_init; *share is untouched then. Does not own
 * fd.
 */
int shared_blocks_new(int fd, uint64_t most, unsigned readers, struct shared_blocks **share,
		      struct error *error);

/* From now on the blocks are trimmed (capture/snap_records.h, which tells what the file must be,
 * and max_packet): they have less bytes than what they stand for. The file is not compressed.
 * Before the first one is asked for. 0 or -ENOMEM; then nothing has changed. */
int shared_blocks_trim(struct shared_blocks *share, uint32_t max_packet);

/* NULL is fine. No reader may use it any more. */
void shared_blocks_free(struct shared_blocks *share);

/*
 * The block of a number, which is the reader's next one; its first is number 0. It stays until
 * the reader asks for the one behind the next. Returns and fills *error as byte_stream_need of one
 * byte does; 0 and errors are the same for all readers. May wait for other readers.
 */
int shared_blocks_get(struct shared_blocks *share, unsigned reader, uint64_t number,
		      struct shared_block *block, struct error *error);

/* The reader asks for nothing more: nobody waits for it. */
void shared_blocks_leave(struct shared_blocks *share, unsigned reader);

/* The stream that the blocks come from. What it says of itself does not change; the rest is the
 * share's. */
const struct byte_stream *shared_blocks_stream(const struct shared_blocks *share);

/* How much of the file itself was read. */
uint64_t shared_blocks_file_done(struct shared_blocks *share);

#endif
