/*
 * The fields of a sample, by the names that CSV and JSON share. The names and their order
 * are fixed: people's programs read them; new ones come at the end.
 */
#ifndef REPORT_SAMPLE_FIELDS_H
#define REPORT_SAMPLE_FIELDS_H

#include "base/text.h"
#include "report/report.h"

enum sample_field {
	SAMPLE_FRAME,
	SAMPLE_TIME,
	SAMPLE_RTT,
	SAMPLE_SRC,
	SAMPLE_SPORT,
	SAMPLE_DST,
	SAMPLE_DPORT,
	SAMPLE_METHOD,
	SAMPLE_CLASS,
	SAMPLE_INTERFACE,
	SAMPLE_TUNNEL,
	SAMPLE_SIDE,
	SAMPLE_FIELDS
};

/* "frame", "time", "rtt_ns", ... */
const char *sample_field_name(unsigned field);

/* Whether it is a number; else it is text. */
bool sample_field_is_number(unsigned field);

/* Appends the value, nothing if there is none. But for SAMPLE_INTERFACE it holds nothing
 * that CSV or JSON would have to escape; for that one, nothing is appended and the name
 * is what sample_field_interface returns. */
void sample_field_append(struct text *text, const struct tcpm_sample *sample, enum group_side side,
			 unsigned field);

/* The name of the interface that the sample was captured on, or NULL. */
const char *sample_field_interface(const struct endpoint_names *names,
				   const struct tcpm_sample *sample);

#endif
