/*
 * Small connections. See talk.h.
 */
#include "talk.h"

uint32_t talk_mix(uint64_t x)
{
	/* splitmix64, whose step keeps small numbers apart. */
	x *= 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)((x ^ (x >> 31)) >> 16);
}

void talk_init(struct talk *talk, uint64_t number, const struct frame_end *client,
	       const struct frame_end *server)
{
	talk->end[TALK_CLIENT] = *client;
	talk->end[TALK_SERVER] = *server;
	for (unsigned side = TALK_CLIENT; side <= TALK_SERVER; side++) {
		talk->next[side] = talk_mix(number * 8 + side);
		talk->clock[side] = talk_mix(number * 8 + 2 + side);
		talk->said[side] = 0;
		talk->id[side] = (uint16_t)talk_mix(number * 8 + 4 + side);
	}
}

size_t talk_say(struct talk *talk, enum talk_side side, uint8_t flags, size_t payload,
		uint32_t now_ms, uint8_t head[FRAME_HEAD_MAX])
{
	enum talk_side other = side == TALK_CLIENT ? TALK_SERVER : TALK_CLIENT;
	struct frame_segment segment = {
		.seq = talk->next[side],
		.ack = (flags & FRAME_ACK) != 0 ? talk->next[other] : 0,
		.tsval = now_ms + talk->clock[side],
		.tsecr = talk->said[other],
		.payload = payload,
		.id = talk->id[side]++,
		.flags = flags,
	};
	struct frame_template template;

	frame_prepare(&template, false, &talk->end[side], &talk->end[other]);
	talk->next[side] += (uint32_t)payload + ((flags & (FRAME_SYN | FRAME_FIN)) != 0);
	talk->said[side] = segment.tsval;
	return frame_write(head, &template, &segment);
}
