"""The query parameters that only sign a link, as object stores and CDNs document them. `signatures` applies them.

A wrong entry hides a changed sample; a missing entry makes a plan replace a voice that did not change. So a name that
could also select the content (`t`, `e`, `s`, `token`, `sign`) counts only together with other parameters or at the
vendor's hosts. Links that are signed in their path (Alibaba and Tencent type B and C, Oracle's pre-authenticated
requests, Airtable) are not recognised.

These are the rules of version 2, which is released: states and markers depend on them. To change them, copy them to a
version 3 in `signatures`.
"""

from __future__ import annotations

from typing import NamedTuple


class Group(NamedTuple):
    """Parameters that sign a link together. All words are in lower case and separated by spaces."""

    source: str  # the vendor's document
    names: str  # `x-amz-*` is a prefix
    needs: str = ""  # the group applies only if the link has all of these parameters
    hosts: str = ""  # the group applies only to these hosts and their subdomains
    paths: str = ""  # the group applies only if the path contains one of these; with `hosts` too, either is enough


GROUPS = (
    # -- object stores -------------------------------------------------------------------------------------------------
    Group(
        "AWS, Authenticating Requests: Using Query Parameters (Signature Version 4); R2, MinIO, Wasabi alike", "x-amz-*"
    ),
    Group("AWS, Signing and authenticating REST requests (Signature Version 2)", "awsaccesskeyid expires signature"),
    Group("Google Cloud Storage, V4 signed URLs", "x-goog-*"),
    Group("Google Cloud Storage, V2 signed URLs", "googleaccessid expires signature"),
    Group("Alibaba Cloud OSS, signature version 4 in a URL", "x-oss-*"),
    Group("Alibaba Cloud OSS, signature version 1 in a URL", "ossaccesskeyid expires signature security-token"),
    Group("Alibaba Cloud OSS, callback", "callback callback-var", needs="ossaccesskeyid"),
    Group("Alibaba Cloud OSS, callback", "callback callback-var", needs="x-oss-signature"),
    Group("Tencent Cloud COS, request signature", "q-sign-algorithm q-ak q-sign-time q-key-time q-header-list"),
    Group("Tencent Cloud COS, request signature", "q-url-param-list q-signature x-cos-*"),
    Group(
        "Tencent Cloud COS, request signature in one parameter",
        "sign",
        hosts="myqcloud.com tencentcos.cn tencentcos.com",
    ),
    Group("Volcengine TOS and BytePlus, pre-signed URL", "x-tos-*"),
    Group("Baidu BOS, include the authentication string into the URL", "authorization x-bce-*"),
    Group("Huawei Cloud OBS, authentication of signature in a URL", "accesskeyid", needs="expires signature"),
    Group("Huawei Cloud OBS, authentication of signature in a URL", "x-obs-*"),
    Group("Kingsoft Cloud KS3, signature in a URL", "kssaccesskeyid x-kss-*"),
    Group("NetEase NOS, signature in a URL", "nosaccesskeyid x-nos-*"),
    Group("UCloud US3 (UFile), private bucket URL", "ucloudpublickey"),
    Group("UCloud US3 (UFile), private bucket URL", "securitytoken", needs="ucloudpublickey"),
    Group("JD Cloud OSS, pre-signed URL", "accesskey", needs="expires signature"),
    Group("QingStor, signature in query parameters", "access_key_id", needs="expires signature"),
    Group("Sina Cloud Storage, signature in a URL", "kid ssig", needs="kid ssig"),
    Group("Qiniu Kodo, download credentials", "e token", needs="e token"),
    Group("Upyun, token hotlink protection", "_upt"),
    Group("Backblaze B2, b2_get_download_authorization", "authorization"),
    Group("OpenStack Swift, temporary URL middleware; OVH, Selectel, Ceph alike", "temp_url_*"),
    Group("Azure Storage, shared access signatures", "sig"),
    Group("Azure Storage, service and account SAS", "sv ss sr srt sp st se sip spr si sdd ses", needs="sig"),
    Group("Azure Storage, user delegation SAS", "skoid sktid skt ske sks skv saoid suoid scid", needs="sig"),
    Group("Azure Storage, user delegation SAS", "sduoid skdutid srh srq", needs="sig"),
    # -- CDNs ----------------------------------------------------------------------------------------------------------
    Group("Amazon CloudFront, signed URL with a canned or custom policy", "expires signature key-pair-id"),
    Group("Amazon CloudFront, signed URL with a custom policy", "policy", needs="signature"),
    Group("Amazon CloudFront, signed URL", "hash-algorithm", needs="key-pair-id"),
    Group("Google Cloud CDN and Media CDN, signed requests", "keyname urlprefix", needs="signature"),
    Group("Google Media CDN, tokens", "edge-cache-token"),
    Group("Alibaba Cloud CDN, URL signing type A; Huawei, Baidu, Volcengine CDN type A", "auth_key"),
    Group("Alibaba Cloud CDN, URL signing type C, second format", "key1 key2", needs="key1 key2"),
    Group("Alibaba Cloud CDN, URL signing type F", "sign time", needs="sign time"),
    Group("Tencent Cloud CDN and EdgeOne type D; Qiniu CDN, timestamp hotlink protection", "sign t", needs="sign t"),
    Group("Tencent Cloud VOD, key hotlink protection", "exper rlimit us whref bkref plive", needs="sign t"),
    Group("Tencent Cloud VOD, key hotlink protection, regions", "whreg bkreg whrg bkrg", needs="sign t"),
    Group("Tencent Cloud CSS, playback hotlink protection", "txsecret txtime", needs="txsecret txtime"),
    Group("Huawei Cloud CDN and Live, token authentication C2", "auth_info"),
    Group("Huawei Cloud CDN, signing method C2", "timestamp", needs="auth_key timestamp"),
    Group("Huawei Cloud Live, URL validation", "hwsecret hwtime", needs="hwsecret hwtime"),
    Group("Volcengine ImageX and VOD, URL authentication", "x-expires x-signature", needs="x-expires x-signature"),
    Group("Volcengine VOD, URL authentication at the origin", "x-orig-*", needs="x-signature"),
    Group("Wangsu (CDNetworks), timestamp hotlink protection", "wssecret wstime wsabstime", needs="wssecret"),
    Group("Baidu Netdisk, download link", "sign time rt sh dstime chkv chkbd chkpc", hosts="baidupcs.com"),
    Group("Akamai, token authentication 2.0 (EdgeAuth)", "hdnts hdnea hdntl __token__"),
    Group("Akamai, URL authorization 1.0", "__gda__"),
    Group("Bunny CDN, token authentication", "token expires token_path token_countries", needs="token expires"),
    Group("Bunny CDN, token authentication", "token_countries_blocked token_ver", needs="token expires"),
    Group("Bunny CDN, token authentication, speed limit", "limit", needs="token expires", hosts="b-cdn.net"),
    Group("Bunny CDN, token authentication of a folder", "bcdn_token"),
    Group("Bunny CDN, token authentication of a folder", "expires token_path", needs="bcdn_token"),
    Group("KeyCDN, secure token; Uploadcare, secure delivery; Medianova", "token expire", needs="token expire"),
    Group("nginx, ngx_http_secure_link_module; Gcore, VK Cloud and Yandex CDN", "md5 expires", needs="md5 expires"),
    Group("CDNsun, OnApp and LightCDN, URL signing", "secure expires ip", needs="secure expires"),
    Group("CDNvideo, signed links", "md5 e", needs="md5 e"),
    Group("Wowza, SecureToken", "wowzatoken*"),
    Group("Softvelum Nimble Streamer, WMSAuth", "wmsauthsign"),
    Group("Brightcove, Fastly token", "fastly_token"),
    Group("Limelight (Edgio), MediaVault", "p ip e h cf ct", needs="h", hosts="llnwd.net llnw.net llnwi.net"),
    Group("EdgeCDN-X, URL signing", "ex-expires ex-keyname ex-sign ex-urlprefix", needs="ex-sign"),
    # -- media services ------------------------------------------------------------------------------------------------
    Group("Cloudflare Images, signed URLs; JW Player, signed URLs", "exp", needs="exp sig"),
    Group("imgix, securing assets; Gumlet, signed URLs", "s", hosts="imgix.net gumlet.io"),
    Group("imgix, securing assets, a domain of one's own", "s expires", needs="s expires"),
    Group("ImageKit, signed URLs", "ik-s ik-t"),
    Group("Cloudinary, token-based authentication", "__cld_token__"),
    Group("Cloudinary, private download", "api_key timestamp expires_at", needs="api_key timestamp signature"),
    Group("Mux, secure video playback", "token", hosts="mux.com"),
    Group("Vimeo, video files", "s oauth2_token_id exp hmac acl", hosts="vimeo.com vimeocdn.com"),
    Group("JW Player, JWT URL signing", "token exp", hosts="jwplayer.com jwpsrv.com jwpcdn.com jwplatform.com"),
    Group("Uploadcare, secure delivery", "token exp expire acl", hosts="ucarecdn.com ucarecd.net"),
    Group("Contentful, embargoed assets", "token policy", hosts="ctfassets.net"),
    Group("Sanity, private assets", "keyid expiry", needs="keyid signature"),
    # -- file sharing and applications ---------------------------------------------------------------------------------
    Group(
        "Supabase Storage, createSignedUrl", "token", paths="/storage/v1/object/sign/ /storage/v1/render/image/sign/"
    ),
    Group(
        "Firebase, Cloud Storage download URLs",
        "token",
        hosts="firebasestorage.googleapis.com firebasestorage.app",
        paths="/v0/b/",
    ),
    Group("Appwrite Storage, file tokens", "token jwt", paths="/v1/storage/buckets/"),
    Group("Discord, attachment URLs", "ex is hm", needs="ex is hm"),
    Group("Discord, attachment URLs", "ex is hm", hosts="discordapp.com discordapp.net discord.com"),
    Group("Slack, file objects", "t pub_secret", hosts="slack.com slack-files.com slack-edge.com"),
    Group("Dropbox, shared links", "rlkey st e", hosts="dropbox.com dropboxusercontent.com"),
    Group("Microsoft Graph, @microsoft.graph.downloadUrl", "tempauth"),
    Group("Microsoft Graph, @microsoft.graph.downloadUrl", "prooftoken", needs="tempauth"),
    Group(
        "SharePoint and OneDrive, sharing links",
        "e at authkey prooftoken",
        hosts="sharepoint.com sharepoint.cn sharepoint.us 1drv.ms 1drv.com onedrive.live.com",
    ),
    Group(
        "Google Drive, file downloads",
        "confirm uuid at resourcekey authuser",
        hosts="drive.google.com docs.google.com drive.usercontent.google.com",
    ),
    Group("WeTransfer, direct links", "token", hosts="wetransfer.com wetransfer.net"),
    Group("Notion, file URLs", "expirationtimestamp", needs="expirationtimestamp signature"),
    Group("Hugging Face, Xet downloads", "x-xet-*"),
    Group(
        "GitHub, raw files and release assets", "token jwt actor_id key_id", hosts="githubusercontent.com github.com"
    ),
    Group("GitLab, REST API authentication", "private_token job_token feed_token rss_token"),
    Group("Meta, media URLs", "oh oe _nc_*", hosts="fbcdn.net cdninstagram.com fbsbx.com"),
    Group("WhatsApp Cloud API, media URLs", "ext hash", hosts="lookaside.fbsbx.com"),
    Group("LinkedIn, media URLs", "e t", hosts="licdn.com"),
    Group("Reddit, media URLs", "s", hosts="redd.it"),
    Group("Atlassian, media API", "token client", hosts="atlassian.com atl-paas.net"),
    Group("Atlassian Connect, signed requests", "jwt", hosts="atlassian.net"),
    Group("Feishu and Lark, batch_get_tmp_download_url", "code", paths="/stream/download/authcode/"),
    Group("Intercom, attachment URLs", "req", needs="expires signature req"),
    Group("Pinata, private files", "x-algorithm x-date x-expires x-method", needs="x-date x-signature"),
    Group("Pinata, private files", "x-signature", needs="x-date x-signature"),
    Group("Kaltura, sessions", "ks", hosts="kaltura.com"),
    Group("Kling, result URLs", "cachekey pkey", hosts="klingai.com kechuangai.com"),
    Group("Zendesk, attachment URLs", "token", hosts="zdusercontent.com zendesk.com"),
    # -- any server ----------------------------------------------------------------------------------------------------
    Group("RFC 6750 section 2.3, bearer token as a query parameter", "access_token"),
    Group("Plex, authenticated URLs", "x-plex-token"),
    Group("Laravel, signed URLs; Amazon S3 look-alikes", "expires signature"),
    Group("Symfony, UriSigner", "_hash _expiration", needs="_hash"),
)

# These have the prefix of signing parameters, but select the content that the store sends.
NEVER = frozenset(
    ("x-oss-process", "x-oss-async-process", "x-tos-process", "x-bce-process", "x-cos-process", "x-obs-process")
)

# Values that are themselves a signature: with these vendors the user chooses the parameter's name.
VALUES = (
    (
        r"(0x)?[0-9a-fA-F]{8,10}-[0-9A-Za-z]*-[0-9A-Za-z]*-([0-9a-f]{32}|[0-9a-f]{64})",
        "Tencent, Alibaba, Huawei: type A",
    ),
    (r"\d{10}-[0-9A-Za-z]+-[0-9a-f]{32}", "GoEdge, URL signing"),
    (
        r"q-sign-algorithm=[0-9A-Za-z]+&q-ak=.*&q-signature=[0-9a-f]{40}(&.*)?",
        "Tencent Cloud COS, at a domain of one's own",
    ),
    (r"(st=\d+~)?exp=\d+~.*hmac=[0-9a-fA-F]{40,128}.*", "Akamai EdgeAuth"),
    (r"\d{10}-[0-9A-Za-z+/_-]{43}=?", "Cloudflare, is_timed_hmac_valid_v0"),
    (r"(0x)?[0-9a-fA-F]{8,10}_(0x)?[0-9a-fA-F]{40,64}", "Fastly, token authentication"),
    (r"[0-9A-Za-z_-]{22}(==)?,\d{10}", "CDN77, signed URLs"),
    (r"[0-9A-Za-z_-]{43}=?:\d{1,10}", "AList and Cloudreve, signed downloads"),
)
