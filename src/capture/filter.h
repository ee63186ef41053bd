/*
 * A filter expression, pcap-filter(7), over frames of any link type.
 *
 * The expression is compiled by libpcap once for each link type that turns up.
 * An expression that does not speak of VLAN tags itself is matched against a tagged
 * frame (Ethernet, Linux cooked) as if the tags were not there, so `port 443` finds
 * tagged traffic too; lengths are then those without the tags, and bytes beyond the
 * first 2,048 count as not captured. One that does, by the word `vlan` or by the
 * link header's bytes (`ether[...]`, `link[...]`), has libpcap's own meaning.
 */
#ifndef CAPTURE_FILTER_H
#define CAPTURE_FILTER_H

#include <stdbool.h>

#include "base/error.h"
#include "tcpmetro.h"

struct filter;

/* How an expression speaks of VLAN tags itself. */
enum filter_tags {
	FILTER_TAGS_NONE,  /* not at all */
	FILTER_TAGS_WORD,  /* by the word `vlan` */
	FILTER_TAGS_BYTES, /* by the bytes of the link header */
};

enum filter_tags filter_tags(const char *expression);

/* Whether DNS may be asked for a word of the expression, whose answer may be another one each
 * time. False is certain. */
bool filter_may_ask(const char *expression);

/* Compiles the expression for Ethernet, to tell at once whether it is one; if it is not,
 * but is one for another common link type, it is accepted. -EINVAL: libpcap refuses it;
 * *error holds the expression and libpcap's words. -ENOMEM. */
int filter_new(const char *expression, struct filter **filter, struct error *error);

/* 1: the frame matches; 0: it does not, or nothing of its link type can; a negative errno
 * with *error filled: the expression cannot be compiled for the frame's link type. */
int filter_match(struct filter *filter, const struct tcpm_frame *frame, struct error *error);

/* Whether the frame bears a VLAN tag right behind its link header. */
bool filter_is_tagged(const struct tcpm_frame *frame);

/* NULL is fine. */
void filter_free(struct filter *filter);

#endif
