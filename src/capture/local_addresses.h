/*
 * The addresses of this machine, by which packets are told to be its own.
 */
#ifndef CAPTURE_LOCAL_ADDRESSES_H
#define CAPTURE_LOCAL_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/prefix_set.h"

/* The addresses of all its interfaces now, and the loopback networks, into *all, which the
 * caller frees. A packet on one interface may well be for the address of another, so all
 * count. 0 or a negative errno, *all is untouched. */
int local_addresses_list(struct prefix **all, size_t *count);

/* A descriptor that becomes readable when an address comes or goes, or a negative errno.
 * The caller's to close. */
int local_addresses_watch(void);

/* Empties it. Returns whether there was anything. */
bool local_addresses_changed(int watch);

#endif
