/*
 * What happens to frames: intake -> engine -> groups. One stream of them, in one thread.
 */
#ifndef APP_MEASURE_H
#define APP_MEASURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/intake.h"
#include "config/options.h"
#include "output/output.h"
#include "stats/groups.h"
#include "tcpmetro.h"

/* When to look, if not always: from start_ns on for duration_ns, then not for interval_ns,
 * and so on, by the frames' times. */
struct measure_windows {
	int64_t duration_ns; /* 0: always */
	int64_t interval_ns;
	int64_t start_ns; /* 0: the first frame's */
	int64_t latest;   /* the number of the window that was measured last, */
	bool gap;         /* after which packets have passed */
};

/* How long after now_ns the next window begins; 0: one is open, or it is always. */
int64_t measure_windows_wait(const struct measure_windows *windows, int64_t now_ns);

struct measure {
	struct tcpm_engine *engine;
	struct groups *groups; /* the owner may put others in their place, see groups_reset */
	struct intake intake;
	bool filter_refused; /* for a link type; it was complained of, */
	bool silent;         /* or another measure did */
	struct measure_windows windows;
	struct output_facts facts; /* the counters are the engine's */
	/* Bytes of the budget that others use for this measure, beside its own groups. Any thread
	 * may set it. */
	atomic_size_t elsewhere;
	/* Samples that wait to be added to their groups together. */
	unsigned pending_count;
	struct tcpm_sample pending[GROUPS_SAMPLES];
	struct tcpm_flow_id pending_flow[GROUPS_SAMPLES]; /* theirs: the engine's may move */
	/* Told of each sample that is in its group by now; may be NULL. */
	void (*sample)(void *user, const struct tcpm_sample *sample, enum group_side side);
	void *user;
};

/* Keys a hash table: random. */
uint64_t measure_secret(void);

/* One of several measures. */
struct measure_role {
	unsigned shares; /* how many there are, between which the limits on memory are divided */
	unsigned sets;   /* as for measure_groups */
	/* All see the same frames, and share the flows (see tcpm_options.shares); this is one,
	 * and the first speaks for all. */
	bool of_flows;
	unsigned share;
};

/* Makes the engine, the groups and the filter that the options ask for. names outlives the
 * measure. On error *measure is empty and *error filled; -EINVAL: the user asked for something
 * wrong. */
int measure_init(struct measure *measure, const struct options *options, struct interfaces *names,
		 const struct prefixes *local, const struct measure_role *role,
		 struct error *error);

/* Frees all. An empty one stays behind. */
void measure_done(struct measure *measure);

/* Another expression (NULL: all frames match) for the frames from now on; the filter is the
 * measure's. */
void measure_refilter(struct measure *measure, struct filter *filter);

/* New groups as the options ask for. sets: how many such groups there are at once, between
 * which their share of the memory is divided. NULL: no memory. */
struct groups *measure_groups(const struct options *options, const struct prefixes *local,
			      unsigned sets, struct error *error);

/* Measures frames of a source, in order; rewrites them. */
void measure_frames(struct measure *measure, const struct source *source, struct tcpm_frame *frames,
		    int count);

/* Measures frames that went through the measure's intake. Windows are not looked at. */
void measure_taken(struct measure *measure, const struct tcpm_frame *frames, int count);

/* Adds all of the counters. */
void counters_add(struct tcpm_counters *into, const struct tcpm_counters *counters);

/* Adds what another thread read. */
void facts_add(struct output_facts *into, struct tcpm_counters *counters,
	       const struct output_facts *facts);

#endif
