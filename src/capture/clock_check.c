/*
 * Ages of stamps, compared: see clock_check.h.
 */
#include "capture/clock_check.h"

enum clock_verdict clock_check_add(struct clock_check *check, bool sent, int64_t age_ns)
{
	int64_t difference_ns;
	bool absurd;

	if (check->packets[sent] == 0 || age_ns < check->least_ns[sent])
		check->least_ns[sent] = age_ns;
	if (check->packets[sent] < CLOCK_CHECK_PACKETS)
		check->packets[sent]++;
	if (check->packets[0] < CLOCK_CHECK_PACKETS || check->packets[1] < CLOCK_CHECK_PACKETS)
		return CLOCK_UNDECIDED;
	absurd = __builtin_sub_overflow(check->least_ns[1], check->least_ns[0], &difference_ns);
	*check = (struct clock_check){0};
	return absurd || difference_ns > CLOCK_CHECK_LIMIT_NS ||
			       difference_ns < -CLOCK_CHECK_LIMIT_NS
		       ? CLOCK_DIFFERENT
		       : CLOCK_SAME;
}
