/*
 * libmicrohttpd in the caller's loop, with the limits that it does not have itself.
 *
 * Its timeout restarts with each byte, so a client that sends a byte now and then would never
 * time out. Here each connection has a deadline: for a whole request, from the connection's start
 * or the end of the previous answer; then for the handler's answer; then for the client to
 * receive it. Time is what http_run's caller passes; a timer wakes the caller each second while
 * there are connections.
 *
 * A request whose answer comes later is suspended; libmicrohttpd does not look at its
 * socket meanwhile, and must have it back before the end. So the connection is given back
 * (resumed) by http_answer, by the deadline or by http_close, and asks again what to do then.
 */
#include "export/http.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "export/http_library.h"
#include "export/http_listen.h"

#define MAX_CONNECTIONS     16
#define MAX_OF_ONE_ADDRESS  8
#define CONNECTION_MEMORY   ((size_t)16384) /* for a request's line and headers */
#define REQUEST_SECONDS     10              /* for a request to arrive */
#define WAIT_SECONDS        10              /* for the handler to answer it */
#define ANSWER_SECONDS      30              /* for the client to take the answer */
#define MAX_LATE            16              /* requests that are answered too late */
#define NS_PER_SECOND       INT64_C(1000000000)
#define EXPLANATION_CONTENT "text/plain; charset=utf-8"

/* What a connection is at. */
enum stage {
	STAGE_REQUEST, /* a request arrives, or none yet */
	STAGE_WAIT,    /* the handler was asked */
	STAGE_GIVE_UP, /* it did not answer in time */
	STAGE_ANSWER,  /* the answer is sent */
};

struct connection {
	struct http *http;
	struct connection *next;
	struct connection **link; /* where the pointer to it is */
	struct MHD_Connection *mhd;
	struct http_request *request; /* that waits for its answer; NULL: there is none */
	struct MHD_Response *response;
	unsigned status;
	enum stage stage;
	bool suspended;
	int fd;
	int64_t deadline_ns;
};

struct http_request {
	struct http *http;
	struct http_request *next;
	struct http_request **link;
	struct connection *connection; /* NULL: it went away, or could not wait any longer */
};

struct http {
	struct http_library library;
	struct MHD_Daemon *daemon;
	http_handler *handler;
	void *user;
	struct connection *connections;
	struct http_request *requests; /* that are not answered yet, */
	unsigned late;                 /* and how many of them have no connection any more */
	int64_t now_ns;                /* of the last http_run */
	bool timer_runs;
	int timer;
	int epoll; /* waits for libmicrohttpd's own and the timer */
	uint16_t port;
};

/* ---- connections ---- */

static void run_timer(struct http *http, bool on)
{
	const struct itimerspec each_second = {{.tv_sec = on}, {.tv_sec = on}};

	if (http->timer_runs != on && timerfd_settime(http->timer, 0, &each_second, NULL) == 0)
		http->timer_runs = on;
}

/* Enters a stage that may last that many seconds. */
static void enter(struct connection *connection, enum stage stage, unsigned seconds)
{
	connection->stage = stage;
	/* The last http_run may be up to a second ago. */
	connection->deadline_ns = connection->http->now_ns + (int64_t)(seconds + 1) * NS_PER_SECOND;
}

static void connection_start(struct http *http, struct MHD_Connection *mhd, void **context)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	const union MHD_ConnectionInfo *info =
		http->library.get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (!connection || !info) {
		free(connection);
		if (info)
			shutdown(info->connect_fd, SHUT_RDWR);
		return;
	}
	run_timer(http, true);
	connection->http = http;
	connection->mhd = mhd;
	connection->fd = info->connect_fd;
	enter(connection, STAGE_REQUEST, REQUEST_SECONDS);
	connection->next = http->connections;
	connection->link = &http->connections;
	if (connection->next)
		connection->next->link = &connection->next;
	http->connections = connection;
	*context = connection;
}

/* Parts a request that waits from its connection, which it will not find when it is
 * answered. */
static void detach(struct connection *connection)
{
	if (!connection->request)
		return;
	connection->request->connection = NULL;
	connection->request = NULL;
	connection->http->late++;
}

static void connection_end(struct connection *connection)
{
	detach(connection);
	if (connection->response)
		connection->http->library.destroy_response(connection->response);
	*connection->link = connection->next;
	if (connection->next)
		connection->next->link = connection->link;
	if (!connection->http->connections)
		run_timer(connection->http, false);
	free(connection);
}

static void notify_connection(void *user, struct MHD_Connection *mhd, void **context,
			      enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		connection_start(user, mhd, context);
	} else if (*context) {
		connection_end(*context);
		*context = NULL;
	}
}

/* An answer was sent, or could not be: the next request may come. */
static void notify_completed(void *user, struct MHD_Connection *mhd, void **context,
			     enum MHD_RequestTerminationCode how)
{
	struct connection *connection = *context;

	(void)user;
	(void)mhd;
	(void)how;
	if (!connection)
		return;
	*context = NULL;
	detach(connection);
	if (connection->response)
		connection->http->library.destroy_response(connection->response);
	connection->response = NULL;
	enter(connection, STAGE_REQUEST, REQUEST_SECONDS);
}

static void resume(struct connection *connection)
{
	if (!connection->suspended)
		return;
	connection->suspended = false;
	connection->http->library.resume_connection(connection->mhd);
}

/* Ends the stages whose time is over. */
static void check_deadlines(struct http *http)
{
	for (struct connection *at = http->connections; at; at = at->next) {
		if (http->now_ns < at->deadline_ns)
			continue;
		if (at->stage == STAGE_WAIT) {
			detach(at);
			enter(at, STAGE_GIVE_UP, ANSWER_SECONDS);
			resume(at);
		} else {
			/* It will be found closed, as if by the client. */
			shutdown(at->fd, SHUT_RDWR);
		}
	}
}

static void drain_timer(struct http *http)
{
	uint64_t count;
	/* EAGAIN, if it has not expired, is not an error. */
	ssize_t ignored = read(http->timer, &count, sizeof(count));

	(void)ignored;
}

/* ---- requests ---- */

static enum MHD_Result queue(struct connection *connection, unsigned status,
			     struct MHD_Response *response)
{
	const struct http_library *library = &connection->http->library;
	enum MHD_Result result = library->queue_response(connection->mhd, status, response);

	library->destroy_response(response); /* it keeps what it needs */
	return result;
}

/* Answers with a sentence of our own. */
static enum MHD_Result explain(struct connection *connection, unsigned status, const char *header,
			       const char *value, const char *sentence)
{
	const struct http_library *library = &connection->http->library;
	struct MHD_Response *response = library->create_response_from_buffer(
		strlen(sentence), (void *)(uintptr_t)sentence, MHD_RESPMEM_PERSISTENT);

	if (!response)
		return MHD_NO;
	library->add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, EXPLANATION_CONTENT);
	if (header)
		library->add_response_header(response, header, value);
	enter(connection, STAGE_ANSWER, ANSWER_SECONDS);
	return queue(connection, status, response);
}

/* Whether the headers announce a body (RFC 9112 section 6). */
static bool has_body(const struct connection *connection)
{
	const struct http_library *library = &connection->http->library;
	const char *length = library->lookup_connection_value(connection->mhd, MHD_HEADER_KIND,
							      MHD_HTTP_HEADER_CONTENT_LENGTH);

	if (library->lookup_connection_value(connection->mhd, MHD_HEADER_KIND,
					     MHD_HTTP_HEADER_TRANSFER_ENCODING))
		return true;
	return length && length[strspn(length, "0")] != '\0';
}

/* The headers are there. What is refused is refused now, before a body is read. */
static enum MHD_Result check_request(struct connection *connection, const char *method)
{
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return explain(connection, MHD_HTTP_METHOD_NOT_ALLOWED, MHD_HTTP_HEADER_ALLOW,
			       "GET, HEAD", "Only GET and HEAD are supported.\n");
	if (has_body(connection))
		return explain(connection, MHD_HTTP_CONTENT_TOO_LARGE, NULL, NULL,
			       "A request must not have a body.\n");
	return MHD_YES;
}

/* Sends the answer that http_answer left. */
static enum MHD_Result send_answer(struct connection *connection)
{
	struct MHD_Response *response = connection->response;

	connection->response = NULL;
	return response ? queue(connection, connection->status, response) : MHD_NO;
}

/* Asks the handler; the answer may be there when it returns. */
static enum MHD_Result ask(struct connection *connection, const char *path)
{
	struct http *http = connection->http;
	struct http_request *request;

	if (http->late >= MAX_LATE || !(request = calloc(1, sizeof(*request))))
		return explain(connection, MHD_HTTP_SERVICE_UNAVAILABLE, NULL, NULL,
			       "Too many requests are waiting; try again later.\n");
	request->http = http;
	request->connection = connection;
	request->next = http->requests;
	request->link = &http->requests;
	if (request->next)
		request->next->link = &request->next;
	http->requests = request;
	connection->request = request;
	enter(connection, STAGE_WAIT, WAIT_SECONDS);
	http->handler(http->user, request, path);
	if (connection->stage == STAGE_ANSWER)
		return send_answer(connection);
	connection->suspended = true;
	http->library.suspend_connection(connection->mhd);
	return MHD_YES;
}

/* libmicrohttpd has the headers (the first call), then the whole of a request, or has
 * resumed its connection. */
static enum MHD_Result handle(void *user, struct MHD_Connection *mhd, const char *path,
			      const char *method, const char *version, const char *body,
			      size_t *body_size, void **context)
{
	const struct http *http = user;
	const union MHD_ConnectionInfo *info =
		http->library.get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct connection *connection = info ? info->socket_context : NULL;

	(void)version;
	(void)body;
	if (!connection || *body_size)
		return MHD_NO;
	if (!*context) {
		*context = connection;
		return check_request(connection, method);
	}
	switch (connection->stage) {
	case STAGE_REQUEST:
		return ask(connection, path ? path : "");
	case STAGE_GIVE_UP:
		return explain(connection, MHD_HTTP_SERVICE_UNAVAILABLE, NULL, NULL,
			       "The answer took too long; try again later.\n");
	case STAGE_ANSWER:
		return send_answer(connection);
	case STAGE_WAIT:
	default:
		return MHD_YES;
	}
}

static void request_end(struct http_request *request)
{
	*request->link = request->next;
	if (request->next)
		request->next->link = request->link;
	free(request);
}

/* The text's bytes become the response's. */
static struct MHD_Response *response_of(const struct http_library *library,
					const char *content_type, struct text *body)
{
	struct MHD_Response *response;

	if (body->error || !body->used)
		response = library->create_response_from_buffer(0, (void *)(uintptr_t) "",
								MHD_RESPMEM_PERSISTENT);
	else
		response = library->create_response_from_buffer(body->used, body->bytes,
								MHD_RESPMEM_MUST_FREE);
	if (!response)
		return NULL;
	if (!body->error && body->used)
		text_init(body);
	library->add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	return response;
}

void http_answer(struct http_request *request, unsigned status, const char *content_type,
		 struct text *body)
{
	struct connection *connection = request->connection;

	if (connection) {
		connection->status = body->error ? MHD_HTTP_SERVICE_UNAVAILABLE : status;
		connection->response = response_of(&request->http->library, content_type, body);
		connection->request = NULL;
		enter(connection, STAGE_ANSWER, ANSWER_SECONDS);
		resume(connection);
	} else {
		request->http->late--;
	}
	text_done(body);
	request_end(request);
}

/* ---- opening and closing ---- */

static uint16_t port_of(int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return 0;
	return ntohs(address.ss_family == AF_INET6
			     ? ((const struct sockaddr_in6 *)&address)->sin6_port
			     : ((const struct sockaddr_in *)&address)->sin_port);
}

/* Takes the listening socket over. */
static bool start_daemon(struct http *http, int fd, int family)
{
	const unsigned flags =
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (family == AF_INET6 ? MHD_USE_IPv6 : 0);

	http->daemon = http->library.start_daemon(
		flags, 0, NULL, NULL, handle, http, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_NOTIFY_CONNECTION, notify_connection, http, MHD_OPTION_NOTIFY_COMPLETED,
		notify_completed, http, MHD_OPTION_CONNECTION_LIMIT, (unsigned)MAX_CONNECTIONS,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)MAX_OF_ONE_ADDRESS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)REQUEST_SECONDS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT,
		1, MHD_OPTION_END);
	return http->daemon != NULL;
}

static bool watch(struct http *http, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(http->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* Makes the rest around the listening socket, which it takes over; 0 or a negative errno. */
static int start(struct http *http, int fd, int family)
{
	const union MHD_DaemonInfo *info;

	http->port = port_of(fd);
	http->epoll = epoll_create1(EPOLL_CLOEXEC);
	http->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (http->epoll < 0 || http->timer < 0) {
		int result = -errno;

		close(fd);
		return result;
	}
	errno = 0;
	if (!start_daemon(http, fd, family)) {
		int result = errno ? -errno : -ENOMEM;

		close(fd);
		return result;
	}
	info = http->library.get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	return info && watch(http, info->epoll_fd) && watch(http, http->timer) ? 0 : -ENOMEM;
}

int http_open(const char *address, uint16_t port, http_handler *handler, void *user,
	      struct http **http, struct error *error)
{
	struct http *made;
	struct error clause;
	int family;
	int fd = http_listen(address, port, &family, error);
	int result;

	if (fd < 0)
		return fd;
	made = calloc(1, sizeof(*made));
	if (!made) {
		close(fd);
		return http_listen_failed(error, ENOMEM, address, port);
	}
	made->handler = handler;
	made->user = user;
	made->epoll = -1;
	made->timer = -1;
	if (http_library_load(&made->library, &clause) < 0) {
		close(fd);
		http_close(made);
		return error_set(
			error, ENOENT,
			"cannot listen on %.60s, port %u: %s; install it, or disable the listener",
			address, port, clause.text);
	}
	result = start(made, fd, family);
	if (result) {
		http_close(made);
		return http_listen_failed(error, -result, address, port);
	}
	*http = made;
	return 0;
}

uint16_t http_port(const struct http *http)
{
	return http->port;
}

int http_fd(const struct http *http)
{
	return http->epoll;
}

int http_timeout_ms(const struct http *http)
{
	MHD_UNSIGNED_LONG_LONG timeout;

	if (http->library.get_timeout(http->daemon, &timeout) != MHD_YES)
		return -1;
	return timeout < INT_MAX ? (int)timeout : INT_MAX;
}

void http_run(struct http *http, int64_t now_ns)
{
	http->now_ns = now_ns;
	drain_timer(http);
	check_deadlines(http);
	http->library.run(http->daemon);
}

void http_close(struct http *http)
{
	if (!http)
		return;
	for (struct connection *at = http->connections; at; at = at->next)
		resume(at);
	if (http->daemon)
		http->library.stop_daemon(http->daemon);
	while (http->requests)
		request_end(http->requests);
	if (http->timer >= 0)
		close(http->timer);
	if (http->epoll >= 0)
		close(http->epoll);
	free(http);
}
