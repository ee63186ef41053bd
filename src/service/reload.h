/*
 * A new configuration for a service: all of it, or nothing.
 *
 * What can fail happens in reload_prepare, beside what is in force; then either the new takes
 * the old's place, which cannot fail, or all stays as it was. The start of a service is a
 * change from nothing.
 */
#ifndef SERVICE_RELOAD_H
#define SERVICE_RELOAD_H

#include "service/service_state.h"

struct reload {
	struct service_config *config;
	struct resolver *resolver;
	struct datagram *datagram;
	struct http *http;
	http_handler *handler;     /* of the one before, which had to make room; NULL: it did not */
	struct monitor **monitors; /* those that are taken over are also the serving's */
	size_t monitor_count;
};

/* Opens what is not open yet; handler answers Prometheus. config is the change's from now on,
 * also on error. Captures that are not there yet (-ENODEV, -ENETDOWN) are complained of and
 * tried again later, as long as there is one other. 0, or a negative errno, *error filled, and
 * the serving as it was; -EINVAL: what was asked for is wrong. */
int reload_prepare(struct reload *reload, struct service_state *state,
		   struct service_config *config, http_handler *handler, struct error *error);

/* Makes it so. Captures that go are reported a last time. */
void reload_commit(struct reload *reload, struct service_state *state);

/* Or leaves it. */
void reload_cancel(struct reload *reload, struct service_state *state);

#endif
