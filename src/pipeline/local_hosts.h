/*
 * Whose hosts are local, in a live run: this machine's addresses, which come and go, and
 * the networks that the user named.
 */
#ifndef PIPELINE_LOCAL_HOSTS_H
#define PIPELINE_LOCAL_HOSTS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/prefix_set.h"
#include "config/options.h"

struct local_hosts {
	struct prefix_set sets[2]; /* the present one, and the one before it */
	unsigned now;
	int watch;    /* to be polled for POLLIN; -1: changes are not noticed */
	bool changed; /* the present set is not up to date */
	bool shared;  /* the set before the present one may be in use */
};

/* On error *local is empty. */
int local_hosts_init(struct local_hosts *local, const struct options *options, struct error *error);

void local_hosts_done(struct local_hosts *local);

/* The present set. */
const struct prefix_set *local_hosts_current(const struct local_hosts *local);

/* The watch has become readable. */
void local_hosts_notice(struct local_hosts *local);

/* Brings the present set up to date, if it is not, unless the one before it may be in use
 * (see local_hosts_settle); what was present becomes the one before, and stays valid. Returns
 * whether there is a new one. */
bool local_hosts_refresh(struct local_hosts *local, const struct options *options);

/* Everybody uses the present set. */
void local_hosts_settle(struct local_hosts *local);

#endif
