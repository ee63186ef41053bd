/*
 * Configuration files that nobody would write: cut off anywhere, changed at random, nested
 * without end, with more of everything than there is room for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "service_helper.h"

#include "config/yaml_limits.h"

static const char whole[] = "# a comment\n"
			    "init_config:\n"
			    "  snaplen: 512\n"
			    "  statsd_ip: 'unix:///run/dsd.socket'\n"
			    "  local: [10.0.0.0/8, \"2001:db8::/32\"]\n"
			    "  tunnel_ports:\n"
			    "  - vxlan=4790\n"
			    "  other: {a: [b, &c d], \"e\": 'f\n   g'}\n"
			    "  filter: >-\n"
			    "    port 80\n"
			    "    or port 443\n"
			    "instances:\n"
			    "  - interface: eth0\n"
			    "    hosts: [a.example.org]\n"
			    "    tags: [\"\\u00e4:\\x41\", 12, ~]\n"
			    "  - {interface: file, pcap: x, sample: no}\n";

/* Either it is read, or there is one sentence that says why not; of the exact size, so
 * that the sanitizer sees the first byte behind. */
static int read_any(const char *bytes, size_t size, bool check)
{
	char *exact = malloc(size ? size : 1);
	struct service_config *service = NULL;
	struct error error = {0};

	memcpy(exact, bytes, size);
	given = parse(check ? "--check -c x" : "-c x");
	int result = service_config_parse("f", exact, size, &given, &service, NULL, NULL, &error);

	if (result == 0) {
		assert_true(service->instance_count > 0);
		for (size_t i = 0; i < service->instance_count; i++)
			assert_true(*service->instances[i].interface);
	} else {
		assert_int_equal(result, -EINVAL);
		assert_memory_equal(error.text, "f:", 2);
		assert_null(strchr(error.text, '\n'));
		assert_null(service);
	}
	unload(service);
	free(exact);
	return result;
}

static void cut_off_anywhere(void **state)
{
	(void)state;
	unload(load(whole));
	for (size_t size = 0; size < sizeof(whole); size++) {
		read_any(whole, size, false);
		read_any(whole, size, true);
	}
}

static uint32_t next(uint32_t *random)
{
	*random = *random * 1664525u + 1013904223u;
	return *random >> 8;
}

static void changed_at_random(void **state)
{
	static const char letters[] = "-?:,[]{}#&*!|>'\"%@` \n\t\r~<0a\xc3\xa4\\";
	uint32_t random = 20;
	unsigned read = 0;

	(void)state;
	for (unsigned round = 0; round < 4000; round++) {
		char bytes[sizeof(whole) + 64];
		size_t size = sizeof(whole) - 1;

		memcpy(bytes, whole, size);
		for (uint32_t changes = 1 + next(&random) % 4; changes; changes--) {
			size_t at = next(&random) % size;
			char letter = letters[next(&random) % (sizeof(letters) - 1)];

			switch (next(&random) % 3) {
			case 0:
				bytes[at] = letter;
				break;
			case 1:
				memmove(bytes + at + 1, bytes + at, size++ - at);
				bytes[at] = letter;
				break;
			default:
				memmove(bytes + at, bytes + at + 1, --size - at);
			}
		}
		read += read_any(bytes, size, false) == 0;
	}
	/* Some changes are harmless, most are not. */
	assert_in_range(read, 200, 3800);
}

/* Words of YAML, in any order. */
static void random_words(void **state)
{
	static const char *const words[] = {
		"init_config",
		"instances",
		"config",
		"interface",
		"eth0",
		": ",
		":",
		"- ",
		"\n",
		"\n  ",
		"\n    ",
		"[",
		"]",
		"{",
		"}",
		", ",
		"snaplen: 100",
		"&a ",
		"*a",
		"<<: ",
		"!!str",
		"\"",
		"'",
		"| ",
		"tags",
		"? ",
		"---\n",
		"...\n",
		"# ",
		"~",
		"%YAML 1.1\n",
		"\n- interface: lo",
	};
	uint32_t random = 7;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		char bytes[600] = "";

		for (uint32_t left = next(&random) % 30; left; left--)
			strcat(bytes, words[next(&random) % (sizeof(words) / sizeof(words[0]))]);
		read_any(bytes, strlen(bytes), false);
	}
}

static char *repeated(const char *head, const char *part, size_t times, const char *tail)
{
	char *text = malloc(strlen(head) + times * strlen(part) + strlen(tail) + 1);
	char *at = stpcpy(text, head);

	while (times--)
		at = stpcpy(at, part);
	stpcpy(at, tail);
	return text;
}

static void rejected_repeated(const char *head, const char *part, size_t times,
			      const char *sentence)
{
	char *text = repeated(head, part, times, "\n");

	rejected(text, sentence);
	free(text);
}

static void too_deep(void **state)
{
	static const char deep[] = NAME ":2: is nested deeper than 16 levels";
	char indented[3000] = "a:\n";
	char sentence[100];

	(void)state;
	rejected_repeated("a:\n ", "[", 17, deep);
	rejected_repeated("a:\n ", "[", 200000, deep);
	rejected_repeated("a:\n ", "{b: ", 50000, deep);
	rejected_repeated("a:\n ", "- ", 17, deep);
	rejected_repeated("a:\n ", "- ", 100000, deep);
	rejected_repeated("a:\n ", "? ", 100000, deep);
	rejected_repeated("a:\n ", "[\"x\",{'y':", 20000, deep);
	for (size_t i = 1; i < 40; i++)
		snprintf(indented + strlen(indented), sizeof(indented) - strlen(indented),
			 "%*sa:\n", (int)i, "");
	snprintf(sentence, sizeof(sentence), NAME ":%u: is nested deeper than 16 levels",
		 SERVICE_CONFIG_MAX_DEPTH + 1);
	rejected(indented, sentence);
}

/* What only looks deep, or was closed again, is read. */
static void not_too_deep(void **state)
{
	static const char *const heads[] = {
		AN_ETH0 "# [[[[[[[[[[[[[[[[[[[[[[[[[[\n",
		AN_ETH0 "    tags: [\"[[[[[[[[[[[[[[[[[[\", '{{{{{{{{{{{{{{{{{{{{{{{{']\n",
		AN_ETH0 "    tags: [it's, b] # {{{{{{{{{{{{{{{{{{{{{{\n",
		"init_config: # [[[[[[[[[[[[[[[[[[[[[\n  filter: tcp[[[[[[[[[[[[[[[[[[[\n" AN_ETH0,
		"init_config:\n  filter: \"a\\\"[[[[[[[[[[[[[[[[[[[[[\"\n" AN_ETH0,
		AN_ETH0 "    tags:\n    - a - - - - - - - - - - - - - - - - - - - -\n",
		AN_ETH0 "    tags: [a, # [[[[[[[[[[[[[[[[[[[[[[[[[[\n      b]\n",
		AN_ETH0 "    tags: [\"a\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[\"]\n",
		"x: [[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]\n" AN_ETH0,
	};
	char *many = repeated("x:\n", "  - [[[[[[a: {}]]]]]]\n", 100, AN_ETH0);

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		unload(load(heads[i]));
	unload(load(many));
	free(many);
}

static void too_many(void **state)
{
	(void)state;
	char *text = repeated("instances:\n", "- interface: a\n", SERVICE_CONFIG_MAX_INSTANCES, "");
	struct service_config *service = load(text);

	assert_int_equal(service->instance_count, SERVICE_CONFIG_MAX_INSTANCES);
	assert_int_equal(service->instances[SERVICE_CONFIG_MAX_INSTANCES - 1].line,
			 SERVICE_CONFIG_MAX_INSTANCES + 1);
	unload(service);
	free(text);
	text = repeated("instances:\n", "- interface: a\n", SERVICE_CONFIG_MAX_INSTANCES + 1, "");
	rejected(text, NAME ":258: instances: more than 256 entries");
	free(text);
	char *keys = NULL;
	size_t size;
	FILE *out = open_memstream(&keys, &size);

	for (unsigned i = 0; i <= 256; i++)
		fprintf(out, "k%u:\n", i);
	fclose(out);
	rejected(keys, NAME ":257: more than 256 keys in one mapping");
	free(keys);
	rejected_repeated("a: [", "a,", 120000, NAME ":1: the file has too many values");
	text = repeated(AN_ETH0 "    tags: [", "a,", 20000, "b]\n");
	service = load(text);
	assert_int_equal(service->instances[0].tag_count, 20001);
	assert_string_equal(service->instances[0].tags[20000], "b");
	unload(service);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_off_anywhere), cmocka_unit_test(changed_at_random),
		cmocka_unit_test(random_words),     cmocka_unit_test(too_deep),
		cmocka_unit_test(not_too_deep),     cmocka_unit_test(too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
