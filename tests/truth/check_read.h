/*
 * Reads the two files that check compares: the truth, and a program's samples.
 * Both are CSV with a header line; columns are found by name, so either file may
 * have more of them, in any order.
 */
#ifndef TRUTH_CHECK_READ_H
#define TRUTH_CHECK_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kind { KIND_SYN, KIND_ACK, KIND_SACK, KINDS };

/* README.md defines each. */
enum status {
	UNAMBIGUOUS,
	RESOLVABLE,
	COPIED,
	AMBIGUOUS,
	PARTIAL,
	REORDERED,
	GAP,
	UNSEEN,
	FOREIGN,
	REPEATED,
	OLD,
	STATUSES
};

/* One acknowledgement of something new. */
struct truth {
	uint64_t frame, trigger, bytes, flow;
	int64_t response_ns, holding_ns;
	uint8_t kind, status;
	bool prompt, full_sized;
	bool sampled; /* check's own mark */
	uint16_t setting;
};

struct sample {
	uint64_t frame;
	int64_t rtt_ns;
	bool network;
	bool sack; /* by its method */
};

enum { MAX_SETTINGS = 64 };

struct truths {
	struct truth *rows; /* by frame, ascending */
	size_t count, room;
	char *settings[MAX_SETTINGS];
	size_t setting_count;
};

struct samples {
	struct sample *rows; /* in the file's order */
	size_t count, room;
};

extern const char *const kind_names[KINDS];
extern const char *const status_names[STATUSES];

/* Both read all of a file ("-": standard input) and end the program with status
 * 2 and a message when it cannot be read or is not what it should be. */
void read_truths(struct truths *truths, const char *path);
void read_samples(struct samples *samples, const char *path);

/* Frees the rows, but keeps their count and the names of the settings. */
void truths_drop_rows(struct truths *truths);
void truths_done(struct truths *truths);
void samples_done(struct samples *samples);

/* The truth of that frame, or NULL. */
struct truth *find_truth(const struct truths *truths, uint64_t frame);

#endif
