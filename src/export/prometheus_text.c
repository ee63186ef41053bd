/*
 * Labels' values may be any UTF-8, their names may not: names are cleaned, values escaped.
 */
#include "export/prometheus_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Labels that are ours; a tag of that name is put under another one. */
static const char *const our_labels[] = {"src", "dst",    "tunnel", "interface", "class",
					 "le",  "result", "method", "reason",    "version"};

/* How many bytes the UTF-8 sequence (RFC 3629 section 4) has that starts here; 0: none. The
 * string ends in a NUL, which ends each sequence, too. */
static size_t sequence_length(const unsigned char *at)
{
	uint32_t code;
	size_t length;

	if (at[0] < 0x80)
		return 1;
	if (at[0] < 0xc2 || at[0] > 0xf4)
		return 0;
	length = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	code = at[0] & (0x7fU >> length);
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	/* Longer than need be, half of a pair, or beyond the last. */
	if ((length == 3 && code < 0x800) || (length == 4 && code < 0x10000) || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return length;
}

static void append_value(struct text *text, const char *value)
{
	const unsigned char *at = (const unsigned char *)value;

	while (*at) {
		size_t length = sequence_length(at);

		if (length == 0) {
			text_string(text, "\xef\xbf\xbd");
			at++;
			continue;
		}
		if (*at == '\n') {
			text_string(text, "\\n");
		} else {
			if (*at == '"' || *at == '\\')
				text_char(text, '\\');
			text_bytes(text, at, length);
		}
		at += length;
	}
}

void prometheus_label(struct text *labels, size_t start, const char *name, const char *value)
{
	if (!*value)
		return;
	if (labels->used > start)
		text_char(labels, ',');
	text_string(labels, name);
	text_string(labels, "=\"");
	append_value(labels, value);
	text_char(labels, '"');
}

/* ---- tags ---- */

struct tag {
	size_t name; /* where it begins in the text of names */
	const char *value;
	bool written;
};

static bool is_ours(const char *key, size_t size)
{
	for (size_t i = 0; i < sizeof(our_labels) / sizeof(our_labels[0]); i++)
		if (strlen(our_labels[i]) == size && memcmp(our_labels[i], key, size) == 0)
			return true;
	return false;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Appends a label's name made of a key, and a NUL. */
static void append_name(struct text *text, const char *key, size_t size)
{
	/* Names that begin with "__" are Prometheus' own. */
	if (is_ours(key, size) || (size >= 2 && !is_alnum(key[0]) && !is_alnum(key[1])))
		text_string(text, "tag_");
	else if (*key >= '0' && *key <= '9')
		text_char(text, '_');
	for (size_t i = 0; i < size; i++)
		text_char(text, is_alnum(key[i]) ? key[i] : '_');
	text_char(text, '\0');
}

static void split_tag(struct tag *tag, const char *text, struct text *names)
{
	const char *colon = strchr(text, ':');

	tag->name = names->used;
	if (colon && colon > text) {
		append_name(names, text, (size_t)(colon - text));
		tag->value = colon + 1;
	} else {
		append_name(names, "tag", 3);
		tag->value = text;
	}
}

/* Appends the label of tags[first], with the values of all later ones of its name. */
static void append_tag(struct text *labels, size_t start, struct tag *tags, size_t first,
		       size_t count, const char *names)
{
	struct text joined = {0};

	for (size_t i = first; i < count; i++) {
		if (strcmp(names + tags[i].name, names + tags[first].name) != 0)
			continue;
		tags[i].written = true;
		if (joined.used && *tags[i].value)
			text_char(&joined, ',');
		text_string(&joined, tags[i].value);
	}
	text_char(&joined, '\0');
	if (joined.error)
		text_fail(labels, joined.error);
	else
		prometheus_label(labels, start, names + tags[first].name, joined.bytes);
	text_done(&joined);
}

void prometheus_tags(struct text *labels, size_t start, const char *const *tags, size_t count)
{
	struct text names = {0};
	struct tag *split = count ? calloc(count, sizeof(*split)) : NULL;

	if (!count)
		return;
	if (!split) {
		text_fail(labels, -ENOMEM);
		return;
	}
	for (size_t i = 0; i < count; i++)
		split_tag(&split[i], tags[i], &names);
	text_fail(labels, names.error);
	for (size_t i = 0; i < count && !names.error; i++)
		if (!split[i].written)
			append_tag(labels, start, split, i, count, names.bytes);
	text_done(&names);
	free(split);
}

/* ---- lines ---- */

void prometheus_family(struct text *text, const char *name, const char *type, const char *help)
{
	text_string(text, "# HELP ");
	text_string(text, name);
	text_char(text, ' ');
	text_string(text, help);
	text_string(text, "\n# TYPE ");
	text_string(text, name);
	text_char(text, ' ');
	text_string(text, type);
	text_char(text, '\n');
}

void prometheus_name(struct text *text, const char *name, const char *labels, size_t size,
		     const char *more)
{
	text_string(text, name);
	if (size || *more) {
		text_char(text, '{');
		text_bytes(text, labels, size);
		if (size && *more)
			text_char(text, ',');
		text_string(text, more);
		text_char(text, '}');
	}
	text_char(text, ' ');
}

void prometheus_line(struct text *text, const char *name, const char *labels, uint64_t value)
{
	prometheus_name(text, name, NULL, 0, labels ? labels : "");
	text_u64(text, value);
	text_char(text, '\n');
}
