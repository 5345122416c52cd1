"""What `docker-compose.yml` promises: nothing open without a password, nothing secret in it, nothing unpinned (O1)."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest

from app.commands import cli
from app.places import kafka_place, mysql_place, s3_place
from app.settings import Settings, read_settings
from schemas import load
from tests.deploy.composition import FILE, OURS, ROOT, SERVICES, TEXT, ends, filled, words
from tests.services.secrets import made_secrets

__all__ = ["made_secrets"]

STORES = {"objects", "objects-store", "mysql", "redpanda"}
each = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
each_of_ours = pytest.mark.parametrize("service", OURS.values(), ids=OURS)

Service = Mapping[str, Any]


def test_it_starts_the_server_a_relay_and_real_stores() -> None:
    assert {"server", "relay", "migrate"} | STORES <= set(SERVICES)
    assert not any("profiles" in SERVICES[name] for name in STORES | {"server", "relay"})


@each
def test_images_are_pinned_by_a_version(service: Service) -> None:
    assert re.fullmatch(r"[a-z0-9./-]+:v?\d+(\.\d+){1,3}", service["image"])


@each
def test_each_service_tells_whether_it_is_healthy(service: Service) -> None:
    """Who does one thing and ends is waited for instead."""
    if ends(service):
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


@each
def test_others_are_waited_for_until_they_are_healthy_or_done(service: Service) -> None:
    for name, told in service.get("depends_on", {}).items():
        done = ends(SERVICES[name])
        assert told["condition"] == ("service_completed_successfully" if done else "service_healthy")
        # Without the profile it is not there.
        of_profile = SERVICES[name].get("profiles", []) != service.get("profiles", [])
        assert told.get("required", True) != of_profile


def test_only_the_server_has_a_port_outside_and_that_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert list(published) == ["server"]
    assert [filled(port) for port in published["server"]] == ["127.0.0.1:8000:8000"]


@each
def test_whatever_is_not_the_server_is_on_networks_that_lead_nowhere(service: Service) -> None:
    if service is SERVICES["server"]:
        return
    if "network_mode" in service:
        assert service["network_mode"] == "none" or service["network_mode"].startswith("service:")
        return
    assert service["networks"]  # else it would be on one that all share
    assert all(FILE["networks"][name].get("internal") for name in service["networks"])


def test_no_two_stores_share_a_network() -> None:
    """Who gets into one has not got into the next."""
    used = [name for store in STORES for name in SERVICES[store].get("networks", ())]
    assert len(used) == len(set(used))


@each
def test_no_secret_is_in_the_file(service: Service) -> None:
    """Only names of files, which a script fills."""
    for name, value in service.get("environment", {}).items():
        if re.search(r"PASSWORD|SECRET|TOKEN", name):
            assert name.endswith("_FILE"), name
            assert value.startswith("/run/secrets/")
    for word in words(service):
        told = re.findall(r"(?i)(?:password|secret|passwd|MYSQL_PWD)[\w-]*\"?[=:]\s*(\S+)", word)
        assert all("/run/secrets/" in one or one == '"$$(cat' for one in told), word
        assert not re.search(r"[0-9a-f]{16}|[A-Za-z0-9+/]{24}", word), word


@each
def test_secrets_that_are_used_are_handed_over_and_made(service: Service, made_secrets: Path) -> None:
    handed = set(service.get("secrets", ()))
    used = {name for word in words(service) for name in re.findall(r"/run/secrets/([\w.]+)", word)}
    if "/deploy/tablet.sh" in service.get("entrypoint", ()):
        used |= set(re.findall(r"/run/secrets/([\w.]+)", (ROOT / "deploy/vitess/tablet.sh").read_text()))

    assert used <= handed
    for name in handed:
        assert FILE["secrets"][name] == {"file": f"./deploy/secrets/{name}"}
        assert (made_secrets / name).read_bytes()


@each_of_ours
def test_settings_are_settings(service: Service, made_secrets: Path) -> None:
    """And agree with each other."""
    secret = {f"{one.name.upper()}_FILE" for one in fields(Settings) if "secret" in one.metadata}
    known = {one.name.upper() for one in fields(Settings)} | secret
    environment = {
        name: filled(value).replace("/run/secrets", str(made_secrets))
        for name, value in service.get("environment", {}).items()
    }
    assert set(environment) <= known

    settings = read_settings(environment)
    if service.get("environment"):
        assert s3_place(settings).secret_key == (made_secrets / "s3_secret_key").read_text()
        assert mysql_place(settings).password == (made_secrets / "mysql_password").read_text()
        assert kafka_place(settings).sasl_plain_password == (made_secrets / "kafka_password").read_text()
        assert mysql_place(settings).tls
        assert kafka_place(settings).security_protocol == "SASL_SSL"


@each_of_ours
def test_commands_of_the_program_exist(service: Service) -> None:
    name, *options = service["command"]
    command = cli.commands[name]
    assert isinstance(command, click.Command)
    with command.make_context(name, list(options)):
        pass


@each_of_ours
def test_our_containers_can_change_nothing_but_their_folders(service: Service) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_nothing_that_asks_nobody_for_a_password_listens_beyond_loopback() -> None:
    """SeaweedFS but for S3, and Redpanda but for Kafka."""
    weed = SERVICES["objects-store"]["command"]
    assert "-ip.bind=127.0.0.1" in weed
    assert "-s3.config=/run/secrets/s3.json" in weed
    assert SERVICES["objects-store"]["network_mode"] == "service:objects"
    assert SERVICES["objects"]["command"][1] == "TCP:127.0.0.1:8333"

    redpanda = SERVICES["redpanda"]["command"][0]
    listening = re.findall(r"--([\w-]+)-addr=\S*?([\d.]+):\d+", redpanda)
    assert {name for name, address in listening if address == "0.0.0.0"} == {"kafka"}
    assert '"address": "127.0.0.1", "port": 9644' in redpanda
    assert "enable_sasl: true" in (ROOT / "deploy/redpanda.bootstrap.yaml").read_text()

    for name in ("mysql", "mysql-low", "mysql-high", "mysql-unsharded"):
        assert "--require-secure-transport=ON" in SERVICES[name]["command"]
    assert "--mysql-server-require-secure-transport" in SERVICES["vtgate"]["command"]


def test_vitess_has_the_keyspaces_of_the_vschema_the_sharded_one_on_two_shards() -> None:
    shards: dict[str, list[str]] = {}
    for name in ("tablet-low", "tablet-high", "tablet-unsharded"):
        _number, keyspace, shard, server = SERVICES[name]["command"]
        assert server in SERVICES
        shards.setdefault(keyspace, []).append(shard)

    assert shards == {"wikibase": ["-80", "80-"], "wikibase_unsharded": ["-"]}
    keyspaces = load("vschema.json")["keyspaces"]
    assert {name: vschema["sharded"] for name, vschema in keyspaces.items()} == {
        name: len(of) > 1 for name, of in shards.items()
    }
    assert SERVICES["server"]["environment"]["MYSQL_DATABASE"] == "wikibase"


@pytest.mark.parametrize("name", ["make-secrets", "vitess/cell.sh", "vitess/tablet.sh", "vitess/schema.sh"])
def test_scripts_can_be_read_by_a_shell(name: str) -> None:
    assert subprocess.run(["sh", "-n", str(ROOT / "deploy" / name)], check=False).returncode == 0


@each
def test_files_that_are_mounted_are_there(service: Service) -> None:
    for volume in service.get("volumes", ()):
        source = volume.split(":")[0]
        assert (ROOT / source).exists() if source.startswith(".") else source in FILE["volumes"]


def test_secrets_are_made_once_and_for_their_owner_alone(made_secrets: Path, tmp_path: Path) -> None:
    """Run again, the script leaves what is there: stores know it by now."""
    again = tmp_path / "secrets"
    shutil.copytree(made_secrets, again)
    before = {path.name: path.read_bytes() for path in again.iterdir()}

    subprocess.run(["sh", str(ROOT / "deploy" / "make-secrets"), str(again)], check=True)

    assert {path.name: path.read_bytes() for path in again.iterdir()} == before
    assert again.stat().st_mode & 0o777 == 0o700
    for private in ("ca.key", "auth_private.pem"):
        assert (made_secrets / private).stat().st_mode & 0o777 == 0o600
        assert private not in TEXT


def test_secrets_get_into_no_commit_and_no_image() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"/.env", "/deploy/secrets/"} <= set(ignored)
    rules = [rule for rule in (ROOT / ".dockerignore").read_text().splitlines() if not rule.startswith("#")]
    assert rules[0] == "*"
    assert not any(rule.startswith(("!deploy", "!.env")) for rule in rules)


def test_the_image_is_pinned_and_runs_as_nobody_in_particular() -> None:
    steps = [
        shlex.split(line)
        for line in (ROOT / "Dockerfile").read_text().replace("\\\n", "").splitlines()
        if line[:1].isupper()
    ]
    assert all(re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", step[1]) for step in steps if step[0] == "FROM")
    assert ["USER", "wikibase"] in steps
    assert [step for step in steps if "requirements/runtime.txt" in step and "--require-hashes" in step]
    assert steps[-2:] == [["ENTRYPOINT", "[wikibase-graph]"], ["CMD", "[serve]"]]
