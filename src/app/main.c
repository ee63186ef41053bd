/*
 * The program: what was asked, done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/run_files.h"
#include "app/run_live.h"
#include "config/gometro.h"
#include "config/options.h"
#include "service/service.h"
#include "system/message.h"
#include "tcpmetro.h"

/* Whether all that was printed arrived. */
static enum exit_status end_printing(void)
{
	if (fflush(stdout) == 0)
		return EXIT_ALL_DONE;
	message_print("cannot write to standard output: %s", strerror(errno));
	return EXIT_NOT_ALL;
}

static enum exit_status print_help(bool gometro)
{
	char *text = gometro ? strdup(gometro_help()) : options_help();

	if (!text) {
		message_print("out of memory");
		return EXIT_NOT_ALL;
	}
	fputs(text, stdout);
	free(text);
	return end_printing();
}

static enum exit_status print_version(void)
{
	printf("tcpmetro %s\n", tcpm_version());
	return end_printing();
}

static enum exit_status print_interfaces(void)
{
	enum exit_status status = list_interfaces();
	enum exit_status printed = end_printing();

	return status == EXIT_ALL_DONE ? printed : status;
}

static enum exit_status act(const struct options *options, bool gometro)
{
	switch (options->action) {
	case ACTION_HELP:
		return print_help(gometro);
	case ACTION_VERSION:
		return print_version();
	case ACTION_LIST_INTERFACES:
		return print_interfaces();
	case ACTION_RUN:
		break;
	}
	if (options->config)
		return options->check ? check_service(options) : run_service(options);
	if (options->file_count)
		return run_files(options);
	if (options->interface_count)
		return run_live(options);
	message_print(
		"nothing to read: specify a capture with -r FILE, an interface with -i NAME, or a "
		"configuration with -c FILE; see tcpmetro --help");
	return EXIT_USAGE;
}

/* Where one of the first three descriptors is closed, a file that is opened later would take
 * its place, and what is said would be written into that. */
static void keep_standard_descriptors(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
			_exit(EXIT_NOT_ALL);
}

int main(int argc, char **argv)
{
	struct options options;
	struct error error;
	enum exit_status status;
	bool gometro = gometro_is_called(argc > 0 ? argv[0] : NULL);
	int result;

	keep_standard_descriptors();
	result = gometro ? gometro_parse(argc, argv, &options, &error)
			 : options_parse(argc, argv, &options, &error);
	if (result < 0) {
		message_print("%s", error.text);
		return result == -EINVAL ? EXIT_USAGE : EXIT_NOT_ALL;
	}
	status = act(&options, gometro);
	options_done(&options);
	return (int)status;
}
