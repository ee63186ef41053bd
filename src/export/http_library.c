/*
 * dlopen and dlsym: see http_library.h.
 */
#include <dlfcn.h>
#include <errno.h>
#include <microhttpd.h>
#include <string.h>

#include "export/http_library.h"

int http_library_load(struct http_library *library, struct error *error)
{
	/* It has threads and handlers of its own: once there, it must stay. */
	void *handle = dlopen(MICROHTTPD_SONAME, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	const char *missing = NULL;
	void *function;

	if (!handle)
		return error_set(error, ENOENT, "cannot load libmicrohttpd: %.200s", dlerror());
		/* ISO C knows no way from an object's pointer to a function's; POSIX does. */
#define LOAD(name)                                                                                 \
	function = dlsym(handle, "MHD_" #name);                                                    \
	memcpy(&library->name, &function, sizeof(function));                                       \
	if (!function)                                                                             \
		missing = "MHD_" #name;
	HTTP_LIBRARY_FUNCTIONS(LOAD)
#undef LOAD
	dlclose(handle);
	if (missing)
		return error_set(error, ENOENT, "libmicrohttpd has no %s", missing);
	return 0;
}
