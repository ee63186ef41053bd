/*
 * In the place of the service, where it was built without the libraries that it needs.
 */
#include "app/service.h"

#include <errno.h>
#include <stddef.h>

#include "app/complain.h"
#include "config/service.h"

/* The configuration's reader says what is missing. */
enum exit_status run_service(const struct options *options)
{
	struct service *service;
	struct error error;

	if (service_load(options->config, options, &service, NULL, NULL, &error) == 0)
		service_free(service);
	else
		complain("%s", error.text);
	return EXIT_NOT_ALL;
}

enum exit_status check_service(const struct options *options)
{
	return run_service(options);
}
