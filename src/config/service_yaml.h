/*
 * A configuration file as texts, by libcyaml, whose schema is made from the table of
 * options.
 */
#ifndef CONFIG_SERVICE_YAML_H
#define CONFIG_SERVICE_YAML_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The value of a row, as it is written. */
struct raw_value {
	char *text;
	char **list;
	uint32_t count;
};

struct service_yaml;

/* Reads bytes, which service_config_check has found to be right. 0, and *yaml must be given to
 * service_yaml_free; -ENOMEM; -EINVAL: libcyaml thinks otherwise, *error begins with name. */
int service_yaml_load(const char *name, const char *bytes, size_t size, struct service_yaml **yaml,
		      struct error *error);

void service_yaml_free(struct service_yaml *yaml);

/* The values of init_config, by the index of their row in the table; NULL: there are none. */
const struct raw_value *service_yaml_general(const struct service_yaml *yaml);

size_t service_yaml_count(const struct service_yaml *yaml);
const struct raw_value *service_yaml_instance(const struct service_yaml *yaml, size_t index);

#endif
