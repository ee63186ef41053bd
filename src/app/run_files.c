/*
 * One run over captures: see files.h.
 *
 * Whatever goes wrong on the way, what was measured until then is printed. Who reads and
 * measures, in how many threads: pipeline/partitioned_run.h.
 */
#include "app/run_files.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "app/progress.h"
#include "app/report_output.h"
#include "pipeline/partitioned_run.h"
#include "system/message.h"

struct run {
	const struct options *options;
	struct interface_names interfaces;
	struct prefix_set local;
	struct report_output report_output;
	struct partitioned_run partitions;
	struct progress progress;
	struct run_progress progress_calls;
	bool any_source;
	bool incomplete; /* something could not be done; it was complained of */
};

static volatile sig_atomic_t stop_signal;
static struct partitioned_run *_Atomic stopped; /* what a signal stops */

static void on_stop(int number)
{
	struct partitioned_run *run = stopped;

	stop_signal = number;
	if (run)
		partitioned_run_stop(run);
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

static void begin_progress(void *user)
{
	struct run *run = user;

	/* Samples on the terminal show by themselves that the read proceeds, and would land in
	 * the progress line. */
	progress_begin(&run->progress,
		       run->options->quiet || (run->options->samples && isatty(STDOUT_FILENO)));
}

static void step_progress(void *user, const struct source *source, const char *path)
{
	struct run *run = user;

	progress_step(&run->progress, source, path);
}

static void end_progress(void *user)
{
	struct run *run = user;

	progress_end(&run->progress);
}

/* Everything but the files. -EINVAL: the user asked for something wrong. */
static int start(struct run *run, struct error *error)
{
	const struct options *options = run->options;
	unsigned threads = partition_count(options);
	int result = prefix_set_init(&run->local, options->local, options->local_count);

	interface_names_init(&run->interfaces);
	if (result < 0)
		error_set(error, ENOMEM, "out of memory");
	if (!result)
		result = report_output_init(&run->report_output, options, &run->interfaces, false,
					    threads, error);
	if (!result)
		result = partitioned_run_init(&run->partitions, options, threads, &run->interfaces,
					      &run->local, &run->report_output.samples,
					      &run->progress_calls, error);
	return result;
}

static void done(struct run *run)
{
	stopped = NULL;
	partitioned_run_done(&run->partitions);
	report_output_done(&run->report_output);
	interface_names_done(&run->interfaces);
	prefix_set_done(&run->local);
}

static void read_files(struct run *run)
{
	const struct options *options = run->options;

	for (size_t i = 0; i < options->file_count; i++) {
		struct error error;
		bool opened;
		int result;

		if (stop_signal || run->partitions.write_failed)
			break;
		result = partitioned_run_read(&run->partitions, options->files[i], &opened, &error);
		if (opened)
			run->any_source = true;
		if (result < 0 && !stop_signal) {
			message_print("%s", error.text);
			run->incomplete = true;
		}
	}
	if (stop_signal || partitioned_run_filter_refused(&run->partitions))
		run->incomplete = true;
}

/* Prints what was measured; nothing if no capture could be opened, for then the complaint
 * says all. */
static void report(struct run *run)
{
	struct tcpm_counters counters;
	struct run_totals facts;
	const struct groups *groups;
	struct error error;
	int result;

	if (partitioned_run_finish(&run->partitions, &groups, &facts, &counters, &error) < 0) {
		message_print("%s", error.text);
		run->incomplete = true;
	} else if (run->any_source) {
		report_groups(run->report_output.output, groups, &facts);
	}
	result = report_output_end(&run->report_output);
	if (result < 0)
		run->incomplete = true;
	if (stop_signal && result >= 0)
		message_print("stopped by a signal; the report covers what was read until then");
}

enum exit_status run_files(const struct options *options)
{
	struct run run = {
		.options = options,
		.progress_calls = {.user = &run,
				   .begin = begin_progress,
				   .step = step_progress,
				   .end = end_progress},
	};
	struct error error;
	int result = start(&run, &error);

	if (result < 0) {
		message_print("%s", error.text);
		done(&run);
		return result == -EINVAL ? EXIT_USAGE : EXIT_NOT_ALL;
	}
	stopped = &run.partitions;
	catch_signals();
	read_files(&run);
	report(&run);
	done(&run);
	return run.incomplete ? EXIT_NOT_ALL : EXIT_ALL_DONE;
}
