/*
 * Runs a command and writes down what processor time it took.
 *
 *	usage FILE COMMAND [ARGUMENT...]
 *
 * At SIGUSR1 the time that the command has taken so far is noted, so that its start can
 * be separated from its work. SIGINT and SIGTERM are passed on. When the command has ended,
 * FILE holds one line:
 *	noted N total N user N system N ns, memory N kB, status N
 * `noted` is the time at the last SIGUSR1, 0 if there was none; `memory` the largest
 * resident set; `status` the exit status, or 128 and the signal that ended the command.
 * All threads of the command count. Exits with that status.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "usage: %s: %s\n", what, strerror(errno));
	exit(125);
}

static long long time_ns(const struct timeval *time)
{
	return time->tv_sec * 1000000000LL + time->tv_usec * 1000LL;
}

/* 0 if it is unknown, as when the process has just ended. */
static long long process_ns(pid_t pid)
{
	clockid_t clock;
	struct timespec time;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
		return 0;
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static pid_t start(char **command, const sigset_t *mask)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, mask, NULL);
		/* A shell that starts something in the background lets it ignore SIGINT. */
		signal(SIGINT, SIG_DFL);
		execvp(command[0], command);
		fail(command[0]);
	}
	return pid;
}

int main(int argc, char **argv)
{
	sigset_t signals, before;
	struct rusage used;
	long long noted_ns = 0;
	int status;
	pid_t pid;
	FILE *file;

	if (argc < 3) {
		fprintf(stderr, "usage: usage FILE COMMAND [ARGUMENT...]\n");
		return 125;
	}
	/* Signals are waited for, so none is missed between fork and wait. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, &before);
	signal(SIGINT, SIG_DFL); /* an ignored signal would not be waited for */
	pid = start(argv + 2, &before);
	while (wait4(pid, &status, WNOHANG, &used) == 0) {
		int number;

		if (sigwait(&signals, &number) != 0)
			fail("sigwait");
		if (number == SIGUSR1)
			noted_ns = process_ns(pid);
		else if (number != SIGCHLD)
			kill(pid, number);
	}
	status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	file = fopen(argv[1], "w");
	if (file == NULL)
		fail(argv[1]);
	fprintf(file, "noted %lld total %lld user %lld system %lld ns, memory %ld kB, status %d\n",
		noted_ns, time_ns(&used.ru_utime) + time_ns(&used.ru_stime),
		time_ns(&used.ru_utime), time_ns(&used.ru_stime), used.ru_maxrss, status);
	if (fclose(file) != 0)
		fail(argv[1]);
	return status;
}
