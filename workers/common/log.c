/*
 * Log lines of the workers. A line is written by one write(), so that lines of several processes do not mix; line ends
 * inside a message become " \n " in words. Secrets are masked.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <tator/secrets.h>

#include "log.h"

#define LINE 2048

static const char *const levels[] = {"DEBUG", "INFO", "WARNING", "ERROR"};

static const char *logger = "tator";
static log_level_t least = LOG_INFO;


void
log_open(const char *name)
{
    size_t      i;
    const char *level = getenv("TATOR_LOG_LEVEL");

    logger = name;

    for (i = 0; level != NULL && i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (strcasecmp(level, levels[i]) == 0) {
            least = (log_level_t) i;
        }
    }
}


void
log_write(log_level_t level, const char *file, int line, const char *format, ...)
{
    char            text[LINE / 2], out[LINE], when[32];
    size_t          i, len;
    va_list         args;
    struct tm       parts;
    struct timespec now;

    if (level < least) {
        return;
    }

    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &parts);
    strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &parts);

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    text[secrets_mask(text, strlen(text))] = '\0';

    file = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
    len = (size_t) snprintf(out, sizeof(out) - 1, "%s,%03ld %s [%s] [%s:%d] - ", when, now.tv_nsec / 1000000,
                            levels[level], logger, file, line);

    for (i = 0; text[i] != '\0' && len < sizeof(out) - 6; i++) {
        if (text[i] == '\n') {
            memcpy(out + len, " \\n ", 4);
            len += 4;
        } else {
            out[len++] = (unsigned char) text[i] < ' ' ? ' ' : text[i];
        }
    }

    out[len++] = '\n';

    if (write(STDOUT_FILENO, out, len) < 0) {
        return; /* nobody reads the log */
    }
}
