/*
 * What is done with a source's frames before they are decoded: their interfaces get the
 * run's numbers, the filter keeps those that match, and what came by is noted.
 */
#ifndef PIPELINE_FRAME_FILTER_H
#define PIPELINE_FRAME_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/filter.h"
#include "pipeline/interface_names.h"

/* What has come by since the start. */
struct frame_filter_counts {
	uint64_t records;    /* frames of the capture, matching or not */
	uint64_t wire_bytes; /* of those that were noted, as the next three */
	int64_t first_ns;    /* the earliest and the latest time; */
	int64_t last_ns;
	bool any_time; /* there is one */
	bool refused;  /* the filter cannot match a link type: the intake's refusal says why */
};

/* All zero but interfaces.names is one without a filter. */
struct frame_filter {
	struct filter *filter; /* NULL: all frames match */
	bool filter_tagged;    /* only frames with VLAN tags are left to the filter */
	struct interface_numbers interfaces;
	struct frame_filter_counts facts;
	struct error refusal; /* stays as it is once facts.refused is set */
};

/* Takes frames of a source, in order; rewrites them. Those that match are at the front then;
 * returns their number. */
int frame_filter_apply(struct frame_filter *frame_filter, const struct source *source,
		       struct tcpm_frame *frames, int count);

/* Notes frames that are going to be measured. */
void frame_filter_count(struct frame_filter *frame_filter, const struct tcpm_frame *frames,
			int count);

/* Both, of frames that the source has owned and counted; without a filter. */
void frame_filter_count_partition(struct frame_filter *frame_filter, const struct source *source,
				  struct tcpm_frame *frames, size_t count,
				  const struct source_partition *owned);

/* Another filter (NULL: all frames match), which is the intake's now. */
void frame_filter_replace(struct frame_filter *frame_filter, struct filter *filter);

/* Frees all. */
void frame_filter_done(struct frame_filter *frame_filter);

#endif
