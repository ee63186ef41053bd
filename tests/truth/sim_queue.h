/*
 * The simulator's event queue: what happens next, and next to that. Events of
 * the same time come out in the order they went in, so a run is repeatable.
 */
#ifndef TRUTH_SIM_QUEUE_H
#define TRUTH_SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event {
	int64_t time_ns;
	uint64_t order; /* set by queue_push: breaks ties */
	void *subject;
	uint32_t kind;
	uint32_t detail;
};

struct queue {
	struct event *events;
	size_t count, room;
	uint64_t pushed;
};

/* Adds an event. The subject stays the caller's. Ends the program when memory
 * is out: a simulation cannot continue with an event missing. */
void queue_push(struct queue *queue, struct event event);

/* Takes the earliest event; false when there is none. */
bool queue_pop(struct queue *queue, struct event *event);

void queue_done(struct queue *queue);

/* realloc that ends the program with a message instead of failing. */
void *must_resize(void *memory, size_t count, size_t size);

#endif
