/*
 * Datagrams that wait to be sent, in order, in bounded memory.
 */
#ifndef OUTPUT_OUTBOX_H
#define OUTPUT_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* The most bytes that wait: a report of 2,000 pairs with everything has half as many. */
#define OUTBOX_MAX ((size_t)8 << 20)

/* All zero bytes are an empty one. */
struct outbox {
	struct text bytes; /* of each datagram a header, then itself */
	size_t start;      /* of the first one in them */
	size_t count;
};

struct outbox_datagram {
	const char *bytes; /* the outbox's, until the next call that changes it */
	size_t size;
	uint64_t points;
};

/* Puts a copy behind the others; false: there is no room, or no memory. */
bool outbox_put(struct outbox *outbox, const void *bytes, size_t size, uint64_t points);

/* The first one, which stays; there must be one. */
struct outbox_datagram outbox_first(const struct outbox *outbox);

/* Removes the first one. With the last one the memory goes. */
void outbox_remove(struct outbox *outbox);

/* Removes all. */
void outbox_done(struct outbox *outbox);

#endif
