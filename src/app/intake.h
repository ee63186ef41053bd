/*
 * What is done with a source's frames before they are decoded: their interfaces get the
 * run's numbers, the filter keeps those that match, and what came by is noted.
 */
#ifndef APP_INTAKE_H
#define APP_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "app/interfaces.h"
#include "capture/filter.h"

/* What has come by since the start. */
struct intake_facts {
	uint64_t records;    /* frames of the capture, matching or not */
	uint64_t wire_bytes; /* of those that were noted, as the next three */
	int64_t first_ns;    /* the earliest and the latest time; */
	int64_t last_ns;
	bool any_time; /* there is one */
	bool refused;  /* the filter cannot match a link type: the intake's refusal says why */
};

/* All zero but interfaces.names is one without a filter. */
struct intake {
	struct filter *filter; /* NULL: all frames match */
	bool filter_tagged;    /* only frames with VLAN tags are left to the filter */
	struct interface_numbers interfaces;
	struct intake_facts facts;
	struct error refusal; /* stays as it is once facts.refused is set */
};

/* Takes frames of a source, in order; rewrites them. Those that match are at the front then;
 * returns their number. */
int intake_take(struct intake *intake, const struct source *source, struct tcpm_frame *frames,
		int count);

/* Notes frames that are going to be measured. */
void intake_note(struct intake *intake, const struct tcpm_frame *frames, int count);

/* Both, of frames that the source has sifted and counted; without a filter. */
void intake_sifted(struct intake *intake, const struct source *source, struct tcpm_frame *frames,
		   size_t count, const struct source_sifted *sifted);

/* Another filter (NULL: all frames match), which is the intake's now. */
void intake_refilter(struct intake *intake, struct filter *filter);

/* Frees all. */
void intake_done(struct intake *intake);

#endif
