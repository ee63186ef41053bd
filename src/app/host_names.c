/*
 * Reverse look-ups with a memory: see names.h. They are asked for when the report is
 * printed, never while packets are read.
 */
#include "app/host_names.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SLOTS 4096u

struct entry {
	struct tcpm_address address;
	char name[NI_MAXHOST];
};

/* Direct-mapped: an address that falls on another's slot takes it over. */
struct host_names {
	struct entry *slots[SLOTS];
};

struct host_names *host_names_new(void)
{
	return calloc(1, sizeof(struct host_names));
}

void host_names_free(struct host_names *names)
{
	if (!names)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		free(names->slots[i]);
	free(names);
}

static size_t slot_of(const struct tcpm_address *address)
{
	uint32_t hash = address->version;

	for (size_t i = 0; i < sizeof(address->bytes); i++)
		hash = (hash ^ address->bytes[i]) * 0x01000193u;
	return (hash ^ hash >> 16) % SLOTS;
}

static void look_up(struct entry *entry)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_in four = {.sin_family = AF_INET};
	bool is_six = entry->address.version == 6;
	int result;

	memcpy(&six.sin6_addr, entry->address.bytes, sizeof(six.sin6_addr));
	memcpy(&four.sin_addr, entry->address.bytes, sizeof(four.sin_addr));
	result =
		getnameinfo(is_six ? (const struct sockaddr *)&six : (const struct sockaddr *)&four,
			    is_six ? sizeof(six) : sizeof(four), entry->name, sizeof(entry->name),
			    NULL, 0, NI_NAMEREQD);
	if (result != 0)
		entry->name[0] = '\0';
	char *to = entry->name;

	for (const char *from = entry->name; *from; from++)
		if (isalnum((unsigned char)*from) || strchr("-._", *from))
			*to++ = *from;
	*to = '\0';
}

const char *host_names_find(struct host_names *names, const struct tcpm_address *address)
{
	size_t slot = slot_of(address);
	struct entry *entry = names->slots[slot];

	if (!entry) {
		entry = names->slots[slot] = calloc(1, sizeof(*entry));
		if (!entry)
			return NULL;
	}
	if (memcmp(&entry->address, address, sizeof(*address)) != 0) {
		entry->address = *address;
		look_up(entry);
	}
	return entry->name[0] ? entry->name : NULL;
}
