/*
 * Users.
 */

#include "../api/columns.h"
#include "common.h"

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

static void user_current(rq_t *rq);

const endpoint_t user_endpoints[] = {
    {GET, "/rest/User/Exists", "UserExists",
     .access = ACCESS_OPEN, .params = {user_exists_params}, .reply = &schema_flag,
     .doc = "Whether such a user exists."},
    {GET, "/rest/User/GetCurrent", "Whoami", user_current,
     .access = ACCESS_OPEN, .params = {presigned_param}, .reply = &schema_user, .flags = NO_ERRORS,
     .doc = "The user who asks."},
    {GET, "/rest/User/{id}", "GetUser",
     .access = ACCESS_OPEN, .params = {path_id, presigned_param}, .reply = &schema_user,
     .doc = "A user."},
    {PATCH, "/rest/User/{id}", "UpdateUser",
     .access = ACCESS_OPEN, .params = {path_id, presigned_param}, .body = &schema_user_update,
     .doc = "Change a user."},
    {GET, "/rest/Users", "GetUserList",
     .access = ACCESS_SIGNED_IN, .params = {user_exists_params, presigned_param}, .reply = &schema_user,
     .flags = REPLY_LIST,
     .doc = "Users by name, address or elemental id."},
    {POST, "/rest/Users", "CreateUser",
     .access = ACCESS_OPEN, .body = &schema_user_spec,
     .doc = "Register a user."},
    {0},
};


/* GET User/GetCurrent; nobody is nobody's row (contract/accounts.md §2). */
static void
user_current(rq_t *rq)
{
    sql_t    *sql = sql_new(rq->arena);
    result_t *result;

    sql_put(sql, "SELECT ");
    columns_select(sql, user_columns);
    sql_put(sql, " FROM main_user u WHERE u.id = %ld", rq->user.id);
    result = pg_run(rq, sql);

    if (pg_rows(result) == 0) {
        fail_no_match(rq, "User");
    }

    reply_row(rq, 200, user_columns, result, 0);
}
