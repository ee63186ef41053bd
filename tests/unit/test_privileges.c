/*
 * Rights given up, in processes that have some: as under a service manager, one capability
 * and no root; and where a filter of system calls forbids capset. Needs root.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cmocka.h>

#include "system/privileges.h"
#include "system/seccomp.h"

#define NOBODY 65534

/* What a child found wrong, as its exit status. */
#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "line %d: not %s (%s)\n", __LINE__, #condition,            \
				strerror(errno));                                                  \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* Runs it in a process of its own. */
static void apart(void (*child)(void))
{
	int status;
	pid_t pid;

	if (geteuid() != 0) {
		print_message("needs root\n");
		skip();
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		child();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int open_kind(int family, int type)
{
	const int fd = socket(family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void become_service(uint32_t capabilities)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{capabilities, capabilities, capabilities}};

	EXPECT(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
	EXPECT(setresuid(NOBODY, NOBODY, NOBODY) == 0);
	EXPECT(syscall(SYS_capset, &head, data) == 0);
	EXPECT(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0) == 0);
	EXPECT(open_kind(AF_PACKET, SOCK_RAW) == 0);
}

static void forbid_capset(void)
{
	struct sock_filter lines[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_capset, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = {4, lines};

	EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	EXPECT(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0);
}

static void drop(bool keep_raw)
{
	const struct privileges self = {.uid = NOBODY, .gid = NOBODY};
	struct error error = {""};

	if (privileges_drop(&self, keep_raw, &error) != 0) {
		fprintf(stderr, "%s\n", error.text);
		_exit(1);
	}
	EXPECT(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_NET_RAW, 0, 0) == 0);
	EXPECT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void *in_thread(void *user)
{
	(void)user;
	EXPECT(open_kind(AF_PACKET, SOCK_RAW) == 0);
	privileges_drop_thread();
	EXPECT(open_kind(AF_PACKET, SOCK_RAW) == -EPERM);
	EXPECT(open_kind(AF_INET, SOCK_RAW) < 0);
	return NULL;
}

static void keeps_raw(void)
{
	pthread_t thread;

	drop(true);
	EXPECT(pthread_create(&thread, NULL, in_thread, NULL) == 0);
	EXPECT(pthread_join(thread, NULL) == 0);
	EXPECT(open_kind(AF_PACKET, SOCK_RAW) == 0);
}

static void keeps_nothing(void)
{
	drop(false);
	EXPECT(open_kind(AF_PACKET, SOCK_RAW) == -EPERM);
	EXPECT(open_kind(AF_PACKET, SOCK_DGRAM) == -EPERM);
	EXPECT(open_kind(AF_INET, SOCK_RAW) < 0);
	EXPECT(open_kind(AF_INET, SOCK_DGRAM) == 0);
}

static void confined(void)
{
	const int open_before = socket(AF_PACKET, SOCK_RAW, 0);

	EXPECT(open_before >= 0);
	EXPECT(seccomp_deny_sockets() == 0);
	EXPECT(open_kind(AF_PACKET, SOCK_RAW) == -EPERM);
	EXPECT(open_kind(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK) == -EPERM);
	EXPECT(open_kind(AF_INET, SOCK_RAW) == -EPERM);
	EXPECT(open_kind(AF_INET6, SOCK_RAW | SOCK_NONBLOCK) == -EPERM);
	EXPECT(open_kind(AF_INET, SOCK_PACKET) == -EPERM);
	EXPECT(syscall(SYS_io_uring_setup, 1, NULL) == -1 && errno == EPERM);
	/* Everything else still works. */
	EXPECT(open_kind(AF_NETLINK, SOCK_RAW) == 0);
	EXPECT(open_kind(AF_INET, SOCK_DGRAM) == 0);
	EXPECT(open_kind(AF_INET, SOCK_STREAM) == 0);
	EXPECT(open_kind(AF_UNIX, SOCK_DGRAM) == 0);
	EXPECT(close(open_before) == 0);
}

static void child_raw(void)
{
	become_service(1u << CAP_NET_RAW);
	keeps_raw();
}

static void child_raw_filtered(void)
{
	become_service(1u << CAP_NET_RAW);
	forbid_capset();
	keeps_raw();
}

static void child_nothing(void)
{
	become_service(1u << CAP_NET_RAW);
	keeps_nothing();
}

static void child_nothing_filtered(void)
{
	become_service(1u << CAP_NET_RAW);
	forbid_capset();
	keeps_nothing();
}

/* More than that cannot be left as it is: the program must not continue. */
static void child_more(void)
{
	const struct privileges self = {.uid = NOBODY, .gid = NOBODY};
	struct error error;

	become_service(1u << CAP_NET_RAW | 1u << CAP_NET_ADMIN);
	forbid_capset();
	EXPECT(privileges_drop(&self, true, &error) == -EPERM);
	EXPECT(strstr(error.text, "cannot drop the capabilities"));
}

static void one_right_kept(void **state)
{
	(void)state;
	apart(child_raw);
}

static void one_right_kept_without_capset(void **state)
{
	(void)state;
	apart(child_raw_filtered);
}

static void none_kept(void **state)
{
	(void)state;
	apart(child_nothing);
}

static void none_kept_without_capset(void **state)
{
	(void)state;
	apart(child_nothing_filtered);
}

static void more_than_one(void **state)
{
	(void)state;
	apart(child_more);
}

static void sockets(void **state)
{
	(void)state;
	apart(confined);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_right_kept), cmocka_unit_test(one_right_kept_without_capset),
		cmocka_unit_test(none_kept),      cmocka_unit_test(none_kept_without_capset),
		cmocka_unit_test(more_than_one),  cmocka_unit_test(sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
