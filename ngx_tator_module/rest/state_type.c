/*
 * State types: what states describe, and with what attributes.
 */

#include "type.h"

static const field_t state_type_common_fields[] = {
    {"description", STRING(), OPTIONAL, "Free text about it."},
    {"visible", BOOLEAN(), OPTIONAL, "Whether it shows in the user interface."},
    {"elemental_id", STRING(NULLABLE), OPTIONAL, "UUID that stays the same in all versions and marks."},
    {"extended_info", FREE_OBJECT(ADDITIONAL_ANY), OPTIONAL, "Anything that applications want to keep with it."},
    {0},
};

static const field_t state_type_made_fields[] = {
    {"interpolation", STRING(ENUM("none", "latest", "attr_style_range"), DEFAULT_TEXT("latest")), OPTIONAL,
     "How values between two frames follow."},
    {"grouping_default", BOOLEAN(DEFAULT("true")), OPTIONAL, "Whether the user interface groups by it."},
    {"attribute_types", ATTRIBUTE_TYPES(), OPTIONAL, "Definitions of its attributes."},
    {"delete_child_localizations", BOOLEAN(DEFAULT("false")), OPTIONAL,
     "Whether its localizations are deleted with it."},
    {"default_localization", INTEGER(), OPTIONAL, "Localization type that begins such a state."},
    {"effective_permission", INTEGER(), OPTIONAL, "What the caller may do with it, as bits."},
    {0},
};

static const field_t state_type_fields[] = {
    {"id", INTEGER(), OPTIONAL, "Its id."},
    {"project", INTEGER(), OPTIONAL, "The project it belongs to."},
    {"dtype", STRING(), OPTIONAL, "Kind of data."},
    {"media", IDS(), OPTIONAL, "Media."},
    {"name", STRING(), OPTIONAL, "Its name."},
    {"association", STRING(ENUM("Media", "Frame", "Localization")), OPTIONAL, "What a state of this type describes."},
    {0},
};

static const field_t state_type_spec_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"association", STRING(ENUM("Media", "Frame", "Localization")), REQUIRED, "What a state of this type describes."},
    {"media_types", ARRAY(INTEGER(MINIMUM(1)), MIN_ITEMS(1)), REQUIRED, "Media types that it applies to."},
    {0},
};

static const field_t state_type_update_fields[] = {
    {"name", STRING(), OPTIONAL, "Its name."},
    {"grouping_default", BOOLEAN(), OPTIONAL, "Whether the user interface groups by it."},
    {"delete_child_localizations", BOOLEAN(), OPTIONAL, "Whether its localizations are deleted with it."},
    {0},
};

const schema_t schema_state_type =
    OBJECT(state_type_fields, SHARED(state_type_common_fields, state_type_made_fields), NAMED("StateType"));
const schema_t schema_state_type_spec =
    OBJECT(state_type_spec_fields, SHARED(state_type_common_fields, state_type_made_fields), NAMED("StateTypeSpec"));
const schema_t schema_state_type_update =
    OBJECT(state_type_update_fields, SHARED(state_type_common_fields), NAMED("StateTypeUpdate"));

const lookup_t lookup_state_type = {
    .model = "StateType",
    .sql = "SELECT project FROM main_statetype WHERE id = $1",
};

static const field_t state_type_list_params[] = {
    {"media_id", ARRAY(INTEGER()), OPTIONAL, "Only these media."},
    {"type", INTEGER(), OPTIONAL, "Only this type."},
    {"elemental_id", STRING(), OPTIONAL, "UUID of the object."},
    {0},
};

static const column_t state_type_columns[] = {
    {"id", "t.id", COLUMN_RAW},
    {"project", "t.project", COLUMN_RAW},
    {"name", "t.name", COLUMN_TEXT},
    {"description", "t.description", COLUMN_TEXT},
    {"dtype", "t.dtype", COLUMN_TEXT},
    {"attribute_types", "t.attribute_types", COLUMN_RAW},
    {"interpolation", "t.interpolation", COLUMN_TEXT},
    {"association", "t.association", COLUMN_TEXT},
    {"visible", "t.visible", COLUMN_BOOL},
    {"grouping_default", "t.grouping_default", COLUMN_BOOL},
    {"delete_child_localizations", "t.delete_child_localizations", COLUMN_BOOL},
    {"default_localization", "t.default_localization_id", COLUMN_RAW},
    {"elemental_id", "t.elemental_id", COLUMN_SAFE},
    {"effective_permission", "tator.project_permission(%ld::int, t.project)", COLUMN_MASK},
    {"extended_info", "t.extended_info", COLUMN_RAW},
    {"media", "ARRAY(SELECT l.mediatype_id FROM main_statetype_media l WHERE l.statetype_id = t.id ORDER BY 1)", COLUMN_IDS},
    {0},
};

static const type_kind_t state_type_kind = {
    .entity = "state",
    .label = "State",
    .model = "StateType",
    .table = "main_statetype",
    .columns = state_type_columns,
    .order = "t.name, t.id",
    .links = "main_statetype_media",
    .link_column = "statetype_id",
};

static void state_type_check_word(rq_t *rq, const char *name, const char *const *words);


static void
state_type_get(rq_t *rq)
{
    type_get(rq, &state_type_kind);
}


static void
state_type_list(rq_t *rq)
{
    type_list(rq, &state_type_kind);
}


static void
state_type_delete(rq_t *rq)
{
    type_delete(rq, &state_type_kind);
}


static void
state_type_create(rq_t *rq)
{
    int64_t   id;
    json_t   *media_types = param(rq, "media_types");
    result_t *result;

    type_check_members(rq);
    type_check_default(rq, "default_localization");
    tx_begin(rq);

    result = pg_query(rq,
                      "INSERT INTO main_statetype (dtype, name, description, visible, grouping_default, interpolation, association,"
                      " attribute_types, delete_child_localizations, elemental_id, extended_info, default_localization_id, project)"
                      " VALUES ('state', %s, COALESCE(%s, ''), COALESCE(%s::boolean, true), %d::boolean, %s, %s,"
                      " COALESCE(%p::jsonb, '[]'), %d::boolean, COALESCE(NULLIF(%s, '')::uuid, gen_random_uuid()),"
                      " COALESCE(%p::jsonb, '{}'), %s::int, %ld) RETURNING id",
                      param_text(rq, "name"), sql_param(rq, "description"), sql_param(rq, "visible"),
                      param_bool(rq, "grouping_default", true), param_text(rq, "interpolation"), param_text(rq, "association"),
                      sql_param_json(rq, "attribute_types"), param_bool(rq, "delete_child_localizations", false),
                      sql_param_uuid(rq, "elemental_id"), sql_param_json(rq, "extended_info"), sql_param(rq, "default_localization"),
                      rq->project);
    id = pg_int(result, 0, 0);

    if (type_link(rq, &state_type_kind, id, media_types) != (int64_t) json_array_size(media_types)) {
        fail(rq, 400, "Could not find media IDs %s", json_text(rq->arena, media_types));
    }

    tx_commit(rq);
    reply_created(rq, id, "State type created successfully!");
}


/* What is absent or null stays. */
static void
state_type_update(rq_t *rq)
{
    int64_t                  id = param_int(rq, "id", 0);
    static const char *const associations[] = {"Media", "Frame", "Localization", NULL};
    static const char *const interpolations[] = {"none", "latest", "attr_style_range", NULL};

    state_type_check_word(rq, "association", associations);
    state_type_check_word(rq, "interpolation", interpolations);
    tx_begin(rq);

    pg_query(rq,
             "UPDATE main_statetype SET name = COALESCE(%s, name), description = COALESCE(%s, description),"
             " visible = COALESCE(%s::boolean, visible), grouping_default = COALESCE(%s::boolean, grouping_default),"
             " delete_child_localizations = COALESCE(%s::boolean, delete_child_localizations),"
             " association = COALESCE(%s, association), interpolation = COALESCE(%s, interpolation),"
             " extended_info = COALESCE(%p::jsonb, extended_info), elemental_id = COALESCE(NULLIF(%s, '')::uuid, elemental_id)"
             " WHERE id = %ld",
             sql_param(rq, "name"), sql_param(rq, "description"), sql_param(rq, "visible"), sql_param(rq, "grouping_default"),
             sql_param(rq, "delete_child_localizations"), sql_param(rq, "association"), sql_param(rq, "interpolation"),
             sql_param_json(rq, "extended_info"), sql_param_uuid(rq, "elemental_id"), id);

    if (param_given(rq, "media_types")) {
        type_link(rq, &state_type_kind, id, param(rq, "media_types"));
    }

    tx_commit(rq);
    reply_message(rq, 200, "State type updated successfully!");
}


/* The schema of a change does not name these members, so it has not looked at them. */
static void
state_type_check_word(rq_t *rq, const char *name, const char *const *words)
{
    const char *text = param_text(rq, name);

    for (; param_given(rq, name) && *words != NULL; words++) {
        if (text != NULL && strcmp(text, *words) == 0) {
            return;
        }
    }

    if (param_given(rq, name)) {
        fail(rq, 400, "%s has no such value.", name);
    }
}


const endpoint_t state_type_endpoints[] = {
    {GET(VIEW), "/rest/StateType/{id}", "GetStateType",
     .handler = state_type_get,
     .lookup = &lookup_state_type, .params = {path_id}, .reply = &schema_state_type,
     .doc = "A state type."},
    {PATCH(FULL), "/rest/StateType/{id}", "UpdateStateType",
     .handler = state_type_update,
     .lookup = &lookup_state_type, .params = {path_id}, .body = &schema_state_type_update,
     .reply = &schema_message_response,
     .doc = "Change a state type."},
    {DELETE(FULL), "/rest/StateType/{id}", "DeleteStateType",
     .handler = state_type_delete,
     .lookup = &lookup_state_type, .params = {path_id}, .reply = &schema_message_response,
     .doc = "Delete a state type."},
    {GET(VIEW), "/rest/StateTypes/{project}", "GetStateTypeList",
     .handler = state_type_list,
     .params = {path_project, state_type_list_params}, .reply = &schema_state_type,
     .flags = REPLY_LIST,
     .doc = "State types that match."},
    {POST(FULL), "/rest/StateTypes/{project}", "CreateStateType",
     .handler = state_type_create,
     .params = {path_project}, .body = &schema_state_type_spec,
     .reply = &schema_create_response,
     .doc = "Create a state type."},
    {0},
};
