/* Permission letters of memberships and their labels (contract/accounts.md §3.6), as SQL and as a table. */

#ifndef TATOR_LABELS_H
#define TATOR_LABELS_H

#include "../core/rq.h"

/* SQL: the label of a letter in `column`; NULL stays NULL. */
#define LABEL_SQL(column) \
    "(CASE " column " WHEN 'n' THEN 'No Access' WHEN 'r' THEN 'View Only' WHEN 'w' THEN 'Can Edit' WHEN 't' THEN 'Can Transfer'" \
    " WHEN 'x' THEN 'Can Execute' WHEN 'a' THEN 'Full Control' END)"

/* SQL: what a user of alias `alias` is called in messages. */
#define DISPLAY_NAME_SQL(alias) \
    "(CASE WHEN " alias ".first_name = '' AND " alias ".last_name = '' THEN " alias ".username ELSE " alias ".first_name || ' ' || " alias \
    ".last_name END)"

/* The letter of a label, as a text of one character; NULL for anything else. */
const char *label_letter(const char *label);

#endif
