/*
 * Packets as they pass an interface, through libpcap's memory-mapped ring.
 *
 * A live source is a struct source that never waits and never ends by itself:
 * source_next returns -EAGAIN where nothing has come, and the descriptor of
 * live_source_fd tells when to ask again. All rights that capturing needs are used by
 * live_source_open alone; what follows, live_source_resume too, works without any.
 */
#ifndef CAPTURE_LIVE_H
#define CAPTURE_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "capture/source.h"
#include "packet/packet.h"

struct live_options {
	const char *interface;            /* "any": all of them, each frame with its own */
	const char *filter;               /* an expression; NULL: everything */
	const struct packet_ports *ports; /* of tunnels: other UDP stays in the kernel */
	uint32_t snaplen;                 /* bytes of a packet; at least 68 */
	uint32_t buffer_bytes;            /* of the kernel's buffer */
	bool promiscuous;
	const char *stamps; /* type of the time stamps, by libpcap's name; NULL: the host's */
	/* Several sources share the interface's packets (PACKET_FANOUT, by the flow, both
	 * directions alike): the number of this one, from 0, of so many. */
	unsigned fanout_index;
	unsigned fanout_count; /* 1 or 0: this one has all */
	int *fanout_group;     /* what they have in common: -1, set by the first one */
};

/*
 * Opens the interface. Packets before all sources of a group are open, or before the
 * filter is in place, are left out. -EPERM: the right CAP_NET_RAW is missing; -ENODEV: no
 * such interface; -EINVAL: the filter, or the type of time stamps, fits not; others as
 * the system has them. *error names the interface and the cure; *source is untouched.
 *
 * The filter keeps what the expression matches, and frames with VLAN tags that the kernel
 * cannot match exactly: these are the caller's to match (filter_match) where
 * live_source_exact says so.
 *
 * source_next of the source returns -EAGAIN: nothing more at the moment; -ENODEV: the
 * interface was deleted (see live_source_resume); -EIO and others: the end, *error tells
 * why. Of an interface that is only down, nothing comes. Time stamps are the host's clock,
 * in nanoseconds. Where options.stamps asks for those of a network card, packets are left
 * out until what is sent and what is received are known to bear the same clock's; if they
 * do not, the source ends with -EIO.
 */
int live_source_open(const struct live_options *options, struct source **source,
		     struct error *error);

/* Begins: frames stamped before now are not handed out, so that sources that share an
 * interface, or are opened one after the other, begin alike. */
void live_source_start(struct source *source);

/* To be polled for POLLIN; it may change with live_source_resume. */
int live_source_fd(const struct source *source);

/* What of the expression is left to the caller. */
enum live_exact {
	LIVE_EXACT,            /* nothing */
	LIVE_EXACT_BUT_TAGGED, /* frames with VLAN tags */
	LIVE_NOT_EXACT,        /* all */
	LIVE_TOO_LARGE,        /* all: the kernel takes no program of its size */
};

enum live_exact live_source_exact(const struct source *source);

/* Puts another expression in the place of the source's (NULL: everything); what is left to
 * the caller may change. Packets that came before are handed out as they were let through.
 * On Ethernet no packet is lost on the way; elsewhere, for a moment, nothing is let through.
 * On error the one before stays, and *error tells why: -EINVAL: it cannot be compiled. */
int live_source_refilter(struct source *source, const char *filter, struct error *error);

/* Has the kernel let nothing through, so that what passes costs nothing; and as before
 * again, beginning as with live_source_start. */
void live_source_pause(struct source *source);

/* 0; or -EIO: it is still paused; try again. */
int live_source_unpause(struct source *source);

/* After -ENODEV: goes on with the interface of the same name, if it is there again and up.
 * 0; 1: goes on, but this source has all packets of the interface from now on, and others
 * that shared it get none; -EAGAIN: not yet; -ENOTSUP: this source cannot (another one that
 * shared the interface can). */
int live_source_resume(struct source *source);

/* Packets that were lost since the source was opened. */
struct live_counts {
	uint64_t dropped;           /* that passed the filter, for want of room in the buffer */
	uint64_t interface_dropped; /* by the interface or its driver, as far as it is known: */
	bool interface_known;       /* libpcap tells of one interface in promiscuous mode */
};

/* Brings the counts up to date, which must happen before 2^31 packets have passed. */
void live_source_counts(struct source *source, struct live_counts *counts);

/* Calls print for each interface that can be captured on, with its name, and what is to
 * be known of it ("up, running, loopback"). 0 or a negative errno, *error filled. */
int live_interfaces(void (*print)(void *user, const char *name, const char *about), void *user,
		    struct error *error);

#endif
