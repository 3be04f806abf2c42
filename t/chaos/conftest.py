import uuid
from types import SimpleNamespace

import pytest


def fill(server, rows=0, images=1):
    """A project with types, image rows and boxes on a server, through REST."""
    with server.http() as http:
        organization = http.ok("POST", "/rest/Organizations", {"name": "chaos " + uuid.uuid4().hex})["id"]
        project = http.ok("POST", "/rest/Projects", {"name": "chaos " + uuid.uuid4().hex, "summary": "", "organization": organization})["id"]
        attributes = [{"name": "Text", "dtype": "string"}, {"name": "Count", "dtype": "int"}]
        image = http.ok("POST", f"/rest/MediaTypes/{project}", {"name": "images", "dtype": "image", "attribute_types": []})["id"]
        video = http.ok("POST", f"/rest/MediaTypes/{project}", {"name": "videos", "dtype": "video", "attribute_types": []})["id"]
        box = http.ok("POST", f"/rest/LocalizationTypes/{project}", {"name": "boxes", "dtype": "box", "media_types": [image, video],
                                                                      "attribute_types": attributes})["id"]
        state = http.ok("POST", f"/rest/StateTypes/{project}", {"name": "states", "association": "Frame", "media_types": [image, video],
                                                                 "attribute_types": attributes})["id"]
        media = [http.ok("POST", f"/rest/Medias/{project}", {"type": image, "name": f"m{k}.png", "md5": uuid.uuid4().hex, "section": "s"})["id"]
                 for k in range(images)]
        version = http.ok("GET", f"/rest/Versions/{project}")[0]["id"]
        made = SimpleNamespace(organization=organization, project=project, image=image, video=video, box=box, state=state, media=media, version=version)
        made.boxes = []
        for start in range(0, rows, 500):
            made.boxes += http.ok("POST", f"/rest/Localizations/{project}", boxes(made, min(500, rows - start), start))["id"]
        return made


def boxes(made, count, start=0):
    return [{"media_id": made.media[0], "type": made.box, "version": made.version, "frame": start + k, "x": 0.1, "y": 0.1, "width": 0.2, "height": 0.2,
             "attributes": {"Text": f"text {start + k}", "Count": k}} for k in range(count)]


@pytest.fixture(scope="module")
def filled(server):
    return fill(server, rows=2000)
