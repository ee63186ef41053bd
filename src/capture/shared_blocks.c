/*
 * Blocks in a few places that are used in turn: see shared_blocks.h.
 *
 * Who gets a block sees to it that the next one is read, too, before anybody needs it; so readers
 * that are equally fast take turns, and hardly ever wait.
 */
#include "capture/shared_blocks.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/page_prefault.h"
#include "capture/snap_records.h"

#define PAGE ((size_t)4096)

/* Blocks at hand: of the slowest reader the last one, for its end, and the one it is at; and what
 * is ahead of that. */
#define PLACES 5

/* A block that is not trimmed; all places fit a huge page. */
#define SHARED_SIZE ((size_t)400 << 10)

#define LEFT UINT64_MAX

struct place {
	uint8_t *memory; /* SHARED_BLOCKS_BEFORE bytes, then the block */
	size_t length;   /* of the block */
	uint64_t end_offset;
};

/* What it takes to trim a file. Pieces are read side by side, each by one reader, and trimmed one
 * after the other. */
struct trimming {
	struct snap_records snap; /* whoever's turn it is has it */
	bool over;                /* that was the last piece; behind it comes: */
	int result;               /* 0, or a negative errno */
	struct error error;
	/* SNAP_RECORDS_BEFORE bytes, then a piece, for as many as may be under way at a time:
	 * blocks that were begun and are not there yet have numbers that follow one another, one of
	 * each reader at most. */
	uint8_t *pieces;
	unsigned piece_count;
};

struct shared_blocks {
	struct byte_stream stream; /* whoever reads has it, unless it is trimmed */
	struct trimming *trimming; /* NULL: the stream's own bytes are the blocks */
	unsigned readers;
	uint8_t *memory; /* of all places */
	struct place places[PLACES];
	pthread_mutex_t lock;
	pthread_cond_t changed; /* what follows, with the lock */
	uint64_t begun;         /* blocks that somebody has begun to read, */
	uint64_t count;         /* and those that are there */
	bool ended;             /* there are no more blocks, for: */
	int result;             /* 0, or a negative errno */
	struct error error;
	uint64_t file_done;
	uint64_t uses[]; /* of each reader: the lowest block that it still looks at, or LEFT */
};

static uint8_t *piece_of(const struct trimming *trimming, uint64_t number)
{
	return trimming->pieces +
	       number % trimming->piece_count * (SNAP_RECORDS_BEFORE + SHARED_BLOCKS_PIECE) +
	       SNAP_RECORDS_BEFORE;
}

static uint8_t *block_of(const struct place *place)
{
	return place->memory + SHARED_BLOCKS_BEFORE;
}

/* Memory for all places, each for blocks of up to so many bytes, instead of what they have. Content
 * is not kept. */
static void set_memory(struct shared_blocks *share, uint8_t *memory, size_t size)
{
	free(share->memory);
	share->memory = memory;
	for (unsigned i = 0; i < PLACES; i++)
		share->places[i].memory = memory + i * (SHARED_BLOCKS_BEFORE + size);
}

int shared_blocks_new(int fd, uint64_t most, unsigned readers, struct shared_blocks **share,
		      struct error *error)
{
	struct shared_blocks *made = calloc(1, sizeof(*made) + readers * sizeof(made->uses[0]));
	uint8_t *memory = pages_alloc(PLACES * (SHARED_BLOCKS_BEFORE + SHARED_SIZE));
	int result;

	if (!made || !memory)
		result = error_set(error, ENOMEM, "not enough memory to read it");
	else
		result = byte_stream_init(&made->stream, fd, most, error);
	if (result < 0) {
		free(made);
		free(memory);
		return result;
	}
	made->readers = readers;
	pthread_mutex_init(&made->lock, NULL);
	pthread_cond_init(&made->changed, NULL);
	set_memory(made, memory, SHARED_SIZE);
	*share = made;
	return 0;
}

static void trimming_free(struct trimming *trimming)
{
	if (trimming)
		free(trimming->pieces);
	free(trimming);
}

int shared_blocks_trim(struct shared_blocks *share, uint32_t max_packet)
{
	const unsigned piece_count = share->readers < PLACES ? share->readers : PLACES;
	const size_t most = SHARED_BLOCKS_PIECE + SNAP_RECORDS_MORE;
	struct trimming *made = calloc(1, sizeof(*made));
	/* Of it all but a part is touched only if hardly anything can be trimmed. */
	uint8_t *memory = aligned_alloc(PAGE, PLACES * (SHARED_BLOCKS_BEFORE + most));

	if (made)
		made->pieces =
			pages_alloc(piece_count * (SNAP_RECORDS_BEFORE + SHARED_BLOCKS_PIECE));
	if (!made || !made->pieces || !memory) {
		trimming_free(made);
		free(memory);
		return -ENOMEM;
	}
	snap_records_init(&made->snap, max_packet);
	made->piece_count = piece_count;
	share->trimming = made;
	byte_stream_release(&share->stream);
	set_memory(share, memory, most);
	return 0;
}

void shared_blocks_free(struct shared_blocks *share)
{
	if (!share)
		return;
	free(share->memory);
	trimming_free(share->trimming);
	byte_stream_done(&share->stream);
	pthread_cond_destroy(&share->changed);
	pthread_mutex_destroy(&share->lock);
	free(share);
}

/* ---- with the lock ---- */

/* The lowest block that anybody still looks at; LEFT: nobody reads any more. */
static uint64_t lowest_use(const struct shared_blocks *share)
{
	uint64_t lowest = LEFT;

	for (unsigned i = 0; i < share->readers; i++)
		if (share->uses[i] < lowest)
			lowest = share->uses[i];
	return lowest;
}

/* Whether the next block may be begun now, into a place that nobody looks at. Pieces that are to be
 * trimmed are read side by side, other blocks one after the other. */
static bool may_read(const struct shared_blocks *share)
{
	return !share->ended && share->begun < lowest_use(share) + PLACES &&
	       (share->trimming || share->begun == share->count);
}

/* Waits until all blocks before this one are there. False: they were the last ones. */
static bool await_turn(struct shared_blocks *share, uint64_t number)
{
	bool comes;

	pthread_mutex_lock(&share->lock);
	while (share->count < number && !share->ended)
		pthread_cond_wait(&share->changed, &share->lock);
	comes = !share->ended;
	pthread_mutex_unlock(&share->lock);
	return comes;
}

/* ---- without it ---- */

/* A piece of the file, trimmed; as byte_stream_take. What there is of the last one, and what the
 * one before it left, is handed out before the end, or an error, is told. */
static ssize_t take_trimmed(struct shared_blocks *share, uint64_t number, struct place *place,
			    struct error *error)
{
	struct trimming *trimming = share->trimming;
	uint8_t *const piece = piece_of(trimming, number);
	struct error failure;
	int result;
	const size_t count = byte_stream_at(&share->stream, number * SHARED_BLOCKS_PIECE, piece,
					    SHARED_BLOCKS_PIECE, &result, &failure);

	if (!await_turn(share, number))
		return 0;
	if (!trimming->over) {
		const bool last = count < SHARED_BLOCKS_PIECE;
		const size_t given =
			snap_records_bytes(&trimming->snap, piece, count, last, block_of(place));

		place->end_offset =
			number * SHARED_BLOCKS_PIECE + count - snap_records_left(&trimming->snap);
		trimming->over = last;
		if (result < 0) {
			trimming->result = result;
			trimming->error = failure;
		}
		if (given > 0)
			return (ssize_t)given;
	}
	*error = trimming->error;
	return trimming->result;
}

static ssize_t take(struct shared_blocks *share, struct place *place, struct error *error)
{
	const ssize_t got = byte_stream_take(&share->stream, block_of(place), SHARED_SIZE, error);

	place->end_offset = byte_stream_offset(&share->stream);
	return got;
}

/* Reads the next block. Has the lock before and after it. */
static void read_next(struct shared_blocks *share)
{
	const uint64_t number = share->begun++;
	struct place *place = &share->places[number % PLACES];
	const struct place *last = &share->places[(number + PLACES - 1) % PLACES];
	struct error error;
	ssize_t got;

	pthread_mutex_unlock(&share->lock);
	got = share->trimming ? take_trimmed(share, number, place, &error)
			      : take(share, place, &error);
	if (got > 0 && number > 0)
		memcpy(place->memory, block_of(last) + last->length - SHARED_BLOCKS_BEFORE,
		       SHARED_BLOCKS_BEFORE);
	pthread_mutex_lock(&share->lock);
	if (share->ended)
		return;
	if (got > 0) {
		place->length = (size_t)got;
		share->count++;
		share->file_done =
			share->trimming ? place->end_offset : byte_stream_file_done(&share->stream);
	} else {
		share->ended = true;
		share->result = (int)got;
		share->error = error;
	}
	pthread_cond_broadcast(&share->changed);
}

/* ---- from the outside ---- */

int shared_blocks_get(struct shared_blocks *share, unsigned reader, uint64_t number,
		      struct shared_block *block, struct error *error)
{
	const struct place *place = &share->places[number % PLACES];
	int result = 1;

	pthread_mutex_lock(&share->lock);
	share->uses[reader] = number > 0 ? number - 1 : 0;
	pthread_cond_broadcast(&share->changed);
	while (share->count <= number && !share->ended) {
		if (may_read(share))
			read_next(share);
		else
			pthread_cond_wait(&share->changed, &share->lock);
	}
	if (share->count <= number)
		result = share->result < 0
				 ? error_set(error, -share->result, "%s", share->error.text)
				 : 0;
	else
		*block = (struct shared_block){block_of(place), place->length, place->end_offset};
	if (share->begun == number + 1 && may_read(share))
		read_next(share);
	pthread_mutex_unlock(&share->lock);
	return result;
}

void shared_blocks_leave(struct shared_blocks *share, unsigned reader)
{
	pthread_mutex_lock(&share->lock);
	share->uses[reader] = LEFT;
	pthread_cond_broadcast(&share->changed);
	pthread_mutex_unlock(&share->lock);
}

const struct byte_stream *shared_blocks_stream(const struct shared_blocks *share)
{
	return &share->stream;
}

uint64_t shared_blocks_file_done(struct shared_blocks *share)
{
	uint64_t done;

	pthread_mutex_lock(&share->lock);
	done = share->file_done;
	pthread_mutex_unlock(&share->lock);
	return done;
}
