/*
 * The table of all options: their names on the command line and in the configuration file,
 * their arguments, their help, and the field that each value is stored in.
 *
 * A row has a name for the command line, a key for the file, or both. A command-line option
 * without a key does not apply to a service and is rejected with -c.
 */
#ifndef CONFIG_OPTIONS_TABLE_H
#define CONFIG_OPTIONS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/options.h"

enum kind {
	KIND_FLAG,     /* bool: set by the option (cleared if .off), or the file's value */
	KIND_ACTION,   /* unsigned: set to .minimum */
	KIND_CHOICE,   /* unsigned: the index of the word in .choices */
	KIND_EITHER,   /* bool: false for the first of .choices, true for the second */
	KIND_LEVEL,    /* unsigned: enum log_level, by name */
	KIND_TEXT,     /* const char * */
	KIND_TEXTS,    /* adds to an array of const char * */
	KIND_NUMBER,   /* uint64_t within .minimum and .maximum */
	KIND_SIZE,     /* uint64_t bytes, with a unit; the bounds are multiples of 2^20 */
	KIND_DURATION, /* int64_t ns within .minimum and .maximum */
	KIND_SECONDS,  /* as KIND_DURATION, but a number without a unit is seconds */
	KIND_GROUPING, /* sets options.group_by, .by_interface and .by_tunnel */
	KIND_PORTS,    /* adds to an array of struct tcpm_tunnel_port: KIND=PORT */
	KIND_PREFIXES, /* adds to an array of struct prefix */
};

/* The part of the configuration file that a key belongs to, and the struct that the value is
 * stored in. */
enum scope {
	SCOPE_GENERAL,  /* init_config: struct options */
	SCOPE_INSTANCE, /* an entry of instances: struct instance */
};

/* The heading of an option in --help and in the man page, in this order. */
enum section {
	SECTION_NONE, /* of no row */
	SECTION_INPUT,
	SECTION_GROUPING,
	SECTION_REPORT,
	SECTION_LIVE,
	SECTION_LIMITS,
	SECTION_SERVICE,
	SECTION_STATSD,
	SECTION_PROMETHEUS,
	SECTION_NAMES,
	SECTION_LOG,
	SECTION_INSTANCE,
	SECTION_GENERAL,
	SECTIONS,
};

/* Checks a text value. 0, or -EINVAL: *error says what was expected. */
typedef int check_text(const char *value, struct error *error);

/* An option. */
struct row {
	const char *name; /* NULL: not on the command line */
	char letter;      /* 0: none */
	enum kind kind;
	bool off;             /* KIND_FLAG: the option on the command line clears */
	bool unique;          /* KIND_TEXTS: a repeated value is an error */
	size_t offset;        /* of the value */
	size_t count_offset;  /* of an array: of its size_t count */
	const char *argument; /* the argument's name for --help; NULL: takes none */
	const char *const *choices;
	uint64_t minimum;
	uint64_t maximum;
	uint64_t zero;     /* KIND_SECONDS: the value stored for 0 */
	check_text *check; /* KIND_TEXT and KIND_TEXTS; NULL: any text is valid */
	const char *key;   /* NULL: not in the file */
	enum scope scope;
	enum section section;
	const char *help; /* NULL: only in the man page */
};

extern const struct row options_table[];
extern const size_t options_rows;

/* The title of a section. */
const char *section_title(enum section section);

/* Whether the row's value is a list. */
bool row_is_list(const struct row *row);

/* The row of a command-line option, or of a key; NULL: not found. */
const struct row *row_of_name(const char *name);
const struct row *row_of_key(enum scope scope, const char *key);

/* Records that the command line has the option, so that the file does not change its value. */
void row_set_given(struct options *options, const struct row *row);

/* Whether the command line has the option. */
bool row_is_given(const struct options *options, const struct row *row);

/* The set behind these two, by row number below OPTIONS_MAX_ROWS. */
void option_set_add(struct option_set *set, size_t row);
bool option_set_has(const struct option_set *set, size_t row);

/* Fills in the defaults and allocates room for max values of each option that can be
 * repeated. 0, or -ENOMEM; after 0, options_done frees. */
int options_init(struct options *options, size_t max, struct error *error);

#endif
