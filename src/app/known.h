/*
 * What a resolver knows of the names and addresses that are wanted; it asks nobody.
 *
 * Each wanted name has two questions, for its IPv4 and its IPv6 addresses, each wanted
 * address one, for its name; they are numbered in this order, see known_ask.
 */
#ifndef APP_KNOWN_H
#define APP_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpmetro.h"

enum known_family { KNOWN_FOUR, KNOWN_SIX, KNOWN_FAMILIES };

/* A question: when it is to be asked, and what came of it. */
struct known_ask {
	int64_t due_ns;
	int slot;   /* the caller's, of the question that is under way; -1: none is */
	int status; /* the caller's; 0: nothing to complain of */
};

struct known_name {
	char *text;
	struct known_ask ask[KNOWN_FAMILIES];
	struct tcpm_address *parts[KNOWN_FAMILIES];
	size_t part_counts[KNOWN_FAMILIES];
	struct tcpm_address *addresses; /* of both, RESOLVER_MAX_ADDRESSES at most, sorted */
	size_t count;
	bool fixed; /* it is an address, or localhost: nothing to ask for */
	bool cut;   /* it has more addresses */
};

struct known_host {
	struct tcpm_address address;
	char *name; /* NULL: none */
	struct known_ask ask;
};

/* An address, and the number of the name (or, from the number of names on, of the host)
 * that tells its name. */
struct known_place {
	struct tcpm_address address;
	uint32_t which;
};

/* All zero is an empty one. */
struct known {
	struct known_name *names; /* as they were wanted */
	size_t name_count;
	uint32_t *by_name; /* the names' numbers, sorted by text */
	struct known_host *hosts;
	size_t host_count;
	struct known_place *places; /* sorted by address, then by which */
	size_t place_count;
	size_t place_room;
};

/* Wants these names and addresses, each once, from now on: what is known of those that
 * stay, and their questions, stay. -ENOMEM; -E2BIG: more than RESOLVER_MAX_WANTED names, or
 * addresses, that differ: nothing has changed. */
int known_want(struct known *known, const char *const *names, size_t name_count,
	       const struct tcpm_address *addresses, size_t address_count);

void known_done(struct known *known);

/* The number of questions; a question; and the name's or the host's number and the family
 * that it is about (a host's: KNOWN_FAMILIES). NULL: no such question. */
size_t known_asks(const struct known *known);
struct known_ask *known_ask(struct known *known, size_t number, size_t *which,
			    enum known_family *family);

/* The addresses of a family that a name has now, sorted, none twice. Returns whether the
 * name's addresses have changed; -ENOMEM: they have not. */
int known_set_addresses(struct known_name *name, enum known_family family,
			const struct tcpm_address *addresses, size_t count, bool cut);

/* The host's name, of which only the characters of host names are kept; NULL: none. As
 * above. */
int known_set_host(struct known_host *host, const char *name);

/* Sorts all addresses anew, after changes. -ENOMEM: known_find finds what it found. */
int known_sort(struct known *known);

/* NULL: not wanted. */
const struct known_name *known_by_text(const struct known *known, const char *text);

/* See resolver_name. */
const char *known_find(const struct known *known, const struct tcpm_address *address);

#endif
