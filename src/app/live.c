/*
 * The live run: see live.h.
 *
 * Capturing threads (worker.h) measure; this one waits for time and signals, asks them for
 * the groups of each interval, puts these together and prints.
 */
#include "app/live.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "app/complain.h"
#include "app/measure.h"
#include "app/printing.h"
#include "app/privileges.h"
#include "app/screen.h"
#include "app/worker.h"
#include "capture/hosts.h"
#include "capture/live.h"
#include "packet/packet.h"

#define SECOND_NS INT64_C(1000000000)

struct live {
	const struct options *options;
	struct interfaces interfaces;
	struct printing printing;
	struct workers_common common;
	struct worker *workers;
	size_t worker_count;
	struct prefixes local[2]; /* the present ones, and those before */
	unsigned local_now;

	struct groups *interval; /* of all workers, in the last interval */
	struct groups *total;    /* since the start; NULL: nobody will ask */
	uint32_t generation;
	bool any_interval;
	struct output_facts facts;
	struct tcpm_counters counters;

	int signals; /* a signalfd */
	int interval_timer;
	int duration_timer;
	int hosts; /* the watch on addresses; -1: there is none */
	bool asked;
	bool screen;
	bool stopped; /* by a signal */
	bool failed;  /* something could not be done; it was complained of */
};

static int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* ---- whose hosts are local ---- */

/* The machine's addresses now, and the networks that the user named. */
static int find_local(const struct options *options, struct prefixes *local)
{
	struct prefix *addresses = NULL;
	size_t count = 0;
	int result = hosts_addresses(&addresses, &count);

	if (result < 0)
		return result;

	struct prefix *all = calloc(count + options->local_count + 1, sizeof(*all));

	if (all) {
		memcpy(all, addresses, count * sizeof(*all));
		if (options->local_count)
			memcpy(all + count, options->local, options->local_count * sizeof(*all));
		result = prefixes_init(local, all, count + options->local_count);
	}
	free(all);
	free(addresses);
	return all ? result : -ENOMEM;
}

/* An address came or went: the workers get the new set with the next handover. */
static void renew_local(struct live *live)
{
	unsigned next = !live->local_now;
	struct prefixes found;

	if (!hosts_changed(live->hosts) || live->asked || find_local(live->options, &found) < 0)
		return;
	if (prefixes_equal(&found, &live->local[live->local_now])) {
		prefixes_done(&found);
		return;
	}
	/* The set before the present one: since the last handover nobody uses it. */
	prefixes_done(&live->local[next]);
	live->local[next] = found;
	live->local_now = next;
}

/* ---- opening ---- */

static int add_worker(struct live *live, const char *interface, const struct live_options *options,
		      struct error *error)
{
	struct worker *worker = &live->workers[live->worker_count];
	struct source *source;
	int result = live_source_open(options, &source, error);

	if (result < 0)
		return result;
	result = worker_init(worker, &live->common, source, interface, live->options,
			     &live->interfaces, &live->local[live->local_now], error);
	if (result < 0)
		return result;
	worker->silent = options->share > 0;
	live->worker_count++;
	worker->handover.groups =
		measure_groups(live->options, &live->local[live->local_now], error);
	return worker->handover.groups ? 0 : -ENOMEM;
}

static int open_interfaces(struct live *live, struct error *error)
{
	const struct options *options = live->options;
	size_t most = options->interface_count * (size_t)options->threads;
	struct packet_ports ports;
	int result = 0;

	if (!packet_ports_set(&ports, options->tunnel_ports, options->tunnel_port_count))
		return error_set(error, EINVAL, "--tunnel-port: these ports cannot be");
	live->workers = calloc(most, sizeof(*live->workers));
	if (!live->workers)
		return error_set(error, ENOMEM, "out of memory");
	for (size_t i = 0; i < options->interface_count; i++) {
		struct live_options wanted = {
			.interface = options->interfaces[i],
			.filter = options->filter,
			.ports = &ports,
			.snaplen = (uint32_t)options->snaplen,
			.buffer_bytes = (uint32_t)options->buffer_kib * 1024,
			.promiscuous = options->promiscuous,
			.stamps = options->stamps,
			.shares = (unsigned)options->threads,
			.group = (uint16_t)((unsigned)getpid() + i),
		};

		for (; wanted.share < wanted.shares && !result; wanted.share++)
			result = add_worker(live, options->interfaces[i], &wanted, error);
	}
	return result;
}

/* What stands for all formats but one for people says all interval by interval. */
static bool prints_intervals(const struct options *options)
{
	return options->interval_ns > 0 && !options->samples;
}

static int make_groups(struct live *live, struct error *error)
{
	const struct options *options = live->options;
	bool report = options->format == FORMAT_TABLE || options->interval_ns == 0;

	live->interval = measure_groups(options, NULL, error);
	if (!live->interval)
		return -ENOMEM;
	if (options->samples || !report)
		return 0;
	live->total = measure_groups(options, NULL, error);
	return live->total ? 0 : -ENOMEM;
}

static int make_timer(int64_t first_ns, int64_t interval_ns)
{
	struct itimerspec times = {
		.it_value = {.tv_sec = first_ns / SECOND_NS, .tv_nsec = first_ns % SECOND_NS},
		.it_interval = {.tv_sec = interval_ns / SECOND_NS,
				.tv_nsec = interval_ns % SECOND_NS},
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0)
		timerfd_settime(fd, 0, &times, NULL);
	return fd;
}

/* Signals are waited for like anything else; threads that start later inherit that. */
static int take_signals(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction usual = {.sa_handler = SIG_DFL};
	sigset_t set;

	/* A script's shell has its children in the background ignore it. */
	sigaction(SIGINT, &usual, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGTSTP);
	sigaction(SIGPIPE, &ignore, NULL);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int make_events(struct live *live, struct error *error)
{
	live->signals = take_signals();
	live->common.answers = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	live->hosts = hosts_watch();
	live->interval_timer = make_timer(live->options->interval_ns, live->options->interval_ns);
	live->duration_timer = make_timer(live->options->duration_ns, 0);
	if (live->signals < 0 || live->common.answers < 0 || live->interval_timer < 0 ||
	    live->duration_timer < 0)
		return error_set(error, errno, "no descriptor for timers and signals: %s",
				 strerror(errno));
	return 0;
}

static void say_listening(const struct live *live)
{
	const struct options *options = live->options;

	if (options->quiet)
		return;
	for (size_t i = 0; i < options->interface_count; i++)
		complain("listening on %s%s", options->interfaces[i],
			 live->screen || options->duration_ns || options->count
				 ? ""
				 : "; Ctrl-C ends it");
}

/* Several interfaces are several capture points: their rows are told apart. */
static struct options with_interfaces(const struct options *given)
{
	struct options options = *given;

	if (options.interface_count > 1)
		options.by_interface = true;
	return options;
}

/* Everything up to the first packet. -EINVAL: the user asked for something wrong. */
static int start(struct live *live, struct error *error)
{
	const struct options *options = live->options;
	struct privileges privileges;
	int result = privileges_find(options->user, &privileges, error);

	if (!result && (result = find_local(options, &live->local[0])) < 0)
		error_set(error, -result, "this machine's addresses cannot be read: %s",
			  strerror(-result));
	if (!result)
		result = printing_init(&live->printing, options, &live->interfaces,
				       prints_intervals(options), error);
	if (!result && options->samples)
		live->common.output = live->printing.output;
	if (!result)
		result = make_groups(live, error);
	if (!result)
		result = open_interfaces(live, error);
	if (!result)
		result = privileges_drop(&privileges, error);
	if (!result)
		result = make_events(live, error);
	return result;
}

static int start_workers(struct live *live, struct error *error)
{
	int result = 0;

	for (size_t i = 0; i < live->worker_count; i++)
		if (live->options->threads > 1)
			live_source_start(live->workers[i].source);
	for (size_t i = 0; i < live->worker_count && !result; i++)
		result = worker_start(&live->workers[i], error);
	return result;
}

static void done(struct live *live)
{
	for (size_t i = 0; i < live->worker_count; i++)
		worker_done(&live->workers[i]);
	free(live->workers);
	groups_free(live->interval);
	groups_free(live->total);
	printing_done(&live->printing);
	interfaces_done(&live->interfaces);
	prefixes_done(&live->local[0]);
	prefixes_done(&live->local[1]);
	for (int *fd = (int[]){live->signals, live->common.answers, live->interval_timer,
			       live->duration_timer, live->hosts, -2};
	     *fd != -2; fd++)
		if (*fd >= 0)
			close(*fd);
	pthread_mutex_destroy(&live->common.printing);
}

/* ---- intervals ---- */

/* Asks all workers for the groups of the interval that ends now. */
static void ask(struct live *live)
{
	live->generation++;
	for (size_t i = 0; i < live->worker_count; i++) {
		struct worker *worker = &live->workers[i];

		groups_reset(worker->handover.groups, live->generation);
		worker->handover.local = &live->local[live->local_now];
		worker_ask(worker);
	}
	live->asked = true;
}

static bool all_answered(struct live *live)
{
	for (size_t i = 0; i < live->worker_count; i++)
		if (!worker_answered(&live->workers[i]))
			return false;
	return true;
}

/* Puts what the workers handed over together. */
static void collect(struct live *live)
{
	groups_reset(live->interval, 0);
	live->facts = (struct output_facts){.live = true, .counters = &live->counters};
	live->counters = (struct tcpm_counters){0};
	for (size_t i = 0; i < live->worker_count; i++) {
		struct worker *worker = &live->workers[i];

		facts_add(&live->facts, &live->counters, &worker->handover.facts);
		groups_merge(live->interval, worker->handover.groups);
		worker->state = HANDOVER_NONE;
	}
	if (live->total)
		groups_merge(live->total, live->interval);
	live->any_interval = true;
	live->asked = false;
}

static void draw(struct live *live)
{
	struct output_window window;
	char notice[160];

	screen_window(&window);
	complain_latest(notice, sizeof(notice));
	live->facts.notice = notice;
	output_screen(live->printing.output, live->total,
		      live->any_interval ? live->interval : NULL, &live->facts, &window);
	live->facts.notice = NULL;
}

/* Shows the interval that was collected last. */
static void show(struct live *live)
{
	struct output *output = live->printing.output;

	if (live->common.output)
		return; /* the workers print */
	if (live->screen)
		draw(live);
	else if (prints_intervals(live->options))
		output_interval(output, live->interval, clock_ns());
	if (output_flush(output) < 0)
		live->common.write_failed = true;
}

/* ---- events ---- */

/* The terminal belongs to the shell while the program is stopped. */
static void suspend(struct live *live)
{
	if (live->screen)
		screen_close();
	raise(SIGSTOP);
	if (live->screen) {
		screen_open();
		draw(live);
		output_flush(live->printing.output);
	}
}

static void on_signals(struct live *live)
{
	struct signalfd_siginfo info;

	while (read(live->signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGWINCH:
			if (live->screen) {
				draw(live);
				output_flush(live->printing.output);
			}
			break;
		case SIGTSTP:
			suspend(live);
			break;
		default:
			live->stopped = true;
			live->common.stop = true;
		}
	}
}

static void drain(int fd)
{
	uint64_t count;
	ssize_t result = read(fd, &count, sizeof(count));

	(void)result; /* that it is empty is all that counts */
}

static bool all_ended(const struct live *live)
{
	for (size_t i = 0; i < live->worker_count; i++)
		if (live->workers[i].started && !live->workers[i].ended)
			return false;
	return true;
}

/* Waits for something to happen, and deals with it. */
static void step(struct live *live)
{
	enum { SIGNALS, ANSWERS, INTERVAL, DURATION, HOSTS, EVENTS };
	struct pollfd polled[EVENTS] = {
		[SIGNALS] = {.fd = live->signals, .events = POLLIN},
		[ANSWERS] = {.fd = live->common.answers, .events = POLLIN},
		[INTERVAL] = {.fd = live->interval_timer, .events = POLLIN},
		[DURATION] = {.fd = live->duration_timer, .events = POLLIN},
		[HOSTS] = {.fd = live->hosts, .events = POLLIN},
	};

	if (poll(polled, EVENTS, -1) < 0)
		return;
	if (polled[SIGNALS].revents)
		on_signals(live);
	if (polled[DURATION].revents)
		live->common.stop = true;
	if (polled[HOSTS].revents)
		renew_local(live);
	if (polled[ANSWERS].revents)
		drain(live->common.answers);
	/* An interval that ends while the one before is still being asked for is one with
	 * the next. */
	if (polled[INTERVAL].revents) {
		drain(live->interval_timer);
		if (!live->asked)
			ask(live);
	}
	if (live->asked && all_answered(live)) {
		collect(live);
		show(live);
	}
	if (all_ended(live))
		live->common.stop = true;
}

static bool stop_is_pending(struct live *live)
{
	live->stopped = false;
	on_signals(live);
	return live->stopped;
}

/* Waits for the workers. One may be held up by a reader that takes no samples; then a
 * further signal ends the program. Not one that comes along with the first: programs that
 * pass signals on do it twice. */
static void join(struct live *live)
{
	int64_t start_ns = clock_ns();

	for (size_t i = 0; i < live->worker_count; i++)
		worker_wake(&live->workers[i]);
	while (!all_ended(live)) {
		struct pollfd polled[] = {
			{.fd = live->signals, .events = POLLIN},
			{.fd = live->common.answers, .events = POLLIN},
		};

		poll(polled, 2, -1);
		if (polled[1].revents)
			drain(live->common.answers);
		if (polled[0].revents && stop_is_pending(live) && clock_ns() - start_ns > SECOND_NS)
			_exit(EXIT_NOT_ALL);
	}
	for (size_t i = 0; i < live->worker_count; i++) {
		worker_join(&live->workers[i]);
		live->failed |= live->workers[i].failed || live->workers[i].measure.filter_refused;
	}
}

/* From now on signals do what they do by themselves. */
static void release_signals(struct live *live)
{
	sigset_t set;

	stop_is_pending(live); /* those that came so far have been heard */
	sigfillset(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void finish(struct live *live)
{
	if (live->screen)
		screen_close();
	join(live);
	release_signals(live);
	/* What was asked for before the end may have come. */
	if (live->asked && all_answered(live))
		collect(live);
	ask(live);
	if (all_answered(live))
		collect(live);
	live->screen = false;
	if (live->options->interval_ns > 0)
		show(live);
}

static void report(struct live *live)
{
	const struct groups *groups = live->total ? live->total : live->interval;

	output_report(live->printing.output, groups, &live->facts);
	if (printing_end(&live->printing) < 0)
		live->failed = true;
}

static enum exit_status capture(struct live *live)
{
	struct error error;

	live->screen = !live->options->samples && live->options->format == FORMAT_TABLE &&
		       live->options->interval_ns > 0 && screen_possible();
	say_listening(live);
	if (start_workers(live, &error) < 0) {
		complain("%s", error.text);
		live->failed = true;
		live->common.stop = true;
	}
	if (live->screen) {
		screen_open();
		live->facts.counters = &live->counters;
		draw(live);
		output_flush(live->printing.output);
	}
	while (!live->common.stop && !live->common.write_failed)
		step(live);
	finish(live);
	report(live);
	return live->failed ? EXIT_NOT_ALL : EXIT_ALL_DONE;
}

enum exit_status run_live(const struct options *given)
{
	const struct options with = with_interfaces(given);
	const struct options *options = &with;
	struct live live = {
		.options = options,
		.signals = -1,
		.interval_timer = -1,
		.duration_timer = -1,
		.hosts = -1,
		.common = {.answers = -1,
			   .printing = PTHREAD_MUTEX_INITIALIZER,
			   .limited = options->count > 0,
			   .packets_left = options->count > INT64_MAX ? INT64_MAX
								      : (long long)options->count},
	};
	enum exit_status status;
	struct error error;
	int result;

	interfaces_init(&live.interfaces);
	result = start(&live, &error);
	if (result < 0) {
		complain("%s", error.text);
		status = result == -EINVAL ? EXIT_USAGE : EXIT_NOT_ALL;
	} else {
		status = capture(&live);
	}
	done(&live);
	return status;
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
		complain("%s", error.text);
		return EXIT_NOT_ALL;
	}
	return EXIT_ALL_DONE;
}
