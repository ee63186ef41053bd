/*
 * Names to addresses and back, without waiting, by c-ares: for the whitelists of a service.
 *
 * The caller says which names it wants; the resolver asks for each one's addresses, A and
 * AAAA, and again when the answer's time to live ends. While a name server is silent, or
 * fails, what was known stays. Everything happens in resolver_run, in the caller's loop.
 */
#ifndef DNS_RESOLVER_H
#define DNS_RESOLVER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tcpmetro.h"

struct resolver;

/* Between this and that, whatever time to live an answer has; after a failure, after what
 * /etc/hosts said, and after the answer that there is no such name; an address's name. */
#define RESOLVER_LEAST_NS   (INT64_C(5) * 1000000000)
#define RESOLVER_MOST_NS    (INT64_C(3600) * 1000000000)
#define RESOLVER_RETRY_NS   (INT64_C(30) * 1000000000)
#define RESOLVER_REVERSE_NS (INT64_C(3600) * 1000000000)

/* How long a server may take, and how often all of them are tried for one question. */
#define RESOLVER_TIMEOUT_MS 2000
#define RESOLVER_TRIES      2

/* Questions that are under way at once; the others wait. */
#define RESOLVER_MAX_QUESTIONS 32

/* The most names, and the most addresses, that can be wanted, each counted once. Two
 * configurations, the old and the new, have room beside each other if neither has more than
 * half of it, 4096, which the caller sees to. */
#define RESOLVER_MAX_WANTED 8192

/* The most addresses that are kept of one name. */
#define RESOLVER_MAX_ADDRESSES 64

/* Descriptors that it may want to be polled at once. */
#define RESOLVER_MAX_FDS 16

/* The name servers that can be given. */
#define RESOLVER_MAX_SERVERS 8

/* nameservers: "192.0.2.1", "192.0.2.1:53", "[2001:db8::1]:53"; none: the system's, and
 * /etc/resolv.conf is looked at now and then for others. -EINVAL: one of them is wrong or
 * they are too many, *error says which. */
int resolver_new(const char *const *nameservers, size_t count, struct resolver **resolver,
		 struct error *error);

/* Other times than those above, for tests. */
struct resolver_times {
	int64_t least_ns;
	int64_t most_ns;
	int64_t retry_ns;
	int64_t reverse_ns;
	int timeout_ms;
	int tries;
};

/* As resolver_new. */
int resolver_new_timed(const char *const *nameservers, size_t count,
		       const struct resolver_times *times, struct resolver **resolver,
		       struct error *error);

/* NULL is fine. */
void resolver_free(struct resolver *resolver);

/* The names and the addresses (for reverse look-ups) that are wanted from now on; copied.
 * What is known of those that stay, stays; those that are there twice count once. 0, or
 * nothing has changed: -ENOMEM; -E2BIG: more than RESOLVER_MAX_WANTED. Known at once, and
 * never asked for, are a name that is an address, and localhost ("localhost.", in capitals
 * or not): 127.0.0.1 and ::1. Other new ones are asked for in the next resolver_run. */
int resolver_want(struct resolver *resolver, const char *const *names, size_t name_count,
		  const struct tcpm_address *addresses, size_t address_count);

/* Fills polled (of RESOLVER_MAX_FDS) and returns their number; *timeout_ms, -1 being never,
 * is brought down to the time at which something is due. */
size_t resolver_poll(struct resolver *resolver, struct pollfd *polled, int *timeout_ms);

/* Does what can be done. polled: as filled, and polled. Returns whether something that is
 * wanted has changed. */
bool resolver_run(struct resolver *resolver, const struct pollfd *polled, size_t count);

/* The addresses of a name that is wanted, sorted, so that servers which turn the order round
 * change nothing; NULL and 0: none is known (yet). Valid
 * until the next call that changes something. */
const struct tcpm_address *resolver_addresses(const struct resolver *resolver, const char *name,
					      size_t *count);

/* The name of an address: the wanted name that it is an address of, or else what a reverse
 * look-up said, of which only letters, digits, '-', '.' and '_' are kept. NULL: not known.
 * Quick: it is asked for each line of output. */
const char *resolver_name(const struct resolver *resolver, const struct tcpm_address *address);

/* Calls tell for each wanted name whose last question failed (what was known before stays),
 * that has no address, or has more of them than are kept: why, for the log and for SIGUSR1. */
void resolver_failures(const struct resolver *resolver,
		       void (*tell)(void *user, const char *name, const char *why), void *user);

#endif
