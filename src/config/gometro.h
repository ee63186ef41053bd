/*
 * go-metro's command line, for who starts tcpmetro by that name: as a service, by
 * go-metro's flags and default paths.
 */
#ifndef CONFIG_GOMETRO_H
#define CONFIG_GOMETRO_H

#include <stdbool.h>

#include "base/error.h"
#include "config/options.h"

#define GOMETRO_CONFIG   "/etc/dd-agent/checks.d/go-metro.yaml"
#define GOMETRO_LOG_FILE "/var/log/datadog/go-metro.log"

/* Whether the program was started as go-metro, in whatever folder. argv0 may be NULL. */
bool gometro_is_called(const char *argv0);

/*
 * Reads go-metro's command line. 0: *options is filled as options_parse does, and must be
 * given to options_done; its action is ACTION_HELP or ACTION_RUN. What was not given is
 * left to the file, but for the paths. -EINVAL: *error says which word is wrong, *options
 * is untouched; -ENOMEM.
 */
int gometro_parse(int argc, char **argv, struct options *options, struct error *error);

/* What -h prints. */
const char *gometro_help(void);

#endif
