/*
 * Opening and closing of the alternate screen: see screen.h.
 */
#include "app/screen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/complain.h"

bool screen_possible(void)
{
	const char *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && terminal && *terminal && strcmp(terminal, "dumb") != 0;
}

static void put(const char *sequence)
{
	ssize_t result = write(STDOUT_FILENO, sequence, strlen(sequence));

	(void)result; /* a terminal that is gone shows in the next drawing */
}

void screen_open(void)
{
	complain_hold(true);
	put(output_screen_open);
}

void screen_close(void)
{
	put(output_screen_close);
	complain_hold(false);
}

void screen_window(struct output_window *window)
{
	struct winsize size;

	*window = (struct output_window){.rows = 24, .columns = 80};
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
		*window = (struct output_window){.rows = size.ws_row, .columns = size.ws_col};
}
