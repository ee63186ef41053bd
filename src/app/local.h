/*
 * Whose hosts are local, in a live run: this machine's addresses, which come and go, and
 * the networks that the user named.
 */
#ifndef APP_LOCAL_H
#define APP_LOCAL_H

#include <stdbool.h>

#include "base/error.h"
#include "base/prefixes.h"
#include "config/options.h"

struct local {
	struct prefixes sets[2]; /* the present one, and the one before it */
	unsigned now;
	int watch;    /* to be polled for POLLIN; -1: changes are not noticed */
	bool changed; /* the present set is not up to date */
	bool shared;  /* the set before the present one may be in use */
};

/* On error *local is empty. */
int local_init(struct local *local, const struct options *options, struct error *error);

void local_done(struct local *local);

/* The present set. */
const struct prefixes *local_set(const struct local *local);

/* The watch has become readable. */
void local_notice(struct local *local);

/* Brings the present set up to date, if it is not, unless the one before it may be in use
 * (see local_settle); what was present becomes the one before, and stays valid. Returns
 * whether there is a new one. */
bool local_renew(struct local *local, const struct options *options);

/* Everybody uses the present set. */
void local_settle(struct local *local);

#endif
