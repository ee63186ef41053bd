/*
 * A socket for datagrams to a local agent, which never waits: UDP, or a Unix datagram
 * socket. What cannot be sent now is lost, and counted.
 *
 * The agent may be away, restarted, or not reading. The socket comes back by itself; what
 * it knows of losses differs:
 *
 *   Unix   The system tells at once whether the agent's socket took a datagram, or that
 *          its queue is full: exact.
 *   UDP    Only a refusal tells (an ICMP error; from the agent's own host "port
 *          unreachable"), one for each datagram. Refusals are read from the socket's error
 *          queue (ip(7), IP_RECVERR). They are exact where the agent is on this machine.
 *          From another one they come a round trip later, and seldom: a Linux kernel sends
 *          six to a host at once, then one a second (icmp_ratelimit), and firewalls drop
 *          them. An agent that does not read, or a host that is gone behind a router,
 *          refuses nothing.
 *
 * With both, what the agent took and had not read when it died is lost and not known.
 */
#ifndef EXPORT_DATAGRAM_H
#define EXPORT_DATAGRAM_H

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
	int error; /* why the last of them was lost, an errno; 0: none was */
};

/* target: an address, IPv4 or IPv6, of a UDP port ("localhost" is 127.0.0.1; other names
 * are not asked for); or "unix:///path" (the port is not used). 0; -EINVAL: the target is
 * neither, *error says so; others: no socket. That nobody is there is no error. On error
 * *datagram is untouched. */
int datagram_open(const char *target, uint16_t port, struct datagram **datagram,
		  struct error *error);

/* The most bytes of one datagram: 1432 for UDP (an Ethernet frame's, IPv6, and room), 8192
 * for a Unix socket. */
size_t datagram_room(const struct datagram *datagram);

/* Sends size bytes, which hold so many points. Does not wait. */
void datagram_send(struct datagram *datagram, const void *bytes, size_t size, uint64_t points);

/*
 * Spreading. An agent's queue is short (Unix: net.unix.max_dgram_qlen, often 10 datagrams;
 * UDP: net.core.rmem_default, some 90 full ones), so most of a large report that is sent at
 * once is lost, however quick the agent; with UDP, without a sign. From datagram_spread on,
 * datagram_send puts datagrams into a queue of our own, of some MiB, and datagram_run sends
 * the next few: to be called DATAGRAM_PAUSE_NS later again while it returns that some are
 * waiting. Those count neither as sent nor as lost.
 */
#define DATAGRAM_BURST    8
#define DATAGRAM_PAUSE_NS (INT64_C(5) * 1000000)

/* So many runs a datagram waits for room in the agent's queue, where that is known (Unix):
 * about a second. After that, each is lost at once until one gets through. */
#define DATAGRAM_PATIENCE 200

void datagram_spread(struct datagram *datagram);

/* Sends a few of those that wait; how many still do. */
size_t datagram_run(struct datagram *datagram);

/* Sends all that wait, as one does at the end: spread as well, for which it waits
 * DATAGRAM_FLUSH_PAUSES times DATAGRAM_PAUSE_NS at most (half a second), then the rest at
 * once. Nothing waits after it. */
#define DATAGRAM_FLUSH_PAUSES 100

void datagram_flush(struct datagram *datagram);

/*
 * Looks for refusals that came since, and tells the counts.
 *
 * Which datagram a refusal is about, and so how many points, is found by the bytes that it
 * quotes, among the last 1,024. Of several that begin alike, and where too little is
 * quoted, it is the last one: the number of datagrams is right, that of points may then be
 * another's. A refusal that quotes what was not sent lately is not counted.
 */
void datagram_counts(struct datagram *datagram, struct datagram_counts *counts);

/* What waits is not sent, and not counted: see datagram_flush. NULL is fine. */
void datagram_close(struct datagram *datagram);

#endif
