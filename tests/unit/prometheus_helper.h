/*
 * What the tests of Prometheus' text format share: samples, the text, and a look into it.
 */
#ifndef UNIT_PROMETHEUS_HELPER_H
#define UNIT_PROMETHEUS_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "export/prometheus.h"
#include "report_helper.h"

static const struct tcpm_counters no_counters;
static const struct run_totals no_facts = {.counters = &no_counters};

/* A sample of a's segments, with their number. */
static inline void add(struct groups *groups, const char *a, const char *b, unsigned class_,
		       int64_t rtt_ns, uint64_t segments)
{
	const struct tcpm_flow_id flow = {.address = {helper_address(a), helper_address(b)}};
	uint64_t user_data = 0;
	const struct tcpm_sample sample = {.rtt_ns = rtt_ns,
					   .previous_ns = -1,
					   .flow = &flow,
					   .user_data = &user_data,
					   .class_ = (uint8_t)class_,
					   .sent = {.segments = segments, .retransmitted = 1}};

	groups_sample(groups, &sample);
}

/* What is written; valid until the next call. */
static inline const char *written(const struct prometheus_facts *facts)
{
	static struct text text;

	text_done(&text);
	assert_int_equal(prometheus_write(&text, facts), 0);
	text_char(&text, '\0');
	return text.bytes;
}

static inline const char *written_of(const struct prometheus_point *points, size_t count,
				     size_t max)
{
	const struct prometheus_facts facts = {
		.points = points, .count = count, .max_pairs = max, .cpu_seconds = -1};

	return written(&facts);
}

static inline void assert_holds(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("not found: %s", part);
}

static inline void assert_lacks(const char *text, const char *part)
{
	const char *at = strstr(text, part);

	if (at)
		fail_msg("found: %.200s", at);
}

static inline size_t times(const char *text, const char *part)
{
	size_t count = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		count++;
	return count;
}

/* No two lines may be the same up to their values. */
static inline int compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static inline void assert_no_duplicates(const char *text)
{
	size_t count = times(text, "\n");
	char *copy = strdup(text);
	char **lines = calloc(count, sizeof(*lines));
	size_t used = 0;

	for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n")) {
		if (*line != '#')
			*strrchr(line, ' ') = '\0';
		lines[used++] = line;
	}
	assert_int_equal(used, count);
	qsort(lines, used, sizeof(*lines), compare_lines);
	for (size_t i = 1; i < used; i++)
		if (strcmp(lines[i - 1], lines[i]) == 0)
			fail_msg("twice: %s", lines[i]);
	free(lines);
	free(copy);
}

/* The value of the line that begins so, without what comes before the last blank. */
static inline uint64_t value_of(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	if (!at)
		fail_msg("not found: %s", line);
	return strtoull(at + strlen(line), NULL, 10);
}

#endif
