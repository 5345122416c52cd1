"""Buckets as they have to be (S3), made once and left alone from then on."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

import schemas
from storage.errors import Unavailable
from storage.s3_buckets import WouldExpire, prepare, prepare_bucket
from storage.s3_client import Folder, S3Client, S3Place, S3Refusal, connected
from tests.services.calls import Answer, Intercepted, Onward
from tests.services.seaweed import place, seaweed

__all__ = ["place", "seaweed"]

RULES = schemas.load("lifecycle.json")["Rules"]
OTHERS = {
    "ID": "somebody else's",
    "Status": "Enabled",
    "Filter": {"Prefix": "logs/"},
    "Expiration": {"Days": 30},
}


@pytest.fixture
async def client(place: S3Place) -> AsyncIterator[S3Client]:
    async with connected(place) as opened:
        yield opened


@pytest.fixture
def fresh(place: S3Place) -> S3Place:
    """A place whose bucket is not there yet."""
    bucket = f"fresh-{os.urandom(8).hex()}"
    return replace(place, revisions=Folder(bucket, "r/"), statements=Folder(bucket, "s/"))


async def rules(client: S3Client, bucket: str) -> list[dict[str, Any]]:
    answer = await client.call("get_bucket_lifecycle_configuration", Bucket=bucket)
    return sorted(answer["Rules"], key=lambda rule: str(rule["ID"]))


def test_content_expires_by_its_tag_alone() -> None:
    """S3: content whose retention ended; never by `pending`, since a revision may be committed long before its tag."""
    expiring = [rule for rule in RULES if rule["Expiration"] != {"ExpiredObjectDeleteMarker": True}]

    assert [rule["Filter"] for rule in expiring] == [{"Tag": {"Key": "retention", "Value": "ended"}}]
    assert all("NoncurrentVersionExpiration" not in rule for rule in RULES if rule not in expiring)


async def test_a_bucket_is_made_with_versions_and_rules(fresh: S3Place, client: S3Client) -> None:
    """S3."""
    await prepare(fresh)

    bucket = fresh.revisions.bucket
    assert (await client.call("get_bucket_versioning", Bucket=bucket))["Status"] == "Enabled"
    assert await rules(client, bucket) == RULES


async def test_what_is_as_it_should_be_is_only_looked_at(fresh: S3Place, client: S3Client) -> None:
    """So that the server needs no right to change its buckets."""
    await prepare(fresh)
    called = []

    async def between(onward: Onward, verb: str, parameters: dict[str, Any]) -> Answer:
        called.append(verb)
        return await onward(verb, **parameters)

    await prepare_bucket(Intercepted(client, between), fresh.revisions.bucket)

    assert called == ["head_bucket", "get_bucket_versioning", "get_bucket_lifecycle_configuration"]


async def test_rules_of_others_stay_and_older_ones_of_ours_do_not(fresh: S3Place, client: S3Client) -> None:
    bucket = fresh.revisions.bucket
    await client.call("create_bucket", Bucket=bucket)
    older = {**RULES[0], "Expiration": {"Days": 7}}
    await client.call(
        "put_bucket_lifecycle_configuration", Bucket=bucket, LifecycleConfiguration={"Rules": [OTHERS, older]}
    )

    await prepare(fresh)

    assert await rules(client, bucket) == [OTHERS, *RULES]


@pytest.mark.parametrize("before", [[], [OTHERS]], ids=["no rules", "rules of others"])
async def test_a_server_that_knows_no_tags_in_rules_is_refused(
    fresh: S3Place, client: S3Client, before: list[dict[str, Any]]
) -> None:
    """S3: there all content would expire. What was before is so again."""
    bucket = fresh.revisions.bucket
    await client.call("create_bucket", Bucket=bucket)
    if before:
        await client.call(
            "put_bucket_lifecycle_configuration", Bucket=bucket, LifecycleConfiguration={"Rules": before}
        )

    async def between(onward: Onward, verb: str, parameters: dict[str, Any]) -> Answer:
        if verb == "put_bucket_lifecycle_configuration":
            rules = parameters["LifecycleConfiguration"]["Rules"]
            forgetful = [{**rule, "Filter": {"Prefix": rule["Filter"].get("Prefix", "")}} for rule in rules]
            parameters["LifecycleConfiguration"] = {"Rules": forgetful}
        return await onward(verb, **parameters)

    with pytest.raises(WouldExpire):
        await prepare_bucket(Intercepted(client, between), bucket)

    if before:
        assert await rules(client, bucket) == before
    else:
        with pytest.raises(S3Refusal, match="NoSuchLifecycleConfiguration"):
            await rules(client, bucket)


async def test_a_server_that_shows_new_rules_only_later_is_not_refused(
    fresh: S3Place, client: S3Client
) -> None:
    """What is known of a bucket may be a moment old."""

    async def between(onward: Onward, verb: str, parameters: dict[str, Any]) -> Answer:
        if verb == "get_bucket_lifecycle_configuration":
            raise S3Refusal(verb, 404, "NoSuchLifecycleConfiguration")
        return await onward(verb, **parameters)

    await prepare_bucket(Intercepted(client, between), fresh.revisions.bucket)

    assert await rules(client, fresh.revisions.bucket) == RULES


async def test_what_a_server_does_not_know_is_told_in_the_log(
    fresh: S3Place, client: S3Client, caplog: pytest.LogCaptureFixture
) -> None:
    """S3: objects are written once all the same."""

    async def between(onward: Onward, verb: str, parameters: dict[str, Any]) -> Answer:
        if "versioning" in verb or "lifecycle" in verb:
            raise S3Refusal(verb, 501, "NotImplemented")
        return await onward(verb, **parameters)

    bucket, refused = fresh.revisions.bucket, "the object store refused"
    with caplog.at_level(logging.WARNING):
        await prepare_bucket(Intercepted(client, between), bucket)

    assert [record.getMessage() for record in caplog.records] == [
        f"{bucket} keeps no versions: {refused} get_bucket_versioning: NotImplemented",
        f"nothing in {bucket} will expire: {refused} get_bucket_lifecycle_configuration: NotImplemented",
    ]


async def test_what_a_server_does_not_allow_is_a_failure(fresh: S3Place, client: S3Client) -> None:
    async def between(onward: Onward, verb: str, parameters: dict[str, Any]) -> Answer:
        if verb == "put_bucket_versioning":
            raise S3Refusal(verb, 403, "AccessDenied")
        return await onward(verb, **parameters)

    with pytest.raises(Unavailable, match="AccessDenied"):
        await prepare_bucket(Intercepted(client, between), fresh.revisions.bucket)


async def test_another_process_may_be_quicker_to_make_a_bucket(fresh: S3Place, client: S3Client) -> None:
    async def between(onward: Onward, verb: str, parameters: dict[str, Any]) -> Answer:
        if verb == "create_bucket":
            await onward(verb, **parameters)
        return await onward(verb, **parameters)

    await prepare_bucket(Intercepted(client, between), fresh.revisions.bucket)

    assert await rules(client, fresh.revisions.bucket) == RULES


@pytest.mark.parametrize(
    ("region", "told"), [("us-east-1", None), ("eu-west-1", {"LocationConstraint": "eu-west-1"})]
)
async def test_a_bucket_is_made_in_the_region_of_the_place(
    fresh: S3Place, region: str, told: dict[str, str] | None
) -> None:
    made = []

    async def between(onward: Onward, verb: str, parameters: dict[str, Any]) -> Answer:
        if verb == "create_bucket":
            made.append(parameters.get("CreateBucketConfiguration"))
        return await onward(verb, **parameters)

    async with connected(replace(fresh, region=region)) as client:
        await prepare_bucket(Intercepted(client, between), fresh.revisions.bucket)

    assert made == [told]
