/*
 * Intake, engine and groups put together: see measure.h.
 */
#include "app/measure.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "app/complain.h"

/* Without a random source, time and place must do. */
uint64_t measure_secret(void)
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
static void add_pending(struct measure *measure)
{
	const struct tcpm_sample *pending = measure->pending;
	unsigned count = measure->pending_count;
	enum group_side sides[GROUPS_SAMPLES];

	measure->pending_count = 0;
	groups_samples(measure->groups, pending, count, sides);
	for (unsigned i = 0; measure->sample && i < count; i++)
		measure->sample(measure->user, &pending[i], sides[i]);
}

static void on_sample(void *user, const struct tcpm_sample *sample)
{
	struct measure *measure = user;
	unsigned last = measure->pending_count++;

	measure->pending[last] = *sample;
	if (sample->flow) {
		measure->pending_flow[last] = *sample->flow;
		measure->pending[last].flow = &measure->pending_flow[last];
	}
	if (measure->pending_count == GROUPS_SAMPLES)
		add_pending(measure);
}

static bool wants_flow(void *user, const struct tcpm_sample *sample)
{
	const struct measure *measure = user;

	return measure->sample || !groups_know(measure->groups, sample);
}

/* A sample points into its flow, so none waits beyond the flow's end. The flow's words for
 * its groups, which closed holds as they were, may be set only now. */
static void on_closed(void *user, const struct tcpm_closed *closed)
{
	struct measure *measure = user;
	struct tcpm_closed now = *closed;

	add_pending(measure);
	for (unsigned i = 0; i < 2; i++)
		now.slot[i] = *closed->slot_at[i];
	groups_closed(measure->groups, &now);
}

static struct groups *make_groups(const struct options *options, const struct prefixes *local,
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
		.seed = measure_secret(),
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

struct groups *measure_groups(const struct options *options, const struct prefixes *local,
			      unsigned sets, struct error *error)
{
	return make_groups(options, local, sets, false, error);
}

/* The engine's limits, if this is the only one. */
#define MAX_FLOWS    1000000u
#define MAX_SEGMENTS 2097152u

static uint32_t share_of(uint64_t limit, unsigned shares)
{
	return limit > shares ? (uint32_t)(limit / shares) : 1;
}

/* Of measures that share a capture's flows, no one knows how many will be its own: where nothing
 * else is said, each may have as many as one alone, for memory bounds them all. */
static uint32_t max_flows(const struct options *options, const struct measure_role *role)
{
	if (options->max_flows)
		return share_of(options->max_flows, role->shares);
	return role->of_flows ? MAX_FLOWS : share_of(MAX_FLOWS, role->shares);
}

static int make_engine(struct measure *measure, const struct options *options,
		       const struct measure_role *role, struct error *error)
{
	unsigned shares = role->shares;
	struct tcpm_options settings = {
		.max_flows = max_flows(options, role),
		.max_segments = share_of(MAX_SEGMENTS, shares),
		.max_memory = options->max_memory / shares,
		.tunnel_ports = options->tunnel_ports,
		.tunnel_port_count = options->tunnel_port_count,
		.idle_ns = options->service.idle_ns,
		.closed_ns = options->service.expired_ns,
		.hash_seed = measure_secret(),
		.shares = role->of_flows ? shares : 1,
		.share = role->of_flows ? role->share : 0,
	};
	struct tcpm_handler handler = {.user = measure,
				       .sample = on_sample,
				       .closed = on_closed,
				       .wants_flow = wants_flow};

	measure->engine = tcpm_engine_new(&settings, &handler);
	return measure->engine ? 0 : error_set(error, ENOMEM, "out of memory");
}

int measure_init(struct measure *measure, const struct options *options, struct interfaces *names,
		 const struct prefixes *local, const struct measure_role *role, struct error *error)
{
	int result = 0;

	*measure = (struct measure){
		.intake = {.interfaces = {.names = names}},
		.windows = {.duration_ns = options->sample_duration_ns,
			    .interval_ns = options->sample_interval_ns},
		.silent = role->of_flows && role->share > 0,
	};
	if (options->filter)
		result = filter_new(options->filter, &measure->intake.filter, error);
	if (!result) {
		measure->groups = make_groups(options, local, role->sets, role->of_flows, error);
		result = measure->groups ? make_engine(measure, options, role, error) : -ENOMEM;
	}
	if (result < 0)
		measure_done(measure);
	return result;
}

void measure_done(struct measure *measure)
{
	tcpm_engine_free(measure->engine);
	groups_free(measure->groups);
	intake_done(&measure->intake);
	*measure = (struct measure){0};
}

void measure_refilter(struct measure *measure, struct filter *filter)
{
	intake_refilter(&measure->intake, filter);
	measure->filter_refused = false;
}

/* What the intake noted is of what was measured by now. */
static void take_facts(struct measure *measure)
{
	const struct intake_facts *facts = &measure->intake.facts;

	measure->facts.records = facts->records;
	measure->facts.wire_bytes = facts->wire_bytes;
	measure->facts.first_ns = facts->first_ns;
	measure->facts.last_ns = facts->last_ns;
	if (facts->refused && !measure->filter_refused) {
		if (!measure->silent)
			complain("%s; frames of this link type are left out",
				 measure->intake.refusal.text);
		measure->filter_refused = true;
	}
}

int64_t measure_windows_wait(const struct measure_windows *windows, int64_t now_ns)
{
	int64_t period_ns = windows->duration_ns + windows->interval_ns;
	int64_t into_ns;

	if (!windows->duration_ns || !windows->interval_ns || now_ns < windows->start_ns)
		return 0;
	into_ns = (now_ns - windows->start_ns) % period_ns;
	return into_ns < windows->duration_ns ? 0 : period_ns - into_ns;
}

/* Flows make room for groups. */
static void share_memory(struct measure *measure)
{
	tcpm_engine_reserve(measure->engine, groups_memory(measure->groups) +
						     atomic_load_explicit(&measure->elsewhere,
									  memory_order_relaxed));
}

static void feed(struct measure *measure, const struct tcpm_frame *frames, int count)
{
	intake_note(&measure->intake, frames, count);
	tcpm_engine_feed(measure->engine, frames, (size_t)count);
}

/* The number of the window that a time lies in, or -1. */
static int64_t window_of(struct measure_windows *windows, int64_t time_ns)
{
	if (time_ns == TCPM_NO_TIME)
		return -1;
	/* Set at first, and again if the clock was set back. */
	if (!windows->start_ns || time_ns < windows->start_ns)
		windows->start_ns = time_ns;
	if (measure_windows_wait(windows, time_ns) > 0)
		return -1;
	return (time_ns - windows->start_ns) / (windows->duration_ns + windows->interval_ns);
}

/* Feeds the frames of open windows. What one window leaves unanswered the next must not
 * answer: in between, anything may have passed unseen. */
static void feed_windows(struct measure *measure, struct tcpm_frame *frames, int count)
{
	struct measure_windows *windows = &measure->windows;
	int kept = 0;

	for (int i = 0; i < count; i++) {
		int64_t number = window_of(windows, frames[i].time_ns);

		if (number < 0) {
			windows->gap = true;
			continue;
		}
		/* The clock may have been set back into the window before. */
		if (windows->gap || number != windows->latest) {
			feed(measure, frames, kept);
			tcpm_engine_flush(measure->engine);
			kept = 0;
		}
		windows->gap = false;
		windows->latest = number;
		frames[kept++] = frames[i];
	}
	feed(measure, frames, kept);
}

void measure_frames(struct measure *measure, const struct source *source, struct tcpm_frame *frames,
		    int count)
{
	count = intake_take(&measure->intake, source, frames, count);
	if (measure->windows.duration_ns)
		feed_windows(measure, frames, count);
	else
		feed(measure, frames, count);
	add_pending(measure);
	share_memory(measure);
	take_facts(measure);
}

void measure_taken(struct measure *measure, const struct tcpm_frame *frames, int count)
{
	tcpm_engine_feed(measure->engine, frames, (size_t)count);
	add_pending(measure);
	share_memory(measure);
	take_facts(measure);
}

_Static_assert(sizeof(struct tcpm_counters) % sizeof(uint64_t) == 0, "counters are all alike");

void counters_add(struct tcpm_counters *into, const struct tcpm_counters *counters)
{
	uint64_t *sums = (uint64_t *)into;
	const uint64_t *more = (const uint64_t *)counters;

	for (size_t i = 0; i < sizeof(*into) / sizeof(uint64_t); i++)
		sums[i] += more[i];
}

void facts_add(struct output_facts *into, struct tcpm_counters *counters,
	       const struct output_facts *facts)
{
	if (facts->counters->frames) {
		if (!counters->frames || facts->first_ns < into->first_ns)
			into->first_ns = facts->first_ns;
		if (!counters->frames || facts->last_ns > into->last_ns)
			into->last_ns = facts->last_ns;
	}
	counters_add(counters, facts->counters);
	into->records += facts->records;
	into->wire_bytes += facts->wire_bytes;
	into->dropped += facts->dropped;
	into->interface_dropped += facts->interface_dropped;
	into->interface_unknown &= facts->interface_unknown;
}
