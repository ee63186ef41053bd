/*
 * The structure of a YAML file, with the line of each part: what libcyaml does not tell.
 *
 * Nodes stand in the order of the file. The children of a node follow it, up to its end; of
 * a mapping, keys and values by turns. A key is always a text, and so has no children: its
 * value is the next node.
 */
#ifndef CONFIG_YAML_LINES_H
#define CONFIG_YAML_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

/* More than a file of some hundred instances has. */
#define YAML_MAX_NODES 65536

enum node_kind {
	NODE_TEXT,
	NODE_LIST,
	NODE_MAP,
};

struct yaml_node {
	enum node_kind kind;
	bool plain;    /* a text without quotes */
	unsigned line; /* from 1 */
	size_t text;   /* see yaml_text */
	size_t end;    /* the first node behind it and its children */
};

/* All zero is one without a node. */
struct yaml_lines {
	struct yaml_node *nodes;
	size_t count;
	size_t room;
	struct text texts; /* of all nodes, each with its NUL */
};

/*
 * Reads bytes, one YAML document in UTF-8; no node: there is nothing in it. 0, and *lines
 * must be given to yaml_lines_done; -ENOMEM; -EINVAL: *error begins with name and line. An
 * alias, a merge key, a key that is no text, a NUL in a text, a second document and nesting
 * beyond SERVICE_CONFIG_MAX_DEPTH are errors.
 */
int yaml_lines_read(const char *name, const char *bytes, size_t size, struct yaml_lines *lines,
		    struct error *error);

void yaml_lines_done(struct yaml_lines *lines);

/* The text of a NODE_TEXT; "" of others. */
const char *yaml_text(const struct yaml_lines *lines, size_t node);

/* Whether it is nothing: empty, ~ or null. */
bool yaml_is_null(const struct yaml_lines *lines, size_t node);

/* The key in a mapping; 0: it is not there. */
size_t yaml_find(const struct yaml_lines *lines, size_t map, const char *key);

#endif
