/*
 * A look at a configuration file before any YAML library sees it: its size, and how deep it
 * is nested.
 *
 * The nesting is estimated without knowing YAML well: by brackets, by indentation, and by
 * entries within entries ("- - - -"). The estimate errs on the side of too deep, and only
 * in files that nobody writes; yaml_lines_read counts exactly.
 */
#ifndef CONFIG_YAML_LIMITS_H
#define CONFIG_YAML_LIMITS_H

#include <stddef.h>

#include "base/error.h"

/* 0; -EINVAL: *error begins with name, and the line where there is one. */
int yaml_limits_check(const char *name, const char *bytes, size_t size, struct error *error);

#endif
