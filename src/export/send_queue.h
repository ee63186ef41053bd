/*
 * Datagrams that wait to be sent, in order, in bounded memory.
 */
#ifndef EXPORT_SEND_QUEUE_H
#define EXPORT_SEND_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* The most bytes that wait: a report of 2,000 pairs with everything has half as many. */
#define SEND_QUEUE_MAX ((size_t)8 << 20)

/* All zero bytes are an empty one. */
struct send_queue {
	struct text bytes; /* of each datagram a header, then itself */
	size_t start;      /* of the first one in them */
	size_t count;
};

struct send_queue_datagram {
	const char *bytes; /* the send_queue's, until the next call that changes it */
	size_t size;
	uint64_t points;
};

/* Puts a copy behind the others; false: there is no room, or no memory. */
bool send_queue_put(struct send_queue *send_queue, const void *bytes, size_t size, uint64_t points);

/* The first one, which stays; there must be one. */
struct send_queue_datagram send_queue_first(const struct send_queue *send_queue);

/* Removes the first one. With the last one the memory goes. */
void send_queue_remove(struct send_queue *send_queue);

/* Removes all. */
void send_queue_done(struct send_queue *send_queue);

#endif
