/*
 * One run over captures: see run.h.
 *
 * Whatever goes wrong on the way, what was measured until then is printed.
 */
#include "app/run.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "app/complain.h"
#include "app/interfaces.h"
#include "app/names.h"
#include "app/progress.h"
#include "capture/filter.h"
#include "capture/source.h"
#include "output/output.h"
#include "stats/groups.h"

#define BATCH      256
#define OVERLAP_NS INT64_C(1000000000)

struct run {
	const struct options *options;
	struct tcpm_engine *engine;
	struct groups *groups;
	struct output *output;
	struct filter *filter;
	struct names *names;
	struct interfaces interfaces;
	struct output_facts facts;
	bool any_source;
	bool any_frame;
	bool write_failed;
	bool filter_refused; /* for a link type; it was complained of */
	bool incomplete;     /* something could not be done; it was complained of */
};

static volatile sig_atomic_t stop_signal;

static void on_stop(int number)
{
	stop_signal = number;
}

/* The first signal ends the reading, so that what was measured is printed; a second one
 * ends the program. */
static void catch_signals(void)
{
	struct sigaction stop = {.sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

/* Keys the hash tables; without a random source, time and place must do. */
static uint64_t secret(void)
{
	uint64_t seed;
	struct timespec now;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == sizeof(seed))
		return seed;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u ^ (uint64_t)now.tv_sec ^
	       (uint64_t)(uintptr_t)&seed;
}

static void on_sample(void *user, const struct tcpm_sample *sample)
{
	struct run *run = user;

	groups_sample(run->groups, sample);
	if (output_sample(run->output, sample) < 0)
		run->write_failed = true;
}

static void on_closed(void *user, const struct tcpm_closed *closed)
{
	struct run *run = user;

	groups_closed(run->groups, closed);
}

static const char *interface_name(void *user, uint32_t interface)
{
	struct run *run = user;

	return interfaces_name(&run->interfaces, interface);
}

static const char *host_name(void *user, const struct tcpm_address *address)
{
	struct run *run = user;

	return names_find(run->names, address);
}

static int start_output(struct run *run, struct error *error)
{
	static const char *const formats[] = {
		[FORMAT_TABLE] = "table", [FORMAT_JSON] = "json", [FORMAT_CSV] = "csv"};
	const struct options *options = run->options;
	struct output_settings settings = {
		.fd = STDOUT_FILENO,
		.samples = options->samples,
		.limit = (size_t)options->limit,
		.interface_name = interface_name,
		.host_name = run->names ? host_name : NULL,
		.user = run,
	};

	if (options->sort && ranking_by_parse(options->sort, &settings.sort) < 0) {
		char columns[200] = "";

		for (unsigned i = 0; i < RANKING_BYS; i++) {
			strncat(columns, i ? ", " : "", sizeof(columns) - strlen(columns) - 1);
			strncat(columns, ranking_by_name(i), sizeof(columns) - strlen(columns) - 1);
		}
		return error_set(error, EINVAL, "--sort: \"%s\" is none of %s", options->sort,
				 columns);
	}
	return output_open(formats[options->format], &settings, &run->output, error);
}

static int start_groups(struct run *run, uint64_t seed, struct error *error)
{
	const struct options *options = run->options;
	struct groups_options settings = {
		.prefix_v4 = (unsigned)options->prefix_v4,
		.prefix_v6 = (unsigned)options->prefix_v6,
		.max_groups = (size_t)options->max_groups,
		.seed = seed,
	};
	int result = groups_by_parse(options->group_by, &settings.by);

	if (!result)
		result = groups_new(&settings, &run->groups);
	return result < 0 ? error_set(error, -result, "cannot group by %s: %s", options->group_by,
				      strerror(-result))
			  : 0;
}

static int start_engine(struct run *run, uint64_t seed, struct error *error)
{
	struct tcpm_options options = {
		.max_flows = (uint32_t)run->options->max_flows,
		.tunnel_ports = run->options->tunnel_ports,
		.tunnel_port_count = run->options->tunnel_port_count,
		.hash_seed = seed,
	};
	struct tcpm_handler handler = {.user = run, .sample = on_sample, .closed = on_closed};

	run->engine = tcpm_engine_new(&options, &handler);
	return run->engine ? 0 : error_set(error, ENOMEM, "out of memory");
}

/* Everything but the files. -EINVAL: the user asked for something wrong. */
static int start(struct run *run, struct error *error)
{
	int result = 0;

	if (run->options->filter)
		result = filter_new(run->options->filter, &run->filter, error);
	if (!result && run->options->names) {
		run->names = names_new();
		result = run->names ? 0 : error_set(error, ENOMEM, "out of memory");
	}
	if (!result)
		result = start_output(run, error);
	if (!result)
		result = start_groups(run, secret(), error);
	if (!result)
		result = start_engine(run, secret(), error);
	return result;
}

static void done(struct run *run)
{
	tcpm_engine_free(run->engine);
	groups_free(run->groups);
	output_close(run->output);
	filter_free(run->filter);
	names_free(run->names);
	interfaces_done(&run->interfaces);
}

/* Keeps the frames that match, in order, and returns their number. Frames of a link
 * type that the expression does not fit cannot match; the first is complained of. */
static int keep_matching(struct run *run, struct tcpm_frame *frames, int count)
{
	int kept = 0;

	if (!run->filter)
		return count;
	for (int i = 0; i < count; i++) {
		struct error error;
		int matches = filter_match(run->filter, &frames[i], &error);

		if (matches > 0)
			frames[kept++] = frames[i];
		if (matches < 0 && !run->filter_refused) {
			complain("%s; frames of this link type are left out", error.text);
			run->filter_refused = true;
			run->incomplete = true;
		}
	}
	return kept;
}

static void note_facts(struct run *run, const struct tcpm_frame *frames, int count)
{
	struct output_facts *facts = &run->facts;

	for (int i = 0; i < count; i++) {
		facts->wire_bytes += frames[i].wire_length;
		if (frames[i].time_ns == TCPM_NO_TIME)
			continue;
		if (!run->any_frame || frames[i].time_ns < facts->first_ns)
			facts->first_ns = frames[i].time_ns;
		if (!run->any_frame || frames[i].time_ns > facts->last_ns)
			facts->last_ns = frames[i].time_ns;
		run->any_frame = true;
	}
}

/* A file that begins before the one before it ended was taken elsewhere, or at
 * another time: its packets continue none of the flows seen so far. A second's
 * overlap is the disorder of a capture that was cut into files. */
static void begin_file(struct run *run, const struct tcpm_frame *first)
{
	if (run->any_frame && first->time_ns != TCPM_NO_TIME &&
	    first->time_ns < run->facts.last_ns - OVERLAP_NS)
		tcpm_engine_flush(run->engine);
}

/* One batch. Returns as source_next. */
static int read_batch(struct run *run, struct source *source, bool first, struct error *error)
{
	struct tcpm_frame frames[BATCH];
	int result = source_next(source, frames, BATCH, error);
	int count = result;

	if (count <= 0)
		return result;
	run->facts.records += (uint64_t)count;
	interfaces_translate(&run->interfaces, source, frames, (size_t)count);
	if (first)
		begin_file(run, &frames[0]);
	count = keep_matching(run, frames, count);
	note_facts(run, frames, count);
	tcpm_engine_feed(run->engine, frames, (size_t)count);
	return result;
}

static void read_file(struct run *run, const char *path, struct source *source, struct error *error)
{
	struct progress progress;
	bool first = true;
	int result = 0;

	interfaces_next_source(&run->interfaces);
	/* Samples on the terminal show by themselves that it goes on, and would land in the
	 * progress line. */
	progress_begin(&progress,
		       run->options->quiet || (run->options->samples && isatty(STDOUT_FILENO)));
	while (!stop_signal && !run->write_failed) {
		result = read_batch(run, source, first, error);
		if (result <= 0)
			break;
		first = false;
		/* The source has no more at hand; it may be a pipe that waits for packets,
		 * and the samples are to be seen as they come. */
		if (result < BATCH && run->options->samples && output_flush(run->output) < 0)
			run->write_failed = true;
		progress_step(&progress, source, path);
	}
	progress_end(&progress);
	if (result < 0 && !stop_signal) {
		complain("%s", error->text);
		run->incomplete = true;
	}
}

static void read_files(struct run *run)
{
	const struct options *options = run->options;

	for (size_t i = 0; i < options->file_count && !stop_signal && !run->write_failed; i++) {
		struct source *source;
		struct error error;

		if (file_source_open(options->files[i], &source, &error) < 0) {
			if (stop_signal)
				break;
			complain("%s", error.text);
			run->incomplete = true;
			continue;
		}
		run->any_source = true;
		read_file(run, options->files[i], source, &error);
		source_close(source);
	}
	if (stop_signal)
		run->incomplete = true;
}

/* Prints what was measured; nothing if no capture could be opened, for then the complaint
 * says all. A reader who went away (head, a closed terminal) is no news to the user. */
static void report(struct run *run)
{
	int result;

	tcpm_engine_flush(run->engine);
	run->facts.counters = tcpm_engine_counters(run->engine);
	if (run->any_source)
		output_report(run->output, run->groups, &run->facts);
	result = output_close(run->output);
	run->output = NULL;
	if (result < 0)
		run->incomplete = true;
	if (result < 0 && result != -EPIPE)
		complain("cannot write the result to standard output: %s", strerror(-result));
	if (stop_signal && result >= 0)
		complain("stopped by a signal; this is what was read until then");
}

enum exit_status run(const struct options *options)
{
	struct run run = {.options = options};
	struct error error;
	int result = start(&run, &error);

	if (result < 0) {
		complain("%s", error.text);
		done(&run);
		return result == -EINVAL ? EXIT_USAGE : EXIT_NOT_ALL;
	}
	catch_signals();
	read_files(&run);
	report(&run);
	done(&run);
	return run.incomplete ? EXIT_NOT_ALL : EXIT_ALL_DONE;
}
