/*
 * The values of a configuration file, from their texts.
 */
#ifndef CONFIG_SERVICE_VALUES_H
#define CONFIG_SERVICE_VALUES_H

#include "config/memory.h"
#include "config/service_check.h"
#include "config/service_yaml.h"

/* Fills *service, whose options are the command line's, from a file that service_config_check has
 * passed; strings and arrays are the memory's. 0; -EINVAL: a value is wrong, *file->error
 * says which; -ENOMEM. */
int service_config_values(const struct service_config_file *file, const struct service_yaml *yaml,
			  struct service_config *service, struct memory *memory);

#endif
