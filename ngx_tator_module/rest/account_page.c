/*
 * Pages on the way into the server (contract/ui.md §1.1, accounts.md §4.4, §4.5, §6.3): registration, its confirmation, accepting an
 * invitation, asking for a password reset and making use of it. Each is a form that posts to itself and is shown again with what was wrong. Programs may post
 * to /accept with a token, too (hence OWN_ERRORS).
 */

#include <tator/uri.h>

#include "../api/login.h"
#include "../net/pg.h"
#include "common.h"
#include "../api/page.h"
#include "password_reset.h"
#include "user.h"

#define PASSWORD_LEAST 8
#define PASSWORD_HINT  "At least 8 characters, not only digits."

static void        registration_page(rq_t *rq);
static void        registration_post(rq_t *rq);
static void        registration_form(rq_t *rq, const char *fault, const char *wrong);
static void        confirmation_page(rq_t *rq);
static void        confirmation_post(rq_t *rq);
static void        accept_page(rq_t *rq);
static void        accept_post(rq_t *rq);
static result_t   *accept_invitation(rq_t *rq);
static const char *accept_fault(rq_t *rq, const result_t *invitation);
static void        accept_form(rq_t *rq, const result_t *invitation, const char *fault);
static void        request_page(rq_t *rq);
static void        request_post(rq_t *rq);
static void        request_form(rq_t *rq, const char *fault);
static void        reset_page(rq_t *rq);
static void        reset_post(rq_t *rq);
static void        reset_form(rq_t *rq, const char *fault, const char *wrong);
static const char *password_fault(rq_t *rq, const char *username, const char **wrong);
static void        done(rq_t *rq, const char *title, const char *text, const char *href, const char *link);

const endpoint_t account_page_endpoints[] = {
    {GET(OPEN), "/registration", .handler = registration_page, .doc = "Register."},
    {POST(OPEN), "/registration", .handler = registration_post, .doc = "Register."},
    {GET(OPEN), "/registration-confirmation", .handler = confirmation_page, .doc = "Confirm the address of a new account."},
    {POST(OPEN), "/registration-confirmation", .handler = confirmation_post, .doc = "Confirm the address of a new account."},
    {GET(OPEN), "/accept", .handler = accept_page, .flags = OWN_ERRORS, .doc = "Accept an invitation with an account that exists."},
    {POST(OPEN), "/accept", .handler = accept_post, .flags = OWN_ERRORS, .doc = "Accept an invitation with an account that exists."},
    {GET(OPEN), "/password-reset-request", .handler = request_page, .doc = "Ask for a password reset."},
    {POST(OPEN), "/password-reset-request", .handler = request_post, .doc = "Ask for a password reset."},
    {GET(OPEN), "/password-reset", .handler = reset_page, .doc = "Set a new password."},
    {POST(OPEN), "/password-reset", .handler = reset_post, .doc = "Set a new password."},
    {0},
};


static void
registration_page(rq_t *rq)
{
    registration_form(rq, NULL, NULL);
}


static void
registration_post(rq_t *rq)
{
    int64_t     id;
    const char *stored, *fault, *wrong = "email", *token = page_value(rq, "registration_token");
    user_new_t  user = {
        .username = user_trimmed(rq, page_value(rq, "username")),
        .first_name = user_trimmed(rq, page_value(rq, "first_name")),
        .last_name = user_trimmed(rq, page_value(rq, "last_name")),
        .email = user_trimmed(rq, page_value(rq, "email")),
        .password = page_value(rq, "password"),
        .token = *token == '\0' ? NULL : token,
    };

    if (!page_may_act(rq)) {
        return;
    }

    fault = strchr(user.email, '@') == NULL ? "An e-mail address is needed." : password_fault(rq, user.username, &wrong);
    if (fault == NULL) {
        fault = user_fault(rq, &user);
        wrong = user.wrong;
    }
    if (fault != NULL) {
        registration_form(rq, fault, wrong);
        return;
    }

    stored = login_stored(rq, user.password);
    id = user_id_new(rq);

    tx_begin(rq);
    user_insert(rq, id, &user, stored, rq_own(rq, json_object()));
    tx_commit(rq);

    if (rq->config->email_confirmation && user.invitation == 0) {
        done(rq, "Nearly there", "A message with a link is on its way to your e-mail address. The account can be used once you have followed it.",
             "/accounts/login/", "Log in");
        return;
    }

    reply_redirect(rq, 302, "/accounts/login/");
}


static void
registration_form(rq_t *rq, const char *fault, const char *wrong)
{
    text_t      page;
    const char *token = page_value(rq, "registration_token");

    page_begin(rq, &page, "Register");

    if (*token == '\0' && !rq->config->anonymous_registration) {
        page_alert(&page, "An account needs an invitation here: ask an administrator of your organization for one.");
        page_end(rq, &page, 200);
        return;
    }

    page_alert(&page, fault);
    page_form(rq, &page, "/registration");
    page_hidden(&page, "registration_token", token);
    page_field(&page, &(page_field_t) {.name = "first_name", .label = "First name", .autocomplete = "given-name", .optional = true,
                                       .value = page_value(rq, "first_name")});
    page_field(&page, &(page_field_t) {.name = "last_name", .label = "Last name", .autocomplete = "family-name", .optional = true,
                                       .value = page_value(rq, "last_name")});
    page_field(&page, &(page_field_t) {.name = "email", .label = "E-mail address", .type = "email", .autocomplete = "email",
                                       .value = page_value(rq, "email"), .wrong = wrong,
                                       .hint = *token == '\0' ? NULL : "The address that the invitation was sent to."});
    page_field(&page, &(page_field_t) {.name = "username", .label = "User name", .autocomplete = "username",
                                       .value = page_value(rq, "username"), .wrong = wrong});
    page_field(&page, &(page_field_t) {.name = "password", .label = "Password", .type = "password", .autocomplete = "new-password",
                                       .hint = PASSWORD_HINT, .wrong = wrong});
    page_field(&page, &(page_field_t) {.name = "password_again", .label = "Password, once more", .type = "password",
                                       .autocomplete = "new-password", .wrong = wrong});
    page_form_end(&page, "Register");
    page_end(rq, &page, 200);
}


/* A button, since programs that look at mails follow links, too. */
static void
confirmation_page(rq_t *rq)
{
    text_t page;

    page_begin(rq, &page, "Confirm your e-mail address");
    page_form(rq, &page, "/registration-confirmation");
    page_hidden(&page, "token", page_value(rq, "token"));
    page_form_end(&page, "Confirm");
    page_end(rq, &page, 200);
}


static void
confirmation_post(rq_t *rq)
{
    if (!page_may_act(rq)) {
        return;
    }

    if (!user_confirm(rq, page_value(rq, "token"))) {
        done(rq, "Not confirmed", "No account waits for this confirmation: it was confirmed before, or the link is not complete.",
             "/accounts/login/", "Log in");
        return;
    }

    done(rq, "Confirmed", "Your account can be used now.", "/accounts/login/", "Log in");
}


static void
accept_page(rq_t *rq)
{
    text_t    location;
    result_t *invitation = accept_invitation(rq);

    if (rq->user.id == 0) {
        text_start(&location, rq->arena, 256);
        text_puts(&location, "/accounts/login/?next=");
        uri_encode(&location, "/accept?registration_token=", strlen("/accept?registration_token="), "/");
        uri_encode(&location, page_value(rq, "registration_token"), strlen(page_value(rq, "registration_token")), "");
        reply_redirect(rq, 302, rq_format(rq, "%.*s", (int) location.len, location.data));
        return;
    }

    accept_form(rq, invitation, accept_fault(rq, invitation));
}


/* The affiliation that the reference forgot to make (contract/accounts.md §6.3). */
static void
accept_post(rq_t *rq)
{
    result_t   *invitation;
    const char *fault;

    if (!page_may_act(rq)) {
        return;
    }

    tx_begin(rq);
    invitation = accept_invitation(rq);
    fault = accept_fault(rq, invitation);

    if (fault == NULL) {
        pg_query(rq,
                 "WITH accepted AS (UPDATE main_invitation SET status = 'Accepted' WHERE id = %ld RETURNING permission, organization_id)"
                 " INSERT INTO main_affiliation (permission, organization_id, user_id) SELECT permission, organization_id, %ld FROM accepted i"
                 " WHERE NOT EXISTS (SELECT FROM main_affiliation a WHERE a.organization_id = i.organization_id AND a.user_id = %ld)",
                 pg_int(invitation, 0, 0), rq->user.id, rq->user.id);
    }

    tx_commit(rq);

    if (fault != NULL) {
        accept_form(rq, invitation, fault);
        return;
    }

    done(rq, "Invitation accepted", rq_format(rq, "You now belong to %s.", pg_text(invitation, 0, 1)), "/organizations", "Organizations");
}


/* Its id, organization's name, permission, and whether it was sent to the caller's address; no row: it is not pending. */
static result_t *
accept_invitation(rq_t *rq)
{
    return pg_query(rq,
                    "SELECT i.id, o.name, i.permission, upper(i.email) = upper((SELECT u.email FROM main_user u WHERE u.id = %ld))"
                    " FROM main_invitation i JOIN main_organization o ON o.id = i.organization_id"
                    " WHERE i.registration_token::text = lower(%s) AND i.status = 'Pending' AND i.created_datetime > now() - interval '7 days'",
                    rq->user.id, page_value(rq, "registration_token"));
}


static const char *
accept_fault(rq_t *rq, const result_t *invitation)
{
    if (rq->user.id == 0) {
        return "Log in first, then follow the link of the invitation again.";
    }

    if (pg_rows(invitation) == 0) {
        return "This invitation was used before, has expired, or was withdrawn.";
    }

    return pg_bool(invitation, 0, 3) ? NULL : "This invitation was sent to another e-mail address than that of the account you are logged in with.";
}


static void
accept_form(rq_t *rq, const result_t *invitation, const char *fault)
{
    text_t page;

    page_begin(rq, &page, "Accept an invitation");

    if (fault != NULL) {
        page_alert(&page, fault);
        page_end(rq, &page, 400);
        return;
    }

    page_paragraph(&page, rq_format(rq, "%s invites you to join, as %s. You are logged in as %s.", pg_text(invitation, 0, 1),
                                    pg_text(invitation, 0, 2), rq->user.username));
    page_form(rq, &page, "/accept");
    page_hidden(&page, "registration_token", page_value(rq, "registration_token"));
    page_form_end(&page, "Accept");
    page_end(rq, &page, 200);
}


static void
request_page(rq_t *rq)
{
    request_form(rq, NULL);
}


/* The answer does not tell whether there is such an account, as POST PasswordReset does for programs. */
static void
request_post(rq_t *rq)
{
    result_t   *user;
    const char *email = user_trimmed(rq, page_value(rq, "email"));

    if (!page_may_act(rq)) {
        return;
    }

    if (!rq->config->email_enabled) {
        request_form(rq, NULL);
        return;
    }

    if (strchr(email, '@') == NULL) {
        request_form(rq, "An e-mail address is needed.");
        return;
    }

    tx_begin(rq);
    user = pg_query(rq, "SELECT id, email FROM main_user WHERE upper(email) = upper(%s) AND is_active LIMIT 2", email);
    if (pg_rows(user) == 1) {
        password_reset_mail(rq, pg_int(user, 0, 0), pg_text(user, 0, 1));
    }
    tx_commit(rq);

    done(rq, "Look into your mail", "If an account has this address, a message with a link is on its way. The link holds for a day.",
         "/accounts/login/", "Log in");
}


static void
request_form(rq_t *rq, const char *fault)
{
    text_t page;

    page_begin(rq, &page, "Reset your password");

    if (!rq->config->email_enabled) {
        page_alert(&page, "This server sends no mail: ask its administrator for a new password.");
        page_end(rq, &page, 200);
        return;
    }

    page_alert(&page, fault);
    page_form(rq, &page, "/password-reset-request");
    page_field(&page, &(page_field_t) {.name = "email", .label = "E-mail address of your account", .type = "email", .autocomplete = "email",
                                       .value = page_value(rq, "email"), .wrong = fault == NULL ? NULL : "email"});
    page_form_end(&page, "Send a link");
    page_end(rq, &page, 200);
}


static void
reset_page(rq_t *rq)
{
    reset_form(rq, NULL, NULL);
}


static void
reset_post(rq_t *rq)
{
    bool        set;
    int64_t     id = strtoll(page_value(rq, "user"), NULL, 10);
    result_t   *user;
    const char *stored, *fault, *wrong = NULL;

    if (!page_may_act(rq)) {
        return;
    }

    user = pg_query(rq, "SELECT username FROM main_user WHERE id::text = %s", page_value(rq, "user"));
    fault = password_fault(rq, pg_rows(user) == 0 ? "" : pg_text(user, 0, 0), &wrong);
    if (fault != NULL) {
        reset_form(rq, fault, wrong);
        return;
    }

    stored = login_stored(rq, page_value(rq, "password"));

    tx_begin(rq);
    set = pg_rows(user) == 1 && user_reset_password(rq, id, page_value(rq, "reset_token"), stored);
    tx_commit(rq);

    if (!set) {
        reset_form(rq, "This link was used before or is older than a day. Ask for a new one.", NULL);
        return;
    }

    done(rq, "The password is set", "Other sessions of your account have ended.", "/accounts/login/", "Log in");
}


static void
reset_form(rq_t *rq, const char *fault, const char *wrong)
{
    text_t page;

    page_begin(rq, &page, "Set a new password");
    page_alert(&page, fault);
    page_form(rq, &page, "/password-reset");
    page_hidden(&page, "reset_token", page_value(rq, "reset_token"));
    page_hidden(&page, "user", page_value(rq, "user"));
    page_field(&page, &(page_field_t) {.name = "password", .label = "New password", .type = "password", .autocomplete = "new-password",
                                       .hint = PASSWORD_HINT, .wrong = wrong});
    page_field(&page, &(page_field_t) {.name = "password_again", .label = "New password, once more", .type = "password",
                                       .autocomplete = "new-password", .wrong = wrong});
    page_form_end(&page, "Set the password");
    page_link(&page, "/password-reset-request", "Ask for another link");
    page_end(rq, &page, 200);
}


static const char *
password_fault(rq_t *rq, const char *username, const char **wrong)
{
    const char *password = page_value(rq, "password");

    *wrong = "password";

    if (strlen(password) < PASSWORD_LEAST || password[strspn(password, "0123456789")] == '\0') {
        return "The password needs at least 8 characters, not only digits.";
    }

    if (strcasecmp(password, username) == 0) {
        return "The password must not be the user name.";
    }

    *wrong = "password_again";

    return strcmp(password, page_value(rq, "password_again")) == 0 ? NULL : "The two passwords are not the same.";
}


static void
done(rq_t *rq, const char *title, const char *text, const char *href, const char *link)
{
    text_t page;

    page_begin(rq, &page, title);
    page_paragraph(&page, text);
    page_link(&page, href, link);
    page_end(rq, &page, 200);
}
