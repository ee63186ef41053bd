/*
 * What a resolver knows of the names and addresses that are wanted; it asks nobody.
 *
 * Each wanted name has two questions, for its IPv4 and its IPv6 addresses, each wanted
 * address one, for its name; they are numbered in this order, see dns_cache_query.
 */
#ifndef DNS_DNS_CACHE_H
#define DNS_DNS_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpmetro.h"

enum dns_family { DNS_IPV4, DNS_IPV6, DNS_FAMILIES };

/* A question: when it is to be asked, and what came of it. */
struct dns_query {
	int64_t due_ns;
	int slot;   /* the caller's, of the question that is under way; -1: none is */
	int status; /* the caller's; 0: nothing to complain of */
};

struct dns_cache_name {
	char *text;
	struct dns_query ask[DNS_FAMILIES];
	struct tcpm_address *parts[DNS_FAMILIES];
	size_t part_counts[DNS_FAMILIES];
	struct tcpm_address *addresses; /* of both, RESOLVER_MAX_ADDRESSES at most, sorted */
	size_t count;
	bool fixed; /* it is an address, or localhost: nothing to ask for */
	bool cut;   /* it has more addresses */
};

struct dns_cache_host {
	struct tcpm_address address;
	char *name; /* NULL: none */
	struct dns_query ask;
};

/* An address, and the number of the name (or, from the number of names on, of the host)
 * that tells its name. */
struct dns_cache_address {
	struct tcpm_address address;
	uint32_t which;
};

/* All zero is an empty one. */
struct dns_cache {
	struct dns_cache_name *names; /* as they were wanted */
	size_t name_count;
	uint32_t *by_name; /* the names' numbers, sorted by text */
	struct dns_cache_host *hosts;
	size_t host_count;
	struct dns_cache_address *places; /* sorted by address, then by which */
	size_t place_count;
	size_t place_room;
};

/* Wants these names and addresses, each once, from now on: what is known of those that
 * stay, and their questions, stay. -ENOMEM; -E2BIG: more than RESOLVER_MAX_WANTED names, or
 * addresses, that differ: nothing has changed. */
int dns_cache_update(struct dns_cache *cache, const char *const *names, size_t name_count,
		     const struct tcpm_address *addresses, size_t address_count);

void dns_cache_done(struct dns_cache *cache);

/* The number of questions; a question; and the name's or the host's number and the family
 * that it is about (a host's: DNS_FAMILIES). NULL: no such question. */
size_t dns_cache_query_count(const struct dns_cache *cache);
struct dns_query *dns_cache_query(struct dns_cache *cache, size_t number, size_t *which,
				  enum dns_family *family);

/* The addresses of a family that a name has now, sorted, none twice. Returns whether the
 * name's addresses have changed; -ENOMEM: they have not. */
int dns_cache_set_addresses(struct dns_cache_name *name, enum dns_family family,
			    const struct tcpm_address *addresses, size_t count, bool cut);

/* The host's name, of which only the characters of host names are kept; NULL: none. As
 * above. */
int dns_cache_set_host(struct dns_cache_host *host, const char *name);

/* Sorts all addresses anew, after changes. -ENOMEM: dns_cache_find finds what it found. */
int dns_cache_sort(struct dns_cache *cache);

/* NULL: not wanted. */
const struct dns_cache_name *dns_cache_by_text(const struct dns_cache *cache, const char *text);

/* See resolver_name. */
const char *dns_cache_find(const struct dns_cache *cache, const struct tcpm_address *address);

#endif
