/*
 * The first thing that went wrong in a job.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <libavutil/error.h>

#include "fault.h"


static const char *const kind_names[FAULT_KINDS] = {"media", "source", "server", "limit", "refused", "crash", "machine"};


static void note(fault_t *fault, fault_kind_t kind, bool again, const char *text);


bool
fault_set(fault_t *fault, bool again, const char *format, ...)
{
    char    text[sizeof(fault->text)];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    note(fault, again ? FAULT_MACHINE : FAULT_MEDIA, again, text);

    return false;
}


bool
fault_of(fault_t *fault, fault_kind_t kind, bool again, const char *format, ...)
{
    char    text[sizeof(fault->text)];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    note(fault, kind, again, text);

    return false;
}


bool
fault_av(fault_t *fault, int error, const char *format, ...)
{
    char    text[sizeof(fault->text)];
    size_t  len;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text) - AV_ERROR_MAX_STRING_SIZE, format, args);
    va_end(args);

    len = strlen(text);
    text[len++] = ':';
    text[len++] = ' ';
    av_strerror(error, text + len, sizeof(text) - len);

    note(fault, FAULT_MEDIA, false, text);

    return false;
}


bool
fault_is_set(fault_t *fault)
{
    bool set;

    pthread_mutex_lock(&fault->lock);
    set = fault->set;
    pthread_mutex_unlock(&fault->lock);

    return set;
}


const char *
fault_kind_name(fault_kind_t kind)
{
    return kind_names[kind];
}


fault_kind_t
fault_kind_of(const char *name)
{
    int kind;

    for (kind = 0; kind < FAULT_KINDS; kind++) {
        if (strcmp(name, kind_names[kind]) == 0) {
            return (fault_kind_t) kind;
        }
    }

    return FAULT_MEDIA;
}


static void
note(fault_t *fault, fault_kind_t kind, bool again, const char *text)
{
    pthread_mutex_lock(&fault->lock);

    if (!fault->set) {
        snprintf(fault->text, sizeof(fault->text), "%s", text);
        fault->again = again;
        fault->kind = kind;
        fault->set = true;
    }

    pthread_mutex_unlock(&fault->lock);
}
