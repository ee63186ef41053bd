/*
 * Sums are kept in 96 bits: a busy service fills 64 within months.
 */
#include "stats/summary.h"

#include <errno.h>

_Static_assert(sizeof(struct series) == 128, "two cache lines");
_Static_assert(offsetof(struct series, histogram.zeros) == 64, "the first is what changes");

static int64_t rounded_quotient(unsigned __int128 sum, uint64_t count)
{
	return (int64_t)((sum + count / 2) / count);
}

static unsigned __int128 joined(uint32_t high, uint64_t low)
{
	return (unsigned __int128)high << 64 | low;
}

static void add_to(uint32_t *high, uint64_t *low, unsigned __int128 more)
{
	unsigned __int128 sum = joined(*high, *low) + more;

	*low = (uint64_t)sum;
	*high = (uint32_t)(sum >> 64);
}

unsigned __int128 series_sum(const struct series *series)
{
	return joined(series->sum_high, series->sum_low);
}

unsigned __int128 series_changes(const struct series *series)
{
	return joined(series->changes_high, series->changes_low);
}

void series_done(struct series *series, struct block_alloc *blocks)
{
	histogram_done(&series->histogram, blocks);
	*series = (struct series){0};
}

int series_add(struct series *series, int64_t rtt_ns, int64_t previous_ns,
	       struct block_alloc *blocks)
{
	if (rtt_ns < 0) /* the engine never says so; a sum of unsigned must not see it */
		rtt_ns = 0;
	if (series->count++ == 0) {
		series->min_ns = rtt_ns;
		series->max_ns = rtt_ns;
	}
	if (rtt_ns < series->min_ns)
		series->min_ns = rtt_ns;
	if (rtt_ns > series->max_ns)
		series->max_ns = rtt_ns;
	series->last_ns = rtt_ns;
	series->sum_high +=
		__builtin_add_overflow(series->sum_low, (uint64_t)rtt_ns, &series->sum_low);
	if (previous_ns >= 0) {
		int64_t change = rtt_ns - previous_ns;

		series->changes_high += __builtin_add_overflow(
			series->changes_low, (uint64_t)(change < 0 ? -change : change),
			&series->changes_low);
		series->pairs++;
	}
	return histogram_add(&series->histogram, rtt_ns, blocks);
}

int series_merge(struct series *into, const struct series *from, struct block_alloc *blocks)
{
	if (from->count == 0)
		return 0;
	if (into->count == 0 || from->min_ns < into->min_ns)
		into->min_ns = from->min_ns;
	if (into->count == 0 || from->max_ns > into->max_ns)
		into->max_ns = from->max_ns;
	if (into->count == 0 || from->last_at_ns >= into->last_at_ns) {
		into->last_ns = from->last_ns;
		into->last_at_ns = from->last_at_ns;
	}
	into->count += from->count;
	into->pairs += from->pairs;
	add_to(&into->sum_high, &into->sum_low, series_sum(from));
	add_to(&into->changes_high, &into->changes_low, series_changes(from));
	return histogram_merge(&into->histogram, &from->histogram, blocks);
}

int64_t series_min(const struct series *series)
{
	return series->count ? series->min_ns : -1;
}

int64_t series_max(const struct series *series)
{
	return series->count ? series->max_ns : -1;
}

int64_t series_last(const struct series *series)
{
	return series->count ? series->last_ns : -1;
}

int64_t series_mean(const struct series *series)
{
	return series->count ? rounded_quotient(series_sum(series), series->count) : -1;
}

int64_t series_jitter(const struct series *series)
{
	return series->pairs ? rounded_quotient(series_changes(series), series->pairs) : -1;
}

int64_t series_quantile(const struct series *series, unsigned per_mille)
{
	const struct histogram *histogram = &series->histogram;
	uint64_t count = histogram->incomplete ? histogram_count(histogram) : series->count;
	uint64_t rank = histogram_rank(count, per_mille);

	if (count == 0)
		return -1;
	if (rank == 1)
		return series->min_ns;
	if (rank == count)
		return series->max_ns;
	return histogram_at_rank(histogram, rank, series->min_ns, series->max_ns);
}

void summary_done(struct summary *summary, struct block_alloc *blocks)
{
	for (unsigned i = 0; i < TCPM_CLASSES; i++)
		series_done(&summary->series[i], blocks);
}

uint64_t summary_samples(const struct summary *summary)
{
	return summary->series[TCPM_CLASS_NETWORK].count +
	       summary->series[TCPM_CLASS_RESPONSE].count;
}

int summary_add(struct summary *summary, const struct tcpm_sample *sample,
		struct block_alloc *blocks)
{
	struct series *series = &summary->series[sample->class_];

	if (!summary->sampled)
		summary->interface = sample->interface;
	else if (sample->interface != summary->interface)
		summary->interfaces_mixed = true;
	summary->sampled = true;
	totals_add(&summary->totals, &sample->sent);
	series->last_at_ns = sample->time_ns;
	return series_add(series, sample->rtt_ns, sample->previous_ns, blocks);
}

int summary_merge(struct summary *into, const struct summary *from, struct block_alloc *blocks)
{
	int result = 0;

	if (!into->sampled) {
		into->interface = from->interface;
		into->interfaces_mixed = from->interfaces_mixed;
	} else if (from->sampled) {
		into->interfaces_mixed |=
			from->interfaces_mixed || from->interface != into->interface;
	}
	into->sampled |= from->sampled;
	into->flows += from->flows;
	totals_add(&into->totals, &from->totals);
	for (unsigned i = 0; i < TCPM_CLASSES; i++)
		if (series_merge(&into->series[i], &from->series[i], blocks) < 0)
			result = -ENOMEM;
	return result;
}

void totals_add(struct tcpm_totals *into, const struct tcpm_totals *totals)
{
	into->segments += totals->segments;
	into->retransmitted += totals->retransmitted;
	into->out_of_order += totals->out_of_order;
}

void totals_subtract(struct tcpm_totals *from, const struct tcpm_totals *totals)
{
	from->segments -= totals->segments;
	from->retransmitted -= totals->retransmitted;
	from->out_of_order -= totals->out_of_order;
}

int64_t summary_loss(const struct summary *summary)
{
	const struct tcpm_totals *totals = &summary->totals;

	if (totals->segments == 0)
		return -1;
	return rounded_quotient((unsigned __int128)totals->retransmitted * 1000000,
				totals->segments);
}
