/*
 * A new configuration for a service: all of it, or nothing.
 *
 * What can fail happens in change_prepare, beside what is in force; then either the new takes
 * the old's place, which cannot fail, or all stays as it was. The start of a service is a
 * change from nothing.
 */
#ifndef APP_CHANGE_H
#define APP_CHANGE_H

#include "app/serving.h"

struct change {
	struct service *config;
	struct resolver *resolver;
	struct datagram *datagram;
	struct http *http;
	http_handler *handler; /* of the one before, which had to make room; NULL: it did not */
	struct probe **probes; /* those that are taken over are also the serving's */
	size_t probe_count;
};

/* Opens what is not open yet; handler answers Prometheus. config is the change's from now on,
 * also on error. Captures that are not there yet (-ENODEV, -ENETDOWN) are complained of and
 * tried again later, as long as there is one other. 0, or a negative errno, *error filled, and
 * the serving as it was; -EINVAL: what was asked for is wrong. */
int change_prepare(struct change *change, struct serving *serving, struct service *config,
		   http_handler *handler, struct error *error);

/* Makes it so. Captures that go are reported a last time. */
void change_commit(struct change *change, struct serving *serving);

/* Or leaves it. */
void change_cancel(struct change *change, struct serving *serving);

#endif
