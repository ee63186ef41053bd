/*
 * The structure of a YAML file, by libyaml's events: see yaml_lines.h.
 */
#include "config/yaml_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "config/service_config.h"

struct reader {
	yaml_parser_t parser;
	const char *name;
	const char *bytes;
	size_t size;
	struct yaml_lines *lines;
	size_t open[SERVICE_CONFIG_MAX_DEPTH];   /* lists and mappings that have not ended */
	bool at_value[SERVICE_CONFIG_MAX_DEPTH]; /* of a mapping: the key has been read */
	unsigned depth;
	unsigned documents;
	bool ended;
	struct error *error;
};

static int fail(const struct reader *reader, unsigned line, const char *sentence)
{
	return error_set(reader->error, EINVAL, "%s:%u: %s", reader->name, line, sentence);
}

static int out_of_memory(const struct reader *reader)
{
	return error_set(reader->error, ENOMEM, "out of memory");
}

/* libyaml's complaint. Of bytes that are not UTF-8 it tells the offset only. */
static int message_print(const struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	size_t line = parser->problem_mark.line + 1;

	if (parser->error == YAML_MEMORY_ERROR)
		return out_of_memory(reader);
	if (parser->error == YAML_READER_ERROR) {
		line = 1;
		for (size_t i = 0; i < parser->problem_offset && i < reader->size; i++)
			line += reader->bytes[i] == '\n';
	}
	return error_set(reader->error, EINVAL, "%s:%zu: is not YAML: %s", reader->name, line,
			 parser->problem ? parser->problem : "unknown error");
}

/* A place for a node, and what it means for the mapping around it. */
static int add(struct reader *reader, enum node_kind kind, unsigned line)
{
	struct yaml_lines *lines = reader->lines;

	if (lines->count == YAML_MAX_NODES)
		return fail(reader, line, "the file has too many values");
	if (lines->count == lines->room) {
		size_t room = lines->room ? 2 * lines->room : 256;
		struct yaml_node *nodes = reallocarray(lines->nodes, room, sizeof(*nodes));

		if (!nodes)
			return out_of_memory(reader);
		lines->nodes = nodes;
		lines->room = room;
	}
	lines->nodes[lines->count] = (struct yaml_node){
		.kind = kind,
		.line = line,
		.end = lines->count + 1,
	};
	lines->count++;
	if (!reader->depth || lines->nodes[reader->open[reader->depth - 1]].kind != NODE_MAP)
		return 0;
	bool *at_value = &reader->at_value[reader->depth - 1];

	if (!*at_value && kind != NODE_TEXT)
		return fail(reader, line, "a key must be a single value");
	*at_value = !*at_value;
	return 0;
}

static int add_text(struct reader *reader, const yaml_event_t *event, unsigned line)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	int result = add(reader, NODE_TEXT, line);

	if (result < 0)
		return result;
	struct yaml_lines *lines = reader->lines;
	struct yaml_node *node = &lines->nodes[lines->count - 1];
	bool is_key = reader->depth && reader->at_value[reader->depth - 1];

	if (memchr(value, 0, length))
		return fail(reader, line, "a value contains a NUL");
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (is_key && node->plain && strcmp(value, "<<") == 0)
		return fail(reader, line, "merge keys (<<) are not supported; write the value out");
	node->text = lines->texts.used;
	text_bytes(&lines->texts, value, length + 1);
	return lines->texts.error ? out_of_memory(reader) : 0;
}

static int begin(struct reader *reader, enum node_kind kind, unsigned line)
{
	int result = add(reader, kind, line);

	if (result < 0)
		return result;
	if (reader->depth == SERVICE_CONFIG_MAX_DEPTH)
		return error_set(reader->error, EINVAL, "%s:%u: is nested deeper than %u levels",
				 reader->name, line, SERVICE_CONFIG_MAX_DEPTH);
	reader->open[reader->depth] = reader->lines->count - 1;
	reader->at_value[reader->depth++] = false;
	return 0;
}

static int take(struct reader *reader, const yaml_event_t *event)
{
	unsigned line = (unsigned)event->start_mark.line + 1;

	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (reader->documents++)
			return fail(reader, line,
				    "a second document begins here; only one is supported");
		return 0;
	case YAML_SCALAR_EVENT:
		return add_text(reader, event, line);
	case YAML_SEQUENCE_START_EVENT:
		return begin(reader, NODE_LIST, line);
	case YAML_MAPPING_START_EVENT:
		return begin(reader, NODE_MAP, line);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		reader->depth--;
		reader->lines->nodes[reader->open[reader->depth]].end = reader->lines->count;
		return 0;
	case YAML_ALIAS_EVENT:
		return error_set(reader->error, EINVAL,
				 "%s:%u: aliases (*%.40s) are not supported; write the value out",
				 reader->name, line, (const char *)event->data.alias.anchor);
	case YAML_STREAM_END_EVENT:
		reader->ended = true;
		return 0;
	default:
		return 0;
	}
}

int yaml_lines_read(const char *name, const char *bytes, size_t size, struct yaml_lines *lines,
		    struct error *error)
{
	struct reader reader = {
		.name = name, .bytes = bytes, .size = size, .lines = lines, .error = error};
	int result = 0;

	*lines = (struct yaml_lines){0};
	if (!yaml_parser_initialize(&reader.parser))
		return out_of_memory(&reader);
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)bytes, size);
	while (!result && !reader.ended) {
		yaml_event_t event;

		if (!yaml_parser_parse(&reader.parser, &event)) {
			result = message_print(&reader);
			break;
		}
		result = take(&reader, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&reader.parser);
	if (result < 0)
		yaml_lines_done(lines);
	return result;
}

void yaml_lines_done(struct yaml_lines *lines)
{
	free(lines->nodes);
	text_done(&lines->texts);
	*lines = (struct yaml_lines){0};
}

const char *yaml_text(const struct yaml_lines *lines, size_t node)
{
	return lines->nodes[node].kind == NODE_TEXT ? lines->texts.bytes + lines->nodes[node].text
						    : "";
}

bool yaml_is_null(const struct yaml_lines *lines, size_t node)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

	if (lines->nodes[node].kind != NODE_TEXT || !lines->nodes[node].plain)
		return false;
	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
		if (strcmp(nulls[i], yaml_text(lines, node)) == 0)
			return true;
	return false;
}

size_t yaml_find(const struct yaml_lines *lines, size_t map, const char *key)
{
	for (size_t at = map + 1; at < lines->nodes[map].end; at = lines->nodes[at + 1].end)
		if (strcmp(yaml_text(lines, at), key) == 0)
			return at;
	return 0;
}
