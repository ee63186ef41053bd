/*
 * What any program can be judged by, one that knows neither classes nor methods
 * included: each sample's error against the response and against the path.
 */
#ifndef TRUTH_CHECK_SCORE_H
#define TRUTH_CHECK_SCORE_H

#include "check_compare.h"

/* Errors of samples, in parts per million of what is true, in no order. */
struct errors {
	uint32_t *ppm;
	size_t count, room;
};

/* What an acknowledgement can be timed by. */
enum clue { CLUE_NUMBER, CLUE_ECHO, CLUE_SACK, CLUES };

struct score {
	struct errors response;     /* of all samples of an acknowledgement of something new */
	struct errors path;         /* of them, where the path is not too short */
	struct errors network_path; /* of them, of class network */
	uint64_t exact;             /* samples within 2 us of the response */
	/* Acknowledgements that can be timed; of them, sampled; of them, within 2 us. */
	uint64_t due[CLUES], sampled[CLUES], right[CLUES];
};

/* Adds one run's samples to *score, which starts out as zeros. Ends the program when
 * memory is out. */
void score_add(struct score *score, const struct truths *truths, const struct samples *samples);

/* One line of key=value: counts and percentages. `sampled`: of the acknowledgements that
 * can be timed, the share that got a sample; `number`, `echo`, `sack`: of those that can be
 * by their number, by the timestamp echo alone, by a SACK block, the share that got one
 * within 2 us. */
void score_print(struct score *score, const struct result *result);
void score_done(struct score *score);

#endif
