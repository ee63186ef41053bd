/*
 * What stands below the table: what was read, what was measured, what was not and why.
 */
#ifndef OUTPUT_FOOTER_H
#define OUTPUT_FOOTER_H

#include "base/text.h"
#include "output/output.h"

/* Appends it, a fact a line. What did not happen is left out. groups may be NULL. */
void footer_append(struct text *text, const struct groups *groups,
		   const struct output_facts *facts);

#endif
