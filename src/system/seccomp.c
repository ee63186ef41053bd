/*
 * A filter of system calls for one thread: see confine.h.
 */
#include "system/seccomp.h"

#include <errno.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#if defined(__x86_64__) && !defined(__ILP32__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && defined(__LP64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#endif

#ifdef ARCHITECTURE

/* The low half of an argument; all of these machines are little-endian. */
#define ARGUMENT(number) (offsetof(struct seccomp_data, args) + 8 * (number))

#define LOAD(offset)         BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define IF(value, then, els) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (then), (els))
#define RETURN(value)        BPF_STMT(BPF_RET | BPF_K, (value))

/* Bits of a socket's type that are flags (socket(2)). */
#define TYPE_MASK 0xfu

int seccomp_deny_sockets(void)
{
	/* Each jump counts the lines that it leaves out. */
	struct sock_filter lines[] = {
		LOAD(offsetof(struct seccomp_data, arch)),
		IF(ARCHITECTURE, 0, 13),
		LOAD(offsetof(struct seccomp_data, nr)),
		/* Calls of x86-64's other interface, x32, and what would open sockets unseen. */
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 11, 0),
		IF(SYS_io_uring_setup, 10, 0),
		IF(SYS_socket, 0, 8),
		LOAD(ARGUMENT(0)),
		IF(AF_PACKET, 7, 0),
		IF(AF_INET, 1, 0),
		IF(AF_INET6, 0, 4),
		LOAD(ARGUMENT(1)),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TYPE_MASK),
		IF(SOCK_RAW, 2, 0),
		IF(SOCK_PACKET, 1, 0),
		RETURN(SECCOMP_RET_ALLOW),
		RETURN(SECCOMP_RET_ERRNO | EPERM),
	};
	const struct sock_fprog filter = {
		.len = sizeof(lines) / sizeof(lines[0]),
		.filter = lines,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) < 0)
		return -errno;
	return 0;
}

#else

int seccomp_deny_sockets(void)
{
	return -ENOSYS;
}

#endif
