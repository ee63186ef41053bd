/*
 * What happens to frames: intake -> engine -> groups. One stream of them, in one thread.
 */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/options.h"
#include "pipeline/frame_filter.h"
#include "stats/groups.h"
#include "stats/run_totals.h"
#include "tcpmetro.h"

/* When to look, if not always: from start_ns on for duration_ns, then not for interval_ns,
 * and so on, by the frames' times. */
struct sampling_windows {
	int64_t duration_ns; /* 0: always */
	int64_t interval_ns;
	int64_t start_ns; /* 0: the first frame's */
	int64_t latest;   /* the number of the window that was measured last, */
	bool gap;         /* after which packets have passed */
};

/* How long after now_ns the next window begins; 0: one is open, or it is always. */
int64_t sampling_windows_wait(const struct sampling_windows *windows, int64_t now_ns);

struct pipeline {
	struct tcpm_engine *engine;
	struct groups *groups; /* the owner may put others in their place, see groups_reset */
	struct frame_filter frame_filter;
	bool filter_refused; /* for a link type; it was complained of, */
	bool silent;         /* or another measure did */
	struct sampling_windows windows;
	struct run_totals facts; /* the counters are the engine's */
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
uint64_t pipeline_secret(void);

/* One of several measures. */
struct pipeline_role {
	unsigned run;  /* how many there are, between which the limits on memory are divided */
	unsigned sets; /* as for pipeline_groups_new */
	/* All see the same frames, and share the flows (see rtt/engine_partition.h); this is one,
	 * and the first prints messages for all. */
	bool of_flows;
	unsigned partition;
};

/* Makes the engine, the groups and the filter that the options ask for. names outlives the
 * measure. On error *measure is empty and *error filled; -EINVAL: the user asked for something
 * wrong. */
int pipeline_init(struct pipeline *pipeline, const struct options *options,
		  struct interface_names *names, const struct prefix_set *local,
		  const struct pipeline_role *role, struct error *error);

/* Frees all. An empty one stays behind. */
void pipeline_done(struct pipeline *pipeline);

/* Another expression (NULL: all frames match) for the frames from now on; the filter is the
 * measure's. */
void pipeline_set_filter(struct pipeline *pipeline, struct filter *filter);

/* New groups as the options ask for. sets: how many such groups there are at once, between
 * which their share of the memory is divided. NULL: no memory. */
struct groups *pipeline_groups_new(const struct options *options, const struct prefix_set *local,
				   unsigned sets, struct error *error);

/* Measures frames of a source, in order; rewrites them. */
void pipeline_feed(struct pipeline *pipeline, const struct source *source,
		   struct tcpm_frame *frames, int count);

/* Measures frames that went through the pipeline's frame filter, as a batch reader has them.
 * Sampling windows are not looked at. gaps: NULL without partitions. */
void pipeline_feed_filtered(struct pipeline *pipeline, const struct tcpm_frame *frames,
			    const struct partition_gap *gaps, int count);

#endif
