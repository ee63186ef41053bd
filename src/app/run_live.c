/*
 * The live run: see live.h.
 *
 * Capturing threads (workers.h) measure; this one waits for time and signals, asks them for
 * the groups of each interval, and prints.
 */
#include "app/run_live.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/report_output.h"
#include "app/terminal.h"
#include "capture/live.h"
#include "pipeline/local_hosts.h"
#include "pipeline/pipeline.h"
#include "pipeline/workers.h"
#include "system/event_fd.h"
#include "system/message.h"
#include "system/privileges.h"

/* How often it is told that packets are lost. */
#define LOSSES_NS (10 * SECOND_NS)

/* How often groups are collected if no interval is to be shown. */
#define SILENT_INTERVAL_NS (10 * SECOND_NS)

struct live {
	const struct options *options;
	struct interface_names interfaces;
	struct report_output report_output;
	struct local_hosts local;
	struct workers workers;

	struct groups *interval; /* of all workers, in the last interval */
	struct groups *total;    /* since the start; NULL: nobody will ask */
	bool any_interval;
	struct run_totals facts;
	struct tcpm_counters counters;

	int signals;     /* a signalfd */
	sigset_t ending; /* those of its signals that end the run */
	int interval_timer;
	int duration_timer;
	bool screen;
	bool had_screen;
	bool signalled;
	uint64_t losses_told; /* lost packets that were spoken of */
	int64_t losses_told_ns;
	bool failed; /* something could not be done; it was complained of */
};

/* ---- opening ---- */

/* Whether there is something to print after each interval. */
static bool prints_intervals(const struct options *options)
{
	return options->interval_ns > 0 && !options->samples;
}

/* CSV and JSON say all interval by interval: only a report asks for the sum. */
static int make_groups(struct live *live, struct error *error)
{
	const struct options *options = live->options;
	bool summed = options->format == FORMAT_TABLE || options->interval_ns == 0;

	live->interval = pipeline_groups_new(options, NULL, WORKER_SETS, error);
	if (live->interval && summed)
		live->total = pipeline_groups_new(options, NULL, WORKER_SETS, error);
	return live->interval && (live->total || !summed) ? 0 : -ENOMEM;
}

/* While something is written, which a reader may hold up for ever, a signal that ends the
 * run is heard here: it gives the reader two seconds more. */
static volatile sig_atomic_t heard;

static void on_signal(int number)
{
	(void)number;
	if (!heard)
		alarm(2);
	heard = 1;
}

static void on_alarm(int number)
{
	(void)number;
	_exit(EXIT_NOT_ALL);
}

/* Adds a signal, unless whoever started the program has it ignored (nohup). */
static void add_signal(sigset_t *set, int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};
	struct sigaction before;

	if (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_IGN)
		return;
	if (handler)
		sigaction(number, &action, NULL);
	sigaddset(set, number);
}

/* Signals are waited for like anything else; threads that start later inherit that. */
static int take_signals(struct live *live)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction usual = {.sa_handler = SIG_DFL};
	struct sigaction late = {.sa_handler = on_alarm};
	sigset_t set;

	/* A script's shell has its children in the background ignore it. */
	sigaction(SIGINT, &usual, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGALRM, &late, NULL);
	sigemptyset(&live->ending);
	add_signal(&live->ending, SIGINT, on_signal);
	add_signal(&live->ending, SIGTERM, on_signal);
	add_signal(&live->ending, SIGHUP, on_signal);
	set = live->ending;
	sigaddset(&set, SIGWINCH);
	add_signal(&set, SIGTSTP, NULL);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Writes what was printed. */
static void flush(struct live *live)
{
	pthread_sigmask(SIG_UNBLOCK, &live->ending, NULL);
	if (report_flush(live->report_output.output) < 0)
		live->workers.common.write_failed = true;
	pthread_sigmask(SIG_BLOCK, &live->ending, NULL);
	if (heard) {
		alarm(0);
		live->workers.common.stop = true;
	}
}

static int make_timers(struct live *live, struct error *error)
{
	int64_t interval_ns =
		live->options->interval_ns ? live->options->interval_ns : SILENT_INTERVAL_NS;

	live->interval_timer = timer_fd_new(interval_ns, interval_ns);
	live->duration_timer = timer_fd_new(live->options->duration_ns, 0);
	if (live->interval_timer < 0 || live->duration_timer < 0)
		return error_set(error, errno, "cannot create a timer descriptor: %s",
				 strerror(errno));
	return 0;
}

/* Everything up to the first packet. -EINVAL: the user asked for something wrong. */
static int start(struct live *live, struct error *error)
{
	const struct options *options = live->options;
	struct privileges privileges = {.uid = geteuid(), .gid = getegid()};
	int result = 0;

	/* First of all: a signal at any time ends the run as it should. */
	live->signals = take_signals(live);
	if (live->signals < 0)
		result = error_set(error, errno, "cannot create a signal descriptor: %s",
				   strerror(errno));
	if (!result && geteuid() == 0)
		result = privileges_find(options->user, &privileges, error);
	if (!result)
		result = local_hosts_init(&live->local, options, error);
	if (!result)
		result = report_output_init(&live->report_output, options, &live->interfaces,
					    prints_intervals(options), 1, error);
	if (!result)
		result = make_groups(live, error);
	if (!result)
		result =
			workers_open(&live->workers, options, &live->interfaces,
				     local_hosts_current(&live->local),
				     options->samples ? &live->report_output.samples : NULL, error);
	if (!result)
		result = privileges_drop(&privileges, false, error);
	if (!result)
		result = make_timers(live, error);
	return result;
}

static void done(struct live *live)
{
	workers_done(&live->workers);
	groups_free(live->interval);
	groups_free(live->total);
	report_output_done(&live->report_output);
	interface_names_done(&live->interfaces);
	local_hosts_done(&live->local);
	close_if_open(live->signals);
	close_if_open(live->interval_timer);
	close_if_open(live->duration_timer);
}

/* ---- showing ---- */

static void draw(struct live *live)
{
	struct terminal_window window;
	char notice[160];

	terminal_size(&window);
	message_latest(notice, sizeof(notice));
	live->facts.notice = notice;
	report_screen(live->report_output.output, live->total,
		      live->any_interval ? live->interval : NULL, &live->facts, &window);
	live->facts.notice = NULL;
	flush(live);
}

/* Says how many packets were lost, if there are more than were told, and where the screen
 * or the report does not say so; at the end, or else not too often. */
static void tell_losses(struct live *live, bool end)
{
	const struct run_totals *facts = &live->facts;
	int64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	if (facts->dropped + facts->interface_dropped <= live->losses_told || live->screen ||
	    (end && live->options->format == FORMAT_TABLE) ||
	    (!end && live->losses_told && now_ns - live->losses_told_ns < LOSSES_NS))
		return;
	live->losses_told = facts->dropped + facts->interface_dropped;
	live->losses_told_ns = now_ns;
	message_print(
		"packets are being lost: %llu dropped by the kernel so far, %llu by the interface; "
		"a larger -B, a filter or --threads may help",
		(unsigned long long)facts->dropped, (unsigned long long)facts->interface_dropped);
}

/* Asks the workers for the interval that ends now. */
static void ask(struct live *live)
{
	workers_ask(&live->workers, local_hosts_current(&live->local));
}

/* After an address has come or gone: the workers get the new set at once, and for good with
 * the next handover. */
static void renew_local(struct live *live)
{
	if (!live->workers.asked && local_hosts_refresh(&live->local, live->options))
		workers_set_local(&live->workers, local_hosts_current(&live->local));
}

/* Takes and shows what was asked for, if it is there. */
static void collect(struct live *live)
{
	if (!workers_answered(&live->workers))
		return;
	workers_collect(&live->workers, live->interval, &live->facts, &live->counters);
	local_hosts_settle(&live->local);
	if (live->total)
		groups_merge(live->total, live->interval);
	workers_reserve(&live->workers, groups_memory(live->interval) +
						(live->total ? groups_memory(live->total) : 0));
	live->any_interval = true;
	tell_losses(live, false);
	if (live->screen) {
		draw(live);
	} else if (prints_intervals(live->options) && !live->had_screen) {
		report_interval(live->report_output.output, live->interval,
				clock_ns(CLOCK_REALTIME));
		flush(live);
	}
}

/* ---- events ---- */

/* The terminal belongs to the shell while the program is stopped. */
static void suspend(struct live *live)
{
	if (live->screen)
		terminal_close();
	raise(SIGSTOP);
	if (live->screen) {
		terminal_open();
		draw(live);
	}
}

static void on_signals(struct live *live)
{
	struct signalfd_siginfo info;

	while (read(live->signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGWINCH:
			if (live->screen)
				draw(live);
			break;
		case SIGTSTP:
			suspend(live);
			break;
		default:
			live->signalled = true;
			live->workers.common.stop = true;
		}
	}
}

/* Waits for something to happen, and deals with it. */
static void step(struct live *live)
{
	enum { SIGNALS, ANSWERS, INTERVAL, DURATION, HOSTS, EVENTS };
	struct pollfd polled[EVENTS] = {
		[SIGNALS] = {.fd = live->signals, .events = POLLIN},
		[ANSWERS] = {.fd = live->workers.common.answers, .events = POLLIN},
		[INTERVAL] = {.fd = live->interval_timer, .events = POLLIN},
		[DURATION] = {.fd = live->duration_timer, .events = POLLIN},
		[HOSTS] = {.fd = live->local.watch, .events = POLLIN},
	};

	if (poll(polled, EVENTS, -1) < 0)
		return;
	if (polled[SIGNALS].revents)
		on_signals(live);
	if (polled[DURATION].revents)
		live->workers.common.stop = true;
	if (polled[HOSTS].revents)
		local_hosts_notice(&live->local);
	if (polled[ANSWERS].revents)
		event_fd_drain(live->workers.common.answers);
	/* An interval that ends while the one before is still being asked for is one with
	 * the next. */
	if (polled[INTERVAL].revents) {
		event_fd_drain(live->interval_timer);
		if (!live->workers.asked)
			ask(live);
	}
	collect(live);
	renew_local(live);
	if (workers_all_ended(&live->workers))
		live->workers.common.stop = true;
}

static bool stop_is_pending(struct live *live)
{
	live->signalled = false;
	on_signals(live);
	return live->signalled;
}

/* Waits for the workers. One may be held up by a reader that takes no samples; then a
 * further signal ends the program. Not one that comes along with the first: programs that
 * pass signals on do it twice. */
static void join(struct live *live)
{
	int64_t start_ns = clock_ns(CLOCK_MONOTONIC);

	workers_wake(&live->workers);
	while (!workers_all_ended(&live->workers)) {
		struct pollfd polled[] = {
			{.fd = live->signals, .events = POLLIN},
			{.fd = live->workers.common.answers, .events = POLLIN},
		};

		poll(polled, 2, -1);
		if (polled[1].revents)
			event_fd_drain(live->workers.common.answers);
		if (polled[0].revents && stop_is_pending(live) &&
		    clock_ns(CLOCK_MONOTONIC) - start_ns > SECOND_NS)
			_exit(EXIT_NOT_ALL);
	}
	live->failed |= workers_join(&live->workers);
}

/* From now on signals do what they do by themselves. */
static void release_signals(struct live *live)
{
	sigset_t set;

	stop_is_pending(live); /* those that came so far have been heard */
	heard = 0;
	sigfillset(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* The rest of what was measured, and the report. */
static void finish(struct live *live)
{
	if (live->screen)
		terminal_close();
	live->screen = false;
	join(live);
	release_signals(live);
	collect(live); /* what was asked for before the end */
	ask(live);
	collect(live);
	tell_losses(live, true);
	report_groups(live->report_output.output, live->total ? live->total : live->interval,
		      &live->facts);
	if (report_output_end(&live->report_output) < 0)
		live->failed = true;
}

static void say_listening(const struct live *live)
{
	const struct options *options = live->options;
	bool ends = options->duration_ns || options->count;

	for (size_t i = 0; i < options->interface_count && !options->quiet; i++)
		message_print("listening on %s%s", options->interfaces[i],
			      live->screen || ends ? "" : "; press Ctrl-C to stop");
}

static void capture(struct live *live)
{
	struct error error;

	live->screen = prints_intervals(live->options) && live->options->format == FORMAT_TABLE &&
		       terminal_can_draw();
	say_listening(live);
	if (workers_start(&live->workers, &error) < 0) {
		message_print("%s", error.text);
		live->failed = true;
		live->workers.common.stop = true;
	}
	live->facts.counters = &live->counters;
	live->had_screen = live->screen;
	if (live->screen) {
		terminal_open();
		draw(live);
	}
	while (!live->workers.common.stop && !live->workers.common.write_failed)
		step(live);
	finish(live);
}

/* Several interfaces are several capture points: their rows are told apart. */
static struct options with_interfaces(const struct options *given)
{
	struct options options = *given;

	if (options.interface_count > 1)
		options.by_interface = true;
	return options;
}

enum exit_status run_live(const struct options *given)
{
	const struct options options = with_interfaces(given);
	struct live live = {
		.options = &options,
		.signals = -1,
		.interval_timer = -1,
		.duration_timer = -1,
		.local = {.watch = -1},
		.workers = {.common = {.answers = -1, .printing = PTHREAD_MUTEX_INITIALIZER}},
	};
	struct error error;
	int result;

	interface_names_init(&live.interfaces);
	result = start(&live, &error);
	if (result < 0)
		message_print("%s", error.text);
	else
		capture(&live);
	done(&live);
	if (result < 0)
		return result == -EINVAL ? EXIT_USAGE : EXIT_NOT_ALL;
	return live.failed ? EXIT_NOT_ALL : EXIT_ALL_DONE;
}

static void print_interface(void *user, const char *name, const char *about)
{
	(void)user;
	printf("%-16s %s\n", name, about);
}

enum exit_status list_interfaces(void)
{
	struct error error;

	if (live_interfaces(print_interface, NULL, &error) < 0) {
		message_print("%s", error.text);
		return EXIT_NOT_ALL;
	}
	return EXIT_ALL_DONE;
}
