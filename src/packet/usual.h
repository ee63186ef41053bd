/*
 * What nearly every frame is, decoded in one go. For src/packet/ only.
 */
#ifndef PACKET_USUAL_H
#define PACKET_USUAL_H

#include <stdbool.h>

#include "packet/packet.h"

/* Does what the walk over the layers would, if the frame is Ethernet, IPv4 without options and not
 * a fragment, and TCP, whose header was captured whole and is sound, and if the lengths say so.
 * False: it is anything else, or something is wrong with it; *packet is unspecified. */
bool packet_usual_v4(const struct tcpm_frame *frame, struct packet *packet);

/* The same of IPv6 without extension headers. */
bool packet_usual_v6(const struct tcpm_frame *frame, struct packet *packet);

#endif
