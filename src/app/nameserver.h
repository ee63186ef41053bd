/*
 * What is written for name servers: their own addresses in a configuration, and the names
 * that they are asked for an address's name by.
 */
#ifndef APP_NAMESERVER_H
#define APP_NAMESERVER_H

#include <stdint.h>

#include "tcpmetro.h"

/* Reads "192.0.2.1", "192.0.2.1:53", "2001:db8::1" or "[2001:db8::1]:53"; without a port it
 * is 53. 0, or -EINVAL: it is none of them. */
int nameserver_parse(const char *text, struct tcpm_address *address, uint16_t *port);

#define NAMESERVER_REVERSE_MAX 80

/* "1.2.0.192.in-addr.arpa" (RFC 1035 section 3.5), "...ip6.arpa" (RFC 3596 section 2.5). */
void nameserver_reverse(const struct tcpm_address *address,
			char text[static NAMESERVER_REVERSE_MAX]);

#endif
