/* Filters, tests and methods: what their files share. */

#ifndef TATOR_LIB_JINJA_FILTER_H
#define TATOR_LIB_JINJA_FILTER_H

#include "jinja.h"

typedef const jinja_value_t *(*filter_pt)(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name);

/* NULL: there is none of this name. */
filter_pt jinja_filter_of(const char *name);

/* Arguments by place or name; integers and texts of whatever is given. */
bool        argument_true(const jinja_arguments_t *arguments, size_t k, const char *name);
int64_t     argument_integer(const jinja_arguments_t *arguments, size_t k, const char *name, int64_t otherwise);
const char *argument_text(jinja_t *jinja, const jinja_arguments_t *arguments, size_t k, const char *name, const char *otherwise);

/* An item's member "a.b.0" of a filter's argument `attribute`; the item itself when that is NULL. */
const jinja_value_t *attribute_of(jinja_t *jinja, const jinja_value_t *item, const jinja_value_t *attribute);

const jinja_value_t *text_done(jinja_t *jinja, const text_t *text);

const jinja_value_t *filter_case(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name);
const jinja_value_t *filter_trim(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name);
const jinja_value_t *filter_replace(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name);
const jinja_value_t *filter_length(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name);
const jinja_value_t *filter_list(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name);
const jinja_value_t *filter_end(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name);
const jinja_value_t *filter_join(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name);
const jinja_value_t *filter_reverse(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name);
const jinja_value_t *filter_sort(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name);
const jinja_value_t *filter_unique(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name);
const jinja_value_t *filter_sum(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name);
const jinja_value_t *filter_map(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name);
const jinja_value_t *filter_select(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name);
const jinja_value_t *filter_items(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name);
const jinja_value_t *filter_batch(jinja_t *jinja, const jinja_value_t *value, const jinja_arguments_t *arguments, const char *name);

#endif
