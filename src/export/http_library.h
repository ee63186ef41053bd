/*
 * libmicrohttpd, loaded when it is first needed: with what it brings along (GnuTLS and more) it
 * takes more time to load and more memory than all the rest of the program, of which most runs
 * need nothing.
 *
 * For http.c alone; <microhttpd.h> is to be included before.
 */
#ifndef EXPORT_HTTP_LIBRARY_H
#define EXPORT_HTTP_LIBRARY_H

#include "base/error.h"

/* The functions that are used, by their names without MHD_. */
#define HTTP_LIBRARY_FUNCTIONS(of)                                                                 \
	of(add_response_header) of(create_response_from_buffer) of(destroy_response)               \
		of(get_connection_info) of(get_daemon_info) of(get_timeout)                        \
			of(lookup_connection_value) of(queue_response) of(resume_connection)       \
				of(run) of(start_daemon) of(stop_daemon) of(suspend_connection)

#define HTTP_LIBRARY_MEMBER(name) __typeof__(MHD_##name) *name;

struct http_library {
	HTTP_LIBRARY_FUNCTIONS(HTTP_LIBRARY_MEMBER)
};

/* Loads it, of the version it was built with, for as long as the program runs; once more costs
 * nothing. 0; -ENOENT: it cannot be, as a clause in *error says. */
int http_library_load(struct http_library *library, struct error *error);

#endif
