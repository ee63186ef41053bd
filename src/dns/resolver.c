/*
 * Questions to name servers: see resolver.h. What is known is in known.c; here it is asked
 * for, when it is due. A question that is under way has one of a few slots, and c-ares knows
 * only the slot: the name it is about may be gone when the answer comes.
 */
#include "dns/resolver.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include <ares.h>

#include "base/address.h"
#include "dns/dns_cache.h"
#include "dns/name_server.h"

/* RFC 1035 section 3.2 */
#define IN_CLASS 1
#define PTR_TYPE 12

#define SECOND_NS INT64_C(1000000000)
#define NEVER     INT64_MAX
#define NOTHING   SIZE_MAX

#define RESOLV_CONF    "/etc/resolv.conf"
#define RESOLV_LOOK_NS (10 * SECOND_NS)

_Static_assert(RESOLVER_MAX_FDS >= ARES_GETSOCK_MAXNUM, "all of c-ares' sockets are polled");

struct slot {
	struct resolver *resolver;
	bool busy;
	bool at_once;  /* the question is being handed to c-ares */
	size_t number; /* of the question, see dns_cache_query; NOTHING: nobody wants it any more */
};

struct resolver {
	struct dns_cache cache;
	struct resolver_times times;
	ares_channel channel;
	ares_channel files; /* /etc/hosts alone */
	struct ares_addr_port_node servers[RESOLVER_MAX_SERVERS];
	size_t server_count; /* 0: the system's */
	struct stat resolv_conf;
	int64_t look_ns; /* when it is looked at again */
	int64_t due_ns;  /* when the first question is due that is not under way */
	size_t next;     /* the question to begin with, so that each has its turn */
	size_t busy;
	bool changed;
	bool unsorted; /* known.places are to be sorted */
	bool closing;  /* answers are nobody's */
	struct slot slots[RESOLVER_MAX_QUESTIONS];
};

static int64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static bool set_server(const char *text, struct ares_addr_port_node *server)
{
	struct tcpm_address address;
	uint16_t port;

	if (name_server_parse(text, &address, &port) != 0)
		return false;
	*server = (struct ares_addr_port_node){
		.family = address.version == 4 ? AF_INET : AF_INET6,
		.udp_port = port,
		.tcp_port = port,
	};
	memcpy(&server->addr, address.bytes, address.version == 4 ? 4 : 16);
	return true;
}

static int open_channel(struct resolver *resolver, ares_channel *channel)
{
	struct ares_options options = {
		.timeout = resolver->times.timeout_ms,
		.tries = resolver->times.tries,
	};
	int status = ares_init_options(channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);

	if (status == ARES_SUCCESS && resolver->server_count) {
		status = ares_set_servers_ports(*channel, resolver->servers);
		if (status != ARES_SUCCESS)
			ares_destroy(*channel);
	}
	return status;
}

static int open_channels(struct resolver *resolver)
{
	char lookups[] = "f";
	struct ares_options options = {.lookups = lookups};
	int status = ares_init_options(&resolver->files, &options, ARES_OPT_LOOKUPS);

	if (status != ARES_SUCCESS)
		return status;
	status = open_channel(resolver, &resolver->channel);
	if (status != ARES_SUCCESS)
		ares_destroy(resolver->files);
	return status;
}

/* The name servers of a network come and go with it. */
static void look_at_resolv_conf(struct resolver *resolver, int64_t now)
{
	struct stat found;
	ares_channel channel;

	if (resolver->server_count || now < resolver->look_ns)
		return;
	resolver->look_ns = now + RESOLV_LOOK_NS;
	if (stat(RESOLV_CONF, &found) != 0 ||
	    (found.st_ino == resolver->resolv_conf.st_ino &&
	     found.st_dev == resolver->resolv_conf.st_dev &&
	     found.st_size == resolver->resolv_conf.st_size &&
	     found.st_mtim.tv_sec == resolver->resolv_conf.st_mtim.tv_sec &&
	     found.st_mtim.tv_nsec == resolver->resolv_conf.st_mtim.tv_nsec))
		return;
	if (open_channel(resolver, &channel) != ARES_SUCCESS)
		return;
	resolver->resolv_conf = found;
	/* What is under way is asked again. */
	ares_destroy(resolver->channel);
	resolver->channel = channel;
}

int resolver_new_timed(const char *const *nameservers, size_t count,
		       const struct resolver_times *times, struct resolver **resolver,
		       struct error *error)
{
	struct resolver *made;
	int status;

	*resolver = NULL;
	if (count > RESOLVER_MAX_SERVERS)
		return error_set(error, EINVAL, "%zu name servers are too many; the maximum is %d",
				 count, RESOLVER_MAX_SERVERS);
	made = calloc(1, sizeof(*made));
	if (!made)
		return error_set(error, ENOMEM, "not enough memory for the resolver");
	made->times = *times;
	made->due_ns = NEVER;
	for (size_t i = 0; i < RESOLVER_MAX_QUESTIONS; i++)
		made->slots[i].resolver = made;
	for (size_t i = 0; i < count; i++) {
		if (!set_server(nameservers[i], &made->servers[i])) {
			free(made);
			return error_set(error, EINVAL,
					 "\"%s\" is not a name server: expected an address such as "
					 "192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53",
					 nameservers[i]);
		}
		if (i > 0)
			made->servers[i - 1].next = &made->servers[i];
	}
	made->server_count = count;
	if (stat(RESOLV_CONF, &made->resolv_conf) != 0)
		made->resolv_conf = (struct stat){0};
	status = ares_library_init(ARES_LIB_INIT_ALL);
	if (status == ARES_SUCCESS) {
		status = open_channels(made);
		if (status != ARES_SUCCESS)
			ares_library_cleanup();
	}
	if (status != ARES_SUCCESS) {
		free(made);
		return error_set(error, status == ARES_ENOMEM ? ENOMEM : EIO,
				 "cannot resolve names: %s; see %s", ares_strerror(status),
				 RESOLV_CONF);
	}
	*resolver = made;
	return 0;
}

int resolver_new(const char *const *nameservers, size_t count, struct resolver **resolver,
		 struct error *error)
{
	static const struct resolver_times times = {
		.least_ns = RESOLVER_LEAST_NS,
		.most_ns = RESOLVER_MOST_NS,
		.retry_ns = RESOLVER_RETRY_NS,
		.reverse_ns = RESOLVER_REVERSE_NS,
		.timeout_ms = RESOLVER_TIMEOUT_MS,
		.tries = RESOLVER_TRIES,
	};

	return resolver_new_timed(nameservers, count, &times, resolver, error);
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	resolver->closing = true;
	ares_destroy(resolver->channel);
	ares_destroy(resolver->files);
	ares_library_cleanup();
	dns_cache_done(&resolver->cache);
	free(resolver);
}

int resolver_want(struct resolver *resolver, const char *const *names, size_t name_count,
		  const struct tcpm_address *addresses, size_t address_count)
{
	struct dns_cache *cache = &resolver->cache;
	enum dns_family family;
	size_t which;
	int result;

	result = dns_cache_update(cache, names, name_count, addresses, address_count);
	if (result < 0)
		return result;
	/* What is under way has other numbers now, or none. */
	for (size_t i = 0; i < RESOLVER_MAX_QUESTIONS; i++)
		resolver->slots[i].number = NOTHING;
	for (size_t i = 0; i < dns_cache_query_count(cache); i++) {
		const struct dns_query *ask = dns_cache_query(cache, i, &which, &family);

		if (ask->slot >= 0)
			resolver->slots[ask->slot].number = i;
	}
	resolver->next = 0;
	resolver->due_ns = 0;
	resolver->unsorted = false;
	return 0;
}

/* Ends a question. NULL: nobody wants the answer. */
static struct dns_query *end_question(struct slot *slot, size_t *which, enum dns_family *family)
{
	struct resolver *resolver = slot->resolver;
	struct dns_query *ask = NULL;

	slot->busy = false;
	resolver->busy--;
	if (!resolver->closing && slot->number != NOTHING)
		ask = dns_cache_query(&resolver->cache, slot->number, which, family);
	if (ask)
		ask->slot = -1;
	return ask;
}

/* When a question is asked again. */
static void due_in(struct resolver *resolver, struct dns_query *ask, int64_t time_ns)
{
	ask->due_ns = monotonic_ns() + time_ns;
	if (ask->due_ns < resolver->due_ns)
		resolver->due_ns = ask->due_ns;
}

static bool says_no(int status)
{
	return status == ARES_ENODATA || status == ARES_ENOTFOUND;
}

/* The time to live of an answer, within the bounds. A number with the top bit set is none
 * (RFC 2181 section 8). */
static int64_t time_to_live(const struct resolver *resolver, const struct ares_addrinfo *answer)
{
	int64_t least = INT32_MAX;

	for (const struct ares_addrinfo_node *node = answer->nodes; node; node = node->ai_next)
		if (node->ai_ttl < least)
			least = node->ai_ttl;
	for (const struct ares_addrinfo_cname *alias = answer->cnames; alias; alias = alias->next)
		if (alias->ttl < least)
			least = alias->ttl;
	least = least < 0 ? 0 : least * SECOND_NS;
	if (least < resolver->times.least_ns)
		return resolver->times.least_ns;
	return least < resolver->times.most_ns ? least : resolver->times.most_ns;
}

static struct tcpm_address address_of(const struct sockaddr *socket_address)
{
	struct tcpm_address address = {0};
	struct sockaddr_in6 six;
	struct sockaddr_in four;

	if (socket_address->sa_family == AF_INET) {
		memcpy(&four, socket_address, sizeof(four));
		address.version = 4;
		memcpy(address.bytes, &four.sin_addr, sizeof(four.sin_addr));
	} else if (socket_address->sa_family == AF_INET6) {
		memcpy(&six, socket_address, sizeof(six));
		address.version = 6;
		memcpy(address.bytes, &six.sin6_addr, sizeof(six.sin6_addr));
	}
	return address;
}

/* The lowest addresses of an answer, sorted, none twice: the same ones in whatever order
 * they came. Returns their number; *cut: there are more. */
static size_t lowest(const struct ares_addrinfo *answer, enum dns_family family,
		     struct tcpm_address addresses[RESOLVER_MAX_ADDRESSES], bool *cut)
{
	size_t count = 0;

	*cut = false;
	for (const struct ares_addrinfo_node *node = answer->nodes; node; node = node->ai_next) {
		const struct tcpm_address address = address_of(node->ai_addr);
		size_t at = count;

		if (address.version != (family == DNS_IPV4 ? 4 : 6))
			continue;
		while (at > 0 && address_compare(&addresses[at - 1], &address) > 0)
			at--;
		if (at > 0 && address_equal(&addresses[at - 1], &address))
			continue;
		if (count == RESOLVER_MAX_ADDRESSES) {
			*cut = true;
			if (at == count)
				continue;
			count--;
		}
		memmove(&addresses[at + 1], &addresses[at], (count - at) * sizeof(*addresses));
		addresses[at] = address;
		count++;
	}
	return count;
}

static void note_change(struct resolver *resolver, int changed)
{
	if (changed > 0)
		resolver->changed = resolver->unsorted = true;
}

/* The addresses of a name, ares_addrinfo_callback. */
static void told_addresses(void *user, int status, int timeouts, struct ares_addrinfo *answer)
{
	struct tcpm_address addresses[RESOLVER_MAX_ADDRESSES];
	struct slot *slot = user;
	struct resolver *resolver = slot->resolver;
	enum dns_family family;
	size_t count = 0;
	bool cut = false;
	size_t which;
	struct dns_query *ask = end_question(slot, &which, &family);

	(void)timeouts;
	if (!ask)
		goto end;
	if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) {
		due_in(resolver, ask, 0);
		goto end;
	}

	struct dns_cache_name *name = &resolver->cache.names[which];
	const struct dns_query *other = &name->ask[!family];

	if (status == ARES_SUCCESS && answer)
		count = lowest(answer, family, addresses, &cut);
	if (status == ARES_SUCCESS && count == 0)
		status = ARES_ENODATA;
	ask->status = status;
	if (status == ARES_SUCCESS || says_no(status))
		note_change(resolver, dns_cache_set_addresses(name, family, addresses, count, cut));
	if (status == ARES_SUCCESS)
		due_in(resolver, ask,
		       slot->at_once ? resolver->times.retry_ns : time_to_live(resolver, answer));
	else
		due_in(resolver, ask, resolver->times.retry_ns);
	/* A name without addresses of this family is not asked for them more often. */
	if (says_no(status) && other->slot < 0 && name->part_counts[!family] &&
	    ask->due_ns < other->due_ns)
		ask->due_ns = other->due_ns;
end:
	if (answer)
		ares_freeaddrinfo(answer);
}

/* The name in /etc/hosts, ares_host_callback: at once. */
static void told_by_file(void *user, int status, int timeouts, struct hostent *host)
{
	char *name = user;

	(void)timeouts;
	if (status == ARES_SUCCESS && host && host->h_name)
		snprintf(name, NI_MAXHOST, "%s", host->h_name);
}

/* The name of an address, ares_callback. */
static void told_name(void *user, int status, int timeouts, unsigned char *answer, int size)
{
	struct slot *slot = user;
	struct resolver *resolver = slot->resolver;
	struct hostent *host = NULL;
	enum dns_family family;
	size_t which;
	struct dns_query *ask = end_question(slot, &which, &family);

	(void)timeouts;
	if (!ask)
		return;
	if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) {
		due_in(resolver, ask, 0);
		return;
	}
	ask->status = status;
	if (status != ARES_SUCCESS && !says_no(status)) {
		due_in(resolver, ask, resolver->times.retry_ns);
		return;
	}
	/* An answer that is no host's name is as good as none. */
	if (status == ARES_SUCCESS &&
	    ares_parse_ptr_reply(answer, size, NULL, 0, AF_INET, &host) != ARES_SUCCESS)
		host = NULL;
	note_change(resolver,
		    dns_cache_set_host(&resolver->cache.hosts[which], host ? host->h_name : NULL));
	if (host)
		ares_free_hostent(host);
	due_in(resolver, ask, resolver->times.reverse_ns);
}

/* Asks for an address's name. Not by ares_gethostbyaddr, which tells silence from "no such
 * name" only where there is no /etc/hosts. */
static void ask_for_name(struct resolver *resolver, struct dns_cache_host *host, struct slot *slot)
{
	const bool is_six = host->address.version == 6;
	char name[NI_MAXHOST] = "";
	char arpa[NAME_SERVER_REVERSE_MAX];

	ares_gethostbyaddr(resolver->files, host->address.bytes, is_six ? 16 : 4,
			   is_six ? AF_INET6 : AF_INET, told_by_file, name);
	if (name[0]) {
		note_change(resolver, dns_cache_set_host(host, name));
		host->ask.status = ARES_SUCCESS;
		host->ask.slot = -1;
		slot->busy = false;
		resolver->busy--;
		due_in(resolver, &host->ask, resolver->times.reverse_ns);
		return;
	}
	name_server_reverse_name(&host->address, arpa);
	ares_query(resolver->channel, arpa, IN_CLASS, PTR_TYPE, told_name, slot);
}

/* The answer may come before this returns. */
static void ask_now(struct resolver *resolver, size_t number, int free_slot)
{
	struct slot *slot = &resolver->slots[free_slot];
	enum dns_family family;
	size_t which;
	struct dns_query *ask = dns_cache_query(&resolver->cache, number, &which, &family);

	ask->slot = free_slot;
	slot->number = number;
	slot->busy = slot->at_once = true;
	resolver->busy++;
	if (family == DNS_FAMILIES) {
		ask_for_name(resolver, &resolver->cache.hosts[which], slot);
	} else {
		const struct ares_addrinfo_hints hints = {
			.ai_flags = ARES_AI_NOSORT,
			.ai_family = family == DNS_IPV4 ? AF_INET : AF_INET6,
		};

		ares_getaddrinfo(resolver->channel, resolver->cache.names[which].text, NULL, &hints,
				 told_addresses, slot);
	}
	slot->at_once = false;
}

static int free_slot(const struct resolver *resolver)
{
	for (int i = 0; i < RESOLVER_MAX_QUESTIONS; i++)
		if (!resolver->slots[i].busy)
			return i;
	return -1;
}

/* Asks what is due, as far as there are slots. */
static void ask_due(struct resolver *resolver, int64_t now)
{
	const size_t count = dns_cache_query_count(&resolver->cache);
	const size_t first = resolver->next;
	int64_t due = NEVER;
	enum dns_family family;
	size_t which;

	if (now < resolver->due_ns)
		return;
	/* Answers that come at once bring this down. */
	resolver->due_ns = NEVER;
	for (size_t i = 0; i < count; i++) {
		const size_t number = (first + i) % count;
		const struct dns_query *ask =
			dns_cache_query(&resolver->cache, number, &which, &family);
		int slot;

		if (ask->slot >= 0 ||
		    (family != DNS_FAMILIES && resolver->cache.names[which].fixed))
			continue;
		slot = ask->due_ns <= now ? free_slot(resolver) : -1;
		if (slot >= 0) {
			ask_now(resolver, number, slot);
			continue;
		}
		if (ask->due_ns <= now && now < due)
			resolver->next = number;
		if (ask->due_ns < due)
			due = ask->due_ns;
	}
	if (due < resolver->due_ns)
		resolver->due_ns = due;
}

size_t resolver_poll(struct resolver *resolver, struct pollfd *polled, int *timeout_ms)
{
	ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
	/* A bit for each socket to read from, then one for each to write to. */
	const unsigned wanted =
		(unsigned)ares_getsock(resolver->channel, sockets, ARES_GETSOCK_MAXNUM);
	int64_t left = NEVER;
	struct timeval time;
	size_t count = 0;

	for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		const bool reads = wanted >> i & 1;
		const bool writes = wanted >> (i + ARES_GETSOCK_MAXNUM) & 1;

		if (reads || writes)
			polled[count++] = (struct pollfd){
				.fd = sockets[i],
				.events = (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)),
			};
	}
	if (ares_timeout(resolver->channel, NULL, &time))
		left = time.tv_sec * SECOND_NS + time.tv_usec * 1000;
	/* What is due and has no slot waits for an answer. */
	if (resolver->due_ns != NEVER && free_slot(resolver) >= 0) {
		int64_t due = resolver->due_ns - monotonic_ns();

		due = due < 0 ? 0 : due;
		left = due < left ? due : left;
	}
	left = left == NEVER ? NEVER : (left + 999999) / 1000000;
	if (left <= INT32_MAX && (*timeout_ms < 0 || left < *timeout_ms))
		*timeout_ms = (int)left;
	return count;
}

bool resolver_run(struct resolver *resolver, const struct pollfd *polled, size_t count)
{
	resolver->changed = false;
	for (size_t i = 0; i < count; i++) {
		const short got = polled[i].revents;
		const bool failed = got & (POLLERR | POLLHUP | POLLNVAL);

		if (got)
			ares_process_fd(resolver->channel,
					got & POLLIN || failed ? polled[i].fd : ARES_SOCKET_BAD,
					got & POLLOUT ? polled[i].fd : ARES_SOCKET_BAD);
	}
	ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);

	const int64_t now = monotonic_ns();

	look_at_resolv_conf(resolver, now);
	if (resolver->busy < RESOLVER_MAX_QUESTIONS)
		ask_due(resolver, now);
	if (resolver->unsorted && dns_cache_sort(&resolver->cache) == 0)
		resolver->unsorted = false;
	return resolver->changed;
}

const struct tcpm_address *resolver_addresses(const struct resolver *resolver, const char *name,
					      size_t *count)
{
	const struct dns_cache_name *found = dns_cache_by_text(&resolver->cache, name);

	*count = found ? found->count : 0;
	return *count ? found->addresses : NULL;
}

const char *resolver_name(const struct resolver *resolver, const struct tcpm_address *address)
{
	return dns_cache_find(&resolver->cache, address);
}

/* What is wrong with a name; NULL: nothing, or nothing yet. */
static const char *why(const struct dns_cache_name *name)
{
	const int four = name->ask[DNS_IPV4].status;
	const int six = name->ask[DNS_IPV6].status;

	if (four && !says_no(four))
		return ares_strerror(four);
	if (six && !says_no(six))
		return ares_strerror(six);
	if (four && six)
		return four == ARES_ENOTFOUND ? "no such name" : "it has no address";
	return name->cut ? "it has too many addresses" : NULL;
}

void resolver_failures(const struct resolver *resolver,
		       void (*tell)(void *user, const char *name, const char *why), void *user)
{
	for (size_t i = 0; i < resolver->cache.name_count; i++) {
		const char *reason = why(&resolver->cache.names[i]);

		if (reason)
			tell(user, resolver->cache.names[i].text, reason);
	}
}
