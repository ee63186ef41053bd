/*
 * How the two ends of a group, its senders and its receivers, are written.
 */
#ifndef STATS_ENDPOINT_H
#define STATS_ENDPOINT_H

#include "base/text.h"
#include "stats/groups.h"

/* How hosts and interfaces are called. */
struct endpoint_names {
	/* The name of an interface, or NULL if it has none. May be NULL itself. */
	const char *(*interface_name)(void *user, uint32_t interface);
	/* The name of a host, or NULL if it has none; valid until the next call. May be NULL
	 * itself. */
	const char *(*host_name)(void *user, const struct tcpm_address *address);
	void *user; /* first argument of both */
};

/*
 * Appends one end of a group, as the groups were made: an address ("10.0.0.1",
 * "2001:db8::1"), an address and port ("10.0.0.1:80", "[2001:db8::1]:80"), a network
 * ("10.0.0.0/24"), nothing (the sender of a receiver's group), or "other". With names,
 * whose host_name may be NULL, a host's name stands for its address if it has one.
 * names may be NULL.
 */
void endpoint_sender(struct text *text, const struct groups_options *options,
		     const struct group *group, const struct endpoint_names *names);
void endpoint_receiver(struct text *text, const struct groups_options *options,
		       const struct group *group, const struct endpoint_names *names);

/* Appends "address:port" or, if it has one, "name:port". */
void endpoint_with_port(struct text *text, const struct tcpm_address *address, uint16_t port,
			const struct endpoint_names *names);

/* Appends labels, outermost first: "vlan:10/vxlan:5000"; a tunnel without a number of its
 * own by eight hexadecimal digits of its ends. Nothing if there are none. */
void endpoint_labels(struct text *text, const uint8_t kind[static TCPM_MAX_LABELS],
		     const uint32_t label[static TCPM_MAX_LABELS]);

/* The name of the interface a group's samples came from, "mixed" if there were several;
 * NULL if it has no name. */
const char *endpoint_interface(const struct endpoint_names *names, const struct group *group);

#endif
