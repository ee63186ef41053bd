/*
 * Sifting: of frames that several engines share, one keeps those of its part, and may leave out
 * the others, as far as a look at them tells whose they are. What is kept says what was left out
 * before it, for an engine's clock goes on with each frame.
 *
 * The first and the last frame of those that are sifted together are always kept. All are, unless
 * their times only go on: what a clock that goes back means depends on each frame before.
 */
#ifndef PACKET_PARTITION_H
#define PACKET_PARTITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/host_pair.h"
#include "tcpmetro.h"

/* So many frames can be sifted together: as many as fit tcpm_frame.skipped, and the first. */
#define PARTITION_FRAMES 256

/* Times beyond this, some 146 years either side of 1970, are nonsense; held there, no
 * difference of two of them overflows. */
#define PARTITION_FARTHEST_NS (INT64_MAX / 2)

/* tcpm_frame.owner */
enum partition_owner {
	PARTITION_UNKNOWN, /* it must be decoded to tell */
	PARTITION_OWN,
	PARTITION_OTHER,
};

/* One of those who share frames; see tcpm_options.partitions. */
struct partition {
	uint32_t count; /* at least 1 */
	uint32_t index; /* below count */
};

/* Whether what hosts of this number (host_pair) send each other is another's part. */
static inline bool partition_is_other(const struct partition *partition, uint32_t hosts)
{
	return (uint64_t)hosts * partition->count >> 32 != partition->index;
}

/* Whose a frame between hosts of this number is. */
static inline enum partition_owner partition_owner_of(const struct partition *partition,
						      uint32_t hosts)
{
	return (enum partition_owner)(PARTITION_OWN + partition_is_other(partition, hosts));
}

/* Whose an Ethernet frame is. */
static inline __attribute__((always_inline)) enum partition_owner partition_of_ethernet(
	const struct partition *partition, const uint8_t *bytes, size_t captured)
{
	uint32_t hosts;

	if (!packet_hosts_peek_ethernet(bytes, captured, &hosts))
		return PARTITION_UNKNOWN;
	return partition_owner_of(partition, hosts);
}

/* Whose a frame of any link type is. */
static inline __attribute__((always_inline)) enum partition_owner partition_of_frame(
	const struct partition *partition, const struct tcpm_frame *frame)
{
	uint32_t hosts;

	return host_pair_peek(frame, &hosts) ? partition_owner_of(partition, hosts)
					     : PARTITION_UNKNOWN;
}

/* Sifts frames in place, PARTITION_FRAMES together; returns how many are kept. */
size_t partition_frames(const struct partition *partition, struct tcpm_frame *frames, size_t count);

#endif
