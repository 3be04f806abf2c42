/*
 * One line per event on standard output: "time level [logger] [file:line] - message" (contract/operations.md §24).
 */

#ifndef TATOR_WORKER_LOG_H
#define TATOR_WORKER_LOG_H

typedef enum { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR } log_level_t;

/* The logger's name; the least level is INFO, or that of the variable TATOR_LOG_LEVEL. */
void log_open(const char *name);

void log_write(log_level_t level, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define log_debug(...)   log_write(LOG_DEBUG, __FILE__, __LINE__, __VA_ARGS__)
#define log_info(...)    log_write(LOG_INFO, __FILE__, __LINE__, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, __FILE__, __LINE__, __VA_ARGS__)
#define log_error(...)   log_write(LOG_ERROR, __FILE__, __LINE__, __VA_ARGS__)

#endif
