"""Nothing secret leaves: what is planted in keys, links and a cloud's errors is in no output and in no file."""

from __future__ import annotations

from pathlib import Path

from tests.support.desk import Desk, Ran, voice
from tests.support.kling_service import KlingService

SIGNATURE = "51gnatureOfTheLink"
PRIVATE = "privateWordOfTheLink"
LINK = f"https://user:passw0rdOfTheLink@cdn.example.com/hero.mp3?X-Amz-Signature={SIGNATURE}&for={PRIVATE}"
BARE = "https://cdn.example.com/bare.mp3?bareT0kenOfTheLink"
CALLBACK = "https://hooks.example.com/kling?token=callbackT0ken"
API_KEY = "apiKeyOf32Characters-0123456789"
SECRETS = (SIGNATURE, PRIVATE, "passw0rdOfTheLink", "callbackT0ken", "bareT0ken", API_KEY)


class Echoing(KlingService):
    """Its refusals quote what they were sent."""

    def quoting(self, *, times: int = 1) -> None:
        self.refuse("create", 400, 1201, f"can't fetch {LINK} ({BARE}) for Bearer {API_KEY}", times=times)


def keep(desk: Desk, told: list[str], *words: str) -> Ran:
    ran = desk.voicectl(*words)
    told += [ran.out, ran.err]
    return ran


def test_no_output_and_no_file_holds_a_secret(tmp_path: Path) -> None:
    with Echoing(api_key=API_KEY) as kling:
        desk = Desk(tmp_path, kling, env={"KLING_API_KEY": API_KEY})
        told: list[str] = []
        desk.declare(
            hero=voice("hero", voice_url=LINK, callback_url=CALLBACK), narrator=voice("narrator", voice_url=BARE)
        )
        keep(desk, told, "plan", "--out", "p", "-v")
        keep(desk, told, "plan", "--json", "-v")
        keep(desk, told, "show", "p", "--json")

        kling.quoting(times=2)  # refused at once
        assert keep(desk, told, "apply", "p", "-v").code == 1
        keep(desk, told, "plan", "--json", "-v")
        kling.failing["hero"] = f"can't fetch {LINK}"  # and later, by its task
        assert keep(desk, told, "apply", "--auto-approve", "--json", "--retry", "hero", "-v").code == 1
        del kling.failing["hero"]
        assert keep(desk, told, "apply", "--auto-approve", "--retry", "hero", "--retry", "narrator").code == 0
        assert [c.body["voice_url"] for c in kling.calls if c.body.get("voice_name") == "hero"][-1] == LINK

        kling.api_key = "another"  # the key is refused
        kling.refuse("list", 401, 1002, f"Bearer {API_KEY} is not valid")
        assert keep(desk, told, "drift", "-v").code == 1
        for words in (["show"], ["show", "--json"], ["state", "pull"], ["state", "show", "hero"], ["output", "--json"]):
            assert keep(desk, told, *words).code == 0

        found = {name: content.decode() for name, content in desk.files().items()}
        assert {"p", "voices.state.json", "voices.state.backup"} <= found.keys()
        for secret in SECRETS:
            assert not [text for text in told if secret in text]
            assert not [name for name, text in found.items() if secret in text]


def test_a_secret_key_and_its_tokens_stay_inside(desk: Desk, kling: KlingService) -> None:
    kling.refuse("create", 401, 1002, f"signed with {kling.secret_key}?")
    desk.declare("narrator")
    ran = desk.apply("-v", code=1)
    assert kling.secret_key not in ran.out + ran.err
    assert "eyJ" not in ran.out + ran.err  # how every JSON web token begins
    assert not [name for name, content in desk.files().items() if kling.secret_key.encode() in content]


def test_the_kept_form_of_a_link_says_whether_it_changed(desk: Desk) -> None:
    desk.declare(hero=voice("hero", voice_url=LINK))
    [change] = desk.plan()["changes"]
    assert change["after"]["voice_url"].startswith("https://***@cdn.example.com/hero.mp3?#sha256:")


def test_a_broken_manifest_does_not_quote_its_links(desk: Desk) -> None:
    desk.declare(hero=voice("hero", voice_url=LINK, video_id="v1"), villain=voice("v" * 21, voice_url=LINK + " "))
    refused = desk.voicectl("validate", code=1)
    assert "voices.hero.create" in refused.err
    assert not [secret for secret in SECRETS if secret in refused.err]


def test_a_bug_of_our_own_shows_no_secret_with_its_trace(desk: Desk, kling: KlingService) -> None:
    """-v prints a traceback; its lines are code, and code holds no secrets."""
    desk.declare(hero=voice("hero", voice_url=LINK))
    (desk.folder / "voices.state.json").mkdir()
    ran = desk.voicectl("-v", "plan", code=1)
    assert not [secret for secret in (*SECRETS, kling.secret_key) if secret in ran.err]
