/*
 * What texts may be: for the table of options. Each returns 0, or -EINVAL: *error says what
 * was expected instead of the value.
 */
#ifndef CONFIG_VALUE_CHECKS_H
#define CONFIG_VALUE_CHECKS_H

#include "base/error.h"

int check_filled(const char *value, struct error *error);
int check_name(const char *value, struct error *error);
int check_file_name(const char *value, struct error *error);

/* An address or network, as prefix_parse reads it. */
int check_network(const char *value, struct error *error);

/* An address alone. */
int check_address(const char *value, struct error *error);

/* An address, or unix:///path that fits a socket's address. */
int check_statsd(const char *value, struct error *error);

/* An address, or ADDRESS:PORT, [ADDRESS]:PORT. */
int check_nameserver(const char *value, struct error *error);

/* A name of DNS (RFC 1035 section 2.3.4: at most 253 characters as text, 63 a label), '_'
 * allowed. */
int check_host(const char *value, struct error *error);

int check_tag(const char *value, struct error *error);

#endif
