/*
 * What the two kinds of acknowledgement share: for match_ack.c and match_sack.c.
 */
#ifndef RTT_MATCH_ACK_H
#define RTT_MATCH_ACK_H

#include "rtt/match.h"

/* What its receiver takes for a full segment of this direction, in bytes of data: the
 * longest seen, at least 536, at most what it announced. */
uint32_t direction_full_segment(const struct direction *direction);

/* Fills the verdict with a sample from `sent` to now, or with TCPM_REASON_CLOCK if that
 * is no round trip. */
void match_sample(struct direction *direction, struct verdict *verdict,
		  const struct arrival *arrival, const struct sent *sent, enum tcpm_method method,
		  enum tcpm_class class_);

/* What lies before `end` is not remembered, for this reason. */
void match_void(struct direction *direction, uint32_t end, enum tcpm_reason reason);

/* Does the packet's first SACK block report a duplicate (RFC 2883 section 4)? It has
 * at least one. */
bool match_is_dsack(const struct packet *packet);

/* Does the packet's first SACK block newly cover data that was sent after `sent`? */
bool match_sacks_later(const struct direction *direction, const struct packet *packet,
		       const struct sent *sent);

/* Judges a packet by what its first SACK block newly covers, of which there is some. */
void match_judge_sack(struct direction *direction, const struct arrival *arrival,
		      struct verdict *verdict);

/* Remembers what the SACK blocks of a packet cover; no sample. */
void match_mark_sacked(struct direction *direction, const struct match_memory *memory,
		       const struct packet *packet);

/* A packet with SACK blocks that acknowledges nothing new cumulatively. */
void direction_sack(struct direction *direction, const struct match_memory *memory,
		    const struct arrival *arrival, struct verdict *verdict);

#endif
