/*
 * Several engines that share the flows of one capture, each in a thread of its own: what the
 * program needs beyond tcpmetro.h.
 *
 * Each engine is fed all frames, in order, and measures those of its partition: all that the same
 * two hosts send each other, whatever it is encapsulated in. What is not TCP belongs to partition
 * 0. The engines' counters add up to those of one that measures all, and so do their samples and
 * the ends of flows, with three exceptions: a limit of number or memory is reached; time ran ahead
 * and stepped back (by as much, flows may end earlier or later); or so many handshakes are open at
 * once whose two directions may bear different labels that some of the SYNs are forgotten, of which
 * each engine remembers 16,384.
 */
#ifndef RTT_ENGINE_PARTITION_H
#define RTT_ENGINE_PARTITION_H

#include <stddef.h>

#include "packet/partition.h"
#include "tcpmetro.h"

/* As tcpm_engine_new, of an engine for one partition. EINVAL also if its index is not below the
 * number of partitions. */
struct tcpm_engine *engine_new_partition(const struct tcpm_options *options,
					 const struct tcpm_handler *handler,
					 const struct partition *partition);

/* As tcpm_engine_feed, of frames that partition_frames or a source kept; gaps: as these filled
 * them, one for each frame. */
void engine_feed_partition(struct tcpm_engine *engine, const struct tcpm_frame *frames,
			   const struct partition_gap *gaps, size_t count);

#endif
