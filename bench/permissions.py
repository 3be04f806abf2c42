"""Lists of 100,000 rows in fine-grain mode against legacy mode: two NGINX on one database, where the caller stands in 50 groups and the project
has 1,000 sections and layers with row protections. The same rows, the same bytes but for effective_permission."""
from bench import bench
from t.chaos.conftest import fill
from t.replica import Replica

ROWS = 100_000
EACH = 10 # annotations on one media
GROUPS = 50
PROTECTIONS = 1_000


def prepare(server):
    """A project whose media lie in sections, localizations and states on them; the administrator's right to see them comes from groups alone."""
    made = fill(server, images=1)
    server.psql(
        """
        INSERT INTO main_section (name, dtype, tator_user_sections, visible, created_datetime, explicit_listing, attributes, project)
          SELECT 's' || k, 'folder', 's' || k, true, now(), false, '{}', :project FROM generate_series(1, :protections - 100) k;
        INSERT INTO main_version (name, number, created_datetime, show_empty, elemental_id, description, project_id)
          SELECT 'v' || k, k, now(), true, gen_random_uuid(), '', :project FROM generate_series(1, 100) k;
        CREATE TEMP TABLE places AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM main_section WHERE project = :project AND dtype = 'folder';
        CREATE TEMP TABLE layers AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM main_version WHERE project_id = :project;
        CREATE TEMP TABLE crews AS WITH made AS (INSERT INTO main_group (name, organization_id) SELECT 'crew ' || k, :organization
          FROM generate_series(1, :groups) k RETURNING id) SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM made;
        INSERT INTO main_groupmembership (group_admin, group_id, user_id) SELECT false, id, 1 FROM crews;
        INSERT INTO main_rowprotection (created_datetime, permission, section_id, group_id)
          SELECT now(), 2039583, p.id, c.id FROM places p JOIN crews c ON c.n = p.n % :groups;
        INSERT INTO main_rowprotection (created_datetime, permission, version_id, group_id)
          SELECT now(), 7967, l.id, c.id FROM layers l JOIN crews c ON c.n = l.n % :groups;
        """, project=made.project, organization=made.organization, protections=PROTECTIONS, groups=GROUPS)
    copy = ("SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns WHERE table_name = '{}' AND table_schema = 'public' "
            "AND is_generated = 'NEVER' AND column_name NOT IN ({})")
    columns = server.psql(copy.format("main_media", "'id', 'elemental_id', 'name', 'primary_section_id'"))
    # without triggers and checks: they are not what is measured
    server.psql(f"SET session_replication_role = replica; INSERT INTO main_media ({columns}, elemental_id, name, primary_section_id) SELECT {columns}, gen_random_uuid(), 'm' || n, "
                f"(SELECT min(id) FROM main_section WHERE project = :project) + n % (:protections - 100) FROM main_media, generate_series(1, :rows) n "
                f"WHERE id = :media; ANALYZE", project=made.project, protections=PROTECTIONS, rows=ROWS - 1, media=made.media[0])
    server.http().ok("POST", f"/rest/Localizations/{made.project}", [{"media_id": made.media[0], "type": made.box, "version": made.version, "frame": 0,
                                                                      "x": 0.1, "y": 0.1, "width": 0.2, "height": 0.2, "attributes": {}}])
    server.http().ok("POST", f"/rest/States/{made.project}", [{"media_ids": [made.media[0]], "type": made.state, "version": made.version, "frame": 0}])
    for table, more, values in (("main_localization", ", media", ", m.id"), ("main_state", "", "")):
        excluded = "'id', 'elemental_id', 'version'" + (", 'media'" if more else "")
        columns = ", ".join("r." + name for name in server.psql(copy.format(table, excluded)).split(", "))
        plain = columns.replace("r.", "")
        server.psql(f"SET session_replication_role = replica; WITH m AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM main_media WHERE project = :project) "
                    f"INSERT INTO {table} ({plain}, elemental_id, version{more}) SELECT {columns}, gen_random_uuid(), "
                    f"(SELECT min(id) FROM main_version WHERE project_id = :project) + m.n % 100 {values} FROM {table} r, m, "
                    f"generate_series(1, {EACH}) e WHERE r.project = :project AND m.n <= :medias AND (m.n > 1 OR e > 1)", project=made.project,
                    medias=ROWS // EACH)
    server.psql("SET session_replication_role = replica; INSERT INTO main_state_media (state_id, media_id) SELECT s.id, m.id FROM "
                "(SELECT id, row_number() OVER (ORDER BY id) AS n FROM main_state WHERE project = :project) s JOIN "
                "(SELECT id, row_number() OVER (ORDER BY id) AS n FROM main_media WHERE project = :project) m ON m.n = (s.n - 1) / :each + 1 "
                "ON CONFLICT DO NOTHING", project=made.project, each=EACH)
    server.psql("VACUUM ANALYZE main_media, main_localization, main_state, main_state_media, main_section, main_version, main_rowprotection")
    return made


def permissions(server):
    made = prepare(server)
    with Replica(server, "fine", TATOR_FINE_GRAIN_PERMISSION="true") as fine:
        for kind in ("Medias", "Localizations", "States"):
            path = f"/rest/{kind}/{made.project}"
            rows = len(fine.http().ok("GET", path))
            assert rows == ROWS, f"{kind}: {rows}"
            masks = {row["effective_permission"] for row in fine.http().ok("GET", path, stop=50)}
            assert 0 not in masks
            for what, query, rounds in (("list of 100,000", "", 11), ("page of 100", "?start=500&stop=600", 25),
                                        ("count", None, 9)):
                path = f"/rest/{kind}/{made.project}" if query is not None else f"/rest/{kind[:-1]}Count/{made.project}"
                legacy, grained = bench.medians(lambda: bench.curl(server, path + (query or ""))[1], lambda: bench.curl(fine, path + (query or ""))[1],
                                                rounds=rounds)
                ratio = grained / legacy
                goal = ("at most 1.3", ratio <= 1.3) if query == "" else (None, None)
                bench.say(f"{kind}, {what}: legacy, fine-grain mode, ms", f"{legacy * 1000:.1f} {grained * 1000:.1f}")
                bench.say(f"{kind}, {what}: fine-grain, of legacy mode", f"{ratio:.2f}", *goal)
