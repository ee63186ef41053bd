/*
 * Capturing threads: see worker.h.
 */
#include "pipeline/worker.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "system/event_fd.h"
#include "system/message.h"
#include "system/privileges.h"

#define BATCH 256

/* How often a deleted interface is looked for. */
#define RESUME_MS 500

/* For how long it sleeps if nothing comes, and before something is tried again. */
#define IDLE_MS  1000
#define RETRY_MS 100

/* So often, in so long a time, the coming and going of an interface is told. */
#define TELL_MOST 6
#define TELL_MS   60000

/* Batches after which, if the worker never sleeps, samples go out and counters are read. */
#define FLUSH_BATCHES 64
#define COUNT_BATCHES 4096

/* At the end: for how long the kernel is waited for, which may hold packets back for a
 * while (live_open.c, BLOCK_MS), and for how long what it holds is read. */
#define LAST_WAIT_MS 120
#define LAST_READ_MS 500

static void on_sample(void *user, const struct tcpm_sample *sample, enum group_side side)
{
	struct worker *worker = user;
	const struct sample_output *output = worker->common->output;

	if (output->print(output->user, sample, side) < 0)
		worker->common->write_failed = true;
}

int worker_init(struct worker *worker, struct workers_common *common, struct source *source,
		bool live, const char *name, struct error *error)
{
	int result;

	*worker = (struct worker){.common = common, .source = source, .live = live, .wake = -1};
	snprintf(worker->name, sizeof(worker->name), "%s", name);
	worker->wake = event_fd_new();
	if (worker->wake >= 0)
		return 0;
	result = error_set(error, errno, "cannot create an eventfd: %s", strerror(errno));
	worker_done(worker);
	return result;
}

/* What of the filter is left to the measure. */
static void note_exact(struct worker *worker)
{
	enum live_exact exact = worker->live ? live_source_exact(worker->source) : LIVE_NOT_EXACT;

	worker->pipeline.frame_filter.filter_tagged = exact == LIVE_EXACT_BUT_TAGGED;
	if (exact == LIVE_TOO_LARGE && !worker->silent)
		message_print("%s: the filter is too large for the kernel, so the program itself "
			      "filters all packets; networks instead of addresses make it smaller",
			      worker->name);
}

int worker_measures(struct worker *worker, const struct options *options,
		    struct interface_names *names, const struct prefix_set *local, unsigned run,
		    struct error *error)
{
	const struct pipeline_role role = {.run = run, .sets = run * WORKER_SETS};
	int result = pipeline_init(&worker->pipeline, options, names, local, &role, error);

	if (result < 0)
		return result;
	note_exact(worker);
	if (worker->common->output) {
		worker->pipeline.sample = on_sample;
		worker->pipeline.user = worker;
	}
	return 0;
}

/* How many packets may be read, out of those left to all. */
static int reserve(struct workers_common *common)
{
	long long left;

	if (!common->limited)
		return BATCH;
	left = atomic_fetch_sub(&common->packets_left, BATCH);
	if (left >= BATCH)
		return BATCH;
	atomic_fetch_add(&common->packets_left, left > 0 ? BATCH - left : BATCH);
	return left > 0 ? (int)left : 0;
}

static void give_back(struct workers_common *common, int count)
{
	if (common->limited && count > 0)
		atomic_fetch_add(&common->packets_left, count);
}

static void measure_batch(struct worker *worker, struct tcpm_frame *frames, int count)
{
	struct workers_common *common = worker->common;

	if (common->output)
		pthread_mutex_lock(&common->printing);
	pipeline_feed(&worker->pipeline, worker->source, frames, count);
	if (common->output)
		pthread_mutex_unlock(&common->printing);
}

/* One batch. Returns as source_next; 0: no more packets are wanted. */
static int read_batch(struct worker *worker, struct error *error)
{
	struct workers_common *common = worker->common;
	struct tcpm_frame frames[BATCH];
	int most = reserve(common);
	int count;

	/* What others have asked for, they may yet give back. */
	if (!most)
		return common->packets_due > 0 ? -EAGAIN : 0;
	count = source_next(worker->source, frames, (size_t)most, error);
	give_back(common, count > 0 ? most - count : most);
	if (count > 0)
		measure_batch(worker, frames, count);
	if (count > 0 && common->limited)
		atomic_fetch_sub(&common->packets_due, count);
	return count;
}

/* What was printed goes out before the worker sleeps. */
static void flush_samples(struct worker *worker)
{
	struct workers_common *common = worker->common;

	if (!common->output)
		return;
	pthread_mutex_lock(&common->printing);
	if (common->output->flush(common->output->user) < 0)
		common->write_failed = true;
	pthread_mutex_unlock(&common->printing);
}

static void note_counts(struct worker *worker)
{
	struct run_totals *facts = &worker->pipeline.facts;
	struct live_counts counts;

	if (!worker->live)
		return;
	live_source_counts(worker->source, &counts);
	facts->live = true;
	facts->dropped = counts.dropped;
	facts->interface_dropped = counts.interface_dropped;
	facts->interface_unknown = !counts.interface_known;
}

/* By the worker's own thread, or by another after its end. */
static void hand_over(struct worker *worker)
{
	struct handover *handover = &worker->handover;
	struct groups *groups = worker->pipeline.groups;

	note_counts(worker);
	worker->pipeline.groups = handover->groups;
	groups_set_local(worker->pipeline.groups, handover->local);
	handover->groups = groups;
	handover->facts = worker->pipeline.facts;
	handover->counters = *tcpm_engine_counters(worker->pipeline.engine);
	handover->facts.counters = &handover->counters;
	worker->state = HANDOVER_ANSWERED;
}

static void take_local(struct worker *worker)
{
	const struct prefix_set *local = atomic_exchange(&worker->local, NULL);

	if (local)
		groups_set_local(worker->pipeline.groups, local);
}

static void free_filter(struct worker_filter *filter)
{
	if (!filter)
		return;
	free(filter->expression);
	filter_free(filter->compiled);
	free(filter);
}

/* The expression is one that could be compiled; should the kernel refuse it all the same, the
 * one before goes on, in both places. */
static void take_filter(struct worker *worker)
{
	struct worker_filter *filter = atomic_exchange(&worker->filter, NULL);
	struct error error;

	if (!filter)
		return;
	if (worker->live && live_source_refilter(worker->source, filter->expression, &error) < 0) {
		message_print("%s; the previous filter stays in force", error.text);
	} else {
		pipeline_set_filter(&worker->pipeline, filter->compiled);
		filter->compiled = NULL;
		/* Of hosts that are looked at again, anything may have passed unseen. */
		tcpm_engine_flush(worker->pipeline.engine);
		note_exact(worker);
	}
	free_filter(filter);
}

static void answer_if_asked(struct worker *worker)
{
	if (worker->state != HANDOVER_ASKED)
		return;
	hand_over(worker);
	event_fd_signal(worker->common->answers);
}

/* Waits for packets, for a wake-up, or for a while. */
static void wait(struct worker *worker, int timeout_ms)
{
	struct pollfd polled[] = {
		{.fd = worker->wake, .events = POLLIN},
		{.fd = live_source_fd(worker->source), .events = POLLIN},
	};

	poll(polled, worker->gone || worker->paused ? 1 : 2, timeout_ms);
	if (polled[0].revents)
		event_fd_drain(worker->wake);
}

static int64_t monotonic_ms(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

/* Of an interface that comes and goes without end, not each time is told. */
static void tell(struct worker *worker, const char *what)
{
	int64_t now_ms = monotonic_ms();

	if (worker->told == 0 || now_ms - worker->told_ms > TELL_MS) {
		worker->told = 0;
		worker->told_ms = now_ms;
	}
	worker->told++;
	if (worker->silent || worker->told > TELL_MOST)
		return;
	message_print("%s: the interface %s%s", worker->name, what,
		      worker->told == TELL_MOST ? "; further messages are suppressed for a while"
						: "");
}

/* Between its going and now, acknowledgements and retransmissions passed unseen. */
static void begin_anew(struct worker *worker)
{
	tcpm_engine_flush(worker->pipeline.engine);
	worker->gone = false;
}

/* Looks whether a deleted interface is back. Returns whether to go on: of several that
 * shared it, only the first one can. */
static bool try_resume(struct worker *worker)
{
	switch (live_source_resume(worker->source)) {
	case 0:
		tell(worker, "is back, capture continues");
		begin_anew(worker);
		break;
	case 1:
		tell(worker, "is back, capture continues with one thread");
		begin_anew(worker);
		break;
	case -ENOTSUP:
		if (!worker->silent)
			message_print("%s: capture cannot continue: several threads would need "
				      "privileges that were dropped, and one thread a loopback "
				      "interface to wait on",
				      worker->name);
		worker->failed = !worker->silent;
		return false;
	default:
		break;
	}
	return true;
}

/* Between two windows nothing need come. */
static void sleep_paused(struct worker *worker, int64_t left_ns)
{
	if (!worker->paused)
		live_source_pause(worker->source);
	worker->paused = true;
	worker->pipeline.windows.gap = true;
	wait(worker, (int)(left_ns / 1000000 < IDLE_MS ? left_ns / 1000000 + 1 : IDLE_MS));
}

/* Nothing has come. Waits for more. */
static void idle(struct worker *worker)
{
	int64_t left_ns =
		sampling_windows_wait(&worker->pipeline.windows, clock_ns(CLOCK_REALTIME));

	if (left_ns > 0) {
		sleep_paused(worker, left_ns);
		return;
	}
	if (worker->paused && live_source_unpause(worker->source) == 0)
		worker->paused = false;
	wait(worker, worker->paused ? RETRY_MS : IDLE_MS);
}

/* What follows from a batch that gave nothing. Returns whether to go on. */
static bool go_on(struct worker *worker, int result, const struct error *error)
{
	switch (result) {
	case 0: /* of a file, or of --count */
		worker->common->stop = true;
		return false;
	case -EAGAIN:
		flush_samples(worker);
		idle(worker);
		return true;
	case -ENODEV:
		tell(worker, "was deleted; waiting for it to come back");
		worker->gone = true;
		return true;
	default:
		message_print("%s", error->text);
		worker->failed = true;
		return false;
	}
}

/* The packets that had passed by the time of the stop. */
static void read_rest(struct worker *worker)
{
	struct error error;
	int64_t start_ms = monotonic_ms();
	int result;

	if (worker->gone || worker->failed || worker->common->write_failed || !worker->live)
		return;
	do {
		result = read_batch(worker, &error);
		if (result == -EAGAIN && monotonic_ms() < start_ms + LAST_WAIT_MS) {
			usleep(LAST_WAIT_MS * 1000);
			result = 1;
		}
	} while (result > 0 && monotonic_ms() < start_ms + LAST_READ_MS);
}

static void *run(void *argument)
{
	struct worker *worker = argument;
	struct workers_common *common = worker->common;
	bool going = true;

	privileges_drop_thread();
	if (worker->live && worker->pipeline.windows.duration_ns)
		worker->pipeline.windows.start_ns = clock_ns(CLOCK_REALTIME);
	while (going && !common->stop && !common->write_failed) {
		struct error error;
		int result;

		take_local(worker);
		take_filter(worker);
		answer_if_asked(worker);
		if (worker->gone) {
			flush_samples(worker);
			wait(worker, RESUME_MS);
			going = try_resume(worker);
			continue;
		}
		result = read_batch(worker, &error);
		if (++worker->batches % FLUSH_BATCHES == 0)
			flush_samples(worker);
		if (worker->batches % COUNT_BATCHES == 0)
			note_counts(worker);
		if (result <= 0)
			going = go_on(worker, result, &error);
	}
	read_rest(worker);
	tcpm_engine_flush(worker->pipeline.engine);
	worker->ended = true;
	event_fd_signal(common->answers);
	return NULL;
}

int worker_start(struct worker *worker, struct error *error)
{
	int result = pthread_create(&worker->thread, NULL, run, worker);

	if (result)
		return error_set(error, result, "cannot start a thread: %s", strerror(result));
	worker->started = true;
	return 0;
}

void worker_ask(struct worker *worker)
{
	worker->state = HANDOVER_ASKED;
	worker_wake(worker);
}

void worker_set_local(struct worker *worker, const struct prefix_set *local)
{
	worker->local = local;
	worker_wake(worker);
}

int worker_refilter(struct worker *worker, const char *expression, struct error *error)
{
	struct worker_filter *filter = calloc(1, sizeof(*filter));
	int result;

	if (!filter)
		return error_set(error, ENOMEM, "out of memory");
	filter->expression = expression ? strdup(expression) : NULL;
	result = 0;
	if (expression)
		result = filter->expression ? filter_new(expression, &filter->compiled, error)
					    : error_set(error, ENOMEM, "out of memory");
	if (result < 0) {
		free_filter(filter);
		return result;
	}
	free_filter(atomic_exchange(&worker->filter, filter));
	worker_wake(worker);
	return 0;
}

bool worker_answered(struct worker *worker)
{
	if (worker->state == HANDOVER_ASKED && (worker->ended || !worker->started)) {
		worker_join(worker);
		if (worker->state == HANDOVER_ASKED)
			hand_over(worker);
	}
	return worker->state == HANDOVER_ANSWERED;
}

void worker_wake(struct worker *worker)
{
	event_fd_signal(worker->wake);
}

void worker_join(struct worker *worker)
{
	if (worker->started)
		pthread_join(worker->thread, NULL);
	worker->started = false;
}

void worker_done(struct worker *worker)
{
	worker_join(worker);
	pipeline_done(&worker->pipeline);
	free_filter(atomic_exchange(&worker->filter, NULL));
	groups_free(worker->handover.groups);
	worker->handover.groups = NULL;
	source_close(worker->source);
	worker->source = NULL;
	close_if_open(worker->wake);
	worker->wake = -1;
}
