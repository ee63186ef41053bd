/*
 * From a frame to the id of its flow: see batch.h.
 */
#include "rtt/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rtt/flow_table.h"

#define MAX_CAPACITY ((size_t)1 << 20)

/* The id of the packet's flow; returns the index of its sender in it. */
static unsigned identify(const struct packet *packet, const struct tcpm_frame *frame,
			 struct tcpm_flow_id *id)
{
	int order = memcmp(packet->source, packet->target, sizeof(packet->source));
	unsigned sender = order ? order > 0 : packet->source_port > packet->target_port;

	memset(id, 0, sizeof(*id));
	id->address[sender].version = id->address[!sender].version = packet->version;
	memcpy(id->address[sender].bytes, packet->source, sizeof(packet->source));
	memcpy(id->address[!sender].bytes, packet->target, sizeof(packet->target));
	id->port[sender] = packet->source_port;
	id->port[!sender] = packet->target_port;
	memcpy(id->label_kind, packet->label_kind, sizeof(id->label_kind));
	memcpy(id->label, packet->label, sizeof(id->label));
	id->interface = frame->interface;
	return sender;
}

void batch_decode(const struct batch_rules *rules, const struct tcpm_frame *frame,
		  struct decoded *decoded)
{
	decoded->time_ns = frame->time_ns;
	decoded->number = frame->number;
	decoded->interface = frame->interface;
	decoded->result = (uint8_t)packet_decode_with(&rules->ports, frame, &decoded->packet);
	if (decoded->result != TCPM_DECODE_TCP)
		return;
	decoded->sender = (uint8_t)identify(&decoded->packet, frame, &decoded->id);
	decoded->hash = flow_table_hash(rules->seed, &decoded->id);
}

struct tcpm_batch *batch_new(const struct batch_rules *rules, size_t capacity)
{
	struct tcpm_batch *batch;

	if (capacity == 0 || capacity > MAX_CAPACITY) {
		errno = EINVAL;
		return NULL;
	}
	batch = malloc(sizeof(*batch) + capacity * sizeof(struct decoded));
	if (!batch)
		return NULL;
	batch->rules = *rules;
	batch->capacity = capacity;
	batch->count = 0;
	return batch;
}

void tcpm_batch_free(struct tcpm_batch *batch)
{
	free(batch);
}

size_t tcpm_batch_add(struct tcpm_batch *batch, const struct tcpm_frame *frames, size_t count)
{
	size_t room = batch->capacity - batch->count;

	if (count > room)
		count = room;
	for (size_t i = 0; i < count; i++)
		batch_decode(&batch->rules, &frames[i], &batch->decoded[batch->count + i]);
	batch->count += count;
	return count;
}

void tcpm_batch_clear(struct tcpm_batch *batch)
{
	batch->count = 0;
}

size_t tcpm_batch_count(const struct tcpm_batch *batch)
{
	return batch->count;
}
