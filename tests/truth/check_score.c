/*
 * Samples are taken as they come, a second one of the same frame too; only those
 * of frames that acknowledge nothing new have no error.
 */
#include "check_score.h"

#include <stdio.h>
#include <stdlib.h>

enum { EXACT_NS = 2000 }; /* what is called exact in a capture of microseconds */

static void add(struct errors *errors, int64_t claimed_ns, int64_t true_ns)
{
	int64_t off_ns = claimed_ns > true_ns ? claimed_ns - true_ns : true_ns - claimed_ns;
	double ppm = (double)off_ns / (double)(true_ns > 0 ? true_ns : 1) * 1e6;

	if (errors->count == errors->room) {
		errors->room = errors->room > 0 ? errors->room * 2 : 4096;
		errors->ppm = reallocarray(errors->ppm, errors->room, sizeof *errors->ppm);
		if (errors->ppm == NULL) {
			fprintf(stderr, "check: out of memory\n");
			exit(2);
		}
	}
	errors->ppm[errors->count++] = ppm < UINT32_MAX ? (uint32_t)ppm : UINT32_MAX;
}

static bool is_exact(const struct truth *truth, const struct sample *sample)
{
	int64_t off_ns = sample->rtt_ns - truth->response_ns;

	return off_ns <= EXACT_NS && off_ns >= -EXACT_NS;
}

static void add_sample(struct score *score, const struct truth *truth, const struct sample *sample)
{
	int64_t path_ns = truth->response_ns - truth->holding_ns;

	score->exact += is_exact(truth, sample);
	add(&score->response, sample->rtt_ns, truth->response_ns);
	if (path_ns < SHORTEST_PATH_NS)
		return;
	add(&score->path, sample->rtt_ns, path_ns);
	if (sample->network)
		add(&score->network_path, sample->rtt_ns, path_ns);
}

/* By what it can be timed; CLUES: it cannot. */
static enum clue clue_of(const struct truth *truth)
{
	if (truth->status == RESOLVABLE)
		return CLUE_ECHO;
	if (truth->status == UNAMBIGUOUS || truth->status == COPIED)
		return truth->kind == KIND_SACK ? CLUE_SACK : CLUE_NUMBER;
	return CLUES;
}

void score_add(struct score *score, const struct truths *truths, const struct samples *samples)
{
	bool *seen = calloc(truths->count + 1, sizeof *seen);

	if (seen == NULL) {
		fprintf(stderr, "check: out of memory\n");
		exit(2);
	}
	for (size_t i = 0; i < truths->count; i++)
		if (clue_of(&truths->rows[i]) != CLUES)
			score->due[clue_of(&truths->rows[i])]++;
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->rows[i];
		const struct truth *truth = find_truth(truths, sample->frame);

		if (truth == NULL)
			continue;
		add_sample(score, truth, sample);
		if (clue_of(truth) != CLUES && !seen[truth - truths->rows]) {
			score->sampled[clue_of(truth)]++;
			score->right[clue_of(truth)] += is_exact(truth, sample);
		}
		seen[truth - truths->rows] = true;
	}
	free(seen);
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void print_errors(const char *key, struct errors *errors)
{
	static const struct {
		const char *name;
		double quantile;
	} quantiles[] = {{"p50", 0.5}, {"p99", 0.99}};

	if (errors->count > 0)
		qsort(errors->ppm, errors->count, sizeof *errors->ppm, by_size);
	for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
		size_t at = errors->count > 0
				    ? (size_t)(quantiles[i].quantile * (double)(errors->count - 1))
				    : 0;

		printf(" %s_%s=%.4f", key, quantiles[i].name,
		       errors->count > 0 ? errors->ppm[at] / 1e4 : 0);
	}
}

static uint64_t sum(const uint64_t counts[CLUES])
{
	return counts[CLUE_NUMBER] + counts[CLUE_ECHO] + counts[CLUE_SACK];
}

void score_print(struct score *score, const struct result *result)
{
	static const char *const names[CLUES] = {"number", "echo", "sack"};
	const uint64_t *faults = result->faults;
	uint64_t wrong = faults[FAULT_EXTRA] + faults[FAULT_TWICE] + faults[FAULT_GROSS];

	printf("samples=%llu sampled=%.4f", (unsigned long long)result->samples,
	       share(sum(score->sampled), sum(score->due)));
	for (unsigned clue = 0; clue < CLUES; clue++)
		printf(" %s=%.4f", names[clue], share(score->right[clue], score->due[clue]));
	printf(" exact=%.4f false=%.4f", share(score->exact, result->samples),
	       share(wrong, result->samples > 0 ? result->samples : 1));
	print_errors("response", &score->response);
	print_errors("path", &score->path);
	print_errors("network", &score->network_path);
	printf("\n");
}

void score_done(struct score *score)
{
	free(score->response.ppm);
	free(score->path.ppm);
	free(score->network_path.ppm);
	*score = (struct score){0};
}
