/*
 * Annotations as CSV (RFC 4180, first line: names of columns): frame, x, y, width, height, u, v, points, version, elemental_id are what
 * they are called, coordinates in pixels of the media; every other column is an attribute. Empty cells are left out.
 */

#ifndef TRANSCODE_TABLE_H
#define TRANSCODE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

typedef struct {
    const char *text; /* len bytes */
    size_t      len;
    bool        state;         /* states, else localizations */
    json_int_t  type;          /* of them */
    const json_t *attributes;  /* the type's attribute_types */
    json_int_t  media;
    double      width, height; /* of the media, by which coordinates are divided */
} table_t;

/* The specs of all rows, as REST takes them. The caller owns it; NULL: `problem` (200 bytes) names line and column. */
json_t *table_read(const table_t *table, char problem[200]);

#endif
