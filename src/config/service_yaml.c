/*
 * A configuration file as texts: see service_yaml.h. All values are strings to libcyaml;
 * values.c, which reads the command line too, makes of them what they are.
 */
#include "config/service_yaml.h"

#include <errno.h>
#include <stdlib.h>

#include <cyaml/cyaml.h>

#include "config/options_table.h"

/* What libcyaml fills. */
struct raw_file {
	struct raw_value *general;
	struct raw_value **instances; /* or */
	struct raw_value **config;    /* the older name of it */
	uint32_t instances_count;
	uint32_t config_count;
};

/* The schema points into itself, and is needed for freeing, too. */
struct service_yaml {
	struct cyaml_schema_value item;
	struct cyaml_schema_field general[OPTIONS_MAX_ROWS + 1];
	struct cyaml_schema_field instance[OPTIONS_MAX_ROWS + 1];
	struct cyaml_schema_value entry;
	struct cyaml_schema_field headings[4];
	struct cyaml_schema_value top;
	struct raw_file *file;
};

static const cyaml_config_t config = {
	.mem_fn = cyaml_mem,
	.log_level = CYAML_LOG_ERROR,
	.flags = CYAML_CFG_IGNORE_UNKNOWN_KEYS | CYAML_CFG_NO_ALIAS,
};

#define OPTIONAL CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER
#define NULLABLE CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER_NULL_STR

static struct cyaml_schema_field field_of(const struct service_yaml *yaml, size_t index)
{
	const struct row *row = &options_table[index];
	uint32_t at = (uint32_t)(index * sizeof(struct raw_value));

	if (!row_is_list(row))
		return (struct cyaml_schema_field){
			.key = row->key,
			.data_offset = at + (uint32_t)offsetof(struct raw_value, text),
			.value = {CYAML_VALUE_STRING(OPTIONAL, char, 0, CYAML_UNLIMITED)},
		};
	return (struct cyaml_schema_field){
		.key = row->key,
		.data_offset = at + (uint32_t)offsetof(struct raw_value, list),
		.count_offset = at + (uint32_t)offsetof(struct raw_value, count),
		.count_size = sizeof(((struct raw_value *)0)->count),
		.value = {CYAML_VALUE_SEQUENCE(NULLABLE, char *, &yaml->item, 0, CYAML_UNLIMITED)},
	};
}

static void make_fields(const struct service_yaml *yaml, enum scope scope,
			struct cyaml_schema_field *fields)
{
	for (size_t i = 0; i < options_rows; i++)
		if (options_table[i].key && options_table[i].scope == scope)
			*fields++ = field_of(yaml, i);
	*fields = (struct cyaml_schema_field)CYAML_FIELD_END;
}

static void make_schema(struct service_yaml *yaml)
{
	uint32_t size = (uint32_t)(options_rows * sizeof(struct raw_value));

	yaml->item = (struct cyaml_schema_value){
		CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED)};
	make_fields(yaml, SCOPE_GENERAL, yaml->general);
	make_fields(yaml, SCOPE_INSTANCE, yaml->instance);
	yaml->entry = (struct cyaml_schema_value){.type = CYAML_MAPPING,
						  .flags = CYAML_FLAG_POINTER,
						  .data_size = size,
						  .mapping = {.fields = yaml->instance}};
	yaml->headings[0] = (struct cyaml_schema_field){
		.key = "init_config",
		.data_offset = offsetof(struct raw_file, general),
		.value = {.type = CYAML_MAPPING,
			  .flags = NULLABLE,
			  .data_size = size,
			  .mapping = {.fields = yaml->general}},
	};
	yaml->headings[1] = (struct cyaml_schema_field)CYAML_FIELD_SEQUENCE(
		"instances", NULLABLE, struct raw_file, instances, &yaml->entry, 0,
		CYAML_UNLIMITED);
	yaml->headings[2] = (struct cyaml_schema_field)CYAML_FIELD_SEQUENCE(
		"config", NULLABLE, struct raw_file, config, &yaml->entry, 0, CYAML_UNLIMITED);
	yaml->headings[3] = (struct cyaml_schema_field)CYAML_FIELD_END;
	yaml->top = (struct cyaml_schema_value){
		CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_file, yaml->headings)};
}

int service_yaml_load(const char *name, const char *bytes, size_t size, struct service_yaml **yaml,
		      struct error *error)
{
	struct service_yaml *made = calloc(1, sizeof(*made));
	void *file = NULL;

	if (!made)
		return error_set(error, ENOMEM, "out of memory");
	make_schema(made);
	cyaml_err_t result =
		cyaml_load_data((const uint8_t *)bytes, size, &config, &made->top, &file, NULL);

	if (result != CYAML_OK || !file) {
		free(made);
		/* libyaml has read these bytes once: what it lacks now is memory. */
		if (result == CYAML_ERR_OOM || result == CYAML_ERR_LIBYAML_PARSER ||
		    result == CYAML_ERR_LIBYAML_PARSER_INIT)
			return error_set(error, ENOMEM, "out of memory");
		return error_set(error, EINVAL, "%s: cannot be read: %s", name,
				 cyaml_strerror(result));
	}
	made->file = file;
	*yaml = made;
	return 0;
}

void service_yaml_free(struct service_yaml *yaml)
{
	if (!yaml)
		return;
	cyaml_free(&config, &yaml->top, yaml->file, 0);
	free(yaml);
}

const struct raw_value *service_yaml_general(const struct service_yaml *yaml)
{
	return yaml->file->general;
}

size_t service_yaml_count(const struct service_yaml *yaml)
{
	return yaml->file->instances ? yaml->file->instances_count : yaml->file->config_count;
}

const struct raw_value *service_yaml_instance(const struct service_yaml *yaml, size_t index)
{
	return yaml->file->instances ? yaml->file->instances[index] : yaml->file->config[index];
}
