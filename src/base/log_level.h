/*
 * How much the log says.
 */
#ifndef BASE_LOG_LEVEL_H
#define BASE_LOG_LEVEL_H

enum log_level {
	LOG_LEVEL_TRACE,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_CRITICAL,
};

#endif
