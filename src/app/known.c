/*
 * What is known of names and addresses: see known.h. Everything is in arrays that are as long
 * as what is wanted, which known_want.c makes.
 */
#include "app/known.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/resolver.h"
#include "base/address.h"

static void name_done(struct known_name *name)
{
	free(name->text);
	free(name->parts[KNOWN_FOUR]);
	free(name->parts[KNOWN_SIX]);
	free(name->addresses);
}

void known_done(struct known *known)
{
	for (size_t i = 0; i < known->name_count; i++)
		name_done(&known->names[i]);
	for (size_t i = 0; i < known->host_count; i++)
		free(known->hosts[i].name);
	free(known->names);
	free(known->by_name);
	free(known->hosts);
	free(known->places);
	*known = (struct known){0};
}

size_t known_asks(const struct known *known)
{
	return KNOWN_FAMILIES * known->name_count + known->host_count;
}

struct known_ask *known_ask(struct known *known, size_t number, size_t *which,
			    enum known_family *family)
{
	const size_t of_names = KNOWN_FAMILIES * known->name_count;

	if (number < of_names) {
		*which = number / KNOWN_FAMILIES;
		*family = (enum known_family)(number % KNOWN_FAMILIES);
		return &known->names[*which].ask[*family];
	}
	*which = number - of_names;
	*family = KNOWN_FAMILIES;
	return *which < known->host_count ? &known->hosts[*which].ask : NULL;
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
static size_t join(const struct tcpm_address *const parts[KNOWN_FAMILIES],
		   const size_t counts[KNOWN_FAMILIES], struct tcpm_address *joined)
{
	const size_t half = RESOLVER_MAX_ADDRESSES / 2;
	const size_t six_least = counts[KNOWN_SIX] < half ? counts[KNOWN_SIX] : half;
	size_t four = counts[KNOWN_FOUR];
	size_t six = counts[KNOWN_SIX];

	if (four > RESOLVER_MAX_ADDRESSES - six_least)
		four = RESOLVER_MAX_ADDRESSES - six_least;
	if (six > RESOLVER_MAX_ADDRESSES - four)
		six = RESOLVER_MAX_ADDRESSES - four;
	if (four)
		memcpy(joined, parts[KNOWN_FOUR], four * sizeof(*joined));
	if (six)
		memcpy(joined + four, parts[KNOWN_SIX], six * sizeof(*joined));
	return four + six;
}

int known_set_addresses(struct known_name *name, enum known_family family,
			const struct tcpm_address *addresses, size_t count, bool cut)
{
	const struct tcpm_address *parts[] = {name->parts[KNOWN_FOUR], name->parts[KNOWN_SIX]};
	size_t counts[] = {name->part_counts[KNOWN_FOUR], name->part_counts[KNOWN_SIX]};
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
	name->cut = cut || counts[KNOWN_FOUR] + counts[KNOWN_SIX] > joined_count;
	return changed;
}

static bool of_host_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_';
}

int known_set_host(struct known_host *host, const char *name)
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
	const struct known_place *a = left;
	const struct known_place *b = right;
	const int order = address_compare(&a->address, &b->address);

	return order ? order : (a->which > b->which) - (a->which < b->which);
}

int known_sort(struct known *known)
{
	size_t count = known->host_count;
	struct known_place *places = known->places;

	for (size_t i = 0; i < known->name_count; i++)
		count += known->names[i].count;
	/* Room that is much too large is given back. */
	if (count > known->place_room || count < known->place_room / 4) {
		places = realloc(known->places, (count + 1) * sizeof(*places));
		if (places) {
			known->places = places;
			known->place_room = count + 1;
		} else if (count > known->place_room) {
			return -ENOMEM;
		}
		places = known->places;
	}
	count = 0;
	for (size_t i = 0; i < known->name_count; i++)
		for (size_t j = 0; j < known->names[i].count; j++)
			places[count++] =
				(struct known_place){known->names[i].addresses[j], (uint32_t)i};
	for (size_t i = 0; i < known->host_count; i++)
		places[count++] = (struct known_place){known->hosts[i].address,
						       (uint32_t)(known->name_count + i)};
	if (count)
		qsort(places, count, sizeof(*places), compare_places);
	known->place_count = count;
	return 0;
}

const char *known_find(const struct known *known, const struct tcpm_address *address)
{
	size_t low = 0;
	size_t high = known->place_count;

	/* The first of equal ones: the name that was wanted first, hosts last. */
	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (address_compare(&known->places[middle].address, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == known->place_count || !address_equal(&known->places[low].address, address))
		return NULL;

	const size_t which = known->places[low].which;

	return which < known->name_count ? known->names[which].text
					 : known->hosts[which - known->name_count].name;
}

const struct known_name *known_by_text(const struct known *known, const char *text)
{
	size_t low = 0;
	size_t high = known->name_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct known_name *name = &known->names[known->by_name[middle]];
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
