/*
 * Time stamps of pcapng against a naive reference with numbers of 128 bits, for every
 * resolution, at the edges and at random (fixed seed).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "capture/pcapng_interface.h"

#define LIMIT ((int64_t)1 << 62)

/* Writes and reads back, so that the block's own way is tested. */
static struct pcapng_interface interface_of(uint8_t resolution)
{
	uint8_t body[8 + 8] = {1, 0, 0, 0, 0, 0, 0, 0};
	const uint16_t option[2] = {9, 1};
	struct pcapng_interface interface;
	char name[PCAPNG_NAME_SIZE];

	memcpy(body + 8, option, 4);
	body[12] = resolution;
	assert_null(pcapng_interface_parse(body, sizeof(body), false, &interface, name));
	return interface;
}

/* floor(units * 10^9 * resolution), by long multiplication and division. */
static int64_t model_decimal(uint64_t units, unsigned power)
{
	unsigned __int128 value = units;

	for (unsigned i = power; i < 9; i++)
		value *= 10;
	for (unsigned i = 9; i < power; i++)
		value /= 10;
	return value < (unsigned __int128)LIMIT ? (int64_t)value : LIMIT;
}

static int64_t model_binary(uint64_t units, unsigned power)
{
	unsigned __int128 value = (unsigned __int128)units * 1000000000;

	value = power < 128 ? value >> power : 0;
	return value < (unsigned __int128)LIMIT ? (int64_t)value : LIMIT;
}

static void check(uint8_t resolution, uint64_t units)
{
	const struct pcapng_interface interface = interface_of(resolution);
	const int64_t wanted = resolution & 0x80 ? model_binary(units, resolution & 0x7f)
						 : model_decimal(units, resolution);
	const int64_t got = pcapng_time_ns(&interface, units);

	/* A time on the last second before the limit may already be moved to it. */
	if (got != wanted && !(got == LIMIT && wanted > LIMIT - 1000000000))
		fail_msg("resolution %#x, %llu units: %lld, not %lld", resolution,
			 (unsigned long long)units, (long long)got, (long long)wanted);
}

static void every_resolution(void **state)
{
	(void)state;
	uint64_t random = 88172645463325252u;

	for (unsigned resolution = 0; resolution < 256; resolution++) {
		for (unsigned bit = 0; bit < 64; bit++) {
			check((uint8_t)resolution, (uint64_t)1 << bit);
			check((uint8_t)resolution, ((uint64_t)1 << bit) - 1);
			check((uint8_t)resolution, UINT64_MAX >> bit);
			check((uint8_t)resolution, UINT64_MAX << bit);
		}
		for (unsigned i = 0; i < 200; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			check((uint8_t)resolution, random);
			check((uint8_t)resolution, random >> (i % 64));
		}
	}
}

static void known_values(void **state)
{
	(void)state;
	static const struct {
		uint8_t resolution;
		uint64_t units;
		int64_t time_ns;
	} cases[] = {
		{6, 1500000000123456, 1500000000123456000},
		{9, 1500000000123456789, 1500000000123456789},
		{3, 1500000000123, 1500000000123000000},
		{0, 1500000000, 1500000000000000000},
		{12, 1500000000123456789, 1500000000123456},
		{0x80, 1500000000, 1500000000000000000},
		{0x81, 3, 1500000000},
		{0x80 | 20, 1 << 19, 500000000},
		{0x80 | 32, 0x80000000, 500000000},
		{0x80 | 64, (uint64_t)1 << 63, 500000000},
		{0xff, UINT64_MAX, 0},
		{127, UINT64_MAX, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct pcapng_interface interface = interface_of(cases[i].resolution);
		assert_int_equal(pcapng_time_ns(&interface, cases[i].units), cases[i].time_ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(every_resolution),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
