/*
 * What nearly every frame is, decoded in one go. For src/packet/ only.
 */
#ifndef PACKET_FAST_PATH_H
#define PACKET_FAST_PATH_H

#include <stdbool.h>

#include "packet/packet.h"

/* Does what the walk over the layers would, if the frame is Ethernet, IPv4 without options and not
 * a fragment, and TCP, whose header was captured whole and is sound, and if the lengths say so.
 * False: it is anything else, or something is wrong with it; *packet is unspecified. */
bool fast_path_ipv4(const struct tcpm_frame *frame, struct packet *packet);

/* The same of IPv6 without extension headers. */
bool fast_path_ipv6(const struct tcpm_frame *frame, struct packet *packet);

#endif
