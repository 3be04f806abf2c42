/*
 * Users.
 */

#include <tator/uuid.h>

#include "../api/columns.h"
#include "../api/live_store.h"
#include "../api/login.h"
#include "../api/mail.h"
#include "avatar.h"
#include "common.h"
#include "labels.h"
#include "../api/page.h"
#include "user.h"

static const field_t user_changeable_fields[] = {
    {"first_name", STRING(), OPTIONAL, "First name."},
    {"last_name", STRING(), OPTIONAL, "Last name."},
    {"email", STRING(), OPTIONAL, "E-mail address."},
    {0},
};

static const field_t user_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"is_staff", BOOLEAN(), OPTIONAL, "Whether the user administers the server."},
    {"username", STRING(), OPTIONAL, "User name."},
    {"elemental_id", STRING(), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {"profile", FREE_OBJECT(), OPTIONAL, "Anything that applications want to keep with the user."},
    {0},
};

static const field_t user_update_fields[] = {
    {"elemental_id", STRING(), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {"password", STRING(), OPTIONAL, "The new password."},
    {"reset_token", STRING(), OPTIONAL, "Secret of the password reset."},
    {"new_avatar", STRING(), OPTIONAL, "Object key of an uploaded picture."},
    {"clear_avatar", INTEGER(DEFAULT("0")), OPTIONAL, "1 removes the picture of the user."},
    {"set_profile_keys", FREE_OBJECT(), OPTIONAL, "Members to set in the profile."},
    {"clear_profile_keys", ARRAY(STRING()), OPTIONAL, "Members to remove from the profile."},
    {0},
};

static const field_t user_spec_fields[] = {
    {"username", STRING(), REQUIRED, "User name."},
    {"first_name", STRING(), REQUIRED, "First name."},
    {"last_name", STRING(), REQUIRED, "Last name."},
    {"email", STRING(), REQUIRED, "E-mail address."},
    {"elemental_id", STRING(), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {"profile", FREE_OBJECT(), OPTIONAL, "Anything that applications want to keep with the user."},
    {"password", STRING(), REQUIRED, "The password."},
    {"registration_token", STRING(), OPTIONAL, "Secret of the invitation."},
    {"new_avatar", STRING(), OPTIONAL, "Object key of an uploaded picture."},
    {0},
};

const schema_t schema_user = OBJECT(user_fields, SHARED(user_changeable_fields), NAMED("User"));
const schema_t schema_user_spec = OBJECT(user_spec_fields, NAMED("UserSpec"));
const schema_t schema_user_update = OBJECT(user_update_fields, SHARED(user_changeable_fields), NAMED("UserUpdate"));

static const field_t user_exists_params[] = {
    {"username", STRING(), OPTIONAL, "Only this user name."},
    {"email", STRING(), OPTIONAL, "Only this address."},
    {"elemental_id", STRING(), OPTIONAL, "UUID of the object."},
    {0},
};

static const column_t user_columns[] = {
    {"id", "u.id", COLUMN_RAW},
    {"username", "u.username", COLUMN_TEXT},
    {"first_name", "u.first_name", COLUMN_TEXT},
    {"last_name", "u.last_name", COLUMN_TEXT},
    {"email", "u.email", COLUMN_TEXT},
    {"is_staff", "u.is_staff", COLUMN_BOOL},
    {"elemental_id", "u.elemental_id", COLUMN_SAFE},
    {"profile", "u.profile", COLUMN_RAW},
    {0},
};

static void        user_exists(rq_t *rq);
static void        user_current(rq_t *rq);
static void        user_get(rq_t *rq);
static void        user_update(rq_t *rq);
static void        user_list(rq_t *rq);
static void        user_create(rq_t *rq);
static bool        user_filter(rq_t *rq, sql_t *sql);
static void        user_reply(rq_t *rq, const sql_t *sql);
static json_t     *user_object(rq_t *rq, const result_t *result, int64_t row);
static void        user_may_change(rq_t *rq, int64_t id);
static void        user_claim(rq_t *rq, const user_new_t *user);
static bool        user_resets(rq_t *rq);
static void        user_change_password(rq_t *rq, int64_t id);
static void        user_change_names(rq_t *rq, int64_t id);
static void        user_change_profile(rq_t *rq, int64_t id);
static json_t     *user_new_profile(rq_t *rq, int64_t id, json_t *profile);
static const char *user_invitation(rq_t *rq, user_new_t *user);
static void        user_organization(rq_t *rq, int64_t id);
static void        user_tell_staff(rq_t *rq, int64_t id);

const endpoint_t user_endpoints[] = {
    {GET(OPEN), "/rest/User/Exists", "UserExists", user_exists,
     .params = {user_exists_params}, .reply = &schema_flag,
     .doc = "Whether such a user exists."},
    {GET(OPEN), "/rest/User/GetCurrent", "Whoami", user_current,
     .params = {presigned_param}, .reply = &schema_user, .flags = NO_ERRORS,
     .doc = "The user who asks."},
    {GET(SIGNED_IN), "/rest/User/{id}", "GetUser", user_get,
     .params = {path_id, presigned_param}, .reply = &schema_user,
     .doc = "A user."},
    {PATCH(OPEN), "/rest/User/{id}", "UpdateUser", user_update,
     .params = {path_id, presigned_param}, .body = &schema_user_update,
     .doc = "Change a user."},
    {GET(SIGNED_IN), "/rest/Users", "GetUserList", user_list,
     .params = {user_exists_params, presigned_param}, .reply = &schema_user,
     .flags = REPLY_LIST,
     .doc = "Users by name, address or elemental id."},
    {POST(OPEN), "/rest/Users", "CreateUser", user_create,
     .body = &schema_user_spec,
     .flags = CREDENTIALS, .doc = "Register a user."},
    {0},
};


/* GET User/Exists: anybody may ask (contract/accounts.md §4.3). */
static void
user_exists(rq_t *rq)
{
    sql_t *sql = sql_new(rq->arena);

    sql_put(sql, "SELECT EXISTS (SELECT FROM main_user u WHERE ");
    if (!user_filter(rq, sql)) {
        fail(rq, 400, "One of username or email must be supplied!");
    }
    sql_put(sql, ")");

    reply_json(rq, 200, rq_own(rq, json_boolean(pg_bool(pg_run(rq, sql), 0, 0))));
}


/* GET User/GetCurrent; nobody is nobody's row (contract/accounts.md §2). */
static void
user_current(rq_t *rq)
{
    sql_t *sql = sql_new(rq->arena);

    sql_put(sql, "SELECT ");
    columns_select(sql, user_columns);
    sql_put(sql, " FROM main_user u WHERE u.id = %ld", rq->user.id);
    user_reply(rq, sql);
}


/* GET User/{id}: staff, oneself, and whoever shares a project. */
static void
user_get(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0);
    sql_t  *sql = sql_new(rq->arena);

    if (!rq->user.is_staff && id != rq->user.id
        && pg_rows(pg_query(rq,
                            "SELECT FROM main_membership mine JOIN main_membership other ON other.project = mine.project"
                            " WHERE mine.\"user\" = %ld AND other.\"user\" = %ld LIMIT 1", rq->user.id, id)) == 0)
    {
        fail_permission(rq);
    }

    sql_put(sql, "SELECT ");
    columns_select(sql, user_columns);
    sql_put(sql, " FROM main_user u WHERE u.id = %ld", id);
    user_reply(rq, sql);
}


/* GET Users: everybody may look up anybody, by one filter. */
static void
user_list(rq_t *rq)
{
    sql_t    *sql = sql_new(rq->arena);
    json_t   *list = rq_own(rq, json_array());
    result_t *result;

    sql_put(sql, "SELECT ");
    columns_select(sql, user_columns);
    sql_put(sql, " FROM main_user u WHERE ");
    if (!user_filter(rq, sql)) {
        fail(rq, 400, "One of username or email or elemental_id must be supplied!");
    }
    sql_put(sql, " ORDER BY u.id");

    result = pg_run(rq, sql);
    for (int64_t row = 0; row < pg_rows(result); row++) {
        json_array_append(list, user_object(rq, result, row));
    }

    reply_json(rq, 200, list);
}


/* PATCH User/{id} (contract/accounts.md §4.3, §4.5) */
static void
user_update(rq_t *rq)
{
    int64_t   id = param_int(rq, "id", 0);
    result_t *user;

    user_may_change(rq, id);

    user = pg_query(rq, "SELECT username FROM main_user WHERE id = %ld", id);
    if (pg_rows(user) == 0) {
        fail_no_match(rq, "User");
    }

    if (strcmp(pg_text(user, 0, 0), "anonymous") == 0) {
        fail(rq, 400, "Anonymous user cannot be modified!");
    }

    user_change_password(rq, id);
    user_change_names(rq, id);
    user_tell_staff(rq, id);
    user_change_profile(rq, id);

    if (tx_open(rq)) {
        tx_commit(rq);
    }

    reply_message(rq, 200, "Updated user %ld successfully!", (long) id);
}


/* POST Users (contract/accounts.md §4.2, §4.4) */
static void
user_create(rq_t *rq)
{
    int64_t     id;
    json_t     *profile;
    avatar_t    avatar = {0};
    bool        pictured = param_text(rq, "new_avatar") != NULL;
    const char *fault, *stored;
    user_new_t  user = {
        .username = user_trimmed(rq, param_text(rq, "username")),
        .first_name = param_text(rq, "first_name"),
        .last_name = param_text(rq, "last_name"),
        .email = param_text(rq, "email"),
        .password = param_text(rq, "password"),
        .token = param_text(rq, "registration_token"),
    };

    fault = user_fault(rq, &user);
    if (fault != NULL) {
        fail(rq, 400, "%s", fault);
    }

    profile = rq_own(rq, json_object());
    if (json_is_object(param(rq, "set_profile_keys"))) {
        json_object_update(profile, param(rq, "set_profile_keys"));
        json_object_del(profile, "avatar");
    }

    if (pictured) {
        avatar = avatar_read(rq, param_text(rq, "new_avatar"));
    }

    stored = login_stored(rq, user.password);
    id = user_id_new(rq);

    if (pictured) {
        json_object_set_new(profile, "avatar", json_string(avatar_store(rq, id, &avatar)));
    }

    tx_begin(rq);
    user_insert(rq, id, &user, stored, profile);
    tx_commit(rq);

    reply_created(rq, id, "User %s created!", user.username);
}


const char *
user_fault(rq_t *rq, user_new_t *user)
{
    user->wrong = "username";
    if (*user->username == '\0') {
        return "username must not be empty.";
    }

    if (pg_rows(pg_query(rq, "SELECT FROM main_user WHERE upper(username) = upper(%s) LIMIT 1", user->username)) != 0) {
        return "Username is already taken!";
    }

    user->wrong = "password";
    if (*user->password == '\0') {
        return "password must not be empty.";
    }

    user->wrong = NULL;
    if (user->token != NULL) {
        return user_invitation(rq, user);
    }

    if (!rq->config->anonymous_registration) {
        return "Registration token must be supplied in URL!";
    }

    if (rq->config->email_confirmation && !rq->config->email_enabled) {
        return "Cannot enable email confirmation without email service!";
    }

    return NULL;
}


int64_t
user_id_new(rq_t *rq)
{
    return pg_int(pg_query(rq, "SELECT nextval(pg_get_serial_sequence('main_user', 'id'))"), 0, 0);
}


/* With e-mail confirmation a user who was not invited stays inactive until he follows the mailed link (contract/accounts.md §4.4; the
   reference's mail has no link). */
void
user_insert(rq_t *rq, int64_t id, const user_new_t *user, const char *stored, const json_t *profile)
{
    bool waits = rq->config->email_confirmation && user->invitation == 0 && !user->known;
    char confirmation[UUID_SIZE];

    uuid_v4(confirmation);
    user_claim(rq, user);

    pg_query(rq,
             "INSERT INTO main_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined,"
             "                       middle_initial, initials, failed_login_count, confirmation_token, elemental_id, profile)"
             " VALUES (%ld, %s, false, %s, %s, %s, %s, false, %d, now(), '', '', 0, %s::uuid, gen_random_uuid(), %p)",
             id, stored, user->username, user->first_name, user->last_name, user->email, !waits, waits ? confirmation : NULL, profile);

    if (rq->config->autocreate_organizations) {
        user_organization(rq, id);
    }

    if (user->invitation != 0
        && pg_rows(pg_query(rq,
                            "WITH accepted AS (UPDATE main_invitation SET status = 'Accepted' WHERE id = %ld AND status = 'Pending'"
                            "                  RETURNING permission, organization_id)"
                            " INSERT INTO main_affiliation (permission, organization_id, user_id) SELECT permission, organization_id, %ld FROM accepted"
                            " RETURNING id",
                            user->invitation, id)) == 0)
    {
        fail(rq, 400, "Registration token is expired or invalid!");
    }

    if (waits) {
        mail_send(rq, user->email, "Tator email confirmation",
                  "The account %s was registered with this e-mail address.\n\n"
                  "If that was you, confirm it here:\n\n%s/registration-confirmation?token=%s\n",
                  user->username, page_site(rq), confirmation);
    }

    mail_send_staff(rq, "Tator user created", "The user %s (%s %s, %s) was created with the id %ld.\n", user->username, user->first_name,
                    user->last_name, user->email, (long) id);
}


/* What user_fault() found may have changed while the password was hashed: of several at once with one name, in whatever case, one gets it. */
static void
user_claim(rq_t *rq, const user_new_t *user)
{
    if (user->known) {
        return;
    }

    pg_query(rq, "SELECT pg_advisory_xact_lock(hashtextextended('tator user name ' || upper(%s), 0))", user->username);

    if (pg_rows(pg_query(rq, "SELECT FROM main_user WHERE upper(username) = upper(%s) LIMIT 1", user->username)) != 0) {
        fail(rq, 400, "Username is already taken!");
    }
}


bool
user_confirm(rq_t *rq, const char *token)
{
    return pg_rows(pg_query(rq,
                            "UPDATE main_user SET is_active = true, confirmation_token = NULL"
                            " WHERE confirmation_token::text = lower(%s) AND NOT is_active RETURNING id",
                            token)) == 1;
}


/* One filter counts: the elemental id over the name (in any case) over the address. */
static bool
user_filter(rq_t *rq, sql_t *sql)
{
    if (param_text(rq, "elemental_id") != NULL) {
        sql_put(sql, "u.elemental_id = %s::uuid", param_text(rq, "elemental_id"));

    } else if (param_text(rq, "username") != NULL) {
        sql_put(sql, "upper(u.username) = upper(%s)", param_text(rq, "username"));

    } else if (param_text(rq, "email") != NULL) {
        sql_put(sql, "u.email = %s", param_text(rq, "email"));

    } else {
        return false;
    }

    return true;
}


static void
user_reply(rq_t *rq, const sql_t *sql)
{
    result_t *result = pg_run(rq, sql);

    if (pg_rows(result) == 0) {
        fail_no_match(rq, "User");
    }

    reply_json(rq, 200, user_object(rq, result, 0));
}


/* With `presigned` the picture becomes a URL, or null where there is none. Keys beyond the user's own are never signed. */
static json_t *
user_object(rq_t *rq, const result_t *result, int64_t row)
{
    json_t     *user = columns_object(rq, user_columns, result, row, 0), *profile = json_object_get(user, "profile");
    const char *path, *url = NULL;

    if (param_given(rq, "presigned") && json_is_object(profile)) {
        path = avatar_path(rq, pg_int(result, row, 0), profile);
        if (path != NULL) {
            url = live_store_url(rq, path, (int) param_int(rq, "presigned", 0));
        }
        json_object_set_new(profile, "avatar", url == NULL ? json_null() : json_string(url));
    }

    return user;
}


static void
user_may_change(rq_t *rq, int64_t id)
{
    if (user_resets(rq) || rq->user.is_staff || (rq->user.id != 0 && rq->user.id == id)) {
        return;
    }

    if (rq->user.id == 0) {
        fail_credentials(rq);
    }

    fail_permission(rq);
}


/* The body has exactly the two members of a password reset: its token stands for credentials. */
static bool
user_resets(rq_t *rq)
{
    json_error_t error;
    json_t      *body = rq_own(rq, json_parse(rq->content.data, rq->content.len, &error));

    return json_object_size(body) == 2 && json_is_string(json_object_get(body, "password"))
        && json_is_string(json_object_get(body, "reset_token"));
}


/* Begins the transaction, after the hash is made. A reset's token is for one user, once, and for a day. */
static void
user_change_password(rq_t *rq, int64_t id)
{
    const char *stored, *password = param_text(rq, "password"), *token = param_text(rq, "reset_token");

    if (password == NULL) {
        tx_begin(rq);
        return;
    }

    if (token == NULL) {
        fail(rq, 400, "Password cannot be changed without reset token!");
    }

    if (*password == '\0') {
        fail(rq, 400, "password must not be empty.");
    }

    stored = login_stored(rq, password);
    tx_begin(rq);

    if (!user_reset_password(rq, id, token, stored)) {
        fail(rq, 400, "Reset token is expired or invalid!");
    }
}


int64_t
user_arrives(rq_t *rq, user_new_t *user)
{
    int64_t   id;
    result_t *there;

    user->known = true;

    tx_begin(rq);
    pg_query(rq, "SELECT pg_advisory_xact_lock(hashtextextended('tator user ' || %s, 0))", user->username); /* two arrivals at once */
    there = pg_query(rq, "SELECT id FROM main_user WHERE username = %s", user->username);

    if (pg_rows(there) == 1) {
        id = pg_int(there, 0, 0);

    } else {
        id = user_id_new(rq);
        user_insert(rq, id, user, "", rq_own(rq, json_object()));
    }

    tx_commit(rq);

    return id;
}


/* The other resets of the user end, too: who got hold of an older mail can not take the account back. */
bool
user_reset_password(rq_t *rq, int64_t id, const char *token, const char *stored)
{
    result_t *reset;

    reset = pg_query(rq,
                     "DELETE FROM main_passwordreset WHERE reset_token::text = lower(%s) AND user_id = %ld"
                     " RETURNING created_datetime > now() - interval '1 day'",
                     token, id);

    if (pg_rows(reset) == 0 || !pg_bool(reset, 0, 0)) {
        return false;
    }

    pg_query(rq, "DELETE FROM main_passwordreset WHERE user_id = %ld", id);
    pg_query(rq, "UPDATE main_user SET password = %s, failed_login_count = 0 WHERE id = %ld", stored, id);

    return true;
}


static void
user_change_names(rq_t *rq, int64_t id)
{
    const char *email = param_text(rq, "email");

    if (email != NULL
        && pg_rows(pg_query(rq,
                            "SELECT FROM main_user WHERE email = %s AND id <> %ld"
                            " AND %s <> (SELECT email FROM main_user WHERE id = %ld) LIMIT 1", email, id, email, id)) != 0)
    {
        fail(rq, 400, "User with email %s already exists!", email);
    }

    pg_query(rq,
             "UPDATE main_user SET first_name = coalesce(%s, first_name), last_name = coalesce(%s, last_name), email = coalesce(%s, email)"
             " WHERE id = %ld",
             param_text(rq, "first_name"), param_text(rq, "last_name"), email, id);
}


/* Ends the transaction when a picture goes: its object is deleted after that. */
static void
user_change_profile(rq_t *rq, int64_t id)
{
    json_t     *old, *profile;
    result_t   *row;
    const char *before, *after;

    row = pg_query(rq, "SELECT coalesce(profile, '{}') FROM main_user WHERE id = %ld FOR UPDATE", id);
    old = pg_json(rq, row, 0, 0);
    before = avatar_path(rq, id, old);

    profile = user_new_profile(rq, id, old);
    after = avatar_path(rq, id, profile);

    if (json_equal(old, profile)) {
        return;
    }

    pg_query(rq, "UPDATE main_user SET profile = %p WHERE id = %ld", profile, id);

    if (before != NULL && (after == NULL || strcmp(before, after) != 0)) {
        tx_commit(rq);
        (void) live_store_delete(rq, before);
    }
}


/* In the order of the contract: keys set, keys cleared, picture cleared, new picture. */
static json_t *
user_new_profile(rq_t *rq, int64_t id, json_t *old)
{
    size_t      k;
    json_t     *name, *set = param(rq, "set_profile_keys"), *profile = rq_own(rq, json_copy(old));
    avatar_t    avatar;
    const char *text = param_text(rq, "new_avatar");

    if (json_is_object(set)) {
        json_object_update(profile, set);

        if (json_object_get(set, "avatar") != NULL && !json_is_null(json_object_get(set, "avatar")) && avatar_path(rq, id, set) == NULL) {
            fail(rq, 400, "set_profile_keys: avatar must name an object below user_data/%ld/.", (long) id);
        }
    }

    json_array_foreach(param(rq, "clear_profile_keys"), k, name) {
        json_object_del(profile, json_string_value(name));
    }

    if (param_int(rq, "clear_avatar", 0) > 0) {
        json_object_del(profile, "avatar");
    }

    if (text != NULL) {
        avatar = avatar_read(rq, text);
        json_object_set_new(profile, "avatar", json_string(avatar_store(rq, id, &avatar)));
    }

    return profile;
}


/* The pending invitation that the token names; it must have been sent to this address. */
static const char *
user_invitation(rq_t *rq, user_new_t *user)
{
    result_t *invitation;

    invitation = pg_query(rq,
                          "SELECT id, upper(email) = upper(%s) FROM main_invitation"
                          " WHERE registration_token::text = lower(%s) AND status = 'Pending'",
                          user->email, user->token);

    if (pg_rows(invitation) == 0) {
        return "Registration token is expired or invalid!";
    }

    if (!pg_bool(invitation, 0, 1)) {
        user->wrong = "email";
        return "Email address must match where registration token was sent!";
    }

    user->invitation = pg_int(invitation, 0, 0);

    return NULL;
}


/* An organization of his own for a user whom nobody has invited. */
static void
user_organization(rq_t *rq, int64_t id)
{
    pg_query(rq,
             "WITH owner AS (SELECT u.id, " DISPLAY_NAME_SQL("u") " || '''s Team' AS team FROM main_user u WHERE u.id = %ld"
             "               AND NOT EXISTS (SELECT FROM main_invitation i WHERE i.email = u.email AND i.status = 'Pending')),"
             " made AS (INSERT INTO main_organization (name) SELECT left(team, 128) FROM owner RETURNING id),"
             " affiliated AS (INSERT INTO main_affiliation (permission, organization_id, user_id)"
             "                SELECT 'Admin', made.id, owner.id FROM made, owner)"
             " INSERT INTO main_rowprotection (created_datetime, permission, target_organization_id, user_id)"
             " SELECT now(), 1099511627775, made.id, owner.id FROM made, owner",
             id);
}


/* Which of what staff hears of is in the request (contract/accounts.md §4.2); never the values of secrets. */
static void
user_tell_staff(rq_t *rq, int64_t id)
{
    text_t                   names;
    result_t                *user;
    static const char *const told[] = {"first_name", "last_name", "email", "password", "set_profile_keys", "clear_profile_keys", "new_avatar"};

    if (!rq->config->email_notify_staff) {
        return;
    }

    text_start(&names, rq->arena, 128);
    for (size_t k = 0; k < sizeof(told) / sizeof(told[0]); k++) {
        if (param_given(rq, told[k])) {
            text_printf(&names, "%s%s", names.len ? ", " : "", told[k]);
        }
    }

    if (names.len > 0) {
        user = pg_query(rq, "SELECT username FROM main_user WHERE id = %ld", id);
        mail_send_staff(rq, "Tator user changed", "The user %s (id %ld) was changed: %.*s.\n", pg_text(user, 0, 0), (long) id, (int) names.len,
                        names.data);
    }
}


const char *
user_trimmed(rq_t *rq, const char *text)
{
    size_t len;

    text += strspn(text, " \t\r\n");
    len = strlen(text);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL) {
        len--;
    }

    return arena_copy(rq->arena, text, len);
}
