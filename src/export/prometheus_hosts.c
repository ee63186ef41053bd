/*
 * All ends of all pairs are sorted by address: each is then told once, by the first capture
 * point that has a name for it.
 */
#include "export/prometheus_hosts.h"

#include <errno.h>
#include <stdlib.h>

#include "base/address.h"
#include "export/prometheus_text.h"

#define NAME "tcpmetro_host_info"

struct host {
	struct tcpm_address address;
	uint32_t point; /* whose names may have it */
};

struct hosts {
	const struct prometheus_facts *facts;
	struct host *all;
	size_t count;
	bool begun; /* there are lines */
	struct text labels;
	struct text scratch;
};

static int compare_hosts(const void *a, const void *b)
{
	const struct host *x = a;
	const struct host *y = b;
	int order = address_compare(&x->address, &y->address);

	return order ? order : (x->point > y->point) - (x->point < y->point);
}

static void add_host(struct hosts *hosts, const struct tcpm_address *address, uint32_t point)
{
	if (address->version)
		hosts->all[hosts->count++] = (struct host){*address, point};
}

static void add_row(struct hosts *hosts, const struct prometheus_row *row)
{
	const struct prometheus_point *point = &hosts->facts->points[row->point];

	/* Only an address has a name. */
	if (row->other || !point->names || !point->names->host_name ||
	    groups_options(point->groups)->by.hosts == GROUPS_BY_PREFIX)
		return;
	add_host(hosts, &row->group->key.sender, row->point);
	add_host(hosts, &row->group->key.receiver, row->point);
}

/* Appends the label whose value is in scratch. */
static void end_label(struct hosts *hosts, const char *name)
{
	text_char(&hosts->scratch, '\0');
	if (!hosts->scratch.error)
		prometheus_label(&hosts->labels, 0, name, hosts->scratch.bytes);
	text_clear(&hosts->scratch);
}

static void append_host(struct text *text, struct hosts *hosts, const struct tcpm_address *address,
			const char *name)
{
	if (!hosts->begun)
		prometheus_family(text, NAME, "gauge",
				  "Always 1; the current name of an address in src or dst.");
	hosts->begun = true;
	text_clear(&hosts->labels);
	text_address(&hosts->scratch, address);
	end_label(hosts, "address");
	text_printable(&hosts->scratch, name);
	end_label(hosts, "name");
	text_char(&hosts->labels, '\0');
	text_fail(text, hosts->scratch.error);
	text_fail(text, hosts->labels.error);
	if (!text->error)
		prometheus_line(text, NAME, hosts->labels.bytes, 1);
}

static void append_hosts(struct text *text, struct hosts *hosts)
{
	const struct tcpm_address *told = NULL;

	qsort(hosts->all, hosts->count, sizeof(*hosts->all), compare_hosts);
	for (size_t i = 0; i < hosts->count; i++) {
		const struct host *host = &hosts->all[i];
		const struct endpoint_names *names = hosts->facts->points[host->point].names;
		const char *name;

		if (told && address_equal(told, &host->address))
			continue;
		/* What that point has no name for, another one may have. */
		if (i && compare_hosts(host - 1, host) == 0)
			continue;
		name = names->host_name(names->user, &host->address);
		if (!name || !*name)
			continue;
		append_host(text, hosts, &host->address, name);
		told = &host->address;
	}
}

void prometheus_hosts(struct text *text, const struct prometheus_facts *facts,
		      const struct prometheus_pairs *pairs)
{
	struct hosts hosts = {.facts = facts};

	if (pairs->row_count == 0)
		return;
	hosts.all = calloc(pairs->row_count, 2 * sizeof(*hosts.all));
	if (hosts.all) {
		for (size_t i = 0; i < pairs->row_count; i++)
			add_row(&hosts, &pairs->rows[i]);
		append_hosts(text, &hosts);
	} else {
		text_fail(text, -ENOMEM);
	}
	free(hosts.all);
	text_done(&hosts.labels);
	text_done(&hosts.scratch);
}
