/*
 * Parameter lists and schemas that several resources share.
 */

#include "common.h"

static const field_t attribute_combinator_spec_fields[] = {
    {"method", STRING(ENUM("and", "or", "not")), OPTIONAL, "How the operations combine."},
    {"operations", ARRAY(FREE_OBJECT()), OPTIONAL, "What to combine."},
    {0},
};

static const field_t attribute_filter_spec_fields[] = {
    {"attribute", STRING(), OPTIONAL, "Name of the attribute; built-in columns begin with $."},
    {"operation", STRING(ENUM("eq", "gt", "gte", "lt", "lte", "icontains", "iendswidth", "istartswith", "isnull", "in", "date_eq", "date_gte", "date_gt", "date_lt", "date_lte", "date_range", "distance_lte", "search")), OPTIONAL,
     "Comparison."},
    {"inverse", BOOLEAN(DEFAULT("false")), OPTIONAL, "Whether to take what does not match."},
    {"value", REF(schema_attribute_value), OPTIONAL, "Its value."},
    {0},
};

static const field_t bad_request_response_fields[] = {
    {"message", STRING(), OPTIONAL, "What happened, for people."},
    {"details", STRING(), OPTIONAL, "What exactly was wrong."},
    {0},
};

static const field_t create_list_response_fields[] = {
    {"message", STRING(), OPTIONAL, "What happened, for people."},
    {"id", ARRAY(ANY(ONE_OF(INLINE(INTEGER()), INLINE(STRING())))), OPTIONAL, "Its id."},
    {"object", ARRAY(FREE_OBJECT(ADDITIONAL_ANY)), OPTIONAL, "The row after the operation."},
    {0},
};

static const field_t create_response_fields[] = {
    {"message", STRING(), OPTIONAL, "What happened, for people."},
    {"id", ANY(ONE_OF(INLINE(INTEGER()), INLINE(STRING()))), OPTIONAL, "Its id."},
    {"object", FREE_OBJECT(ADDITIONAL_ANY), OPTIONAL, "The row after the operation."},
    {0},
};

static const field_t float_array_query_fields[] = {
    {"name", STRING(), REQUIRED, "Attribute that holds the vector."},
    {"center", ARRAY(NUMBER()), REQUIRED, "The vector to measure from."},
    {"metric", STRING(ENUM("l2norm", "ip", "cosine"), DEFAULT_TEXT("l2norm")), OPTIONAL, "Measure of distance."},
    {"order", STRING(ENUM("asc", "desc"), DEFAULT_TEXT("asc")), OPTIONAL, "Direction of the order by distance."},
    {0},
};

static const field_t message_response_fields[] = {
    {"message", STRING(), OPTIONAL, "What happened, for people."},
    {0},
};

static const field_t not_found_response_fields[] = {
    {"message", STRING(), OPTIONAL, "What happened, for people."},
    {0},
};

static const field_t parameter_fields[] = {
    {"name", STRING(), REQUIRED, "Its name."},
    {"value", STRING(), REQUIRED, "Its text."},
    {0},
};

const schema_t schema_attribute_combinator_spec =
    OBJECT(attribute_combinator_spec_fields, NAMED("AttributeCombinatorSpec"));
const schema_t schema_attribute_filter_spec = OBJECT(attribute_filter_spec_fields, NAMED("AttributeFilterSpec"));
const schema_t schema_attribute_operation_spec =
    ANY(ANY_OF(&schema_attribute_combinator_spec, &schema_attribute_filter_spec), NAMED("AttributeOperationSpec"));
const schema_t schema_attribute_value =
    ANY(NULLABLE, ONE_OF(INLINE(BOOLEAN()), INLINE(NUMBER()), INLINE(STRING()), INLINE(ARRAY(NUMBER(), MIN_ITEMS(1))), INLINE(ARRAY(STRING(), MIN_ITEMS(1)))), NAMED("AttributeValue"));
const schema_t schema_bad_request_response = OBJECT(bad_request_response_fields, NAMED("BadRequestResponse"));
const schema_t schema_create_list_response = OBJECT(create_list_response_fields, NAMED("CreateListResponse"));
const schema_t schema_create_response = OBJECT(create_response_fields, NAMED("CreateResponse"));
const schema_t schema_float_array_query = OBJECT(float_array_query_fields, NAMED("FloatArrayQuery"));
const schema_t schema_message_response = OBJECT(message_response_fields, NAMED("MessageResponse"));
const schema_t schema_not_found_response = OBJECT(not_found_response_fields, NAMED("NotFoundResponse"));
const schema_t schema_parameter = OBJECT(parameter_fields, NAMED("Parameter"));

const schema_t schema_count = INTEGER(MINIMUM(0));
const schema_t schema_flag = BOOLEAN();
const schema_t schema_created_media = ANY(ONE_OF(&schema_create_list_response, &schema_create_response));
const schema_t schema_anything_list = ARRAY(ANY());

static const field_t message_id_fields[] = {
    {"message", STRING(), OPTIONAL, "What happened, for people."},
    {"id", INTEGER(), OPTIONAL, "Id of the row."},
    {0},
};

static const field_t updated_localization_fields[] = {
    {"message", STRING(), OPTIONAL, "What happened, for people."},
    {"object", REF(schema_localization), OPTIONAL, "The row after the operation."},
    {0},
};

static const field_t updated_state_fields[] = {
    {"message", STRING(), OPTIONAL, "What happened, for people."},
    {"object", REF(schema_state), OPTIONAL, "The row after the operation."},
    {0},
};

const schema_t schema_message_id = OBJECT(message_id_fields);
const schema_t schema_updated_localization = OBJECT(updated_localization_fields);
const schema_t schema_updated_state = OBJECT(updated_state_fields);

const field_t path_project[] = {
    {"project", INTEGER(), PATH, "Id of the project."},
    {0},
};

const field_t path_organization[] = {
    {"organization", INTEGER(), PATH, "Id of the organization."},
    {0},
};

const field_t path_id[] = {
    {"id", INTEGER(), PATH, "Id of the object."},
    {0},
};

const field_t path_uid[] = {
    {"uid", STRING(), PATH, "Id of the job."},
    {0},
};

const field_t path_version[] = {
    {"version", INTEGER(), PATH, "Version to look in."},
    {"elemental_id", STRING(), PATH, "UUID of the object."},
    {0},
};

const field_t media_filters[] = {
    {"media_id", IDS(), OPTIONAL, "Only these media."},
    {"type", INTEGER(), OPTIONAL, "Only this type."},
    {"name", STRING(), OPTIONAL, "Only this name."},
    {"section", INTEGER(), OPTIONAL, "Only media of this section."},
    {"multi_section", IDS(), OPTIONAL, "Only media of these sections."},
    {"dtype", STRING(ENUM("image", "video", "multi")), OPTIONAL, "Only this kind of media."},
    {"md5", STRING(), OPTIONAL, "Only this MD5."},
    {"gid", STRING(), OPTIONAL, "Only this group of uploads."},
    {"uid", STRING(), OPTIONAL, "Id of the job."},
    {"after", INTEGER(), OPTIONAL, "Only ids above this one."},
    {"after_name", STRING(), OPTIONAL, "Only names after this one."},
    {"archive_lifecycle", STRING(ENUM("live", "archived", "all")), OPTIONAL, "Only media that are live or archived."},
    {"elemental_id", STRING(), OPTIONAL, "UUID of the object."},
    {0},
};

const field_t attribute_filters[] = {
    {"attribute", ARRAY(STRING()), OPTIONAL, "Attribute equals: name::value."},
    {"attribute_lt", ARRAY(STRING()), OPTIONAL, "Attribute is less: name::value."},
    {"attribute_lte", ARRAY(STRING()), OPTIONAL, "Attribute is at most: name::value."},
    {"attribute_gt", ARRAY(STRING()), OPTIONAL, "Attribute is greater: name::value."},
    {"attribute_gte", ARRAY(STRING()), OPTIONAL, "Attribute is at least: name::value."},
    {"attribute_contains", ARRAY(STRING()), OPTIONAL, "Attribute contains the text: name::value."},
    {"attribute_distance", ARRAY(STRING()), OPTIONAL, "Position is near: name::km::latitude::longitude."},
    {"attribute_null", ARRAY(STRING()), OPTIONAL, "Attribute is missing or not: name::true or name::false."},
    {0},
};

const field_t paging[] = {
    {"start", INTEGER(), OPTIONAL, "Skip so many."},
    {"stop", INTEGER(), OPTIONAL, "End before this one."},
    {"encoded_search", STRING(), OPTIONAL, "A search over attributes, as JSON in base64."},
    {"sort_by", ARRAY(STRING()), EXPLODED, "Column ($name) or attribute to order by; - turns the order."},
    {0},
};

const field_t related_filters[] = {
    {"related_attribute", ARRAY(STRING()), OPTIONAL, "Related object's attribute equals: name::value."},
    {"related_attribute_lt", ARRAY(STRING()), OPTIONAL, "Related object's attribute is less: name::value."},
    {"related_attribute_lte", ARRAY(STRING()), OPTIONAL, "Related object's attribute is at most: name::value."},
    {"related_attribute_gt", ARRAY(STRING()), OPTIONAL, "Related object's attribute is greater: name::value."},
    {"related_attribute_gte", ARRAY(STRING()), OPTIONAL, "Related object's attribute is at least: name::value."},
    {"related_attribute_contains", ARRAY(STRING()), OPTIONAL,
     "Related object's attribute contains the text: name::value."},
    {"related_attribute_distance", ARRAY(STRING()), OPTIONAL,
     "Related object's position is near: name::km::latitude::longitude."},
    {"related_attribute_null", ARRAY(STRING()), OPTIONAL,
     "Related object's attribute is missing or not: name::true or name::false."},
    {"encoded_related_search", STRING(), OPTIONAL, "A search over related objects, as JSON in base64."},
    {0},
};

const field_t presigned_param[] = {
    {"presigned", INTEGER(MINIMUM(1), MAXIMUM(604800)), OPTIONAL, "Give URLs that hold so many seconds."},
    {0},
};

const field_t count_param[] = {
    {"count", INTEGER(MINIMUM(0)), OPTIONAL, "Refuse when not exactly so many would change."},
    {0},
};

const field_t elemental_id_param[] = {
    {"elemental_id", STRING(), OPTIONAL, "UUID of the object."},
    {0},
};
