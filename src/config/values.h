/*
 * How the value of an option is read, from the command line and the configuration file
 * alike.
 */
#ifndef CONFIG_VALUES_H
#define CONFIG_VALUES_H

#include "config/options_table.h"

/*
 * Reads the value of the row's option into *to: a struct options, or a struct instance,
 * as the row's section says. value is NULL for an option that takes none. A list must have
 * room. 0, or -EINVAL: *error tells the value and what was expected; the caller puts the
 * option's name in front. Strings are kept, not copied.
 */
int value_set(const struct row *row, void *to, const char *value, struct error *error);

#endif
