/*
 * The program: what was asked, done.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/complain.h"
#include "app/files.h"
#include "app/live.h"
#include "config/options.h"
#include "tcpmetro.h"

/* Whether all that was printed arrived. */
static enum exit_status end_printing(void)
{
	if (fflush(stdout) == 0)
		return EXIT_ALL_DONE;
	complain("cannot write to standard output: %s", strerror(errno));
	return EXIT_NOT_ALL;
}

static enum exit_status print_help(void)
{
	char *text = options_help();

	if (!text) {
		complain("out of memory");
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

static enum exit_status act(const struct options *options)
{
	switch (options->action) {
	case ACTION_HELP:
		return print_help();
	case ACTION_VERSION:
		return print_version();
	case ACTION_LIST_INTERFACES:
		return print_interfaces();
	case ACTION_RUN:
		break;
	}
	if (options->file_count)
		return run_files(options);
	if (options->interface_count)
		return run_live(options);
	complain("nothing to read: name a capture with -r FILE or an interface with -i NAME; see "
		 "tcpmetro --help");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct options options;
	struct error error;
	enum exit_status status;
	int result = options_parse(argc, argv, &options, &error);

	if (result < 0) {
		complain("%s", error.text);
		return result == -EINVAL ? EXIT_USAGE : EXIT_NOT_ALL;
	}
	status = act(&options);
	options_done(&options);
	return (int)status;
}
