/*
 * A set of networks: is an address in one of them?
 *
 * Built once, then only asked. Equal prefix lengths stand together, sorted, so a
 * question is one binary search for each length that occurs, however many addresses a
 * host has.
 */
#ifndef BASE_PREFIX_SET_H
#define BASE_PREFIX_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpmetro.h"

struct prefix {
	uint8_t bits; /* of the address that tell the network */
	struct tcpm_address address;
};

/* All zero is the empty set. */
struct prefix_set {
	struct prefix *all; /* sorted by version, bits, address */
	size_t count;
};

/* Reads "10.0.0.0/8", "2001:db8::/32", "192.0.2.1", "::1"; bits of the address beyond the
 * prefix are cleared. An IPv4-mapped address (RFC 4291 2.5.5.2) stays IPv6. 0; -EINVAL: not
 * an address or prefix, *prefix is untouched. */
int prefix_parse(const char *text, struct prefix *prefix);

/* Whether it is one address, and no wider network. */
bool prefix_is_address(const struct prefix *prefix);

/* A set of count prefixes, copied; the same one twice is fine. 0, or -ENOMEM: *prefixes
 * is untouched. */
int prefix_set_init(struct prefix_set *prefixes, const struct prefix *all, size_t count);

/* Frees it. The empty set stays behind. */
void prefix_set_done(struct prefix_set *prefixes);

bool prefix_set_contains(const struct prefix_set *prefixes, const struct tcpm_address *address);

bool prefix_set_equal(const struct prefix_set *a, const struct prefix_set *b);

#endif
