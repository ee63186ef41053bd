/*
 * Opening, asking and joining of workers: see workers.h.
 */
#include "pipeline/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/source.h"
#include "packet/packet.h"
#include "system/event_fd.h"

/* How many workers there are to be. */
static size_t wanted_count(const struct options *options)
{
	return options->interface_count * options->threads + options->file_count;
}

/* Readies a worker for a source, which is its own from now on. */
static int add_worker(struct workers *workers, struct source *source, bool live, const char *name,
		      const struct options *options, struct interface_names *names,
		      const struct prefix_set *local, struct error *error)
{
	struct worker *worker = &workers->all[workers->count];
	unsigned run = (unsigned)wanted_count(options);
	int result = worker_init(worker, &workers->common, source, live, name, error);

	if (result < 0)
		return result;
	workers->count++;
	result = worker_measures(worker, options, names, local, run, error);
	if (result < 0)
		return result;
	worker->handover.groups = pipeline_groups_new(options, local, run * WORKER_SETS, error);
	return worker->handover.groups ? 0 : -ENOMEM;
}

/* Opens an interface, once for each thread. */
static int add_interface(struct workers *workers, const char *interface,
			 const struct packet_ports *ports, const struct options *options,
			 struct interface_names *names, const struct prefix_set *local,
			 struct error *error)
{
	int result = 0;
	int group = -1;
	struct live_options wanted = {
		.interface = interface,
		.filter = options->filter,
		.ports = ports,
		.snaplen = (uint32_t)options->snaplen,
		.buffer_bytes = (uint32_t)options->buffer_kib * 1024,
		.promiscuous = options->promiscuous,
		.stamps = options->stamps,
		.fanout_count = (unsigned)options->threads,
		.fanout_group = &group,
	};

	for (; wanted.fanout_index < wanted.fanout_count && !result; wanted.fanout_index++) {
		struct source *source;

		result = live_source_open(&wanted, &source, error);
		if (!result)
			result = add_worker(workers, source, true, interface, options, names, local,
					    error);
		if (!result)
			workers->all[workers->count - 1].silent = wanted.fanout_index > 0;
	}
	return result;
}

/* A regular file alone: a pipe may keep its reader, and who ends that, for ever. What is
 * open is looked at, for a name may be another file's a moment later; and the opening itself
 * does not wait for a pipe's writer. */
static int open_regular(const char *path, struct error *error)
{
	const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat status;
	int result = 0;

	if (fd < 0 || fstat(fd, &status) < 0)
		result = error_set(error, errno, "cannot read %.300s: %s", path, strerror(errno));
	else if (!S_ISREG(status.st_mode))
		result = error_set(error, EINVAL,
				   "%.300s is not a regular file; use -r to read a pipe", path);
	else if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) < 0)
		result = error_set(error, errno, "cannot read %.300s: %s", path, strerror(errno));
	if (result < 0)
		close_if_open(fd);
	return result < 0 ? result : fd;
}

static int add_file(struct workers *workers, const char *path, const struct options *options,
		    struct interface_names *names, const struct prefix_set *local,
		    struct error *error)
{
	struct source *source;
	int fd = open_regular(path, error);
	int result = fd < 0 ? fd : file_source_open_fd(fd, path, &source, error);

	if (result < 0) {
		close_if_open(fd);
		return result;
	}
	return add_worker(workers, source, false, path, options, names, local, error);
}

int workers_open(struct workers *workers, const struct options *options,
		 struct interface_names *names, const struct prefix_set *local,
		 const struct sample_output *output, struct error *error)
{
	struct packet_ports ports;
	int result = 0;

	*workers = (struct workers){
		.common = {.answers = event_fd_new(),
			   .printing = PTHREAD_MUTEX_INITIALIZER,
			   .output = output,
			   .limited = options->count > 0,
			   .packets_left = options->count > LLONG_MAX ? LLONG_MAX
								      : (long long)options->count},
	};
	workers->common.packets_due = workers->common.packets_left;
	if (workers->common.answers < 0)
		return error_set(error, errno, "cannot create an eventfd: %s", strerror(errno));
	if (!packet_ports_set(&ports, options->tunnel_ports, options->tunnel_port_count))
		return error_set(error, EINVAL, "--tunnel-port: invalid ports");
	workers->all = calloc(wanted_count(options), sizeof(*workers->all));
	if (!workers->all)
		return error_set(error, ENOMEM, "out of memory");
	for (size_t i = 0; i < options->interface_count && !result; i++)
		result = add_interface(workers, options->interfaces[i], &ports, options, names,
				       local, error);
	for (size_t i = 0; i < options->file_count && !result; i++)
		result = add_file(workers, options->files[i], options, names, local, error);
	return result;
}

int workers_start(struct workers *workers, struct error *error)
{
	int result = 0;

	for (size_t i = 0; i < workers->count; i++)
		if (workers->all[i].live)
			live_source_start(workers->all[i].source);
	for (size_t i = 0; i < workers->count && !result; i++)
		result = worker_start(&workers->all[i], error);
	return result;
}

void workers_ask(struct workers *workers, const struct prefix_set *local)
{
	workers->generation++;
	for (size_t i = 0; i < workers->count; i++) {
		struct worker *worker = &workers->all[i];

		groups_reset(worker->handover.groups, workers->generation);
		worker->handover.local = local;
		worker_ask(worker);
	}
	workers->asked = true;
}

void workers_set_local(struct workers *workers, const struct prefix_set *local)
{
	for (size_t i = 0; i < workers->count; i++)
		worker_set_local(&workers->all[i], local);
}

int workers_refilter(struct workers *workers, const char *expression, struct error *error)
{
	int result = 0;

	for (size_t i = 0; i < workers->count && !result; i++)
		result = worker_refilter(&workers->all[i], expression, error);
	return result;
}

bool workers_answered(struct workers *workers)
{
	if (!workers->asked)
		return false;
	for (size_t i = 0; i < workers->count; i++)
		if (!worker_answered(&workers->all[i]))
			return false;
	return true;
}

void workers_collect(struct workers *workers, struct groups *interval, struct run_totals *facts,
		     struct tcpm_counters *counters)
{
	groups_reset(interval, 0);
	*facts = (struct run_totals){.live = workers->count && workers->all[0].live,
				     .interface_unknown = true,
				     .counters = counters};
	*counters = (struct tcpm_counters){0};
	for (size_t i = 0; i < workers->count; i++) {
		struct worker *worker = &workers->all[i];

		run_totals_add(facts, counters, &worker->handover.facts);
		groups_merge(interval, worker->handover.groups);
		worker->state = HANDOVER_NONE;
	}
	workers->asked = false;
}

void workers_reserve(struct workers *workers, size_t bytes)
{
	for (size_t i = 0; i < workers->count; i++) {
		struct worker *worker = &workers->all[i];

		atomic_store_explicit(&worker->pipeline.elsewhere,
				      bytes / workers->count +
					      groups_memory(worker->handover.groups),
				      memory_order_relaxed);
	}
}

bool workers_all_ended(const struct workers *workers)
{
	for (size_t i = 0; i < workers->count; i++)
		if (workers->all[i].started && !workers->all[i].ended)
			return false;
	return true;
}

void workers_wake(struct workers *workers)
{
	for (size_t i = 0; i < workers->count; i++)
		worker_wake(&workers->all[i]);
}

bool workers_join(struct workers *workers)
{
	bool failed = false;

	for (size_t i = 0; i < workers->count; i++) {
		worker_join(&workers->all[i]);
		failed |= workers->all[i].failed || workers->all[i].pipeline.filter_refused;
	}
	return failed;
}

void workers_done(struct workers *workers)
{
	for (size_t i = 0; i < workers->count; i++)
		worker_done(&workers->all[i]);
	free(workers->all);
	workers->all = NULL;
	workers->count = 0;
	close_if_open(workers->common.answers);
	workers->common.answers = -1;
	pthread_mutex_destroy(&workers->common.printing);
}
