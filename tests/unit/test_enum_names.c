/*
 * The words for output: each value has one, no two of a kind share one, and a value out of
 * range is a question mark.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcpmetro.h"

static void assert_names(const char *(*name)(unsigned), unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		assert_non_null(name(i));
		/* They go into CSV and JSON as they are. */
		assert_int_equal(strspn(name(i), "abcdefghijklmnopqrstuvwxyz0123456789_-"),
				 strlen(name(i)));
		assert_true(strlen(name(i)) > 0);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(name(i), name(j));
	}
	assert_string_equal(name(count), "?");
	assert_string_equal(name(UINT32_MAX), "?");
}

static void each_value_has_a_name(void **state)
{
	(void)state;
	assert_names(tcpm_method_name, TCPM_METHODS);
	assert_names(tcpm_class_name, TCPM_CLASSES);
	assert_names(tcpm_reason_name, TCPM_REASONS);
	assert_names(tcpm_decode_name, TCPM_DECODES);
	assert_names(tcpm_label_name, TCPM_LABELS);
	assert_names(tcpm_tunnel_name, TCPM_TUNNELS);
}

static void some_names_to_the_letter(void **state)
{
	(void)state;
	assert_string_equal(tcpm_method_name(TCPM_METHOD_ECHO), "echo");
	assert_string_equal(tcpm_class_name(TCPM_CLASS_RESPONSE), "response");
	assert_string_equal(tcpm_reason_name(TCPM_REASON_ONE_SIDED), "one_sided");
	assert_string_equal(tcpm_reason_name(TCPM_REASON_OVERDUE), "overdue");
	assert_string_equal(tcpm_decode_name(TCPM_DECODE_NOT_TCP), "not_tcp");
	assert_string_equal(tcpm_label_name(TCPM_LABEL_GENEVE), "geneve");
	assert_string_equal(tcpm_tunnel_name(TCPM_TUNNEL_VXLAN_GPE), "vxlan-gpe");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_value_has_a_name),
		cmocka_unit_test(some_names_to_the_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
