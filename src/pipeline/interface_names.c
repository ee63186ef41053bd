/*
 * Interface numbers of sources, and of the run: see interfaces.h.
 */
#include "pipeline/interface_names.h"

#include <stdlib.h>
#include <string.h>

/* In numbers[]: looked up, and without a name. */
#define NAMELESS UINT32_MAX

void interface_names_init(struct interface_names *interfaces)
{
	*interfaces = (struct interface_names){.count = 1};
	pthread_mutex_init(&interfaces->lock, NULL);
}

void interface_names_done(struct interface_names *interfaces)
{
	for (uint32_t i = 1; i < interfaces->count; i++)
		free(interfaces->names[i]);
	interfaces->count = 1;
	pthread_mutex_destroy(&interfaces->lock);
}

/* The run's number of a name, given now if it is new; NAMELESS if there is no room. */
static uint32_t number_of(struct interface_names *interfaces, const char *name)
{
	uint32_t number = NAMELESS;

	pthread_mutex_lock(&interfaces->lock);
	for (uint32_t i = 1; i < interfaces->count && number == NAMELESS; i++)
		if (strcmp(interfaces->names[i], name) == 0)
			number = i;
	if (number == NAMELESS && interfaces->count < INTERFACE_NAMES_MAX) {
		char *copy = strdup(name);

		if (copy) {
			number = interfaces->count++;
			interfaces->names[number] = copy;
		}
	}
	pthread_mutex_unlock(&interfaces->lock);
	return number;
}

const char *interface_names_get(struct interface_names *interfaces, uint32_t number)
{
	const char *name;

	if (!number)
		return NULL;
	pthread_mutex_lock(&interfaces->lock);
	name = number < interfaces->count ? interfaces->names[number] : NULL;
	pthread_mutex_unlock(&interfaces->lock);
	return name;
}

void interface_numbers_clear(struct interface_numbers *numbers)
{
	free(numbers->numbers);
	numbers->numbers = NULL;
	numbers->count = 0;
}

static uint32_t look_up(struct interface_numbers *numbers, const struct source *source,
			uint32_t interface)
{
	const char *name = source_interface_name(source, interface);

	return name && *name ? number_of(numbers->names, name) : NAMELESS;
}

static uint32_t translate(struct interface_numbers *numbers, const struct source *source,
			  uint32_t interface)
{
	if (interface >= INTERFACE_NUMBERS_MAX)
		return 0;
	if (interface >= numbers->count) {
		uint32_t count = interface + 16;
		uint32_t *all = realloc(numbers->numbers, count * sizeof(*all));

		if (!all)
			return 0;
		memset(all + numbers->count, 0, (count - numbers->count) * sizeof(*all));
		numbers->numbers = all;
		numbers->count = count;
	}
	uint32_t *number = &numbers->numbers[interface];

	if (!*number)
		*number = look_up(numbers, source, interface);
	return *number == NAMELESS ? 0 : *number;
}

void interface_numbers_translate(struct interface_numbers *numbers, const struct source *source,
				 struct tcpm_frame *frames, size_t count)
{
	uint32_t last = 0;
	uint32_t last_number;

	if (source->nameless || count == 0)
		return;
	last_number = translate(numbers, source, 0);
	for (size_t i = 0; i < count; i++) {
		if (frames[i].interface != last) {
			last = frames[i].interface;
			last_number = translate(numbers, source, last);
		}
		frames[i].interface = last_number;
	}
}
