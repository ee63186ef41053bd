/*
 * Options to an output: see printing.h.
 */
#include "app/report_output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "report/sample_buffer.h"
#include "system/message.h"

static const char *interface_name(void *user, uint32_t interface)
{
	struct report_output *report_output = user;

	return interface_names_get(report_output->interfaces, interface);
}

static const char *host_name(void *user, const struct tcpm_address *address)
{
	struct report_output *report_output = user;

	return host_names_find(report_output->names, address);
}

static int set_order(const char *word, enum ranking_by *by, struct error *error)
{
	char columns[200] = "";

	if (!word || ranking_by_parse(word, by) == 0)
		return 0;
	for (unsigned i = 0; i < RANKING_BYS; i++) {
		strncat(columns, i ? ", " : "", sizeof(columns) - strlen(columns) - 1);
		strncat(columns, ranking_by_name(i), sizeof(columns) - strlen(columns) - 1);
	}
	return error_set(error, EINVAL, "--sort: \"%s\" is not one of %s", word, columns);
}

static int print_sample(void *user, const struct tcpm_sample *sample, enum group_side side)
{
	return report_sample(user, sample, side);
}

static int flush_samples(void *user)
{
	return report_flush(user);
}

static void *new_buffer(void *user)
{
	return sample_buffer_new(user);
}

static void free_buffer(void *buffer)
{
	sample_buffer_free(buffer);
}

static void add_to_buffer(void *buffer, const struct tcpm_sample *sample, enum group_side side)
{
	sample_buffer_add(buffer, sample, side);
}

static int print_buffers(void *user, void *const *buffers, size_t count)
{
	return sample_buffer_print((struct sample_buffer *const *)buffers, count, user);
}

int report_output_init(struct report_output *report_output, const struct options *options,
		       struct interface_names *interfaces, bool intervals, unsigned threads,
		       struct error *error)
{
	static const char *const formats[] = {
		[FORMAT_TABLE] = "table", [FORMAT_JSON] = "json", [FORMAT_CSV] = "csv"};
	struct report_settings settings = {
		.fd = STDOUT_FILENO,
		.samples = options->samples,
		.ranking = {.limit = (size_t)options->limit,
			    .both_sides = options->both_sides,
			    .threads = threads},
		.intervals = intervals,
		.names = {.interface_name = interface_name,
			  .host_name = options->names ? host_name : NULL,
			  .user = report_output},
	};
	int result = set_order(options->sort, &settings.ranking.by, error);

	*report_output = (struct report_output){.interfaces = interfaces};
	if (!result && options->names) {
		report_output->names = host_names_new();
		result = report_output->names ? 0 : error_set(error, ENOMEM, "out of memory");
	}
	if (!result)
		result = report_open(formats[options->format], &settings, &report_output->output,
				     error);
	if (result < 0)
		report_output_done(report_output);
	report_output->samples = (struct sample_output){.user = report_output->output,
							.print = print_sample,
							.flush = flush_samples,
							.buffer_new = new_buffer,
							.buffer_free = free_buffer,
							.buffer_add = add_to_buffer,
							.print_buffers = print_buffers};
	return result;
}

int report_output_end(struct report_output *report_output)
{
	unsigned long long evicted = report_hidden_evictions(report_output->output);
	int result = report_close(report_output->output);

	report_output->output = NULL;
	if (result < 0 && result != -EPIPE)
		message_print("cannot write the report to standard output: %s", strerror(-result));
	if (result == 0 && evicted)
		message_print("%llu %s evicted early because of a limit; " REPORT_EVICTION_ADVICE,
			      evicted, evicted == 1 ? "flow was" : "flows were");
	return result;
}

void report_output_done(struct report_output *report_output)
{
	report_close(report_output->output);
	host_names_free(report_output->names);
	*report_output = (struct report_output){0};
}
