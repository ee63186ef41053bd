/*
 * Size and nesting of a file: see yaml_limits_check.h.
 */
#include "config/yaml_limits.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "config/service_config.h"

struct guard {
	const char *at;
	const char *end;
	unsigned line;
	size_t columns[SERVICE_CONFIG_MAX_DEPTH]; /* where open blocks begin */
	size_t blocks;
	size_t brackets; /* that are open */
	bool too_deep;
};

static void deepen(struct guard *guard, size_t column)
{
	while (guard->blocks && guard->columns[guard->blocks - 1] >= column)
		guard->blocks--;
	if (guard->blocks + guard->brackets >= SERVICE_CONFIG_MAX_DEPTH) {
		guard->too_deep = true;
		return;
	}
	guard->columns[guard->blocks++] = column;
}

static bool is_blank(const struct guard *guard, const char *at)
{
	return at >= guard->end || *at == ' ' || *at == '\t' || *at == '\n' || *at == '\r';
}

/* Steps over a quoted text; one that does not end goes on to the end of the file. */
static void skip_quoted(struct guard *guard)
{
	char quote = *guard->at++;

	for (; guard->at < guard->end && *guard->at != quote; guard->at++) {
		if (*guard->at == '\n')
			guard->line++;
		if (quote == '"' && *guard->at == '\\' && guard->at + 1 < guard->end &&
		    guard->at[1] != '\n')
			guard->at++;
	}
	if (guard->at < guard->end)
		guard->at++;
}

static void skip_line(struct guard *guard)
{
	while (guard->at < guard->end && *guard->at != '\n')
		guard->at++;
}

static void bracket(struct guard *guard)
{
	if (*guard->at == '[' || *guard->at == '{')
		guard->brackets++;
	else if (guard->brackets)
		guard->brackets--;
	if (guard->blocks + guard->brackets > SERVICE_CONFIG_MAX_DEPTH)
		guard->too_deep = true;
}

/* What stands on a line, from its first character that is not blank. A value begins there,
 * behind "- " and ": ", and, within brackets, behind each bracket and comma. */
static void scan_rest(struct guard *guard)
{
	bool begins = true;

	for (; guard->at < guard->end && *guard->at != '\n' && !guard->too_deep; guard->at++) {
		char c = *guard->at;

		if (c == ' ' || c == '\t' || c == '\r')
			continue;
		if (c == '#' && is_blank(guard, guard->at - 1)) {
			skip_line(guard);
			return;
		}
		if (begins && (c == '"' || c == '\'')) {
			skip_quoted(guard);
			guard->at--;
			begins = false;
			continue;
		}
		bool within = guard->brackets > 0;

		if ((begins && (c == '[' || c == '{')) || (within && strchr("[]{}", c)))
			bracket(guard);
		begins = (within && strchr("[{,:", c)) || (begins && (c == '[' || c == '{')) ||
			 (c == ':' && is_blank(guard, guard->at + 1));
	}
}

/* The indentation, and entries that begin one within the other. */
static void scan_line(struct guard *guard)
{
	const char *start = guard->at;

	while (guard->at < guard->end && *guard->at == ' ')
		guard->at++;
	if (guard->at == guard->end || *guard->at == '\n' || *guard->at == '\r' ||
	    *guard->at == '#') {
		skip_line(guard);
		return;
	}
	if (!guard->brackets) {
		deepen(guard, (size_t)(guard->at - start));
		while (!guard->too_deep && guard->at < guard->end &&
		       (*guard->at == '-' || *guard->at == '?') && is_blank(guard, guard->at + 1)) {
			guard->at++;
			while (guard->at < guard->end && (*guard->at == ' ' || *guard->at == '\t'))
				guard->at++;
			if (guard->at < guard->end && *guard->at != '\n' && *guard->at != '#')
				deepen(guard, (size_t)(guard->at - start));
		}
	}
	scan_rest(guard);
}

int yaml_limits_check(const char *name, const char *bytes, size_t size, struct error *error)
{
	struct guard guard = {.at = bytes, .end = bytes + size};

	if (size > SERVICE_CONFIG_MAX_BYTES)
		return error_set(error, EINVAL, "%s: is larger than %zu KiB; is it the right file?",
				 name, SERVICE_CONFIG_MAX_BYTES / 1024);
	if (size >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0))
		return error_set(error, EINVAL, "%s: is UTF-16; convert it to UTF-8", name);
	if (memchr(bytes, 0, size))
		return error_set(error, EINVAL, "%s: contains a NUL byte; is it the right file?",
				 name);
	while (guard.at < guard.end && !guard.too_deep) {
		guard.line++;
		scan_line(&guard);
		if (guard.at < guard.end && !guard.too_deep)
			guard.at++;
	}
	if (guard.too_deep)
		return error_set(error, EINVAL, "%s:%u: is nested deeper than %u levels", name,
				 guard.line, SERVICE_CONFIG_MAX_DEPTH);
	return 0;
}
