/*
 * Each group's labels are written out once; sorted by them, groups of equal labels lie side
 * by side.
 */
#include "export/label_sets.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "stats/endpoint.h"
#include "stats/ranking.h"

struct row {
	const struct group *group;
	const char *labels;
	size_t labels_length;
	size_t rank; /* place in the order by samples */
};

static int compare_labels(const void *a, const void *b)
{
	const struct row *x = a;
	const struct row *y = b;
	size_t shorter = x->labels_length < y->labels_length ? x->labels_length : y->labels_length;
	int order = memcmp(x->labels, y->labels, shorter);

	if (!order)
		order = (x->labels_length > y->labels_length) -
			(x->labels_length < y->labels_length);
	return order ? order : (x->rank > y->rank) - (x->rank < y->rank);
}

static bool same_labels(const struct row *a, const struct row *b)
{
	return a->labels_length == b->labels_length &&
	       memcmp(a->labels, b->labels, a->labels_length) == 0;
}

static int compare_samples(const void *a, const void *b)
{
	const struct row *x = a;
	const struct row *y = b;

	for (unsigned i = 0; i < 2; i++) {
		unsigned class_ = i ? TCPM_CLASS_RESPONSE : TCPM_CLASS_NETWORK;
		uint64_t left = x->group->summary.series[class_].count;
		uint64_t right = y->group->summary.series[class_].count;

		if (left != right)
			return left > right ? -1 : 1;
	}
	return (x->rank > y->rank) - (x->rank < y->rank);
}

static void append_labels(struct text *text, const struct groups *groups, const struct group *group,
			  const struct label_sets_options *options)
{
	const struct groups_options *made_by = groups_options(groups);
	const char *interface = NULL;

	endpoint_sender(text, made_by, group, options->names);
	text_char(text, '\0');
	endpoint_receiver(text, made_by, group, options->names);
	text_char(text, '\0');
	endpoint_labels(text, group->key.label_kind, group->key.label);
	text_char(text, '\0');
	if (options->interface && options->names)
		interface = endpoint_interface(options->names, group);
	if (interface)
		text_string(text, interface);
}

/* A row for each group of the ranking, with its labels, which lie in the text. */
static int make_rows(struct row *rows, struct text *text, const struct ranking *ranking,
		     const struct groups *groups, const struct label_sets_options *options)
{
	size_t start = 0;

	for (size_t i = 0; i < ranking->count; i++) {
		size_t before = text->used;

		append_labels(text, groups, ranking->groups[i], options);
		rows[i] = (struct row){.group = ranking->groups[i],
				       .labels_length = text->used - before,
				       .rank = i};
	}
	if (text->error)
		return text->error;
	for (size_t i = 0; i < ranking->count; i++) {
		rows[i].labels = text->bytes + start;
		start += rows[i].labels_length;
	}
	return 0;
}

static void add(struct label_sets *pairs, struct group *sum, const struct group *group)
{
	if (summary_merge(&sum->summary, &group->summary, NULL))
		pairs->incomplete = true;
}

/* Sums up the rows of equal labels, which are sorted by them; how many are left. */
static size_t join(struct label_sets *pairs, struct row *rows, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count;) {
		size_t alike = 1;

		while (i + alike < count && same_labels(&rows[i], &rows[i + alike]))
			alike++;
		rows[kept] = rows[i];
		if (alike > 1) {
			struct group *sum = &pairs->summed[pairs->summed_count++];

			sum->key = rows[i].group->key;
			sum->number = rows[i].group->number;
			for (size_t k = 0; k < alike; k++)
				add(pairs, sum, rows[i + k].group);
			rows[kept].group = sum;
		}
		kept++;
		i += alike;
	}
	return kept;
}

/* How many sums the rows, sorted by labels, will need. */
static size_t sums_needed(const struct row *rows, size_t count)
{
	size_t needed = 1; /* "other" */

	for (size_t i = 1; i < count; i++)
		needed += same_labels(&rows[i - 1], &rows[i]) &&
			  (i == 1 || !same_labels(&rows[i - 2], &rows[i]));
	return needed;
}

static void cut(struct label_sets *pairs, const struct row *rows, size_t count, size_t max,
		const struct group *other)
{
	struct group *rest = &pairs->summed[pairs->summed_count];

	for (size_t i = 0; i < count && i < max; i++)
		pairs->all[pairs->count++] = rows[i].group;
	if (!other && count <= max)
		return;
	pairs->summed_count++;
	if (other)
		add(pairs, rest, other);
	for (size_t i = max; i < count; i++)
		add(pairs, rest, rows[i].group);
	pairs->all[pairs->count++] = rest;
}

/* *rows is the caller's to free, in any case. */
static int make(struct label_sets *pairs, const struct groups *groups,
		const struct ranking *ranking, const struct label_sets_options *options,
		struct row *rows, struct text *text)
{
	size_t count = ranking->count;
	int result = make_rows(rows, text, ranking, groups, options);

	if (result < 0)
		return result;
	qsort(rows, count, sizeof(*rows), compare_labels);
	pairs->summed = calloc(sums_needed(rows, count), sizeof(*pairs->summed));
	pairs->all = calloc(count + 1, sizeof(const struct group *));
	if (!pairs->summed || !pairs->all)
		return -ENOMEM;
	count = join(pairs, rows, count);
	qsort(rows, count, sizeof(*rows), compare_samples);
	cut(pairs, rows, count, options->max, groups_other(groups));
	return 0;
}

int label_sets_make(struct label_sets *pairs, const struct groups *groups,
		    const struct label_sets_options *options)
{
	const struct ranking_options by_samples = {.by = RANKING_BY_SAMPLES,
						   .both_sides = options->both_sides};
	struct ranking ranking;
	struct label_sets made = {0};
	struct text text = {0};
	int result = ranking_make(&ranking, groups, &by_samples);

	if (result < 0)
		return result;

	struct row *rows = calloc(ranking.count + 1, sizeof(*rows));

	result = rows ? make(&made, groups, &ranking, options, rows, &text) : -ENOMEM;
	free(rows);
	text_done(&text);
	ranking_done(&ranking);
	if (result < 0) {
		label_sets_done(&made);
		return result;
	}
	*pairs = made;
	return 0;
}

void label_sets_done(struct label_sets *pairs)
{
	for (size_t i = 0; i < pairs->summed_count; i++)
		summary_done(&pairs->summed[i].summary, NULL);
	free(pairs->summed);
	free(pairs->all);
	*pairs = (struct label_sets){0};
}
