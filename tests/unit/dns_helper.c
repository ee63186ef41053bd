/*
 * A small name server, mostly a bad one: see dns_helper.h.
 */
#include "dns_helper.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TYPE_A     1u
#define TYPE_CNAME 5u
#define TYPE_PTR   12u
#define TYPE_AAAA  28u

#define HEADER 12u

/* A message that is being written. */
struct message {
	uint8_t bytes[32768];
	size_t used;
};

static void put16(struct message *message, unsigned value)
{
	message->bytes[message->used++] = (uint8_t)(value >> 8);
	message->bytes[message->used++] = (uint8_t)value;
}

static void put_record(struct message *message, unsigned type, uint32_t time_to_live,
		       const void *data, size_t size)
{
	put16(message, 0xc000 | HEADER); /* the name asked for */
	put16(message, type);
	put16(message, 1);
	put16(message, time_to_live >> 16);
	put16(message, time_to_live & 0xffff);
	put16(message, (unsigned)size);
	memcpy(message->bytes + message->used, data, size);
	message->used += size;
	message->bytes[7] = (uint8_t)(message->bytes[7] + 1);
	if (message->bytes[7] == 0)
		message->bytes[6]++;
}

static void put_four(struct message *message, uint32_t time_to_live, unsigned number)
{
	const uint8_t address[4] = {192, 0, (uint8_t)(2 + number / 256), (uint8_t)number};

	put_record(message, TYPE_A, time_to_live, address, sizeof(address));
}

static void put_six(struct message *message, uint32_t time_to_live, unsigned number)
{
	const uint8_t address[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = (uint8_t)number};

	put_record(message, TYPE_AAAA, time_to_live, address, sizeof(address));
}

static uint64_t next_random(struct dns_server *server)
{
	server->random = server->random * 6364136223846793005u + 1442695040888963407u;
	return server->random >> 33;
}

/* The name of a question, with dots; returns where its type stands, 0: it is none. */
static size_t read_name(const uint8_t *question, size_t size, char *name, size_t room)
{
	size_t at = HEADER;
	size_t used = 0;

	while (at < size && question[at] != 0 && question[at] < 64 &&
	       used + question[at] + 2 < room) {
		const size_t length = question[at];

		if (at + length >= size)
			return 0;
		if (used)
			name[used++] = '.';
		memcpy(name + used, question + at + 1, length);
		used += length;
		at += length + 1;
	}
	name[used] = '\0';
	return at + 5 <= size ? at + 1 : 0;
}

static void answer_pointer(struct message *message, const char *name)
{
	uint8_t odd[256];
	size_t used = 0;

	if (strcmp(name, "7.2.0.192.in-addr.arpa") == 0) {
		put_record(message, TYPE_PTR, 1, "\4host\4test", 11);
	} else if (strcmp(name, "8.2.0.192.in-addr.arpa") == 0) {
		put_record(message, TYPE_PTR, 1, "\7a|b,c#\n\4test", 14);
	} else if (strcmp(name, "255.2.0.192.in-addr.arpa") == 0) {
		for (unsigned label = 0; label < 4; label++) {
			odd[used++] = 60;
			for (unsigned i = 0; i < 60; i++)
				odd[used++] = (uint8_t)(label * 60 + i);
		}
		odd[used++] = 0;
		put_record(message, TYPE_PTR, 1, odd, used);
	} else {
		message->bytes[3] |= 3; /* NXDOMAIN */
	}
}

/* mNUMBER.test */
static bool mangled(const char *name)
{
	return name[0] == 'm' && name[1] >= '0' && name[1] <= '9';
}

static void answer_address(struct dns_server *server, struct message *message, const char *name,
			   unsigned type, bool tcp)
{
	const uint32_t seconds = server->time_to_live;
	const bool four = type == TYPE_A;

	if (strcmp(name, "ok.test") == 0 || strcmp(name, "turning.test") == 0 || mangled(name)) {
		const unsigned turn = name[0] == 't' ? server->turn++ / 2 % 2 : 0;

		for (unsigned i = 0; i < 2 && four; i++)
			put_four(message, seconds, 1 + (i ^ turn));
		if (!four)
			put_six(message, seconds, 1);
	}
	if (strcmp(name, "moving.test") == 0 && four) {
		put_four(message, seconds, server->generation);
	} else if (strcmp(name, "four.test") == 0 && four) {
		put_four(message, seconds, 4);
	} else if (strcmp(name, "alias.test") == 0) {
		put_record(message, TYPE_CNAME, 0, "\4four\4test", 11);
		if (four) {
			/* Under its own name, which begins in the record before. */
			const unsigned at = 0xc000u | (unsigned)(message->used - 11);
			const size_t start = message->used;

			put_four(message, 3600, 4);
			message->bytes[start] = (uint8_t)(at >> 8);
			message->bytes[start + 1] = (uint8_t)at;
		}
	} else if (strcmp(name, "negative.test") == 0 && four) {
		put_four(message, 0x80000000u, 5);
	} else if (strcmp(name, "none.test") == 0) {
		message->bytes[3] |= 3;
	} else if (strcmp(name, "fail.test") == 0) {
		message->bytes[3] |= 2;
	} else if (strcmp(name, "cut.test") == 0 && four && !tcp) {
		message->bytes[2] |= 2; /* TC */
	} else if ((strcmp(name, "cut.test") == 0 || strcmp(name, "many.test") == 0) && four) {
		for (unsigned i = 0; i < 500; i++)
			put_four(message, seconds, 499 - i);
	} else if (strcmp(name, "foreign.test") == 0) {
		message->bytes[HEADER + 1] ^= 1;
		put_four(message, seconds, 6);
	}
}

/* Makes the answer. false: there is none. */
static bool answer(struct dns_server *server, const uint8_t *question, size_t size, bool tcp,
		   struct message *message)
{
	char name[256];
	const size_t at = size > HEADER ? read_name(question, size, name, sizeof(name)) : 0;

	if (at == 0 || strcmp(name, "silent.test") == 0 || server->quiet)
		return false;

	const unsigned type = (unsigned)(question[at] << 8 | question[at + 1]);

	memset(message, 0, sizeof(*message));
	memcpy(message->bytes, question, at + 4);
	message->used = at + 4;
	message->bytes[2] = 0x81;
	message->bytes[3] = 0x80;
	memset(message->bytes + 6, 0, 6);
	if (type == TYPE_PTR)
		answer_pointer(message, name);
	else
		answer_address(server, message, name, type, tcp);
	if (mangled(name))
		for (uint64_t i = next_random(server) % 4 + 1; i-- > 0;)
			message->bytes[2 + next_random(server) % (message->used - 2)] =
				(uint8_t)next_random(server);
	if (mangled(name) && next_random(server) % 4 == 0)
		message->used = 2 + next_random(server) % (message->used - 2);
	if (name[0] == 'g') {
		message->used = 2 + next_random(server) % 600;
		for (size_t i = 2; i < message->used; i++)
			message->bytes[i] = (uint8_t)next_random(server);
	}
	return true;
}

static void serve_datagram(struct dns_server *server)
{
	struct message message;
	uint8_t question[1024];
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	const ssize_t got = recvfrom(server->udp, question, sizeof(question), 0,
				     (struct sockaddr *)&from, &size);

	if (got <= 0)
		return;
	server->asked++;
	if (answer(server, question, (size_t)got, false, &message))
		sendto(server->udp, message.bytes, message.used, 0, (struct sockaddr *)&from, size);
}

/* A question and its answer; a client that dawdles is left. */
static void serve_connection(struct dns_server *server)
{
	const struct timeval wait = {.tv_sec = 1};
	const int fd = accept(server->tcp, NULL, NULL);
	struct message message;
	uint8_t question[1024];

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (recv(fd, question, 2, MSG_WAITALL) == 2) {
		const size_t size = (size_t)(question[0] << 8 | question[1]);

		if (size <= sizeof(question) &&
		    recv(fd, question, size, MSG_WAITALL) == (ssize_t)size &&
		    answer(server, question, size, true, &message)) {
			const uint8_t head[2] = {(uint8_t)(message.used >> 8),
						 (uint8_t)message.used};

			send(fd, head, 2, MSG_NOSIGNAL | MSG_MORE);
			send(fd, message.bytes, message.used, MSG_NOSIGNAL);
		}
	}
	close(fd);
}

static void *serve(void *user)
{
	struct dns_server *server = user;

	for (;;) {
		struct pollfd ready[] = {
			{.fd = server->udp, .events = POLLIN},
			{.fd = server->tcp, .events = POLLIN},
			{.fd = server->stop[0], .events = POLLIN | POLLHUP},
		};

		if (poll(ready, 3, -1) < 0 || ready[2].revents)
			return NULL;
		if (ready[0].revents)
			serve_datagram(server);
		if (ready[1].revents)
			serve_connection(server);
	}
}

/* Opens the server's sockets, both on one port. False: the port that UDP got is taken for TCP. */
static bool bind_both(struct dns_server *server, struct sockaddr_in *address)
{
	socklen_t size = sizeof(*address);

	*address = (struct sockaddr_in){.sin_family = AF_INET};
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server->udp = socket(AF_INET, SOCK_DGRAM, 0);
	server->tcp = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(server->udp, (struct sockaddr *)address, sizeof(*address)) == 0 &&
	    getsockname(server->udp, (struct sockaddr *)address, &size) == 0 &&
	    bind(server->tcp, (struct sockaddr *)address, sizeof(*address)) == 0)
		return true;
	close(server->udp);
	close(server->tcp);
	return false;
}

void dns_start(struct dns_server *server)
{
	struct sockaddr_in place;
	unsigned tries = 20;

	memset(server, 0, sizeof(*server));
	server->random = 1;
	server->time_to_live = 1;
	server->generation = 1;
	while (!bind_both(server, &place) && --tries)
		;
	if (!tries || listen(server->tcp, 8) != 0 || pipe(server->stop) != 0 ||
	    pthread_create(&server->thread, NULL, serve, server) != 0) {
		perror("no name server for the test");
		abort();
	}
	snprintf(server->place, sizeof(server->place), "127.0.0.1:%u", ntohs(place.sin_port));
}

void dns_stop(struct dns_server *server)
{
	close(server->stop[1]);
	pthread_join(server->thread, NULL);
	close(server->stop[0]);
	close(server->udp);
	close(server->tcp);
}
