/*
 * Without the libraries for configuration files: -c says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "options_helper.h"

#include "config/service_config.h"

static void it_says_why(void **state)
{
	struct service_config *service = NULL;
	struct options given = parse("-c x.yaml");
	struct error error = {0};

	(void)state;
	assert_int_equal(service_config_load("x.yaml", &given, &service, NULL, NULL, &error),
			 -ENOTSUP);
	assert_string_equal(error.text, "cannot read x.yaml: this tcpmetro was built without "
					"configuration files (libcyaml and c-ares)");
	assert_null(service);
	service_config_free(service);
	options_done(&given);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
