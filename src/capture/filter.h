/*
 * A filter expression, pcap-filter(7), over frames of any link type.
 *
 * The expression is compiled by libpcap once for each link type that turns up.
 * An expression that does not speak of `vlan` itself is matched against a tagged
 * Ethernet frame as if the tags were not there, so `port 443` finds tagged
 * traffic too.
 */
#ifndef CAPTURE_FILTER_H
#define CAPTURE_FILTER_H

#include <stdbool.h>

#include "base/error.h"
#include "tcpmetro.h"

struct filter;

/* Compiles the expression for Ethernet, to tell at once whether it is one. -EINVAL:
 * libpcap refuses it; *error holds the expression and libpcap's words. */
int filter_new(const char *expression, struct filter **filter, struct error *error);

/* 1: the frame matches; 0: it does not; a negative errno with *error filled: the
 * expression cannot be compiled for the frame's link type. */
int filter_match(struct filter *filter, const struct tcpm_frame *frame, struct error *error);

/* NULL is fine. */
void filter_free(struct filter *filter);

#endif
