/*
 * Interface description blocks (draft-ietf-opsawg-pcapng 4.2) and their time
 * stamps.
 *
 * A damaged option list is an error even though the block's frame is sound: the
 * option lost could be the time's resolution, and every time would be wrong.
 */
#include "capture/pcapng_interface.h"

#include <string.h>

#include "capture/file_source.h"

enum {
	OPTION_END = 0,
	OPTION_NAME = 2,
	OPTION_RESOLUTION = 9,
	OPTION_OFFSET = 14,
};

#define DEFAULT_RESOLUTION 6 /* 10^-6 s */
#define POWER_OF_TWO       0x80

#define NS_PER_SECOND 1000000000u

/* Powers of ten that fit in 64 bits. */
static const uint64_t power_of_10[20] = {
	1u,
	10u,
	100u,
	1000u,
	10000u,
	100000u,
	1000000u,
	10000000u,
	100000000u,
	1000000000u,
	10000000000u,
	100000000000u,
	1000000000000u,
	10000000000000u,
	100000000000000u,
	1000000000000000u,
	10000000000000000u,
	100000000000000000u,
	1000000000000000000u,
	10000000000000000000u,
};

static int64_t within_range(uint64_t time_ns)
{
	return time_ns < (uint64_t)MAX_TIME_NS ? (int64_t)time_ns : MAX_TIME_NS;
}

/* units * 10^-power s, for power > 9: a unit is less than a nanosecond. */
static int64_t fine_decimal_ns(uint64_t units, unsigned power)
{
	return power - 9 < 20 ? within_range(units / power_of_10[power - 9]) : 0;
}

/* units * 2^-power s. The product of the fraction and 10^9 may take 94 bits: it is
 * formed in two halves of 32 bits, which loses nothing that the last shift would
 * keep. */
static int64_t binary_ns(uint64_t units, unsigned power)
{
	const uint64_t seconds = power < 64 ? units >> power : 0;
	uint64_t fraction = power < 64 ? units & (((uint64_t)1 << power) - 1) : units;

	if (seconds >= (uint64_t)MAX_TIME_NS / NS_PER_SECOND)
		return MAX_TIME_NS;
	if (power <= 32) {
		fraction = fraction * NS_PER_SECOND >> power;
	} else {
		const uint64_t high = (fraction >> 32) * NS_PER_SECOND;
		const uint64_t low = (fraction & UINT32_MAX) * NS_PER_SECOND;
		fraction = power - 32 < 64 ? (high + (low >> 32)) >> (power - 32) : 0;
	}
	return within_range(seconds * NS_PER_SECOND + fraction);
}

int64_t pcapng_time_ns(const struct pcapng_interface *interface, uint64_t units)
{
	const unsigned power = interface->resolution & ~(unsigned)POWER_OF_TWO;

	if (interface->resolution & POWER_OF_TWO)
		return binary_ns(units, power);
	if (power > 9)
		return fine_decimal_ns(units, power);
	return units < interface->max_units ? (int64_t)(units * interface->unit_ns) : MAX_TIME_NS;
}

static void set_resolution(struct pcapng_interface *interface, uint8_t resolution)
{
	interface->resolution = resolution;
	interface->unit_ns = 0;
	interface->max_units = 0;
	if (resolution <= 9) {
		interface->unit_ns = (uint32_t)power_of_10[9 - resolution];
		interface->max_units = (uint64_t)MAX_TIME_NS / interface->unit_ns;
	}
}

static int64_t offset_ns(int64_t seconds)
{
	const int64_t limit = MAX_TIME_NS / NS_PER_SECOND;

	if (seconds > limit)
		seconds = limit;
	if (seconds < -limit)
		seconds = -limit;
	return seconds * NS_PER_SECOND;
}

/* Bytes of the well-formed UTF-8 character at the front (Unicode table 3-7), 0 if it
 * is none. */
static size_t utf8_character(const uint8_t *bytes, size_t size)
{
	static const struct {
		uint8_t first, last; /* of the leading byte */
		uint8_t length;
		uint8_t second, second_end; /* of the second byte */
	} forms[] = {
		{0x20, 0x7e, 1, 0, 0},       {0xc3, 0xdf, 2, 0x80, 0xbf},
		{0xc2, 0xc2, 2, 0xa0, 0xbf}, /* below: control characters */
		{0xe0, 0xe0, 3, 0xa0, 0xbf}, {0xe1, 0xec, 3, 0x80, 0xbf},
		{0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
		{0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf},
		{0xf4, 0xf4, 4, 0x80, 0x8f},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const size_t length = forms[i].length;
		if (bytes[0] < forms[i].first || bytes[0] > forms[i].last)
			continue;
		if (length > size)
			return 0;
		if (length > 1 && (bytes[1] < forms[i].second || bytes[1] > forms[i].second_end))
			return 0;
		for (size_t k = 2; k < length; k++)
			if ((bytes[k] & 0xc0) != 0x80)
				return 0;
		return length;
	}
	return 0;
}

/* Copies a name up to a zero byte, with '?' for each byte that is not printable. */
static void set_name(char name[static PCAPNG_NAME_SIZE], const uint8_t *bytes, size_t size)
{
	size_t used = 0;

	while (size > 0 && bytes[0] != 0) {
		const size_t length = utf8_character(bytes, size);
		const size_t step = length > 0 ? length : 1;
		if (used + step >= PCAPNG_NAME_SIZE)
			break;
		if (length > 0)
			memcpy(name + used, bytes, length);
		else
			name[used] = '?';
		used += step;
		bytes += step;
		size -= step;
	}
	name[used] = '\0';
}

static const char *parse_option(unsigned code, const uint8_t *value, size_t size, bool swapped,
				struct pcapng_interface *interface,
				char name[static PCAPNG_NAME_SIZE])
{
	switch (code) {
	case OPTION_NAME:
		set_name(name, value, size);
		break;
	case OPTION_RESOLUTION:
		if (size != 1)
			return "its time resolution is not one byte long";
		set_resolution(interface, value[0]);
		break;
	case OPTION_OFFSET:
		if (size != 8)
			return "its time offset is not eight bytes long";
		interface->offset_ns = offset_ns((int64_t)file_get64(value, swapped));
		break;
	}
	return NULL;
}

const char *pcapng_interface_parse(const uint8_t *body, size_t size, bool swapped,
				   struct pcapng_interface *interface,
				   char name[static PCAPNG_NAME_SIZE])
{
	if (size < 8)
		return "it is too short for an interface description";
	*interface = (struct pcapng_interface){
		.linktype = file_get16(body, swapped),
		.snaplen = file_get32(body + 4, swapped),
	};
	set_resolution(interface, DEFAULT_RESOLUTION);
	name[0] = '\0';

	const uint8_t *at = body + 8;
	size_t left = size - 8;
	while (left >= 4) {
		const unsigned code = file_get16(at, swapped);
		const size_t length = file_get16(at + 2, swapped);
		const size_t padded = (length + 3) & ~(size_t)3;
		at += 4;
		left -= 4;
		if (code == OPTION_END)
			return NULL;
		if (padded > left)
			return "an option in it is longer than the block";
		const char *wrong = parse_option(code, at, length, swapped, interface, name);
		if (wrong)
			return wrong;
		at += padded;
		left -= padded;
	}
	return NULL;
}
