/*
 * The program's voice: one line on standard error. Any thread may use it.
 */
#ifndef SYSTEM_MESSAGE_H
#define SYSTEM_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

/* Prints "tcpmetro: ", the sentence, and a line end; control characters in it, which
 * may come from a file's name, as '?'. */
void message_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* While the terminal shows something else, sentences are kept: the first ones and the
 * last one, and the number of those between. false: prints them. */
void message_hold(bool hold);

/* From now on, sentences go to say, which must not complain itself, instead of standard
 * error. NULL: to standard error again. */
void message_redirect(void (*say)(const char *sentence));

/* The last sentence kept, "" if there is none. */
void message_latest(char *sentence, size_t size);

#endif
