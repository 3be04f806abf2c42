/*
 * Doors beside the log-in: the anonymous user's, and the questions that proxies and file locations ask (contract/accounts.md §1.1, §3.9,
 * operations.md §21).
 */

#include "../api/page.h"
#include "../api/session.h"
#include "../net/pg.h"
#include "common.h"
#include "user.h"

#define GATEWAY_NAME "anonymous"

static const field_t anonymous_gateway_schema_params[] = {
    {"redirect", STRING(), OPTIONAL, "Where to go next."},
    {0},
};

static void    gateway_enter(rq_t *rq);
static void    gateway_project(rq_t *rq);
static void    gateway_staff(rq_t *rq);
static void    gateway_admin(rq_t *rq);
static void    gateway_admin_login(rq_t *rq);
static bool    gateway_next_part(str_t *path, str_t *part);
static int64_t gateway_number(str_t part);

const endpoint_t gateway_endpoints[] = {
    {GET(OPEN), "/anonymous-gateway", "GetAnonymousGatewaySchema", gateway_enter,
     .params = {anonymous_gateway_schema_params}, .reply = &schema_anything_list,
     .flags = NO_ERRORS | OWN_ERRORS,
     .doc = "Enter as the anonymous user."},
    {GET(OPEN), "/auth-project", .handler = gateway_project, .flags = OWN_ERRORS, .doc = "Whether the caller may read files of a project."},
    {GET(OPEN), "/auth-admin", .handler = gateway_staff, .flags = OWN_ERRORS, .doc = "Whether the caller is staff."},
    {GET(OPEN), "/admin/", .handler = gateway_admin, .doc = "Links for staff."},
    {GET(OPEN), "/admin", .handler = gateway_admin_login, .doc = "To the same."},
    {GET(OPEN), "/admin/login/", .handler = gateway_admin_login, .doc = "To the log-in form."},
    {0},
};


/* GET /anonymous-gateway: the browser goes on as the user `anonymous`, who has no password. */
static void
gateway_enter(rq_t *rq)
{
    result_t *user;
    int64_t   id;

    if (!rq->config->anonymous_gateway) {
        page_plain(rq, 404, "Not Found", "The requested resource was not found on this server.");
        return;
    }

    user = pg_query(rq, "SELECT id FROM main_user WHERE username = '" GATEWAY_NAME "'");

    if (pg_rows(user) == 1) {
        id = pg_int(user, 0, 0);

    } else {
        id = user_arrives(rq, &(user_new_t) {.username = GATEWAY_NAME, .first_name = "Guest", .last_name = "Account",
                                             .email = rq_format(rq, GATEWAY_NAME "@%s", rq->config->main_host ? rq->config->main_host : "localhost"),
                                             .password = ""});
    }

    user = pg_query(rq, "UPDATE main_user SET last_login = now() WHERE id = %ld AND is_active RETURNING password", id);
    if (pg_rows(user) == 0) {
        fail(rq, 403, "User inactive or deleted.");
    }

    session_start(rq, id, pg_text(user, 0, 0));
    page_never_kept(rq);
    reply_redirect(rq, 302, page_local(param_text(rq, "redirect"), "/projects"));
}


/* GET /auth-project, of NGINX before it sends a file below /media/PROJECT/ or /media/SOMETHING/PROJECT/: members only, in both modes of
   permission. */
static void
gateway_project(rq_t *rq)
{
    str_t     path = rq->original, part;
    int64_t   project = -1;
    result_t *member;

    if (rq->user.id == 0) {
        fail(rq, 403, "Authentication credentials were not provided.");
    }

    if (gateway_next_part(&path, &part) && gateway_next_part(&path, &part)) {
        project = gateway_number(part);
        if (project < 0 && gateway_next_part(&path, &part)) {
            project = gateway_number(part);
        }
    }

    member = pg_query(rq,
                      "SELECT (SELECT m.permission FROM main_membership m WHERE m.project = p.id AND m.\"user\" = %ld ORDER BY m.id LIMIT 1)"
                      " FROM main_project p WHERE p.id = %ld", rq->user.id, project);

    if (pg_rows(member) == 0 || pg_null(member, 0, 0) || strcmp(pg_text(member, 0, 0), "n") == 0) {
        fail_permission(rq);
    }

    reply_text(rq, 200, "text/plain; charset=utf-8", "", 0);
}


/* GET /auth-admin */
static void
gateway_staff(rq_t *rq)
{
    if (!rq->user.is_staff) {
        fail_permission(rq);
    }

    reply_text(rq, 200, "text/plain; charset=utf-8", "", 0);
}


/* GET /admin/: what the reference's site for staff is for, and what does it here. */
static void
gateway_admin(rq_t *rq)
{
    text_t page;
    static const struct {
        const char *what, *how;
    } tasks[] = {
        {"Make a user of the staff", "tator-admin createsuperuser"},
        {"Set somebody's password", "tator-admin setpassword"},
        {"Give somebody a token", "tator-admin token"},
        {"Bring the tables up to date", "tator-admin migrate"},
    };

    page_never_kept(rq);

    if (rq->user.id == 0) {
        gateway_admin_login(rq);
        return;
    }

    if (!rq->user.is_staff) {
        page_plain(rq, 403, "Forbidden", "This page is for staff.");
        return;
    }

    page_begin(rq, &page, "Tator administration");
    text_puts(&page, "  <h2>In the application</h2>\n  <ul>\n"
                     "    <li><a href=\"/organizations\">Organizations</a>: affiliations, invitations, buckets, job clusters</li>\n"
                     "    <li><a href=\"/projects\">Projects</a>: memberships, types, versions, algorithms</li>\n"
                     "    <li><a href=\"/schema/?format=json\">All operations</a></li>\n  </ul>\n"
                     "  <h2>On the server's command line</h2>\n  <dl>\n");

    for (size_t k = 0; k < sizeof(tasks) / sizeof(tasks[0]); k++) {
        text_printf(&page, "    <dt>%s</dt><dd><code>%s</code></dd>\n", tasks[k].what, tasks[k].how);
    }

    text_puts(&page, "  </dl>\n");
    page_link(&page, "/accounts/logout/", "Log out");
    page_close(rq, &page, 200);
}


static void
gateway_admin_login(rq_t *rq)
{
    reply_redirect(rq, 302, rq->user.is_staff ? "/admin/" : "/accounts/login/?next=/admin/");
}


/* Take "/part" off the path's beginning. */
static bool
gateway_next_part(str_t *path, str_t *part)
{
    unsigned char *slash;

    if (path->len < 2 || path->data[0] != '/') {
        return false;
    }

    part->data = path->data + 1;
    slash = memchr(part->data, '/', path->len - 1);
    part->len = slash == NULL ? path->len - 1 : (size_t) (slash - part->data);
    path->data += part->len + 1;
    path->len -= part->len + 1;

    return true;
}


/* -1: not a number. */
static int64_t
gateway_number(str_t part)
{
    int64_t number = 0;

    if (part.len == 0 || part.len > 18) {
        return -1;
    }

    for (size_t k = 0; k < part.len; k++) {
        if (part.data[k] < '0' || part.data[k] > '9') {
            return -1;
        }
        number = number * 10 + part.data[k] - '0';
    }

    return number;
}
