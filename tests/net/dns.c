/*
 * A name server for tests, on 127.0.0.1: answers questions for A and AAAA (RFC 1035, RFC
 * 3596) over UDP from a file, which it reads again for each one.
 *
 *	dns PORT FILE
 *
 * A line of the file is: NAME TTL ADDRESS... ; a name that is in no line does not exist.
 * Each question is printed: its type and name.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define HEADER    12
#define TYPE_A    1
#define TYPE_AAAA 28
#define MOST      512
#define RECORD    28 /* the longest: a pointer, 10 bytes, an IPv6 address */

struct message {
	uint8_t bytes[MOST];
	size_t used;
};

static void fail(const char *what)
{
	fprintf(stderr, "dns: %s: %s\n", what, strerror(errno));
	exit(1);
}

static unsigned get16(const struct message *message, size_t at)
{
	return (unsigned)(message->bytes[at] << 8 | message->bytes[at + 1]);
}

static void put(struct message *message, unsigned value, unsigned size)
{
	while (size-- > 0)
		message->bytes[message->used++] = (uint8_t)(value >> 8 * size);
}

/* The name of the question, with dots; leaves *at behind it. False: it is not sound. */
static bool read_name(const struct message *message, size_t *at, char *name)
{
	size_t length = 0;

	while (*at < message->used && message->bytes[*at]) {
		unsigned label = message->bytes[(*at)++];

		if (label > 63 || *at + label >= message->used || length + label + 1 > 255)
			return false;
		if (length)
			name[length++] = '.';
		memcpy(name + length, message->bytes + *at, label);
		length += label;
		*at += label;
	}
	name[length] = '\0';
	return (*at)++ < message->used;
}

/* One resource record of the name that was asked for. Returns whether there was one. */
static bool add_record(struct message *message, const char *text, unsigned type, unsigned ttl)
{
	uint8_t address[16];
	unsigned size = type == TYPE_A ? 4 : 16;

	if (message->used + RECORD > MOST ||
	    inet_pton(type == TYPE_A ? AF_INET : AF_INET6, text, address) != 1)
		return false;
	put(message, 0xc000 | HEADER, 2);
	put(message, type, 2);
	put(message, 1, 2);
	put(message, ttl, 4);
	put(message, size, 2);
	memcpy(message->bytes + message->used, address, size);
	message->used += size;
	return true;
}

/* Adds the answers of the file. Returns their number; -1: there is no such name. */
static int add_answers(struct message *message, const char *path, const char *name, unsigned type)
{
	FILE *file = fopen(path, "re");
	char line[1024];
	int count = -1;

	if (!file)
		fail(path);
	while (fgets(line, sizeof line, file)) {
		char *rest = line;
		const char *word = strtok_r(line, " \n", &rest);
		const char *ttl = strtok_r(NULL, " \n", &rest);

		if (!word || !ttl || strcasecmp(word, name) != 0)
			continue;
		if (count < 0)
			count = 0;
		while ((word = strtok_r(NULL, " \n", &rest)))
			count += add_record(message, word, type, (unsigned)atoi(ttl));
	}
	fclose(file);
	return count;
}

/* Makes the answer of a question, in its place. False: it deserves none. */
static bool answer(struct message *message, const char *path)
{
	char name[256];
	size_t at = HEADER;
	unsigned type;
	int count;

	if (message->used < HEADER || (message->bytes[2] & 0xf8) || get16(message, 4) != 1 ||
	    !read_name(message, &at, name) || at + 4 > message->used)
		return false;
	type = get16(message, at);
	message->used = at + 4; /* an OPT record, if there is one, is left out */
	printf("%s %s\n", type == TYPE_A ? "A" : type == TYPE_AAAA ? "AAAA" : "other", name);
	fflush(stdout);
	count = add_answers(message, path, name, type);
	message->bytes[2] = 0x84 | (message->bytes[2] & 1); /* an authoritative answer */
	message->bytes[3] = count < 0 ? 3 : 0;
	memset(message->bytes + 6, 0, 6);
	message->bytes[7] = count < 0 ? 0 : (uint8_t)count;
	return true;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (argc != 3) {
		fprintf(stderr, "usage: dns PORT FILE\n");
		return 2;
	}
	address.sin_port = htons((uint16_t)atoi(argv[1]));
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		fail(argv[1]);
	fprintf(stderr, "ready\n");
	for (;;) {
		struct message message;
		struct sockaddr_in from;
		socklen_t length = sizeof from;
		ssize_t size = recvfrom(fd, message.bytes, sizeof message.bytes, 0,
					(struct sockaddr *)&from, &length);

		if (size < 0)
			fail("receive");
		message.used = (size_t)size;
		if (answer(&message, argv[2]))
			sendto(fd, message.bytes, message.used, 0, (const struct sockaddr *)&from,
			       length);
	}
}
