/*
 * A change of what is wanted: see known.h. It makes new arrays, in which nothing is there
 * twice, and moves what stays.
 */
#include "dns/dns_cache.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "dns/resolver.h"

static int compare_texts(const void *left, const void *right, void *user)
{
	const struct dns_cache_name *names = user;
	const uint32_t a = *(const uint32_t *)left;
	const uint32_t b = *(const uint32_t *)right;
	const int order = strcmp(names[a].text, names[b].text);

	return order ? order : (a > b) - (a < b);
}

/* Of addresses, and of what begins with one. */
static int compare_addresses(const void *left, const void *right)
{
	return address_compare(left, right);
}

/* RFC 6761 section 6.3: it need not be asked for. */
static bool is_localhost(const char *text)
{
	return strcasecmp(text, "localhost") == 0 || strcasecmp(text, "localhost.") == 0;
}

/* The loopback addresses, whatever /etc/hosts says. */
static int set_localhost(struct dns_cache_name *name)
{
	static const struct tcpm_address four = {.version = 4, .bytes = {127, 0, 0, 1}};
	static const struct tcpm_address six = {.version = 6, .bytes = {[15] = 1}};

	name->fixed = true;
	if (dns_cache_set_addresses(name, DNS_IPV4, &four, 1, false) < 0)
		return -ENOMEM;
	return dns_cache_set_addresses(name, DNS_IPV6, &six, 1, false) < 0 ? -ENOMEM : 0;
}

/* A name that is an address, or localhost, has its addresses at once. */
static int set_fixed(struct dns_cache_name *name)
{
	struct tcpm_address address = {.version = 4};
	enum dns_family family = DNS_IPV4;

	if (is_localhost(name->text))
		return set_localhost(name);
	if (inet_pton(AF_INET, name->text, address.bytes) != 1) {
		address = (struct tcpm_address){.version = 6};
		family = DNS_IPV6;
		if (inet_pton(AF_INET6, name->text, address.bytes) != 1)
			return 0;
	}
	name->fixed = true;
	return dns_cache_set_addresses(name, family, &address, 1, false) < 0 ? -ENOMEM : 0;
}

static int compare_words(const void *left, const void *right, void *user)
{
	const char *const *words = user;
	const uint32_t a = *(const uint32_t *)left;
	const uint32_t b = *(const uint32_t *)right;
	const int order = strcmp(words[a], words[b]);

	return order ? order : (a > b) - (a < b);
}

static int compare_numbers(const void *left, const void *right)
{
	const uint32_t a = *(const uint32_t *)left;
	const uint32_t b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* The numbers of the words, of equal ones the first one's, ascending. Returns how many. */
static size_t distinct_words(const char *const *words, size_t count, uint32_t *numbers)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		numbers[i] = (uint32_t)i;
	qsort_r(numbers, count, sizeof(*numbers), compare_words, (void *)words);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || strcmp(words[numbers[i]], words[numbers[kept - 1]]) != 0)
			numbers[kept++] = numbers[i];
	qsort(numbers, kept, sizeof(*numbers), compare_numbers);
	return kept;
}

/* Names, of which none is there twice, without what is known of them. */
static int fill_names(struct dns_cache *cache, const char *const *names, const uint32_t *numbers,
		      size_t count)
{
	cache->names = calloc(count + 1, sizeof(*cache->names));
	cache->by_name = calloc(count + 1, sizeof(*cache->by_name));
	if (!cache->names || !cache->by_name)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct dns_cache_name *name = &cache->names[i];

		cache->name_count = i + 1;
		cache->by_name[i] = (uint32_t)i;
		name->ask[DNS_IPV4].slot = name->ask[DNS_IPV6].slot = -1;
		name->text = strdup(names[numbers[i]]);
		if (!name->text || set_fixed(name) < 0)
			return -ENOMEM;
	}
	qsort_r(cache->by_name, count, sizeof(*cache->by_name), compare_texts, cache->names);
	return 0;
}

static int make_names(struct dns_cache *cache, const char *const *names, size_t count)
{
	uint32_t *numbers = calloc(count + 1, sizeof(*numbers));
	int result = -ENOMEM;

	if (numbers) {
		const size_t kept = distinct_words(names, count, numbers);

		result = kept > RESOLVER_MAX_WANTED ? -E2BIG
						    : fill_names(cache, names, numbers, kept);
	}
	free(numbers);
	return result;
}

static int make_hosts(struct dns_cache *cache, const struct tcpm_address *addresses, size_t count)
{
	struct tcpm_address *sorted = calloc(count + 1, sizeof(*sorted));
	size_t kept = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		sorted[i] = addresses[i];
	qsort(sorted, count, sizeof(*sorted), compare_addresses);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !address_equal(&sorted[i], &sorted[kept - 1]))
			sorted[kept++] = sorted[i];
	if (kept <= RESOLVER_MAX_WANTED)
		cache->hosts = calloc(kept + 1, sizeof(*cache->hosts));
	for (size_t i = 0; cache->hosts && i < kept; i++)
		cache->hosts[i] = (struct dns_cache_host){sorted[i], NULL, {.slot = -1}};
	free(sorted);
	if (!cache->hosts)
		return kept > RESOLVER_MAX_WANTED ? -E2BIG : -ENOMEM;
	cache->host_count = kept;
	return 0;
}

/* The numbers in places are others' from now on; their order is dns_cache_sort's work. */
static void move(struct dns_cache *from, struct dns_cache *to)
{
	for (size_t i = 0; i < to->name_count; i++) {
		const struct dns_cache_name *found = dns_cache_by_text(from, to->names[i].text);

		if (found) {
			struct dns_cache_name *old = &from->names[found - from->names];
			struct dns_cache_name new = to->names[i];
			char *text = new.text;

			new.text = old->text;
			to->names[i] = *old;
			to->names[i].text = text;
			*old = new;
		}
	}
	for (size_t i = 0; i < to->host_count; i++) {
		struct dns_cache_host *old =
			from->host_count ? bsearch(&to->hosts[i], from->hosts, from->host_count,
						   sizeof(*from->hosts), compare_addresses)
					 : NULL;

		if (old) {
			to->hosts[i] = *old;
			old->name = NULL;
		}
	}
}

int dns_cache_update(struct dns_cache *cache, const char *const *names, size_t name_count,
		     const struct tcpm_address *addresses, size_t address_count)
{
	struct dns_cache wanted = {0};
	int result = make_names(&wanted, names, name_count);

	if (result == 0)
		result = make_hosts(&wanted, addresses, address_count);
	if (result == 0) {
		/* So that dns_cache_sort cannot fail once all has moved. */
		size_t room = wanted.host_count;

		for (size_t i = 0; i < wanted.name_count; i++)
			room += wanted.names[i].count;
		for (size_t i = 0; i < cache->name_count; i++)
			room += cache->names[i].count;
		wanted.place_room = room + 1;
		wanted.places = calloc(wanted.place_room, sizeof(*wanted.places));
		result = wanted.places ? 0 : -ENOMEM;
	}
	if (result == 0) {
		move(cache, &wanted);
		dns_cache_done(cache);
		*cache = wanted;
		wanted = (struct dns_cache){0};
		dns_cache_sort(cache);
	}
	dns_cache_done(&wanted);
	return result;
}
