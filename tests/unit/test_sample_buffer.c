/*
 * Lines of samples that several threads keep: however the samples are dealt out, what is printed
 * is to the byte what an output prints that is given all of them in order.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "groups_helper.h"
#include "report/sample_buffer.h"
#include "report_helper.h"

enum { LINES_MOST = 7, SAMPLES = 1500, WRITTEN_MOST = 1 << 20 };

static const char *const formats[] = {"table", "csv", "json"};
enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

/* A sample with all that it points to. */
struct test_sample {
	struct tcpm_flow_id flow;
	struct tcpm_sample sample;
	enum group_side side;
};

static struct test_sample samples[SAMPLES];

static const char *name_interface(void *user, uint32_t interface)
{
	static const char *const names[] = {"eth0", "a,\"b\""};

	(void)user;
	return interface < 2 ? names[interface] : NULL;
}

static const char *name_host(void *user, const struct tcpm_address *address)
{
	(void)user;
	return address->bytes[3] % 3 ? NULL : "host.example";
}

static unsigned chance(uint64_t *seed, unsigned below)
{
	return (unsigned)(random_next(seed) % below);
}

static struct test_sample any_sample(uint64_t *seed, uint64_t order)
{
	struct test_sample made = {.sample = {.order = order, .frame = order}};
	struct tcpm_flow_id *flow = &made.flow;

	flow->address[0] = v4(0, chance(seed, 200));
	flow->address[1] = v4(1, chance(seed, 9));
	flow->port[0] = (uint16_t)chance(seed, 65536);
	flow->port[1] = 443;
	if (chance(seed, 4) == 0)
		flow->address[0] = helper_address("2001:db8::1:2:3:4");
	if (chance(seed, 4) == 0) {
		flow->label_kind[0] = TCPM_LABEL_VXLAN;
		flow->label[0] = chance(seed, 70000);
	}
	if (chance(seed, 2))
		made.sample.frame += 1000000;
	made.sample.time_ns = (int64_t)(random_next(seed) >> 3);
	made.sample.rtt_ns = (int64_t)(random_next(seed) >> 20);
	made.sample.rtt_ns >>= chance(seed, 40);
	made.sample.interface = chance(seed, 3);
	made.sample.sender = (uint8_t)chance(seed, 2);
	made.sample.method = (uint8_t)chance(seed, TCPM_METHODS);
	made.sample.class_ = (uint8_t)chance(seed, TCPM_CLASSES);
	made.side = (enum group_side)chance(seed, GROUP_SIDES);
	return made;
}

/* Samples in order, the frames between them without any; now and then two of one frame. */
static void make_samples(uint64_t seed)
{
	uint64_t order = 1;

	for (size_t i = 0; i < SAMPLES; i++) {
		samples[i] = any_sample(&seed, order);
		samples[i].sample.flow = &samples[i].flow;
		if (random_next(&seed) % 8)
			order += 1 + random_next(&seed) % 3;
	}
}

static struct report_settings settings_of(bool both_sides)
{
	return (struct report_settings){.samples = true,
					.ranking = {.both_sides = both_sides},
					.names.interface_name = name_interface,
					.names.host_name = name_host};
}

/* What an output prints without any lines between. */
static const char *printed_at_once(const char *format, bool both_sides)
{
	static char kept[WRITTEN_MOST];
	struct report *output = helper_open(format, settings_of(both_sides));

	for (size_t i = 0; i < SAMPLES; i++)
		assert_int_equal(report_sample(output, &samples[i].sample, samples[i].side), 0);
	strcpy(kept, helper_written(output)); /* of the same size */
	return kept;
}

/* How samples are dealt out. */
struct deal {
	size_t lines;
	size_t rounds;
	unsigned stay; /* one sample in `stay` goes to other lines than the one before it */
	uint64_t seed;
};

static void make_lines(struct sample_buffer **lines, size_t count, const struct report *output)
{
	for (size_t i = 0; i < count; i++) {
		lines[i] = sample_buffer_new(output);
		assert_non_null(lines[i]);
	}
}

static void free_lines(struct sample_buffer **lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sample_buffer_free(lines[i]);
}

/* Whether a sample is of the same frame as the one before it. */
static bool is_second(size_t i)
{
	return i > 0 && samples[i].sample.order == samples[i - 1].sample.order;
}

static const char *printed_by_lines(const char *format, bool both_sides, const struct deal *deal)
{
	struct report *output = helper_open(format, settings_of(both_sides));
	struct sample_buffer *lines[LINES_MOST];
	uint64_t seed = deal->seed;
	size_t at = 0;
	size_t i = 0;

	make_lines(lines, deal->lines, output);
	for (size_t round = 1; round <= deal->rounds; round++) {
		for (; i < SAMPLES * round / deal->rounds || (i < SAMPLES && is_second(i)); i++) {
			if (!is_second(i) && random_next(&seed) % deal->stay == 0)
				at = random_next(&seed) % deal->lines;
			sample_buffer_add(lines[at], &samples[i].sample, samples[i].side);
		}
		assert_int_equal(sample_buffer_print(lines, deal->lines, output), 0);
		if (random_next(&seed) % 2) /* nothing new */
			assert_int_equal(sample_buffer_print(lines, deal->lines, output), 0);
	}
	assert_int_equal(i, SAMPLES);
	free_lines(lines, deal->lines);
	return helper_written(output);
}

static void assert_same_text(const char *written, const char *expected)
{
	size_t at = 0;

	while (expected[at] && written[at] == expected[at])
		at++;
	if (written[at] != expected[at])
		fail_msg("differs at byte %zu: '%.80s', not '%.80s'", at, written + at,
			 expected + at);
}

static void check_format(const char *format, bool both_sides)
{
	static const size_t counts[] = {1, 2, 3, LINES_MOST};
	static const size_t rounds[] = {1, 2, 40};
	static const unsigned stays[] = {1, 6, 200};
	const char *expected = printed_at_once(format, both_sides);

	assert_true(strlen(expected) > 65536);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		for (size_t j = 0; j < 9; j++) {
			const struct deal deal = {.lines = counts[i],
						  .rounds = rounds[j % 3],
						  .stay = stays[j / 3],
						  .seed = 1 + i * 100 + j};

			assert_same_text(printed_by_lines(format, both_sides, &deal), expected);
		}
	}
}

static void as_an_output_prints(void **state)
{
	(void)state;
	make_samples(99);
	for (size_t i = 0; i < FORMATS; i++) {
		check_format(formats[i], false);
		check_format(formats[i], true);
	}
}

/* The order is what counts, not the time nor the frame's number. */
static void order_alone(void **state)
{
	struct report *output = helper_open("csv", (struct report_settings){.samples = true});
	struct sample_buffer *lines[2];
	const struct tcpm_flow_id flow = {.address = {v4(0, 1), v4(0, 2)}};
	struct tcpm_sample sample = {.flow = &flow};
	const char *line;

	(void)state;
	make_lines(lines, 2, output);
	for (uint64_t order = 1; order <= 6; order++) {
		sample.order = order;
		sample.frame = 100 - order;
		sample.time_ns = 5 - (int64_t)order;
		sample_buffer_add(lines[order / 2 % 2], &sample, GROUP_SIDE_NONE);
	}
	assert_int_equal(sample_buffer_print(lines, 2, output), 0);
	free_lines(lines, 2);
	line = helper_written(output);
	for (unsigned frame = 99; frame >= 94; frame--) {
		line = strchr(line, '\n');
		assert_non_null(line);
		assert_int_equal(strtoul(++line, NULL, 10), frame);
	}
}

#define TABLE_HEADER                                                                               \
	"     frame                  time      rtt  method  class     sender -> receiver\n"

static void check_sides(bool both_sides, const char *expected)
{
	struct report *output = helper_open("table", settings_of(both_sides));
	struct sample_buffer *lines[2];
	const struct tcpm_flow_id flow = {.address = {v4(0, 1), v4(0, 2)}, .port = {1, 2}};
	struct tcpm_sample sample = {.flow = &flow, .rtt_ns = 1000000};
	static const enum group_side sides[] = {GROUP_SIDE_LOCAL, GROUP_SIDE_REMOTE,
						GROUP_SIDE_LOCAL, GROUP_SIDE_LOCAL};

	make_lines(lines, 2, output);
	for (size_t i = 0; i < 4; i++) {
		sample.order = i + 1;
		sample.frame = i + 1;
		sample_buffer_add(lines[i == 3], &sample, sides[i]);
	}
	assert_int_equal(sample_buffer_print(lines, 2, output), 0);
	free_lines(lines, 2);
	assert_string_equal(helper_written(output), expected);
}

/* Those of the local side are left out; the second lines hold nothing else. */
static void local_side(void **state)
{
#define LINE(frame)                                                                                \
	"         " #frame                                                                         \
	"           0.000000000  1.00 ms  syn     network   10.0.0.1:1 -> 10.0.0.2:2\n"
	(void)state;
	check_sides(false, TABLE_HEADER LINE(2));
	check_sides(true, TABLE_HEADER LINE(1) LINE(2) LINE(3) LINE(4));
}

static void no_samples(void **state)
{
	(void)state;
	for (size_t i = 0; i < FORMATS; i++) {
		struct report *output = helper_open(formats[i], settings_of(false));
		struct sample_buffer *lines[3];
		static char kept[200];

		make_lines(lines, 3, output);
		for (size_t count = 0; count <= 3; count++)
			assert_int_equal(sample_buffer_print(lines, count, output), 0);
		free_lines(lines, 3);
		strcpy(kept, helper_written(output));
		assert_string_equal(helper_written(helper_open(formats[i], settings_of(false))),
				    kept);
	}
	sample_buffer_free(NULL);
}

/* An output that prints groups has no lines of samples. */
static void output_without_samples(void **state)
{
	struct report *output = helper_open("json", (struct report_settings){0});
	struct sample_buffer *lines;

	(void)state;
	make_samples(3);
	make_lines(&lines, 1, output);
	for (size_t i = 0; i < 100; i++)
		sample_buffer_add(lines, &samples[i].sample, samples[i].side);
	assert_int_equal(sample_buffer_print(&lines, 1, output), 0);
	free_lines(&lines, 1);
	assert_string_equal(helper_written(output), "");
}

static struct report *open_without_reader(int *end)
{
	struct report_settings settings = settings_of(true);
	struct report *output = NULL;
	struct error error;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	settings.fd = *end = fds[1];
	assert_int_equal(report_open("csv", &settings, &output, &error), 0);
	return output;
}

/* Seen as soon as there is as much as an output holds back, whichever lines it is in; and
 * then it stays, whether or not there is more to print. */
static void reader_gone(void **state)
{
	int end;
	struct report *output = open_without_reader(&end);
	struct sample_buffer *lines[3];

	(void)state;
	make_samples(5);
	make_lines(lines, 3, output);
	for (size_t i = 0; i < 100; i++)
		sample_buffer_add(lines[i % 3], &samples[i].sample, GROUP_SIDE_NONE);
	assert_int_equal(sample_buffer_print(lines, 3, output), 0);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < SAMPLES; i++)
			sample_buffer_add(lines[samples[i].sample.order % 3], &samples[i].sample,
					  GROUP_SIDE_NONE);
		assert_int_equal(sample_buffer_print(lines, 3, output), -EPIPE);
		assert_int_equal(sample_buffer_print(lines, 3, output), -EPIPE);
	}
	sample_buffer_add(lines[0], &samples[0].sample, GROUP_SIDE_NONE);
	assert_int_equal(sample_buffer_print(lines, 3, output), -EPIPE);
	free_lines(lines, 3);
	assert_int_equal(report_sample(output, &samples[0].sample, GROUP_SIDE_NONE), -EPIPE);
	assert_int_equal(report_close(output), -EPIPE);
	close(end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_an_output_prints),
		cmocka_unit_test(order_alone),
		cmocka_unit_test(local_side),
		cmocka_unit_test(no_samples),
		cmocka_unit_test(output_without_samples),
		cmocka_unit_test(reader_gone),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
