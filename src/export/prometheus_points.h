/*
 * What is told of each capture point, in Prometheus' text format. Inside of output/ only.
 */
#ifndef EXPORT_PROMETHEUS_POINTS_H
#define EXPORT_PROMETHEUS_POINTS_H

#include "export/prometheus.h"

/* Appends the counters of all points, those with the same labels summed up. Errors stay in the
 * text. */
void prometheus_points(struct text *text, const struct prometheus_facts *facts);

#endif
