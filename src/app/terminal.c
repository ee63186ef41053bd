/*
 * Opening and closing of the alternate screen: see screen.h.
 */
#include "app/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "system/message.h"

bool terminal_can_draw(void)
{
	const char *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && terminal && *terminal && strcmp(terminal, "dumb") != 0;
}

static void put(const char *sequence)
{
	ssize_t result = write(STDOUT_FILENO, sequence, strlen(sequence));

	(void)result; /* a terminal that is gone shows in the next drawing */
}

void terminal_open(void)
{
	message_hold(true);
	put(report_screen_open);
}

void terminal_close(void)
{
	put(report_screen_close);
	message_hold(false);
}

void terminal_size(struct terminal_window *window)
{
	struct winsize size;

	*window = (struct terminal_window){.rows = 24, .columns = 80};
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
		*window = (struct terminal_window){.rows = size.ws_row, .columns = size.ws_col};
}
