/*
 * Each sample is looked up by the frame that it names; what remains without a
 * sample is counted after that.
 */
#include "check_compare.h"

#include <stdio.h>
#include <stdlib.h>

enum { GROSS_NS = 1000000, GROSS_PART = 10, HELD_NS = 10000000 };

static void find(struct result *result, struct finding finding, bool keep)
{
	result->faults[finding.fault]++;
	if (!keep)
		return;
	if (result->finding_count == result->finding_room) {
		result->finding_room = result->finding_room > 0 ? result->finding_room * 2 : 256;
		result->findings = reallocarray(result->findings, result->finding_room,
						sizeof *result->findings);
		if (result->findings == NULL) {
			fprintf(stderr, "check: out of memory\n");
			exit(2);
		}
	}
	result->findings[result->finding_count++] = finding;
}

static int64_t distance(int64_t a_ns, int64_t b_ns)
{
	return a_ns > b_ns ? a_ns - b_ns : b_ns - a_ns;
}

static void note_network(struct result *result, const struct sample *sample,
			 const struct truth *truth)
{
	int64_t path_ns = truth->response_ns - truth->holding_ns;
	int64_t error;

	result->network++;
	if (truth->holding_ns > HELD_NS)
		result->held++;
	if (path_ns < SHORTEST_PATH_NS)
		return;
	error = (int64_t)((double)distance(sample->rtt_ns, path_ns) / (double)path_ns * 1e6);
	result->errors[result->error_count++] = error < UINT32_MAX ? (uint32_t)error : UINT32_MAX;
}

static void compare_one(struct result *result, struct truths *truths, const struct sample *sample,
			bool keep)
{
	struct truth *truth = find_truth(truths, sample->frame);
	struct finding finding = {.frame = sample->frame, .rtt_ns = sample->rtt_ns};
	struct tally *tally;

	result->samples++;
	if (sample->rtt_ns < 0)
		result->negative++;
	if (truth != NULL)
		finding.truth = *truth;
	if (truth == NULL || truth->sampled) {
		finding.fault = truth == NULL ? FAULT_EXTRA : FAULT_TWICE;
		finding.off_ns = sample->rtt_ns;
		find(result, finding, keep);
		return;
	}
	truth->sampled = true;
	tally = &result->by[truth->kind][truth->status];
	tally->sampled++;
	finding.off_ns = distance(sample->rtt_ns, truth->response_ns);
	if (finding.off_ns > GROSS_NS && finding.off_ns > truth->response_ns / GROSS_PART)
		finding.fault = FAULT_GROSS;
	else
		finding.fault = FAULT_INEXACT;
	if (finding.off_ns == 0 && truth->trigger != 0)
		tally->exact++;
	else
		find(result, finding, keep);
	if (sample->network)
		note_network(result, sample, truth);
	if (truth->prompt && truth->full_sized) {
		result->prompt.sampled++;
		if (sample->network)
			result->prompt.exact++;
	}
}

static void count_due(struct result *result, const struct truth *truth, bool keep)
{
	result->by[truth->kind][truth->status].due++;
	if (truth->prompt && truth->full_sized)
		result->prompt.due++;
	if (!truth->sampled && (truth->status == UNAMBIGUOUS || truth->status == RESOLVABLE))
		find(result,
		     (struct finding){.fault = FAULT_MISSED,
				      .frame = truth->frame,
				      .rtt_ns = -1,
				      .truth = *truth},
		     keep);
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int by_weight(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->fault != y->fault)
		return (x->fault > y->fault) - (x->fault < y->fault);
	if (x->off_ns != y->off_ns)
		return (x->off_ns < y->off_ns) - (x->off_ns > y->off_ns);
	if (x->pair != y->pair)
		return (x->pair > y->pair) - (x->pair < y->pair);
	return (x->frame > y->frame) - (x->frame < y->frame);
}

void compare(struct result *result, struct truths *truths, const struct samples *samples, bool keep,
	     size_t pair)
{
	size_t first = result->finding_count;

	result->errors = reallocarray(result->errors, result->error_count + samples->count + 1,
				      sizeof *result->errors);
	if (result->errors == NULL) {
		fprintf(stderr, "check: out of memory\n");
		exit(2);
	}
	for (size_t i = 0; i < samples->count; i++)
		compare_one(result, truths, &samples->rows[i], keep);
	for (size_t i = 0; i < truths->count; i++)
		count_due(result, &truths->rows[i], keep);
	for (size_t i = first; i < result->finding_count; i++)
		result->findings[i].pair = pair;
}

void result_finish(struct result *result)
{
	if (result->error_count > 0)
		qsort(result->errors, result->error_count, sizeof *result->errors, by_size);
	if (result->finding_count > 0)
		qsort(result->findings, result->finding_count, sizeof *result->findings, by_weight);
}

void result_done(struct result *result)
{
	free(result->errors);
	free(result->findings);
	*result = (struct result){0};
}

struct tally tally_of(const struct result *result, enum kind first, enum kind last,
		      enum status status)
{
	struct tally sum = {0};

	for (unsigned kind = first; kind <= (unsigned)last; kind++) {
		sum.due += result->by[kind][status].due;
		sum.sampled += result->by[kind][status].sampled;
		sum.exact += result->by[kind][status].exact;
	}
	return sum;
}

double share(uint64_t part, uint64_t whole)
{
	return whole > 0 ? 100.0 * (double)part / (double)whole : 100.0;
}

double error_quantile(const struct result *result, double quantile)
{
	if (result->error_count == 0)
		return 0;
	return result->errors[(size_t)(quantile * (double)(result->error_count - 1))] / 1e4;
}
