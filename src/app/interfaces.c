/*
 * Interface numbers of files, and of the run: see interfaces.h.
 */
#include "app/interfaces.h"

#include <stdlib.h>
#include <string.h>

/* In numbers[]: looked up, and without a name. */
#define NAMELESS UINT32_MAX

void interfaces_done(struct interfaces *interfaces)
{
	for (uint32_t i = 0; i < interfaces->name_count; i++)
		free(interfaces->names[i]);
	free(interfaces->names);
	free(interfaces->numbers);
	*interfaces = (struct interfaces){0};
}

void interfaces_next_source(struct interfaces *interfaces)
{
	free(interfaces->numbers);
	interfaces->numbers = NULL;
	interfaces->number_count = 0;
}

/* The run's number of a name, given now if it is new; NAMELESS if there is no room. */
static uint32_t number_of(struct interfaces *interfaces, const char *name)
{
	char **names;

	for (uint32_t i = 1; i < interfaces->name_count; i++)
		if (strcmp(interfaces->names[i], name) == 0)
			return i;
	if (interfaces->name_count >= INTERFACES_MAX_NAMES)
		return NAMELESS;
	names = realloc(interfaces->names, (interfaces->name_count + 2) * sizeof(*names));
	if (!names)
		return NAMELESS;
	interfaces->names = names;
	if (!interfaces->name_count)
		names[interfaces->name_count++] = NULL;
	names[interfaces->name_count] = strdup(name);
	if (!names[interfaces->name_count])
		return NAMELESS;
	return interfaces->name_count++;
}

static uint32_t look_up(struct interfaces *interfaces, const struct source *source,
			uint32_t interface)
{
	const char *name = source_interface_name(source, interface);

	return name && *name ? number_of(interfaces, name) : NAMELESS;
}

static uint32_t translate(struct interfaces *interfaces, const struct source *source,
			  uint32_t interface)
{
	if (interface >= INTERFACES_MAX_NUMBERS)
		return 0;
	if (interface >= interfaces->number_count) {
		uint32_t count = interface + 16;
		uint32_t *numbers = realloc(interfaces->numbers, count * sizeof(*numbers));

		if (!numbers)
			return 0;
		memset(numbers + interfaces->number_count, 0,
		       (count - interfaces->number_count) * sizeof(*numbers));
		interfaces->numbers = numbers;
		interfaces->number_count = count;
	}
	uint32_t *number = &interfaces->numbers[interface];

	if (!*number)
		*number = look_up(interfaces, source, interface);
	return *number == NAMELESS ? 0 : *number;
}

void interfaces_translate(struct interfaces *interfaces, const struct source *source,
			  struct tcpm_frame *frames, size_t count)
{
	uint32_t last = 0;
	uint32_t last_number = count ? translate(interfaces, source, 0) : 0;

	for (size_t i = 0; i < count; i++) {
		if (frames[i].interface != last) {
			last = frames[i].interface;
			last_number = translate(interfaces, source, last);
		}
		frames[i].interface = last_number;
	}
}

const char *interfaces_name(const struct interfaces *interfaces, uint32_t number)
{
	return number && number < interfaces->name_count ? interfaces->names[number] : NULL;
}
