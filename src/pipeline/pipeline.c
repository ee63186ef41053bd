/*
 * Intake, engine and groups put together: see measure.h.
 */
#include "pipeline/pipeline.h"

#include "rtt/engine_partition.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "system/message.h"

/* Without a random source, time and place must do. */
uint64_t pipeline_secret(void)
{
	uint64_t seed;
	struct timespec now;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == sizeof(seed))
		return seed;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u ^ (uint64_t)now.tv_sec ^
	       (uint64_t)(uintptr_t)&seed;
}

/* Adds the pending samples to their groups. */
static void add_pending(struct pipeline *pipeline)
{
	const struct tcpm_sample *pending = pipeline->pending;
	unsigned count = pipeline->pending_count;
	enum group_side sides[GROUPS_SAMPLES];

	pipeline->pending_count = 0;
	groups_samples(pipeline->groups, pending, count, sides);
	for (unsigned i = 0; pipeline->sample && i < count; i++)
		pipeline->sample(pipeline->user, &pending[i], sides[i]);
}

static void on_sample(void *user, const struct tcpm_sample *sample)
{
	struct pipeline *pipeline = user;
	unsigned last = pipeline->pending_count++;

	pipeline->pending[last] = *sample;
	if (sample->flow) {
		pipeline->pending_flow[last] = *sample->flow;
		pipeline->pending[last].flow = &pipeline->pending_flow[last];
	}
	if (pipeline->pending_count == GROUPS_SAMPLES)
		add_pending(pipeline);
}

static bool wants_flow(void *user, const struct tcpm_sample *sample)
{
	const struct pipeline *pipeline = user;

	return pipeline->sample || !groups_know(pipeline->groups, sample);
}

/* A sample points into its flow, so none waits beyond the flow's end. */
static void on_closed(void *user, const struct tcpm_closed *closed)
{
	struct pipeline *pipeline = user;

	add_pending(pipeline);
	groups_closed(pipeline->groups, closed);
}

static struct groups *make_groups(const struct options *options, const struct prefix_set *local,
				  unsigned sets, bool part, struct error *error)
{
	struct groups_options settings = {
		.by = {.interface = options->by_interface,
		       .tunnel = options->by_tunnel,
		       .prefix_v4 = (unsigned)options->prefix_v4,
		       .prefix_v6 = (unsigned)options->prefix_v6},
		.max_groups = (size_t)options->max_groups,
		/* Flows keep a quarter of the memory, whatever the groups need. */
		.max_memory = (size_t)(options->max_memory / 4 * 3 / sets),
		.seed = pipeline_secret(),
		.local = local,
		.part = part,
	};
	struct groups *groups = NULL;
	int result = groups_by_parse(options->group_by, &settings.by.hosts);

	if (!result)
		result = groups_new(&settings, &groups);
	if (result < 0)
		error_set(error, -result, "cannot group by %s: %s", options->group_by,
			  strerror(-result));
	return groups;
}

struct groups *pipeline_groups_new(const struct options *options, const struct prefix_set *local,
				   unsigned sets, struct error *error)
{
	return make_groups(options, local, sets, false, error);
}

/* The engine's limits, if this is the only one. */
#define MAX_FLOWS    1000000u
#define MAX_SEGMENTS 2097152u

static uint32_t share_of(uint64_t limit, unsigned run)
{
	return limit > run ? (uint32_t)(limit / run) : 1;
}

/* Of measures that share a capture's flows, no one knows how many will be its own: where nothing
 * else is said, each may have as many as one alone, for memory bounds them all. */
static uint32_t max_flows(const struct options *options, const struct pipeline_role *role)
{
	if (options->max_flows)
		return share_of(options->max_flows, role->run);
	return role->of_flows ? MAX_FLOWS : share_of(MAX_FLOWS, role->run);
}

static int make_engine(struct pipeline *pipeline, const struct options *options,
		       const struct pipeline_role *role, struct error *error)
{
	unsigned run = role->run;
	struct tcpm_options settings = {
		.max_flows = max_flows(options, role),
		.max_segments = share_of(MAX_SEGMENTS, run),
		.max_memory = options->max_memory / run,
		.tunnel_ports = options->tunnel_ports,
		.tunnel_port_count = options->tunnel_port_count,
		.idle_ns = options->service.idle_ns,
		.closed_ns = options->service.expired_ns,
		.hash_seed = pipeline_secret(),
	};
	const struct partition partition = {.count = role->of_flows ? run : 1,
					    .index = role->of_flows ? role->partition : 0};
	struct tcpm_handler handler = {.user = pipeline,
				       .sample = on_sample,
				       .closed = on_closed,
				       .wants_flow = wants_flow};

	pipeline->engine = engine_new_partition(&settings, &handler, &partition);
	return pipeline->engine ? 0 : error_set(error, ENOMEM, "out of memory");
}

int pipeline_init(struct pipeline *pipeline, const struct options *options,
		  struct interface_names *names, const struct prefix_set *local,
		  const struct pipeline_role *role, struct error *error)
{
	int result = 0;

	*pipeline = (struct pipeline){
		.frame_filter = {.interfaces = {.names = names}},
		.windows = {.duration_ns = options->sample_duration_ns,
			    .interval_ns = options->sample_interval_ns},
		.silent = role->of_flows && role->partition > 0,
	};
	if (options->filter)
		result = filter_new(options->filter, &pipeline->frame_filter.filter, error);
	if (!result) {
		pipeline->groups = make_groups(options, local, role->sets, role->of_flows, error);
		result = pipeline->groups ? make_engine(pipeline, options, role, error) : -ENOMEM;
	}
	if (result < 0)
		pipeline_done(pipeline);
	return result;
}

void pipeline_done(struct pipeline *pipeline)
{
	tcpm_engine_free(pipeline->engine);
	groups_free(pipeline->groups);
	frame_filter_done(&pipeline->frame_filter);
	*pipeline = (struct pipeline){0};
}

void pipeline_set_filter(struct pipeline *pipeline, struct filter *filter)
{
	frame_filter_replace(&pipeline->frame_filter, filter);
	pipeline->filter_refused = false;
}

/* What the intake noted is of what was measured by now. */
static void take_facts(struct pipeline *pipeline)
{
	const struct frame_filter_counts *facts = &pipeline->frame_filter.facts;

	pipeline->facts.records = facts->records;
	pipeline->facts.wire_bytes = facts->wire_bytes;
	pipeline->facts.first_ns = facts->first_ns;
	pipeline->facts.last_ns = facts->last_ns;
	if (facts->refused && !pipeline->filter_refused) {
		if (!pipeline->silent)
			message_print("%s; frames of this link type are skipped",
				      pipeline->frame_filter.refusal.text);
		pipeline->filter_refused = true;
	}
}

int64_t sampling_windows_wait(const struct sampling_windows *windows, int64_t now_ns)
{
	int64_t period_ns = windows->duration_ns + windows->interval_ns;
	int64_t into_ns;

	if (!windows->duration_ns || !windows->interval_ns || now_ns < windows->start_ns)
		return 0;
	into_ns = (now_ns - windows->start_ns) % period_ns;
	return into_ns < windows->duration_ns ? 0 : period_ns - into_ns;
}

/* Flows make room for groups. */
static void share_memory(struct pipeline *pipeline)
{
	tcpm_engine_reserve(pipeline->engine, groups_memory(pipeline->groups) +
						      atomic_load_explicit(&pipeline->elsewhere,
									   memory_order_relaxed));
}

static void feed(struct pipeline *pipeline, const struct tcpm_frame *frames, int count)
{
	frame_filter_count(&pipeline->frame_filter, frames, count);
	tcpm_engine_feed(pipeline->engine, frames, (size_t)count);
}

/* The number of the window that a time lies in, or -1. */
static int64_t window_of(struct sampling_windows *windows, int64_t time_ns)
{
	if (time_ns == TCPM_NO_TIME)
		return -1;
	/* Set at first, and again if the clock was set back. */
	if (!windows->start_ns || time_ns < windows->start_ns)
		windows->start_ns = time_ns;
	if (sampling_windows_wait(windows, time_ns) > 0)
		return -1;
	return (time_ns - windows->start_ns) / (windows->duration_ns + windows->interval_ns);
}

/* Feeds the frames of open windows. What one window leaves unanswered the next must not
 * answer: in between, anything may have passed unseen. */
static void feed_windows(struct pipeline *pipeline, struct tcpm_frame *frames, int count)
{
	struct sampling_windows *windows = &pipeline->windows;
	int kept = 0;

	for (int i = 0; i < count; i++) {
		int64_t number = window_of(windows, frames[i].time_ns);

		if (number < 0) {
			windows->gap = true;
			continue;
		}
		/* The clock may have been set back into the window before. */
		if (windows->gap || number != windows->latest) {
			feed(pipeline, frames, kept);
			tcpm_engine_flush(pipeline->engine);
			kept = 0;
		}
		windows->gap = false;
		windows->latest = number;
		frames[kept++] = frames[i];
	}
	feed(pipeline, frames, kept);
}

void pipeline_feed(struct pipeline *pipeline, const struct source *source,
		   struct tcpm_frame *frames, int count)
{
	count = frame_filter_apply(&pipeline->frame_filter, source, frames, count);
	if (pipeline->windows.duration_ns)
		feed_windows(pipeline, frames, count);
	else
		feed(pipeline, frames, count);
	add_pending(pipeline);
	share_memory(pipeline);
	take_facts(pipeline);
}

void pipeline_feed_filtered(struct pipeline *pipeline, const struct tcpm_frame *frames,
			    const struct partition_gap *gaps, int count)
{
	engine_feed_partition(pipeline->engine, frames, gaps, (size_t)count);
	add_pending(pipeline);
	share_memory(pipeline);
	take_facts(pipeline);
}
