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
#include "base/parallel.h"

struct row {
	int64_t value; /* larger comes first */
	int64_t second;
	/* What decides among equals as far as it is here, so that hardly any comparison has to
	 * look into a group: of IPv4 both addresses. */
	uint64_t begin;
	const struct group *group;
};

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

/* Equal begins tell nothing, others what compare_sender_first does: in one set of groups, all
 * keys have both ends, or none has a sender. */
static uint64_t begin_of(const struct group_key *key)
{
	uint32_t sender, receiver;
	uint64_t high;

	if (key->sender.version == 4 && key->receiver.version == 4) {
		memcpy(&sender, key->sender.bytes, sizeof(sender));
		memcpy(&receiver, key->receiver.bytes, sizeof(receiver));
		/* Halved, to leave the upper half to what follows version 4. */
		return ((uint64_t)be32toh(sender) << 32 | be32toh(receiver)) >> 1;
	}
	if (key->sender.version < 6)
		return 0;
	memcpy(&high, key->sender.bytes, sizeof(high));
	return UINT64_C(1) << 63 | be64toh(high) >> 1;
}

static int compare_by_value(const void *a, const void *b)
{
	const struct row *x = a;
	const struct row *y = b;

	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	if (x->second != y->second)
		return x->second > y->second ? -1 : 1;
	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return compare_sender_first(&x->group->key, &y->group->key);
}

static int compare_receiver_first(const void *a, const void *b)
{
	const struct group_key *x = &((const struct row *)a)->group->key;
	const struct group_key *y = &((const struct row *)b)->group->key;
	int order = address_compare(&x->receiver, &y->receiver);

	return order ? order : compare_sender_first(x, y);
}

/* So many groups are worth a thread. */
#define WORTH_GROUPS 8192

typedef int compare_rows(const void *a, const void *b);

/* Rows in parts, each sorted for itself. */
struct sorting {
	const struct groups *groups;
	const struct ranking_options *options;
	compare_rows *compare;
	struct row *rows;
	unsigned parts;
	size_t next[PARALLEL_MAX]; /* of each part, the first row that was not taken yet, */
	size_t end[PARALLEL_MAX];  /* and behind the last one */
};

/* The groups of a part that are asked for, with what they are ordered by, in order. */
static void sort_part(void *user, unsigned part)
{
	struct sorting *sorting = user;
	const struct ranking_options *options = sorting->options;
	size_t count;
	struct group *const *all = groups_all(sorting->groups, &count);
	size_t begin = parallel_begin(count, sorting->parts, part);
	size_t end = parallel_begin(count, sorting->parts, part + 1);
	size_t kept = begin;

	for (size_t i = begin; i < end; i++) {
		const struct summary *summary = &all[i]->summary;
		struct row *row = &sorting->rows[kept];

		if (all[i]->key.side == GROUP_SIDE_LOCAL && !options->both_sides)
			continue;
		row->group = all[i];
		row->begin = begin_of(&all[i]->key);
		row->value = value_of(summary, options->by);
		row->second = 0;
		if (options->by == RANKING_BY_SAMPLES)
			row->second = (int64_t)summary->series[TCPM_CLASS_RESPONSE].count;
		kept++;
	}
	qsort(&sorting->rows[begin], kept - begin, sizeof(*sorting->rows), sorting->compare);
	sorting->next[part] = begin;
	sorting->end[part] = kept;
}

/* The group that comes next in the order of all, which there is. */
static const struct group *take_next(struct sorting *sorting)
{
	const struct row *first = NULL;
	unsigned from = 0;

	for (unsigned i = 0; i < sorting->parts; i++) {
		const struct row *row = &sorting->rows[sorting->next[i]];

		if (sorting->next[i] == sorting->end[i] ||
		    (first && sorting->compare(first, row) <= 0))
			continue;
		first = row;
		from = i;
	}
	sorting->next[from]++;
	return first ? first->group : NULL;
}

int ranking_make(struct ranking *ranking, const struct groups *groups,
		 const struct ranking_options *options)
{
	struct sorting sorting = {
		.groups = groups,
		.options = options,
		.compare =
			options->by == RANKING_BY_DST ? compare_receiver_first : compare_by_value,
	};
	size_t count;
	size_t wanted = 0;

	groups_all(groups, &count);
	if (count == 0) {
		*ranking = (struct ranking){0};
		return 0;
	}

	size_t limit = options->limit == 0 || options->limit > count ? count : options->limit;
	const struct group **kept = malloc(limit * sizeof(const struct group *));

	sorting.parts = parallel_parts(options->threads, count, WORTH_GROUPS);
	sorting.rows = malloc(count * sizeof(*sorting.rows));
	if (!sorting.rows || !kept) {
		free(sorting.rows);
		free(kept);
		return -ENOMEM;
	}
	parallel_run(sorting.parts, sort_part, &sorting);
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
