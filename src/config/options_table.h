/*
 * The table of all options: what each is called on the command line and in the
 * configuration file, what it takes, what it means, and where its value goes.
 *
 * A row has a name for the command line, a key for the file, or both. An option of the
 * command line that has no key makes no sense for a service, and is refused with -c.
 */
#ifndef CONFIG_OPTIONS_TABLE_H
#define CONFIG_OPTIONS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/options.h"

enum kind {
	KIND_FLAG,     /* bool: set by a bare option (cleared, with .off), or as the file says */
	KIND_ACTION,   /* unsigned: set to .minimum */
	KIND_CHOICE,   /* unsigned: the index of the word in .choices */
	KIND_EITHER,   /* bool: false for the first of .choices, true for the second */
	KIND_LEVEL,    /* unsigned: enum log_level, by name */
	KIND_TEXT,     /* const char * */
	KIND_TEXTS,    /* adds to an array of const char * */
	KIND_NUMBER,   /* uint64_t within .minimum and .maximum */
	KIND_SIZE,     /* the same of bytes, with a unit; the bounds are whole numbers of 2^20 */
	KIND_DURATION, /* int64_t ns within .minimum and .maximum */
	KIND_SECONDS,  /* the same, but a bare number is one of seconds */
	KIND_GROUPING, /* sets options.group_by, .by_interface and .by_tunnel */
	KIND_PORTS,    /* adds to an array of struct tcpm_tunnel_port: KIND=PORT */
	KIND_PREFIXES, /* adds to an array of struct prefix */
};

/* Where in the file a key stands. */
enum section {
	SECTION_GENERAL,  /* init_config: values go into struct options */
	SECTION_INSTANCE, /* an entry of instances: into struct instance */
};

/* Whether a text may be the option's value. 0, or -EINVAL: *error says what was expected. */
typedef int check_text(const char *value, struct error *error);

/* An option. */
struct row {
	const char *name; /* NULL: not on the command line */
	char letter;      /* 0: none */
	enum kind kind;
	bool off;             /* the bare option clears */
	bool unique;          /* KIND_TEXTS: the same one twice is an error */
	size_t offset;        /* of the value */
	size_t count_offset;  /* of an array: of its size_t count */
	const char *argument; /* what it takes, for --help */
	const char *const *choices;
	uint64_t minimum;
	uint64_t maximum;
	uint64_t zero;     /* KIND_SECONDS: what stands for 0 */
	check_text *check; /* KIND_TEXT and KIND_TEXTS; NULL: anything may be */
	const char *key;   /* NULL: not in the file */
	enum section section;
	const char *help; /* NULL: not worth a line of the screen, see the man page */
};

extern const struct row options_table[];
extern const size_t options_rows;

/* More than the table has: for arrays on the stack. */
#define OPTIONS_MOST_ROWS 96

/* Whether the values of the row are a list. */
bool row_is_list(const struct row *row);

/* The row of an option of the command line, or of a key; NULL: there is none. */
const struct row *row_of_name(const char *name);
const struct row *row_of_key(enum section section, const char *key);

/* Notes that the row was given, so that the file does not change its value; and asks. */
void row_give(struct options *options, const struct row *row);
bool row_given(const struct options *options, const struct row *row);

/* Fills in the defaults, and room for most of anything that can be given repeatedly. 0, or
 * -ENOMEM; after 0, options_done frees. */
int options_init(struct options *options, size_t most, struct error *error);

#endif
