/*
 * A test language: packets of one TCP connection, a line each, and what each must
 * give.
 *
 *     TIME SIDE [FLAGS] SEQ[:LENGTH] [OPTIONS...] [= OUTCOME...]
 *
 *   TIME     of the capture, not a difference: 0, 250us, 1.5ms, 2s; ? is no time
 *   SIDE     who sends: A (port 40000) or B (port 80); a and b: the same hosts, another
 *            connection (port 40001)
 *   FLAGS    letters of S F R P; ACK is set by the option a
 *   SEQ      a number, or ~N for N below 2^32 (to wrap)
 *   LENGTH   bytes of data, default 0
 *   OPTIONS  aN acknowledges N; tV/E timestamps; sL-R,L-R SACK blocks; mN MSS;
 *            iN IPv4 id (default: counts up per side); vN VLAN id, vN/N two of
 *            them, outermost first; cN checksum;
 *            + first fragment of a longer packet; xN captured N bytes too few;
 *            p permits SACK (RFC 2018 section 2); wN announces a window, default 65535
 *   OUTCOME  what the packet gives, all of it: METHOD RTT CLASS, or the name of a
 *            reason (ambiguous, gap, ...); `copy`, `resent`, `late` (filled a hole).
 *            A line without `=` must give no sample and no reason; its copy, resent
 *            and late counts must not move.
 *
 * A blank line, or one that begins with #, is passed over.
 */
#ifndef TESTS_SCENARIO_H
#define TESTS_SCENARIO_H

#include <stdbool.h>

#include "tcpmetro.h"

struct scenario_settings {
	bool ipv6;
	struct tcpm_options options;
};

/* Runs a scenario over IPv4; fails the test at the first line whose outcome differs.
 * At the end checks that all counters add up. */
void scenario(const char *text);

/* The same with settings; the counters as they stood at the end go to *counters
 * unless it is NULL. */
void scenario_with(const struct scenario_settings *settings, const char *text,
		   struct tcpm_counters *counters);

#endif
