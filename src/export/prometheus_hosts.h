/*
 * The names of the hosts that pairs are of, in Prometheus' text format. Inside of output/ only.
 */
#ifndef EXPORT_PROMETHEUS_HOSTS_H
#define EXPORT_PROMETHEUS_HOSTS_H

#include "export/prometheus.h"
#include "export/prometheus_pairs.h"

/* Appends tcpmetro_host_info: each address that is an end of a pair, "other" and networks
 * left out, and has a name, once. Errors stay in the text. */
void prometheus_hosts(struct text *text, const struct prometheus_facts *facts,
		      const struct prometheus_pairs *pairs);

#endif
