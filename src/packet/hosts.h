/*
 * Which two hosts a packet passes between, as a number: what frames are shared out by, see
 * tcpm_options.shares.
 *
 * The number is the same for both directions, whatever ports, labels and tunnels there are, and
 * always the same for the same hosts. It is no defence: who chooses addresses can make all
 * numbers equal.
 */
#ifndef PACKET_HOSTS_H
#define PACKET_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/packet.h"

/* Of a packet that was decoded. Spread over all 32 bits. */
uint32_t packet_hosts(const struct packet *packet);

/* The same of a frame that is not decoded, where a look is enough: plain Ethernet and IP, of
 * the first one, with TCP behind it. False: decode it. True: packet_decode may find that it is
 * no sound TCP packet after all; if it is one, its hosts are these. */
bool packet_hosts_peek(const struct tcpm_frame *frame, uint32_t *hosts);

#endif
