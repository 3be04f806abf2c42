/*
 * The trie of path segments (router.h). A node is one segment; its literal children stand in a list, its parameter child apart.
 * Where a path ends, the node has one row for each method. Built once, then only read.
 */

#include "router.h"

typedef struct node_s node_t;

struct node_s {
    str_t             segment; /* literal; the parameter's node has none */
    node_t           *children, *next, *parameter;
    const endpoint_t *rows[METHOD_DELETE + 1]; /* by method; rows[0]: any of them, NULL: no path ends here */
    const char       *allow;
    const char       *names[ROUTE_VALUES];
    bool              integers[ROUTE_VALUES];
    int               n;
};

struct router_s {
    arena_t *arena;
    node_t   root;
};

static const char *const router_methods[] = {
    [METHOD_GET] = "GET", [METHOD_POST] = "POST", [METHOD_PUT] = "PUT", [METHOD_PATCH] = "PATCH",
    [METHOD_DELETE] = "DELETE",
};

static const char    *router_add(router_t *router, const endpoint_t *endpoint);
static node_t        *router_child(router_t *router, node_t *node, str_t segment);
static const char    *router_name(router_t *router, node_t *node, const endpoint_t *endpoint, str_t segment);
static const field_t *router_parameter(const endpoint_t *endpoint, str_t name);
static void           router_allow(router_t *router, node_t *node);
static const node_t  *router_match(const node_t *node, str_t path, route_t *route, int n);
static bool           router_segment(str_t *path, str_t *segment);
static bool           router_integer(str_t text, int64_t *number);


router_t *
router_create(arena_t *arena, const endpoint_t *const *tables, const char **error)
{
    router_t         *router;
    const endpoint_t *endpoint;

    router = arena_zalloc(arena, sizeof(router_t));
    router->arena = arena;

    for (; *tables != NULL; tables++) {
        for (endpoint = *tables; endpoint->path != NULL; endpoint++) {
            *error = router_add(router, endpoint);
            if (*error != NULL) {
                return NULL;
            }
        }
    }

    return router;
}


const char *
router_method_name(method_t method)
{
    return router_methods[method];
}


void
router_find(const router_t *router, str_t method, str_t path, route_t *route)
{
    const node_t *node;

    memset(route, 0, sizeof(route_t));
    route->status = 404;

    node = router_match(&router->root, path, route, 0);
    if (node == NULL) {
        return;
    }

    for (int k = 0; k < node->n; k++) {
        route->values[k].name = node->names[k];
        route->values[k].integer = node->integers[k];
        if (node->integers[k] && !router_integer(route->values[k].text, &route->values[k].number)) {
            return;
        }
    }

    route->n = node->n;
    route->allow = node->allow;
    route->status = 405;
    route->other = node->rows[0];

    for (int k = METHOD_GET; k <= METHOD_DELETE; k++) {
        if (node->rows[k] != NULL && method.len == strlen(router_methods[k])
            && memcmp(method.data, router_methods[k], method.len) == 0)
        {
            route->endpoint = node->rows[k];
        }
    }

    /* pages answer HEAD, operations do not (contract/accounts.md §2) */
    if (method.len == 4 && memcmp(method.data, "HEAD", 4) == 0 && node->rows[METHOD_GET] != NULL && node->rows[METHOD_GET]->operation == NULL) {
        route->endpoint = node->rows[METHOD_GET];
    }

    if (route->endpoint != NULL) {
        route->status = 0;
    }
}


static const char *
router_add(router_t *router, const endpoint_t *endpoint)
{
    str_t       path, segment;
    node_t     *node, names;
    const char *error;

    path = str_of(endpoint->path);
    node = &router->root;
    memset(&names, 0, sizeof(names));

    while (router_segment(&path, &segment)) {
        if (segment.len > 0 && segment.data[0] == '{') {
            error = router_name(router, &names, endpoint, segment);
            if (error != NULL) {
                return error;
            }
            segment = (str_t) {0, NULL};
        }

        node = router_child(router, node, segment);
    }

    if (endpoint->method < METHOD_GET || endpoint->method > METHOD_DELETE || node->rows[endpoint->method] != NULL) {
        return arena_format(router->arena, "%s is there twice or without method", endpoint->path);
    }

    if (node->rows[0] != NULL && (node->n != names.n || memcmp(node->integers, names.integers, sizeof(names.integers)) != 0)) {
        return arena_format(router->arena, "%s has parameters of other kinds than the same path before", endpoint->path);
    }

    node->rows[0] = endpoint;
    node->rows[endpoint->method] = endpoint;
    node->n = names.n;
    memcpy(node->names, names.names, sizeof(names.names));
    memcpy(node->integers, names.integers, sizeof(names.integers));
    router_allow(router, node);

    return NULL;
}


/* The child of that segment, made when there is none; a segment without data is the parameter. */
static node_t *
router_child(router_t *router, node_t *node, str_t segment)
{
    node_t **place;

    place = &node->parameter;

    if (segment.data != NULL) {
        for (place = &node->children; *place != NULL; place = &(*place)->next) {
            if ((*place)->segment.len == segment.len && memcmp((*place)->segment.data, segment.data, segment.len) == 0) {
                break;
            }
        }
    }

    if (*place == NULL) {
        *place = arena_zalloc(router->arena, sizeof(node_t));
        (*place)->segment = segment;
    }

    return *place;
}


static const char *
router_name(router_t *router, node_t *names, const endpoint_t *endpoint, str_t segment)
{
    const field_t *field;

    field = router_parameter(endpoint, (str_t) {segment.len - 2, segment.data + 1});

    if (field == NULL || names->n == ROUTE_VALUES) {
        return arena_format(router->arena, "%s: %.*s is not declared, or too much", endpoint->path, (int) segment.len, segment.data);
    }

    names->names[names->n] = field->name;
    names->integers[names->n] = field->schema.type == TYPE_INTEGER;
    names->n++;

    return NULL;
}


static const field_t *
router_parameter(const endpoint_t *endpoint, str_t name)
{
    const field_t *field;

    for (int k = 0; endpoint->params[k] != NULL; k++) {
        for (field = endpoint->params[k]; field->name != NULL; field++) {
            if ((field->flags & PATH) && strlen(field->name) == name.len && memcmp(field->name, name.data, name.len) == 0) {
                return field;
            }
        }
    }

    return NULL;
}


static void
router_allow(router_t *router, node_t *node)
{
    text_t text;

    text_start(&text, router->arena, 64);

    for (int k = METHOD_GET; k <= METHOD_DELETE; k++) {
        if (node->rows[k] != NULL) {
            text_puts(&text, text.len ? ", " : "");
            text_puts(&text, router_methods[k]);
        }
    }

    if (node->rows[0]->flags & OWN_ERRORS) {
        text_puts(&text, ", OPTIONS");
    }

    node->allow = text.data;
}


/* The node where the path ends. Literals are tried before the parameter; the depth is that of the tables. */
static const node_t *
router_match(const node_t *node, str_t path, route_t *route, int n)
{
    str_t         segment;
    const node_t *child, *found;

    if (!router_segment(&path, &segment)) {
        return node->rows[0] != NULL ? node : NULL;
    }

    for (child = node->children; child != NULL; child = child->next) {
        if (child->segment.len == segment.len && memcmp(child->segment.data, segment.data, segment.len) == 0) {
            found = router_match(child, path, route, n);
            if (found != NULL) {
                return found;
            }
            break;
        }
    }

    if (node->parameter == NULL || n == ROUTE_VALUES || segment.len == 0) {
        return NULL;
    }

    found = router_match(node->parameter, path, route, n + 1);
    if (found != NULL) {
        route->values[n].text = segment;
    }

    return found;
}


/* Take "/segment" off the path's beginning; "/" gives an empty one. */
static bool
router_segment(str_t *path, str_t *segment)
{
    unsigned char *slash;

    if (path->len == 0 || path->data[0] != '/') {
        return false;
    }

    path->data++;
    path->len--;

    slash = path->len ? memchr(path->data, '/', path->len) : NULL;
    segment->data = path->data;
    segment->len = slash ? (size_t) (slash - path->data) : path->len;

    path->data += segment->len;
    path->len -= segment->len;

    return true;
}


static bool
router_integer(str_t text, int64_t *number)
{
    bool    large = false;
    int64_t value = 0;

    for (size_t k = 0; k < text.len; k++) {
        if (text.data[k] < '0' || text.data[k] > '9') {
            return false;
        }
        large = large || __builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, text.data[k] - '0', &value);
    }

    *number = large ? INT64_MAX : value;

    return true;
}
