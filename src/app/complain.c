/*
 * One line on standard error: see complain.h.
 */
#include "app/complain.h"

#include <stdarg.h>
#include <stdio.h>

void complain(const char *format, ...)
{
	char sentence[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	for (char *at = sentence; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 127)
			*at = '?';
	fprintf(stderr, "tcpmetro: %s\n", sentence);
}
