/*
 * One run over captures: see files.h.
 *
 * Whatever goes wrong on the way, what was measured until then is printed. Who reads and
 * measures, in how many threads: app/shares.h.
 */
#include "app/files.h"

#include <errno.h>
#include <signal.h>

#include "app/complain.h"
#include "app/printing.h"
#include "app/shares.h"

struct run {
	const struct options *options;
	struct interfaces interfaces;
	struct prefixes local;
	struct printing printing;
	struct shares shares;
	bool any_source;
	bool incomplete; /* something could not be done; it was complained of */
};

static volatile sig_atomic_t stop_signal;
static struct shares *_Atomic stopped; /* what a signal stops */

static void on_stop(int number)
{
	struct shares *shares = stopped;

	stop_signal = number;
	if (shares)
		shares_stop(shares);
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

/* Everything but the files. -EINVAL: the user asked for something wrong. */
static int start(struct run *run, struct error *error)
{
	const struct options *options = run->options;
	unsigned threads = shares_wanted(options);
	int result = prefixes_init(&run->local, options->local, options->local_count);

	interfaces_init(&run->interfaces);
	if (result < 0)
		error_set(error, ENOMEM, "out of memory");
	if (!result)
		result = printing_init(&run->printing, options, &run->interfaces, false, threads,
				       error);
	if (!result)
		result = shares_init(&run->shares, options, threads, &run->interfaces, &run->local,
				     run->printing.output, error);
	return result;
}

static void done(struct run *run)
{
	stopped = NULL;
	shares_done(&run->shares);
	printing_done(&run->printing);
	interfaces_done(&run->interfaces);
	prefixes_done(&run->local);
}

static void read_files(struct run *run)
{
	const struct options *options = run->options;

	for (size_t i = 0; i < options->file_count; i++) {
		struct error error;
		bool opened;
		int result;

		if (stop_signal || run->shares.write_failed)
			break;
		result = shares_read(&run->shares, options->files[i], &opened, &error);
		if (opened)
			run->any_source = true;
		if (result < 0 && !stop_signal) {
			complain("%s", error.text);
			run->incomplete = true;
		}
	}
	if (stop_signal || shares_refused(&run->shares))
		run->incomplete = true;
}

/* Prints what was measured; nothing if no capture could be opened, for then the complaint
 * says all. */
static void report(struct run *run)
{
	struct tcpm_counters counters;
	struct output_facts facts;
	const struct groups *groups;
	struct error error;
	int result;

	if (shares_finish(&run->shares, &groups, &facts, &counters, &error) < 0) {
		complain("%s", error.text);
		run->incomplete = true;
	} else if (run->any_source) {
		output_report(run->printing.output, groups, &facts);
	}
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
	stopped = &run.shares;
	catch_signals();
	read_files(&run);
	report(&run);
	done(&run);
	return run.incomplete ? EXIT_NOT_ALL : EXIT_ALL_DONE;
}
