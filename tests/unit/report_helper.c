#include "report_helper.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static FILE *file;

struct tcpm_address helper_address(const char *text)
{
	struct tcpm_address address = {.version = strchr(text, ':') ? 6 : 4};
	int family = address.version == 6 ? AF_INET6 : AF_INET;

	assert_int_equal(inet_pton(family, text, address.bytes), 1);
	return address;
}

struct groups *helper_groups(enum groups_by by, size_t max)
{
	const struct groups_options options = {
		.by = {.hosts = by, .prefix_v4 = 24, .prefix_v6 = 48}, .max_groups = max};
	struct groups *groups = NULL;

	assert_int_equal(groups_new(&options, &groups), 0);
	return groups;
}

void helper_flow(struct groups *groups, const char *a, const char *b, unsigned class_,
		 const int64_t *rtts, size_t count, uint64_t segments, uint64_t retransmitted)
{
	const struct tcpm_flow_id flow = {.address = {helper_address(a), helper_address(b)},
					  .port = {1000, 80}};
	uint64_t user_data[2] = {0};
	struct tcpm_closed closed = {.flow = &flow,
				     .totals = {{segments, retransmitted, 0}},
				     .user_data = {&user_data[0], &user_data[1]}};

	for (size_t i = 0; i < count; i++) {
		const struct tcpm_sample sample = {
			.rtt_ns = rtts[i],
			.previous_ns = i ? rtts[i - 1] : -1,
			.flow = &flow,
			.user_data = &user_data[0],
			.class_ = (uint8_t)class_,
		};

		groups_sample(groups, &sample);
	}
	groups_closed(groups, &closed);
}

struct report *helper_open(const char *format, struct report_settings settings)
{
	struct report *output = NULL;
	struct error error;

	file = tmpfile();
	assert_non_null(file);
	settings.fd = fileno(file);
	assert_int_equal(report_open(format, &settings, &output, &error), 0);
	return output;
}

const char *helper_written(struct report *output)
{
	static char written[4 << 20];
	size_t count;

	assert_int_equal(report_close(output), 0);
	assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
	count = fread(written, 1, sizeof(written) - 1, file);
	written[count] = '\0';
	fclose(file);
	return written;
}
