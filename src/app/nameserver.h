/*
 * A name server, as it is written in a configuration.
 */
#ifndef APP_NAMESERVER_H
#define APP_NAMESERVER_H

#include <stdint.h>

#include "tcpmetro.h"

/* Reads "192.0.2.1", "192.0.2.1:53", "2001:db8::1" or "[2001:db8::1]:53"; without a port it
 * is 53. 0, or -EINVAL: it is none of them. */
int nameserver_parse(const char *text, struct tcpm_address *address, uint16_t *port);

#endif
