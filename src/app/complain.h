/*
 * The program's voice: one line on standard error.
 */
#ifndef APP_COMPLAIN_H
#define APP_COMPLAIN_H

/* Prints "tcpmetro: ", the sentence, and a line end; control characters in it, which
 * may come from a file's name, as '?'. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
