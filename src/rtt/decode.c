/*
 * From a frame to the id of its flow: see decode.h.
 */
#include "rtt/decode.h"

#include <endian.h>
#include <string.h>

#include "packet/host_pair.h"
#include "rtt/flow_name.h"

/* IPv4 without labels: most of what there is. Returns the index of the sender in the name, which
 * would be an unpredictable branch, so there is none. */
static unsigned identify_plain(const struct decode_rules *rules, const struct packet *packet,
			       uint32_t interface, struct flow_name *name)
{
	uint32_t source;
	uint32_t target;

	memcpy(&source, packet->source, sizeof(source));
	memcpy(&target, packet->target, sizeof(target));
	uint64_t from = (uint64_t)be32toh(source) << 16 | packet->source_port;
	uint64_t to = (uint64_t)be32toh(target) << 16 | packet->target_port;
	unsigned sender = from > to;
	uint32_t all = -(uint32_t)sender;
	uint32_t other = (source ^ target) & all;
	uint16_t other_port = (uint16_t)((packet->source_port ^ packet->target_port) & all);
	uint32_t address[2] = {source ^ other, target ^ other};
	uint16_t port[2] = {packet->source_port ^ other_port, packet->target_port ^ other_port};

	flow_name_plain(rules->seed, address, port, interface, name);
	return sender;
}

/* As memcmp of two addresses. */
static int compare_addresses(const uint8_t a[static 16], const uint8_t b[static 16])
{
	for (size_t half = 0; half < 16; half += 8) {
		uint64_t x;
		uint64_t y;

		memcpy(&x, a + half, sizeof(x));
		memcpy(&y, b + half, sizeof(y));
		if (x != y)
			return be64toh(x) > be64toh(y) ? 1 : -1;
	}
	return 0;
}

static unsigned identify(const struct decode_rules *rules, const struct packet *packet,
			 uint32_t interface, struct tcpm_flow_id *id, struct flow_name *name)
{
	int order = compare_addresses(packet->source, packet->target);
	unsigned sender = order ? order > 0 : packet->source_port > packet->target_port;

	memset(id, 0, sizeof(*id));
	id->address[sender].version = id->address[!sender].version = packet->version;
	memcpy(id->address[sender].bytes, packet->source, sizeof(packet->source));
	memcpy(id->address[!sender].bytes, packet->target, sizeof(packet->target));
	id->port[sender] = packet->source_port;
	id->port[!sender] = packet->target_port;
	memcpy(id->label_kind, packet->label_kind, sizeof(id->label_kind));
	memcpy(id->label, packet->label, sizeof(id->label));
	id->interface = interface;
	flow_name_of(rules->seed, id, name);
	return sender;
}

/* The frame's packet, if it is of this engine's part. As enum tcpm_decode, or
 * DECODED_ELSEWHERE. */
static unsigned decode_ours(const struct decode_rules *rules, const struct tcpm_frame *frame,
			    unsigned owner, struct packet *packet)
{
	unsigned result;

	if (owner == PARTITION_UNKNOWN)
		owner = partition_of_frame(&rules->partition, frame);
	if (owner == PARTITION_OTHER)
		return DECODED_ELSEWHERE;
	result = packet_decode_with(&rules->ports, frame, packet);
	if (owner == PARTITION_OWN)
		return result;
	if (result == TCPM_DECODE_TCP ? partition_is_other(&rules->partition, host_pair(packet))
				      : rules->partition.index != 0)
		return DECODED_ELSEWHERE;
	return result;
}

/* The sequence space of what is to be remembered of a segment. */
static uint32_t size_of(const struct packet *packet)
{
	if (packet->flags & TCP_RST)
		return 0;
	return packet->length + ((packet->flags & TCP_SYN) != 0) + ((packet->flags & TCP_FIN) != 0);
}

void decode_frame(const struct decode_rules *rules, const struct tcpm_frame *frame, unsigned owner,
		  struct decoded *decoded)
{
	const struct packet *packet = &decoded->packet;
	unsigned result = rules->partition.count > 1
				  ? decode_ours(rules, frame, owner, &decoded->packet)
				  : packet_decode_with(&rules->ports, frame, &decoded->packet);
	unsigned sender;

	decoded->arrival.now_ns = frame->time_ns;
	decoded->arrival.timed = frame->time_ns != TCPM_NO_TIME;
	decoded->number = frame->number;
	decoded->result = (uint8_t)result;
	if (result != TCPM_DECODE_TCP)
		return;
	if (packet->version == 4 && packet->label_count == 0)
		sender = identify_plain(rules, packet, frame->interface, &decoded->name);
	else
		sender = identify(rules, packet, frame->interface, &decoded->id, &decoded->name);
	decoded->sender = (uint8_t)sender;
	decoded->plain = (packet->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) == TCP_ACK;
	decoded->size = decoded->plain ? packet->length : size_of(packet);
	decoded->arrival.packet = packet;
	/* Always: whether it is needed would be an unpredictable branch. */
	decoded->arrival.fingerprint = match_fingerprint(packet);
}
