/*
 * The loop of a service: see service.h and serving.h.
 */
#include "service/service.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "service/collect.h"
#include "service/host_filter.h"
#include "service/publish.h"
#include "service/reload.h"
#include "service/service_state.h"
#include "system/event_fd.h"
#include "system/log.h"
#include "system/message.h"
#include "system/privileges.h"
#include "system/sd_notify.h"
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
	message_print("%s", sentence);
}

static void set_timers(struct service_state *state, int64_t interval_ns_before)
{
	int64_t interval_ns = state->config->options.service.statsd_interval_ns;

	if (interval_ns != interval_ns_before)
		timer_fd_set(state->statsd_timer, interval_ns, interval_ns);
}

/* What systemd is told of the state. */
static void tell_ready(const struct service_state *state)
{
	char status[160];
	size_t running = 0;

	for (size_t i = 0; i < state->monitor_count; i++)
		running += state->monitors[i]->state == MONITOR_RUNNING;
	snprintf(status, sizeof(status), "%zu of %zu captures are running", running,
		 state->monitor_count);
	sd_notify_ready(status);
}

/* On any error the service goes on as it was. */
static void reload(struct service_state *state)
{
	int64_t interval_ns = state->config->options.service.statsd_interval_ns;
	struct service_config *config;
	struct reload reload;
	struct error error;
	int result;

	sd_notify_reloading();
	log_reopen();
	result = service_config_load(state->given->config, state->given, &config, warn, NULL,
				     &error);
	if (!result)
		result = reload_prepare(&reload, state, config, collect_request, &error);
	if (result < 0) {
		state->reloads_failed++;
		log_line(LOG_LEVEL_ERROR, "%s; the previous configuration stays in force",
			 error.text);
	} else {
		reload_commit(&reload, state);
		state->reloads++;
		state->local.changed = true;
		set_timers(state, interval_ns);
		log_line(LOG_LEVEL_INFO, "the configuration %s is in force", state->given->config);
	}
	tell_ready(state);
}

/* ---- events ---- */

/* After an address of this machine has come or gone; not while a round is under way. */
static void renew_local(struct service_state *state)
{
	if (state->asked || !local_hosts_refresh(&state->local, &state->config->options))
		return;
	for (size_t i = 0; i < state->monitor_count; i++)
		monitor_set_local(state->monitors[i], local_hosts_current(&state->local));
}

static void follow(struct monitor *monitor)
{
	struct error error;
	int result = monitor_follow(monitor, &error);

	if (result < 0)
		log_line(LOG_LEVEL_ERROR, "%s: %s", monitor_name(monitor), error.text);
	else if (result > 0)
		log_line(LOG_LEVEL_INFO, "%s: measures %.500s", monitor_name(monitor),
			 monitor->expression ? monitor->expression : "everything");
}

/* The names of hosts have changed. */
static void follow_names(struct service_state *state)
{
	for (size_t i = 0; i < state->monitor_count; i++)
		follow(state->monitors[i]);
}

static void on_signals(struct service_state *state)
{
	struct signalfd_siginfo info;

	while (read(state->signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGHUP:
			reload(state);
			break;
		case SIGUSR1:
			state->state_due = true;
			collect_begin(state);
			break;
		default:
			log_line(LOG_LEVEL_INFO, "%s: stopping",
				 info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
			state->stop = true;
		}
	}
}

/* A capture that is not there is tried again. */
static void retry(struct service_state *state, struct monitor *monitor)
{
	int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	struct error error;
	int result;

	if (now_ns < monitor->retry_ns)
		return;
	monitor->retry_ns = now_ns + SERVICE_RETRY_NS;
	result = monitor_open(monitor, local_hosts_current(&state->local), &error);
	if (!result)
		result = monitor_start(monitor, &error);
	if (!result)
		log_line(LOG_LEVEL_INFO, "%s: appeared, capture started", monitor_name(monitor));
	else
		log_line(LOG_LEVEL_DEBUG, "%s", error.text);
}

static void look_after(struct service_state *state, struct monitor *monitor)
{
	switch (monitor->state) {
	case MONITOR_RUNNING:
		if (monitor->patient_ns && clock_ns(CLOCK_MONOTONIC) > monitor->patient_ns) {
			monitor->patient_ns = 0;
			follow(monitor);
		}
		if (!monitor_ended(monitor))
			break;
		monitor_close(monitor);
		monitor->retry_ns = clock_ns(CLOCK_MONOTONIC) + SERVICE_RETRY_NS;
		state->failed |= monitor->failed;
		if (monitor->state == MONITOR_READ)
			log_line(LOG_LEVEL_INFO, "%s: was read to its end%s",
				 monitor->instance->pcap,
				 monitor->failed ? ", as far as possible" : "");
		else
			log_line(LOG_LEVEL_ERROR, "%s: the capture has ended; retrying",
				 monitor_name(monitor));
		break;
	case MONITOR_CLOSED:
		retry(state, monitor);
		break;
	case MONITOR_OPEN:
	case MONITOR_READ:
		break;
	}
}

/* Captures of files end; when no other is left, and nobody may come to ask, so does the
 * service. */
static bool all_read(const struct service_state *state)
{
	for (size_t i = 0; i < state->monitor_count; i++)
		if (state->monitors[i]->state != MONITOR_READ)
			return false;
	return !state->http;
}

/* How often something is looked after. A short watchdog wants to hear more often. */
static int64_t tick_ns(void)
{
	int64_t quarter_ns = sd_notify_watchdog_ns() / 4;

	if (quarter_ns == 0 || quarter_ns > SECOND_NS)
		return SECOND_NS;
	return quarter_ns < LEAST_TICK_NS ? LEAST_TICK_NS : quarter_ns;
}

static void on_tick(struct service_state *state)
{
	int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	int64_t watchdog_ns = sd_notify_watchdog_ns();

	for (size_t i = 0; i < state->monitor_count; i++)
		look_after(state, state->monitors[i]);
	if (now_ns - state->forgot_ns > FORGET_EVERY_NS) {
		for (size_t i = 0; i < state->monitor_count; i++)
			monitor_forget_before(state->monitors[i],
					      clock_ns(CLOCK_REALTIME) - FORGET_NS);
		state->forgot_ns = now_ns;
	}
	/* Half of the time must not pass before the next tick, even if that is late. */
	if (watchdog_ns && now_ns - state->alive_ns > watchdog_ns / 2 - tick_ns() * 3 / 2 &&
	    !collect_is_stuck(state)) {
		/* The capture threads must answer now and then, for us to be alive. */
		collect_begin(state);
		sd_notify_alive();
		state->alive_ns = now_ns;
	}
	if (all_read(state)) {
		log_line(LOG_LEVEL_INFO, "all captures have been read: stopping");
		state->stop = true;
	}
}

enum { SIGNALS, STATSD, TICK, HOSTS, HTTP, FIXED };

static void on_events(struct service_state *state, const struct pollfd *polled)
{
	if (polled[SIGNALS].revents)
		on_signals(state);
	if (polled[HOSTS].revents)
		local_hosts_notice(&state->local);
	if (polled[STATSD].revents) {
		event_fd_drain(state->statsd_timer);
		state->report_due = true;
		collect_begin(state);
	}
	if (polled[TICK].revents) {
		event_fd_drain(state->tick);
		on_tick(state);
	}
}

static int sooner(int timeout_ms, int other_ms)
{
	if (other_ms < 0)
		return timeout_ms;
	return timeout_ms < 0 || other_ms < timeout_ms ? other_ms : timeout_ms;
}

/* For how long nothing is to be done but what descriptors tell. */
static int idle_ms(struct service_state *state)
{
	int timeout_ms = state->http ? http_timeout_ms(state->http) : -1;

	if (state->datagram && datagram_run(state->datagram) > 0)
		timeout_ms = sooner(timeout_ms, DATAGRAM_PAUSE_NS / 1000000);
	return timeout_ms;
}

/* Waits for something to happen, and deals with it. The descriptors that are polled are
 * allocated, as there is one for each probe; polled[FIXED] are the probes'. */
static void step(struct service_state *state, struct pollfd *polled)
{
	size_t count = FIXED;
	int timeout_ms = idle_ms(state);
	size_t names;

	polled[SIGNALS] = (struct pollfd){.fd = state->signals, .events = POLLIN};
	polled[STATSD] = (struct pollfd){.fd = state->statsd_timer, .events = POLLIN};
	polled[TICK] = (struct pollfd){.fd = state->tick, .events = POLLIN};
	polled[HOSTS] = (struct pollfd){.fd = state->local.watch, .events = POLLIN};
	polled[HTTP] =
		(struct pollfd){.fd = state->http ? http_fd(state->http) : -1, .events = POLLIN};
	for (size_t i = 0; i < state->monitor_count; i++)
		polled[count++] =
			(struct pollfd){.fd = state->monitors[i]->state == MONITOR_RUNNING
						      ? state->monitors[i]->workers.common.answers
						      : -1,
					.events = POLLIN};
	names = resolver_poll(state->resolver, polled + count, &timeout_ms);
	if (poll(polled, count + names, timeout_ms) < 0) {
		if (errno != EINTR) {
			log_line(LOG_LEVEL_ERROR, "poll: %s", strerror(errno));
			usleep(100 * 1000);
		}
		return;
	}
	for (size_t i = FIXED; i < count; i++)
		if (polled[i].revents)
			event_fd_drain(polled[i].fd);
	if (resolver_run(state->resolver, polled + count, names))
		follow_names(state);
	/* It may answer by starting a round. */
	if (state->http)
		http_run(state->http, clock_ns(CLOCK_MONOTONIC));
	collect_take(state);
	on_events(state, polled);
	renew_local(state);
}

static void serve(struct service_state *state)
{
	while (!state->stop) {
		/* A reload may bring more probes. */
		struct pollfd *polled =
			calloc(FIXED + state->monitor_count + RESOLVER_MAX_FDS, sizeof(*polled));

		if (!polled) {
			log_line(LOG_LEVEL_CRITICAL, "out of memory: stopping");
			state->failed = true;
			break;
		}
		step(state, polled);
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

static int make_descriptors(struct service_state *state, struct error *error)
{
	state->signals = take_signals();
	state->statsd_timer = timer_fd_new(0, 0);
	state->tick = timer_fd_new(tick_ns(), tick_ns());
	if (state->signals < 0 || state->statsd_timer < 0 || state->tick < 0)
		return error_set(error, errno,
				 "cannot create descriptors for signals and timers: %s",
				 strerror(errno));
	return 0;
}

/* The log stays the user's who is left, for it is opened again. */
static void hand_log_over(const struct privileges *privileges)
{
	int result = geteuid() == 0 ? log_give(privileges->uid, privileges->gid) : 0;

	if (result < 0)
		log_line(LOG_LEVEL_WARNING, "cannot change the owner of the log to %s: %s",
			 privileges->name, strerror(-result));
}

/* What is read again must be readable for who is left. */
static void check_rereading(const struct options *options)
{
	if (access(options->config, R_OK) < 0)
		log_line(LOG_LEVEL_WARNING,
			 "%s can be read by root, but not after privileges are dropped: %s; "
			 "a reload will fail",
			 options->config, strerror(errno));
}

/* Opens all that the configuration names, gives up what rights are not needed any more, and
 * begins. Opening a capture after a reload takes the right that is kept. */
static int start(struct service_state *state, struct service_config *config, struct error *error)
{
	struct privileges privileges = {.uid = geteuid(), .gid = getegid()};
	const struct options *options = &config->options;
	struct reload reload;
	int result = make_descriptors(state, error);

	if (!result && geteuid() == 0)
		result = privileges_find(options->user, &privileges, error);
	if (!result)
		result = local_hosts_init(&state->local, options, error);
	if (result < 0) {
		service_config_free(config);
		return result;
	}
	result = reload_prepare(&reload, state, config, collect_request, error);
	if (result < 0)
		return result;
	hand_log_over(&privileges);
	result = privileges_drop(&privileges, true, error);
	if (result < 0) {
		reload_cancel(&reload, state);
		return result;
	}
	check_rereading(options);
	reload_commit(&reload, state);
	set_timers(state, 0);
	return 0;
}

static bool all_ended(const struct service_state *state)
{
	for (size_t i = 0; i < state->monitor_count; i++)
		if (!monitor_ended(state->monitors[i]))
			return false;
	return true;
}

/* Has all capture threads end. Returns whether they have: one may be held up by a file that
 * is a pipe. */
static bool stop_probes(struct service_state *state)
{
	for (size_t i = 0; i < state->monitor_count; i++)
		monitor_stop(state->monitors[i]);
	for (int ms = 0; ms < END_MS && !all_ended(state); ms += 10)
		usleep(10 * 1000);
	for (size_t i = 0; i < state->monitor_count; i++)
		if (monitor_ended(state->monitors[i]) &&
		    state->monitors[i]->state == MONITOR_RUNNING)
			monitor_close(state->monitors[i]);
	return all_ended(state);
}

/* The last report, with all that there is to send. */
static void finish(struct service_state *state)
{
	bool ended;

	sd_notify_stopping();
	ended = stop_probes(state);
	for (size_t i = 0; i < state->monitor_count; i++)
		state->failed |= state->monitors[i]->failed;
	publish_statsd(state);
	if (state->datagram)
		datagram_flush(state->datagram);
	if (!ended) {
		log_line(LOG_LEVEL_WARNING, "a capture file is still being read");
		log_close();
		_exit(EXIT_NOT_ALL);
	}
}

static void done(struct service_state *state)
{
	for (size_t i = 0; i < state->monitor_count; i++)
		monitor_free(state->monitors[i]);
	free(state->monitors);
	http_close(state->http);
	statsd_done(&state->statsd);
	srtt_done(&state->srtt);
	datagram_close(state->datagram);
	resolver_free(state->resolver);
	local_hosts_done(&state->local);
	service_config_free(state->config);
	close_if_open(state->signals);
	close_if_open(state->statsd_timer);
	close_if_open(state->tick);
	log_close();
}

static enum exit_status status_of(int result)
{
	return result == -EINVAL ? EXIT_USAGE : EXIT_NOT_ALL;
}

enum exit_status run_service(const struct options *options)
{
	struct service_state state = {
		.given = options,
		.signals = -1,
		.statsd_timer = -1,
		.tick = -1,
		.local = {.watch = -1},
		.srtt = {.max = SMOOTHED_PAIRS, .seed = pipeline_secret()},
		.start_ns = clock_ns(CLOCK_REALTIME),
	};
	struct service_config *config;
	struct error error;
	int result = service_config_load(options->config, options, &config, warn, NULL, &error);

	if (result < 0) {
		message_print("%s", error.text);
		return status_of(result);
	}
	result = start(&state, config, &error);
	if (result < 0) {
		message_print("%s", error.text);
		done(&state);
		return status_of(result);
	}
	message_redirect(log_message);
	log_line(LOG_LEVEL_INFO, "tcpmetro %s started with %s", tcpm_version(), options->config);
	tell_ready(&state);
	serve(&state);
	finish(&state);
	message_redirect(NULL);
	done(&state);
	return state.failed ? EXIT_NOT_ALL : EXIT_ALL_DONE;
}

static int check_filters(const struct service_config *config, struct error *error)
{
	struct resolver *resolver = NULL;
	int result = resolver_new(NULL, 0, &resolver, error);

	if (!result)
		result = host_filter_check(config, resolver, error);
	resolver_free(resolver);
	return result;
}

enum exit_status check_service(const struct options *options)
{
	struct service_config *config;
	struct error error;
	int result = service_config_load(options->config, options, &config, warn, NULL, &error);

	if (!result) {
		result = check_filters(config, &error);
		if (!result)
			printf("%s: configuration OK: %zu instance%s\n", options->config,
			       config->instance_count, config->instance_count == 1 ? "" : "s");
		service_config_free(config);
	}
	if (result < 0) {
		message_print("%s", error.text);
		return status_of(result);
	}
	return fflush(stdout) == 0 ? EXIT_ALL_DONE : EXIT_NOT_ALL;
}
