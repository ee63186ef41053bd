/*
 * Blocks in a few places that are used in turn: see block_share.h.
 *
 * Who gets a block sees to it that the next one is read, too, before anybody needs it; so readers
 * that are equally fast take turns, and hardly ever wait.
 */
#include "capture/block_share.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PAGE ((size_t)4096)

/* Blocks at hand: of the slowest reader the last one, for its end, and the one it is at; and what
 * is ahead of that. */
#define PLACES 5

#define LEFT UINT64_MAX

struct place {
	uint8_t *memory; /* BLOCK_SHARE_BEFORE bytes, then the block */
	size_t length;   /* of the block */
};

struct block_share {
	struct block_stream stream; /* whoever reads has it */
	unsigned readers;
	struct place places[PLACES];
	pthread_mutex_t lock;
	pthread_cond_t changed; /* what follows, with the lock */
	uint64_t count;         /* blocks that were read */
	bool reading;           /* somebody is */
	bool ended;             /* there are no more blocks, for: */
	int result;             /* 0, or a negative errno */
	struct error error;
	uint64_t file_done;
	uint64_t uses[]; /* of each reader: the lowest block that it still looks at, or LEFT */
};

static uint8_t *block_of(const struct place *place)
{
	return place->memory + BLOCK_SHARE_BEFORE;
}

int block_share_new(int fd, uint64_t most, unsigned readers, struct block_share **share,
		    struct error *error)
{
	struct block_share *made = calloc(1, sizeof(*made) + readers * sizeof(made->uses[0]));
	bool room = made != NULL;
	int result;

	if (!made)
		return error_set(error, ENOMEM, "there is not enough memory to read it");
	result = block_stream_init(&made->stream, fd, most, error);
	if (result < 0) {
		free(made);
		return result;
	}
	made->readers = readers;
	pthread_mutex_init(&made->lock, NULL);
	pthread_cond_init(&made->changed, NULL);
	for (unsigned i = 0; i < PLACES; i++) {
		made->places[i].memory = aligned_alloc(PAGE, BLOCK_SHARE_BEFORE + BLOCK_SIZE);
		room &= made->places[i].memory != NULL;
	}
	if (!room) {
		block_share_free(made);
		return error_set(error, ENOMEM, "there is not enough memory to read it");
	}
	*share = made;
	return 0;
}

void block_share_free(struct block_share *share)
{
	if (!share)
		return;
	for (unsigned i = 0; i < PLACES; i++)
		free(share->places[i].memory);
	block_stream_done(&share->stream);
	pthread_cond_destroy(&share->changed);
	pthread_mutex_destroy(&share->lock);
	free(share);
}

/* ---- with the lock ---- */

/* The lowest block that anybody still looks at; LEFT: nobody reads any more. */
static uint64_t lowest_use(const struct block_share *share)
{
	uint64_t lowest = LEFT;

	for (unsigned i = 0; i < share->readers; i++)
		if (share->uses[i] < lowest)
			lowest = share->uses[i];
	return lowest;
}

/* Whether the next block may be read now: into a place that nobody looks at. */
static bool may_read(const struct block_share *share)
{
	return !share->reading && !share->ended && share->count < lowest_use(share) + PLACES;
}

/* Reads the next block; leaves the lock for it. */
static void read_next(struct block_share *share)
{
	struct place *place = &share->places[share->count % PLACES];
	const struct place *last = &share->places[(share->count + PLACES - 1) % PLACES];
	struct error error;
	ssize_t got;

	share->reading = true;
	pthread_mutex_unlock(&share->lock);
	if (share->count > 0)
		memcpy(place->memory, block_of(last) + last->length - BLOCK_SHARE_BEFORE,
		       BLOCK_SHARE_BEFORE);
	got = block_stream_take(&share->stream, block_of(place), BLOCK_SIZE, &error);
	pthread_mutex_lock(&share->lock);
	share->reading = false;
	share->file_done = block_stream_file_done(&share->stream);
	if (got > 0) {
		place->length = (size_t)got;
		share->count++;
	} else {
		share->ended = true;
		share->result = (int)got;
		share->error = error;
	}
	pthread_cond_broadcast(&share->changed);
}

/* ---- from the outside ---- */

int block_share_get(struct block_share *share, unsigned reader, uint64_t number,
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
		*block = (struct shared_block){block_of(place), place->length};
	if (share->count == number + 1 && may_read(share))
		read_next(share);
	pthread_mutex_unlock(&share->lock);
	return result;
}

void block_share_leave(struct block_share *share, unsigned reader)
{
	pthread_mutex_lock(&share->lock);
	share->uses[reader] = LEFT;
	pthread_cond_broadcast(&share->changed);
	pthread_mutex_unlock(&share->lock);
}

const struct block_stream *block_share_stream(const struct block_share *share)
{
	return &share->stream;
}

uint64_t block_share_file_done(struct block_share *share)
{
	uint64_t done;

	pthread_mutex_lock(&share->lock);
	done = share->file_done;
	pthread_mutex_unlock(&share->lock);
	return done;
}
