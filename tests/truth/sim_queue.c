/*
 * A heap with four children a node: half the depth of a binary one, and the
 * children of a node stand side by side in memory.
 */
#include "sim_queue.h"

#include <stdio.h>
#include <stdlib.h>

void *must_resize(void *memory, size_t count, size_t size)
{
	void *larger = reallocarray(memory, count, size);

	if (larger == NULL) {
		fprintf(stderr, "simulate: out of memory\n");
		exit(1);
	}
	return larger;
}

static bool before(const struct event *a, const struct event *b)
{
	return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->order < b->order;
}

void queue_push(struct queue *queue, struct event event)
{
	size_t at = queue->count++;

	if (queue->count > queue->room) {
		queue->room = queue->room > 0 ? queue->room * 2 : 1024;
		queue->events = must_resize(queue->events, queue->room, sizeof event);
	}
	event.order = queue->pushed++;
	while (at > 0) {
		size_t parent = (at - 1) / 4;

		if (before(&queue->events[parent], &event))
			break;
		queue->events[at] = queue->events[parent];
		at = parent;
	}
	queue->events[at] = event;
}

static void sink(struct queue *queue, const struct event *event)
{
	size_t at = 0;

	for (;;) {
		size_t first = at * 4 + 1;
		size_t last = first + 4 < queue->count ? first + 4 : queue->count;
		size_t least = first;

		if (first >= queue->count)
			break;
		for (size_t i = first + 1; i < last; i++)
			if (before(&queue->events[i], &queue->events[least]))
				least = i;
		if (before(event, &queue->events[least]))
			break;
		queue->events[at] = queue->events[least];
		at = least;
	}
	queue->events[at] = *event;
}

bool queue_pop(struct queue *queue, struct event *event)
{
	struct event last;

	if (queue->count == 0)
		return false;
	*event = queue->events[0];
	last = queue->events[--queue->count];
	if (queue->count > 0)
		sink(queue, &last);
	return true;
}

void queue_done(struct queue *queue)
{
	free(queue->events);
	*queue = (struct queue){0};
}
