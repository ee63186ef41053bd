/*
 * Options to an output: see printing.h.
 */
#include "app/printing.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "app/complain.h"

static const char *interface_name(void *user, uint32_t interface)
{
	struct printing *printing = user;

	return interfaces_name(printing->interfaces, interface);
}

static const char *host_name(void *user, const struct tcpm_address *address)
{
	struct printing *printing = user;

	return names_find(printing->names, address);
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
	return error_set(error, EINVAL, "--sort: \"%s\" is none of %s", word, columns);
}

int printing_init(struct printing *printing, const struct options *options,
		  struct interfaces *interfaces, bool intervals, unsigned threads,
		  struct error *error)
{
	static const char *const formats[] = {
		[FORMAT_TABLE] = "table", [FORMAT_JSON] = "json", [FORMAT_CSV] = "csv"};
	struct output_settings settings = {
		.fd = STDOUT_FILENO,
		.samples = options->samples,
		.ranking = {.limit = (size_t)options->limit,
			    .both_sides = options->both_sides,
			    .threads = threads},
		.intervals = intervals,
		.interface_name = interface_name,
		.host_name = options->names ? host_name : NULL,
		.user = printing,
	};
	int result = set_order(options->sort, &settings.ranking.by, error);

	*printing = (struct printing){.interfaces = interfaces};
	if (!result && options->names) {
		printing->names = names_new();
		result = printing->names ? 0 : error_set(error, ENOMEM, "out of memory");
	}
	if (!result)
		result = output_open(formats[options->format], &settings, &printing->output, error);
	if (result < 0)
		printing_done(printing);
	return result;
}

int printing_end(struct printing *printing)
{
	unsigned long long evicted = output_untold_evictions(printing->output);
	int result = output_close(printing->output);

	printing->output = NULL;
	if (result < 0 && result != -EPIPE)
		complain("cannot write the result to standard output: %s", strerror(-result));
	if (result == 0 && evicted)
		complain("%llu %s forgotten early for want of room; " OUTPUT_MORE_ROOM, evicted,
			 evicted == 1 ? "flow was" : "flows were");
	return result;
}

void printing_done(struct printing *printing)
{
	output_close(printing->output);
	names_free(printing->names);
	*printing = (struct printing){0};
}
