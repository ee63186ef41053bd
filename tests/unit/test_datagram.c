/*
 * Datagrams to agents that are there, away, killed, back and not reading: what arrives is
 * what is counted, over UDP (IPv4, IPv6) and Unix sockets.
 */
#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "agent_helper.h"
#include "export/datagram.h"

static char folder[] = "/tmp/tcpmetro-datagram-XXXXXX";

/* Where an agent is, and how it is called. */
struct place {
	const char *address; /* NULL: a Unix socket */
	char path[108];      /* without NUL */
	char target[128];
	uint16_t port;
};

static void place_unix(struct place *place, const char *name)
{
	*place = (struct place){0};
	snprintf(place->target, sizeof(place->target), "unix://%s/%s", folder, name);
	memcpy(place->path, place->target + 7, strnlen(place->target + 7, sizeof(place->path)));
}

/* A port of loopback where nobody is; false: there is no such address here. */
static bool place_udp(struct place *place, const char *address)
{
	*place = (struct place){.address = address};
	snprintf(place->target, sizeof(place->target), "%s", address);

	int fd = agent_udp(address, &place->port);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int agent_at(struct place *place)
{
	int fd = place->address ? agent_udp(place->address, &place->port) : agent_unix(place->path);

	assert_true(fd >= 0);
	return fd;
}

static struct datagram *open_to(const struct place *place)
{
	struct datagram *datagram = NULL;
	struct error error;

	assert_int_equal(datagram_open(place->target, place->port, &datagram, &error), 0);
	return datagram;
}

/* Sends that many, numbered from first; number n holds n points. */
static void send_some(struct datagram *datagram, unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++) {
		char text[64];
		int size = snprintf(text, sizeof(text), "%u: a datagram", i);

		datagram_send(datagram, text, (size_t)size, i);
	}
}

static uint64_t sum(unsigned first, unsigned count)
{
	return (uint64_t)count * first + (uint64_t)count * (count - 1) / 2;
}

static void assert_arrive(int agent, unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++) {
		char text[64];
		char expected[64];

		snprintf(expected, sizeof(expected), "%u: a datagram", i);
		assert_true(agent_read(agent, text, sizeof(text), AGENT_WAIT_MS) > 0);
		assert_string_equal(text, expected);
	}
}

/* A refusal may be on its way for a moment, even here. */
static struct datagram_counts settled(struct datagram *datagram, uint64_t lost)
{
	struct datagram_counts counts;

	datagram_counts(datagram, &counts);
	for (int i = 0; counts.lost < lost && i < 500; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
		datagram_counts(datagram, &counts);
	}
	return counts;
}

static void assert_counts(struct datagram *datagram, uint64_t sent, uint64_t sent_points,
			  uint64_t lost, uint64_t lost_points)
{
	struct datagram_counts counts = settled(datagram, lost);

	assert_int_equal(counts.sent, sent);
	assert_int_equal(counts.sent_points, sent_points);
	assert_int_equal(counts.lost, lost);
	assert_int_equal(counts.lost_points, lost_points);
}

static void there(struct place *place)
{
	int agent = agent_at(place);
	struct datagram *datagram = open_to(place);
	char text[64];

	for (unsigned i = 0; i < 300; i += 5) {
		send_some(datagram, i, 5);
		assert_arrive(agent, i, 5);
	}
	assert_int_equal(agent_read(agent, text, sizeof(text), AGENT_QUIET_MS), -1);
	assert_counts(datagram, 300, sum(0, 300), 0, 0);
	datagram_close(datagram);
	close(agent);
}

static void away(struct place *place)
{
	struct datagram *datagram = open_to(place);
	struct datagram_counts counts;

	send_some(datagram, 1, 2000); /* more than the ring holds, and than one queue */
	assert_counts(datagram, 0, 0, 2000, sum(1, 2000));
	datagram_counts(datagram, &counts);
	assert_int_equal(counts.error, place->address ? ECONNREFUSED : ENOENT);
	datagram_close(datagram);
}

/* An agent of its own process, which tells by a byte of each datagram that it has read. */
struct process {
	pid_t pid;
	int read_by_it;
};

static struct process start_agent(struct place *place)
{
	int ends[2];
	int fd = agent_at(place);

	assert_int_equal(pipe(ends), 0);

	struct process process = {.pid = fork(), .read_by_it = ends[0]};

	assert_true(process.pid >= 0);
	if (process.pid == 0) {
		char text[64];

		close(ends[0]);
		while (recv(fd, text, sizeof(text), 0) >= 0 && write(ends[1], text, 1) == 1)
			;
		_exit(1);
	}
	close(ends[1]);
	close(fd);
	return process;
}

static void assert_read_by(const struct process *process, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct pollfd polled = {.fd = process->read_by_it, .events = POLLIN};
		char byte;

		assert_int_equal(poll(&polled, 1, AGENT_WAIT_MS), 1);
		assert_int_equal(read(process->read_by_it, &byte, 1), 1);
	}
}

static void kill_agent(const struct process *process)
{
	int status;

	kill(process->pid, SIGKILL);
	assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
	assert_true(WIFSIGNALED(status));
	close(process->read_by_it);
}

static void killed_and_back(struct place *place)
{
	struct datagram *datagram = open_to(place);
	uint64_t sent_points = 0;
	uint64_t lost_points = 0;

	for (unsigned round = 0; round < 5; round++) {
		unsigned first = round * 100;
		struct process process = start_agent(place);

		send_some(datagram, first, 8);
		assert_read_by(&process, 8);
		sent_points += sum(first, 8);
		kill_agent(&process);
		send_some(datagram, first + 8, 30);
		lost_points += sum(first + 8, 30);
		assert_counts(datagram, 8 * (round + 1), sent_points, 30 * (round + 1),
			      lost_points);
	}
	datagram_close(datagram);
}

/* Restarted between two datagrams: the second one still gets there. */
static void restarted(struct place *place)
{
	struct datagram *datagram = open_to(place);

	for (unsigned i = 0; i < 10; i++) {
		int agent = agent_at(place);

		send_some(datagram, i, 1);
		assert_arrive(agent, i, 1);
		close(agent);
	}
	assert_counts(datagram, 10, sum(0, 10), 0, 0);
	datagram_close(datagram);
}

/* The same bytes again and again, as a report of nothing new may be. */
static void all_alike(struct place *place)
{
	struct datagram *datagram = open_to(place);
	int agent = agent_at(place);
	char text[64];

	for (unsigned i = 0; i < 8; i++)
		datagram_send(datagram, "same", 4, 3);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(agent_read(agent, text, sizeof(text), AGENT_WAIT_MS), 4);
	close(agent);
	for (unsigned i = 0; i < 6; i++)
		datagram_send(datagram, "same", 4, 5);
	assert_counts(datagram, 8, 24, 6, 30);
	datagram_close(datagram);
}

/* Runs until nothing waits any more; after how many. */
static unsigned run_all(struct datagram *datagram)
{
	unsigned runs = 1;

	while (datagram_run(datagram) && runs < 10000)
		runs++;
	return runs;
}

/* Spread, a Unix agent that reads now and then gets all of a large report, in order. */
static void spread_to_a_slow_agent(void **state)
{
	struct place place;
	unsigned got = 0;

	(void)state;
	place_unix(&place, "agent");

	int agent = agent_at(&place);
	struct datagram *datagram = open_to(&place);

	datagram_spread(datagram);
	send_some(datagram, 0, 2000);
	assert_counts(datagram, 0, 0, 0, 0);
	assert_int_equal(datagram_run(datagram), 2000 - DATAGRAM_BURST);
	assert_counts(datagram, DATAGRAM_BURST, sum(0, DATAGRAM_BURST), 0, 0);
	while (got < 2000) {
		for (int i = 0; i < DATAGRAM_PATIENCE; i++)
			datagram_run(datagram);

		struct datagram_counts counts;

		datagram_counts(datagram, &counts);
		assert_true(counts.sent > got);
		assert_arrive(agent, got, (unsigned)counts.sent - got);
		got = (unsigned)counts.sent;
	}
	assert_counts(datagram, 2000, sum(0, 2000), 0, 0);
	assert_int_equal(datagram_run(datagram), 0);
	datagram_close(datagram);
	close(agent);
}

/* One that does not read at all is waited for, but not forever; then sending continues. */
static void spread_to_an_agent_not_reading(void **state)
{
	struct datagram_counts counts;
	struct place place;

	(void)state;
	place_unix(&place, "agent");

	int agent = agent_at(&place);
	struct datagram *datagram = open_to(&place);

	datagram_spread(datagram);
	send_some(datagram, 0, 3000);
	for (int i = 0; i < DATAGRAM_PATIENCE; i++)
		assert_true(datagram_run(datagram));
	datagram_counts(datagram, &counts);
	assert_int_equal(counts.lost, 0);
	assert_in_range(run_all(datagram), 100, 1000);
	datagram_counts(datagram, &counts);
	assert_int_equal(counts.sent + counts.lost, 3000);
	assert_int_equal(counts.sent_points + counts.lost_points, sum(0, 3000));
	assert_int_equal(counts.error, EAGAIN);
	assert_arrive(agent, 0, (unsigned)counts.sent);

	send_some(datagram, 4000, 5);
	assert_int_equal(datagram_run(datagram), 0);
	assert_arrive(agent, 4000, 5);
	datagram_close(datagram);
	close(agent);
}

/* At the end, all that waits goes out at once; what is not wanted any more does not. */
static void spread_and_flushed(struct place *place)
{
	int agent = agent_at(place);
	struct datagram *datagram = open_to(place);
	char text[64];

	datagram_spread(datagram);
	send_some(datagram, 0, 10);
	datagram_flush(datagram);
	assert_arrive(agent, 0, 10);
	assert_counts(datagram, 10, sum(0, 10), 0, 0);
	send_some(datagram, 10, 10);
	datagram_close(datagram);
	assert_int_equal(agent_read(agent, text, sizeof(text), AGENT_QUIET_MS), -1);
	close(agent);
}

/* Then, too, a queue of ten is not overrun. */
static void flushed_to_a_short_queue(void **state)
{
	struct datagram_counts counts;
	struct place place;

	(void)state;
	place_unix(&place, "agent");

	struct process process = start_agent(&place);
	struct datagram *datagram = open_to(&place);

	datagram_spread(datagram);
	send_some(datagram, 0, 300);
	datagram_flush(datagram);
	assert_read_by(&process, 300);
	assert_counts(datagram, 300, sum(0, 300), 0, 0);
	kill_agent(&process);

	/* One that does not read is not waited for long, and nothing is left. */
	int agent = agent_at(&place);

	send_some(datagram, 0, 3000);
	datagram_flush(datagram);
	datagram_counts(datagram, &counts);
	assert_int_equal(counts.sent + counts.lost, 3300);
	assert_in_range(counts.lost, 1, 3000);
	assert_int_equal(datagram_run(datagram), 0);
	datagram_close(datagram);
	close(agent);
}

/* Away, each is lost in its turn, and exactly counted. */
static void spread_and_away(struct place *place)
{
	struct datagram *datagram = open_to(place);

	datagram_spread(datagram);
	send_some(datagram, 0, 500);
	assert_int_equal(run_all(datagram), (500 + DATAGRAM_BURST - 1) / DATAGRAM_BURST);
	assert_counts(datagram, 0, 0, 500, sum(0, 500));
	datagram_close(datagram);
}

/* More than memory is spent on. */
static void spread_beyond_the_queue(void **state)
{
	static const char bytes[8192] = "";
	struct datagram_counts counts;
	struct place place;

	(void)state;
	place_unix(&place, "agent");

	struct datagram *datagram = open_to(&place);

	datagram_spread(datagram);
	for (int i = 0; i < 1100; i++)
		datagram_send(datagram, bytes, sizeof(bytes), 1);
	datagram_counts(datagram, &counts);
	assert_in_range(counts.lost, 77, 90); /* 9 MB; 8 MiB less the headers have room */
	assert_int_equal(counts.error, ENOBUFS);
	datagram_close(datagram);
}

static void on_each_place(void (*test)(struct place *))
{
	struct place place;

	place_unix(&place, "agent");
	unlink(place.path);
	test(&place);
	assert_true(place_udp(&place, "127.0.0.1"));
	test(&place);
	if (place_udp(&place, "::1"))
		test(&place);
	else
		print_message("without IPv6: there is no ::1 (%s)\n", strerror(errno));
}

static void agent_there(void **state)
{
	(void)state;
	on_each_place(there);
}

static void agent_away(void **state)
{
	(void)state;
	on_each_place(away);
}

static void agent_killed_and_back(void **state)
{
	(void)state;
	on_each_place(killed_and_back);
}

static void agent_restarted(void **state)
{
	(void)state;
	on_each_place(restarted);
}

static void datagrams_alike(void **state)
{
	(void)state;
	on_each_place(all_alike);
}

static void at_the_end(void **state)
{
	(void)state;
	on_each_place(spread_and_flushed);
}

static void agent_away_for_long(void **state)
{
	(void)state;
	on_each_place(spread_and_away);
}

static void agent_by_mapped_address(void **state)
{
	struct place place;
	int agent;

	(void)state;
	if (!place_udp(&place, "::1")) {
		print_message("skipped: there is no ::1 (%s)\n", strerror(errno));
		skip();
	}
	assert_true(place_udp(&place, "127.0.0.1"));
	snprintf(place.target, sizeof(place.target), "::ffff:127.0.0.1");

	struct datagram *datagram = open_to(&place);

	send_some(datagram, 1, 20);
	assert_counts(datagram, 0, 0, 20, sum(1, 20));
	agent = agent_at(&place);
	send_some(datagram, 21, 1);
	assert_arrive(agent, 21, 1);
	assert_counts(datagram, 1, 21, 20, sum(1, 20));
	datagram_close(datagram);
	close(agent);
}

/* What an agent says is not read, and must not stand in the way of refusals. */
static void agent_that_answers(void **state)
{
	struct place place;
	struct sockaddr_in sender;
	socklen_t size = sizeof(sender);
	char answer[1400] = "";

	(void)state;
	assert_true(place_udp(&place, "127.0.0.1"));

	int agent = agent_at(&place);
	struct datagram *datagram = open_to(&place);

	datagram_send(datagram, "hello", 5, 1);
	assert_int_equal(recvfrom(agent, answer, sizeof(answer), 0, (void *)&sender, &size), 5);
	for (int i = 0; i < 2000; i++)
		sendto(agent, answer, i < 500 ? sizeof(answer) : 1, 0, (void *)&sender, size);
	close(agent);
	send_some(datagram, 1, 50);
	assert_counts(datagram, 1, 1, 50, sum(1, 50));
	datagram_close(datagram);
}

static void unix_agent_not_reading(void **state)
{
	struct datagram_counts counts;
	struct place place;
	char text[64];

	(void)state;
	place_unix(&place, "agent");

	int agent = agent_at(&place);
	struct datagram *datagram = open_to(&place);

	send_some(datagram, 0, 5000); /* more than any queue holds */
	datagram_counts(datagram, &counts);
	assert_in_range(counts.sent, 1, 4999);
	assert_int_equal(counts.error, EAGAIN);
	assert_counts(datagram, counts.sent, sum(0, (unsigned)counts.sent), 5000 - counts.sent,
		      sum((unsigned)counts.sent, 5000 - (unsigned)counts.sent));

	/* What it took is there still; then it takes again. */
	assert_arrive(agent, 0, (unsigned)counts.sent);
	assert_int_equal(agent_read(agent, text, sizeof(text), AGENT_QUIET_MS), -1);
	send_some(datagram, 6000, 1);
	assert_arrive(agent, 6000, 1);
	assert_counts(datagram, counts.sent + 1, sum(0, (unsigned)counts.sent) + 6000,
		      5000 - counts.sent, sum((unsigned)counts.sent, 5000 - (unsigned)counts.sent));
	datagram_close(datagram);
	close(agent);
}

/* The file of a socket that was never unlinked, one that is no datagram socket's, and none. */
static void unix_path_without_an_agent(void **state)
{
	struct datagram_counts counts;
	struct place place;

	(void)state;
	place_unix(&place, "agent");
	close(agent_at(&place));

	struct datagram *datagram = open_to(&place);

	send_some(datagram, 1, 3);
	datagram_counts(datagram, &counts);
	assert_int_equal(counts.lost, 3);
	assert_int_equal(counts.error, ECONNREFUSED);
	unlink(place.path);
	send_some(datagram, 4, 1);
	datagram_counts(datagram, &counts);
	assert_int_equal(counts.error, ENOENT);

	int stream = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, place.path, strlen(place.path));
	assert_int_equal(bind(stream, (struct sockaddr *)&address, sizeof(address)), 0);
	send_some(datagram, 5, 1);
	datagram_counts(datagram, &counts);
	assert_int_equal(counts.error, EPROTOTYPE);
	close(stream);

	int agent = agent_at(&place);

	send_some(datagram, 6, 1);
	assert_arrive(agent, 6, 1);
	assert_counts(datagram, 1, 6, 5, sum(1, 5));
	datagram_close(datagram);
	close(agent);
}

static void largest_datagrams(void **state)
{
	static char bytes[8193];
	static char read_bytes[9000];
	struct place place;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)('a' + i % 26);
	for (int udp = 0; udp < 2; udp++) {
		size_t room = udp ? 1432 : 8192;

		if (udp)
			assert_true(place_udp(&place, "127.0.0.1"));
		else
			place_unix(&place, "agent");

		int agent = agent_at(&place);
		struct datagram *datagram = open_to(&place);

		assert_int_equal(datagram_room(datagram), room);
		datagram_send(datagram, bytes, room + 1, 4);
		datagram_send(datagram, bytes, room, 5);
		assert_int_equal(agent_read(agent, read_bytes, sizeof(read_bytes), AGENT_WAIT_MS),
				 room);
		assert_memory_equal(read_bytes, bytes, room);
		assert_counts(datagram, 1, 5, 1, 4);
		datagram_close(datagram);
		close(agent);
	}
}

/* sun_path may be filled to its end. */
static void longest_path(void **state)
{
	struct place place;
	char name[109] = "";

	(void)state;
	memset(name, 'n', 108 - strlen(folder) - 1);
	*name = 'N';
	place = (struct place){0};
	snprintf(place.target, sizeof(place.target), "unix://%s/%s", folder, name);
	assert_int_equal(strlen(place.target), 7 + 108);

	/* valgrind takes the path for a string, which ends behind sun_path here. */
	struct {
		struct sockaddr_un address;
		char zero;
	} at = {.address.sun_family = AF_UNIX};
	int agent = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct datagram *datagram = open_to(&place);

	memcpy(at.address.sun_path, place.target + 7, 108);
	assert_int_equal(bind(agent, (struct sockaddr *)&at.address, sizeof(at.address)), 0);
	send_some(datagram, 1, 1);
	assert_arrive(agent, 1, 1);
	datagram_close(datagram);
	close(agent);
	unlink(place.target + 7);
}

static unsigned open_fds(bool check_flags)
{
	DIR *fds = opendir("/proc/self/fd");
	struct dirent *entry;
	unsigned count = 0;

	assert_non_null(fds);
	while ((entry = readdir(fds))) {
		int fd = atoi(entry->d_name);
		struct stat status;

		if (entry->d_name[0] == '.' || fstat(fd, &status) || !S_ISSOCK(status.st_mode))
			continue;
		count++;
		if (check_flags) {
			assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
			assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
		}
	}
	closedir(fds);
	return count;
}

static void one_descriptor(void **state)
{
	const unsigned before = open_fds(false);
	struct place place;

	(void)state;
	place_unix(&place, "nobody");

	struct datagram *local = open_to(&place);

	assert_true(place_udp(&place, "127.0.0.1"));

	struct datagram *udp = open_to(&place);

	for (int i = 0; i < 3; i++) {
		send_some(local, 0, 10);
		send_some(udp, 0, 10);
		assert_in_range(open_fds(before == 0), before, before + 2);
	}
	datagram_close(local);
	datagram_close(udp);
	datagram_close(NULL);
	assert_int_equal(open_fds(false), before);
}

static void wrong_targets(void **state)
{
	static const char *const wrong[] = {"",          "agent.example", "10.0.0.1:8125",
					    "unix://",   "unix://agent",  "unix:/agent",
					    "10.0.0.1/8"};
	char longest[256] = "unix:///";
	struct datagram *datagram = (struct datagram *)&longest;
	struct error error = {""};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(datagram_open(wrong[i], 8125, &datagram, &error), -EINVAL);
		assert_non_null(strstr(error.text, wrong[i]));
	}
	memset(longest + 8, 'p', 108);
	assert_int_equal(datagram_open(longest, 0, &datagram, &error), -EINVAL);
	assert_non_null(strstr(error.text, "at most 108 bytes"));
	assert_int_equal(datagram_open("127.0.0.1", 0, &datagram, &error), -EINVAL);
	assert_non_null(strstr(error.text, "1 to 65535"));
	assert_int_equal(datagram_open("127.0.0.1", 0, &datagram, NULL), -EINVAL);
	assert_ptr_equal(datagram, longest);
}

static void loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
}

/* In a network namespace, where there is no way to anybody until loopback is up. Writes
 * the counts of then and now; nothing: there can be no namespace. */
static void in_namespace(int to)
{
	struct datagram_counts counts[2] = {0};
	struct datagram *datagram;
	uint16_t port = 8125;
	char text[64];

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		_exit(77);
	if (datagram_open("127.0.0.1", port, &datagram, NULL))
		_exit(1);
	send_some(datagram, 1, 5);
	datagram_counts(datagram, &counts[0]);
	loopback_up();

	int agent = agent_udp("127.0.0.1", &port);

	send_some(datagram, 6, 1);
	if (agent < 0 || agent_read(agent, text, sizeof(text), AGENT_WAIT_MS) < 0)
		_exit(2);
	datagram_counts(datagram, &counts[1]);
	if (write(to, counts, sizeof(counts)) != sizeof(counts))
		_exit(3);
	datagram_close(datagram);
	_exit(0);
}

static void network_that_comes_later(void **state)
{
	struct datagram_counts counts[2];
	int ends[2];
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0)
		in_namespace(ends[1]);
	close(ends[1]);

	ssize_t size = read(ends[0], counts, sizeof(counts));

	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("skipped: no network namespace may be made here\n");
		skip();
	}
	assert_int_equal(status, 0);
	assert_int_equal(size, sizeof(counts));
	assert_int_equal(counts[0].sent, 0);
	assert_int_equal(counts[0].lost, 5);
	assert_int_equal(counts[0].lost_points, sum(1, 5));
	assert_int_equal(counts[0].error, ENETUNREACH);
	assert_int_equal(counts[1].sent, 1);
	assert_int_equal(counts[1].lost, 5);
}

static int make_folder(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_DFL); /* a socket that raised it would end the test */
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	struct place place;

	(void)state;
	place_unix(&place, "agent");
	unlink(place.path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agent_there),
		cmocka_unit_test(agent_away),
		cmocka_unit_test(agent_killed_and_back),
		cmocka_unit_test(agent_restarted),
		cmocka_unit_test(datagrams_alike),
		cmocka_unit_test(agent_by_mapped_address),
		cmocka_unit_test(agent_that_answers),
		cmocka_unit_test(unix_agent_not_reading),
		cmocka_unit_test(unix_path_without_an_agent),
		cmocka_unit_test(largest_datagrams),
		cmocka_unit_test(longest_path),
		cmocka_unit_test(one_descriptor),
		cmocka_unit_test(wrong_targets),
		cmocka_unit_test(spread_to_a_slow_agent),
		cmocka_unit_test(spread_to_an_agent_not_reading),
		cmocka_unit_test(at_the_end),
		cmocka_unit_test(flushed_to_a_short_queue),
		cmocka_unit_test(agent_away_for_long),
		cmocka_unit_test(spread_beyond_the_queue),
		cmocka_unit_test(network_that_comes_later),
	};

	return cmocka_run_group_tests_name("datagram", tests, make_folder, remove_folder);
}
