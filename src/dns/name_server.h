/*
 * What is written for name servers: their own addresses in a configuration, and the names
 * that they are asked for an address's name by.
 */
#ifndef DNS_NAME_SERVER_H
#define DNS_NAME_SERVER_H

#include <stdint.h>

#include "tcpmetro.h"

/* Reads "192.0.2.1", "192.0.2.1:53", "2001:db8::1" or "[2001:db8::1]:53"; without a port it
 * is 53. 0, or -EINVAL: it is none of them. */
int name_server_parse(const char *text, struct tcpm_address *address, uint16_t *port);

#define NAME_SERVER_REVERSE_MAX 80

/* "1.2.0.192.in-addr.arpa" (RFC 1035 section 3.5), "...ip6.arpa" (RFC 3596 section 2.5). */
void name_server_reverse_name(const struct tcpm_address *address,
			      char text[static NAME_SERVER_REVERSE_MAX]);

#endif
