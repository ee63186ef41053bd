/*
 * A small HTTP server on one address, which lives in the caller's own loop: nothing runs
 * but in http_run, and nothing waits.
 *
 * It answers GET and HEAD only, and bounds what strangers can do: 16 connections in all and
 * 8 from one address (more from it are closed, others wait), 16 KiB for a request's headers,
 * no body, 10 s for a request to arrive, however its bytes are spread, and 30 s for the client
 * to take the answer. A connection may hold several requests, one after the other; after 10 s
 * without one it ends.
 */
#ifndef EXPORT_HTTP_H
#define EXPORT_HTTP_H

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct http;

/* A request that waits for its answer. It lives until http_answer or http_close, whatever
 * becomes of the client. */
struct http_request;

/* Called by http_run for each request; path is "/metrics", without what follows a '?'. Answers
 * it by http_answer, now or later. */
typedef void http_handler(void *user, struct http_request *request, const char *path);

/* Listens. address: IPv4 or IPv6; port 0: any. -EINVAL: it is no address; -EADDRINUSE and
 * others: *error says what is in the way; -ENOTSUP: built without libmicrohttpd. On error
 * *http is untouched. */
int http_open(const char *address, uint16_t port, http_handler *handler, void *user,
	      struct http **http, struct error *error);

/* The port it listens on. */
uint16_t http_port(const struct http *http);

/* To be polled for POLLIN, */
int http_fd(const struct http *http);

/* and for how long at most, in ms; -1: for ever. To be asked before each poll, and after
 * http_answer, which may make it zero. */
int http_timeout_ms(const struct http *http);

/* Does what can be done without waiting. To be called after each poll. now_ns: the time by a
 * monotonic clock, by which deadlines are kept. */
void http_run(struct http *http, int64_t now_ns);

/* Answers: status 200, 404, 503...; the text's bytes are taken over, and an empty text stays
 * behind. A text with an error is answered by 503 and no text. The request is gone after that.
 * After 10 s the client has been told 503 already, and this answer goes nowhere. content_type
 * is copied. */
void http_answer(struct http_request *request, unsigned status, const char *content_type,
		 struct text *body);

/* Ends all connections; requests that wait are gone. NULL is fine. */
void http_close(struct http *http);

#endif
