"""The parameters that only sign a link, by vendor, and similar parameters that don't."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.signature_groups import GROUPS, NEVER, VALUES
from reconciler.model.signatures import LATEST, OLDEST
from reconciler.model.urls import compared, shown

BARE = {  # a link signed now, and the same one signed anew: neither has anything else in its query
    "s3": "https://b.s3.amazonaws.com/a.mp3?X-Amz-Algorithm=A&X-Amz-Credential=C{n}&X-Amz-Security-Token=t{n}&X-Amz-Signature=s{n}",
    "s3 v2": "https://b.s3.amazonaws.com/a.mp3?AWSAccessKeyId=A{n}&Expires=1{n}&Signature=s{n}",
    "minio": "http://minio.example.com:9000/b/a.mp3?X-Amz-Date=2{n}&X-Amz-Signature=s{n}",
    "cloudfront": "https://d1.cloudfront.net/a.mp3?Expires=1{n}&Signature=s{n}&Key-Pair-Id=K{n}&Hash-Algorithm=SHA256",
    "cloudfront policy": "https://d1.cloudfront.net/a.mp3?Policy=p{n}&Signature=s{n}&Key-Pair-Id=K{n}",
    "gcs": "https://storage.googleapis.com/b/a.mp3?X-Goog-Credential=c{n}&X-Goog-Signature=s{n}",
    "gcs v2": "https://storage.googleapis.com/b/a.mp3?GoogleAccessId=g{n}&Expires=1{n}&Signature=s{n}",
    "google cdn": "https://media.example.com/a.mp3?Expires=1{n}&KeyName=k{n}&Signature=s{n}",
    "google cdn prefix": "https://media.example.com/a.mp3?URLPrefix=u{n}&Expires=1{n}&KeyName=k&Signature=s{n}",
    "azure": "https://x.blob.core.windows.net/c/a.mp3?sv=1&ss=b{n}&srt=o&sp=r{n}&se=2{n}&st=3{n}&spr=https&sip=1{n}&sig=s{n}",
    "azure delegation": "https://x.blob.core.windows.net/c/a.mp3?skoid=1{n}&sktid=2&skt=3{n}&ske=4&sks=b&skv=5&saoid=6{n}&suoid=7{n}&scid=8{n}&skdutid=9{n}&sduoid=0{n}&sr=b&sig=s{n}",
    "oss": "https://b.oss-cn-hangzhou.aliyuncs.com/a.mp3?OSSAccessKeyId=o{n}&Expires=1{n}&Signature=s{n}&security-token=t{n}",
    "oss v4": "https://b.oss-cn-hangzhou.aliyuncs.com/a.mp3?x-oss-credential=c{n}&x-oss-date=1{n}&x-oss-signature=s{n}",
    "alibaba cdn a": "https://cdn.example.com/a.mp3?auth_key=144004800{n}-0-0-{md5}",
    "alibaba cdn c": "https://cdn.example.com/a.mp3?KEY1={md5}&KEY2=55CE810{n}",
    "alibaba cdn f": "https://cdn.example.com/a.mp3?sign={md5}&time=159245{n}",
    "cos": "https://b-1.cos.ap-beijing.myqcloud.com/a.mp3?q-sign-algorithm=sha1&q-ak=a{n}&q-sign-time=1{n}&q-key-time=2{n}&q-header-list=host&q-url-param-list=&q-signature=s{n}&x-cos-security-token=t{n}",
    "cos sign": "https://b-1.cos.ap-beijing.myqcloud.com/a.mp3?sign=q-sign{n}",
    "tencent cdn a": "https://cdn.example.com/a.mp3?sign=158279103{n}-rand{n}-0-{md5}",
    "tencent cdn a, named freely": "https://cdn.example.com/a.mp3?voucher=158279103{n}-rand{n}-0-{md5}",
    "tencent cdn d": "https://cdn.example.com/a.mp3?sign={md5}&t=158279{n}",
    "tencent vod": "https://1.vod2.myqcloud.com/d/a.mp3?t=5{n}&exper=0&rlimit=3&us=72{n}&plive=66{n}&sign={md5}",
    "tencent vod, one's own domain": "https://media.example.com/d/a.mp3?t=5{n}&exper=30&rlimit=3&us=72{n}&sign={md5}",
    "tencent css": "https://play.example.com/a.mp3?txSecret={md5}&txTime=5{n}",
    "tos": "https://b.tos-cn-beijing.volces.com/a.mp3?X-Tos-Credential=c{n}&X-Tos-Date=1{n}&X-Tos-Signature=s{n}",
    "imagex": "https://p3.example.com/a.mp3?x-expires=1{n}&x-signature=s{n}",
    "bos": "https://bj.bcebos.com/b/a.mp3?authorization=bce-auth-v1%2Fa{n}&x-bce-security-token=t{n}",
    "qiniu": "https://dn.example.com/a.mp3?e=145149120{n}&token=AK:s{n}=",
    "obs": "https://b.obs.example.com/a.mp3?AccessKeyId=A{n}&Expires=1{n}&Signature=s{n}&x-obs-security-token=t{n}",
    "ks3": "https://b.ks3-cn-beijing.ksyuncs.com/a.mp3?KSSAccessKeyId=A{n}&Expires=1{n}&Signature=s{n}",
    "ufile": "https://b.cn-bj.ufileos.com/a.mp3?UCloudPublicKey=A{n}&Expires=1{n}&Signature=s{n}&SecurityToken=t{n}",
    "qingstor": "https://pek3a.qingstor.com/b/a.mp3?access_key_id=A{n}&expires=1{n}&signature=s{n}",
    "upyun": "https://v.example.com/a.mp3?_upt=5d8b{n}1763",
    "backblaze": "https://f002.backblazeb2.com/file/b/a.mp3?Authorization=3_{n}",
    "swift": "https://swift.example.com/v1/AUTH_a/c/a.mp3?temp_url_sig=s{n}&temp_url_expires=1{n}&temp_url_ip_range=1{n}",
    "akamai": "https://media.example.com/a.mp3?hdnts=exp=1{n}~acl=/*~hmac=a{n}",
    "akamai, named freely": "https://media.example.com/a.mp3?pass=st=1{n}~exp=2{n}~acl=/*~hmac={md5}{md5}",
    "bunny": "https://z.b-cdn.net/a.mp3?token=HS256-s{n}&expires=1{n}&token_path=%2F{n}&token_countries=US&limit=9{n}",
    "bunny folder": "https://z.b-cdn.net/a.mp3?bcdn_token=s{n}&expires=1{n}&token_path=%2F{n}",
    "keycdn": "https://z.kxcdn.com/a.mp3?token=s{n}&expire=1{n}",
    "secure_link": "https://cdn.example.com/a.mp3?md5=s{n}&expires=1{n}",
    "cdn77": "https://cdn.example.com/a.mp3?secure=kaGd_cu6Iy4LDgfX3jy5R{n}==,133349760{n}",
    "wangsu": "https://cdn.example.com/a.mp3?wsSecret=s{n}&wsTime=1{n}",
    "cloudflare": "https://cdn.example.com/a.mp3?verify=148406378{n}-9JQB8vP1z0yc5DEBnH6JGWM3mBmvIeMrnnxFi3WtJL{n}%3D",
    "fastly": "https://cdn.example.com/a.mp3?token=144130715{n}_4492f25946a2e8e1414a8bb53dab8a6ba1cf461{n}",
    "imgix": "https://x.imgix.net/a.mp3?s={md5}",
    "imagekit": "https://ik.imagekit.io/x/a.mp3?ik-s=s{n}&ik-t=1{n}",
    "mux": "https://stream.mux.com/a.mp3?token=eyJ{n}",
    "supabase": "https://x.supabase.co/storage/v1/object/sign/b/a.mp3?token=eyJ{n}",
    "supabase, one's own domain": "https://files.example.com/storage/v1/object/sign/b/a.mp3?token=eyJ{n}",
    "firebase": "https://firebasestorage.googleapis.com/v0/b/x/o/a.mp3?token=6a{n}",
    "discord": "https://cdn.discordapp.com/attachments/1/2/a.mp3?ex=6{n}&is=7{n}&hm=8{n}&",
    "slack": "https://files.slack.com/files-pri/T-F/a.mp3?t=xoxe-{n}",
    "sharepoint": "https://x.sharepoint.com/_layouts/15/download.aspx/a.mp3?tempauth=v1.{n}",
    "drive": "https://drive.usercontent.google.com/a.mp3?confirm=t&uuid=u{n}&at=a{n}",
    "github": "https://raw.githubusercontent.com/o/r/main/a.mp3?token=GHSAT{n}",
    "gitlab": "https://git.example.com/a.mp3?private_token=p{n}",
    "notion": "https://file.notion.so/f/a.mp3?expirationTimestamp=1{n}&signature=s{n}",
    "bearer": "https://files.example.com/a.mp3?access_token=b{n}",
    "alist": "https://pan.example.com/d/a.mp3?sign=9JQB8vP1z0yc5DEBnH6JGWM3mBmvIeMrnnxFi3WtJL{n}=:0",
    "symfony": "https://app.example.com/a.mp3?_hash=h{n}&_expiration=1{n}",
    "huawei cdn c2": "https://cdn.example.com/a.mp3?auth_key={md5}{md5}&timestamp=171{n}",
    "onapp": "https://cdn.example.com/a.mp3?secure=s{n}&expires=1{n}&ip=1.2.3.{n}",
    "goedge": "https://cdn.example.com/a.mp3?sign=166182487{n}-c6d1a5{n}-{md5}",
    "cos sign, one's own domain": "https://sound.example.com/a.mp3?sign=q-sign-algorithm%3Dsha1%26q-ak%3DA%26q-sign-time%3D1{n}%3B2{n}%26q-header-list%3Dhost%26q-signature%3D{md5}0123456{n}",
    "oss callback": "https://b.oss-cn-hangzhou.aliyuncs.com/a.mp3?OSSAccessKeyId=o&Expires=1&Signature=s&callback=c{n}&callback-var=d{n}",
    "oss v4 callback": "https://b.oss-cn-hangzhou.aliyuncs.com/a.mp3?x-oss-signature=s{n}&callback=c{n}&callback-var=d{n}",
    "cdnvideo": "https://x.cdnvideo.ru/a.mp3?md5=s{n}&e=1{n}",
    "wowza": "https://live.example.com/a.mp3?wowzatokenhash=h{n}&wowzatokenendtime=1{n}&wowzatokenstarttime=2{n}",
    "nimble": "https://live.example.com/a.mp3?wmsAuthSign=s{n}",
    "cloudinary": "https://api.cloudinary.com/v1_1/d/video/a.mp3?timestamp=1{n}&expires_at=2{n}&signature=s{n}&api_key=3{n}",
    "messenger": "https://cdn.fbsbx.com/v/a.mp3?_nc_cat=1{n}&_nc_ohc=c{n}&oh=o{n}&oe=e{n}",
    "whatsapp": "https://lookaside.fbsbx.com/whatsapp_business/attachments/a.mp3?ext=1{n}&hash=ATv{n}",
    "jira": "https://x.atlassian.net/rest/api/3/attachment/content/a.mp3?jwt=eyJ{n}",
    "feishu": "https://internal-api-drive-stream.feishu.cn/space/api/box/stream/download/authcode/a.mp3?code=c{n}",
    "intercom": "https://downloads.intercomcdn.com/i/o/1/a.mp3?expires=1{n}&signature=s{n}&req=r{n}",
    "pinata": "https://x.mypinata.cloud/files/a.mp3?X-Algorithm=P&X-Date=1{n}&X-Expires=3{n}&X-Method=GET&X-Signature=s{n}",
    "kaltura": "https://cdnapisec.kaltura.com/p/1/a.mp3?ks=k{n}",
    "kling": "https://v4-fdl.kechuangai.com/ksc2/a.mp3?cacheKey=c{n}&pkey=p{n}",
}  # fmt: skip


@pytest.mark.parametrize("link", BARE.values(), ids=BARE)
def test_a_link_with_a_new_signature_is_the_same_link(link: str) -> None:
    first, second = (shown(link.replace("{n}", n).replace("{md5}", hashlib.md5(n.encode()).hexdigest())) for n in "12")
    assert first == second
    assert compared(first) == link.partition("?")[0]


@pytest.mark.parametrize("link", BARE.values(), ids=BARE)
def test_what_chooses_the_content_beside_a_signature_still_counts(link: str) -> None:
    link = link.replace("{n}", "1").replace("{md5}", hashlib.md5(b"1").hexdigest())
    for name in ("id", "v", "versionId", "take", "file", "x-oss-process"):
        assert shown(f"{link}&{name}=1") != shown(f"{link}&{name}=2")
    assert shown(link.replace("a.mp3", "b.mp3")) != shown(link)


@pytest.mark.parametrize(
    "query",
    [
        "token=1", "sign=1", "t=1", "e=1", "s=1", "v=1", "id=1", "us=1", "time=1", "key1=1", "md5=1", "policy=1",
        "hm=1",
        "is=1", "ex=1", "exp=1", "sv=1", "sr=1", "st=1", "sp=1", "limit=1", "expire=1", "accesskeyid=1", "q-take=1",
        "t=1&s=2", "token=1&id=2", "t=1&us=2&exper=3", "x-oss-process=1", "x-tos-process=1", "verify=1", "file=1-2-3",
        "h=1&e=2", "uuid=1", "confirm=1", "secure=1,2", "api_key=1&timestamp=2", "rlkey=1", "jwt=1", "hash=1",
    ],
)  # fmt: skip
def test_a_name_alone_at_an_unknown_host_signs_nothing(query: str) -> None:
    link = "https://cdn.example.com/a.mp3?"
    assert shown(link + query) != shown(link + query.replace("1", "9", 1))


def test_a_company_is_known_by_its_whole_host() -> None:
    assert shown("https://mux.com.example.com/a?token=1") != shown("https://mux.com.example.com/a?token=2")
    assert shown("https://notmux.com/a?token=1") != shown("https://notmux.com/a?token=2")
    assert shown("https://MUX.com:443/a?token=1") == shown("https://MUX.com:443/a?token=2")


NAMES = st.text("abcdefghijklmnopqrstuvwxyz_-0123456789", min_size=1, max_size=12)


@given(st.sampled_from(sorted(BARE)), NAMES, st.text(max_size=8), st.text(max_size=8))
def test_another_value_of_a_parameter_that_no_rule_names_always_differs(
    store: str, name: str, one: str, other: str
) -> None:
    from urllib.parse import quote

    link = BARE[store].replace("{n}", "1").replace("{md5}", hashlib.md5(b"1").hexdigest())
    known = f" {' '.join(group.names for group in GROUPS)} "
    if f" {name} " in known or any(name.startswith(p) for p in re.findall(r" (\S+)\* ", known)) or one == other:
        return
    assert shown(f"{link}&{name}={quote(one)}") != shown(f"{link}&{name}={quote(other)}")


def test_every_rule_has_a_source_and_is_written_in_lower_case() -> None:
    for group in GROUPS:
        assert group.source
        for words in (group.names, group.needs, group.hosts, group.paths):
            assert words == words.lower()
            assert words == " ".join(words.split())
    assert all(source and re.compile(pattern) for pattern, source in VALUES)


def test_rules_that_states_and_markers_were_written_by_are_never_changed() -> None:
    """The rules of a released version never change: add a new version to `signatures`, and its line here."""
    content = repr([(g.names, g.needs, g.hosts, g.paths) for g in GROUPS] + sorted(NEVER) + [p for p, _ in VALUES])
    assert (LATEST, hashlib.sha256(content.encode()).hexdigest()[:16]) == (2, "8290b3e945c27963")
    assert shown("https://h/a?sv=1&q-x=2&x-oss-process=3&t=4&sign=5", OLDEST) == shown("https://h/a?t=4&sign=5", OLDEST)
