/*
 * Inside of the template language: values, the tree, and what its files ask of each other. Everything lives in the arena of the rendering; a
 * fault leaves by jinja_fail().
 */

#ifndef TATOR_LIB_JINJA_H
#define TATOR_LIB_JINJA_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include <tator/json.h>

#define JINJA_STEPS  100000
#define JINJA_OUTPUT (1024 * 1024)
#define JINJA_MEMORY (16 * 1024 * 1024)
#define JINJA_DEPTH  40

typedef enum {
    JINJA_UNDEFINED, JINJA_NONE, JINJA_BOOL, JINJA_INTEGER, JINJA_FLOAT, JINJA_TEXT, JINJA_LIST, JINJA_DICT, JINJA_MACRO
} jinja_kind_t;

typedef struct jinja_value_s jinja_value_t;
typedef struct jinja_node_s  jinja_node_t;

/* Never changed once made, but for a namespace's members. */
struct jinja_value_s {
    jinja_kind_t         kind;
    bool                 truth, tuple;
    int64_t              integer;
    double               number;
    const char          *text; /* text; name of what is undefined */
    size_t               len;  /* of text; items of a list; twice the members of a dict */
    const jinja_value_t **items; /* a dict's: key, value, key, value … */
    const jinja_node_t  *macro;
};

typedef enum {
    /* expressions */
    NODE_VALUE, NODE_NAME, NODE_LIST, NODE_DICT, NODE_BINARY, NODE_NOT, NODE_NEGATE, NODE_AND, NODE_OR, NODE_CHOICE, NODE_ATTRIBUTE, NODE_ITEM,
    NODE_SLICE, NODE_CALL, NODE_FILTER, NODE_TEST, NODE_KEYWORD,
    /* statements */
    NODE_TEXT, NODE_OUTPUT, NODE_IF, NODE_FOR, NODE_SET, NODE_SET_BLOCK, NODE_MACRO, NODE_FILTER_BLOCK, NODE_WITH, NODE_BODY
} jinja_node_kind_t;

/* `nodes` by kind: operands; [object, arguments…] of calls, filters and tests; [then, condition, else] of a choice; [condition, body, else] of
   if; [target, sequence, condition, body, else] of for; [target, value] of set; [body, parameters…] of a macro. Absent ones are NULL. */
struct jinja_node_s {
    jinja_node_kind_t    kind;
    int                  line;
    const char          *name; /* of a name, attribute, filter, test, keyword, macro; the operator */
    bool                 negated; /* a test: is not; a list: a tuple */
    const jinja_value_t *value;
    const char          *text;
    size_t               len;
    jinja_node_t       **nodes;
    size_t               n, room;
};

typedef struct jinja_frame_s jinja_frame_t;

struct jinja_frame_s {
    jinja_frame_t        *outer;
    const char          **names;
    const jinja_value_t **values;
    size_t                n, room;
};

typedef struct {
    arena_t       *arena;
    jmp_buf        leave;
    const char    *fault;
    size_t         used; /* of the arena before */
    int            steps, depth, line;
    jinja_frame_t *frame;
    text_t        *out;
} jinja_t;

/* The arguments of a call, filter or test. */
typedef struct {
    const jinja_value_t *values[8];
    size_t               n;
    const char          *names[8]; /* of the keywords, which follow the others */
    const jinja_value_t *keywords[8];
    size_t               n_keywords;
} jinja_arguments_t;

_Noreturn void jinja_fail(jinja_t *jinja, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Count a step; fails when there were too many, or too much memory. */
void jinja_step(jinja_t *jinja);

/* jinja_parse.c */
jinja_node_t *jinja_parse(jinja_t *jinja, const char *source, size_t len);

/* jinja_value.c */
const jinja_value_t *jinja_undefined(jinja_t *jinja, const char *name);
const jinja_value_t *jinja_none(void);
const jinja_value_t *jinja_bool(bool truth);
const jinja_value_t *jinja_integer(jinja_t *jinja, int64_t integer);
const jinja_value_t *jinja_float(jinja_t *jinja, double number);
const jinja_value_t *jinja_text(jinja_t *jinja, const char *text, size_t len);
jinja_value_t       *jinja_list(jinja_t *jinja, size_t n); /* n items to be filled */
void                 jinja_append(jinja_t *jinja, jinja_value_t *list, const jinja_value_t *item);
void                 jinja_put(jinja_t *jinja, jinja_value_t *dict, const jinja_value_t *key, const jinja_value_t *value);
const jinja_value_t *jinja_get(const jinja_value_t *dict, const char *key); /* NULL: no such member */
bool                 jinja_true(const jinja_value_t *value);
bool                 jinja_is_number(const jinja_value_t *value);
double               jinja_number(const jinja_value_t *value);
bool                 jinja_equal(jinja_t *jinja, const jinja_value_t *a, const jinja_value_t *b);
int                  jinja_compare(jinja_t *jinja, const jinja_value_t *a, const jinja_value_t *b, const char *what);
void                 jinja_write(jinja_t *jinja, text_t *out, const jinja_value_t *value, bool quoted);
const jinja_value_t *jinja_text_of(jinja_t *jinja, const jinja_value_t *value);
const jinja_value_t *jinja_sequence(jinja_t *jinja, const jinja_value_t *value); /* as a list: characters, keys, items; fails for others */
const jinja_value_t *jinja_member(jinja_t *jinja, const jinja_value_t *object, const jinja_value_t *key);

/* jinja_filter.c, jinja_test.c */
/* Of a sign of jinja_expression.c; fails for values that it is not for. */
const jinja_value_t *jinja_binary(jinja_t *jinja, const char *sign, const jinja_value_t *a, const jinja_value_t *b);

const jinja_value_t *jinja_filter(jinja_t *jinja, const char *name, const jinja_value_t *value, const jinja_arguments_t *arguments);
bool                 jinja_test(jinja_t *jinja, const char *name, const jinja_value_t *value, const jinja_arguments_t *arguments);
const jinja_value_t *jinja_method(jinja_t *jinja, const jinja_value_t *object, const char *name, const jinja_arguments_t *arguments);
const jinja_value_t *jinja_argument(const jinja_arguments_t *arguments, size_t k, const char *name); /* NULL: not given */

#endif
