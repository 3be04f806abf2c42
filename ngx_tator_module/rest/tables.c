/*
 * The list of all endpoint tables: what the router and the OpenAPI document are made of.
 */

#include "common.h"

extern const endpoint_t account_page_endpoints[], affiliation_endpoints[], algorithm_endpoints[], announcement_endpoints[], applet_endpoints[],
    attribute_type_endpoints[], bookmark_endpoints[], bucket_endpoints[], change_log_endpoints[], clone_endpoints[],
    download_endpoints[], email_endpoints[], favorite_endpoints[], file_endpoints[], file_definition_endpoints[],
    file_type_endpoints[], gateway_endpoints[], graphics_endpoints[], group_endpoints[], hosted_template_endpoints[],
    invitation_endpoints[], job_endpoints[], job_cluster_endpoints[], keycloak_endpoints[], leaf_endpoints[], leaf_type_endpoints[],
    localization_endpoints[], localization_type_endpoints[], login_endpoints[], media_endpoints[], media_type_endpoints[],
    membership_endpoints[], notify_endpoints[], oauth2_endpoints[], openapi_endpoints[], organization_endpoints[], password_reset_endpoints[],
    permalink_endpoints[], project_endpoints[], row_protection_endpoints[], saml_endpoints[], saved_file_endpoints[],
    section_endpoints[], state_endpoints[], state_type_endpoints[], temporary_file_endpoints[], token_endpoints[],
    track_endpoints[], transcode_endpoints[], upload_endpoints[], user_endpoints[], version_endpoints[];

const endpoint_t *const endpoint_tables[] = {
    account_page_endpoints, affiliation_endpoints, algorithm_endpoints, announcement_endpoints, applet_endpoints,
    attribute_type_endpoints, bookmark_endpoints, bucket_endpoints, change_log_endpoints, clone_endpoints,
    download_endpoints, email_endpoints, favorite_endpoints, file_endpoints, file_definition_endpoints,
    file_type_endpoints, gateway_endpoints, graphics_endpoints, group_endpoints, hosted_template_endpoints,
    invitation_endpoints, job_endpoints, job_cluster_endpoints, keycloak_endpoints, leaf_endpoints, leaf_type_endpoints,
    localization_endpoints, localization_type_endpoints, login_endpoints, media_endpoints, media_type_endpoints,
    membership_endpoints, notify_endpoints, oauth2_endpoints, openapi_endpoints, organization_endpoints, password_reset_endpoints,
    permalink_endpoints, project_endpoints, row_protection_endpoints, saml_endpoints, saved_file_endpoints, section_endpoints,
    state_endpoints, state_type_endpoints, temporary_file_endpoints, token_endpoints, track_endpoints,
    transcode_endpoints, upload_endpoints, user_endpoints, version_endpoints, NULL,
};
