/*
 * What a group is ordered by is worked out once, before sorting: a quantile walks a
 * histogram, and a comparison is made many times.
 */
#include "stats/ranking.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/page_prefault.h"
#include "base/parallel.h"
#include "stats/radix_sort.h"

static const char *const names[RANKING_BYS] = {
	[RANKING_BY_SAMPLES] = "samples",
	[RANKING_BY_MIN] = "min",
	[RANKING_BY_P50] = "p50",
	[RANKING_BY_P95] = "p95",
	[RANKING_BY_P99] = "p99",
	[RANKING_BY_MAX] = "max",
	[RANKING_BY_MEAN] = "mean",
	[RANKING_BY_LAST] = "last",
	[RANKING_BY_JITTER] = "jitter",
	[RANKING_BY_LOSS] = "loss",
	[RANKING_BY_RETRANSMITTED] = "retransmitted",
	[RANKING_BY_SEGMENTS] = "segments",
	[RANKING_BY_FLOWS] = "flows",
	[RANKING_BY_RESPONSE] = "response",
	[RANKING_BY_SRC] = "src",
	[RANKING_BY_DST] = "dst",
};

const char *ranking_by_name(unsigned by)
{
	return by < RANKING_BYS ? names[by] : "?";
}

int ranking_by_parse(const char *name, enum ranking_by *by)
{
	for (unsigned i = 0; i < RANKING_BYS; i++) {
		if (strcmp(name, names[i]) == 0) {
			*by = (enum ranking_by)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int64_t value_of(const struct summary *summary, enum ranking_by by)
{
	const struct series *network = &summary->series[TCPM_CLASS_NETWORK];

	switch (by) {
	case RANKING_BY_SAMPLES:
		return (int64_t)network->count;
	case RANKING_BY_MIN:
		return series_min(network);
	case RANKING_BY_P50:
		return series_quantile(network, 500);
	case RANKING_BY_P95:
		return series_quantile(network, 950);
	case RANKING_BY_P99:
		return series_quantile(network, 990);
	case RANKING_BY_MAX:
		return series_max(network);
	case RANKING_BY_MEAN:
		return series_mean(network);
	case RANKING_BY_LAST:
		return series_last(network);
	case RANKING_BY_JITTER:
		return series_jitter(network);
	case RANKING_BY_LOSS:
		return summary_loss(summary);
	case RANKING_BY_RETRANSMITTED:
		return (int64_t)summary->totals.retransmitted;
	case RANKING_BY_SEGMENTS:
		return (int64_t)summary->totals.segments;
	case RANKING_BY_FLOWS:
		return (int64_t)summary->flows;
	case RANKING_BY_RESPONSE:
		return series_quantile(&summary->series[TCPM_CLASS_RESPONSE], 500);
	default: /* by address alone */
		return 0;
	}
}

static int compare_u16(uint16_t a, uint16_t b)
{
	return (a > b) - (a < b);
}

/* Ports, labels and the rest, where addresses are equal. */
static int compare_rest(const struct group_key *a, const struct group_key *b)
{
	int order = compare_u16(a->sender_port, b->sender_port);

	if (!order)
		order = compare_u16(a->receiver_port, b->receiver_port);
	if (!order)
		order = memcmp(a->label_kind, b->label_kind, sizeof(a->label_kind));
	for (int i = 0; !order && i < TCPM_MAX_LABELS; i++)
		order = (a->label[i] > b->label[i]) - (a->label[i] < b->label[i]);
	if (!order)
		order = (a->interface > b->interface) - (a->interface < b->interface);
	return order ? order : a->side - b->side;
}

static int compare_sender_first(const struct group_key *a, const struct group_key *b)
{
	int order = address_compare(&a->sender, &b->sender);

	if (!order)
		order = address_compare(&a->receiver, &b->receiver);
	return order ? order : compare_rest(a, b);
}

static int compare_receiver_first(const struct group_key *a, const struct group_key *b)
{
	int order = address_compare(&a->receiver, &b->receiver);

	return order ? order : compare_sender_first(a, b);
}

/* How two addresses begin that keys are ordered by, one behind the other; of IPv4 nearly all. Equal
 * ones tell nothing, others are ordered as the addresses are. */
static uint64_t begin_of(const struct tcpm_address *first, const struct tcpm_address *second)
{
	uint32_t high_v4, low_v4;
	uint64_t high;

	if (first->version == 4) {
		memcpy(&high_v4, first->bytes, sizeof(high_v4));
		memcpy(&low_v4, second->bytes, sizeof(low_v4));
		/* None comes before all, and version 6 behind them. */
		uint64_t low = second->version == 4  ? be32toh(low_v4)
			       : second->version < 4 ? 0
						     : UINT32_MAX;

		/* Halved, to leave the upper half to what follows version 4. */
		return ((uint64_t)be32toh(high_v4) << 32 | low) >> 1;
	}
	if (first->version < 4)
		return 0;
	memcpy(&high, first->bytes, sizeof(high));
	return UINT64_C(1) << 63 | be64toh(high) >> 1;
}

/* A number as a word that is the smaller, the larger the number is. */
static uint64_t largest_first(int64_t value)
{
	return ~((uint64_t)value ^ UINT64_C(1) << 63);
}

static struct ranking_row row_of(const struct group *group, enum ranking_by by)
{
	const struct summary *summary = &group->summary;
	const struct group_key *key = &group->key;
	int64_t second = 0;

	if (by == RANKING_BY_SAMPLES)
		second = (int64_t)summary->series[TCPM_CLASS_RESPONSE].count;
	return (struct ranking_row){
		.word = {largest_first(value_of(summary, by)), largest_first(second),
			 by == RANKING_BY_DST ? begin_of(&key->receiver, &key->sender)
					      : begin_of(&key->sender, &key->receiver)},
		.group = group,
	};
}

/* So many groups are worth a thread. */
#define WORTH_GROUPS 8192

/* Groups are fetched from memory so many before they are looked at. */
#define GROUPS_AHEAD 4

/* Rows in parts, each sorted for itself. */
struct sorting {
	const struct groups *groups;
	const struct ranking_options *options;
	ranking_compare *compare;
	struct ranking_row *rows;
	struct ranking_row *sorted;
	unsigned parts;
	size_t next[PARALLEL_MAX]; /* of each part, the first row that was not taken yet, */
	size_t end[PARALLEL_MAX];  /* and behind the last one */
};

/* The groups of a part that are asked for, with what they are ordered by, in order. */
static void sort_part(void *user, unsigned part, unsigned thread)
{
	struct sorting *sorting = user;
	const struct ranking_options *options = sorting->options;
	size_t count;
	struct group *const *all = groups_all(sorting->groups, &count);
	size_t begin = parallel_begin(count, sorting->parts, part);
	size_t end = parallel_begin(count, sorting->parts, part + 1);
	size_t kept = begin;

	(void)thread;
	pages_fill(&sorting->rows[begin], (end - begin) * sizeof(*sorting->rows));
	pages_fill(&sorting->sorted[begin], (end - begin) * sizeof(*sorting->rows));
	for (size_t i = begin; i < end; i++) {
		if (i + GROUPS_AHEAD < end)
			group_prefetch(all[i + GROUPS_AHEAD]);
		if (all[i]->key.side != GROUP_SIDE_LOCAL || options->both_sides)
			sorting->rows[kept++] = row_of(all[i], options->by);
	}
	radix_sort_rows(&sorting->rows[begin], kept - begin, &sorting->sorted[begin],
			sorting->compare);
	sorting->next[part] = begin;
	sorting->end[part] = kept;
}

/* The group that comes next in the order of all, which there is. */
static const struct group *take_next(struct sorting *sorting)
{
	const struct ranking_row *first = NULL;
	unsigned from = 0;

	for (unsigned i = 0; i < sorting->parts; i++) {
		const struct ranking_row *row = &sorting->sorted[sorting->next[i]];

		if (sorting->next[i] == sorting->end[i] ||
		    (first && !ranking_row_before(row, first, sorting->compare)))
			continue;
		first = row;
		from = i;
	}
	sorting->next[from]++;
	return first ? first->group : NULL;
}

/* Memory for the rows, before and after. */
static int make_rows(struct sorting *sorting, size_t count)
{
	size_t size = 2 * count * sizeof(*sorting->rows);

	sorting->rows = malloc(size);
	if (!sorting->rows)
		return -ENOMEM;
	pages_huge(sorting->rows, size);
	sorting->sorted = sorting->rows + count;
	return 0;
}

int ranking_make(struct ranking *ranking, const struct groups *groups,
		 const struct ranking_options *options)
{
	struct sorting sorting = {
		.groups = groups,
		.options = options,
		.compare = options->by == RANKING_BY_DST ? compare_receiver_first
							 : compare_sender_first,
	};
	unsigned threads = options->threads < PARALLEL_MAX ? options->threads : PARALLEL_MAX;
	size_t count;
	size_t wanted = 0;

	groups_all(groups, &count);
	if (count == 0) {
		*ranking = (struct ranking){0};
		return 0;
	}

	size_t limit = options->limit == 0 || options->limit > count ? count : options->limit;
	const struct group **kept = malloc(limit * sizeof(const struct group *));

	sorting.parts = parallel_parts(threads, count, WORTH_GROUPS);
	if (!kept || make_rows(&sorting, count) < 0) {
		free(kept);
		return -ENOMEM;
	}
	parallel_run(sorting.parts, sorting.parts, sort_part, &sorting);
	for (unsigned i = 0; i < sorting.parts; i++)
		wanted += sorting.end[i] - sorting.next[i];
	if (limit > wanted)
		limit = wanted;
	for (size_t i = 0; i < limit; i++)
		kept[i] = take_next(&sorting);
	free(sorting.rows);
	*ranking = (struct ranking){.groups = kept,
				    .count = limit,
				    .left_out = wanted - limit,
				    .hidden = count - wanted};
	return 0;
}

void ranking_done(struct ranking *ranking)
{
	free(ranking->groups);
	*ranking = (struct ranking){0};
}
