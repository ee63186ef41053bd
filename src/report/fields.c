/*
 * The list, once; both classes have the same measures.
 */
#include "report/fields.h"

enum measure { SAMPLES, MIN, P50, P95, P99, MAX, MEAN, LAST, JITTER };

enum { FLOWS, SEGMENTS, RETRANSMITTED };

/* Either a measure of a class's series, or a number of the summary itself. */
static const struct {
	const char *name;
	int class_; /* -1: of the summary */
	unsigned what;
} fields[FIELDS] = {
	{"flows", -1, FLOWS},
	{"network_samples", TCPM_CLASS_NETWORK, SAMPLES},
	{"network_min_ns", TCPM_CLASS_NETWORK, MIN},
	{"network_p50_ns", TCPM_CLASS_NETWORK, P50},
	{"network_p95_ns", TCPM_CLASS_NETWORK, P95},
	{"network_p99_ns", TCPM_CLASS_NETWORK, P99},
	{"network_max_ns", TCPM_CLASS_NETWORK, MAX},
	{"network_mean_ns", TCPM_CLASS_NETWORK, MEAN},
	{"network_last_ns", TCPM_CLASS_NETWORK, LAST},
	{"network_jitter_ns", TCPM_CLASS_NETWORK, JITTER},
	{"response_samples", TCPM_CLASS_RESPONSE, SAMPLES},
	{"response_min_ns", TCPM_CLASS_RESPONSE, MIN},
	{"response_p50_ns", TCPM_CLASS_RESPONSE, P50},
	{"response_p95_ns", TCPM_CLASS_RESPONSE, P95},
	{"response_p99_ns", TCPM_CLASS_RESPONSE, P99},
	{"response_max_ns", TCPM_CLASS_RESPONSE, MAX},
	{"response_mean_ns", TCPM_CLASS_RESPONSE, MEAN},
	{"response_last_ns", TCPM_CLASS_RESPONSE, LAST},
	{"response_jitter_ns", TCPM_CLASS_RESPONSE, JITTER},
	{"segments", -1, SEGMENTS},
	{"retransmitted", -1, RETRANSMITTED},
};

const char *fields_name(unsigned field)
{
	return fields[field].name;
}

static int64_t measure(const struct series *series, unsigned what)
{
	switch (what) {
	case SAMPLES:
		return (int64_t)series->count;
	case MIN:
		return series_min(series);
	case P50:
		return series_quantile(series, 500);
	case P95:
		return series_quantile(series, 950);
	case P99:
		return series_quantile(series, 990);
	case MAX:
		return series_max(series);
	case MEAN:
		return series_mean(series);
	case LAST:
		return series_last(series);
	case JITTER:
	default:
		return series_jitter(series);
	}
}

int64_t fields_value(const struct summary *summary, unsigned field)
{
	if (fields[field].class_ >= 0)
		return measure(&summary->series[fields[field].class_], fields[field].what);
	switch (fields[field].what) {
	case FLOWS:
		return (int64_t)summary->flows;
	case SEGMENTS:
		return (int64_t)summary->totals.segments;
	case RETRANSMITTED:
	default:
		return (int64_t)summary->totals.retransmitted;
	}
}
