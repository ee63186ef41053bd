/*
 * One function for both ends; names come from outside and are cleaned here.
 */
#include "output/endpoint.h"

static const char *name_of(const struct output_settings *names, const struct tcpm_address *address)
{
	return names && names->host_name ? names->host_name(names->user, address) : NULL;
}

void endpoint_with_port(struct text *text, const struct tcpm_address *address, uint16_t port,
			const struct output_settings *names)
{
	const char *name = name_of(names, address);

	if (!name) {
		text_endpoint(text, address, port);
		return;
	}
	text_printable(text, name);
	text_char(text, ':');
	text_u64(text, port);
}

static void append_end(struct text *text, const struct groups_options *options,
		       const struct tcpm_address *address, uint16_t port,
		       const struct output_settings *names)
{
	const char *name;

	if (address->version == 0)
		return;
	switch (options->by) {
	case GROUPS_BY_FLOW:
		endpoint_with_port(text, address, port, names);
		break;
	case GROUPS_BY_PREFIX:
		text_address(text, address);
		text_char(text, '/');
		text_u64(text, address->version == 4 ? options->prefix_v4 : options->prefix_v6);
		break;
	case GROUPS_BY_HOSTS:
	case GROUPS_BY_RECEIVER:
	default:
		name = name_of(names, address);
		if (name)
			text_printable(text, name);
		else
			text_address(text, address);
	}
}

void endpoint_sender(struct text *text, const struct groups_options *options,
		     const struct group *group, const struct output_settings *names)
{
	if (group_is_other(group) && options->by != GROUPS_BY_RECEIVER)
		text_string(text, "other");
	else
		append_end(text, options, &group->key.sender, group->key.sender_port, names);
}

void endpoint_receiver(struct text *text, const struct groups_options *options,
		       const struct group *group, const struct output_settings *names)
{
	if (group_is_other(group))
		text_string(text, "other");
	else
		append_end(text, options, &group->key.receiver, group->key.receiver_port, names);
}

const char *endpoint_interface(const struct output_settings *settings, const struct group *group)
{
	if (group->summary.interfaces_mixed)
		return "mixed";
	if (!settings->interface_name)
		return NULL;
	return settings->interface_name(settings->user, group->summary.interface);
}
