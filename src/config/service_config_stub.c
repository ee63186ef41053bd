/*
 * In the place of service.c, in a build without the libraries that it needs.
 */
#include <errno.h>

#include "config/service_config.h"

int service_config_load(const char *path, const struct options *given,
			struct service_config **service, service_config_warn *warn, void *user,
			struct error *error)
{
	return service_config_parse(path, NULL, 0, given, service, warn, user, error);
}

int service_config_parse(const char *name, const char *bytes, size_t size,
			 const struct options *given, struct service_config **service,
			 service_config_warn *warn, void *user, struct error *error)
{
	(void)bytes;
	(void)size;
	(void)given;
	(void)service;
	(void)warn;
	(void)user;
	return error_set(error, ENOTSUP,
			 "cannot read %s: this tcpmetro was built without configuration files "
			 "(libcyaml and c-ares)",
			 name);
}

void service_config_free(struct service_config *service)
{
	(void)service;
}
