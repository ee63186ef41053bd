/*
 * Two sets of addresses that take turns: see local.h.
 */
#include "pipeline/local_hosts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/local_addresses.h"

static int find(const struct options *options, struct prefix_set *set)
{
	struct prefix *addresses = NULL;
	size_t count = 0;
	int result = local_addresses_list(&addresses, &count);

	if (result < 0)
		return result;

	struct prefix *all = calloc(count + options->local_count + 1, sizeof(*all));

	result = -ENOMEM;
	if (all) {
		memcpy(all, addresses, count * sizeof(*all));
		if (options->local_count)
			memcpy(all + count, options->local, options->local_count * sizeof(*all));
		result = prefix_set_init(set, all, count + options->local_count);
	}
	free(all);
	free(addresses);
	return result;
}

int local_hosts_init(struct local_hosts *local, const struct options *options, struct error *error)
{
	int result;

	/* The watch comes first, so that no change falls between. */
	*local = (struct local_hosts){.watch = local_addresses_watch()};
	result = find(options, &local->sets[0]);
	if (result < 0)
		return error_set(error, -result, "cannot read this host's addresses: %s",
				 strerror(-result));
	return 0;
}

void local_hosts_done(struct local_hosts *local)
{
	prefix_set_done(&local->sets[0]);
	prefix_set_done(&local->sets[1]);
	if (local->watch >= 0)
		close(local->watch);
	local->watch = -1;
}

const struct prefix_set *local_hosts_current(const struct local_hosts *local)
{
	return &local->sets[local->now];
}

void local_hosts_notice(struct local_hosts *local)
{
	if (local_addresses_changed(local->watch))
		local->changed = true;
}

bool local_hosts_refresh(struct local_hosts *local, const struct options *options)
{
	unsigned next = !local->now;
	struct prefix_set found;

	if (!local->changed || local->shared || find(options, &found) < 0)
		return false;
	local->changed = false;
	if (prefix_set_equal(&found, &local->sets[local->now])) {
		prefix_set_done(&found);
		return false;
	}
	prefix_set_done(&local->sets[next]);
	local->sets[next] = found;
	local->now = next;
	local->shared = true;
	return true;
}

void local_hosts_settle(struct local_hosts *local)
{
	local->shared = false;
}
