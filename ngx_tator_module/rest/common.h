/*
 * What several resources share: parameter lists, schemas and the look-ups that turn a path into a project.
 */

#ifndef TATOR_REST_COMMON_H
#define TATOR_REST_COMMON_H

#include "../api/endpoint.h"

/* Parameter lists. */
extern const field_t path_project[]; /* Path: /…/{project} */
extern const field_t path_organization[]; /* Path: /…/{organization} */
extern const field_t path_id[]; /* Path: /…/{id} */
extern const field_t path_uid[]; /* Path: /…/{uid} */
extern const field_t path_version[]; /* Path: /…/{version}/{elemental_id} */
extern const field_t media_filters[]; /* Lists of media. */
extern const field_t attribute_filters[]; /* Filters by attribute (contract/queries.md §6). */
extern const field_t paging[]; /* Pages, order and search. */
extern const field_t related_filters[]; /* Filters by attribute of related objects. */
extern const field_t presigned_param[]; /* URLs that hold for a time. */
extern const field_t count_param[]; /* Safety check of bulk changes. */
extern const field_t elemental_id_param[]; /* Filter by elemental id. */

/* Components of the OpenAPI document, by the file that defines them. */
extern const schema_t schema_affiliation, schema_affiliation_spec, schema_affiliation_update;
extern const schema_t schema_algorithm, schema_algorithm_parameter, schema_algorithm_spec;
extern const schema_t schema_announcement;
extern const schema_t schema_applet, schema_applet_spec;
extern const schema_t schema_attribute_type, schema_attribute_type_delete, schema_attribute_type_spec,
    schema_attribute_type_update, schema_autocomplete_service;
extern const schema_t schema_bookmark, schema_bookmark_spec, schema_bookmark_update;
extern const schema_t schema_bucket, schema_bucket_azure_config, schema_bucket_gcp_config, schema_bucket_oci_config,
    schema_bucket_oci_native_config, schema_bucket_s3_config, schema_bucket_spec, schema_bucket_update;
extern const schema_t schema_change_log;
extern const schema_t schema_clone_media_spec, schema_get_cloned_media_response;
extern const schema_t schema_attribute_combinator_spec, schema_attribute_filter_spec, schema_attribute_operation_spec,
    schema_attribute_value, schema_bad_request_response, schema_create_list_response, schema_create_response,
    schema_float_array_query, schema_message_response, schema_not_found_response, schema_parameter;
extern const schema_t schema_download_info, schema_download_info_spec;
extern const schema_t schema_email_attachment_spec, schema_email_spec;
extern const schema_t schema_favorite, schema_favorite_spec, schema_favorite_update;
extern const schema_t schema_file, schema_file_spec, schema_file_update;
extern const schema_t schema_audio_definition, schema_auxiliary_file_definition, schema_image_definition,
    schema_video_definition;
extern const schema_t schema_file_type, schema_file_type_spec, schema_file_type_update;
extern const schema_t schema_video_clip;
extern const schema_t schema_group, schema_group_spec, schema_group_update_spec;
extern const schema_t schema_hosted_template, schema_hosted_template_spec;
extern const schema_t schema_invitation, schema_invitation_spec, schema_invitation_update;
extern const schema_t schema_job, schema_job_node, schema_job_spec;
extern const schema_t schema_job_cluster, schema_job_cluster_spec;
extern const schema_t schema_leaf, schema_leaf_bulk_update, schema_leaf_id_query, schema_leaf_spec,
    schema_leaf_suggestion, schema_leaf_update;
extern const schema_t schema_leaf_type, schema_leaf_type_spec, schema_leaf_type_update;
extern const schema_t schema_localization, schema_localization_bulk_delete, schema_localization_bulk_update,
    schema_localization_delete, schema_localization_id_query, schema_localization_spec, schema_localization_update;
extern const schema_t schema_alpha_range, schema_color, schema_color_map, schema_fill, schema_hex_color,
    schema_localization_type, schema_localization_type_spec, schema_localization_type_update, schema_rgb_color,
    schema_rgba_color;
extern const schema_t schema_concat_definition, schema_feed_definition, schema_live_definition,
    schema_live_update_definition, schema_media, schema_media_bulk_update, schema_media_files, schema_media_id_query,
    schema_media_next, schema_media_prev, schema_media_spec, schema_media_stats, schema_media_update,
    schema_multi_definition;
extern const schema_t schema_archive_config, schema_encode_config, schema_media_type, schema_media_type_spec,
    schema_media_type_update, schema_resolution_config, schema_s3_storage_config;
extern const schema_t schema_membership, schema_membership_spec, schema_membership_update;
extern const schema_t schema_notify_spec;
extern const schema_t schema_organization, schema_organization_spec, schema_organization_update;
extern const schema_t schema_password_reset_spec;
extern const schema_t schema_project, schema_project_spec, schema_project_update;
extern const schema_t schema_row_protection, schema_row_protection_spec, schema_row_protection_update_spec;
extern const schema_t schema_algorithm_manifest, schema_algorithm_manifest_spec, schema_generic_file,
    schema_generic_file_spec;
extern const schema_t schema_section, schema_section_bulk_update, schema_section_spec, schema_section_update;
extern const schema_t schema_state, schema_state_bulk_delete, schema_state_bulk_update, schema_state_delete,
    schema_state_id_query, schema_state_spec, schema_state_update;
extern const schema_t schema_state_type, schema_state_type_spec, schema_state_type_update;
extern const schema_t schema_temporary_file, schema_temporary_file_spec;
extern const schema_t schema_credentials, schema_token;
extern const schema_t schema_state_merge_update, schema_state_trim_update;
extern const schema_t schema_transcode, schema_transcode_spec;
extern const schema_t schema_upload_completion_spec, schema_upload_info, schema_upload_part;
extern const schema_t schema_user, schema_user_spec, schema_user_update;
extern const schema_t schema_version, schema_version_spec, schema_version_update;

/* Answers without a component. */
extern const schema_t schema_count, schema_flag, schema_created_media, schema_message_id, schema_updated_localization;
extern const schema_t schema_updated_state, schema_anything_list;

extern const lookup_t lookup_algorithm, lookup_applet, lookup_bookmark, lookup_favorite, lookup_file_type,
    lookup_leaf_type, lookup_localization_type, lookup_media_type, lookup_state_type, lookup_membership,
    lookup_project, lookup_section, lookup_temporary_file, lookup_version, lookup_affiliation, lookup_bucket,
    lookup_group, lookup_hosted_template, lookup_invitation, lookup_job_cluster, lookup_organization, lookup_media,
    lookup_localization, lookup_localization_elemental, lookup_state, lookup_state_elemental, lookup_leaf,
    lookup_file, lookup_attribute_type;

/* Frequent shapes. */
#define ATTRIBUTES(...)   FREE_OBJECT(ADDITIONAL(REF(schema_attribute_value)), __VA_ARGS__)
#define ATTRIBUTE_TYPES() ARRAY(REF(schema_attribute_type))
#define IDS()             ARRAY(INTEGER(MINIMUM(1)))

/* Sets of values that several schemas name. */
#define ENUM_MEMBERSHIP ENUM("View Only", "Can Edit", "Can Transfer", "Can Execute", "Full Control")
#define ENUM_DEFAULT_MEMBERSHIP \
    ENUM("No Access", "View Only", "Can Edit", "Can Transfer", "Can Execute", "Full Control")
#define ENUM_AFFILIATION ENUM("Member", "Admin")
#define ENUM_ENTITY_TYPE ENUM("FileType", "MediaType", "LocalizationType", "StateType", "LeafType", "Section")
#define ENUM_ATTRIBUTE_DTYPE \
    ENUM("bool", "int", "float", "enum", "string", "datetime", "geopos", "float_array", "blob")
#define ENUM_PIXEL_FORMAT \
    ENUM("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "yuv420p10le", "yuv422p10le", "yuv444p10le")
#define ENUM_ARCHIVE_CLASS ENUM("STANDARD", "DEEP_ARCHIVE", "COLDLINE")
#define ENUM_STORE_TYPE ENUM("AWS", "MINIO", "GCP", "OCI", "VAST", "AZURE")
#define ENUM_MEDIA_DTYPE ENUM("image", "video", "multi", "live")
#define ENUM_SECTION_DTYPE ENUM("folder", "playlist", "saved_search")

#endif
