# Written by voicectl. Do not edit: it is written again.
voices = {
  narrator = {
    voice_id          = "829"
    previous_voice_id = "828"
    voice_name        = "Narrator EN"
    provider          = "kling"
    labels            = { "tier" = "gold" }
  }
  on = {
    voice_id          = "villain_01"
    previous_voice_id = null
    voice_name        = "=HYPERLINK(\"https://x\") $${var} %%{if} 'it' \\n\n\u001b[31m\u202e\U000e0041, end"
    provider          = "kling"
    labels            = { "=HYPERLINK(\"https://x\") $${var} %%{if} 'it' \\n\n\u001b[31m\u202e\U000e0041, end" = "=HYPERLINK(\"https://x\") $${var} %%{if} 'it' \\n\n\u001b[31m\u202e\U000e0041, end" }
  }
  the-hero = {
    voice_id          = "830"
    previous_voice_id = null
    voice_name        = null
    provider          = "kling"
    labels            = {}
  }
}

sounds = {
  fireworks = {
    url        = "https://cdn.example.com/f.mp3?t=1&sign=a%2Fb==#part"
    file_id    = "387702"
    expires_at = "2026-12-01T00:00:00+00:00"
    provider   = "vod"
  }
  rain = {
    url        = null
    file_id    = "387703"
    expires_at = null
    provider   = "vod"
  }
}
