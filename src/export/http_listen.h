/*
 * A TCP socket that listens on exactly one address. Inside of output/ only.
 */
#ifndef EXPORT_HTTP_LISTEN_H
#define EXPORT_HTTP_LISTEN_H

#include <stdint.h>

#include "base/error.h"

/* Returns the socket, which does not block, and its address family; or a negative errno
 * and *error. address: IPv4 or IPv6; port 0: any. */
int http_listen(const char *address, uint16_t port, int *family, struct error *error);

/* Fills *error with why nobody can listen there, and the cure; returns -errnum. */
int http_listen_failed(struct error *error, int errnum, const char *address, uint16_t port);

#endif
