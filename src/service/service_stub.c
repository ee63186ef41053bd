/*
 * In the place of the service, where it was built without the libraries that it needs.
 */
#include "service/service.h"

#include <errno.h>
#include <stddef.h>

#include "config/service_config.h"
#include "system/message.h"

/* The configuration's reader says what is missing. */
enum exit_status run_service(const struct options *options)
{
	struct service_config *service;
	struct error error;

	if (service_config_load(options->config, options, &service, NULL, NULL, &error) == 0)
		service_config_free(service);
	else
		message_print("%s", error.text);
	return EXIT_NOT_ALL;
}

enum exit_status check_service(const struct options *options)
{
	return run_service(options);
}
