/*
 * The pieces of Prometheus' text format: labels, and the lines they stand in. Inside of
 * output/ only.
 */
#ifndef EXPORT_PROMETHEUS_TEXT_H
#define EXPORT_PROMETHEUS_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* Appends name="value" to labels that begin at start, after a comma if it is not the first.
 * What the format needs escaped is; what is not UTF-8 becomes U+FFFD. An empty value is
 * none: nothing is appended. */
void prometheus_label(struct text *labels, size_t start, const char *name, const char *value);

/* Appends tags, "key:value", as labels: the key with '_' for what a label's name cannot hold;
 * one that is a label of ours already, or begins with "__", after "tag_". One without a ':'
 * is a value of the label "tag". Values of one name are joined by commas. */
void prometheus_tags(struct text *labels, size_t start, const char *const *tags, size_t count);

/* Appends the lines # HELP and # TYPE. help holds nothing to escape. */
void prometheus_family(struct text *text, const char *name, const char *type, const char *help);

/* Appends a line up to its value, "name{a="1",b="2"} ", of two parts of labels, each of
 * which may be empty. */
void prometheus_name(struct text *text, const char *name, const char *labels, size_t size,
		     const char *more);

/* A line with a whole number; labels as a text without its end, or NULL. */
void prometheus_line(struct text *text, const char *name, const char *labels, uint64_t value);

#endif
