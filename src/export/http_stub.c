/*
 * In the place of http.c where there was no libmicrohttpd to build with.
 */
#include <errno.h>

#include "export/http.h"

int http_open(const char *address, uint16_t port, http_handler *handler, void *user,
	      struct http **http, struct error *error)
{
	(void)handler;
	(void)user;
	(void)http;
	return error_set(error, ENOTSUP,
			 "cannot listen on %.60s, port %u: this tcpmetro was built without "
			 "libmicrohttpd; rebuild it with libmicrohttpd, or disable the listener",
			 address, port);
}

uint16_t http_port(const struct http *http)
{
	(void)http;
	return 0;
}

int http_fd(const struct http *http)
{
	(void)http;
	return -1;
}

int http_timeout_ms(const struct http *http)
{
	(void)http;
	return -1;
}

void http_run(struct http *http, int64_t now_ns)
{
	(void)http;
	(void)now_ns;
}

void http_answer(struct http_request *request, unsigned status, const char *content_type,
		 struct text *body)
{
	(void)request;
	(void)status;
	(void)content_type;
	(void)body;
}

void http_close(struct http *http)
{
	(void)http;
}
