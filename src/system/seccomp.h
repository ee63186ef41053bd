/*
 * The right to see packets, taken from a thread by a filter of system calls (seccomp(2)).
 *
 * For where a service manager's own filter forbids capset, by which rights are given up. The
 * thread keeps CAP_NET_RAW and cannot use it: it opens no socket that needs it.
 */
#ifndef SYSTEM_SECCOMP_H
#define SYSTEM_SECCOMP_H

/* From now on the calling thread, and those that it starts, cannot open packet and raw
 * sockets (EPERM). For good. 0, or a negative errno. */
int seccomp_deny_sockets(void);

#endif
