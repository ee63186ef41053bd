/*
 * Threads, stretches and the joining of results: see shares.h.
 */
#include "app/shares.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "capture/source.h"

/* Records of a stretch: a few milliseconds of work. */
#define STRETCH_RECORDS 32768

/* Where records begin farther apart than so many bytes, most of what is read is not looked at, and
 * what is looked at another processor would have to fetch line by line, which takes longer than
 * reading it again. So they are trimmed by whoever reads them; where that cannot be, each share
 * reads the file by itself. */
#define FAR_APART 512

static bool is_alone(const struct share *share)
{
	return share->shares->count == 1;
}

/* ---- samples ---- */

static void print_now(void *user, const struct tcpm_sample *sample, enum group_side side)
{
	struct share *share = user;

	if (output_sample(share->shares->output, sample, side) < 0)
		share->shares->write_failed = true;
}

static void print_later(void *user, const struct tcpm_sample *sample, enum group_side side)
{
	struct share *share = user;

	sample_lines_add(share->lines[share->finished % SHARES_AHEAD], sample, side);
}

/* ---- stretches; these hold the lock ---- */

static void print_stretch(struct shares *shares)
{
	struct sample_lines *lines[SHARES_MAX];

	for (unsigned i = 0; i < shares->count; i++)
		lines[i] = shares->all[i].lines[shares->printed % SHARES_AHEAD];
	if (!lines[0])
		return;
	/* Until it is printed, nobody touches these. */
	pthread_mutex_unlock(&shares->lock);
	if (sample_lines_print(lines, shares->count, shares->output) < 0)
		shares->write_failed = true;
	pthread_mutex_lock(&shares->lock);
}

/* How many stretches all have finished, and in *ended whether there will be no more. */
static uint64_t finished_by_all(const struct shares *shares, bool *ended)
{
	uint64_t least = UINT64_MAX;
	uint64_t most = 0;

	*ended = true;
	for (unsigned i = 0; i < shares->count; i++) {
		const struct share *share = &shares->all[i];

		if (share->finished > most)
			most = share->finished;
		if (share->ended)
			continue;
		*ended = false;
		if (share->finished < least)
			least = share->finished;
	}
	return *ended ? most : least;
}

/* Goes on to the next stretch if all have finished this one. Where lines are to be printed, only
 * the first share may. */
static bool take_stretch(struct shares *shares)
{
	bool ended;

	if (shares->printed == finished_by_all(shares, &ended))
		return false;
	print_stretch(shares);
	shares->printed++;
	pthread_cond_broadcast(&shares->changed);
	return true;
}

static bool may_take(const struct share *share)
{
	return share->number == 0 || !share->lines[0];
}

/* ---- reading ---- */

/* Whether the share is to go on with another stretch. After a stop it only finishes those that
 * any other has begun. */
static bool begin_stretch(struct share *share)
{
	struct shares *shares = share->shares;
	bool begins;

	pthread_mutex_lock(&shares->lock);
	while (share->finished - shares->printed >= SHARES_AHEAD && !shares->write_failed)
		if (!may_take(share) || !take_stretch(shares))
			pthread_cond_wait(&shares->changed, &shares->lock);
	begins = !shares->write_failed && (!shares->stop || share->finished < shares->begun);
	if (begins && share->finished == shares->begun)
		shares->begun++;
	pthread_mutex_unlock(&shares->lock);
	return begins;
}

static void finish_stretch(struct share *share)
{
	struct shares *shares = share->shares;

	pthread_mutex_lock(&shares->lock);
	share->finished++;
	pthread_cond_broadcast(&shares->changed);
	while (may_take(share) && take_stretch(shares))
		;
	pthread_mutex_unlock(&shares->lock);
}

/* The share reads no more. The first one sees to it that all is printed. */
static void end_reading(struct share *share)
{
	struct shares *shares = share->shares;
	bool ended;

	pthread_mutex_lock(&shares->lock);
	share->ended = true;
	pthread_cond_broadcast(&shares->changed);
	while (share->number == 0 && (finished_by_all(shares, &ended), !ended))
		if (!take_stretch(shares))
			pthread_cond_wait(&shares->changed, &shares->lock);
	while (may_take(share) && take_stretch(shares))
		;
	pthread_mutex_unlock(&shares->lock);
}

static void measure_part(struct share *share)
{
	struct shares *shares = share->shares;

	if (share->parts.apart)
		tcpm_engine_flush(share->measure.engine);
	measure_taken(&share->measure, share->parts.frames, share->parts.count);
	/* The samples are to be seen as they come, also while a pipe waits for packets. */
	if (is_alone(share) && share->parts.pause && shares->options->samples &&
	    output_flush(shares->output) < 0)
		shares->write_failed = true;
	if (share->number == 0)
		progress_step(&shares->progress, share->source, shares->path);
}

/* Returns whether there is more. */
static bool read_stretch(struct share *share)
{
	struct shares *shares = share->shares;
	int count;

	for (int left = STRETCH_RECORDS; left > 0; left -= count) {
		if (shares->write_failed || (is_alone(share) && shares->stop))
			return false;
		count = parts_next(&share->parts, (size_t)left, &share->error);
		if (count <= 0) {
			share->result = count;
			return false;
		}
		measure_part(share);
	}
	return true;
}

static void read_share(struct share *share)
{
	bool more = true;

	parts_begin(&share->parts, share->source);
	while (more && begin_stretch(share)) {
		more = read_stretch(share);
		finish_stretch(share);
	}
	/* Nobody is to wait for it at the file. */
	source_close(share->source);
	share->source = NULL;
	end_reading(share);
}

static void flush_share(struct share *share)
{
	tcpm_engine_flush(share->measure.engine);
}

/* ---- threads ---- */

static void *serve(void *argument)
{
	struct share *share = argument;
	struct shares *shares = share->shares;
	unsigned seen = 0;

	pthread_mutex_lock(&shares->lock);
	for (;;) {
		while (shares->turn == seen && !shares->leave)
			pthread_cond_wait(&shares->changed, &shares->lock);
		if (shares->leave)
			break;
		seen = shares->turn;
		pthread_mutex_unlock(&shares->lock);
		shares->job(share);
		pthread_mutex_lock(&shares->lock);
		shares->pending--;
		pthread_cond_broadcast(&shares->changed);
	}
	pthread_mutex_unlock(&shares->lock);
	return NULL;
}

/* Each share does the job, the first one in this thread; waits for all. */
static void do_all(struct shares *shares, void (*job)(struct share *share))
{
	pthread_mutex_lock(&shares->lock);
	shares->job = job;
	shares->pending = shares->count - 1;
	shares->turn++;
	pthread_cond_broadcast(&shares->changed);
	pthread_mutex_unlock(&shares->lock);
	job(&shares->all[0]);
	pthread_mutex_lock(&shares->lock);
	while (shares->pending > 0)
		pthread_cond_wait(&shares->changed, &shares->lock);
	pthread_mutex_unlock(&shares->lock);
}

/* Threads for all shares but the first. 0, or -EAGAIN. */
static int start_threads(struct shares *shares)
{
	for (unsigned i = 1; i < shares->count; i++) {
		struct share *share = &shares->all[i];

		if (pthread_create(&share->thread, NULL, serve, share) != 0)
			return -EAGAIN;
		share->threaded = true;
	}
	return 0;
}

static void end_threads(struct shares *shares)
{
	pthread_mutex_lock(&shares->lock);
	shares->leave = true;
	pthread_cond_broadcast(&shares->changed);
	pthread_mutex_unlock(&shares->lock);
	for (unsigned i = 0; i < shares->count; i++)
		if (shares->all[i].threaded)
			pthread_join(shares->all[i].thread, NULL);
}

/* ---- from the outside ---- */

static int init_share(struct share *share, struct interfaces *names, const struct prefixes *local,
		      struct error *error)
{
	struct shares *shares = share->shares;
	const struct options *options = shares->options;
	struct measure_role role = {
		.shares = shares->count,
		.sets = shares->count,
		.of_flows = shares->count > 1,
		.share = share->number,
	};
	struct sift sift = {.shares = shares->count, .share = share->number};
	int result = measure_init(&share->measure, options, names, local, &role, error);

	if (result < 0)
		return result;
	parts_init(&share->parts, &sift, &share->measure.intake, options->count);
	if (!options->samples)
		return 0;
	share->measure.sample = is_alone(share) ? print_now : print_later;
	share->measure.user = share;
	for (unsigned i = 0; i < SHARES_AHEAD && !is_alone(share); i++) {
		share->lines[i] = sample_lines_new(shares->output);
		if (!share->lines[i])
			return error_set(error, ENOMEM, "out of memory");
	}
	return 0;
}

int shares_init(struct shares *shares, const struct options *options, unsigned count,
		struct interfaces *names, const struct prefixes *local, struct output *output,
		struct error *error)
{
	int result = 0;

	*shares = (struct shares){.options = options, .output = output, .count = count};
	pthread_mutex_init(&shares->lock, NULL);
	pthread_cond_init(&shares->changed, NULL);
	shares->all = calloc(count, sizeof(*shares->all));
	if (!shares->all) {
		shares->count = 0;
		result = error_set(error, ENOMEM, "out of memory");
	}
	for (unsigned i = 0; !result && i < count; i++) {
		shares->all[i].shares = shares;
		shares->all[i].number = i;
		result = init_share(&shares->all[i], names, local, error);
	}
	if (!result)
		result = start_threads(shares);
	if (result < 0)
		shares_done(shares);
	if (count > 1 && (result == -EAGAIN || result == -ENOMEM))
		return shares_init(shares, options, 1, names, local, output, error);
	return result;
}

/* How it went for the first share for which it did not go well; 0: it did for all. */
static int result_of_all(const struct shares *shares, struct error *error)
{
	for (unsigned i = 0; i < shares->count; i++) {
		if (shares->all[i].result < 0) {
			*error = shares->all[i].error;
			return shares->all[i].result;
		}
	}
	return 0;
}

static void open_shared(struct share *share)
{
	share->result = file_share_source(share->shares->file, share->number, &share->source,
					  &share->error);
}

/* Has the capture trimmed, if it can be, and if all that is looked at is what is decoded: a filter
 * may look at anything. */
static bool trim(struct shares *shares)
{
	return !shares->all[0].measure.intake.filter && file_share_trim(shares->file);
}

/* Opens the capture once for all shares, and says so in shares->file, if that pays. */
static int open_once(struct shares *shares, uint64_t bytes, struct error *error)
{
	int result = file_share_open(shares->path, bytes, shares->count, &shares->file, error);

	if (result < 0)
		return result;
	if (file_share_spacing(shares->file) > FAR_APART && !trim(shares)) {
		file_share_close(shares->file);
		shares->file = NULL;
		return 0;
	}
	do_all(shares, open_shared);
	return result_of_all(shares, error);
}

/* Opens the capture for each share. */
static int open_all(struct shares *shares, struct error *error)
{
	struct file_look look = {.bytes = UINT64_MAX};
	int result = 0;

	for (unsigned i = 0; i < shares->count; i++) {
		struct share *share = &shares->all[i];

		share->result = 0;
		share->finished = 0;
		share->ended = false;
	}
	shares->begun = shares->printed = 0;
	if (shares->count > 1) {
		/* It may be written to; all shares end where it ends now. */
		file_source_look(shares->path, &look);
		result = open_once(shares, look.bytes, error);
	}
	for (unsigned i = 0; !result && !shares->file && i < shares->count; i++)
		result = file_source_open_upto(shares->path, look.bytes, &shares->all[i].source,
					       error);
	return result;
}

/* What is still open; a share that has read has closed its source. */
static void close_all(struct shares *shares)
{
	for (unsigned i = 0; i < shares->count; i++) {
		source_close(shares->all[i].source);
		shares->all[i].source = NULL;
	}
	file_share_close(shares->file);
	shares->file = NULL;
}

int shares_read(struct shares *shares, const char *path, bool *opened, struct error *error)
{
	int result;

	shares->path = path;
	result = open_all(shares, error);
	*opened = result == 0;
	if (*opened) {
		/* Samples on the terminal show by themselves that it goes on, and would land in
		 * the progress line. */
		progress_begin(&shares->progress,
			       shares->options->quiet ||
				       (shares->options->samples && isatty(STDOUT_FILENO)));
		do_all(shares, read_share);
		progress_end(&shares->progress);
		/* What is said of the capture comes behind its samples. */
		if (shares->options->samples && output_flush(shares->output) < 0)
			shares->write_failed = true;
	}
	/* All shares met the same damage; of others, the first is told. */
	if (!result)
		result = result_of_all(shares, error);
	close_all(shares);
	return result;
}

void shares_stop(struct shares *shares)
{
	shares->stop = true;
}

int shares_finish(struct shares *shares, const struct groups **groups, struct output_facts *facts,
		  struct tcpm_counters *counters, struct error *error)
{
	struct groups *parts[SHARES_MAX];

	do_all(shares, flush_share);
	*facts = shares->all[0].measure.facts;
	*counters = (struct tcpm_counters){0};
	facts->counters = counters;
	for (unsigned i = 0; i < shares->count; i++) {
		counters_add(counters, tcpm_engine_counters(shares->all[i].measure.engine));
		parts[i] = shares->all[i].measure.groups;
	}
	*groups = parts[0];
	if (shares->count == 1)
		return 0;
	shares->joined = measure_groups(shares->options, NULL, 1, error);
	*groups = shares->joined;
	if (!shares->joined)
		return -ENOMEM;
	if (groups_join(shares->joined, parts, shares->count) < 0)
		return error_set(error, ENOMEM, "out of memory");
	return 0;
}

bool shares_refused(const struct shares *shares)
{
	return shares->all[0].measure.filter_refused;
}

void shares_done(struct shares *shares)
{
	if (!shares->options)
		return;
	end_threads(shares);
	groups_free(shares->joined);
	for (unsigned i = 0; i < shares->count; i++) {
		struct share *share = &shares->all[i];

		for (unsigned j = 0; j < SHARES_AHEAD; j++)
			sample_lines_free(share->lines[j]);
		measure_done(&share->measure);
	}
	free(shares->all);
	pthread_cond_destroy(&shares->changed);
	pthread_mutex_destroy(&shares->lock);
	*shares = (struct shares){0};
}
