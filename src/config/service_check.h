/*
 * The structure of a configuration file: headings, keys, and what kind of value each takes.
 */
#ifndef CONFIG_SERVICE_CHECK_H
#define CONFIG_SERVICE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "config/service_config.h"
#include "config/yaml_lines.h"

/* A file that is being read. */
struct service_config_file {
	const char *name; /* for sentences */
	const struct yaml_lines *lines;
	service_config_warn *warn; /* may be NULL */
	void *user;
	bool strict; /* a warning is an error */
	struct error *error;

	/* By service_config_check: */
	size_t general;   /* the mapping of init_config; 0: there is none */
	size_t instances; /* the list of instances, whose entries are all mappings */
};

/* Fills general and instances. 0; -EINVAL: *error says what is wrong. */
int service_config_check(struct service_config_file *file);

/* A sentence about a line. fail: -EINVAL; warn: 0, or, if warnings are errors, -EINVAL. */
int service_config_fail(const struct service_config_file *file, unsigned line, const char *format,
			...) __attribute__((format(printf, 3, 4)));
int service_config_warn_of(const struct service_config_file *file, unsigned line,
			   const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
