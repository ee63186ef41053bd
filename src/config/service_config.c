/*
 * The configuration of a service: see service.h.
 *
 * A file is looked at four times: by yaml_limits_check, which bounds it; by libyaml, for its
 * structure and lines; by libcyaml, for its texts; and by the readers of the command line,
 * for what the texts mean.
 */
#include "config/service_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/memory.h"
#include "config/service_check.h"
#include "config/service_values.h"
#include "config/service_yaml.h"
#include "config/yaml_limits.h"
#include "config/yaml_lines.h"

static int fill(struct service_config_file *file, const char *bytes, size_t size,
		struct service_config *service)
{
	struct memory memory = {0};
	struct service_yaml *yaml = NULL;
	int result = service_config_check(file);

	if (!result)
		result = service_yaml_load(file->name, bytes, size, &yaml, file->error);
	if (result < 0)
		return result;
	result = service_config_values(file, yaml, service, &memory);
	service->memory = memory.blocks;
	service_yaml_free(yaml);
	return result;
}

int service_config_parse(const char *name, const char *bytes, size_t size,
			 const struct options *given, struct service_config **service,
			 service_config_warn *warn, void *user, struct error *error)
{
	struct yaml_lines lines;
	struct service_config_file file = {
		.name = name,
		.lines = &lines,
		.warn = warn,
		.user = user,
		.strict = given->check,
		.error = error,
	};
	int result = yaml_limits_check(name, bytes, size, error);

	if (!result)
		result = yaml_lines_read(name, bytes, size, &lines, error);
	if (result < 0)
		return result;
	struct service_config *made = calloc(1, sizeof(*made));

	if (made) {
		made->options = *given;
		result = fill(&file, bytes, size, made);
	} else {
		result = error_set(error, ENOMEM, "out of memory");
	}
	yaml_lines_done(&lines);
	if (result < 0) {
		service_config_free(made);
		return result;
	}
	*service = made;
	return 0;
}

static int cannot_read(const char *path, int errnum, struct error *error)
{
	return error_set(error, errnum, "cannot read %s: %s", path, strerror(errnum));
}

/* Up to a byte more than is allowed, which tells yaml_limits_check enough. */
static int read_all(int fd, const char *path, char *bytes, size_t *size, struct error *error)
{
	*size = 0;
	while (*size <= SERVICE_CONFIG_MAX_BYTES) {
		ssize_t count = read(fd, bytes + *size, SERVICE_CONFIG_MAX_BYTES + 1 - *size);

		if (count == 0)
			break;
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return cannot_read(path, errno, error);
		*size += (size_t)count;
	}
	return 0;
}

/* Only a regular file: others may wait, or never end. */
static int read_file(const char *path, char *bytes, size_t *size, struct error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	int result;

	if (fd < 0)
		return cannot_read(path, errno, error);
	if (fstat(fd, &status) < 0)
		result = cannot_read(path, errno, error);
	else if (S_ISDIR(status.st_mode))
		result = cannot_read(path, EISDIR, error);
	else if (!S_ISREG(status.st_mode))
		result = error_set(error, EINVAL, "cannot read %s: it is not a regular file", path);
	else
		result = read_all(fd, path, bytes, size, error);
	close(fd);
	return result;
}

int service_config_load(const char *path, const struct options *given,
			struct service_config **service, service_config_warn *warn, void *user,
			struct error *error)
{
	char *bytes = malloc(SERVICE_CONFIG_MAX_BYTES + 1);
	size_t size = 0;

	if (!bytes)
		return error_set(error, ENOMEM, "out of memory");
	int result = read_file(path, bytes, &size, error);

	if (!result)
		result = service_config_parse(path, bytes, size, given, service, warn, user, error);
	free(bytes);
	return result;
}

void service_config_free(struct service_config *service)
{
	if (!service)
		return;
	struct memory memory = {.blocks = service->memory};

	memory_free(&memory);
	free(service);
}
