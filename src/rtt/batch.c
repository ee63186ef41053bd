/*
 * From a frame to the id of its flow: see batch.h.
 */
#include "rtt/batch.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "packet/hosts.h"
#include "rtt/flow_name.h"
#include "rtt/match.h"

#define MAX_CAPACITY ((size_t)1 << 20)

/* So many frames are shared out at once. */
#define SIFTED 256

/* IPv4 without labels: most of what there is. Returns the index of the sender in the name. */
static unsigned identify_plain(const struct batch_rules *rules, const struct packet *packet,
			       uint32_t interface, struct flow_name *name)
{
	uint32_t source;
	uint32_t target;

	memcpy(&source, packet->source, sizeof(source));
	memcpy(&target, packet->target, sizeof(target));
	unsigned sender = source != target ? be32toh(source) > be32toh(target)
					   : packet->source_port > packet->target_port;
	uint32_t address[2] = {sender ? target : source, sender ? source : target};
	uint16_t port[2] = {sender ? packet->target_port : packet->source_port,
			    sender ? packet->source_port : packet->target_port};

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

static unsigned identify(const struct batch_rules *rules, const struct packet *packet,
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

/* Whether another engine measures what hosts of this number send each other. */
static bool is_elsewhere(const struct batch_rules *rules, uint32_t hosts)
{
	return (uint64_t)hosts * rules->shares >> 32 != rules->share;
}

/* What a look at a frame told. */
enum whose {
	WHOSE_UNKNOWN, /* nothing: it must be decoded */
	WHOSE_OURS,
	WHOSE_OTHERS,
};

static inline __attribute__((always_inline)) enum whose peek(const struct batch_rules *rules,
							     const struct tcpm_frame *frame)
{
	uint32_t hosts;

	if (!packet_hosts_peek(frame, &hosts))
		return WHOSE_UNKNOWN;
	return WHOSE_OURS + is_elsewhere(rules, hosts);
}

/* Decodes a frame, if it is of this engine's part. As enum tcpm_decode, or DECODED_ELSEWHERE. */
static unsigned decode_share(const struct batch_rules *rules, const struct tcpm_frame *frame,
			     enum whose whose, struct packet *packet)
{
	unsigned result;

	if (whose == WHOSE_OTHERS)
		return DECODED_ELSEWHERE;
	result = packet_decode_with(&rules->ports, frame, packet);
	if (whose == WHOSE_OURS)
		return result;
	if (result == TCPM_DECODE_TCP ? is_elsewhere(rules, packet_hosts(packet))
				      : rules->share != 0)
		return DECODED_ELSEWHERE;
	return result;
}

/* As batch_decode, of a frame that was looked at. */
static inline void decode(const struct batch_rules *rules, const struct tcpm_frame *frame,
			  enum whose whose, struct decoded *decoded)
{
	const struct packet *packet = &decoded->packet;
	unsigned sender;

	decoded->time_ns = frame->time_ns;
	decoded->number = frame->number;
	decoded->skipped = 0;
	decoded->result = (uint8_t)decode_share(rules, frame, whose, &decoded->packet);
	if (decoded->result != TCPM_DECODE_TCP)
		return;
	if (packet->version == 4 && packet->label_count == 0)
		sender = identify_plain(rules, packet, frame->interface, &decoded->name);
	else
		sender = identify(rules, packet, frame->interface, &decoded->id, &decoded->name);
	decoded->sender = (uint8_t)sender;
	if (packet->length || (packet->flags & (TCP_SYN | TCP_FIN)))
		decoded->fingerprint = match_fingerprint(packet);
}

void batch_decode(const struct batch_rules *rules, const struct tcpm_frame *frame,
		  struct decoded *decoded)
{
	decode(rules, frame, rules->shares > 1 ? peek(rules, frame) : WHOSE_OURS, decoded);
}

struct tcpm_batch *batch_new(const struct batch_rules *rules, size_t capacity)
{
	struct tcpm_batch *batch;

	if (capacity == 0 || capacity > MAX_CAPACITY) {
		errno = EINVAL;
		return NULL;
	}
	batch = aligned_alloc(_Alignof(struct tcpm_batch),
			      sizeof(*batch) + capacity * sizeof(struct decoded));
	if (!batch)
		return NULL;
	batch->rules = *rules;
	batch->capacity = capacity;
	tcpm_batch_clear(batch);
	return batch;
}

void tcpm_batch_free(struct tcpm_batch *batch)
{
	free(batch);
}

/* A frame that needs a place of its own. */
struct chosen {
	uint16_t number;
	uint16_t whose;
};

/* All frames need one. */
static size_t choose_all(const struct batch_rules *rules, const struct tcpm_frame *frames,
			 size_t count, struct chosen chosen[static SIFTED])
{
	for (size_t i = 0; i < count; i++)
		chosen[i] = (struct chosen){(uint16_t)i, (uint16_t)peek(rules, &frames[i])};
	return count;
}

/* Which of some frames need a place of their own: those that may be of this engine's part, the
 * first and the last. Returns their number. All do unless the times only ever go on, for what a
 * clock that goes back means depends on all frames before. */
static size_t choose(const struct batch_rules *rules, const struct tcpm_frame *frames, size_t count,
		     struct chosen chosen[static SIFTED + 1])
{
	int64_t last_ns = frames[0].time_ns;
	bool odd = last_ns < 0;
	size_t most = 1;

	chosen[0] = (struct chosen){0, (uint16_t)peek(rules, &frames[0])};
	for (size_t i = 1; i < count; i++) {
		enum whose whose = peek(rules, &frames[i]);

		/* Whose a frame is cannot be foreseen, so nothing here depends on it by a jump. */
		chosen[most] = (struct chosen){(uint16_t)i, (uint16_t)whose};
		most += whose != WHOSE_OTHERS;
		odd |= frames[i].time_ns < last_ns;
		last_ns = frames[i].time_ns;
	}
	if (odd || last_ns > BATCH_FARTHEST_NS)
		return choose_all(rules, frames, count, chosen);
	/* If the last one was not chosen, it stands behind those that were. */
	return most + (chosen[most - 1].number != count - 1);
}

/* Adds frames of which another engine may measure some, at most SIFTED. */
static void add_share(struct tcpm_batch *batch, const struct tcpm_frame *frames, size_t count)
{
	struct chosen chosen[SIFTED + 1];
	size_t most = choose(&batch->rules, frames, count, chosen);
	size_t next = 0;

	for (size_t i = 0; i < most; i++) {
		struct decoded *decoded = &batch->decoded[batch->count++];
		const struct tcpm_frame *frame = &frames[chosen[i].number];

		decode(&batch->rules, frame, (enum whose)chosen[i].whose, decoded);
		decoded->skipped = (uint32_t)(chosen[i].number - next);
		if (decoded->skipped > 0)
			decoded->before_ns = frame[-1].time_ns;
		next = chosen[i].number + 1u;
	}
}

size_t tcpm_batch_add(struct tcpm_batch *batch, const struct tcpm_frame *frames, size_t count)
{
	size_t room = batch->capacity - batch->frames;

	if (count > room)
		count = room;
	batch->frames += count;
	if (batch->rules.shares > 1) {
		for (size_t at = 0; at < count; at += SIFTED)
			add_share(batch, &frames[at], count - at < SIFTED ? count - at : SIFTED);
		return count;
	}
	for (size_t i = 0; i < count; i++)
		batch_decode(&batch->rules, &frames[i], &batch->decoded[batch->count + i]);
	batch->count += count;
	return count;
}

void tcpm_batch_clear(struct tcpm_batch *batch)
{
	batch->frames = 0;
	batch->count = 0;
}

size_t tcpm_batch_count(const struct tcpm_batch *batch)
{
	return batch->frames;
}
