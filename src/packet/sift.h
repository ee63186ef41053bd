/*
 * Sifting: of frames that several engines share, one keeps those of its part, and may leave out
 * the others, as far as a look at them tells whose they are. What is kept says what was left out
 * before it, for an engine's clock goes on with each frame.
 *
 * The first and the last frame of those that are sifted together are always kept. All are, unless
 * their times only go on: what a clock that goes back means depends on each frame before.
 */
#ifndef PACKET_SIFT_H
#define PACKET_SIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/hosts.h"
#include "tcpmetro.h"

/* So many frames can be sifted together: as many as fit tcpm_frame.skipped, and the first. */
#define SIFT_FRAMES 256

/* Times beyond this, some 146 years either side of 1970, are nonsense; held there, no
 * difference of two of them overflows. */
#define SIFT_FARTHEST_NS (INT64_MAX / 2)

/* tcpm_frame.whose */
enum sift_whose {
	SIFT_UNKNOWN, /* it must be decoded to tell */
	SIFT_OURS,
	SIFT_OTHERS,
};

/* One of those who share frames; see tcpm_options.shares. */
struct sift {
	uint32_t shares; /* at least 1 */
	uint32_t share;
};

/* Whether what hosts of this number (packet_hosts) send each other is another's part. */
static inline bool sift_is_others(const struct sift *sift, uint32_t hosts)
{
	return (uint64_t)hosts * sift->shares >> 32 != sift->share;
}

/* Whose a frame between hosts of this number is. */
static inline enum sift_whose sift_whose_of(const struct sift *sift, uint32_t hosts)
{
	return (enum sift_whose)(SIFT_OURS + sift_is_others(sift, hosts));
}

/* Whose an Ethernet frame is. */
static inline __attribute__((always_inline)) enum sift_whose sift_look(const struct sift *sift,
								       const uint8_t *bytes,
								       size_t captured)
{
	uint32_t hosts;

	if (!packet_hosts_peek_ethernet(bytes, captured, &hosts))
		return SIFT_UNKNOWN;
	return sift_whose_of(sift, hosts);
}

/* Whose a frame of any link type is. */
static inline __attribute__((always_inline)) enum sift_whose sift_frame(
	const struct sift *sift, const struct tcpm_frame *frame)
{
	uint32_t hosts;

	return packet_hosts_peek(frame, &hosts) ? sift_whose_of(sift, hosts) : SIFT_UNKNOWN;
}

/* Sifts frames in place, SIFT_FRAMES together; returns how many are kept. */
size_t sift_frames(const struct sift *sift, struct tcpm_frame *frames, size_t count);

#endif
