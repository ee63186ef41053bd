/*
 * A name server on the loopback, in a thread, that answers as the name asked for says:
 *
 *   ok.test        192.0.2.1, 192.0.2.2 and 2001:db8::1
 *   turning.test   the same addresses in another order each time
 *   moving.test    192.0.2.GENERATION
 *   four.test      192.0.2.4 and no IPv6
 *   alias.test     a CNAME whose time to live is 0, of four.test's address with a long one
 *   negative.test  a time to live of 2^31
 *   none.test      there is no such name
 *   fail.test      SERVFAIL
 *   silent.test    nothing
 *   cut.test       truncated; by TCP, 500 addresses
 *   many.test      500 addresses in one datagram
 *   foreign.test   an answer to another question
 *   mNUMBER.test   an answer to ok.test with a few bytes turned into others
 *   gNUMBER.test   noise behind a right id
 *
 * 192.0.2.7 is host.test; 192.0.2.8's name, and 192.0.2.255's still more, has odd bytes.
 */
#ifndef TESTS_DNS_HELPER_H
#define TESTS_DNS_HELPER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct dns_server {
	int udp;
	int tcp;
	int stop[2];    /* a pipe */
	char place[32]; /* "127.0.0.1:PORT" */
	pthread_t thread;
	uint64_t random;
	unsigned turn;
	atomic_bool quiet;        /* it is away */
	atomic_uint time_to_live; /* s */
	atomic_uint generation;
	atomic_uint asked; /* questions so far, by UDP */
};

void dns_start(struct dns_server *server);
void dns_stop(struct dns_server *server);

#endif
