/*
 * Which connection does a packet belong to, when endpoints are used again?
 *
 * A SYN with another initial sequence number on a known pair of endpoints begins a
 * new connection, or somebody forged it. The old flow therefore lives on until the
 * new handshake has completed; meanwhile the new connection is kept beside it as
 * its challenger.
 */
#ifndef RTT_HANDSHAKE_H
#define RTT_HANDSHAKE_H

#include "packet/packet.h"
#include "rtt/flow_table.h"

/*
 * The flow that the packet belongs to: `flow` itself, its challenger, or a new one in
 * its place. `sender` is the index of the packet's direction. May free `flow`. NULL:
 * there is no room for a new flow.
 */
struct flow *handshake_flow(struct flow_table *table, struct flow *flow,
			    const struct packet *packet, unsigned sender, int64_t now_ns);

/* The flow, seen under other labels, whose SYN this SYN-ACK answers; it is found by the
 * packet's own name from now on. NULL: there is none, or it had been idle for too long by now,
 * and is gone. */
struct flow *handshake_across_labels(struct flow_table *table, const struct packet *packet,
				     unsigned sender, const struct flow_name *name, int64_t now_ns);

#endif
