/*
 * What a value looks like, as constant tables: validation and defaults (api/validate.c) and the OpenAPI document
 * (api/openapi.c) both read them, so they can not disagree. Rows read like this:
 *
 *     { "x", NUMBER(MINIMUM(0), MAXIMUM(1), NULLABLE), OPTIONAL, "Left edge, relative to the picture's width." },
 *     { "media_types", ARRAY(INTEGER(MINIMUM(1)), MIN_ITEMS(1)), REQUIRED, "Media types it may be drawn on." },
 *     { "color_map", REF(schema_color_map), OPTIONAL, "Colors by attribute value." },
 */

#ifndef TATOR_SCHEMA_H
#define TATOR_SCHEMA_H

#include <stddef.h>

typedef enum { TYPE_ANY, TYPE_INTEGER, TYPE_NUMBER, TYPE_STRING, TYPE_BOOLEAN, TYPE_ARRAY, TYPE_OBJECT } schema_type_t;

typedef struct schema_s schema_t;
typedef struct field_s  field_t;

struct schema_s {
    const char            *component;   /* its name in components.schemas; written as $ref where it is used */
    const schema_t        *reference;   /* this is just a use of that component */
    schema_type_t          type;
    const char            *format, *pattern;
    const char            *fallback;    /* the default, as JSON text */
    const char *const     *enumeration; /* ends with NULL */
    double                 minimum, maximum;
    int                    min_items, max_items, min_length, max_length;
    const schema_t        *items;
    const field_t         *fields;      /* ends with a row without name */
    const field_t *const  *shared;      /* further lists of fields, that several components share; ends with NULL */
    const schema_t        *additional;  /* what members beyond the fields look like */
    const schema_t *const *one_of, *const *any_of; /* end with NULL */
    const char            *doc;
    unsigned               has_minimum : 1, has_maximum : 1, nullable : 1, deprecated : 1;
    unsigned               additional_any : 1; /* says additionalProperties: true */
};

/* A member of an object, or a parameter of an operation. */
struct field_s {
    const char *name;
    schema_t    schema;
    unsigned    flags;
    const char *doc;
};

#define OPTIONAL   0x00
#define REQUIRED   0x01
#define PATH       0x02 /* parameters: in the path (always required); else in the query */
#define EXPLODED   0x04 /* list parameter that is not split at commas (sort_by) */
#define UNEXPLODED 0x08 /* says explode: false though it is no list */
#define STYLED     0x10 /* says style: form beside explode */

#define INTEGER(...)      {.type = TYPE_INTEGER, __VA_ARGS__}
#define NUMBER(...)       {.type = TYPE_NUMBER, __VA_ARGS__}
#define STRING(...)       {.type = TYPE_STRING, __VA_ARGS__}
#define BOOLEAN(...)      {.type = TYPE_BOOLEAN, __VA_ARGS__}
#define ARRAY(item, ...)  {.type = TYPE_ARRAY, .items = &(const schema_t) item, __VA_ARGS__}
#define OBJECT(list, ...) {.type = TYPE_OBJECT, .fields = list, __VA_ARGS__}
#define FREE_OBJECT(...)  {.type = TYPE_OBJECT, __VA_ARGS__}
#define REF(schema, ...)  {.reference = &schema, __VA_ARGS__}
#define ANY(...)          {.type = TYPE_ANY, __VA_ARGS__}

#define MINIMUM(n)      .has_minimum = 1, .minimum = (n)
#define MAXIMUM(n)      .has_maximum = 1, .maximum = (n)
#define MIN_ITEMS(n)    .min_items = (n)
#define MAX_ITEMS(n)    .max_items = (n)
#define MIN_LENGTH(n)   .min_length = (n)
#define MAX_LENGTH(n)   .max_length = (n)
#define NULLABLE        .nullable = 1
#define DEPRECATED      .deprecated = 1
#define DEFAULT(json)   .fallback = json
#define DEFAULT_TEXT(t) .fallback = "\"" t "\""
#define FORMAT(name)    .format = name
#define PATTERN(text)   .pattern = text
#define ENUM(...)       .enumeration = (const char *const[]) {__VA_ARGS__, NULL}
#define SHARED(...)     .shared = (const field_t *const[]) {__VA_ARGS__, NULL}
#define ADDITIONAL(...) .additional = &(const schema_t) __VA_ARGS__
#define ADDITIONAL_ANY  .additional_any = 1
#define ONE_OF(...)     .one_of = (const schema_t *const[]) {__VA_ARGS__, NULL}
#define ANY_OF(...)     .any_of = (const schema_t *const[]) {__VA_ARGS__, NULL}

/* A schema written where a pointer is wanted. */
#define INLINE(...) &(const schema_t) __VA_ARGS__

/* Components are named: const schema_t schema_media = OBJECT(media_fields, NAMED("Media")); */
#define NAMED(name) .component = name

/*
 * Walk over all fields of an object. Start with a zeroed walk; NULL ends it.
 */
typedef struct {
    const field_t        *next;
    const field_t *const *shared;
} schema_walk_t;

const field_t *schema_next(const schema_t *schema, schema_walk_t *walk);

/* The schema that a reference leads to. */
static inline const schema_t *
schema_resolve(const schema_t *schema)
{
    while (schema->reference) {
        schema = schema->reference;
    }

    return schema;
}

#endif
