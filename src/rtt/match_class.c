/*
 * Network or response: was the receiver obliged to answer at once?
 * RFC 5681 4.2, RFC 9293 3.8.6.3; the rules are in docs/MEASUREMENT.md.
 */
#include "rtt/match_internal.h"
#include "rtt/seq.h"

#define SMALLEST_FULL_SEGMENT 536u /* RFC 9293 3.7.1: what every host takes */
#define ETHERNET_FULL_SEGMENT 1460u
#define LONGEST_ON_A_WIRE     9000u /* jumbo frames; what is longer, offload put together */
#define TIMESTAMP_OPTION_SIZE 12u   /* with its padding */

/* An answer to a SYN that takes as long as this may be the second one, the first having
 * been lost on its way (RFC 6298 2.1). */
#define INITIAL_RTO_NS INT64_C(1000000000)

/* What the receiver takes for a full segment, in bytes of data: the longest seen, at
 * most what it announced. Where that was not captured, what is usual is assumed. */
static uint32_t full_segment(const struct direction *direction)
{
	uint32_t full = direction->longest;
	uint32_t announced = direction->mss;

	if (!announced)
		return full < ETHERNET_FULL_SEGMENT || full > LONGEST_ON_A_WIRE
			       ? ETHERNET_FULL_SEGMENT
			       : full;
	if ((direction->flags & DIRECTION_TIMESTAMPS) && announced > TIMESTAMP_OPTION_SIZE)
		announced -= TIMESTAMP_OPTION_SIZE;
	if (full < SMALLEST_FULL_SEGMENT)
		full = SMALLEST_FULL_SEGMENT;
	return full < announced ? full : announced;
}

/* The bytes of data that the receiver had to answer for when the trigger came. */
static uint32_t data_answered(const struct direction *direction, const struct ack_range *covered,
			      uint32_t ack)
{
	uint32_t bytes = covered->fresh;

	if ((direction->flags & DIRECTION_ISN) && direction->una == direction->isn && bytes)
		bytes--;
	if ((direction->flags & DIRECTION_FIN) && ack == direction->max && bytes)
		bytes--;
	return bytes;
}

bool match_is_answer(const struct direction *direction, const struct arrival *arrival,
		     const struct sent *sent)
{
	return arrival->packet->length && direction->heard_ns < sent->time_ns;
}

static enum tcpm_class class_of_handshake(const struct arrival *arrival, const struct sent *sent)
{
	const struct packet *packet = arrival->packet;
	bool waits = (packet->length || (packet->flags & TCP_FIN)) && !(packet->flags & TCP_SYN);

	if (waits || arrival->now_ns - sent->time_ns >= INITIAL_RTO_NS)
		return TCPM_CLASS_RESPONSE;
	return TCPM_CLASS_NETWORK;
}

enum tcpm_class match_class(const struct direction *direction, const struct ack_range *covered,
			    const struct arrival *arrival, const struct sent *sent, bool handshake)
{
	const struct packet *packet = arrival->packet;
	const struct segment *trigger = covered->trigger;

	if (handshake)
		return class_of_handshake(arrival, sent);
	if ((packet->flags & TCP_RST) || match_is_answer(direction, arrival, sent))
		return TCPM_CLASS_RESPONSE;
	if (data_answered(direction, covered, packet->ack) > full_segment(direction))
		return TCPM_CLASS_NETWORK;
	if (covered->released || (trigger->flags & SEGMENT_FILLED))
		return TCPM_CLASS_NETWORK;
	if ((trigger->flags & SEGMENT_RETRANSMITTED) && seq_after(packet->ack, trigger->end))
		return TCPM_CLASS_NETWORK;
	return TCPM_CLASS_RESPONSE;
}
