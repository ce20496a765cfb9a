"""The registered types of clouds: each part that a type names is there."""

from __future__ import annotations

import pytest

from reconciler.adapter import Adapter
from reconciler.audio.limits import SampleLimits
from reconciler.model.cloud_types import CloudType, find, known, load, names
from reconciler.sandbox.cloud import SandboxCloud

TYPES = {cloud.name: cloud for cloud in known()}


def test_the_built_in_types() -> None:
    assert names() == list(TYPES) == ["kling", "tencent-vod", "tencent-trtc"]


@pytest.mark.parametrize("cloud", TYPES.values(), ids=TYPES)
def test_every_part_that_a_type_names_is_there(cloud: CloudType) -> None:
    assert find(cloud.name) == cloud
    load(cloud.adapter, Adapter)
    load(cloud.samples, SampleLimits)
    load(cloud.sandbox, SandboxCloud)


@pytest.mark.parametrize("cloud", TYPES.values(), ids=TYPES)
def test_every_sample_with_limits_is_a_key_of_its_method(cloud: CloudType) -> None:
    limits = load(cloud.samples, SampleLimits)
    assert [(m, key) for m, key in (*limits.links, *limits.files) if key not in cloud.methods[m].model_fields] == []


def test_a_part_of_another_class_is_refused() -> None:
    with pytest.raises(TypeError, match="is not a SandboxCloud"):
        load(TYPES["kling"].adapter, SandboxCloud)
