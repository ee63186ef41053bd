/*
 * Ranges in a vector, ordered by position; the acknowledged ones leave at the
 * front. A range is cut in two wherever a transmission or an acknowledgement
 * treats its halves differently.
 */
#include "sim_ledger.h"
#include "sim_queue.h"

#include <stdlib.h>
#include <string.h>

static struct ledger_range *range_at(struct ledger *ledger, size_t index)
{
	return &ledger->ranges[ledger->head + index];
}

static uint64_t ledger_end(struct ledger *ledger)
{
	return ledger->count > 0 ? range_at(ledger, ledger->count - 1)->end : ledger->una;
}

/* Index of the first range that ends after position. */
static size_t find(struct ledger *ledger, uint64_t position)
{
	size_t low = 0, high = ledger->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (range_at(ledger, middle)->end <= position)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void make_room(struct ledger *ledger)
{
	if (ledger->head + ledger->count < ledger->room)
		return;
	if (ledger->head > ledger->count) {
		memmove(ledger->ranges, range_at(ledger, 0),
			ledger->count * sizeof *ledger->ranges);
		ledger->head = 0;
		return;
	}
	ledger->room = ledger->room > 0 ? ledger->room * 2 : 8;
	ledger->ranges = must_resize(ledger->ranges, ledger->room, sizeof *ledger->ranges);
}

/* Cuts the range that holds position in its inside; afterwards one starts there. */
static void cut(struct ledger *ledger, uint64_t position)
{
	size_t index = find(ledger, position);
	struct ledger_range *range;

	if (index == ledger->count || range_at(ledger, index)->start >= position)
		return;
	make_room(ledger);
	range = range_at(ledger, index);
	memmove(range + 1, range, (ledger->count - index) * sizeof *range);
	ledger->count++;
	range[0].end = position;
	range[1].start = position;
}

void ledger_sent(struct ledger *ledger, uint64_t start, uint64_t end, uint32_t tsval)
{
	if (start < ledger->una)
		start = ledger->una; /* settled: its further copies change nothing */
	if (start >= end)
		return;
	if (start < ledger_end(ledger)) {
		cut(ledger, start);
		cut(ledger, end);
		for (size_t i = find(ledger, start); i < ledger->count; i++) {
			struct ledger_range *range = range_at(ledger, i);

			if (range->start >= end)
				break;
			if (range->sent < LEDGER_TSVALS)
				range->tsval[range->sent] = tsval;
			range->sent++;
		}
		start = ledger_end(ledger);
	}
	if (start >= end)
		return;
	make_room(ledger);
	*range_at(ledger, ledger->count++) =
		(struct ledger_range){.start = start, .end = end, .sent = 1, .tsval = {tsval}};
}

void ledger_captured(struct ledger *ledger, uint64_t start, uint64_t end, uint64_t frame)
{
	for (size_t i = find(ledger, start); i < ledger->count; i++) {
		struct ledger_range *range = range_at(ledger, i);

		if (range->start >= end)
			break;
		range->frame = frame;
	}
}

bool ledger_would_cover(struct ledger *ledger, uint64_t ack, const uint64_t (*blocks)[2],
			size_t count, uint64_t start, uint64_t end)
{
	for (size_t i = find(ledger, start); i < ledger->count; i++) {
		const struct ledger_range *range = range_at(ledger, i);
		uint64_t low = range->start > start ? range->start : start;
		uint64_t high = range->end < end ? range->end : end;

		if (low >= high)
			break;
		if (range->sacked)
			continue;
		if (low < ack)
			return true;
		for (size_t b = 0; b < count; b++)
			if (low < blocks[b][1] && blocks[b][0] < high)
				return true;
	}
	return false;
}

/* Takes one newly acknowledged range into the account; returns in how many of
 * its transmissions the TSval is the trigger's. */
static unsigned totals(struct ledger_news *news, const struct ledger_range *range,
		       const struct ledger_trigger *trigger)
{
	unsigned same = 0;

	news->bytes += range->end - range->start;
	news->syn |= range->start == 0;
	news->resent |= range->sent > 1;
	news->never_captured |= range->frame == 0;
	news->inside |= range->start < trigger->end && trigger->start < range->end;
	if (range->frame > news->last_frame)
		news->last_frame = range->frame;
	for (unsigned i = 0; i < range->sent && i < LEDGER_TSVALS; i++)
		same += range->tsval[i] == trigger->tsval;
	if (range->sent > LEDGER_TSVALS)
		same += 2; /* not all are remembered: do not call it unique */
	return same;
}

/* Nothing of the trigger was acknowledged, by number or SACK, so far. */
static bool is_first_evidence(struct ledger *ledger, const struct ledger_trigger *trigger)
{
	if (trigger->start < ledger->una)
		return false;
	for (size_t i = find(ledger, trigger->start); i < ledger->count; i++) {
		if (range_at(ledger, i)->start >= trigger->end)
			break;
		if (range_at(ledger, i)->sacked)
			return false;
	}
	return true;
}

/*
 * Transmissions with the trigger's TSval. The trigger itself may lie over
 * several newly acknowledged ranges (cut by a retransmission of a part): those
 * inside it share its one transmission, so they count once together.
 */
struct echo_count {
	unsigned inside, outside, most_inside;
};

static void count_echo(struct echo_count *echo, const struct ledger_range *range,
		       const struct ledger_trigger *trigger, unsigned same)
{
	if (range->start >= trigger->start && range->end <= trigger->end) {
		if (same > echo->most_inside)
			echo->most_inside = same;
	} else {
		echo->outside += same;
	}
}

struct ledger_news ledger_acknowledged(struct ledger *ledger, uint64_t ack,
				       const uint64_t (*blocks)[2], size_t count,
				       const struct ledger_trigger *trigger)
{
	struct ledger_news news = {.old = ack < ledger->una};
	struct echo_count echo = {0};

	news.first_evidence = is_first_evidence(ledger, trigger);
	for (size_t b = 0; b < count; b++) {
		cut(ledger, blocks[b][0]);
		cut(ledger, blocks[b][1]);
		for (size_t i = find(ledger, blocks[b][0]); i < ledger->count; i++) {
			struct ledger_range *range = range_at(ledger, i);

			if (range->start >= blocks[b][1])
				break;
			if (range->sacked)
				continue;
			range->sacked = true;
			count_echo(&echo, range, trigger, totals(&news, range, trigger));
		}
	}
	if (ack > ledger->una) {
		cut(ledger, ack);
		while (ledger->count > 0 && range_at(ledger, 0)->end <= ack) {
			struct ledger_range *range = range_at(ledger, 0);

			if (!range->sacked)
				count_echo(&echo, range, trigger, totals(&news, range, trigger));
			ledger->head++;
			ledger->count--;
		}
		ledger->una = ack;
		news.cumulative = true;
	}
	if (ledger->count == 0)
		ledger->head = 0;
	news.tsval_unique = echo.most_inside == 1 && echo.outside == 0;
	return news;
}

void ledger_settle(struct ledger *ledger, uint64_t ack)
{
	const struct ledger_trigger nothing = {0};

	ledger_acknowledged(ledger, ack, NULL, 0, &nothing);
}

void ledger_done(struct ledger *ledger)
{
	free(ledger->ranges);
	*ledger = (struct ledger){0};
}
