/*
 * The loop of a service: see service.h and serving.h.
 */
#include "app/service.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/change.h"
#include "app/complain.h"
#include "app/event.h"
#include "app/log.h"
#include "app/notify.h"
#include "app/privileges.h"
#include "app/report.h"
#include "app/round.h"
#include "app/serving.h"
#include "app/whitelist.h"
#include "tcpmetro.h"

/* A pair without a sample for so long goes from what Prometheus is told. */
#define FORGET_NS       (3600 * SECOND_NS)
#define FORGET_EVERY_NS (60 * SECOND_NS)

/* Pairs whose smoothed round trips are remembered: more than any report should have. */
#define SMOOTHED_PAIRS 100000

#define LEAST_TICK_NS (SECOND_NS / 100)

/* At the end: for so long the capture threads are waited for. */
#define END_MS 1000

/* ---- the configuration ---- */

static void warn(void *user, const char *sentence)
{
	(void)user;
	complain("%s", sentence);
}

static void set_timers(struct serving *serving, int64_t interval_ns_before)
{
	int64_t interval_ns = serving->config->options.service.statsd_interval_ns;

	if (interval_ns != interval_ns_before)
		timer_set(serving->statsd_timer, interval_ns, interval_ns);
}

/* What systemd is told of the state. */
static void tell_ready(const struct serving *serving)
{
	char status[160];
	size_t running = 0;

	for (size_t i = 0; i < serving->probe_count; i++)
		running += serving->probes[i]->state == PROBE_RUNNING;
	snprintf(status, sizeof(status), "%zu of %zu captures are running", running,
		 serving->probe_count);
	notify_ready(status);
}

/* On any error the service goes on as it was. */
static void reload(struct serving *serving)
{
	int64_t interval_ns = serving->config->options.service.statsd_interval_ns;
	struct service *config;
	struct change change;
	struct error error;
	int result;

	notify_reloading();
	log_reopen();
	result = service_load(serving->given->config, serving->given, &config, warn, NULL, &error);
	if (!result)
		result = change_prepare(&change, serving, config, round_request, &error);
	if (result < 0) {
		serving->reloads_failed++;
		log_line(LOG_LEVEL_ERROR, "%s; the configuration before stays in force",
			 error.text);
	} else {
		change_commit(&change, serving);
		serving->reloads++;
		serving->local.changed = true;
		set_timers(serving, interval_ns);
		log_line(LOG_LEVEL_INFO, "the configuration %s is in force",
			 serving->given->config);
	}
	tell_ready(serving);
}

/* ---- events ---- */

/* After an address of this machine has come or gone; not while a round is under way. */
static void renew_local(struct serving *serving)
{
	if (serving->asked || !local_renew(&serving->local, &serving->config->options))
		return;
	for (size_t i = 0; i < serving->probe_count; i++)
		probe_set_local(serving->probes[i], local_set(&serving->local));
}

static void follow(struct probe *probe)
{
	struct error error;
	int result = probe_follow(probe, &error);

	if (result < 0)
		log_line(LOG_LEVEL_ERROR, "%s: %s", probe_name(probe), error.text);
	else if (result > 0)
		log_line(LOG_LEVEL_INFO, "%s: looks at %.500s", probe_name(probe),
			 probe->expression ? probe->expression : "everything");
}

/* The names of hosts have changed. */
static void follow_names(struct serving *serving)
{
	for (size_t i = 0; i < serving->probe_count; i++)
		follow(serving->probes[i]);
}

static void on_signals(struct serving *serving)
{
	struct signalfd_siginfo info;

	while (read(serving->signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGHUP:
			reload(serving);
			break;
		case SIGUSR1:
			serving->state_due = true;
			round_begin(serving);
			break;
		default:
			log_line(LOG_LEVEL_INFO, "%s: it ends",
				 info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
			serving->stop = true;
		}
	}
}

/* A capture that is not there is tried again. */
static void retry(struct serving *serving, struct probe *probe)
{
	int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	struct error error;
	int result;

	if (now_ns < probe->retry_ns)
		return;
	probe->retry_ns = now_ns + SERVING_RETRY_NS;
	result = probe_open(probe, local_set(&serving->local), &error);
	if (!result)
		result = probe_start(probe, &error);
	if (!result)
		log_line(LOG_LEVEL_INFO, "%s: is there, and captured", probe_name(probe));
	else
		log_line(LOG_LEVEL_DEBUG, "%s", error.text);
}

static void look_after(struct serving *serving, struct probe *probe)
{
	switch (probe->state) {
	case PROBE_RUNNING:
		if (probe->patient_ns && clock_ns(CLOCK_MONOTONIC) > probe->patient_ns) {
			probe->patient_ns = 0;
			follow(probe);
		}
		if (!probe_ended(probe))
			break;
		probe_close(probe);
		probe->retry_ns = clock_ns(CLOCK_MONOTONIC) + SERVING_RETRY_NS;
		serving->failed |= probe->failed;
		if (probe->state == PROBE_READ)
			log_line(LOG_LEVEL_INFO, "%s: it was read to its end%s",
				 probe->instance->pcap,
				 probe->failed ? ", as far as that could be" : "");
		else
			log_line(LOG_LEVEL_ERROR, "%s: the capture has ended; it is tried again",
				 probe_name(probe));
		break;
	case PROBE_CLOSED:
		retry(serving, probe);
		break;
	case PROBE_OPEN:
	case PROBE_READ:
		break;
	}
}

/* Captures of files end; when no other is left, and nobody may come to ask, so does the
 * service. */
static bool all_read(const struct serving *serving)
{
	for (size_t i = 0; i < serving->probe_count; i++)
		if (serving->probes[i]->state != PROBE_READ)
			return false;
	return !serving->http;
}

/* How often something is looked after. A short watchdog wants to hear more often. */
static int64_t tick_ns(void)
{
	int64_t quarter_ns = notify_watchdog_ns() / 4;

	if (quarter_ns == 0 || quarter_ns > SECOND_NS)
		return SECOND_NS;
	return quarter_ns < LEAST_TICK_NS ? LEAST_TICK_NS : quarter_ns;
}

static void on_tick(struct serving *serving)
{
	int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	int64_t watchdog_ns = notify_watchdog_ns();

	for (size_t i = 0; i < serving->probe_count; i++)
		look_after(serving, serving->probes[i]);
	if (now_ns - serving->forgot_ns > FORGET_EVERY_NS) {
		for (size_t i = 0; i < serving->probe_count; i++)
			probe_forget_before(serving->probes[i],
					    clock_ns(CLOCK_REALTIME) - FORGET_NS);
		serving->forgot_ns = now_ns;
	}
	/* Half of the time must not pass before the next tick, even if that is late. */
	if (watchdog_ns && now_ns - serving->alive_ns > watchdog_ns / 2 - tick_ns() * 3 / 2 &&
	    !round_is_stuck(serving)) {
		/* The capture threads must answer now and then, for us to be alive. */
		round_begin(serving);
		notify_alive();
		serving->alive_ns = now_ns;
	}
	if (all_read(serving)) {
		log_line(LOG_LEVEL_INFO, "all captures have been read: it ends");
		serving->stop = true;
	}
}

enum { SIGNALS, STATSD, TICK, HOSTS, HTTP, FIXED };

static void on_events(struct serving *serving, const struct pollfd *polled)
{
	if (polled[SIGNALS].revents)
		on_signals(serving);
	if (polled[HOSTS].revents)
		local_notice(&serving->local);
	if (polled[STATSD].revents) {
		event_drain(serving->statsd_timer);
		serving->report_due = true;
		round_begin(serving);
	}
	if (polled[TICK].revents) {
		event_drain(serving->tick);
		on_tick(serving);
	}
}

static int sooner(int timeout_ms, int other_ms)
{
	if (other_ms < 0)
		return timeout_ms;
	return timeout_ms < 0 || other_ms < timeout_ms ? other_ms : timeout_ms;
}

/* For how long nothing is to be done but what descriptors tell. */
static int idle_ms(struct serving *serving)
{
	int timeout_ms = serving->http ? http_timeout_ms(serving->http) : -1;

	if (serving->datagram && datagram_run(serving->datagram) > 0)
		timeout_ms = sooner(timeout_ms, DATAGRAM_PAUSE_NS / 1000000);
	return timeout_ms;
}

/* Waits for something to happen, and deals with it. The descriptors that are polled are
 * allocated, as there is one for each probe; polled[FIXED] are the probes'. */
static void step(struct serving *serving, struct pollfd *polled)
{
	size_t count = FIXED;
	int timeout_ms = idle_ms(serving);
	size_t names;

	polled[SIGNALS] = (struct pollfd){.fd = serving->signals, .events = POLLIN};
	polled[STATSD] = (struct pollfd){.fd = serving->statsd_timer, .events = POLLIN};
	polled[TICK] = (struct pollfd){.fd = serving->tick, .events = POLLIN};
	polled[HOSTS] = (struct pollfd){.fd = serving->local.watch, .events = POLLIN};
	polled[HTTP] = (struct pollfd){.fd = serving->http ? http_fd(serving->http) : -1,
				       .events = POLLIN};
	for (size_t i = 0; i < serving->probe_count; i++)
		polled[count++] =
			(struct pollfd){.fd = serving->probes[i]->state == PROBE_RUNNING
						      ? serving->probes[i]->workers.common.answers
						      : -1,
					.events = POLLIN};
	names = resolver_poll(serving->resolver, polled + count, &timeout_ms);
	if (poll(polled, count + names, timeout_ms) < 0) {
		if (errno != EINTR) {
			log_line(LOG_LEVEL_ERROR, "poll: %s", strerror(errno));
			usleep(100 * 1000);
		}
		return;
	}
	for (size_t i = FIXED; i < count; i++)
		if (polled[i].revents)
			event_drain(polled[i].fd);
	if (resolver_run(serving->resolver, polled + count, names))
		follow_names(serving);
	/* It may answer by starting a round. */
	if (serving->http)
		http_run(serving->http);
	round_take(serving);
	on_events(serving, polled);
	renew_local(serving);
}

static void serve(struct serving *serving)
{
	while (!serving->stop) {
		/* A reload may bring more probes. */
		struct pollfd *polled =
			calloc(FIXED + serving->probe_count + RESOLVER_MAX_FDS, sizeof(*polled));

		if (!polled) {
			log_line(LOG_LEVEL_CRITICAL, "out of memory: it ends");
			serving->failed = true;
			break;
		}
		step(serving, polled);
		free(polled);
	}
}

/* ---- start and end ---- */

static int take_signals(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;

	sigaction(SIGPIPE, &ignore, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int make_descriptors(struct serving *serving, struct error *error)
{
	serving->signals = take_signals();
	serving->statsd_timer = timer_new(0, 0);
	serving->tick = timer_new(tick_ns(), tick_ns());
	if (serving->signals < 0 || serving->statsd_timer < 0 || serving->tick < 0)
		return error_set(error, errno, "no descriptor for signals and timers: %s",
				 strerror(errno));
	return 0;
}

/* The log stays the user's who is left, for it is opened again. */
static void hand_log_over(const struct privileges *privileges)
{
	int result = geteuid() == 0 ? log_give(privileges->uid, privileges->gid) : 0;

	if (result < 0)
		log_line(LOG_LEVEL_WARNING, "the log cannot be given to the user %s: %s",
			 privileges->name, strerror(-result));
}

/* What is read again must be readable for who is left. */
static void check_rereading(const struct options *options)
{
	if (access(options->config, R_OK) < 0)
		log_line(LOG_LEVEL_WARNING,
			 "%s can be read by root, but not again after rights were given up: %s; "
			 "a reload will fail",
			 options->config, strerror(errno));
}

/* Opens all that the configuration names, gives up what rights are not needed any more, and
 * begins. Opening a capture after a reload takes the right that is kept. */
static int start(struct serving *serving, struct service *config, struct error *error)
{
	struct privileges privileges = {.uid = geteuid(), .gid = getegid()};
	const struct options *options = &config->options;
	struct change change;
	int result = make_descriptors(serving, error);

	if (!result && geteuid() == 0)
		result = privileges_find(options->user, &privileges, error);
	if (!result)
		result = local_init(&serving->local, options, error);
	if (result < 0) {
		service_free(config);
		return result;
	}
	result = change_prepare(&change, serving, config, round_request, error);
	if (result < 0)
		return result;
	hand_log_over(&privileges);
	result = privileges_drop(&privileges, true, error);
	if (result < 0) {
		change_cancel(&change, serving);
		return result;
	}
	check_rereading(options);
	change_commit(&change, serving);
	set_timers(serving, 0);
	return 0;
}

static bool all_ended(const struct serving *serving)
{
	for (size_t i = 0; i < serving->probe_count; i++)
		if (!probe_ended(serving->probes[i]))
			return false;
	return true;
}

/* Has all capture threads end. Returns whether they have: one may be held up by a file that
 * is a pipe. */
static bool stop_probes(struct serving *serving)
{
	for (size_t i = 0; i < serving->probe_count; i++)
		probe_stop(serving->probes[i]);
	for (int ms = 0; ms < END_MS && !all_ended(serving); ms += 10)
		usleep(10 * 1000);
	for (size_t i = 0; i < serving->probe_count; i++)
		if (probe_ended(serving->probes[i]) && serving->probes[i]->state == PROBE_RUNNING)
			probe_close(serving->probes[i]);
	return all_ended(serving);
}

/* The last report, with all that there is to send. */
static void finish(struct serving *serving)
{
	bool ended;

	notify_stopping();
	ended = stop_probes(serving);
	for (size_t i = 0; i < serving->probe_count; i++)
		serving->failed |= serving->probes[i]->failed;
	report_statsd(serving);
	if (serving->datagram)
		datagram_flush(serving->datagram);
	if (!ended) {
		log_line(LOG_LEVEL_WARNING, "a capture file is still being waited for");
		log_close();
		_exit(EXIT_NOT_ALL);
	}
}

static void done(struct serving *serving)
{
	for (size_t i = 0; i < serving->probe_count; i++)
		probe_free(serving->probes[i]);
	free(serving->probes);
	http_close(serving->http);
	statsd_done(&serving->statsd);
	smooth_done(&serving->smooth);
	datagram_close(serving->datagram);
	resolver_free(serving->resolver);
	local_done(&serving->local);
	service_free(serving->config);
	close_if_open(serving->signals);
	close_if_open(serving->statsd_timer);
	close_if_open(serving->tick);
	log_close();
}

static enum exit_status status_of(int result)
{
	return result == -EINVAL ? EXIT_USAGE : EXIT_NOT_ALL;
}

enum exit_status run_service(const struct options *options)
{
	struct serving serving = {
		.given = options,
		.signals = -1,
		.statsd_timer = -1,
		.tick = -1,
		.local = {.watch = -1},
		.smooth = {.max = SMOOTHED_PAIRS, .seed = measure_secret()},
		.start_ns = clock_ns(CLOCK_REALTIME),
	};
	struct service *config;
	struct error error;
	int result = service_load(options->config, options, &config, warn, NULL, &error);

	if (result < 0) {
		complain("%s", error.text);
		return status_of(result);
	}
	result = start(&serving, config, &error);
	if (result < 0) {
		complain("%s", error.text);
		done(&serving);
		return status_of(result);
	}
	complain_through(log_complaint);
	log_line(LOG_LEVEL_INFO, "tcpmetro %s begins by %s", tcpm_version(), options->config);
	tell_ready(&serving);
	serve(&serving);
	finish(&serving);
	complain_through(NULL);
	done(&serving);
	return serving.failed ? EXIT_NOT_ALL : EXIT_ALL_DONE;
}

static int check_filters(const struct service *config, struct error *error)
{
	struct resolver *resolver = NULL;
	int result = resolver_new(NULL, 0, &resolver, error);

	if (!result)
		result = whitelist_check(config, resolver, error);
	resolver_free(resolver);
	return result;
}

enum exit_status check_service(const struct options *options)
{
	struct service *config;
	struct error error;
	int result = service_load(options->config, options, &config, warn, NULL, &error);

	if (!result) {
		result = check_filters(config, &error);
		if (!result)
			printf("%s is right: %zu instance%s\n", options->config,
			       config->instance_count, config->instance_count == 1 ? "" : "s");
		service_free(config);
	}
	if (result < 0) {
		complain("%s", error.text);
		return status_of(result);
	}
	return fflush(stdout) == 0 ? EXIT_ALL_DONE : EXIT_NOT_ALL;
}
