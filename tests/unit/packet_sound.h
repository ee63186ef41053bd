/*
 * What holds for every packet, whatever the bytes were; and the bytes that try it.
 */
#ifndef UNIT_PACKET_SOUND_H
#define UNIT_PACKET_SOUND_H

#include "packet_helper.h"

/* What does not depend on how much of the options was captured. */
static inline void assert_same_fixed_fields(const struct packet *a, const struct packet *b)
{
	assert_int_equal(a->version, b->version);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->label_count, b->label_count);
	assert_memory_equal(a->label_kind, b->label_kind, sizeof(a->label_kind));
	assert_memory_equal(a->label, b->label, sizeof(a->label));
	assert_int_equal(a->more_data, b->more_data);
	assert_memory_equal(a->source, b->source, sizeof(a->source));
	assert_memory_equal(a->target, b->target, sizeof(a->target));
	assert_int_equal(a->source_port, b->source_port);
	assert_int_equal(a->target_port, b->target_port);
	assert_int_equal(a->ip_id, b->ip_id);
	assert_int_equal(a->checksum, b->checksum);
	assert_int_equal(a->window, b->window);
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->ack, b->ack);
	assert_int_equal(a->length, b->length);
}

static inline void assert_same_options(const struct packet *a, const struct packet *b)
{
	assert_int_equal(a->has_timestamps, b->has_timestamps);
	assert_int_equal(a->tsval, b->tsval);
	assert_int_equal(a->tsecr, b->tsecr);
	assert_int_equal(a->options_cut, b->options_cut);
	assert_int_equal(a->mss, b->mss);
	assert_int_equal(a->has_window_scale, b->has_window_scale);
	assert_int_equal(a->window_scale, b->window_scale);
	assert_int_equal(a->sack_permitted, b->sack_permitted);
	assert_int_equal(a->sack_count, b->sack_count);
	assert_memory_equal(a->sack, b->sack, a->sack_count * sizeof(*a->sack));
}

/* What holds for every packet, whatever the bytes were. */
static inline void assert_plausible(const struct tcpm_frame *frame, const struct packet *packet)
{
	uint32_t wire = frame->wire_length > frame->captured ? frame->wire_length : frame->captured;

	assert_true(packet->version == 4 || packet->version == 6);
	assert_true(packet->length <= PACKET_MAX_LENGTH);
	/* The IP header's 16 bits bound it, or the frame does. */
	assert_true(packet->length <= UINT16_MAX - 20 || packet->length <= wire - 40);
	assert_true(packet->sack_count <= PACKET_MAX_SACK);
	assert_true(packet->window_scale <= 14);
	assert_true(packet->label_count <= PACKET_MAX_LABELS);
	for (size_t i = 0; i < PACKET_MAX_LABELS; i++) {
		if (i < packet->label_count) {
			assert_in_range(packet->label_kind[i], TCPM_LABEL_VLAN, TCPM_LABELS - 1);
		} else {
			assert_int_equal(packet->label_kind[i], TCPM_LABEL_NONE);
			assert_int_equal(packet->label[i], 0);
		}
	}
	for (size_t i = 4; packet->version == 4 && i < 16; i++) {
		assert_int_equal(packet->source[i], 0);
		assert_int_equal(packet->target[i], 0);
	}
	assert_true(packet->has_timestamps || (packet->tsval == 0 && packet->tsecr == 0));
	assert_true(packet->has_window_scale || packet->window_scale == 0);
}

/* Decodes twice, into packets of different rubbish: a field that shows through, or an
 * answer that depends on it, was not set. */
static inline enum tcpm_decode assert_sound(const struct tcpm_frame *frame)
{
	struct packet first, second;
	uint8_t *copy = malloc(frame->captured);
	struct tcpm_frame exact = *frame;

	assert_true(copy || frame->captured == 0);
	if (frame->captured > 0)
		memcpy(copy, frame->bytes, frame->captured);
	exact.bytes = copy;
	memset(&first, 0, sizeof(first));
	memset(&second, 1, sizeof(second));
	enum tcpm_decode decode = packet_decode(&exact, &first);
	assert_int_equal(packet_decode(&exact, &second), decode);
	free(copy);
	assert_true(decode < TCPM_DECODES);
	if (decode == TCPM_DECODE_TCP) {
		assert_plausible(&exact, &first);
		assert_same_fixed_fields(&first, &second);
		assert_same_options(&first, &second);
	}
	return decode;
}

/* xorshift32: the same numbers on each run. */
static inline uint32_t next_random(uint32_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 17;
	*random ^= *random << 5;
	return *random;
}

/* Changes up to four bytes, mostly to values at which something turns. */
static inline void mutate(struct frame_builder *b, uint32_t *random)
{
	static const uint8_t turns[] = {0,  1,    2,    4,    5,    6,    8,
					10, 0x40, 0x45, 0x60, 0x7f, 0x80, 0xff};

	for (unsigned count = next_random(random) % 5; count > 0; count--) {
		size_t at = next_random(random) % b->length;
		uint32_t value = next_random(random);

		b->bytes[at] = value & 0x100 ? turns[value % sizeof(turns)] : (uint8_t)value;
	}
}

#endif
