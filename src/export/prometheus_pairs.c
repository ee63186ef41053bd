/*
 * Rows are sorted by a hash of their labels, so that equal ones are neighbours; what is
 * beyond the cap gets the labels of its point's "other", and they are sorted once more.
 */
#include "export/prometheus_pairs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "export/prometheus_text.h"
#include "stats/endpoint.h"

/* What the rows of a point share. */
struct shared {
	struct prometheus_row other; /* the labels of its "other" */
	size_t tags;                 /* where its tags, as labels, begin in the text of tags */
	size_t tags_size;
};

/* In the making. */
struct maker {
	const struct prometheus_facts *facts;
	struct prometheus_pairs *pairs;
	struct shared *points;
	struct text tags;
	struct text scratch;
};

/* Sorting needs the labels, which a comparison is not given otherwise. */
static int compare_rows(const void *a, const void *b, void *labels)
{
	const struct prometheus_row *x = a;
	const struct prometheus_row *y = b;
	const struct text *text = labels;
	size_t shorter = x->label_size < y->label_size ? x->label_size : y->label_size;
	int order;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	order = memcmp(text->bytes + x->label, text->bytes + y->label, shorter);
	return order ? order : (x->label_size > y->label_size) - (x->label_size < y->label_size);
}

/* ---- labels ---- */

/* The label of one end of a group: never a name, which may be another one at the next scrape. */
static void append_end(struct maker *maker, size_t start, const char *name,
		       void (*end)(struct text *, const struct groups_options *,
				   const struct group *, const struct endpoint_names *),
		       const struct prometheus_point *point, const struct group *group)
{
	struct text *scratch = &maker->scratch;

	text_clear(scratch);
	end(scratch, groups_options(point->groups), group, NULL);
	text_char(scratch, '\0');
	if (!scratch->error)
		prometheus_label(&maker->pairs->labels, start, name, scratch->bytes);
}

/* Its own interface where that is what tells it from others (else it might become another
 * one, and the series would break off), the point's otherwise. */
static const char *interface_of(const struct prometheus_point *point, const struct group *group)
{
	const struct endpoint_names *names = point->names;
	const char *own = NULL;

	if (groups_options(point->groups)->by.interface && names && names->interface_name)
		own = names->interface_name(names->user, group->key.interface);
	if (own)
		return own;
	return point->interface ? point->interface : "";
}

static void append_tunnel(struct maker *maker, size_t start, const struct group *group)
{
	struct text *scratch = &maker->scratch;

	text_clear(scratch);
	endpoint_labels(scratch, group->key.label_kind, group->key.label);
	text_char(scratch, '\0');
	if (!scratch->error)
		prometheus_label(&maker->pairs->labels, start, "tunnel", scratch->bytes);
}

/* Interface and tags, and what the row is known by. */
static void end_labels(struct maker *maker, struct prometheus_row *row, const char *interface)
{
	struct text *labels = &maker->pairs->labels;
	const struct shared *shared = &maker->points[row->point];

	prometheus_label(labels, row->label, "interface", interface);
	if (shared->tags_size) {
		if (labels->used > row->label)
			text_char(labels, ',');
		text_bytes(labels, maker->tags.bytes + shared->tags, shared->tags_size);
	}
	row->label_size = (uint32_t)(labels->used - row->label);
	if (!labels->error)
		row->hash = hash_bytes(labels->bytes + row->label, row->label_size, 0);
}

static void set_labels(struct maker *maker, struct prometheus_row *row, const struct group *group)
{
	struct text *labels = &maker->pairs->labels;
	const struct prometheus_point *point = &maker->facts->points[row->point];

	row->label = labels->used;
	append_end(maker, row->label, "src", endpoint_sender, point, group);
	append_end(maker, row->label, "dst", endpoint_receiver, point, group);
	append_tunnel(maker, row->label, group);
	end_labels(maker, row, interface_of(point, group));
}

/* What the rows of a point will share; "other" is what has no labels of its own. */
static void share(struct maker *maker, uint32_t index)
{
	struct shared *shared = &maker->points[index];
	struct prometheus_row *row = &shared->other;
	struct text *labels = &maker->pairs->labels;
	const struct prometheus_point *point = &maker->facts->points[index];

	shared->tags = maker->tags.used;
	prometheus_tags(&maker->tags, shared->tags, point->tags, point->tag_count);
	shared->tags_size = maker->tags.error ? 0 : maker->tags.used - shared->tags;
	row->point = index;
	row->label = labels->used;
	prometheus_label(labels, row->label, "src", "other");
	prometheus_label(labels, row->label, "dst", "other");
	end_labels(maker, row, point->interface ? point->interface : "");
}

static void join_other(struct maker *maker, struct prometheus_row *row)
{
	const struct prometheus_row *other = &maker->points[row->point].other;

	row->hash = other->hash;
	row->label = other->label;
	row->label_size = other->label_size;
	row->other = true;
}

/* ---- rows ---- */

static size_t count_rows(const struct prometheus_facts *facts)
{
	size_t sum = 0;

	for (size_t i = 0; i < facts->count; i++) {
		size_t count = 0;

		if (facts->points[i].groups)
			groups_all(facts->points[i].groups, &count);
		sum += count + 1;
	}
	return sum;
}

static void add_row(struct maker *maker, uint32_t point, const struct group *group)
{
	struct prometheus_row *row = &maker->pairs->rows[maker->pairs->row_count];

	row->point = point;
	row->group = group;
	if (group_is_other(group))
		join_other(maker, row);
	else
		set_labels(maker, row, group);
	maker->pairs->row_count++;
}

static void add_point(struct maker *maker, uint32_t index)
{
	const struct groups *groups = maker->facts->points[index].groups;
	size_t count;
	struct group *const *all;

	share(maker, index);
	if (!groups)
		return;
	all = groups_all(groups, &count);
	for (size_t i = 0; i < count; i++)
		if (all[i]->key.side != GROUP_SIDE_LOCAL || maker->facts->both_sides)
			add_row(maker, index, all[i]);
	if (groups_other(groups))
		add_row(maker, index, groups_other(groups));
}

/* ---- pairs ---- */

/* Sorts the rows and makes a pair of each run of equal ones. */
static void make_pairs(struct prometheus_pairs *pairs)
{
	struct prometheus_row *rows = pairs->rows;
	struct prometheus_pair *pair = NULL;

	pairs->count = 0;
	qsort_r(rows, pairs->row_count, sizeof(*rows), compare_rows, &pairs->labels);
	for (size_t i = 0; i < pairs->row_count; i++) {
		if (i == 0 || compare_rows(&rows[i - 1], &rows[i], &pairs->labels) != 0) {
			pair = &pairs->pairs[pairs->count++];
			*pair = (struct prometheus_pair){.first = i};
		}
		pair->count++;
		for (unsigned class_ = 0; class_ < TCPM_CLASSES; class_++)
			pair->samples[class_] += rows[i].group->summary.series[class_].count;
	}
}

static bool is_other(const struct prometheus_pairs *pairs, const struct prometheus_pair *pair)
{
	for (size_t i = 0; i < pair->count; i++)
		if (pairs->rows[pair->first + i].other)
			return true;
	return false;
}

static int compare_labels(const struct prometheus_pairs *pairs, const struct prometheus_pair *x,
			  const struct prometheus_pair *y)
{
	const struct prometheus_row *a = &pairs->rows[x->first];
	const struct prometheus_row *b = &pairs->rows[y->first];
	size_t shorter = a->label_size < b->label_size ? a->label_size : b->label_size;
	int order = memcmp(pairs->labels.bytes + a->label, pairs->labels.bytes + b->label, shorter);

	return order ? order : (a->label_size > b->label_size) - (a->label_size < b->label_size);
}

static int compare_by_labels(const void *a, const void *b, void *pairs)
{
	return compare_labels(pairs, a, b);
}

/* Those with most samples first, of class network and then of class response. */
static int compare_by_samples(const void *a, const void *b, void *pairs)
{
	const struct prometheus_pair *x = a;
	const struct prometheus_pair *y = b;

	for (unsigned i = 0; i < TCPM_CLASSES; i++)
		if (x->samples[i] != y->samples[i])
			return x->samples[i] > y->samples[i] ? -1 : 1;
	return compare_labels(pairs, x, y);
}

/* What is beyond the cap joins "other"; returns whether there was anything. */
static bool cap_pairs(struct maker *maker)
{
	struct prometheus_pairs *pairs = maker->pairs;
	size_t kept = 0;
	bool beyond = false;

	qsort_r(pairs->pairs, pairs->count, sizeof(*pairs->pairs), compare_by_samples, pairs);
	for (size_t i = 0; i < pairs->count; i++) {
		const struct prometheus_pair *pair = &pairs->pairs[i];

		if (is_other(pairs, pair) || kept++ < maker->facts->max_pairs)
			continue;
		for (size_t j = 0; j < pair->count; j++)
			join_other(maker, &pairs->rows[pair->first + j]);
		beyond = true;
	}
	return beyond;
}

static int make(struct maker *maker)
{
	struct prometheus_pairs *pairs = maker->pairs;

	for (size_t i = 0; i < maker->facts->count; i++)
		add_point(maker, (uint32_t)i);
	if (pairs->labels.error || maker->tags.error || maker->scratch.error)
		return -ENOMEM;
	make_pairs(pairs);
	if (pairs->count > maker->facts->max_pairs && cap_pairs(maker))
		make_pairs(pairs);
	qsort_r(pairs->pairs, pairs->count, sizeof(*pairs->pairs), compare_by_labels, pairs);
	return 0;
}

int prometheus_pairs_make(struct prometheus_pairs *pairs, const struct prometheus_facts *facts)
{
	size_t rows = count_rows(facts);
	struct maker maker = {.facts = facts, .pairs = pairs};
	int result = -ENOMEM;

	*pairs = (struct prometheus_pairs){0};
	if (facts->count == 0)
		return 0;
	pairs->rows = calloc(rows, sizeof(*pairs->rows));
	pairs->pairs = calloc(rows, sizeof(*pairs->pairs));
	maker.points = calloc(facts->count, sizeof(*maker.points));
	if (pairs->rows && pairs->pairs && maker.points)
		result = make(&maker);
	free(maker.points);
	text_done(&maker.tags);
	text_done(&maker.scratch);
	return result;
}

void prometheus_pairs_done(struct prometheus_pairs *pairs)
{
	text_done(&pairs->labels);
	free(pairs->rows);
	free(pairs->pairs);
	*pairs = (struct prometheus_pairs){0};
}
