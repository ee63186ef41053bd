/*
 * The UDP datagrams that were sent lately, and which of them a refusal is about.
 *
 * A refusal (an ICMP error) quotes the beginning of what it refuses. So each datagram's
 * beginning is kept, and what became of it: each is refused but once.
 */
#ifndef EXPORT_RECENT_DATAGRAMS_H
#define EXPORT_RECENT_DATAGRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So much of a datagram tells it from others: within what any router quotes but those of
 * old, which quote nothing but the UDP header (RFC 792; RFC 1812 section 4.3.2.3). */
#define RECENT_BEGINNING 64

/* How many are known. They must outlast a round trip to the agent. */
#define RECENT_MAX 1024

struct recent_datagram {
	uint64_t points;
	char beginning[RECENT_BEGINNING];
	uint8_t length; /* of that */
	uint8_t fate;   /* private */
};

/* All zero bytes know of none. */
struct recent_datagrams {
	uint64_t count;                         /* of all there ever were */
	struct recent_datagram all[RECENT_MAX]; /* number n is at n % RECENT_MAX */
};

/* sent: it was handed to the system. One that was not is remembered, too: a firewall may
 * refuse it all the same. */
void recent_datagrams_add(struct recent_datagrams *recent, const void *bytes, size_t size,
			  uint64_t points, bool sent);

/* A refusal arrived, which quotes so many bytes. Whether it takes away one that was sent:
 * the last one that it may be about; then *points are that one's. */
bool recent_datagrams_refused(struct recent_datagrams *recent, const void *quoted, size_t size,
			      uint64_t *points);

#endif
