/*
 * What is known of names and addresses: see known.h. Everything is in arrays that are as long
 * as what is wanted, which dns_cache_update.c makes.
 */
#include "dns/dns_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "dns/resolver.h"

static void name_done(struct dns_cache_name *name)
{
	free(name->text);
	free(name->parts[DNS_IPV4]);
	free(name->parts[DNS_IPV6]);
	free(name->addresses);
}

void dns_cache_done(struct dns_cache *cache)
{
	for (size_t i = 0; i < cache->name_count; i++)
		name_done(&cache->names[i]);
	for (size_t i = 0; i < cache->host_count; i++)
		free(cache->hosts[i].name);
	free(cache->names);
	free(cache->by_name);
	free(cache->hosts);
	free(cache->places);
	*cache = (struct dns_cache){0};
}

size_t dns_cache_query_count(const struct dns_cache *cache)
{
	return DNS_FAMILIES * cache->name_count + cache->host_count;
}

struct dns_query *dns_cache_query(struct dns_cache *cache, size_t number, size_t *which,
				  enum dns_family *family)
{
	const size_t of_names = DNS_FAMILIES * cache->name_count;

	if (number < of_names) {
		*which = number / DNS_FAMILIES;
		*family = (enum dns_family)(number % DNS_FAMILIES);
		return &cache->names[*which].ask[*family];
	}
	*which = number - of_names;
	*family = DNS_FAMILIES;
	return *which < cache->host_count ? &cache->hosts[*which].ask : NULL;
}

/* A copy; NULL and 0 for none. */
static int copy(const struct tcpm_address *addresses, size_t count, struct tcpm_address **to)
{
	*to = NULL;
	if (count == 0)
		return 0;
	*to = malloc(count * sizeof(**to));
	if (!*to)
		return -ENOMEM;
	memcpy(*to, addresses, count * sizeof(**to));
	return 0;
}

/* Both families' addresses. Where they are too many, neither has less than half. */
static size_t join(const struct tcpm_address *const parts[DNS_FAMILIES],
		   const size_t counts[DNS_FAMILIES], struct tcpm_address *joined)
{
	const size_t half = RESOLVER_MAX_ADDRESSES / 2;
	const size_t six_least = counts[DNS_IPV6] < half ? counts[DNS_IPV6] : half;
	size_t four = counts[DNS_IPV4];
	size_t six = counts[DNS_IPV6];

	if (four > RESOLVER_MAX_ADDRESSES - six_least)
		four = RESOLVER_MAX_ADDRESSES - six_least;
	if (six > RESOLVER_MAX_ADDRESSES - four)
		six = RESOLVER_MAX_ADDRESSES - four;
	if (four)
		memcpy(joined, parts[DNS_IPV4], four * sizeof(*joined));
	if (six)
		memcpy(joined + four, parts[DNS_IPV6], six * sizeof(*joined));
	return four + six;
}

int dns_cache_set_addresses(struct dns_cache_name *name, enum dns_family family,
			    const struct tcpm_address *addresses, size_t count, bool cut)
{
	const struct tcpm_address *parts[] = {name->parts[DNS_IPV4], name->parts[DNS_IPV6]};
	size_t counts[] = {name->part_counts[DNS_IPV4], name->part_counts[DNS_IPV6]};
	struct tcpm_address joined[RESOLVER_MAX_ADDRESSES];
	struct tcpm_address *part, *all;

	parts[family] = addresses;
	counts[family] = count;

	const size_t joined_count = join(parts, counts, joined);
	const bool changed = joined_count != name->count ||
			     (joined_count &&
			      memcmp(joined, name->addresses, joined_count * sizeof(*joined)) != 0);

	if (copy(addresses, count, &part) != 0)
		return -ENOMEM;
	if (copy(joined, joined_count, &all) != 0) {
		free(part);
		return -ENOMEM;
	}
	free(name->parts[family]);
	name->parts[family] = part;
	name->part_counts[family] = count;
	free(name->addresses);
	name->addresses = all;
	name->count = joined_count;
	name->cut = cut || counts[DNS_IPV4] + counts[DNS_IPV6] > joined_count;
	return changed;
}

static bool of_host_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_';
}

int dns_cache_set_host(struct dns_cache_host *host, const char *name)
{
	char clean[256]; /* a name has at most 253 characters (RFC 1035 section 2.3.4) */
	size_t used = 0;
	char *kept = NULL;

	for (; name && *name && used < sizeof(clean) - 1; name++)
		if (of_host_name(*name))
			clean[used++] = *name;
	clean[used] = '\0';
	if (host->name ? strcmp(clean, host->name) == 0 : used == 0)
		return false;
	if (used) {
		kept = strdup(clean);
		if (!kept)
			return -ENOMEM;
	}
	free(host->name);
	host->name = kept;
	return true;
}

static int compare_places(const void *left, const void *right)
{
	const struct dns_cache_address *a = left;
	const struct dns_cache_address *b = right;
	const int order = address_compare(&a->address, &b->address);

	return order ? order : (a->which > b->which) - (a->which < b->which);
}

int dns_cache_sort(struct dns_cache *cache)
{
	size_t count = cache->host_count;
	struct dns_cache_address *places = cache->places;

	for (size_t i = 0; i < cache->name_count; i++)
		count += cache->names[i].count;
	/* Room that is much too large is given back. */
	if (count > cache->place_room || count < cache->place_room / 4) {
		places = realloc(cache->places, (count + 1) * sizeof(*places));
		if (places) {
			cache->places = places;
			cache->place_room = count + 1;
		} else if (count > cache->place_room) {
			return -ENOMEM;
		}
		places = cache->places;
	}
	count = 0;
	for (size_t i = 0; i < cache->name_count; i++)
		for (size_t j = 0; j < cache->names[i].count; j++)
			places[count++] = (struct dns_cache_address){cache->names[i].addresses[j],
								     (uint32_t)i};
	for (size_t i = 0; i < cache->host_count; i++)
		places[count++] = (struct dns_cache_address){cache->hosts[i].address,
							     (uint32_t)(cache->name_count + i)};
	if (count)
		qsort(places, count, sizeof(*places), compare_places);
	cache->place_count = count;
	return 0;
}

const char *dns_cache_find(const struct dns_cache *cache, const struct tcpm_address *address)
{
	size_t low = 0;
	size_t high = cache->place_count;

	/* The first of equal ones: the name that was wanted first, hosts last. */
	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (address_compare(&cache->places[middle].address, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == cache->place_count || !address_equal(&cache->places[low].address, address))
		return NULL;

	const size_t which = cache->places[low].which;

	return which < cache->name_count ? cache->names[which].text
					 : cache->hosts[which - cache->name_count].name;
}

const struct dns_cache_name *dns_cache_by_text(const struct dns_cache *cache, const char *text)
{
	size_t low = 0;
	size_t high = cache->name_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct dns_cache_name *name = &cache->names[cache->by_name[middle]];
		const int order = strcmp(name->text, text);

		if (order == 0)
			return name;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
