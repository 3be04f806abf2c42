/*
 * Texts made of hosted templates, for algorithms and applets (contract/operations.md §10).
 */

#ifndef TATOR_HOSTED_TEMPLATE_H
#define TATOR_HOSTED_TEMPLATE_H

#include "../core/rq.h"

/*
 * Fetch the template's URL with its headers and fill in its parameters; those of the object that uses it come after the template's own, and win.
 * Both are lists of {"name", "value"}, or NULL. NULL: it can not be had or is no template; `*fault` says why.
 */
const char *hosted_template_render(rq_t *rq, int64_t id, const json_t *tparams, const json_t *headers, const char **fault);

/* For who wants to use it: fails with 400 when there is no such template, with `status` when the caller is no administrator of its organization. */
void hosted_template_allowed(rq_t *rq, int64_t id, int status);

#endif
