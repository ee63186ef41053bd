/*
 * How the value of an option is read: for options.c alone.
 */
#ifndef CONFIG_VALUES_H
#define CONFIG_VALUES_H

#include "config/options.h"

enum kind {
	KIND_FLAG,       /* bool: set to true; cleared by an option with .off */
	KIND_ACTION,     /* unsigned: set to .minimum */
	KIND_CHOICE,     /* unsigned: the index of the word in .choices */
	KIND_TEXT,       /* const char * */
	KIND_NUMBER,     /* uint64_t within .minimum and .maximum */
	KIND_DURATION,   /* int64_t ns within .minimum and .maximum */
	KIND_FILES,      /* adds to options.files */
	KIND_INTERFACES, /* adds to options.interfaces */
	KIND_GROUPING,   /* sets options.group_by, .by_interface and .by_tunnel */
	KIND_PORTS,      /* adds to options.tunnel_ports: KIND=PORT */
	KIND_PREFIXES,   /* adds to options.local */
};

/* An option. */
struct row {
	const char *name;
	char letter; /* 0: none */
	enum kind kind;
	bool off;
	size_t offset;        /* in struct options */
	const char *argument; /* what it takes, for --help */
	const char *const *choices;
	uint64_t minimum;
	uint64_t maximum;
	const char *help; /* NULL: not worth a line of the screen, see the man page */
};

/* Reads the value of the row's option into options. 0, or -EINVAL: *error names the
 * option, the value and what was expected. Strings are kept, not copied. */
int value_set(const struct row *row, struct options *options, const char *value,
	      struct error *error);

#endif
