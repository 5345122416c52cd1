"""Failing services: calls that go wrong on the wire, servers that are killed, clients that go away. All of it is real."""
