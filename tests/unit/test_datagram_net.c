/*
 * Datagrams to an agent on another host, which the test plays at the far end of a tunnel
 * device: refusals as routers write them, and an address of our own that changes.
 *
 * Needs /dev/net/tun and a network namespace of its own; skipped where there is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include <cmocka.h>

#include "export/datagram.h"

#define AGENT "10.77.0.9"
#define PORT  8125

#define IP_HEADER   20
#define UDP_HEADER  8
#define ICMP_HEADER 8

static int tunnel = -1;

static int set_address(const char *address)
{
	struct ifreq request = {.ifr_name = "tcpmetro"};
	struct sockaddr_in *value = (struct sockaddr_in *)&request.ifr_addr;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int result;

	value->sin_family = AF_INET;
	inet_pton(AF_INET, address, &value->sin_addr);
	result = ioctl(fd, SIOCSIFADDR, &request);
	inet_pton(AF_INET, "255.255.255.0", &value->sin_addr);
	result |= ioctl(fd, SIOCSIFNETMASK, &request);
	memset(&request.ifr_ifru, 0, sizeof(request.ifr_ifru));
	request.ifr_flags = IFF_UP;
	result |= ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
	return result;
}

static int make_tunnel(void **state)
{
	struct ifreq request = {.ifr_name = "tcpmetro", .ifr_flags = IFF_TUN | IFF_NO_PI};

	(void)state;
	if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return 0;

	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0 && set_address("10.77.0.1") == 0)
		tunnel = fd;
	return 0;
}

static int close_tunnel(void **state)
{
	(void)state;
	close(tunnel);
	return 0;
}

static void need_tunnel(void)
{
	if (tunnel < 0) {
		print_message("skipped: no network namespace with a tunnel device here\n");
		skip();
	}
	set_address("10.77.0.1");
}

/* The next packet to the agent, without others that a new interface sends; its size, or -1. */
static ssize_t next_packet(uint8_t packet[static 2048])
{
	for (;;) {
		struct pollfd polled = {.fd = tunnel, .events = POLLIN};

		if (poll(&polled, 1, 2000) <= 0)
			return -1;

		ssize_t size = read(tunnel, packet, 2048);

		if (size >= IP_HEADER + UDP_HEADER && packet[0] == 0x45 && packet[9] == IPPROTO_UDP)
			return size;
	}
}

static uint16_t checksum(const uint8_t *bytes, size_t size)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += (uint32_t)bytes[i] << (i % 2 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Refuses a packet by an ICMP error (RFC 792) that quotes that many bytes of its data. */
static void refuse(const uint8_t *packet, size_t quoted, uint8_t type, uint8_t code)
{
	uint8_t bytes[2048] = {0x45};
	size_t inner = IP_HEADER + UDP_HEADER + quoted;
	size_t size = IP_HEADER + ICMP_HEADER + inner;

	put16(bytes + 2, size);
	bytes[8] = 64;
	bytes[9] = IPPROTO_ICMP;
	memcpy(bytes + 12, packet + 16, 4);
	memcpy(bytes + 16, packet + 12, 4);
	put16(bytes + 10, checksum(bytes, IP_HEADER));
	bytes[IP_HEADER] = type;
	bytes[IP_HEADER + 1] = code;
	memcpy(bytes + IP_HEADER + ICMP_HEADER, packet, inner);
	put16(bytes + IP_HEADER + 2, checksum(bytes + IP_HEADER, ICMP_HEADER + inner));
	assert_int_equal(write(tunnel, bytes, size), size);
}

static struct datagram *open_agent(void)
{
	struct datagram *datagram = NULL;

	assert_int_equal(datagram_open(AGENT, PORT, &datagram, NULL), 0);
	return datagram;
}

/* Sends datagram number n, of 300 bytes and n points. */
static void send_number(struct datagram *datagram, unsigned number)
{
	char bytes[300];

	memset(bytes, 'd', sizeof(bytes));
	memcpy(bytes, &number, sizeof(number));
	datagram_send(datagram, bytes, sizeof(bytes), number);
}

static void assert_counts(struct datagram *datagram, uint64_t sent_points, uint64_t lost,
			  uint64_t lost_points)
{
	struct datagram_counts counts;

	datagram_counts(datagram, &counts);
	for (int i = 0; counts.lost < lost && i < 200; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
		datagram_counts(datagram, &counts);
	}
	assert_int_equal(counts.lost, lost);
	assert_int_equal(counts.lost_points, lost_points);
	assert_int_equal(counts.sent_points, sent_points);
}

/* Refusals arrive later than the next datagrams go out, and not for each. */
static void refusals_that_come_late(void **state)
{
	static uint8_t packet[10][2048];

	(void)state;
	need_tunnel();

	struct datagram *datagram = open_agent();

	for (unsigned i = 0; i < 10; i++)
		send_number(datagram, 1U << i);
	for (unsigned i = 0; i < 10; i++)
		assert_true(next_packet(packet[i]) > 0);
	refuse(packet[2], 300, 3, 3);  /* port unreachable, quoted whole */
	refuse(packet[5], 100, 3, 1);  /* host unreachable, quoted as RFC 4884 has it */
	refuse(packet[0], 300, 11, 0); /* it went round in circles */
	assert_counts(datagram, 1023 - 4 - 32 - 1, 3, 4 + 32 + 1);
	refuse(packet[2], 300, 3, 3); /* once more: it is lost already */
	refuse(packet[7], 64, 3, 3);
	assert_counts(datagram, 1023 - 4 - 32 - 1 - 128, 4, 4 + 32 + 1 + 128);

	/* The errors that wait on the socket do not keep the next ones from being sent. */
	refuse(packet[8], 300, 3, 3);
	refuse(packet[9], 300, 3, 3);
	nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	send_number(datagram, 1024);
	send_number(datagram, 2048);
	assert_true(next_packet(packet[0]) > 0);
	assert_true(next_packet(packet[1]) > 0);
	assert_counts(datagram, 1023 - 4 - 32 - 1 - 128 - 256 - 512 + 1024 + 2048, 6,
		      4 + 32 + 1 + 128 + 256 + 512);
	datagram_close(datagram);
}

/* Old routers quote nothing but headers: the number is correct all the same. */
static void refusals_that_quote_nothing(void **state)
{
	static uint8_t packet[4][2048];

	(void)state;
	need_tunnel();

	struct datagram *datagram = open_agent();

	for (unsigned i = 0; i < 4; i++)
		send_number(datagram, 7);
	for (unsigned i = 0; i < 4; i++)
		assert_true(next_packet(packet[i]) > 0);
	for (unsigned i = 0; i < 3; i++)
		refuse(packet[i], 0, 3, 3);
	assert_counts(datagram, 7, 3, 21);
	datagram_close(datagram);
}

static void assert_source(const uint8_t *packet, uint8_t last)
{
	assert_int_equal(packet[12], 10);
	assert_int_equal(packet[15], last);
}

static void our_address_changes(void **state)
{
	static uint8_t packet[2048];

	(void)state;
	need_tunnel();

	struct datagram *datagram = open_agent();

	send_number(datagram, 1);
	assert_true(next_packet(packet) > 0);
	assert_source(packet, 1);
	assert_int_equal(set_address("10.77.0.5"), 0);
	send_number(datagram, 2);
	assert_true(next_packet(packet) > 0);
	assert_source(packet, 5);
	refuse(packet, 300, 3, 3);
	assert_counts(datagram, 1, 1, 2);
	datagram_close(datagram);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_that_come_late),
		cmocka_unit_test(refusals_that_quote_nothing),
		cmocka_unit_test(our_address_changes),
	};

	return cmocka_run_group_tests_name("datagram_net", tests, make_tunnel, close_tunnel);
}
