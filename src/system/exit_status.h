/*
 * How the program ends (man page, EXIT STATUS).
 */
#ifndef SYSTEM_EXIT_STATUS_H
#define SYSTEM_EXIT_STATUS_H

enum exit_status {
	EXIT_ALL_DONE = 0,
	EXIT_NOT_ALL = 1,
	EXIT_USAGE = 2,
};

#endif
