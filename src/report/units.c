/*
 * Three digits: one power of ten after the other, until the rounded number has no
 * more. Rounding that carries (999.6 us) so moves on to the next unit by itself.
 */
#include "report/units.h"

#include <stddef.h>

/* Appends scaled / 10^decimals with that many decimals (at most 2). */
static void append_decimal(struct text *text, uint64_t scaled, unsigned decimals)
{
	static const uint64_t powers[] = {1, 10, 100};

	text_u64(text, scaled / powers[decimals]);
	if (decimals) {
		text_char(text, '.');
		text_u64_zeros(text, scaled % powers[decimals], decimals);
	}
}

/* Appends a value with three digits, its units given in steps of a thousand; the
 * first is worth 1000. */
static void append_three_digits(struct text *text, uint64_t value, const char *const *units,
				unsigned count)
{
	uint64_t divisor = 10;
	uint64_t scaled;
	unsigned step = 0;

	/* From 999.5 on, it is rounded to 1000: a digit too many. */
	while (value >= 1000 * divisor - divisor / 2 && step < 3 * count - 1) {
		step++;
		divisor *= 10;
	}
	/* No sum that could overflow: the rest decides the rounding. */
	scaled = value / divisor + (value % divisor >= divisor / 2);
	append_decimal(text, scaled, 2 - step % 3);
	text_char(text, ' ');
	text_string(text, units[step / 3]);
}

void units_duration(struct text *text, int64_t duration_ns)
{
	static const char *const units[] = {"us", "ms", "s"};
	uint64_t ns = duration_ns > 0 ? (uint64_t)duration_ns : 0;

	if (ns == 0) {
		text_string(text, "0 us");
	} else if (ns < 100) {
		text_string(text, "0.");
		text_u64_zeros(text, ns, 3);
		text_string(text, " us");
	} else if (ns < 950) {
		append_decimal(text, (ns + 50) / 100, 1);
		text_string(text, " us");
	} else {
		append_three_digits(text, ns < 1000 ? 1000 : ns, units, 3);
	}
}

void units_bytes(struct text *text, uint64_t bytes)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB"};

	if (bytes < 1000) {
		text_u64(text, bytes);
		text_string(text, bytes == 1 ? " byte" : " bytes");
	} else {
		append_three_digits(text, bytes, units, 5);
	}
}

void units_percent(struct text *text, uint64_t part, uint64_t whole)
{
	unsigned __int128 scaled = ((unsigned __int128)part * 10000 + whole / 2) / whole;

	if (part == 0) {
		text_char(text, '0');
	} else if (part == whole) {
		text_string(text, "100");
	} else if (scaled == 0) {
		text_string(text, "<0.01");
	} else if (part < whole && scaled == 10000) {
		text_string(text, ">99.99");
	} else {
		append_decimal(text, (uint64_t)scaled, 2);
	}
	text_char(text, '%');
}
