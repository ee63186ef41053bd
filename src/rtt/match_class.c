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
	return arrival->packet->length && direction->receiver_last_ns < sent->time_ns;
}

static enum tcpm_class class_of_handshake(const struct arrival *arrival, const struct sent *sent)
{
	const struct packet *packet = arrival->packet;
	bool waits = (packet->length || (packet->flags & TCP_FIN)) && !(packet->flags & TCP_SYN);

	if (waits || arrival->now_ns - sent->time_ns >= INITIAL_RTO_NS)
		return TCPM_CLASS_RESPONSE;
	return TCPM_CLASS_NETWORK;
}

/* The acknowledgement of the first segments may have been lost; the one of the last, behind which
 * nothing more was sent, may wait, and this is it. It has waited if it came later by the shortest
 * delayed-ACK timer than the shortest round trip. */
static bool may_be_of_the_tail(const struct direction *direction, const struct ack_range *covered,
			       const struct arrival *arrival, const struct sent *sent)
{
	return covered->answered >= 3 && arrival->packet->ack == direction->max &&
	       direction->min_rtt &&
	       arrival->now_ns - sent->time_ns >=
		       direction_min_rtt_ns(direction) + SHORTEST_DELAY_NS;
}

/* A delayed acknowledgement leaves within 0.5 s (RFC 1122 4.2.3.2), and a sender that waits longer
 * than its retransmission timeout sends again: at least 1 s at first (RFC 6298 2.1; 3 s before
 * that, 6 s in old stacks), then smoothed round trip and variation, which 8 times the last round
 * trip is well above. */
#define OVERDUE_NS       INT64_C(3000000000)
#define OVERDUE_FIRST_NS INT64_C(6500000000)

bool match_overdue(const struct verdict *verdict, int64_t known_ns)
{
	int64_t limit_ns = OVERDUE_FIRST_NS;

	if (verdict->rtt_ns <= OVERDUE_NS)
		return false;
	if (known_ns)
		limit_ns = known_ns > OVERDUE_NS / 8 ? known_ns * 8 : OVERDUE_NS;
	/* The timeout doubles with each retransmission. */
	return verdict->rtt_ns > limit_ns + verdict->resent_ns * 4;
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
		return may_be_of_the_tail(direction, covered, arrival, sent) ? TCPM_CLASS_RESPONSE
									     : TCPM_CLASS_NETWORK;
	if (covered->released || (trigger->flags & SEGMENT_FILLED))
		return TCPM_CLASS_NETWORK;
	if ((trigger->flags & SEGMENT_RETRANSMITTED) && !covered->originals &&
	    seq_after(packet->ack, trigger->end))
		return TCPM_CLASS_NETWORK;
	return TCPM_CLASS_RESPONSE;
}
