/*
 * The capture point: which packets it records, and, for each acknowledgement of
 * something new in them, the truth. README.md defines every word of it.
 */
#include "sim.h"

#include <string.h>

/* Why the captured packets do or do not name the trigger; see README.md. */
static const char *judge(const struct packet *packet, const struct trigger *trigger,
			 const struct ledger_news *news)
{
	if (!news->inside || (packet->caused && trigger != &packet->causes[0]))
		return "foreign";
	if (packet->repeated)
		return "repeated";
	if (trigger->passage.frame == 0)
		return "unseen";
	if (news->old)
		return "old";
	if (!news->first_evidence)
		return "partial";
	if (news->never_captured)
		return "gap";
	if (news->resent) {
		bool named = packet->has_timestamps && packet->tsecr == trigger->tsval &&
			     news->tsval_unique;

		return named ? "resolvable" : "ambiguous";
	}
	if (trigger->passage.frame != news->last_frame)
		return "reordered";
	return trigger->passage.copied ? "copied" : "unambiguous";
}

static uint8_t *put_text(uint8_t *out, const char *text)
{
	size_t length = strlen(text);

	memcpy(out, text, length);
	return out + length;
}

static uint8_t *put_number(uint8_t *out, uint64_t value, char after)
{
	uint8_t digits[20];
	size_t count = 0;

	do
		digits[count++] = (uint8_t)('0' + value % 10);
	while ((value /= 10) > 0);
	while (count > 0)
		*out++ = digits[--count];
	*out++ = (uint8_t)after;
	return out;
}

static uint8_t *put_time(uint8_t *out, int64_t value_ns, char after)
{
	if (value_ns < 0) { /* a defect of the simulator; check reports it */
		*out++ = '-';
		value_ns = -value_ns;
	}
	return put_number(out, (uint64_t)value_ns, after);
}

static void put_truth(const struct packet *packet, const struct trigger *trigger, uint64_t frame,
		      const struct ledger_news *news)
{
	struct flow *flow = packet->flow;
	struct buffer *buffer = &flow->simulation->truth;
	uint8_t *start, *out;

	if (buffer->bytes == NULL)
		return;
	out = start = buffer_room(buffer, 512);
	out = put_number(out, frame, ',');
	out = put_number(out, trigger->passage.frame, ',');
	out = put_time(out, flow->simulation->now_ns - trigger->passage.time_ns, ',');
	out = put_time(out, packet->sent_ns - trigger->arrival_ns, ',');
	out = put_text(out, news->syn ? "syn," : news->cumulative ? "ack," : "sack,");
	out = put_text(out, judge(packet, trigger, news));
	*out++ = ',';
	out = put_number(out, news->bytes, ',');
	out = put_number(out, packet->prompt ? 1 : 0, ',');
	out = put_number(out, trigger->full_sized ? 1 : 0, ',');
	out = put_text(out, flow->name[1 - packet->direction]);
	*out++ = ',';
	out = put_text(out, flow->name[packet->direction]);
	*out++ = ',';
	out = put_number(out, flow->number, ',');
	out = put_text(out, flow->setting->name);
	*out++ = '\n';
	buffer->used += (size_t)(out - start);
	flow->simulation->lines++;
}

/* The last arrival that holds something newly acknowledged: mostly the one that
 * made the acknowledgement leave; else the latest before it that does. */
static const struct trigger *find_trigger(struct ledger *ledger, const struct packet *packet,
					  const uint64_t (*blocks)[2], size_t count)
{
	for (unsigned i = 0; i < CAUSES; i++) {
		const struct passage *passage = &packet->causes[i].passage;

		if (ledger_would_cover(ledger, packet->ack, blocks, count, passage->start,
				       passage->end))
			return &packet->causes[i];
	}
	return &packet->causes[2];
}

static void acknowledgement(const struct packet *packet, uint64_t frame)
{
	struct ledger *ledger = &packet->flow->ledger[1 - packet->direction];
	size_t skip = packet->duplicate_block ? 1 : 0;
	const uint64_t(*blocks)[2] = packet->blocks + skip;
	size_t count = packet->block_count - skip;
	const struct trigger *trigger = find_trigger(ledger, packet, blocks, count);
	const struct ledger_trigger shape = {.start = trigger->passage.start,
					     .end = trigger->passage.end,
					     .tsval = trigger->tsval};
	struct ledger_news news;

	news = ledger_acknowledged(ledger, packet->ack, blocks, count, &shape);
	if (news.bytes > 0)
		put_truth(packet, trigger, frame, &news);
}

static void record_copy(struct packet *packet)
{
	struct flow *flow = packet->flow;
	struct packet *copy = packet_new(flow->simulation);

	packet->passage.copied = true;
	*copy = *packet;
	copy->hop = flow->number % 2 == 0 ? 1 : 0; /* seen after a router, or mirrored twice */
	schedule(flow, flow->simulation->now_ns + prng_between(&flow->prng, 300, 400 * MICROSECOND),
		 EVENT_COPY, copy, 0);
}

void capture_packet(struct packet *packet)
{
	struct flow *flow = packet->flow;
	struct simulation *simulation = flow->simulation;
	bool started = simulation->now_ns >= flow->capture_from_ns;
	bool captured = started && flow->capture_direction[packet->direction] &&
			!prng_chance(&flow->prng, flow->setting->capture_loss);

	packet->passage = (struct passage){
		.time_ns = simulation->now_ns, .start = packet->start, .end = packet->end};
	if (!started && (packet->flags & ACK) != 0)
		ledger_settle(&flow->ledger[1 - packet->direction], packet->ack);
	if (!captured)
		return;
	packet->passage.frame = ++simulation->frames;
	pcap_packet(simulation, packet);
	if (packet->end > packet->start)
		ledger_captured(&flow->ledger[packet->direction], packet->start, packet->end,
				packet->passage.frame);
	if ((packet->flags & ACK) != 0)
		acknowledgement(packet, packet->passage.frame);
	if (prng_chance(&flow->prng, flow->setting->copies))
		record_copy(packet);
}

void capture_copy(struct packet *packet)
{
	struct simulation *simulation = packet->flow->simulation;

	simulation->frames++;
	pcap_packet(simulation, packet);
	packet_free(simulation, packet);
}
