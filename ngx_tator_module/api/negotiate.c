/*
 * Content negotiation. A format in the query must exist and still match Accept; without one the first range of Accept that
 * a renderer satisfies decides, by quality and then by specificity as the framework of the reference does.
 */

#include <stdlib.h>
#include <strings.h>

#include "endpoint.h"
#include "negotiate.h"
#include "params.h"

typedef struct {
    const char *name, *type;
    format_t    format;
    bool        image;
} renderer_t;

/* The first of a kind is its default. */
static const renderer_t renderers[] = {
    {"json", "application/json", FORMAT_JSON, false},
    {"csv", "text/plain", FORMAT_CSV, false},
    {"pprint", "application/json", FORMAT_PPRINT, false},
    {"jsonl", "application/jsonl", FORMAT_JSONL, false},
    {"png", "image/png", FORMAT_PNG, true},
    {"jpg", "image/jpeg", FORMAT_JPEG, true},
    {"gif", "image/gif", FORMAT_GIF, true},
    {"mp4", "video/mp4", FORMAT_MP4, true},
    {NULL, NULL, 0, false}
};

static int  range_matches(const char *range, size_t len, const char *type);
static bool accepted(const char *accept, const renderer_t *renderer, int *rank);


void
negotiate(rq_t *rq)
{
    int               rank, best = -1;
    bool              image;
    const char       *name, *accept;
    const renderer_t *renderer, *chosen = NULL;

    image = rq->endpoint != NULL && (rq->endpoint->flags & REPLY_IMAGE) != 0;
    name = query_value(rq->arena, rq->query, "format");
    accept = rq_header(rq, "Accept");
    accept = accept == NULL || *accept == '\0' ? "*/*" : accept;

    for (renderer = renderers; renderer->name != NULL; renderer++) {
        if (renderer->image == image && (name == NULL || strcmp(name, renderer->name) == 0)) {
            chosen = renderer;
            break;
        }
    }

    if (chosen == NULL) {
        fail(rq, 404, "%s", "");
    }

    chosen = NULL;

    for (renderer = renderers; renderer->name != NULL; renderer++) {
        if (renderer->image != image || (name != NULL && strcmp(name, renderer->name) != 0)) {
            continue;
        }
        if (accepted(accept, renderer, &rank) && rank > best) {
            best = rank;
            chosen = renderer;
        }
    }

    if (chosen == NULL) {
        fail(rq, 400, "Could not satisfy the request Accept header.");
    }

    rq->format = chosen->format;
}


/* rank: how specific the best range is that the type satisfies. */
static bool
accepted(const char *accept, const renderer_t *renderer, int *rank)
{
    int         specific;
    size_t      len;
    const char *p, *end;

    *rank = -1;

    for (p = accept; *p != '\0'; p = *end ? end + 1 : end) {
        p += strspn(p, " \t");
        end = p + strcspn(p, ",");
        len = strcspn(p, ";, \t");
        specific = range_matches(p, len, renderer->type);
        if (specific > *rank) {
            *rank = specific;
        }
    }

    return *rank >= 0;
}


/* 2: the very type, 1: type/x, 0: anything, -1: no match. */
static int
range_matches(const char *range, size_t len, const char *type)
{
    size_t slash = strcspn(type, "/");

    if (len == 3 && strncmp(range, "*/*", 3) == 0) {
        return 0;
    }

    if (len == strlen(type) && strncasecmp(range, type, len) == 0) {
        return 2;
    }

    if (len == slash + 2 && range[len - 1] == '*' && strncasecmp(range, type, slash + 1) == 0) {
        return 1;
    }

    return -1;
}
