/*
 * One run over captures: see files.h.
 *
 * Whatever goes wrong on the way, what was measured until then is printed.
 */
#include "app/files.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "app/complain.h"
#include "app/measure.h"
#include "app/printing.h"
#include "app/progress.h"
#include "capture/source.h"

#define BATCH      256
#define OVERLAP_NS INT64_C(1000000000)

struct run {
	const struct options *options;
	struct interfaces interfaces;
	struct prefixes local;
	struct measure measure;
	struct printing printing;
	bool any_source;
	bool write_failed;
	bool incomplete; /* something could not be done; it was complained of */
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

static void on_sample(void *user, const struct tcpm_sample *sample, enum group_side side)
{
	struct run *run = user;

	if (output_sample(run->printing.output, sample, side) < 0)
		run->write_failed = true;
}

/* Everything but the files. -EINVAL: the user asked for something wrong. */
static int start(struct run *run, struct error *error)
{
	const struct options *options = run->options;
	int result = prefixes_init(&run->local, options->local, options->local_count);

	interfaces_init(&run->interfaces);
	if (result < 0)
		error_set(error, ENOMEM, "out of memory");
	if (!result)
		result = measure_init(&run->measure, options, &run->interfaces, &run->local, 1,
				      error);
	if (!result)
		result = printing_init(&run->printing, options, &run->interfaces, false, error);
	if (!result && options->samples) {
		run->measure.sample = on_sample;
		run->measure.user = run;
	}
	return result;
}

static void done(struct run *run)
{
	measure_done(&run->measure);
	printing_done(&run->printing);
	interfaces_done(&run->interfaces);
	prefixes_done(&run->local);
}

/* A file that begins before the one before it ended was taken elsewhere, or at
 * another time: its packets continue none of the flows seen so far. A second's
 * overlap is the disorder of a capture that was cut into files. */
static void begin_file(struct run *run, const struct tcpm_frame *first)
{
	const struct measure *measure = &run->measure;

	if (measure->any_frame && first->time_ns != TCPM_NO_TIME &&
	    first->time_ns < measure->facts.last_ns - OVERLAP_NS)
		tcpm_engine_flush(measure->engine);
}

/* How many packets are still to be read. */
static size_t room(const struct run *run)
{
	uint64_t left = run->options->count - run->measure.facts.records;

	return run->options->count && left < BATCH ? (size_t)left : BATCH;
}

/* One batch. Returns as source_next. */
static int read_batch(struct run *run, struct source *source, bool first, struct error *error)
{
	struct tcpm_frame frames[BATCH];
	size_t most = room(run);
	int count = most ? source_next(source, frames, most, error) : 0;

	if (count <= 0)
		return count;
	if (first)
		begin_file(run, &frames[0]);
	measure_frames(&run->measure, source, frames, count);
	return count;
}

static void read_file(struct run *run, const char *path, struct source *source, struct error *error)
{
	struct progress progress;
	bool first = true;
	int result = 0;

	interface_numbers_clear(&run->measure.interfaces);
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
		if (result < BATCH && run->options->samples &&
		    output_flush(run->printing.output) < 0)
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
	if (stop_signal || run->measure.filter_refused)
		run->incomplete = true;
}

/* Prints what was measured; nothing if no capture could be opened, for then the complaint
 * says all. */
static void report(struct run *run)
{
	struct measure *measure = &run->measure;
	int result;

	tcpm_engine_flush(measure->engine);
	measure->facts.counters = tcpm_engine_counters(measure->engine);
	if (run->any_source)
		output_report(run->printing.output, measure->groups, &measure->facts);
	result = printing_end(&run->printing);
	if (result < 0)
		run->incomplete = true;
	if (stop_signal && result >= 0)
		complain("stopped by a signal; this is what was read until then");
}

enum exit_status run_files(const struct options *options)
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
