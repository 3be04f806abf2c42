-- Foreign keys, all checked at commit only: what is deleted together may go in any order.

ALTER TABLE auth_permission ADD CONSTRAINT auth_permission_content_type_id_fk
    FOREIGN KEY (content_type_id) REFERENCES django_content_type (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE auth_group_permissions ADD CONSTRAINT auth_group_permissions_group_id_fk
    FOREIGN KEY (group_id) REFERENCES auth_group (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE auth_group_permissions ADD CONSTRAINT auth_group_permissions_permission_id_fk
    FOREIGN KEY (permission_id) REFERENCES auth_permission (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_user_groups ADD CONSTRAINT main_user_groups_user_id_fk
    FOREIGN KEY (user_id) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_user_groups ADD CONSTRAINT main_user_groups_group_id_fk
    FOREIGN KEY (group_id) REFERENCES auth_group (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_user_user_permissions ADD CONSTRAINT main_user_user_permissions_user_id_fk
    FOREIGN KEY (user_id) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_user_user_permissions ADD CONSTRAINT main_user_user_permissions_permission_id_fk
    FOREIGN KEY (permission_id) REFERENCES auth_permission (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE authtoken_token ADD CONSTRAINT authtoken_token_user_id_fk
    FOREIGN KEY (user_id) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE django_admin_log ADD CONSTRAINT django_admin_log_content_type_id_fk
    FOREIGN KEY (content_type_id) REFERENCES django_content_type (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE django_admin_log ADD CONSTRAINT django_admin_log_user_id_fk
    FOREIGN KEY (user_id) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_affiliation ADD CONSTRAINT main_affiliation_organization_id_fk
    FOREIGN KEY (organization_id) REFERENCES main_organization (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_affiliation ADD CONSTRAINT main_affiliation_user_id_fk
    FOREIGN KEY (user_id) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_invitation ADD CONSTRAINT main_invitation_created_by_id_fk
    FOREIGN KEY (created_by_id) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_invitation ADD CONSTRAINT main_invitation_organization_id_fk
    FOREIGN KEY (organization_id) REFERENCES main_organization (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_passwordreset ADD CONSTRAINT main_passwordreset_user_id_fk
    FOREIGN KEY (user_id) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_group ADD CONSTRAINT main_group_organization_id_fk
    FOREIGN KEY (organization_id) REFERENCES main_organization (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_bucket ADD CONSTRAINT main_bucket_organization_id_fk
    FOREIGN KEY (organization_id) REFERENCES main_organization (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_jobcluster ADD CONSTRAINT main_jobcluster_organization_id_fk
    FOREIGN KEY (organization_id) REFERENCES main_organization (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_hostedtemplate ADD CONSTRAINT main_hostedtemplate_organization_id_fk
    FOREIGN KEY (organization_id) REFERENCES main_organization (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_project ADD CONSTRAINT main_project_backup_bucket_fk
    FOREIGN KEY (backup_bucket) REFERENCES main_bucket (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_project ADD CONSTRAINT main_project_bucket_fk
    FOREIGN KEY (bucket) REFERENCES main_bucket (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_project ADD CONSTRAINT main_project_creator_fk
    FOREIGN KEY (creator) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_project ADD CONSTRAINT main_project_default_media_fk
    FOREIGN KEY (default_media) REFERENCES main_mediatype (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_project ADD CONSTRAINT main_project_organization_fk
    FOREIGN KEY (organization) REFERENCES main_organization (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_project ADD CONSTRAINT main_project_upload_bucket_fk
    FOREIGN KEY (upload_bucket) REFERENCES main_bucket (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_groupmembership ADD CONSTRAINT main_groupmembership_group_id_fk
    FOREIGN KEY (group_id) REFERENCES main_group (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_groupmembership ADD CONSTRAINT main_groupmembership_project_id_fk
    FOREIGN KEY (project_id) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_groupmembership ADD CONSTRAINT main_groupmembership_user_id_fk
    FOREIGN KEY (user_id) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_version ADD CONSTRAINT main_version_created_by_id_fk
    FOREIGN KEY (created_by_id) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_version ADD CONSTRAINT main_version_project_id_fk
    FOREIGN KEY (project_id) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_version_bases ADD CONSTRAINT main_version_bases_from_version_id_fk
    FOREIGN KEY (from_version_id) REFERENCES main_version (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_version_bases ADD CONSTRAINT main_version_bases_to_version_id_fk
    FOREIGN KEY (to_version_id) REFERENCES main_version (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_membership ADD CONSTRAINT main_membership_default_version_id_fk
    FOREIGN KEY (default_version_id) REFERENCES main_version (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_membership ADD CONSTRAINT main_membership_project_fk
    FOREIGN KEY (project) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_membership ADD CONSTRAINT main_membership_user_fk
    FOREIGN KEY ("user") REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_section ADD CONSTRAINT main_section_created_by_fk
    FOREIGN KEY (created_by) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_section ADD CONSTRAINT main_section_project_fk
    FOREIGN KEY (project) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_localizationtype ADD CONSTRAINT main_localizationtype_project_fk
    FOREIGN KEY (project) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_mediatype ADD CONSTRAINT main_mediatype_default_box_id_fk
    FOREIGN KEY (default_box_id) REFERENCES main_localizationtype (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_mediatype ADD CONSTRAINT main_mediatype_default_dot_id_fk
    FOREIGN KEY (default_dot_id) REFERENCES main_localizationtype (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_mediatype ADD CONSTRAINT main_mediatype_default_line_id_fk
    FOREIGN KEY (default_line_id) REFERENCES main_localizationtype (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_mediatype ADD CONSTRAINT main_mediatype_default_poly_id_fk
    FOREIGN KEY (default_poly_id) REFERENCES main_localizationtype (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_mediatype ADD CONSTRAINT main_mediatype_project_fk
    FOREIGN KEY (project) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_statetype ADD CONSTRAINT main_statetype_default_localization_id_fk
    FOREIGN KEY (default_localization_id) REFERENCES main_localizationtype (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_statetype ADD CONSTRAINT main_statetype_project_fk
    FOREIGN KEY (project) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_leaftype ADD CONSTRAINT main_leaftype_project_fk
    FOREIGN KEY (project) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_filetype ADD CONSTRAINT main_filetype_project_fk
    FOREIGN KEY (project) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_localizationtype_media ADD CONSTRAINT main_localizationtype_media_localizationtype_id_fk
    FOREIGN KEY (localizationtype_id) REFERENCES main_localizationtype (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_localizationtype_media ADD CONSTRAINT main_localizationtype_media_mediatype_id_fk
    FOREIGN KEY (mediatype_id) REFERENCES main_mediatype (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_statetype_media ADD CONSTRAINT main_statetype_media_statetype_id_fk
    FOREIGN KEY (statetype_id) REFERENCES main_statetype (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_statetype_media ADD CONSTRAINT main_statetype_media_mediatype_id_fk
    FOREIGN KEY (mediatype_id) REFERENCES main_mediatype (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_media ADD CONSTRAINT main_media_created_by_fk
    FOREIGN KEY (created_by) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_media ADD CONSTRAINT main_media_modified_by_fk
    FOREIGN KEY (modified_by) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_media ADD CONSTRAINT main_media_primary_section_id_fk
    FOREIGN KEY (primary_section_id) REFERENCES main_section (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_media ADD CONSTRAINT main_media_project_fk
    FOREIGN KEY (project) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_media ADD CONSTRAINT main_media_recycled_from_id_fk
    FOREIGN KEY (recycled_from_id) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_media ADD CONSTRAINT main_media_meta_fk
    FOREIGN KEY (meta) REFERENCES main_mediatype (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_localization ADD CONSTRAINT main_localization_created_by_fk
    FOREIGN KEY (created_by) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_localization ADD CONSTRAINT main_localization_media_fk
    FOREIGN KEY (media) REFERENCES main_media (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_localization ADD CONSTRAINT main_localization_modified_by_fk
    FOREIGN KEY (modified_by) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_localization ADD CONSTRAINT main_localization_parent_fk
    FOREIGN KEY (parent) REFERENCES main_localization (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_localization ADD CONSTRAINT main_localization_project_fk
    FOREIGN KEY (project) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_localization ADD CONSTRAINT main_localization_thumbnail_image_fk
    FOREIGN KEY (thumbnail_image) REFERENCES main_media (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_localization ADD CONSTRAINT main_localization_meta_fk
    FOREIGN KEY (meta) REFERENCES main_localizationtype (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_localization ADD CONSTRAINT main_localization_user_fk
    FOREIGN KEY ("user") REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_localization ADD CONSTRAINT main_localization_version_fk
    FOREIGN KEY (version) REFERENCES main_version (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_state ADD CONSTRAINT main_state_created_by_fk
    FOREIGN KEY (created_by) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_state ADD CONSTRAINT main_state_extracted_fk
    FOREIGN KEY (extracted) REFERENCES main_media (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_state ADD CONSTRAINT main_state_modified_by_fk
    FOREIGN KEY (modified_by) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_state ADD CONSTRAINT main_state_parent_fk
    FOREIGN KEY (parent) REFERENCES main_state (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_state ADD CONSTRAINT main_state_project_fk
    FOREIGN KEY (project) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_state ADD CONSTRAINT main_state_meta_fk
    FOREIGN KEY (meta) REFERENCES main_statetype (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_state ADD CONSTRAINT main_state_version_fk
    FOREIGN KEY (version) REFERENCES main_version (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_leaf ADD CONSTRAINT main_leaf_created_by_fk
    FOREIGN KEY (created_by) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_leaf ADD CONSTRAINT main_leaf_modified_by_fk
    FOREIGN KEY (modified_by) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_leaf ADD CONSTRAINT main_leaf_parent_fk
    FOREIGN KEY (parent) REFERENCES main_leaf (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_leaf ADD CONSTRAINT main_leaf_project_fk
    FOREIGN KEY (project) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_leaf ADD CONSTRAINT main_leaf_meta_fk
    FOREIGN KEY (meta) REFERENCES main_leaftype (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_file ADD CONSTRAINT main_file_created_by_fk
    FOREIGN KEY (created_by) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_file ADD CONSTRAINT main_file_modified_by_fk
    FOREIGN KEY (modified_by) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_file ADD CONSTRAINT main_file_project_fk
    FOREIGN KEY (project) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_file ADD CONSTRAINT main_file_meta_fk
    FOREIGN KEY (meta) REFERENCES main_filetype (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_section_media ADD CONSTRAINT main_section_media_section_id_fk
    FOREIGN KEY (section_id) REFERENCES main_section (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_section_media ADD CONSTRAINT main_section_media_media_id_fk
    FOREIGN KEY (media_id) REFERENCES main_media (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_state_media ADD CONSTRAINT main_state_media_state_id_fk
    FOREIGN KEY (state_id) REFERENCES main_state (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_state_media ADD CONSTRAINT main_state_media_media_id_fk
    FOREIGN KEY (media_id) REFERENCES main_media (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_state_localizations ADD CONSTRAINT main_state_localizations_state_id_fk
    FOREIGN KEY (state_id) REFERENCES main_state (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_state_localizations ADD CONSTRAINT main_state_localizations_localization_id_fk
    FOREIGN KEY (localization_id) REFERENCES main_localization (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_resource ADD CONSTRAINT main_resource_backup_bucket_id_fk
    FOREIGN KEY (backup_bucket_id) REFERENCES main_bucket (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_resource ADD CONSTRAINT main_resource_bucket_id_fk
    FOREIGN KEY (bucket_id) REFERENCES main_bucket (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_resource_media ADD CONSTRAINT main_resource_media_resource_id_fk
    FOREIGN KEY (resource_id) REFERENCES main_resource (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_resource_media ADD CONSTRAINT main_resource_media_media_id_fk
    FOREIGN KEY (media_id) REFERENCES main_media (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_resource_generic_files ADD CONSTRAINT main_resource_generic_files_resource_id_fk
    FOREIGN KEY (resource_id) REFERENCES main_resource (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_resource_generic_files ADD CONSTRAINT main_resource_generic_files_file_id_fk
    FOREIGN KEY (file_id) REFERENCES main_file (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_temporaryfile ADD CONSTRAINT main_temporaryfile_project_id_fk
    FOREIGN KEY (project_id) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_temporaryfile ADD CONSTRAINT main_temporaryfile_user_id_fk
    FOREIGN KEY (user_id) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_algorithm ADD CONSTRAINT main_algorithm_cluster_fk
    FOREIGN KEY (cluster) REFERENCES main_jobcluster (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_algorithm ADD CONSTRAINT main_algorithm_project_fk
    FOREIGN KEY (project) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_algorithm ADD CONSTRAINT main_algorithm_template_id_fk
    FOREIGN KEY (template_id) REFERENCES main_hostedtemplate (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_algorithm ADD CONSTRAINT main_algorithm_user_fk
    FOREIGN KEY ("user") REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_dashboard ADD CONSTRAINT main_dashboard_project_fk
    FOREIGN KEY (project) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_dashboard ADD CONSTRAINT main_dashboard_template_id_fk
    FOREIGN KEY (template_id) REFERENCES main_hostedtemplate (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_bookmark ADD CONSTRAINT main_bookmark_project_fk
    FOREIGN KEY (project) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_bookmark ADD CONSTRAINT main_bookmark_user_fk
    FOREIGN KEY ("user") REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_favorite ADD CONSTRAINT main_favorite_localization_type_id_fk
    FOREIGN KEY (localization_type_id) REFERENCES main_localizationtype (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_favorite ADD CONSTRAINT main_favorite_project_fk
    FOREIGN KEY (project) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_favorite ADD CONSTRAINT main_favorite_state_type_id_fk
    FOREIGN KEY (state_type_id) REFERENCES main_statetype (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_favorite ADD CONSTRAINT main_favorite_user_fk
    FOREIGN KEY ("user") REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_announcementtouser ADD CONSTRAINT main_announcementtouser_announcement_id_fk
    FOREIGN KEY (announcement_id) REFERENCES main_announcement (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_announcementtouser ADD CONSTRAINT main_announcementtouser_user_id_fk
    FOREIGN KEY (user_id) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_changelog ADD CONSTRAINT main_changelog_project_id_fk
    FOREIGN KEY (project_id) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_changelog ADD CONSTRAINT main_changelog_user_id_fk
    FOREIGN KEY (user_id) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_changetoobject ADD CONSTRAINT main_changetoobject_change_id_id_fk
    FOREIGN KEY (change_id_id) REFERENCES main_changelog (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_changetoobject ADD CONSTRAINT main_changetoobject_ref_table_id_fk
    FOREIGN KEY (ref_table_id) REFERENCES django_content_type (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_projectlookup ADD CONSTRAINT main_projectlookup_localization_id_fk
    FOREIGN KEY (localization_id) REFERENCES main_localization (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_projectlookup ADD CONSTRAINT main_projectlookup_media_id_fk
    FOREIGN KEY (media_id) REFERENCES main_media (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_projectlookup ADD CONSTRAINT main_projectlookup_project_id_fk
    FOREIGN KEY (project_id) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_projectlookup ADD CONSTRAINT main_projectlookup_state_id_fk
    FOREIGN KEY (state_id) REFERENCES main_state (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_rowprotection ADD CONSTRAINT main_rowprotection_algorithm_id_fk
    FOREIGN KEY (algorithm_id) REFERENCES main_algorithm (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_rowprotection ADD CONSTRAINT main_rowprotection_bucket_id_fk
    FOREIGN KEY (bucket_id) REFERENCES main_bucket (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_rowprotection ADD CONSTRAINT main_rowprotection_created_by_id_fk
    FOREIGN KEY (created_by_id) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_rowprotection ADD CONSTRAINT main_rowprotection_file_id_fk
    FOREIGN KEY (file_id) REFERENCES main_file (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_rowprotection ADD CONSTRAINT main_rowprotection_group_id_fk
    FOREIGN KEY (group_id) REFERENCES main_group (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_rowprotection ADD CONSTRAINT main_rowprotection_hosted_template_id_fk
    FOREIGN KEY (hosted_template_id) REFERENCES main_hostedtemplate (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_rowprotection ADD CONSTRAINT main_rowprotection_job_cluster_id_fk
    FOREIGN KEY (job_cluster_id) REFERENCES main_jobcluster (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_rowprotection ADD CONSTRAINT main_rowprotection_localization_id_fk
    FOREIGN KEY (localization_id) REFERENCES main_localization (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_rowprotection ADD CONSTRAINT main_rowprotection_media_id_fk
    FOREIGN KEY (media_id) REFERENCES main_media (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_rowprotection ADD CONSTRAINT main_rowprotection_organization_id_fk
    FOREIGN KEY (organization_id) REFERENCES main_organization (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_rowprotection ADD CONSTRAINT main_rowprotection_project_id_fk
    FOREIGN KEY (project_id) REFERENCES main_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_rowprotection ADD CONSTRAINT main_rowprotection_section_id_fk
    FOREIGN KEY (section_id) REFERENCES main_section (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_rowprotection ADD CONSTRAINT main_rowprotection_state_id_fk
    FOREIGN KEY (state_id) REFERENCES main_state (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_rowprotection ADD CONSTRAINT main_rowprotection_target_group_id_fk
    FOREIGN KEY (target_group_id) REFERENCES main_group (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_rowprotection ADD CONSTRAINT main_rowprotection_target_organization_id_fk
    FOREIGN KEY (target_organization_id) REFERENCES main_organization (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_rowprotection ADD CONSTRAINT main_rowprotection_user_id_fk
    FOREIGN KEY (user_id) REFERENCES main_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE main_rowprotection ADD CONSTRAINT main_rowprotection_version_id_fk
    FOREIGN KEY (version_id) REFERENCES main_version (id) DEFERRABLE INITIALLY DEFERRED;
