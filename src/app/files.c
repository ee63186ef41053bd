/*
 * One run over captures: see files.h.
 *
 * Whatever goes wrong on the way, what was measured until then is printed. With a second
 * processor, files are read and decoded ahead of that, in a thread (app/ahead.h).
 */
#include "app/files.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "app/ahead.h"
#include "app/complain.h"
#include "app/measure.h"
#include "app/printing.h"
#include "app/progress.h"
#include "capture/source.h"

/* What the progress line is told of: how far a source was measured, which another thread may
 * be reading on. */
struct measured {
	struct source source;
	struct source_progress progress;
};

struct run {
	const struct options *options;
	struct interfaces interfaces;
	struct prefixes local;
	struct measure measure;
	struct ahead ahead;
	struct printing printing;
	bool any_source;
	bool write_failed;
	bool incomplete; /* something could not be done; it was complained of */
};

static volatile sig_atomic_t stop_signal;
static struct ahead *_Atomic stopped; /* what a signal stops */

static void on_stop(int number)
{
	struct ahead *ahead = stopped;

	stop_signal = number;
	if (ahead)
		ahead_stop(ahead);
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
		result = measure_init(&run->measure, options, &run->interfaces, &run->local, 1, 1,
				      error);
	if (!result && ahead_init(&run->ahead, run->measure.engine, &run->measure.intake,
				  options->count, options->threads > 1) < 0)
		result = error_set(error, ENOMEM, "out of memory");
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
	stopped = NULL;
	ahead_done(&run->ahead);
	measure_done(&run->measure);
	printing_done(&run->printing);
	interfaces_done(&run->interfaces);
	prefixes_done(&run->local);
}

static void measured_progress(const struct source *source, struct source_progress *progress)
{
	*progress = ((const struct measured *)source)->progress;
}

static void measure_part(struct run *run, const struct ahead_part *part)
{
	if (part->apart)
		tcpm_engine_flush(run->measure.engine);
	measure_decoded(&run->measure, part->batch, &part->facts);
	/* The samples are to be seen as they come, also while a pipe waits for packets. */
	if (part->pause && run->options->samples && output_flush(run->printing.output) < 0)
		run->write_failed = true;
}

static void read_file(struct run *run, const char *path, struct source *source, struct error *error)
{
	static const struct source_ops ops = {.progress = measured_progress};
	struct measured measured = {.source.ops = &ops};
	const struct ahead_part *part;
	struct progress progress;
	int result = 0;

	/* Samples on the terminal show by themselves that it goes on, and would land in the
	 * progress line. */
	progress_begin(&progress,
		       run->options->quiet || (run->options->samples && isatty(STDOUT_FILENO)));
	ahead_begin(&run->ahead, source);
	while (!run->write_failed) {
		result = ahead_next(&run->ahead, &part, error);
		if (result <= 0)
			break;
		measure_part(run, part);
		measured.progress = part->progress;
		progress_step(&progress, &measured.source, path);
	}
	ahead_end(&run->ahead);
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
	stopped = &run.ahead;
	catch_signals();
	read_files(&run);
	report(&run);
	done(&run);
	return run.incomplete ? EXIT_NOT_ALL : EXIT_ALL_DONE;
}
