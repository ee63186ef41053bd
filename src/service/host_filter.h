/*
 * What an instance looks at, as a filter expression: its addresses, and those that its
 * hosts' names have at the moment.
 */
#ifndef SERVICE_HOST_FILTER_H
#define SERVICE_HOST_FILTER_H

#include "config/service_config.h"
#include "dns/resolver.h"

/* The most addresses and networks of one instance. Making an expression of more takes libpcap
 * seconds, and the kernel takes none of more than 4,096 instructions. */
#define HOST_FILTER_MAX       1000
#define HOST_FILTER_TOO_LARGE "the whitelist has more than 1000 addresses; name networks instead"

/* Whether each of the instance's names has an address. */
bool host_filter_resolved(const struct instance *instance, const struct resolver *resolver);

/*
 * Makes the expression: filter (NULL: none) and, if the instance has a whitelist, one of its
 * addresses. The same addresses give the same expression, in whatever order they came; as
 * long as none is known, it matches nothing. 0: *expression is the caller's to free, NULL if
 * all packets are to be looked at; -ENOMEM; -E2BIG: more than HOST_FILTER_MAX.
 */
int host_filter_expression(const struct instance *instance, const char *filter,
			   const struct resolver *resolver, char **expression);

/* Looks whether all expressions of a service can be, which only libpcap knows. 0; -EINVAL, -ENOMEM:
 * *error is one sentence, which names file and line. */
int host_filter_check(const struct service_config *service, const struct resolver *resolver,
		      struct error *error);

#endif
