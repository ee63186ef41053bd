/*
 * Reading ahead: see ahead.h.
 *
 * One thread fills parts, the other takes them, in a ring. The lock is held to count, never
 * to read or to decode, and nobody is woken who does not sleep.
 */
#include "app/ahead.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

/* Frames that begin so long before the ones read so far were taken elsewhere. */
#define OVERLAP_NS INT64_C(1000000000)

/* How often a reader that must come back is interrupted, and how often whoever waits for it
 * looks whether it must: what a signal's handler may do wakes nobody. */
#define INTERRUPT_NS INT64_C(1000000)
#define LOOK_NS      INT64_C(100000000)

int ahead_init(struct ahead *ahead, const struct tcpm_engine *engine, struct intake *intake,
	       uint64_t limit, bool threaded)
{
	unsigned parts = threaded ? AHEAD_PARTS : 1;
	pthread_condattr_t attributes;

	*ahead = (struct ahead){.intake = intake, .limit = limit, .wanted_thread = threaded};
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&ahead->lock, NULL);
	pthread_cond_init(&ahead->room, NULL);
	pthread_cond_init(&ahead->ready, &attributes);
	pthread_condattr_destroy(&attributes);
	for (; ahead->made < parts; ahead->made++) {
		ahead->parts[ahead->made].batch = tcpm_batch_new(engine, AHEAD_FRAMES);
		if (!ahead->parts[ahead->made].batch) {
			ahead_done(ahead);
			return -ENOMEM;
		}
	}
	return 0;
}

void ahead_done(struct ahead *ahead)
{
	if (!ahead->intake)
		return;
	for (unsigned i = 0; i < ahead->made; i++)
		tcpm_batch_free(ahead->parts[i].batch);
	pthread_cond_destroy(&ahead->ready);
	pthread_cond_destroy(&ahead->room);
	pthread_mutex_destroy(&ahead->lock);
	*ahead = (struct ahead){0};
}

/* ---- reading, in whichever thread ---- */

static bool is_over(struct ahead *ahead)
{
	return ahead->stop || ahead->leave;
}

/* A file that begins before the one before it ended was taken elsewhere, or at
 * another time: its packets continue none of the flows seen so far. A second's
 * overlap is the disorder of a capture that was cut into files. */
static bool is_apart(const struct intake_facts *before, const struct tcpm_frame *first)
{
	return before->any_time && first->time_ns != TCPM_NO_TIME &&
	       first->time_ns < before->last_ns - OVERLAP_NS;
}

/* How many frames may still be read at once. */
static size_t room(const struct ahead *ahead)
{
	uint64_t left = ahead->limit - ahead->intake->facts.records;

	return ahead->limit && left < AHEAD_FRAMES ? (size_t)left : AHEAD_FRAMES;
}

/* Reads and decodes. Returns as source_next. */
static int fill(struct ahead *ahead, struct ahead_part *part)
{
	struct tcpm_frame frames[AHEAD_FRAMES];
	size_t most = room(ahead);
	int count = most ? source_next(ahead->source, frames, most, &ahead->error) : 0;
	int kept;

	if (count <= 0)
		return count;
	part->apart = ahead->first && is_apart(&ahead->intake->facts, &frames[0]);
	part->pause = count < AHEAD_FRAMES;
	ahead->first = false;
	kept = intake_take(ahead->intake, ahead->source, frames, count);
	intake_note(ahead->intake, frames, kept);
	tcpm_batch_clear(part->batch);
	tcpm_batch_add(part->batch, frames, (size_t)kept);
	part->facts = ahead->intake->facts;
	source_progress(ahead->source, &part->progress);
	return count;
}

/* ---- the reader ---- */

/* The part to fill next; NULL: there is no reason to. */
static struct ahead_part *wait_for_room(struct ahead *ahead)
{
	struct ahead_part *part = NULL;

	pthread_mutex_lock(&ahead->lock);
	while (ahead->filled - ahead->taken == AHEAD_PARTS && !is_over(ahead)) {
		ahead->reader_waits = true;
		pthread_cond_wait(&ahead->room, &ahead->lock);
		ahead->reader_waits = false;
	}
	if (!is_over(ahead))
		part = &ahead->parts[ahead->filled % AHEAD_PARTS];
	pthread_mutex_unlock(&ahead->lock);
	return part;
}

/* Hands over a part that was filled with a result of more than 0, or else the end. While more
 * is at hand, nobody is woken before half of the parts are ready. (If it was not, by chance a
 * part's worth: whoever waits looks by himself before long, see LOOK_NS.) */
static void hand_over(struct ahead *ahead, int result, bool pause)
{
	bool wake;

	pthread_mutex_lock(&ahead->lock);
	if (result > 0) {
		ahead->filled++;
	} else {
		ahead->result = result;
		ahead->ended = true;
	}
	wake = ahead->taker_waits &&
	       (ahead->ended || pause || ahead->filled - ahead->taken >= AHEAD_PARTS / 2);
	if (wake)
		ahead->taker_waits = false;
	pthread_mutex_unlock(&ahead->lock);
	if (wake)
		pthread_cond_signal(&ahead->ready);
}

static void *read_ahead(void *argument)
{
	struct ahead *ahead = argument;
	int result;

	do {
		struct ahead_part *part = wait_for_room(ahead);

		result = part ? fill(ahead, part) : 0;
		hand_over(ahead, result, part && part->pause);
	} while (result > 0);
	return NULL;
}

/* ---- the other side ---- */

static void on_interrupt(int number)
{
	(void)number;
}

/* Has a reader that waits for a pipe come back. It may be about to wait, and not hear of it;
 * so this is done again and again until it has ended. */
static void interrupt_reader(struct ahead *ahead)
{
	/* A signal that nobody else uses and that does nothing before and after. */
	struct sigaction action = {.sa_handler = on_interrupt};

	sigaction(SIGURG, &action, NULL);
	pthread_kill(ahead->thread, SIGURG);
}

/* Waits for the reader to hand over something, with the lock. */
static void wait_for_reader(struct ahead *ahead)
{
	struct timespec until;
	int64_t wait_ns = LOOK_NS;

	if (is_over(ahead)) {
		interrupt_reader(ahead);
		wait_ns = INTERRUPT_NS;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	wait_ns += until.tv_nsec;
	until.tv_sec += wait_ns / 1000000000;
	until.tv_nsec = wait_ns % 1000000000;
	ahead->taker_waits = true;
	pthread_cond_timedwait(&ahead->ready, &ahead->lock, &until);
	ahead->taker_waits = false;
}

/* Done with the part that is held. The reader is woken when half of the parts are empty, not
 * for each. With the lock. */
static void give_back(struct ahead *ahead)
{
	if (!ahead->held)
		return;
	ahead->held = false;
	ahead->taken++;
	if (ahead->reader_waits && ahead->filled - ahead->taken <= AHEAD_PARTS / 2)
		pthread_cond_signal(&ahead->room);
}

/* As ahead_next, from the reader. */
static int next_filled(struct ahead *ahead, const struct ahead_part **part)
{
	int result;

	pthread_mutex_lock(&ahead->lock);
	give_back(ahead);
	while (ahead->filled == ahead->taken && !ahead->ended)
		wait_for_reader(ahead);
	ahead->held = ahead->filled != ahead->taken;
	result = ahead->held ? 1 : ahead->result;
	*part = &ahead->parts[ahead->taken % AHEAD_PARTS];
	pthread_mutex_unlock(&ahead->lock);
	return result;
}

/* As ahead_next, here and now. */
static int next_read(struct ahead *ahead, const struct ahead_part **part)
{
	int count = is_over(ahead) ? 0 : fill(ahead, &ahead->parts[0]);

	*part = &ahead->parts[0];
	return count > 0 ? 1 : count;
}

int ahead_next(struct ahead *ahead, const struct ahead_part **part, struct error *error)
{
	int result = ahead->threaded ? next_filled(ahead, part) : next_read(ahead, part);

	if (result < 0)
		*error = ahead->error;
	return result;
}

void ahead_begin(struct ahead *ahead, struct source *source)
{
	ahead->source = source;
	ahead->first = true;
	ahead->ended = false;
	ahead->leave = false;
	ahead->filled = ahead->taken = 0;
	interface_numbers_clear(&ahead->intake->interfaces);
	ahead->threaded = ahead->wanted_thread &&
			  pthread_create(&ahead->thread, NULL, read_ahead, ahead) == 0;
}

void ahead_end(struct ahead *ahead)
{
	if (ahead->threaded) {
		pthread_mutex_lock(&ahead->lock);
		ahead->leave = true;
		pthread_cond_signal(&ahead->room);
		while (!ahead->ended)
			wait_for_reader(ahead);
		pthread_mutex_unlock(&ahead->lock);
		pthread_join(ahead->thread, NULL);
	}
	ahead->threaded = false;
	ahead->held = false;
	ahead->source = NULL;
}

void ahead_stop(struct ahead *ahead)
{
	ahead->stop = true;
}
