"""Make the buckets of the object store: versioned, and with rules for what may expire (S3).

May be repeated at every start: what is as it should be is only looked at, so that a server whose buckets were made
for it needs no right to change them. Knows nothing of objects.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import schemas
from storage.errors import StorageError
from storage.s3_client import S3Client, S3Place, S3Refusal, connected

log = logging.getLogger(__name__)

Rule = dict[str, Any]


class WouldExpire(StorageError):
    """The object store overlooks the tags in rules for expiry: it would delete what must stay."""

    code = "would_expire"


async def prepare(place: S3Place) -> None:
    """Make the buckets of a place that are missing, switch versions on, lay down the rules for expiry.

    What a server does not know at all is told in the log. WouldExpire, with the rules taken back, if it has not
    understood them; Unavailable if it does not answer or does not let us.
    """
    async with connected(place) as client:
        for bucket in sorted({place.revisions.bucket, place.statements.bucket}):
            await prepare_bucket(client, bucket)


async def prepare_bucket(client: S3Client, bucket: str) -> None:
    """The same for one bucket."""
    await _make(client, bucket)
    await _keep_versions(client, bucket)
    await _lay_down(client, bucket, schemas.load("lifecycle.json")["Rules"])


async def _make(client: S3Client, bucket: str) -> None:
    try:
        await client.call("head_bucket", Bucket=bucket)
    except S3Refusal as refusal:
        if refusal.status != 404:
            raise
        try:
            # The first region is the one that must not be named.
            elsewhere = client.region not in (None, "us-east-1", "aws-global")
            where = {"CreateBucketConfiguration": {"LocationConstraint": client.region}} if elsewhere else {}
            await client.call("create_bucket", Bucket=bucket, **where)
        except S3Refusal as refusal:
            if refusal.word != "BucketAlreadyOwnedByYou":  # by another process of ours, just now
                raise


async def _keep_versions(client: S3Client, bucket: str) -> None:
    try:
        now = await client.call("get_bucket_versioning", Bucket=bucket)
        if now.get("Status") != "Enabled":
            await client.call(
                "put_bucket_versioning", Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
            )
    except S3Refusal as refusal:
        _tell_unknown(refusal, f"{bucket} keeps no versions")


async def _lay_down(client: S3Client, bucket: str, ours: Sequence[Rule]) -> None:
    """Rules that are not ours stay."""
    try:
        before = await _rules(client, bucket)
        if all(rule in before for rule in ours):
            return
        own = {rule["ID"] for rule in ours}
        others = [rule for rule in before if rule.get("ID") not in own]
        await _set_rules(client, bucket, [*others, *ours])
        # A server that knows no tags in rules would let everything expire. One that answers with the rules of a
        # moment ago is no such server.
        after = await _rules(client, bucket)
        if any(_expires_untagged(rule) for rule in after if rule not in others):
            await _set_rules(client, bucket, before)
            raise WouldExpire(f"all that is in {bucket} would expire: the object store can't be used")
    except S3Refusal as refusal:
        _tell_unknown(refusal, f"nothing in {bucket} will expire")


def _expires_untagged(rule: Rule) -> bool:
    return "Days" in rule.get("Expiration", {}) and "Tag" not in rule.get("Filter", {})


async def _rules(client: S3Client, bucket: str) -> list[Rule]:
    try:
        return list((await client.call("get_bucket_lifecycle_configuration", Bucket=bucket))["Rules"])
    except S3Refusal as refusal:
        if refusal.word != "NoSuchLifecycleConfiguration":
            raise
        return []


async def _set_rules(client: S3Client, bucket: str, rules: Sequence[Rule]) -> None:
    if rules:
        await client.call(
            "put_bucket_lifecycle_configuration", Bucket=bucket, LifecycleConfiguration={"Rules": rules}
        )
    else:
        await client.call("delete_bucket_lifecycle", Bucket=bucket)


def _tell_unknown(refusal: S3Refusal, consequence: str) -> None:
    if refusal.status != 501:
        raise refusal
    log.warning("%s: %s", consequence, refusal)
