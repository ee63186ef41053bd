/*
 * A socket for datagrams to a local agent, which never waits: UDP, or a Unix datagram
 * socket. What cannot be sent now is lost, and counted.
 *
 * The agent may be away, restarted, or not reading. UDP tells of that only by refusals
 * (ICMP port unreachable), one of which follows each datagram; they are read from the
 * socket's error queue (ip(7), IP_RECVERR), so that each is counted. A Unix socket tells
 * at once; the socket connects again by itself.
 */
#ifndef OUTPUT_DATAGRAM_H
#define OUTPUT_DATAGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct datagram;

/* Since the socket was made. points: as the caller counted them. */
struct datagram_counts {
	uint64_t sent; /* handed to the system, and not known to be lost */
	uint64_t sent_points;
	uint64_t lost; /* refused, or not handed over: nobody there, or not reading */
	uint64_t lost_points;
};

/* target: an address, IPv4 or IPv6, of a UDP port; or "unix:///path" (the port is not
 * used). 0; -EINVAL: the target is neither, *error says so; others: no socket. That nobody
 * is there is no error. On error *datagram is untouched. */
int datagram_open(const char *target, uint16_t port, struct datagram **datagram,
		  struct error *error);

/* The most bytes of one datagram: 1432 for UDP (an Ethernet frame's, IPv6, and room), 8192
 * for a Unix socket. */
size_t datagram_room(const struct datagram *datagram);

/* Sends size bytes, which hold so many points. Does not wait. */
void datagram_send(struct datagram *datagram, const void *bytes, size_t size, uint64_t points);

/* Looks for refusals that came since, and tells the counts. */
void datagram_counts(struct datagram *datagram, struct datagram_counts *counts);

/* NULL is fine. */
void datagram_close(struct datagram *datagram);

#endif
