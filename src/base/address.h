/*
 * IP addresses as values: text, order, equality, prefixes.
 *
 * struct tcpm_address has no padding and keeps unused bytes zero, so two equal
 * addresses are equal byte for byte and may be hashed as they lie. An address of
 * version 0 means none.
 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "tcpmetro.h"

/* Room for the longest address and its terminating NUL
 * ("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"). */
#define ADDRESS_TEXT_MAX 46

/* Writes the address as text, NUL-terminated, and returns its length: dotted quad
 * for IPv4, RFC 5952 section 4 for IPv6, with the last 32 bits as a dotted quad in
 * IPv4-mapped and IPv4-compatible addresses (as inet_ntop(3) does). Version 0: "";
 * any other: "?". */
size_t address_format(const struct tcpm_address *address, char text[static ADDRESS_TEXT_MAX]);

/* A total order: none, then IPv4, then IPv6, each by value. Less than, equal to or
 * greater than zero, as memcmp(3). */
int address_compare(const struct tcpm_address *a, const struct tcpm_address *b);

bool address_equal(const struct tcpm_address *a, const struct tcpm_address *b);

/* Zeroes all but the first prefix bits. A prefix longer than the address leaves it
 * as it is. */
void address_mask(struct tcpm_address *address, unsigned prefix);

#endif
