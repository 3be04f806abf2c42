/*
 * Reading a table of annotations. Pure: nothing but the text and jansson.
 */

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "table.h"

#define COLUMNS 200
#define CELL    (1 << 20)

typedef enum { CELL_INTEGER, CELL_HORIZONTAL, CELL_VERTICAL, CELL_POINTS, CELL_TEXT } cell_kind_t;

/* Columns that are no attributes. */
typedef struct {
    const char *name;
    cell_kind_t kind;
    bool        states; /* states have it, too */
} column_t;

static const column_t columns[] = {
    {"frame", CELL_INTEGER, true},      {"version", CELL_INTEGER, true},  {"elemental_id", CELL_TEXT, true},
    {"x", CELL_HORIZONTAL, false},      {"y", CELL_VERTICAL, false},      {"width", CELL_HORIZONTAL, false},
    {"height", CELL_VERTICAL, false},   {"u", CELL_HORIZONTAL, false},    {"v", CELL_VERTICAL, false},
    {"points", CELL_POINTS, false},
};

typedef struct {
    const table_t *table;
    const char    *at, *end;
    int            line, row; /* row: the line on which it begins */
    char          *cell; /* the last one, without its quotes */
    size_t         len;
    bool           last; /* of its line */
    char          *names[COLUMNS];
    int            n_names;
    char          *problem;
} reader_t;


static bool          header_read(reader_t *reader);
static bool          cell_read(reader_t *reader);
static bool          cell_add(reader_t *reader, char byte);
static json_t       *row_read(reader_t *reader);
static json_t       *row_new(const table_t *table);
static bool          cell_set(reader_t *reader, json_t *row, const char *name);
static json_t       *cell_value(reader_t *reader, const column_t *column);
static json_t       *points(reader_t *reader);
static json_t       *attribute_value(reader_t *reader, const char *name);
static const char   *dtype_of(const reader_t *reader, const char *name);
static bool          number(const char *text, double *value);
static json_t       *integer(const char *text);
static bool          is_empty(reader_t *reader);
static bool          complain(reader_t *reader, const char *what, const char *name);


json_t *
table_read(const table_t *table, char problem[200])
{
    bool     good;
    json_t  *rows = json_array(), *row;
    reader_t reader = {.table = table, .at = table->text, .end = table->text + table->len, .line = 1, .row = 1, .problem = problem};

    problem[0] = '\0';
    reader.cell = malloc(CELL + 1);

    if (table->len >= 3 && memcmp(table->text, "\xef\xbb\xbf", 3) == 0) {
        reader.at += 3;
    }

    good = rows != NULL && reader.cell != NULL && header_read(&reader);

    while (good && reader.at < reader.end) {
        if (is_empty(&reader)) {
            continue;
        }

        row = row_read(&reader);
        good = row != NULL && json_array_append_new(rows, row) == 0;
    }

    if (!good && problem[0] == '\0') {
        snprintf(problem, 200, "no memory");
    }

    while (reader.n_names > 0) {
        free(reader.names[--reader.n_names]);
    }

    free(reader.cell);

    if (!good) {
        json_decref(rows);
        rows = NULL;
    }

    return rows;
}


static bool
header_read(reader_t *reader)
{
    if (reader->at == reader->end) {
        return complain(reader, "has no names of columns", NULL);
    }

    do {
        if (!cell_read(reader)) {
            return false;
        }

        if (reader->n_names == COLUMNS) {
            return complain(reader, "has too many columns", NULL);
        }

        reader->names[reader->n_names] = strdup(reader->cell);
        if (reader->names[reader->n_names] == NULL) {
            return false;
        }

        reader->n_names++;
    } while (!reader->last);

    return true;
}


/* Up to the next comma or end of line. */
static bool
cell_read(reader_t *reader)
{
    bool quoted = reader->at < reader->end && *reader->at == '"';

    reader->len = 0;
    reader->at += quoted;

    for (; quoted; reader->at++) {
        if (reader->at == reader->end) {
            return complain(reader, "has a quote that does not end", NULL);
        }

        if (*reader->at == '"') {
            if (reader->at + 1 == reader->end || reader->at[1] != '"') {
                reader->at++;
                break;
            }

            reader->at++;
        }

        reader->line += *reader->at == '\n';

        if (!cell_add(reader, *reader->at)) {
            return false;
        }
    }

    for (; reader->at < reader->end && *reader->at != ',' && *reader->at != '\n'; reader->at++) {
        if (*reader->at != '\r' && !cell_add(reader, *reader->at)) {
            return false;
        }
    }

    reader->last = reader->at == reader->end || *reader->at == '\n';
    reader->line += reader->at < reader->end && *reader->at == '\n';
    reader->at += reader->at < reader->end;
    reader->cell[reader->len] = '\0';

    return true;
}


static bool
cell_add(reader_t *reader, char byte)
{
    if (reader->len == CELL || byte == '\0') {
        return complain(reader, byte == '\0' ? "is no text" : "has a cell that is too large", NULL);
    }

    reader->cell[reader->len++] = byte;

    return true;
}


static json_t *
row_read(reader_t *reader)
{
    int     column;
    json_t *row = row_new(reader->table);

    reader->row = reader->line;

    if (row == NULL) {
        return NULL;
    }

    for (column = 0;; column++) {
        if (!cell_read(reader)) {
            break;
        }

        if (column == reader->n_names) {
            complain(reader, "has more cells than there are columns", NULL);
            break;
        }

        if (reader->len > 0 && !cell_set(reader, row, reader->names[column])) {
            break;
        }

        if (reader->last) {
            return row;
        }
    }

    json_decref(row);

    return NULL;
}


static json_t *
row_new(const table_t *table)
{
    return table->state ? json_pack("{s:I,s:[I],s:{}}", "type", table->type, "media_ids", table->media, "attributes")
                        : json_pack("{s:I,s:I,s:i,s:{}}", "type", table->type, "media_id", table->media, "frame", 0, "attributes");
}


static bool
cell_set(reader_t *reader, json_t *row, const char *name)
{
    size_t          i;
    json_t         *value;
    const column_t *column = NULL;

    for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        if (strcasecmp(name, columns[i].name) == 0 && (columns[i].states || !reader->table->state) &&
            dtype_of(reader, name) == NULL) {
            column = &columns[i];
        }
    }

    value = column != NULL ? cell_value(reader, column) : attribute_value(reader, name);

    if (value == NULL) {
        return complain(reader, "has no proper value of", name);
    }

    return column != NULL ? json_object_set_new(row, column->name, value) == 0
                          : json_object_set_new(json_object_get(row, "attributes"), name, value) == 0 ||
                                complain(reader, "has an attribute with an improper name", NULL);
}


static json_t *
cell_value(reader_t *reader, const column_t *column)
{
    double         value;
    const table_t *table = reader->table;

    switch (column->kind) {
    case CELL_INTEGER:
        return integer(reader->cell);
    case CELL_TEXT:
        return json_string(reader->cell);
    case CELL_POINTS:
        return points(reader);
    default:
        return number(reader->cell, &value) ? json_real(value / (column->kind == CELL_HORIZONTAL ? table->width : table->height))
                                            : NULL;
    }
}


/* [[x, y], …] in pixels. */
static json_t *
points(reader_t *reader)
{
    size_t  i;
    json_t *list = json_loads(reader->cell, 0, NULL), *point, *made = json_array();

    json_array_foreach(list, i, point)
    {
        if (json_array_size(point) != 2 || !json_is_number(json_array_get(point, 0)) ||
            !json_is_number(json_array_get(point, 1))) {
            break;
        }

        json_array_append_new(made, json_pack("[f,f]", json_number_value(json_array_get(point, 0)) / reader->table->width,
                                              json_number_value(json_array_get(point, 1)) / reader->table->height));
    }

    if (made != NULL && (json_array_size(made) == 0 || json_array_size(made) != json_array_size(list))) {
        json_decref(made);
        made = NULL;
    }

    json_decref(list);

    return made;
}


static json_t *
attribute_value(reader_t *reader, const char *name)
{
    double      value;
    const char *cell = reader->cell, *dtype = dtype_of(reader, name);

    dtype = dtype != NULL ? dtype : "string";

    if (strcmp(dtype, "int") == 0) {
        return integer(cell);
    }

    if (strcmp(dtype, "float") == 0) {
        return number(cell, &value) ? json_real(value) : NULL;
    }

    if (strcmp(dtype, "bool") == 0) {
        return strcasecmp(cell, "true") == 0 || strcmp(cell, "1") == 0    ? json_true()
               : strcasecmp(cell, "false") == 0 || strcmp(cell, "0") == 0 ? json_false()
                                                                          : NULL;
    }

    if (strcmp(dtype, "float_array") == 0 || strcmp(dtype, "geopos") == 0) {
        return json_loads(cell, 0, NULL);
    }

    return json_string(cell);
}


/* Of an attribute of the type; NULL: there is none of that name. */
static const char *
dtype_of(const reader_t *reader, const char *name)
{
    size_t        i;
    const char   *known;
    const json_t *attribute;

    json_array_foreach(reader->table->attributes, i, attribute)
    {
        known = json_string_value(json_object_get(attribute, "name"));
        if (known != NULL && strcmp(known, name) == 0) {
            return json_string_value(json_object_get(attribute, "dtype"));
        }
    }

    return NULL;
}


static bool
number(const char *text, double *value)
{
    char *end;

    *value = strtod(text, &end);

    return end != text && *end == '\0' && isfinite(*value);
}


static json_t *
integer(const char *text)
{
    char     *end;
    long long value;

    errno = 0;
    value = strtoll(text, &end, 10);

    return end != text && *end == '\0' && errno == 0 ? json_integer(value) : NULL;
}


/* A line without anything is passed over. */
static bool
is_empty(reader_t *reader)
{
    const char *at = reader->at;

    while (at < reader->end && (*at == '\r' || *at == ' ')) {
        at++;
    }

    if (at < reader->end && *at != '\n') {
        return false;
    }

    reader->line++;
    reader->at = at < reader->end ? at + 1 : at;

    return true;
}


/* Always false. */
static bool
complain(reader_t *reader, const char *what, const char *name)
{
    if (reader->problem[0] == '\0') {
        snprintf(reader->problem, 200, "line %d %s%s%.100s", reader->row, what, name ? " " : "", name ? name : "");
    }

    return false;
}
