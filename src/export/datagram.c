/*
 * One descriptor, made anew when it can serve no longer; refusals come from its error queue.
 */
#include "export/datagram.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h>
#include <linux/filter.h>

#include "export/recent_datagrams.h"
#include "export/send_queue.h"

#define ROOM_UDP  1432
#define ROOM_UNIX 8192

/* Refusals that are read at once, so that nobody who sends them can hold us up. */
#define REFUSALS_AT_ONCE 4096

/* Tries of one datagram: each may meet the error of an earlier one instead of its own. */
#define TRIES 3

/* Asked for; the system gives less if it is set so (wmem_max). */
#define UNIX_SEND_BUFFER (4 << 20)

#define UNIX_PREFIX "unix://"

struct datagram {
	int fd; /* -1: none */
	struct sockaddr_storage address;
	socklen_t address_size;
	struct datagram_counts counts;
	struct recent_datagrams recent; /* UDP's */
	bool spread;                    /* datagrams go through the send_queue */
	struct send_queue send_queue;   /* */
	unsigned long full_runs;        /* so often in a row the agent's queue was full */
};

static bool is_unix(const struct datagram *datagram)
{
	return datagram->address.ss_family == AF_UNIX;
}

/* ---- targets ---- */

static int unix_address(const char *path, struct datagram *datagram, struct error *error)
{
	struct sockaddr_un *address = (struct sockaddr_un *)&datagram->address;
	size_t length = strlen(path);

	if (path[0] != '/')
		return error_set(error, EINVAL,
				 UNIX_PREFIX "%.100s: the socket's path must be absolute, as in "
					     "unix:///run/agent.socket",
				 path);
	if (length > sizeof(address->sun_path))
		return error_set(error, EINVAL,
				 UNIX_PREFIX "%.100s...: a socket path has at most %zu bytes", path,
				 sizeof(address->sun_path));
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, path, length);
	/* The longest path has no room for the NUL, and needs none: unix(7). */
	datagram->address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length +
					     (length < sizeof(address->sun_path)));
	return 0;
}

static int udp_address(const char *target, uint16_t port, struct datagram *datagram,
		       struct error *error)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM};
	const char *number = strcmp(target, "localhost") == 0 ? "127.0.0.1" : target;
	struct addrinfo *found;

	if (port == 0)
		return error_set(error, EINVAL,
				 "%.100s: the agent's UDP port must be from 1 to 65535", target);
	if (getaddrinfo(number, NULL, &hints, &found) != 0)
		return error_set(error, EINVAL,
				 "\"%.100s\" is not an agent's address: expected an IPv4 or IPv6 "
				 "address, or unix:///PATH for a datagram socket",
				 target);
	memcpy(&datagram->address, found->ai_addr, found->ai_addrlen);
	datagram->address_size = found->ai_addrlen;
	freeaddrinfo(found);
	if (datagram->address.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&datagram->address)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)&datagram->address)->sin_port = htons(port);
	return 0;
}

/* ---- sockets ---- */

/* What fails here makes us know less, not send less. */
static void set_options(const struct datagram *datagram, int fd)
{
	static struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
	const struct sock_fprog filter = {.len = 1, .filter = nothing};
	const int yes = 1;
	const int size = UNIX_SEND_BUFFER;

	if (is_unix(datagram)) {
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
		return;
	}
	/* Answers, which nobody reads, would fill the buffer that refusals need as well. */
	setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
	setsockopt(fd, SOL_IP, IP_RECVERR, &yes, sizeof(yes)); /* IPv4-mapped, too */
	if (datagram->address.ss_family == AF_INET6)
		setsockopt(fd, SOL_IPV6, IPV6_RECVERR, &yes, sizeof(yes));
}

/* Makes a new socket, none being open; 0 or an errno. */
static int make_socket(struct datagram *datagram)
{
	int fd = socket(datagram->address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	set_options(datagram, fd);
	datagram->fd = fd;
	return 0;
}

static void close_socket(struct datagram *datagram)
{
	if (datagram->fd >= 0)
		close(datagram->fd);
	datagram->fd = -1;
}

/* Connects a new socket in the place of the old one, if there is one; 0 or an errno. */
static int connect_anew(struct datagram *datagram)
{
	close_socket(datagram);

	int result = make_socket(datagram);

	if (result)
		return result;
	if (connect(datagram->fd, (const struct sockaddr *)&datagram->address,
		    datagram->address_size) == 0)
		return 0;
	result = errno;
	close_socket(datagram);
	return result;
}

int datagram_open(const char *target, uint16_t port, struct datagram **datagram,
		  struct error *error)
{
	struct datagram *made = calloc(1, sizeof(*made));
	size_t prefix = strlen(UNIX_PREFIX);
	int result;

	if (!made)
		return error_set(error, ENOMEM, "not enough memory for a socket to %.100s", target);
	made->fd = -1;
	if (strncmp(target, UNIX_PREFIX, prefix) == 0)
		result = unix_address(target + prefix, made, error);
	else
		result = udp_address(target, port, made, error);
	if (result == 0) {
		result = -make_socket(made);
		if (result < 0)
			error_set(error, -result, "cannot open a socket to %.100s: %s", target,
				  strerror(-result));
		close_socket(made); /* it is connected when the first datagram goes out */
	}
	if (result < 0) {
		free(made);
		return result;
	}
	*datagram = made;
	return 0;
}

size_t datagram_room(const struct datagram *datagram)
{
	return is_unix(datagram) ? ROOM_UNIX : ROOM_UDP;
}

/* ---- refusals ---- */

static void count_lost(struct datagram *datagram, uint64_t points, int error)
{
	datagram->counts.lost++;
	datagram->counts.lost_points += points;
	datagram->counts.error = error;
}

static void refused(struct datagram *datagram, const void *quoted, size_t size, int error)
{
	uint64_t points;

	if (!recent_datagrams_refused(&datagram->recent, quoted, size, &points))
		return;
	datagram->counts.sent--;
	datagram->counts.sent_points -= points;
	count_lost(datagram, points, error);
}

/* The error of a message from the error queue, an errno, if it came by ICMP; else 0. */
static int icmp_error(struct msghdr *message)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
	     part = CMSG_NXTHDR(message, part)) {
		struct sock_extended_err error;

		if (!(part->cmsg_level == SOL_IP && part->cmsg_type == IP_RECVERR) &&
		    !(part->cmsg_level == SOL_IPV6 && part->cmsg_type == IPV6_RECVERR))
			continue;
		memcpy(&error, CMSG_DATA(part), sizeof(error));
		if (error.ee_origin == SO_EE_ORIGIN_ICMP || error.ee_origin == SO_EE_ORIGIN_ICMP6)
			return (int)error.ee_errno;
	}
	return 0;
}

static void read_refusals(struct datagram *datagram)
{
	if (datagram->fd < 0 || is_unix(datagram))
		return;
	for (int i = 0; i < REFUSALS_AT_ONCE; i++) {
		char quoted[RECENT_BEGINNING];
		char control[512] __attribute__((aligned(16)));
		struct iovec part = {.iov_base = quoted, .iov_len = sizeof(quoted)};
		struct msghdr message = {
			.msg_iov = &part,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		ssize_t size = recvmsg(datagram->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);

		if (size < 0)
			return;

		int error = icmp_error(&message);

		if (error)
			refused(datagram, quoted, (size_t)size, error);
	}
}

/* ---- sending ---- */

/* 0 or an errno. */
static int try_send(const struct datagram *datagram, const void *bytes, size_t size)
{
	if (datagram->fd < 0)
		return ENOTCONN;
	if (send(datagram->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return errno;
	return 0;
}

/* Whether a new socket may help. A Unix socket's peer is an inode, and gone with the agent;
 * a UDP socket keeps the source address that it was connected from, even if that one is no
 * address of ours any more: then there is no route. */
static bool needs_new_socket(const struct datagram *datagram, int error)
{
	switch (error) {
	case ENOTCONN:
	case EDESTADDRREQ:
	case EINVAL:
	case EADDRNOTAVAIL:
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case ENODEV:
		return true;
	case ENOENT:
	case ECONNREFUSED:
	case ECONNRESET:
	case EPIPE:
		return is_unix(datagram);
	default:
		return false;
	}
}

/* 0 or an errno. */
static int deliver(struct datagram *datagram, const void *bytes, size_t size)
{
	int error = try_send(datagram, bytes, size);

	/* A UDP socket that a refusal waits on tells of it instead of sending. */
	for (int i = 1; i < TRIES && error && datagram->fd >= 0 && !is_unix(datagram); i++) {
		read_refusals(datagram);
		error = try_send(datagram, bytes, size);
	}
	if (error && needs_new_socket(datagram, error)) {
		error = connect_anew(datagram);
		if (!error)
			error = try_send(datagram, bytes, size);
	}
	return error;
}

/* Counts a datagram by what became of it. */
static void account(struct datagram *datagram, const void *bytes, size_t size, uint64_t points,
		    int error)
{
	if (error) {
		count_lost(datagram, points, error);
	} else {
		datagram->counts.sent++;
		datagram->counts.sent_points += points;
	}
	if (is_unix(datagram))
		return;
	recent_datagrams_add(&datagram->recent, bytes, size, points, !error);
	read_refusals(datagram); /* on this machine, they are there by now */
}

void datagram_send(struct datagram *datagram, const void *bytes, size_t size, uint64_t points)
{
	if (size > datagram_room(datagram))
		account(datagram, bytes, size, points, EMSGSIZE);
	else if (!datagram->spread)
		account(datagram, bytes, size, points, deliver(datagram, bytes, size));
	else if (!send_queue_put(&datagram->send_queue, bytes, size, points))
		account(datagram, bytes, size, points, ENOBUFS);
}

void datagram_spread(struct datagram *datagram)
{
	datagram->spread = true;
}

static bool is_full(int error)
{
	return error == EAGAIN || error == ENOBUFS;
}

/* Sends what waits, at most so many; with patience, those that find the agent's queue full
 * wait on for a while. */
static void send_waiting(struct datagram *datagram, size_t most, bool patient)
{
	struct send_queue *send_queue = &datagram->send_queue;

	for (size_t i = 0; i < most && send_queue->count; i++) {
		struct send_queue_datagram first = send_queue_first(send_queue);
		int error = deliver(datagram, first.bytes, first.size);

		if (!is_full(error)) {
			datagram->full_runs = 0;
		} else if (patient && datagram->full_runs < DATAGRAM_PATIENCE) {
			datagram->full_runs++;
			return;
		}
		account(datagram, first.bytes, first.size, first.points, error);
		send_queue_remove(send_queue);
	}
}

size_t datagram_run(struct datagram *datagram)
{
	send_waiting(datagram, DATAGRAM_BURST, true);
	return datagram->send_queue.count;
}

void datagram_flush(struct datagram *datagram)
{
	const struct timespec pause = {.tv_nsec = DATAGRAM_PAUSE_NS};

	for (int i = 0; i < DATAGRAM_FLUSH_PAUSES && datagram_run(datagram); i++)
		nanosleep(&pause, NULL);
	send_waiting(datagram, SIZE_MAX, false);
}

void datagram_counts(struct datagram *datagram, struct datagram_counts *counts)
{
	read_refusals(datagram);
	*counts = datagram->counts;
}

void datagram_close(struct datagram *datagram)
{
	if (!datagram)
		return;
	close_socket(datagram);
	send_queue_done(&datagram->send_queue);
	free(datagram);
}
