/*
 * Two sets of addresses that take turns: see local.h.
 */
#include "app/local.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/hosts.h"

static int find(const struct options *options, struct prefixes *set)
{
	struct prefix *addresses = NULL;
	size_t count = 0;
	int result = hosts_addresses(&addresses, &count);

	if (result < 0)
		return result;

	struct prefix *all = calloc(count + options->local_count + 1, sizeof(*all));

	result = -ENOMEM;
	if (all) {
		memcpy(all, addresses, count * sizeof(*all));
		if (options->local_count)
			memcpy(all + count, options->local, options->local_count * sizeof(*all));
		result = prefixes_init(set, all, count + options->local_count);
	}
	free(all);
	free(addresses);
	return result;
}

int local_init(struct local *local, const struct options *options, struct error *error)
{
	int result;

	/* The watch comes first, so that no change falls between. */
	*local = (struct local){.watch = hosts_watch()};
	result = find(options, &local->sets[0]);
	if (result < 0)
		return error_set(error, -result, "this machine's addresses cannot be read: %s",
				 strerror(-result));
	return 0;
}

void local_done(struct local *local)
{
	prefixes_done(&local->sets[0]);
	prefixes_done(&local->sets[1]);
	if (local->watch >= 0)
		close(local->watch);
	local->watch = -1;
}

const struct prefixes *local_set(const struct local *local)
{
	return &local->sets[local->now];
}

void local_notice(struct local *local)
{
	if (hosts_changed(local->watch))
		local->changed = true;
}

bool local_renew(struct local *local, const struct options *options)
{
	unsigned next = !local->now;
	struct prefixes found;

	if (!local->changed || local->shared || find(options, &found) < 0)
		return false;
	local->changed = false;
	if (prefixes_equal(&found, &local->sets[local->now])) {
		prefixes_done(&found);
		return false;
	}
	prefixes_done(&local->sets[next]);
	local->sets[next] = found;
	local->now = next;
	local->shared = true;
	return true;
}

void local_settle(struct local *local)
{
	local->shared = false;
}
