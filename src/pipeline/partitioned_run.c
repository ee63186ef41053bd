/*
 * Threads, stretches and the joining of results: see shares.h.
 */
#include "pipeline/partitioned_run.h"

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

static bool is_alone(const struct partition_thread *partition)
{
	return partition->run->count == 1;
}

/* ---- samples ---- */

static void print_now(void *user, const struct tcpm_sample *sample, enum group_side side)
{
	struct partition_thread *partition = user;
	const struct sample_output *output = partition->run->output;

	if (output->print(output->user, sample, side) < 0)
		partition->run->write_failed = true;
}

static void print_later(void *user, const struct tcpm_sample *sample, enum group_side side)
{
	struct partition_thread *partition = user;

	partition->run->output->buffer_add(partition->lines[partition->finished % SHARES_AHEAD],
					   sample, side);
}

/* ---- stretches; these hold the lock ---- */

static void print_stretch(struct partitioned_run *run)
{
	void *lines[PARTITIONS_MAX];

	for (unsigned i = 0; i < run->count; i++)
		lines[i] = run->all[i].lines[run->printed % SHARES_AHEAD];
	if (!lines[0])
		return;
	/* Until it is printed, nobody touches these. */
	pthread_mutex_unlock(&run->lock);
	if (run->output->print_buffers(run->output->user, lines, run->count) < 0)
		run->write_failed = true;
	pthread_mutex_lock(&run->lock);
}

/* How many stretches all have finished, and in *ended whether there will be no more. */
static uint64_t finished_by_all(const struct partitioned_run *run, bool *ended)
{
	uint64_t least = UINT64_MAX;
	uint64_t most = 0;

	*ended = true;
	for (unsigned i = 0; i < run->count; i++) {
		const struct partition_thread *partition = &run->all[i];

		if (partition->finished > most)
			most = partition->finished;
		if (partition->ended)
			continue;
		*ended = false;
		if (partition->finished < least)
			least = partition->finished;
	}
	return *ended ? most : least;
}

/* Goes on to the next stretch if all have finished this one. Where lines are to be printed, only
 * the first share may. */
static bool take_stretch(struct partitioned_run *run)
{
	bool ended;

	if (run->printed == finished_by_all(run, &ended))
		return false;
	print_stretch(run);
	run->printed++;
	pthread_cond_broadcast(&run->changed);
	return true;
}

static bool may_take(const struct partition_thread *partition)
{
	return partition->number == 0 || !partition->lines[0];
}

/* ---- reading ---- */

/* Whether the share is to go on with another stretch. After a stop it only finishes those that
 * any other has begun. */
static bool begin_stretch(struct partition_thread *partition)
{
	struct partitioned_run *run = partition->run;
	bool begins;

	pthread_mutex_lock(&run->lock);
	while (partition->finished - run->printed >= SHARES_AHEAD && !run->write_failed)
		if (!may_take(partition) || !take_stretch(run))
			pthread_cond_wait(&run->changed, &run->lock);
	begins = !run->write_failed && (!run->stop || partition->finished < run->begun);
	if (begins && partition->finished == run->begun)
		run->begun++;
	pthread_mutex_unlock(&run->lock);
	return begins;
}

static void finish_stretch(struct partition_thread *partition)
{
	struct partitioned_run *run = partition->run;

	pthread_mutex_lock(&run->lock);
	partition->finished++;
	pthread_cond_broadcast(&run->changed);
	while (may_take(partition) && take_stretch(run))
		;
	pthread_mutex_unlock(&run->lock);
}

/* The share reads no more. The first one sees to it that all is printed. */
static void end_reading(struct partition_thread *partition)
{
	struct partitioned_run *run = partition->run;
	bool ended;

	pthread_mutex_lock(&run->lock);
	partition->ended = true;
	pthread_cond_broadcast(&run->changed);
	while (partition->number == 0 && (finished_by_all(run, &ended), !ended))
		if (!take_stretch(run))
			pthread_cond_wait(&run->changed, &run->lock);
	while (may_take(partition) && take_stretch(run))
		;
	pthread_mutex_unlock(&run->lock);
}

static void measure_part(struct partition_thread *partition)
{
	struct partitioned_run *run = partition->run;

	if (partition->reader.apart)
		tcpm_engine_flush(partition->pipeline.engine);
	pipeline_feed_filtered(&partition->pipeline, partition->reader.frames,
			       is_alone(partition) ? NULL : partition->reader.gaps,
			       partition->reader.count);
	/* The samples are to be seen as they come, also while a pipe waits for packets. */
	if (is_alone(partition) && partition->reader.pause && run->options->samples &&
	    run->output->flush(run->output->user) < 0)
		run->write_failed = true;
	if (partition->number == 0 && run->progress)
		run->progress->step(run->progress->user, partition->source, run->path);
}

/* Returns whether there is more. */
static bool read_stretch(struct partition_thread *partition)
{
	struct partitioned_run *run = partition->run;
	int count;

	for (int left = STRETCH_RECORDS; left > 0; left -= count) {
		if (run->write_failed || (is_alone(partition) && run->stop))
			return false;
		count = batch_reader_next(&partition->reader, (size_t)left, &partition->error);
		if (count <= 0) {
			partition->result = count;
			return false;
		}
		measure_part(partition);
	}
	return true;
}

static void read_share(struct partition_thread *partition)
{
	bool more = true;

	batch_reader_begin(&partition->reader, partition->source);
	while (more && begin_stretch(partition)) {
		more = read_stretch(partition);
		finish_stretch(partition);
	}
	/* Nobody is to wait for it at the file. */
	source_close(partition->source);
	partition->source = NULL;
	end_reading(partition);
}

static void flush_share(struct partition_thread *partition)
{
	tcpm_engine_flush(partition->pipeline.engine);
}

/* ---- threads ---- */

static void *serve(void *argument)
{
	struct partition_thread *partition = argument;
	struct partitioned_run *run = partition->run;
	unsigned seen = 0;

	pthread_mutex_lock(&run->lock);
	for (;;) {
		while (run->turn == seen && !run->leave)
			pthread_cond_wait(&run->changed, &run->lock);
		if (run->leave)
			break;
		seen = run->turn;
		pthread_mutex_unlock(&run->lock);
		run->job(partition);
		pthread_mutex_lock(&run->lock);
		run->pending--;
		pthread_cond_broadcast(&run->changed);
	}
	pthread_mutex_unlock(&run->lock);
	return NULL;
}

/* Each share does the job, the first one in this thread; waits for all. */
static void do_all(struct partitioned_run *run, void (*job)(struct partition_thread *partition))
{
	pthread_mutex_lock(&run->lock);
	run->job = job;
	run->pending = run->count - 1;
	run->turn++;
	pthread_cond_broadcast(&run->changed);
	pthread_mutex_unlock(&run->lock);
	job(&run->all[0]);
	pthread_mutex_lock(&run->lock);
	while (run->pending > 0)
		pthread_cond_wait(&run->changed, &run->lock);
	pthread_mutex_unlock(&run->lock);
}

/* Threads for all shares but the first. 0, or -EAGAIN. */
static int start_threads(struct partitioned_run *run)
{
	for (unsigned i = 1; i < run->count; i++) {
		struct partition_thread *partition = &run->all[i];

		if (pthread_create(&partition->thread, NULL, serve, partition) != 0)
			return -EAGAIN;
		partition->threaded = true;
	}
	return 0;
}

static void end_threads(struct partitioned_run *run)
{
	pthread_mutex_lock(&run->lock);
	run->leave = true;
	pthread_cond_broadcast(&run->changed);
	pthread_mutex_unlock(&run->lock);
	for (unsigned i = 0; i < run->count; i++)
		if (run->all[i].threaded)
			pthread_join(run->all[i].thread, NULL);
}

/* ---- from the outside ---- */

static int init_share(struct partition_thread *partition, struct interface_names *names,
		      const struct prefix_set *local, struct error *error)
{
	struct partitioned_run *run = partition->run;
	const struct options *options = run->options;
	struct pipeline_role role = {
		.run = run->count,
		.sets = run->count,
		.of_flows = run->count > 1,
		.partition = partition->number,
	};
	struct partition own = {.count = run->count, .index = partition->number};
	int result = pipeline_init(&partition->pipeline, options, names, local, &role, error);

	if (result < 0)
		return result;
	batch_reader_init(&partition->reader, &own, &partition->pipeline.frame_filter,
			  options->count);
	if (!options->samples)
		return 0;
	partition->pipeline.sample = is_alone(partition) ? print_now : print_later;
	partition->pipeline.user = partition;
	for (unsigned i = 0; i < SHARES_AHEAD && !is_alone(partition); i++) {
		partition->lines[i] = run->output->buffer_new(run->output->user);
		if (!partition->lines[i])
			return error_set(error, ENOMEM, "out of memory");
	}
	return 0;
}

int partitioned_run_init(struct partitioned_run *run, const struct options *options, unsigned count,
			 struct interface_names *names, const struct prefix_set *local,
			 const struct sample_output *output, const struct run_progress *progress,
			 struct error *error)
{
	int result = 0;

	*run = (struct partitioned_run){
		.options = options, .output = output, .progress = progress, .count = count};
	pthread_mutex_init(&run->lock, NULL);
	pthread_cond_init(&run->changed, NULL);
	run->all = calloc(count, sizeof(*run->all));
	if (!run->all) {
		run->count = 0;
		result = error_set(error, ENOMEM, "out of memory");
	}
	for (unsigned i = 0; !result && i < count; i++) {
		run->all[i].run = run;
		run->all[i].number = i;
		result = init_share(&run->all[i], names, local, error);
	}
	if (!result)
		result = start_threads(run);
	if (result < 0)
		partitioned_run_done(run);
	if (count > 1 && (result == -EAGAIN || result == -ENOMEM))
		return partitioned_run_init(run, options, 1, names, local, output, progress, error);
	return result;
}

/* How it went for the first share for which it did not go well; 0: it did for all. */
static int result_of_all(const struct partitioned_run *run, struct error *error)
{
	for (unsigned i = 0; i < run->count; i++) {
		if (run->all[i].result < 0) {
			*error = run->all[i].error;
			return run->all[i].result;
		}
	}
	return 0;
}

static void open_shared(struct partition_thread *partition)
{
	partition->result = shared_file_source(partition->run->file, partition->number,
					       &partition->source, &partition->error);
}

/* Has the capture trimmed, if it can be, and if all that is looked at is what is decoded: a filter
 * may look at anything. */
static bool trim(struct partitioned_run *run)
{
	return !run->all[0].pipeline.frame_filter.filter && shared_file_trim(run->file);
}

/* Opens the capture once for all shares, and says so in shares->file, if that pays. */
static int open_once(struct partitioned_run *run, uint64_t bytes, struct error *error)
{
	int result = shared_file_open(run->path, bytes, run->count, &run->file, error);

	if (result < 0)
		return result;
	if (shared_file_spacing(run->file) > FAR_APART && !trim(run)) {
		shared_file_close(run->file);
		run->file = NULL;
		return 0;
	}
	do_all(run, open_shared);
	return result_of_all(run, error);
}

/* Opens the capture for each share. */
static int open_all(struct partitioned_run *run, struct error *error)
{
	struct file_look look = {.bytes = UINT64_MAX};
	int result = 0;

	for (unsigned i = 0; i < run->count; i++) {
		struct partition_thread *partition = &run->all[i];

		partition->result = 0;
		partition->finished = 0;
		partition->ended = false;
	}
	run->begun = run->printed = 0;
	if (run->count > 1) {
		/* It may be written to; all shares end where it ends now. */
		file_source_look(run->path, &look);
		result = open_once(run, look.bytes, error);
	}
	for (unsigned i = 0; !result && !run->file && i < run->count; i++)
		result = file_source_open_upto(run->path, look.bytes, &run->all[i].source, error);
	return result;
}

/* What is still open; a share that has read has closed its source. */
static void close_all(struct partitioned_run *run)
{
	for (unsigned i = 0; i < run->count; i++) {
		source_close(run->all[i].source);
		run->all[i].source = NULL;
	}
	shared_file_close(run->file);
	run->file = NULL;
}

int partitioned_run_read(struct partitioned_run *run, const char *path, bool *opened,
			 struct error *error)
{
	int result;

	run->path = path;
	result = open_all(run, error);
	*opened = result == 0;
	if (*opened) {
		if (run->progress)
			run->progress->begin(run->progress->user);
		do_all(run, read_share);
		if (run->progress)
			run->progress->end(run->progress->user);
		/* What is said of the capture comes behind its samples. */
		if (run->options->samples && run->output->flush(run->output->user) < 0)
			run->write_failed = true;
	}
	/* All shares met the same damage; of others, the first is told. */
	if (!result)
		result = result_of_all(run, error);
	close_all(run);
	return result;
}

void partitioned_run_stop(struct partitioned_run *run)
{
	run->stop = true;
}

int partitioned_run_finish(struct partitioned_run *run, const struct groups **groups,
			   struct run_totals *facts, struct tcpm_counters *counters,
			   struct error *error)
{
	struct groups *reader[PARTITIONS_MAX];

	do_all(run, flush_share);
	*facts = run->all[0].pipeline.facts;
	*counters = (struct tcpm_counters){0};
	facts->counters = counters;
	for (unsigned i = 0; i < run->count; i++) {
		counters_add(counters, tcpm_engine_counters(run->all[i].pipeline.engine));
		reader[i] = run->all[i].pipeline.groups;
	}
	*groups = reader[0];
	if (run->count == 1)
		return 0;
	run->joined = pipeline_groups_new(run->options, NULL, 1, error);
	*groups = run->joined;
	if (!run->joined)
		return -ENOMEM;
	if (groups_join(run->joined, reader, run->count) < 0)
		return error_set(error, ENOMEM, "out of memory");
	return 0;
}

bool partitioned_run_filter_refused(const struct partitioned_run *run)
{
	return run->all[0].pipeline.filter_refused;
}

void partitioned_run_done(struct partitioned_run *run)
{
	if (!run->options)
		return;
	end_threads(run);
	groups_free(run->joined);
	for (unsigned i = 0; i < run->count; i++) {
		struct partition_thread *partition = &run->all[i];

		for (unsigned j = 0; j < SHARES_AHEAD; j++)
			if (partition->lines[j])
				run->output->buffer_free(partition->lines[j]);
		pipeline_done(&partition->pipeline);
	}
	free(run->all);
	pthread_cond_destroy(&run->changed);
	pthread_mutex_destroy(&run->lock);
	*run = (struct partitioned_run){0};
}
