/*
 * The structure of a configuration file: see service_config_check.h.
 */
#include "config/service_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/did_you_mean.h"
#include "config/options_table.h"

/* Of one mapping: each is compared with those before it. */
#define MAX_KEYS 256

static const char *const headings[] = {"init_config", "instances", "config", NULL};

/* The sentence is one line, whatever the file holds. */
static void one_line(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static int sentence(const struct service_config_file *file, unsigned line, const char *format,
		    va_list arguments, struct error *error)
{
	char text[sizeof(error->text)];

	vsnprintf(text, sizeof(text), format, arguments);
	one_line(text);
	return error_set(error, EINVAL, "%s:%u: %s", file->name, line, text);
}

int service_config_fail(const struct service_config_file *file, unsigned line, const char *format,
			...)
{
	struct error error;
	va_list arguments;

	va_start(arguments, format);
	sentence(file, line, format, arguments, &error);
	va_end(arguments);
	return error_set(file->error, EINVAL, "%s", error.text);
}

int service_config_warn_of(const struct service_config_file *file, unsigned line,
			   const char *format, ...)
{
	struct error error;
	va_list arguments;

	va_start(arguments, format);
	sentence(file, line, format, arguments, &error);
	va_end(arguments);
	if (file->strict)
		return error_set(file->error, EINVAL, "%s", error.text);
	if (file->warn)
		file->warn(file->user, error.text);
	return 0;
}

static const char *kind_name(const struct yaml_node *node)
{
	return node->kind == NODE_LIST  ? "a list"
	       : node->kind == NODE_MAP ? "keys and values"
					: "a single value";
}

/* Each key once, and not too many. */
static int check_keys(const struct service_config_file *file, size_t map)
{
	const struct yaml_lines *lines = file->lines;
	size_t keys[MAX_KEYS];
	size_t count = 0;

	for (size_t at = map + 1; at < lines->nodes[map].end; at = lines->nodes[at + 1].end) {
		if (count == MAX_KEYS)
			return service_config_fail(file, lines->nodes[at].line,
						   "more than %u keys in one mapping", MAX_KEYS);
		for (size_t i = 0; i < count; i++)
			if (strcmp(yaml_text(lines, keys[i]), yaml_text(lines, at)) == 0)
				return service_config_fail(
					file, lines->nodes[at].line,
					"%s: duplicate key, first used in line %u",
					yaml_text(lines, at), lines->nodes[keys[i]].line);
		keys[count++] = at;
	}
	return 0;
}

/* The key that was meant. What the command line calls it is known here, too. */
static const char *nearest_key(enum scope scope, const char *word)
{
	const char *words[OPTIONS_MAX_ROWS + 1];
	size_t count = 0;

	for (size_t i = 0; i < options_rows; i++) {
		const struct row *row = &options_table[i];

		if (!row->key || row->scope != scope)
			continue;
		if (row->name && !row->off && edit_distance(row->name, word, 0) == 0)
			return row->key;
		words[count++] = row->key;
	}
	words[count] = NULL;
	return did_you_mean(word, words);
}

static int unknown_key(const struct service_config_file *file, size_t at, const char *place,
		       const char *nearest)
{
	const char *key = yaml_text(file->lines, at);
	unsigned line = file->lines->nodes[at].line;

	if (nearest)
		return service_config_warn_of(file, line,
					      "unknown key \"%.80s\" in %s; did you mean \"%s\"?",
					      key, place, nearest);
	return service_config_warn_of(file, line, "unknown key \"%.80s\" in %s", key, place);
}

static int check_value(const struct service_config_file *file, const struct row *row, size_t value)
{
	const struct yaml_node *nodes = file->lines->nodes;
	const struct yaml_node *node = &nodes[value];

	if (yaml_is_null(file->lines, value))
		return 0;
	if (!row_is_list(row) && node->kind != NODE_TEXT)
		return service_config_fail(file, nodes[value - 1].line,
					   "%s: expected a single value, not %s", row->key,
					   kind_name(node));
	if (row_is_list(row) && node->kind != NODE_LIST)
		return service_config_fail(file, nodes[value - 1].line,
					   "%s: expected a list, not %s", row->key,
					   kind_name(node));
	for (size_t at = value + 1; row_is_list(row) && at < node->end; at = nodes[at].end)
		if (nodes[at].kind != NODE_TEXT)
			return service_config_fail(
				file, nodes[at].line,
				"%s: expected a single value in the list, not %s", row->key,
				kind_name(&nodes[at]));
	return 0;
}

/* A mapping of the keys of a section. */
static int check_mapping(const struct service_config_file *file, size_t map, enum scope scope)
{
	const char *place = scope == SCOPE_GENERAL ? headings[0] : headings[1];
	const char *other = scope == SCOPE_GENERAL ? headings[1] : headings[0];
	enum scope other_scope = scope == SCOPE_GENERAL ? SCOPE_INSTANCE : SCOPE_GENERAL;
	const struct yaml_lines *lines = file->lines;
	int result = check_keys(file, map);

	for (size_t at = map + 1; !result && at < lines->nodes[map].end;
	     at = lines->nodes[at + 1].end) {
		const char *key = yaml_text(lines, at);
		const struct row *row = row_of_key(scope, key);

		if (row)
			result = check_value(file, row, at + 1);
		else if (row_of_key(other_scope, key))
			result = service_config_warn_of(file, lines->nodes[at].line,
							"%s: belongs under %s, not %s", key, other,
							place);
		else
			result = unknown_key(file, at, place, nearest_key(scope, key));
	}
	return result;
}

static int check_instances(struct service_config_file *file, size_t key)
{
	const struct yaml_node *nodes = file->lines->nodes;
	const char *heading = yaml_text(file->lines, key);
	size_t list = key + 1;
	size_t count = 0;

	if (yaml_is_null(file->lines, list) ||
	    (nodes[list].kind == NODE_LIST && nodes[list].end == list + 1))
		return service_config_fail(file, nodes[key].line,
					   "%s: is empty; specify an interface to capture on",
					   heading);
	if (nodes[list].kind != NODE_LIST)
		return service_config_fail(file, nodes[key].line, "%s: expected a list, not %s",
					   heading, kind_name(&nodes[list]));
	for (size_t at = list + 1; at < nodes[list].end; at = nodes[at].end) {
		if (++count > SERVICE_CONFIG_MAX_INSTANCES)
			return service_config_fail(file, nodes[at].line, "%s: more than %u entries",
						   heading, SERVICE_CONFIG_MAX_INSTANCES);
		if (nodes[at].kind != NODE_MAP)
			return service_config_fail(
				file, nodes[at].line,
				"%s: expected keys and values, such as \"interface: "
				"eth0\", not %s",
				heading, kind_name(&nodes[at]));
		int result = check_mapping(file, at, SCOPE_INSTANCE);

		if (result < 0)
			return result;
	}
	file->instances = list;
	return 0;
}

static int check_general(struct service_config_file *file, size_t key)
{
	const struct yaml_node *nodes = file->lines->nodes;

	if (yaml_is_null(file->lines, key + 1))
		return 0;
	if (nodes[key + 1].kind != NODE_MAP)
		return service_config_fail(file, nodes[key].line,
					   "%s: expected keys and values, not %s", headings[0],
					   kind_name(&nodes[key + 1]));
	file->general = key + 1;
	return check_mapping(file, key + 1, SCOPE_GENERAL);
}

static int check_headings(struct service_config_file *file)
{
	const struct yaml_lines *lines = file->lines;
	int result = check_keys(file, 0);

	for (size_t at = 1; !result && at < lines->nodes[0].end; at = lines->nodes[at + 1].end) {
		const char *key = yaml_text(lines, at);

		if (strcmp(key, headings[0]) == 0)
			result = check_general(file, at);
		else if (strcmp(key, headings[1]) != 0 && strcmp(key, headings[2]) != 0)
			result = unknown_key(file, at, "the file", did_you_mean(key, headings));
		else if (file->instances)
			result = service_config_fail(
				file, lines->nodes[at].line,
				"%s: is another name for %s, which is in line %u", key,
				yaml_text(lines, file->instances - 1),
				lines->nodes[file->instances - 1].line);
		else
			result = check_instances(file, at);
	}
	return result;
}

int service_config_check(struct service_config_file *file)
{
	const struct yaml_lines *lines = file->lines;

	file->general = 0;
	file->instances = 0;
	if (!lines->count || yaml_is_null(lines, 0))
		return error_set(file->error, EINVAL,
				 "%s: is empty; expected init_config and instances", file->name);
	if (lines->nodes[0].kind != NODE_MAP)
		return service_config_fail(file, lines->nodes[0].line,
					   "expected init_config and instances, not %s",
					   kind_name(&lines->nodes[0]));
	int result = check_headings(file);

	if (!result && !file->instances)
		return error_set(file->error, EINVAL,
				 "%s: instances is missing; specify an interface to capture on",
				 file->name);
	return result;
}
