/*
 * Partitioning: of frames whose flows several engines share, each keeps those of its partition,
 * and may leave out the others, as far as a look at their addresses tells. What is kept says what
 * was left out before it, since an engine's clock advances with each frame.
 *
 * The first and the last frame of those that are partitioned together are always kept. All are,
 * unless their times only advance: what a clock that steps back means depends on each frame before.
 */
#ifndef PACKET_PARTITION_H
#define PACKET_PARTITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/host_pair.h"
#include "tcpmetro.h"

/* So many frames can be partitioned together: as many as partition_gap.skipped can hold, and the
 * first. */
#define PARTITION_FRAMES 256

/* Times beyond this, some 146 years either side of 1970, are nonsense; held there, no
 * difference of two of them overflows. */
#define PARTITION_FARTHEST_NS (INT64_MAX / 2)

/* Which partition a frame belongs to. */
enum partition_owner {
	PARTITION_UNKNOWN, /* it must be decoded to tell */
	PARTITION_OWN,
	PARTITION_OTHER,
};

/* What was left out before a frame that is kept. All zero: nothing, and the owner is not known. */
struct partition_gap {
	int64_t before_ns; /* time of the last frame before it that was left out */
	uint8_t skipped;   /* how many were left out since the last that was kept */
	uint8_t owner;     /* of the frame that is kept: enum partition_owner */
};

/* One of several that share frames; see rtt/engine_partition.h. */
struct partition {
	uint32_t count; /* at least 1 */
	uint32_t index; /* below count */
};

/* Whether a pair of hosts (host_pair) belongs to another partition. */
static inline bool partition_is_other(const struct partition *partition, uint32_t hosts)
{
	return (uint64_t)hosts * partition->count >> 32 != partition->index;
}

/* Which partition owns frames of a pair of hosts. */
static inline enum partition_owner partition_owner_of(const struct partition *partition,
						      uint32_t hosts)
{
	return (enum partition_owner)(PARTITION_OWN + partition_is_other(partition, hosts));
}

/* Which partition owns an Ethernet frame. */
static inline __attribute__((always_inline)) enum partition_owner partition_of_ethernet(
	const struct partition *partition, const uint8_t *bytes, size_t captured)
{
	uint32_t hosts;

	if (!packet_hosts_peek_ethernet(bytes, captured, &hosts))
		return PARTITION_UNKNOWN;
	return partition_owner_of(partition, hosts);
}

/* Which partition owns a frame of any link type. */
static inline __attribute__((always_inline)) enum partition_owner partition_of_frame(
	const struct partition *partition, const struct tcpm_frame *frame)
{
	uint32_t hosts;

	return host_pair_peek(frame, &hosts) ? partition_owner_of(partition, hosts)
					     : PARTITION_UNKNOWN;
}

/* Moves the frames that are kept to the front, PARTITION_FRAMES together, and fills a gap for each
 * of them; returns how many they are. gaps: room for count. */
size_t partition_frames(const struct partition *partition, struct tcpm_frame *frames,
			struct partition_gap *gaps, size_t count);

#endif
