/*
 * Do what is sent and what is received bear stamps of the same clock?
 *
 * Network cards can stamp what they receive, while what is sent is stamped by the host.
 * If the card's clock is not the host's, every round trip is off by the difference. The
 * age of a stamp, by the host's clock as the packet is read, is the difference of the
 * clocks plus a delay that is now and then next to nothing: the least ages of the two
 * directions differ as the clocks do.
 */
#ifndef CAPTURE_CLOCK_CHECK_H
#define CAPTURE_CLOCK_CHECK_H

#include <stdbool.h>
#include <stdint.h>

enum clock_verdict {
	CLOCK_UNDECIDED, /* too few packets of one direction or the other */
	CLOCK_SAME,
	CLOCK_DIFFERENT,
};

/* Packets of each direction that a verdict rests on, and the difference that it finds. */
#define CLOCK_CHECK_PACKETS  50
#define CLOCK_CHECK_LIMIT_NS INT64_C(500000)

/* All zero: nothing seen yet. Index: whether the packet was sent by this host. */
struct clock_check {
	uint32_t packets[2];
	int64_t least_ns[2];
};

/* A packet whose stamp is age_ns old, as it is read. Each verdict rests on packets since
 * the one before it, so clocks that drift apart are found too. */
enum clock_verdict clock_check_add(struct clock_check *check, bool sent, int64_t age_ns);

#endif
