/*
 * Addresses as values. Text is made by hand: inet_ntop(3) goes through sprintf,
 * which is felt when each sample is printed.
 */
#include "base/address.h"

#include <stdint.h>
#include <string.h>

_Static_assert(sizeof(struct tcpm_address) == 17, "addresses are compared and hashed as bytes");

static char *put_byte(char *at, unsigned value)
{
	if (value >= 100)
		*at++ = (char)('0' + value / 100);
	if (value >= 10)
		*at++ = (char)('0' + value / 10 % 10);
	*at++ = (char)('0' + value % 10);
	return at;
}

static char *put_quad(char *at, const uint8_t *bytes)
{
	for (int i = 0; i < 4; i++) {
		if (i)
			*at++ = '.';
		at = put_byte(at, bytes[i]);
	}
	return at;
}

static char *put_group(char *at, unsigned group)
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned shift = 12; shift; shift -= 4)
		if (group >> shift)
			*at++ = digits[group >> shift & 15];
	*at++ = digits[group & 15];
	return at;
}

/* Finds the first longest run of two or more zero groups (RFC 5952 4.2.2, 4.2.3);
 * returns its length, 0 if there is none. */
static int longest_zero_run(const unsigned groups[static 8], int *start)
{
	int best = 0;

	for (int i = 0; i < 8;) {
		int end = i;

		while (end < 8 && groups[end] == 0)
			end++;
		if (end - i >= 2 && end - i > best) {
			best = end - i;
			*start = i;
		}
		i = end + 1;
	}
	return best;
}

static char *put_ipv6(char *at, const uint8_t bytes[static 16])
{
	unsigned groups[8];
	int start = -1;

	for (int i = 0; i < 8; i++)
		groups[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];

	int run = longest_zero_run(groups, &start);
	bool quad = start == 0 && (run == 6 || (run == 5 && groups[5] == 0xffff));

	for (int i = 0; i < 8; i++) {
		if (i == start) {
			*at++ = ':';
			i += run - 1;
			if (i == 7)
				*at++ = ':';
			continue;
		}
		if (i)
			*at++ = ':';
		if (i == 6 && quad)
			return put_quad(at, bytes + 12);
		at = put_group(at, groups[i]);
	}
	return at;
}

size_t address_format(const struct tcpm_address *address, char text[static ADDRESS_TEXT_MAX])
{
	char *at = text;

	switch (address->version) {
	case 0:
		break;
	case 4:
		at = put_quad(at, address->bytes);
		break;
	case 6:
		at = put_ipv6(at, address->bytes);
		break;
	default:
		*at++ = '?';
	}
	*at = '\0';
	return (size_t)(at - text);
}

int address_compare(const struct tcpm_address *a, const struct tcpm_address *b)
{
	return memcmp(a, b, sizeof(*a));
}

bool address_equal(const struct tcpm_address *a, const struct tcpm_address *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

void address_mask(struct tcpm_address *address, unsigned prefix)
{
	size_t whole = prefix / 8;

	if (whole >= sizeof(address->bytes))
		return;
	address->bytes[whole] &= (uint8_t)(0xff00 >> prefix % 8);
	memset(address->bytes + whole + 1, 0, sizeof(address->bytes) - whole - 1);
}
